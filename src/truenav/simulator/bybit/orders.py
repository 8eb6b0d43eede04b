"""Bybit v5 order entry: create, cancel, cancel all, what is open, and what was."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from truenav.simulator.books import Books
from truenav.simulator.bybit.history import WEEK, Line, paged
from truenav.simulator.bybit.rules import (
    BybitError,
    Result,
    Route,
    account,
    books,
    category,
    category_of,
    live_instruments,
    pages,
    symbol_of,
    unique,
)
from truenav.simulator.entry import Reason, RefusedError, size_of_budget
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import plain, round8, told_number
from truenav.simulator.orders import ZERO, Duration, Order, Terms
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds

_LONGEST_ID = 36
_DURATIONS: dict[str, Duration] = {"GTC": "gtc", "PostOnly": "gtc", "IOC": "ioc", "FOK": "fok"}
_CONTRACT_REFUSALS: dict[Reason, tuple[int, str]] = {
    "closed": (10001, "params error: symbol invalid"),
    "size": (10001, "params error: qty invalid"),
    "lot": (10001, "params error: qty invalid"),
    "tick": (10001, "params error: price invalid"),
    "duplicate": (110072, "OrderLinkedID is duplicate"),
    "reduce_only": (110017, "current position is zero, cannot fix reduce-only order qty"),
    "margin": (110007, "ab not enough for new order"),
    "limit": (110090, "Order placement failed as your position may exceed the max limit."),
    "unknown": (110001, "order not exists or too late to cancel"),
    "ended": (110001, "order not exists or too late to cancel"),
}
_SPOT_REFUSALS: dict[Reason, tuple[int, str]] = _CONTRACT_REFUSALS | {
    "closed": (170121, "Invalid symbol."),
    "size": (170136, "Order quantity lower than the minimum."),
    "lot": (170137, "Order quantity has too many decimals."),
    "tick": (170134, "Order price has too many decimals."),
    "duplicate": (170141, "Duplicate clientOrderId"),
    "balance": (170131, "Insufficient balance."),
    "unknown": (170213, "Order does not exist."),
    "ended": (170213, "Order does not exist."),
}


def _refusal(product: str, reason: Reason) -> BybitError:
    return BybitError(*(_SPOT_REFUSALS if product == "spot" else _CONTRACT_REFUSALS)[reason])


# -- what an order looks like ---------------------------------------------------------------------


def order_row(order: Order) -> dict[str, Any]:
    """An order as Bybit writes it."""
    terms, item = order.terms, order.instrument
    value = order.cost / order.average**2 if item.inverse and order.filled else order.cost
    at_market = terms.price is None
    return {
        "orderId": unique(order.id),
        "orderLinkId": terms.client_id,
        "blockTradeId": "",
        "symbol": symbol_of(item),
        "price": plain(terms.price or ZERO),
        "qty": plain(terms.budget if terms.budget is not None else terms.size),
        "side": terms.side.capitalize(),
        "isLeverage": "0" if item.kind == "spot" else "",
        "positionIdx": 0,
        "orderStatus": _status(order),
        "createType": "CreateByLiq" if order.forced else "CreateByUser",
        "cancelType": {"cancelled": "CancelByUser"}.get(order.status, "UNKNOWN"),
        "rejectReason": _reject_reason(order),
        "avgPrice": plain(round8(order.average)) if order.filled else "",
        "leavesQty": plain(order.rest if order.working else ZERO),
        "leavesValue": plain(round8(order.rest * (terms.price or ZERO)) if order.working else ZERO),
        "cumExecQty": plain(order.filled),
        "cumExecValue": plain(round8(value)),
        "cumExecFee": plain(order.fee),
        "cumFeeDetail": {order.fee_asset: plain(order.fee)} if order.filled else {},
        "timeInForce": _time_in_force(terms),
        "orderType": "Market" if at_market else "Limit",
        "stopOrderType": "" if terms.trigger is None else "Stop",
        "orderIv": "",
        "marketUnit": _market_unit(order),
        "triggerPrice": plain(terms.trigger) if terms.trigger else "",
        "triggerDirection": 0 if terms.trigger is None else 1 if terms.rising else 2,
        "triggerBy": "" if terms.trigger is None else "LastPrice",
        "takeProfit": "",
        "stopLoss": "",
        "tpslMode": "",
        "reduceOnly": terms.reduce_only,
        "closeOnTrigger": False,
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "createdTime": str(milliseconds(order.at)),
        "updatedTime": str(milliseconds(order.updated_at)),
    }


def _market_unit(order: Order) -> str:
    if order.instrument.kind != "spot" or order.terms.price is not None:
        return ""
    return "quoteCoin" if order.terms.budget is not None else "baseCoin"


def _time_in_force(terms: Terms) -> str:
    if terms.post_only:
        return "PostOnly"
    return "IOC" if terms.price is None else terms.duration.upper()


def _status(order: Order) -> str:
    match order.status:
        case "waiting":
            return "Untriggered"
        case "open":
            return "PartiallyFilled" if order.filled else "New"
        case "filled":
            return "Filled"
    partly = order.filled and order.instrument.kind == "spot"
    return "PartiallyFilledCanceled" if partly else "Cancelled"


def _reject_reason(order: Order) -> str:
    if order.status != "expired":
        return "EC_NoError"
    return "EC_PostOnlyWillTakeLiquidity" if order.terms.post_only else "EC_NoImmediateQtyToFill"


# -- what is asked for ----------------------------------------------------------------------------


def _asked(call: Call) -> Call:
    """The call with the members of its JSON body among its parameters; a key that only reads is refused."""
    if "trade" not in account(call).permissions:
        raise BybitError(10005, "Permission denied, please check your API key permissions.")
    try:
        document = msgspec.json.decode(call.body)
    except msgspec.DecodeError as error:
        raise BybitError(10001, "Request body is not JSON.") from error
    if not isinstance(document, dict):
        raise BybitError(10001, "Request body is not JSON.")
    return replace(call, params={name: _text(value) for name, value in document.items()})


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _number(call: Call, name: str) -> Decimal:
    number = told_number(call.params.get(name, ""))
    if not number:
        raise BybitError(10001, f"params error: {name} invalid")
    return number


def _market(call: Call, product: str) -> Instrument:
    found = live_instruments(call, product) if call.params.get("symbol") else []
    if not found:
        raise _refusal(product, "closed")
    return found[0]


def _terms(call: Call, product: str) -> Terms:
    """The order that a request describes."""
    item, params = _market(call, product), call.params
    side, kind = params.get("side"), params.get("orderType")
    duration, own = params.get("timeInForce") or "GTC", params.get("orderLinkId", "")
    for name, known in (
        ("side", side in ("Buy", "Sell")),
        ("orderType", kind in ("Limit", "Market")),
        ("timeInForce", duration in _DURATIONS),
        ("orderLinkId", len(own) <= _LONGEST_ID),
    ):
        if not known:
            raise BybitError(10001, f"params error: {name} invalid")
    limit, size = kind == "Limit", _number(call, "qty")
    unit = params.get("marketUnit") or ("quoteCoin" if side == "Buy" else "baseCoin")
    by_cost = not limit and product == "spot" and unit == "quoteCoin"
    triggered = bool(params.get("triggerPrice"))
    return Terms(
        key=item.key,
        side="buy" if side == "Buy" else "sell",
        size=_size_of(call, item, size) if by_cost else size,
        price=_number(call, "price") if limit else None,
        duration=_DURATIONS[duration] if limit else "gtc",
        post_only=limit and duration == "PostOnly",
        reduce_only=params.get("reduceOnly") == "true",
        trigger=_number(call, "triggerPrice") if triggered else None,
        rising=params.get("triggerDirection") == "1",
        client_id=own,
        budget=size if by_cost else None,
    )


def _size_of(call: Call, item: Instrument, budget: Decimal) -> Decimal:
    quote = call.world.quote(item)
    if quote is None:
        raise _refusal("spot", "closed")
    return size_of_budget(budget, quote.ask, item)


def _named(call: Call, state: Books) -> list[Order]:
    """The order of `orderId`, or those of the client's own id."""
    number, own = call.params.get("orderId", ""), call.params.get("orderLinkId", "")
    if number:
        try:
            found = state.orders.get(UUID(number).int)
        except ValueError:
            found = None
        return [found] if found else []
    return state.orders_called(own)


