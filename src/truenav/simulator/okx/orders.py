"""OKX v5 order entry: place and cancel one or several, look up, list what is open and what was."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from truenav.simulator.books import Books
from truenav.simulator.entry import Reason, RefusedError, size_of_budget
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import plain, round8, told_number
from truenav.simulator.okx.rules import TYPE_OF, OkxError, Route, account, books, called, page
from truenav.simulator.orders import Duration, Order, Terms
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds

_CLIENT_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_DURATIONS: dict[str, Duration] = {
    "limit": "gtc",
    "post_only": "gtc",
    "market": "gtc",
    "ioc": "ioc",
    "optimal_limit_ioc": "ioc",
    "fok": "fok",
}
_AT_MARKET = ("market", "optimal_limit_ioc")
_MODES = ("cash", "cross", "isolated", "spot_isolated")
_MOST = 20
WEEK, QUARTER = timedelta(days=7), timedelta(days=90)
_REFUSALS: dict[Reason, tuple[str, str]] = {
    "closed": ("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist."),
    "size": ("51020", "Your order should meet or exceed the minimum order amount."),
    "lot": ("51121", "Order quantity must be a multiple of the lot size."),
    "tick": ("51000", "Parameter px error"),
    "duplicate": ("51016", "Client order ID already exists."),
    "reduce_only": ("51169", "There is no position in the direction to reduce or close."),
    "balance": ("51008", "Order failed. Insufficient balance in account."),
    "margin": ("51008", "Order failed. Insufficient margin in account."),
    "limit": ("51004", "Order failed. The position would exceed the limit at the current leverage."),
    "unknown": ("51400", "Cancellation failed as the order has been filled, canceled or does not exist."),
    "ended": ("51400", "Cancellation failed as the order has been filled, canceled or does not exist."),
}


def order_row(order: Order, state: Books) -> dict[str, Any]:
    """An order as OKX writes it."""
    terms, item = order.terms, order.instrument
    fills = [fill for fill in state.fills if fill.order_id == order.id] if order.filled else []
    last = fills[-1] if fills else None
    by_cost = terms.budget is not None
    return {
        "accFillSz": plain(order.filled),
        "algoClOrdId": "",
        "algoId": "",
        "attachAlgoOrds": [],
        "avgPx": plain(round8(order.average)) if order.filled else "",
        "cTime": str(milliseconds(order.at)),
        "cancelSource": {"cancelled": "1", "expired": "13"}.get(order.status, ""),
        "category": "full_liquidation" if order.forced else "normal",
        "ccy": "",
        "clOrdId": terms.client_id,
        "fee": plain(-order.fee),
        "feeCcy": order.fee_asset or (item.base if item.kind == "spot" else item.settle),
        "fillPx": plain(last.price) if last else "",
        "fillSz": plain(last.size) if last else "0",
        "fillTime": str(milliseconds(last.at)) if last else "",
        "instId": item.id,
        "instType": TYPE_OF[item.kind],
        "lever": "" if item.kind in ("spot", "option") else "10",
        "ordId": str(order.id),
        "ordType": _type(terms),
        "pnl": plain(sum((fill.realized for fill in fills), Decimal(0))),
        "posSide": "" if item.kind == "spot" else "net",
        "px": plain(terms.price) if terms.price else "",
        "pxType": "",
        "rebate": "0",
        "rebateCcy": item.quote,
        "reduceOnly": "true" if terms.reduce_only else "false",
        "side": terms.side,
        "source": "",
        "state": _state(order),
        "sz": plain(terms.budget if terms.budget is not None else terms.size),
        "tag": terms.tag,
        "tdMode": "cash" if item.kind == "spot" else "cross",
        "tgtCcy": ("quote_ccy" if by_cost else "base_ccy") if item.kind == "spot" else "",
        "tradeId": str(last.id) if last else "",
        "uTime": str(milliseconds(order.updated_at)),
    }


def _type(terms: Terms) -> str:
    if terms.price is None:
        return "market"
    if terms.post_only:
        return "post_only"
    return "limit" if terms.duration == "gtc" else terms.duration


def _state(order: Order) -> str:
    if order.status == "open":
        return "partially_filled" if order.filled else "live"
    return "filled" if order.status == "filled" else "canceled"


# -- what is asked for ----------------------------------------------------------------------------


def require_trading(call: Call) -> None:
    """Refuse a key that may only read."""
    if "trade" not in account(call).permissions:
        raise OkxError(401, "50120", "This API key doesn't have permission to use this function")


def _asked(call: Call) -> list[dict[str, str]]:
    """The object or list of objects of a body, its values as texts."""
    try:
        document = msgspec.json.decode(call.body)
    except msgspec.DecodeError as error:
        raise OkxError(400, "50002", "JSON syntax error") from error
    rows = document if isinstance(document, list) else [document]
    if not all(isinstance(row, dict) for row in rows) or not 0 < len(rows) <= _MOST:
        raise OkxError(400, "50002", "JSON syntax error")
    return [{name: _text(value) for name, value in row.items()} for row in rows]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _number(row: dict[str, str], name: str) -> Decimal:
    number = told_number(row.get(name, ""))
    if not number:
        raise OkxError(200, "51000", f"Parameter {name} error")
    return number


def _terms(call: Call, row: dict[str, str]) -> Terms:
    """The order that one object describes."""
    item = called(call, row.get("instId"))
    side, kind, own = row.get("side"), row.get("ordType", ""), row.get("clOrdId", "")
    for name, known in (
        ("side", side in ("buy", "sell")),
        ("ordType", kind in _DURATIONS),
        ("tdMode", row.get("tdMode") in _MODES),
        ("clOrdId", not own or _CLIENT_ID.fullmatch(own) is not None),
    ):
        if not known:
            raise OkxError(200, "51000", f"Parameter {name} error")
    at_market = kind in _AT_MARKET
    size = _number(row, "sz")
    by_cost = at_market and item.kind == "spot" and row.get("tgtCcy", _default_unit(side)) == "quote_ccy"
    return Terms(
        key=item.key,
        side="buy" if side == "buy" else "sell",
        size=_size_of(call, item, size) if by_cost else size,
        price=None if at_market else _number(row, "px"),
        duration=_DURATIONS[kind],
        post_only=kind == "post_only",
        reduce_only=row.get("reduceOnly") == "true" and item.kind != "spot",
        client_id=own,
        tag=row.get("tag", ""),
        budget=size if by_cost else None,
    )


def _default_unit(side: str | None) -> str:
    return "quote_ccy" if side == "buy" else "base_ccy"


def _size_of(call: Call, item: Instrument, budget: Decimal) -> Decimal:
    quote = call.world.quote(item)
    if quote is None:
        raise OkxError(200, *_REFUSALS["closed"])
    return size_of_budget(budget, quote.ask, item)


def _named(call: Call, row: dict[str, str]) -> Order:
    """The order of `ordId`, or of the client's own id; newest first."""
    state, number, own = books(call), row.get("ordId", ""), row.get("clOrdId", "")
    if number:
        found = state.orders.get(int(number)) if number.isdigit() else None
    else:
        found = next(iter(reversed(state.orders_called(own))), None)
    if found is None or found.instrument.id != row.get("instId", found.instrument.id):
        raise RefusedError("unknown")
    return found


