"""Deribit's channels of one account: orders, trades and positions as they change, by market."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from truenav.simulator.contracts import ZERO, Position
from truenav.simulator.deribit.names import amount, deribit_name
from truenav.simulator.market import Instrument
from truenav.simulator.private import Change, Novelty
from truenav.simulator.times import milliseconds

CHANGES, PORTFOLIO = "user.changes.any.any.raw", "user.portfolio.any"
PRIVATE = (CHANGES, PORTFOLIO)
_STATES = {
    "waiting": "untriggered",
    "open": "open",
    "partly": "open",
    "filled": "filled",
    "cancelled": "cancelled",
    "expired": "cancelled",
}


def changes(found: Novelty) -> Iterable[dict[str, Any]]:
    """One message for each market in which something changed."""
    items = {item.key: item for item, _ in found.positions} | {
        one.instrument.key: one.instrument for one in found.orders
    }
    for key, item in items.items():
        orders = [one for one in found.orders if one.instrument.key == key]
        yield {
            "instrument_name": deribit_name(item),
            "trades": [_trade(one) for one in orders if one.fill is not None],
            "positions": [_position(other, held) for other, held in found.positions if other.key == key],
            "orders": [_order(one) for one in orders],
        }


def _trade(one: Change) -> dict[str, Any]:
    fill = one.fill
    assert fill is not None
    return {
        "trade_id": str(fill.id),
        "order_id": str(one.id),
        "instrument_name": deribit_name(one.instrument),
        "direction": "buy" if one.buys else "sell",
        "amount": amount(one.instrument, fill.size),
        "price": fill.price,
        "fee": fill.fee,
        "fee_currency": fill.fee_asset,
        "liquidity": "M" if fill.maker else "T",
        "timestamp": milliseconds(fill.at),
    }


def _order(one: Change) -> dict[str, Any]:
    return {
        "order_id": str(one.id),
        "label": one.client_id,
        "instrument_name": deribit_name(one.instrument),
        "direction": "buy" if one.buys else "sell",
        "order_type": "market" if one.price is None else "limit",
        "order_state": _STATES[one.status],
        "amount": amount(one.instrument, one.size),
        "filled_amount": amount(one.instrument, one.filled),
        "average_price": one.average,
        "last_update_timestamp": milliseconds(one.at),
    }


def _position(item: Instrument, position: Position | None) -> dict[str, Any]:
    size = ZERO if position is None else position.size
    return {
        "instrument_name": deribit_name(item),
        "direction": "buy" if size > 0 else "sell" if size < 0 else "zero",
        "size": amount(item, size),
        "average_price": 0 if position is None else position.entry,
    }
