"""A venue's own margin ratio, from the payload that an account's balances were read from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from truenav.core.failure import InvalidInputError
from truenav.core.money import divided, parse_decimal

MARGIN_VENUES = frozenset({"binance", "okx"})
"""Venues whose accounts can be liquidated."""


def read_margin_ratio(connector: str, endpoint: str, body: bytes) -> Decimal | None:
    """Maintenance margin by margin balance of the account: 0 nothing at risk, 1 liquidation.

    None where this payload does not tell it, or the account has no margin position.
    """
    read = _READERS.get((connector, endpoint.partition("/")[0]))
    if read is None:
        return None
    try:
        return read(json.loads(body, parse_float=str))
    except (ValueError, KeyError, IndexError, TypeError, InvalidInputError):
        return None


def _binance(payload: Any) -> Decimal | None:
    """``totalMaintMargin / totalMarginBalance`` of the USD-M account."""
    needed = parse_decimal(payload["totalMaintMargin"])
    balance = parse_decimal(payload["totalMarginBalance"])
    return divided(needed, balance) if needed > 0 and balance > 0 else None


def _okx(payload: Any) -> Decimal | None:
    """``mgnRatio`` is the inverse: adjusted equity by maintenance margin and the fee of a liquidation."""
    ratio = parse_decimal(payload["data"][0]["mgnRatio"])
    return divided(Decimal(1), ratio) if ratio > 0 else None


_READERS: Mapping[tuple[str, str], Callable[[Any], Decimal | None]] = {
    ("binance", "usdm.account"): _binance,
    ("okx", "balance"): _okx,
}
