"""A listed product and quotes of its perpetual, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.ids import InstrumentId, NodeId, Sha256
from truenav.core.listing import Listing
from truenav.core.money import AssetId
from truenav.core.product import DailyTimes, Fee, Product, Schedule, Terms, Trigger

OPENED = datetime(2026, 1, 30, 23, 59, tzinfo=UTC)
PERPETUAL = InstrumentId("binance-usdm:BTCUSDT")
AT_002 = DailyTimes(("00:02",))


def terms(**changed: object) -> Terms:
    """3x, rebalanced at 00:02 UTC and at 4x, 0.03 % a day."""
    rules = {
        "since": datetime(2026, 1, 1, tzinfo=UTC),
        "target": Decimal(3),
        "schedules": (Schedule(AT_002),),
        "trigger": Trigger(above=Decimal(4)),
        "fees": (Fee(Decimal("0.0003"), AT_002),),
    }
    return Terms(**{**rules, **changed})  # type: ignore[arg-type]


def listing(**changed: object) -> Listing:
    """One unit of 100 USDT is 3 USDT of bitcoin, 1,000 of them."""
    values = {
        "id": "btc3l",
        "node": NodeId("carry"),
        "product": Product("BTC3L", "House", "BTC", "USDT", (terms(),)),
        "instrument": PERPETUAL,
        "opened_at": OPENED,
        "opening_nav": Decimal(100),
        "opening_units": Decimal(1000),
        "tick": Decimal("0.01"),
    }
    return Listing(**{**values, **changed})  # type: ignore[arg-type]


def quote(price: str, seconds: float, *, evidence: str = "a") -> Fact:
    """A mark of the perpetual, so many seconds after the opening."""
    at = OPENED + timedelta(seconds=seconds)
    return Fact(
        source="binance-usdm",
        account="",
        external_id=f"{PERPETUAL}@{seconds}",
        occurred_at=at,
        body=Quote(PERPETUAL, AssetId("tether:usdt"), QuoteKind.MARK, Decimal(price)),
        evidence=Sha256(evidence * 64),
    )