# -- handlers -------------------------------------------------------------------------------------


def _each(call: Call, act: Callable[[Call, dict[str, str]], Order]) -> list[Any]:
    """Act on every object; OKX answers each for itself, and says 1 or 2 where all or some failed."""
    require_trading(call)
    rows, failed = [], 0
    for asked in _asked(call):
        code, message, order = "0", "", None
        try:
            order = act(call, asked)
        except RefusedError as refused:
            code, message = _REFUSALS[refused.reason]
        except OkxError as error:
            code, message = error.code, error.message
        failed += code != "0"
        rows.append(
            {
                "clOrdId": order.terms.client_id if order else asked.get("clOrdId", ""),
                "ordId": str(order.id) if order else asked.get("ordId", ""),
                "sCode": code,
                "sMsg": message,
                "tag": asked.get("tag", ""),
                "ts": str(milliseconds(call.server_time)),
            }
        )
    if failed:
        every = failed == len(rows)
        text = "All operations failed" if every else "Bulk operation partially successful."
        raise OkxError(200, "1" if every else "2", text, rows)
    return rows


def place(call: Call) -> list[Any]:
    """POST trade/order and trade/batch-orders."""
    return _each(call, lambda call, row: call.world.place(account(call).id, _terms(call, row)))


def cancel(call: Call) -> list[Any]:
    """POST trade/cancel-order and trade/cancel-batch-orders."""
    return _each(call, lambda call, row: call.world.cancel(account(call).id, _named(call, row).id))


def look_up(call: Call) -> list[dict[str, Any]]:
    """GET trade/order."""
    try:
        return [order_row(_named(call, call.params), books(call))]
    except RefusedError as refused:
        raise OkxError(200, "51603", "Order does not exist.") from refused


def pending(call: Call) -> list[dict[str, Any]]:
    """GET trade/orders-pending, narrowed by instType, instId, ordType and state."""
    return _listed(call, [order for order in books(call).working.values() if order.status == "open"])


def history(call: Call) -> list[dict[str, Any]]:
    """GET trade/orders-history: what ended within a week."""
    return _ended(call, WEEK)


def archive(call: Call) -> list[dict[str, Any]]:
    """GET trade/orders-history-archive: what ended within three months."""
    return _ended(call, QUARTER)


def _ended(call: Call, age: timedelta) -> list[dict[str, Any]]:
    orders = books(call).orders.values()
    return _listed(call, [one for one in orders if not one.working and one.updated_at > call.at - age])


def _listed(call: Call, orders: list[Order]) -> list[dict[str, Any]]:
    state = books(call)
    rows = [order for order in orders if all(_is(call, name, text) for name, text in _words(order).items())]
    return [order_row(order, state) for order in page(call, rows, lambda one: one.id, _millis)]


def _words(order: Order) -> dict[str, str]:
    """What a list of orders may be narrowed by."""
    item = order.instrument
    return {
        "instType": TYPE_OF[item.kind],
        "instId": item.id,
        "ordType": _type(order.terms),
        "state": _state(order),
    }


def _is(call: Call, name: str, text: str) -> bool:
    return call.params.get(name) in (None, "", text)


def _millis(order: Order) -> int:
    return milliseconds(order.at)


ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "/api/v5/trade/order"): Route(place, 60, signed=True),
    ("POST", "/api/v5/trade/batch-orders"): Route(place, 300, signed=True),
    ("POST", "/api/v5/trade/cancel-order"): Route(cancel, 60, signed=True),
    ("POST", "/api/v5/trade/cancel-batch-orders"): Route(cancel, 300, signed=True),
    ("GET", "/api/v5/trade/order"): Route(look_up, 60, signed=True),
    ("GET", "/api/v5/trade/orders-pending"): Route(pending, 60, signed=True),
    ("GET", "/api/v5/trade/orders-history"): Route(history, 40, signed=True),
    ("GET", "/api/v5/trade/orders-history-archive"): Route(archive, 20, signed=True),
}
