"""Basket products for tests: a fund of three assets, and the golden cases."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from truenav.core.asset import BTC, ETH, USD
from truenav.core.basket import BasketProduct, BasketTerms, Constituent, Holding, Holdings
from truenav.core.money import AssetId
from truenav.core.product import Source

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "golden" / "etp" / "baskets.json").read_text("utf-8")
)
WORKED = GOLDEN["worked"]
XRP = AssetId("xrpl:0/slip44:144")
SHARE = AssetId("index:TRIO")
ASSETS = {"BTC": BTC, "ETH": ETH, "XRP": XRP}
DAY = date(2026, 11, 24)
DAY_BEFORE = date(2026, 11, 23)
CLOSE = datetime(2026, 11, 23, 21, tzinfo=UTC)
CONSTITUENTS = tuple(Constituent(ASSETS[one["asset"]], one["decimals"]) for one in WORKED["holdings"])


def terms(**changes: Any) -> BasketTerms:
    given: dict[str, Any] = {
        "since": date(2026, 1, 1),
        "unit_size": WORKED["unit_size"],
        "cut_off": "16:00",
        "zone": "America/New_York",
        "constituents": CONSTITUENTS,
        "weekdays": (0, 1, 2, 3, 4),
    }
    return BasketTerms(**{**given, **changes})


def product(
    *eras: BasketTerms, index: str = "", sources: tuple[Source, ...] = (), **changes: Any
) -> BasketProduct:
    return BasketProduct("trio", "Three Assets", SHARE, USD, eras or (terms(**changes),), index, sources)


def holdings(**changes: Any) -> Holdings:
    given: dict[str, Any] = {
        "as_of": CLOSE,
        "quote": USD,
        "assets": tuple(
            Holding(
                ASSETS[one["asset"]],
                Decimal(one["quantity"]),
                Decimal(one["accrued_fee"]),
                Decimal(one["expenses"]),
                "cold",
            )
            for one in WORKED["holdings"]
        ),
        "cash": Decimal(WORKED["cash"]),
        "shares_outstanding": WORKED["shares"],
    }
    return Holdings(**{**given, **changes})


def closes(when: str = "close_before") -> dict[AssetId, Decimal]:
    return {ASSETS[one["asset"]]: Decimal(one[when]) for one in WORKED["holdings"]}