# -- handlers -------------------------------------------------------------------------------------


def create(call: Call) -> Result:
    """POST order/create."""
    asked = _asked(call)
    product = category(asked)
    try:
        return _answered(asked.world.place(account(asked).id, _terms(asked, product)))
    except RefusedError as refused:
        raise _refusal(product, refused.reason) from refused


def cancel(call: Call) -> Result:
    """POST order/cancel."""
    asked = _asked(call)
    product = category(asked)
    found = [one for one in _named(asked, books(asked)) if category_of(one.instrument) == product]
    if not found:
        raise _refusal(product, "unknown")
    try:
        return _answered(asked.world.cancel(account(asked).id, found[-1].id))
    except RefusedError as refused:
        raise _refusal(product, refused.reason) from refused


def cancel_all(call: Call) -> Result:
    """POST order/cancel-all, of a category, narrowed by symbol and settleCoin."""
    asked = _asked(call)
    found = _working(asked, category(asked))
    done = [asked.world.cancel(account(asked).id, order.id) for order in found]
    return {"list": [_answered(order) for order in done], "success": "1"}


def _answered(order: Order) -> Result:
    return {"orderId": unique(order.id), "orderLinkId": order.terms.client_id}


def realtime(call: Call) -> Result:
    """GET order/realtime: what is open; one that is named, also after it ended."""
    product, state = category(call), books(call)
    if call.params.get("orderId") or call.params.get("orderLinkId"):
        found = [one for one in _named(call, state) if category_of(one.instrument) == product]
    else:
        found = _working(call, product)
    rows, token = pages(call, [order_row(one) for one in reversed(found)], 50)
    return {"category": product, "list": rows, "nextPageCursor": token}


def _working(call: Call, product: str) -> list[Order]:
    symbol, settle = call.params.get("symbol"), call.params.get("settleCoin")
    return [
        one
        for one in books(call).working.values()
        if category_of(one.instrument) == product
        and symbol in (None, "", symbol_of(one.instrument))
        and settle in (None, "", one.instrument.settle)
    ]


def history(call: Call) -> Result:
    """GET order/history: a window of seven days, of what has ended."""
    product, symbol = category(call), call.params.get("symbol")
    lines = [
        Line(order.at, unique(order.id), order_row(order))
        for order in books(call).orders.values()
        if not order.working
        and category_of(order.instrument) == product
        and symbol in (None, "", symbol_of(order.instrument))
    ]
    return paged(call, lines, WEEK, category=product)


ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "/v5/order/create"): Route(create, 20, signed=True),
    ("POST", "/v5/order/cancel"): Route(cancel, 20, signed=True),
    ("POST", "/v5/order/cancel-all"): Route(cancel_all, 20, signed=True),
    ("GET", "/v5/order/realtime"): Route(realtime, 50, signed=True),
    ("GET", "/v5/order/history"): Route(history, 50, signed=True),
}
