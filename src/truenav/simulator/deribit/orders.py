"""Deribit's order entry: buy, sell, cancel one or all, look up, list what is open and what was."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from truenav.simulator.deribit.history import trade_row
from truenav.simulator.deribit.names import KINDS, amount, belongs, deribit_name
from truenav.simulator.deribit.public import find
from truenav.simulator.deribit.rules import DeribitError, Route, account, books, currency, integer
from truenav.simulator.entry import Reason, RefusedError
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import round8, told_number
from truenav.simulator.orders import Duration, Order, Terms
from truenav.simulator.protocol import Call
from truenav.simulator.scenario import Side
from truenav.simulator.times import milliseconds

_DURATIONS: dict[str, Duration] = {
    "good_til_cancelled": "gtc",
    "immediate_or_cancel": "ioc",
    "fill_or_kill": "fok",
}
_WORDS = {duration: word for word, duration in _DURATIONS.items()}
_TYPES = ("limit", "market", "stop_limit", "stop_market", "take_limit", "take_market")
_LONGEST_LABEL = 64
_STATES = {"waiting": "untriggered", "open": "open", "filled": "filled"}
_REFUSALS: dict[Reason, tuple[int, str, str]] = {
    "closed": (10012, "book_closed", ""),
    "size": (10002, "qty_too_low", ""),
    "lot": (-32602, "Invalid params", "must be a multiple of the minimum order size"),
    "tick": (10043, "price_wrong_tick", ""),
    "reduce_only": (11030, "other_reject", "reduce_only_no_position"),
    "balance": (10009, "not_enough_funds", ""),
    "margin": (10009, "not_enough_funds", ""),
    "limit": (11030, "other_reject", "max_position"),
    "post_only": (11054, "post_only_reject", ""),
    "unknown": (10004, "order_not_found", ""),
    "ended": (10010, "already_closed", ""),
}


def order_row(order: Order) -> dict[str, Any]:
    """An order as Deribit writes it; amounts in quote units for inverse contracts, else in base."""
    terms, item = order.terms, order.instrument
    row: dict[str, Any] = {
        "amount": amount(item, terms.size),
        "api": True,
        "average_price": round8(order.average),
        "contracts": terms.size,
        "creation_timestamp": milliseconds(order.at),
        "direction": terms.side,
        "filled_amount": amount(item, order.filled),
        "instrument_name": deribit_name(item),
        "is_liquidation": order.forced,
        "label": terms.client_id,
        "last_update_timestamp": milliseconds(order.updated_at),
        "max_show": amount(item, terms.size),
        "order_id": str(order.id),
        "order_state": _STATES.get(order.status, "cancelled"),
        "order_type": _type(terms),
        "post_only": terms.post_only,
        "price": "market_price" if terms.price is None else terms.price,
        "reduce_only": terms.reduce_only,
        "replaced": False,
        "time_in_force": _WORDS[terms.duration],
        "web": False,
    }
    if terms.trigger is not None:
        triggered = order.status != "waiting"
        row |= {"trigger": "last_price", "trigger_price": terms.trigger, "triggered": triggered}
    return row


def _type(terms: Terms) -> str:
    kind = "market" if terms.price is None else "limit"
    if terms.trigger is None:
        return kind
    return f"stop_{kind}" if terms.stops else f"take_{kind}"


# -- what is asked for ----------------------------------------------------------------------------


def require_trading(call: Call) -> None:
    """Refuse a key without the scope ``trade:read_write``."""
    if "trade" not in account(call).permissions:
        raise DeribitError(13021, "forbidden", "trade:read_write")


def _invalid(name: str) -> DeribitError:
    return DeribitError(-32602, "Invalid params", f"invalid {name}")


def _number(call: Call, name: str) -> Decimal:
    number = told_number(call.params.get(name, ""))
    if not number:
        raise _invalid(name)
    return number


def _contracts(call: Call, item: Instrument) -> Decimal:
    """The size in contracts, told as such or as an amount."""
    if "contracts" in call.params:
        return _number(call, "contracts")
    told = _number(call, "amount")
    return told if item.kind == "spot" else told / item.multiplier


def _terms(call: Call, side: Side) -> Terms:
    """The order that a request describes."""
    item, params = find(call, call.params.get("instrument_name", "")), call.params
    kind, duration = params.get("type", "limit"), params.get("time_in_force", "good_til_cancelled")
    if kind not in _TYPES:
        raise _invalid("type")
    if duration not in _DURATIONS:
        raise _invalid("time_in_force")
    if len(params.get("label", "")) > _LONGEST_LABEL:
        raise _invalid("label")
    limit, triggered = kind.endswith("limit"), "_" in kind
    post_only = limit and params.get("post_only") == "true"
    price = _number(call, "price") if limit else None
    if post_only and price is not None and params.get("reject_post_only") != "true":
        price = _behind_the_touch(call, item, side, price)
    return Terms(
        key=item.key,
        side=side,
        size=_contracts(call, item),
        price=price,
        duration=_DURATIONS[duration] if limit else "gtc",
        post_only=post_only,
        reduce_only=params.get("reduce_only") == "true",
        trigger=_number(call, "trigger_price") if triggered else None,
        rising=kind.startswith("stop") == (side == "buy"),
        client_id=params.get("label", ""),
    )


def _behind_the_touch(call: Call, item: Instrument, side: Side, price: Decimal) -> Decimal:
    """The price that Deribit gives an order that may only rest: a tick from the other side at most."""
    quote = call.world.quote(item)
    if quote is None:
        return price
    return min(price, quote.ask - item.tick) if side == "buy" else max(price, quote.bid + item.tick)


def _named(call: Call) -> Order:
    number = call.params.get("order_id", "")
    found = books(call).orders.get(int(number)) if number.isdigit() else None
    if found is None:
        raise DeribitError(*_REFUSALS["unknown"])
    return found


# -- methods --------------------------------------------------------------------------------------


def buy(call: Call) -> dict[str, Any]:
    """private/buy."""
    return _place(call, "buy")


def sell(call: Call) -> dict[str, Any]:
    """private/sell."""
    return _place(call, "sell")


def _place(call: Call, side: Side) -> dict[str, Any]:
    require_trading(call)
    try:
        order = call.world.place(account(call).id, _terms(call, side))
    except RefusedError as refused:
        raise DeribitError(*_REFUSALS[refused.reason]) from refused
    fills = call.world.fills(account(call).id, order.id)
    return {"order": order_row(order), "trades": [trade_row(fill) for fill in fills]}


def cancel(call: Call) -> dict[str, Any]:
    """private/cancel."""
    require_trading(call)
    try:
        return order_row(call.world.cancel(account(call).id, _named(call).id))
    except RefusedError as refused:
        raise DeribitError(*_REFUSALS[refused.reason]) from refused


def cancel_all(call: Call) -> int:
    """private/cancel_all, and the same by currency or instrument: how many there were."""
    require_trading(call)
    found = _working(call)
    for order in found:
        call.world.cancel(account(call).id, order.id)
    return len(found)


def look_up(call: Call) -> dict[str, Any]:
    """private/get_order_state."""
    return order_row(_named(call))


def open_orders(call: Call) -> list[dict[str, Any]]:
    """private/get_open_orders, and the same by currency or instrument."""
    return [order_row(order) for order in _working(call)]


def labelled(call: Call) -> list[dict[str, Any]]:
    """private/get_order_state_by_label, of one currency."""
    wanted, label = currency(call), call.params.get("label", "")
    found = books(call).orders_called(label)
    return [order_row(order) for order in found if belongs(order.instrument, wanted)]


def _working(call: Call) -> list[Order]:
    return [order for order in books(call).working.values() if _wanted(call, order)]


def _wanted(call: Call, order: Order) -> bool:
    """Whether an order is of the asked currency, kind and instrument."""
    wanted, kind = call.params.get("currency", "any"), call.params.get("kind", "any")
    name = call.params.get("instrument_name")
    return (
        (wanted == "any" or belongs(order.instrument, wanted))
        and kind in ("any", KINDS[order.instrument.kind])
        and name in (None, deribit_name(order.instrument))
    )


def history(call: Call) -> list[dict[str, Any]]:
    """private/get_order_history_by_currency and by instrument: newest first, of what has ended."""
    ended = [one for one in books(call).orders.values() if not one.working and _wanted(call, one)]
    if call.params.get("include_unfilled") != "true":
        ended = [order for order in ended if order.filled]
    begin, count = integer(call, "offset", 0), min(integer(call, "count", 20), 1000)
    return [order_row(order) for order in ended[::-1][begin : begin + count]]


def trades_of(call: Call) -> list[dict[str, Any]]:
    """private/get_user_trades_by_order."""
    number = call.params.get("order_id", "")
    return [trade_row(fill) for fill in books(call).fills if str(fill.order_id) == number]


def _routes() -> dict[tuple[str, str], Route]:
    methods = {
        "buy": buy,
        "sell": sell,
        "cancel": cancel,
        "cancel_all": cancel_all,
        "cancel_all_by_currency": cancel_all,
        "cancel_all_by_instrument": cancel_all,
        "get_order_state": look_up,
        "get_order_state_by_label": labelled,
        "get_open_orders": open_orders,
        "get_open_orders_by_currency": open_orders,
        "get_open_orders_by_instrument": open_orders,
        "get_order_history_by_currency": history,
        "get_order_history_by_instrument": history,
        "get_user_trades_by_order": trades_of,
    }
    return {
        ("GET", f"/api/v2/private/{name}"): Route(method, private=True) for name, method in methods.items()
    }


ROUTES = _routes()
