"""Binance order entry for European options: limit orders only, with names and codes of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from truenav.simulator.binance.options import SIDES, TOO_LONG, YEAR
from truenav.simulator.binance.orders import (
    DURATIONS,
    client_id_of,
    client_id_told,
    mandatory,
    named_order,
    require_trading,
    side_of,
    status_of,
)
from truenav.simulator.binance.rules import (
    BinanceError,
    Route,
    account,
    books,
    find_symbol,
    integer,
    is_between,
    limit,
    listed,
    page,
    pair_of,
    symbol_of,
    time_span,
)
from truenav.simulator.entry import Reason, RefusedError
from truenav.simulator.numbers import plain, round8
from truenav.simulator.orders import Order, Terms
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds

KEPT = timedelta(days=5)
"""How long the history tells an order that has ended."""
OWN_ID = "clientOrderId"
_REFUSALS: dict[Reason, tuple[int, str]] = {
    "closed": (-2010, "NEW_ORDER_REJECTED: no price is published."),
    "size": (-4004, "Quantity less than min quantity."),
    "lot": (-4030, "Step size precision is invalid."),
    "tick": (-4029, "Tick size precision is invalid."),
    "duplicate": (-2010, "NEW_ORDER_REJECTED: duplicate clientOrderId."),
    "reduce_only": (-2010, "NEW_ORDER_REJECTED: there is no position to reduce."),
    "balance": (-2018, "Balance is insufficient."),
    "margin": (-2027, "Option margin is insufficient."),
    "post_only": (-2010, "NEW_ORDER_REJECTED: a post only order would take."),
    "unknown": (-2011, "Unknown order sent."),
    "ended": (-2011, "Unknown order sent."),
}


def _refused(error: RefusedError) -> BinanceError:
    return BinanceError(400, *_REFUSALS[error.reason])


def _row(order: Order) -> dict[str, Any]:
    terms, item = order.terms, order.instrument
    return {
        "orderId": order.id,
        "clientOrderId": client_id_of(order),
        "symbol": symbol_of(item),
        "price": plain(terms.price or order.average),
        "quantity": plain(terms.size),
        "executedQty": plain(order.filled),
        "avgPrice": plain(round8(order.average)),
        "side": terms.side.upper(),
        "type": "LIMIT",
        "timeInForce": "GTX" if terms.post_only else terms.duration.upper(),
        "reduceOnly": terms.reduce_only,
        "status": status_of(order),
        "createTime": milliseconds(order.at),
        "updateTime": milliseconds(order.updated_at),
        "source": "API",
        "priceScale": 1,
        "quantityScale": 2,
        "optionSide": SIDES[item.right or "C"],
        "quoteAsset": item.quote,
        "mmp": False,
    }


# -- what is asked for ----------------------------------------------------------------------------


def _terms(call: Call) -> Terms:
    item = find_symbol(call, "option")
    if item.expires_at is not None and item.expires_at <= call.at:
        raise BinanceError(400, -1121, "Invalid symbol.")
    if call.params.get("type") != "LIMIT":
        raise BinanceError(400, -1116, "Invalid orderType.")
    force = call.params.get("timeInForce", "GTC")
    if force not in DURATIONS:
        raise BinanceError(400, -1115, "Invalid timeInForce.")
    price, size = mandatory(call, "price"), mandatory(call, "quantity")
    if price <= 0:
        raise BinanceError(400, -4001, "Price less than 0.")
    if size <= 0:
        raise BinanceError(400, -4003, "Quantity less than zero.")
    return Terms(
        key=item.key,
        side=side_of(call),
        size=size,
        price=price,
        duration=DURATIONS[force],
        post_only=force == "GTX" or _says(call, "postOnly"),
        reduce_only=_says(call, "reduceOnly"),
        client_id=client_id_told(call, OWN_ID),
    )


def _says(call: Call, name: str) -> bool:
    return call.params.get(name, "").lower() == "true"


def _working(call: Call) -> list[Order]:
    """Open orders for options, of `symbol` or of all."""
    key = find_symbol(call, "option").key if "symbol" in call.params else None
    orders = books(call).working.values()
    return [
        order for order in orders if order.instrument.kind == "option" and key in (None, order.instrument.key)
    ]


# -- handlers -------------------------------------------------------------------------------------


def place(call: Call) -> dict[str, Any]:
    """POST order; what became of it is told where newOrderRespType is RESULT."""
    require_trading(call)
    try:
        row = _row(call.world.place(account(call).id, _terms(call)))
    except RefusedError as refused:
        raise _refused(refused) from refused
    if call.params.get("newOrderRespType", "ACK") == "RESULT":
        return row
    untold = ("executedQty", "avgPrice", "status", "timeInForce", "updateTime")
    return {name: told for name, told in row.items() if name not in untold}


def look_up(call: Call) -> dict[str, Any]:
    """GET order."""
    try:
        return _row(named_order(call, find_symbol(call, "option"), OWN_ID))
    except RefusedError as refused:
        raise BinanceError(400, -2013, "Order does not exist.") from refused


def cancel(call: Call) -> dict[str, Any]:
    """DELETE order."""
    require_trading(call)
    try:
        order = named_order(call, find_symbol(call, "option"), OWN_ID)
        return _row(call.world.cancel(account(call).id, order.id))
    except RefusedError as refused:
        raise _refused(refused) from refused


def cancel_all(call: Call) -> dict[str, Any]:
    """DELETE allOpenOrders, of the mandatory `symbol`."""
    require_trading(call)
    find_symbol(call, "option")
    return _cancelled(call, _working(call))


def cancel_underlying(call: Call) -> dict[str, Any]:
    """DELETE allOpenOrdersByUnderlying, of the mandatory `underlying`."""
    require_trading(call)
    pair = call.params.get("underlying")
    if pair not in {pair_of(item) for item in listed(call, "option")}:
        raise BinanceError(400, -1128, "Invalid underlying")
    orders = books(call).working.values()
    return _cancelled(
        call, [one for one in orders if one.instrument.kind == "option" and pair_of(one.instrument) == pair]
    )


def _cancelled(call: Call, orders: list[Order]) -> dict[str, Any]:
    for order in orders:
        call.world.cancel(account(call).id, order.id)
    return {"code": 0, "msg": "success"}


def open_orders(call: Call) -> list[dict[str, Any]]:
    """GET openOrders, of `symbol` or of all, within a span of time."""
    span = time_span(call, default=None, longest=YEAR, too_long=TOO_LONG)
    return [_row(order) for order in _working(call) if is_between(order.at, span)]


def history(call: Call) -> list[dict[str, Any]]:
    """GET historyOrders of the mandatory `symbol`: what ended within five days, from `orderId` on."""
    key, first = find_symbol(call, "option").key, integer(call, "orderId", 0)
    span = time_span(call, default=None, longest=YEAR, too_long=TOO_LONG)
    rows = [
        order
        for order in books(call).orders.values()
        if order.instrument.key == key
        and not order.working
        and order.updated_at > call.at - KEPT
        and order.id >= first
        and is_between(order.at, span)
    ]
    newest = not first and "startTime" not in call.params
    return [_row(order) for order in page(rows, limit(call, 100, 1000), newest=newest)]


def _route(handler: Any, weight: int = 1, *, weight_all: int | None = None, paged: bool = False) -> Route:
    return Route(handler, "options", weight, weight_all, signed=True, paged=paged)


ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "/eapi/v1/order"): _route(place),
    ("GET", "/eapi/v1/order"): _route(look_up),
    ("DELETE", "/eapi/v1/order"): _route(cancel),
    ("DELETE", "/eapi/v1/allOpenOrders"): _route(cancel_all),
    ("DELETE", "/eapi/v1/allOpenOrdersByUnderlying"): _route(cancel_underlying),
    ("GET", "/eapi/v1/openOrders"): _route(open_orders, weight_all=40),
    ("GET", "/eapi/v1/historyOrders"): _route(history, 3, paged=True),
}
