"""Binance order entry, alike for spot, USD-M and COIN-M: place, cancel, look up, list."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from truenav.simulator.binance.rules import (
    BinanceError,
    Route,
    account,
    books,
    find_symbol,
    integer,
    kind_of,
    pair_of,
    symbol_of,
)
from truenav.simulator.contracts import notional
from truenav.simulator.entry import Reason, RefusedError, size_of_budget
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import fixed, plain, round8, told_number
from truenav.simulator.orders import ZERO, Duration, Order, Terms
from truenav.simulator.protocol import Call
from truenav.simulator.scenario import Side
from truenav.simulator.times import milliseconds

_AUTO = re.compile(r"auto_\d{1,19}")
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
SPOT_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
FUTURES_TYPES = ("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET")
DURATIONS: dict[str, Duration] = {"GTC": "gtc", "IOC": "ioc", "FOK": "fok", "GTX": "gtc"}
_STATUS = {"waiting": "NEW", "filled": "FILLED", "cancelled": "CANCELED", "expired": "EXPIRED"}
_SPOT_REFUSALS: dict[Reason, tuple[int, str]] = {
    "closed": (-1013, "Market is closed."),
    "size": (-1013, "Filter failure: LOT_SIZE"),
    "lot": (-1013, "Filter failure: LOT_SIZE"),
    "tick": (-1013, "Filter failure: PRICE_FILTER"),
    "notional": (-1013, "Filter failure: NOTIONAL"),
    "duplicate": (-2010, "Duplicate order sent."),
    "balance": (-2010, "Account has insufficient balance for requested action."),
    "post_only": (-2010, "Order would immediately match and take."),
    "unknown": (-2011, "Unknown order sent."),
    "ended": (-2011, "Unknown order sent."),
}
_FUTURES_REFUSALS: dict[Reason, tuple[int, str]] = {
    "closed": (-4108, "This symbol is closed."),
    "size": (-4003, "Quantity less than or equal to zero."),
    "lot": (-1111, "Precision is over the maximum defined for this asset."),
    "tick": (-4014, "Price not increased by tick size."),
    "duplicate": (-4116, "ClientOrderId is duplicated."),
    "reduce_only": (-2022, "ReduceOnly Order is rejected."),
    "margin": (-2019, "Margin is insufficient."),
    "limit": (-2027, "Exceeded the maximum allowable position at current leverage."),
    "post_only": (-5022, "Due to the order could not be executed as maker, the Post Only order is rejected."),
    "unknown": (-2011, "Unknown order sent."),
    "ended": (-2011, "Unknown order sent."),
}


@dataclass(frozen=True, slots=True)
class Family:
    """One of Binance's three order books: which markets it has and how it writes an order."""

    kind: str
    pool: str
    root: str
    row: Callable[[Order], dict[str, Any]]
    refusals: dict[Reason, tuple[int, str]]

    def refusal(self, reason: Reason) -> BinanceError:
        """The venue's words for a refusal."""
        return BinanceError(400, *self.refusals[reason])


# -- what an order looks like ---------------------------------------------------------------------


def status_of(order: Order) -> str:
    """Binance's status."""
    if order.status == "open":
        return "PARTIALLY_FILLED" if order.filled else "NEW"
    return _STATUS[order.status]


def client_id_of(order: Order) -> str:
    """The client's own id, or the one that the venue gives to an order without."""
    return order.terms.client_id or f"auto_{order.id}"


def _duration(terms: Terms) -> str:
    return terms.duration.upper()


def _spot_type(terms: Terms) -> str:
    if terms.trigger is not None:
        name = "STOP_LOSS" if terms.stops else "TAKE_PROFIT"
        return name if terms.price is None else f"{name}_LIMIT"
    if terms.price is None:
        return "MARKET"
    return "LIMIT_MAKER" if terms.post_only else "LIMIT"


def _futures_type(terms: Terms) -> str:
    if terms.trigger is not None:
        name = "STOP" if terms.stops else "TAKE_PROFIT"
        return f"{name}_MARKET" if terms.price is None else name
    return "MARKET" if terms.price is None else "LIMIT"


def spot_row(order: Order) -> dict[str, Any]:
    """An order of the spot market."""
    terms = order.terms
    return {
        "symbol": symbol_of(order.instrument),
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": client_id_of(order),
        "price": fixed(terms.price or ZERO),
        "origQty": fixed(terms.size),
        "executedQty": fixed(order.filled),
        "origQuoteOrderQty": fixed(terms.budget or ZERO),
        "cummulativeQuoteQty": fixed(round8(order.cost)),
        "status": status_of(order),
        "timeInForce": _duration(terms),
        "type": _spot_type(terms),
        "side": terms.side.upper(),
        "stopPrice": fixed(terms.trigger or ZERO),
        "icebergQty": "0.00000000",
        "time": milliseconds(order.at),
        "updateTime": milliseconds(order.updated_at),
        "isWorking": order.status != "waiting",
        "workingTime": milliseconds(order.at),
        "selfTradePreventionMode": "NONE",
    }


def _futures_row(order: Order) -> dict[str, Any]:
    terms = order.terms
    return {
        "symbol": symbol_of(order.instrument),
        "orderId": order.id,
        "clientOrderId": client_id_of(order),
        "avgPrice": plain(round8(order.average)),
        "executedQty": plain(order.filled),
        "origQty": plain(terms.size),
        "price": plain(terms.price or ZERO),
        "origType": _futures_type(terms),
        "type": _futures_type(terms),
        "side": terms.side.upper(),
        "positionSide": "BOTH",
        "reduceOnly": terms.reduce_only,
        "closePosition": False,
        "status": status_of(order),
        "stopPrice": plain(terms.trigger or ZERO),
        "timeInForce": "GTX" if terms.post_only else _duration(terms),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "time": milliseconds(order.at),
        "updateTime": milliseconds(order.updated_at),
    }


def usdm_row(order: Order) -> dict[str, Any]:
    """An order of the USD-M market."""
    return _futures_row(order) | {"cumQuote": plain(order.cost)}


def coinm_row(order: Order) -> dict[str, Any]:
    """An order of the COIN-M market; `cumBase` is coins."""
    coins = notional(order.instrument, order.filled, order.average) if order.filled else ZERO
    return _futures_row(order) | {"cumBase": fixed(coins), "pair": pair_of(order.instrument)}


SPOT = Family("spot", "spot", "/api/v3", spot_row, _SPOT_REFUSALS)
USDM = Family("swap", "usdm", "/fapi/v1", usdm_row, _FUTURES_REFUSALS)
COINM = Family("coinm", "coinm", "/dapi/v1", coinm_row, _FUTURES_REFUSALS)


# -- what is asked for ----------------------------------------------------------------------------


def require_trading(call: Call) -> None:
    """Refuse a key that may only read."""
    if "trade" not in account(call).permissions:
        raise BinanceError(401, -2015, "Invalid API-key, IP, or permissions for action.")


def _decimal(call: Call, name: str) -> Decimal | None:
    text = call.params.get(name)
    if text is None:
        return None
    number = told_number(text)
    if number is None:
        raise BinanceError(400, -1100, f"Illegal characters found in parameter '{name}'.")
    return number


def mandatory(call: Call, name: str) -> Decimal:
    """A decimal parameter that must be sent."""
    number = _decimal(call, name)
    if number is None:
        message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        raise BinanceError(400, -1102, message)
    return number


def side_of(call: Call) -> Side:
    """The side of an order."""
    told = call.params.get("side", "").lower()
    if told not in ("buy", "sell"):
        raise BinanceError(400, -1117, "Invalid side.")
    return "buy" if told == "buy" else "sell"


def client_id_told(call: Call, name: str) -> str:
    """The client's own id of an order, empty without one."""
    told = call.params.get(name, "")
    if told and not _CLIENT_ID.fullmatch(told):
        raise BinanceError(400, -1100, f"Illegal characters found in parameter '{name}'.")
    return told


def _terms(call: Call, family: Family) -> Terms:
    """The order that a request describes."""
    item = find_symbol(call, family.kind)
    side, client_id = side_of(call), client_id_told(call, "newClientOrderId")
    kind = call.params.get("type", "")
    if kind not in (SPOT_TYPES if family is SPOT else FUTURES_TYPES):
        raise BinanceError(400, -1116, "Invalid orderType.")
    limit = kind in ("LIMIT", "LIMIT_MAKER", "STOP") or kind.endswith("_LIMIT")
    limit = limit or (kind == "TAKE_PROFIT" and family is not SPOT)
    force = call.params.get("timeInForce", "GTC")
    if force not in DURATIONS or (force == "GTX" and family is SPOT):
        raise BinanceError(400, -1115, "Invalid timeInForce.")
    triggered = kind.startswith(("STOP", "TAKE_PROFIT"))
    budget = _decimal(call, "quoteOrderQty") if family is SPOT and kind == "MARKET" else None
    return Terms(
        key=item.key,
        side=side,
        size=_size_of(call, item, budget, family),
        price=mandatory(call, "price") if limit else None,
        duration=DURATIONS[force] if limit else "gtc",
        post_only=kind == "LIMIT_MAKER" or force == "GTX",
        reduce_only=family is not SPOT and (call.params.get("reduceOnly") == "true" or _closes(call)),
        trigger=mandatory(call, "stopPrice") if triggered else None,
        rising=kind.startswith("STOP") == (side == "buy"),
        client_id=client_id,
        budget=budget,
    )


def _closes(call: Call) -> bool:
    return call.params.get("closePosition") == "true"


def _size_of(call: Call, item: Instrument, budget: Decimal | None, family: Family) -> Decimal:
    if budget is not None:
        quote = call.world.quote(item)
        if quote is None:
            raise family.refusal("closed")
        return size_of_budget(budget, quote.ask if call.params["side"] == "BUY" else quote.bid, item)
    if _closes(call):
        position = books(call).positions.get(item.key)
        return abs(position.size) if position else item.lot
    return mandatory(call, "quantity")


def named_order(call: Call, item: Instrument, own_name: str = "origClientOrderId") -> Order:
    """The order of a market with the mandatory `orderId` or the client's own id, newest first."""
    state = books(call)
    own = call.params.get(own_name)
    if "orderId" in call.params:
        found = [state.orders.get(integer(call, "orderId"))]
    elif own:
        unnamed = state.orders.get(int(own[5:])) if _AUTO.fullmatch(own) else None
        found = [unnamed, *state.orders_called(own)]
    else:
        raise BinanceError(400, -1102, f"Param '{own_name}' or 'orderId' must be sent, but both were empty.")
    mine = [order for order in found if order is not None and order.instrument.key == item.key]
    if not mine:
        raise RefusedError("unknown")
    return mine[-1]


# -- handlers -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderEntry:
    """The endpoints of one family."""

    family: Family

    def place(self, call: Call) -> dict[str, Any]:
        """POST order."""
        require_trading(call)
        try:
            order = call.world.place(account(call).id, _terms(call, self.family))
        except RefusedError as refused:
            raise self.family.refusal(refused.reason) from refused
        row = self.family.row(order)
        return self._confirmed(call, order, row) if self.family is SPOT else row

    def _confirmed(self, call: Call, order: Order, row: dict[str, Any]) -> dict[str, Any]:
        row["transactTime"] = row.pop("updateTime")
        row["fills"] = [
            {
                "price": fixed(fill.price),
                "qty": fixed(fill.size),
                "commission": fixed(fill.fee),
                "commissionAsset": fill.fee_asset,
                "tradeId": fill.id,
            }
            for fill in call.world.fills(account(call).id, order.id)
        ]
        return row

    def test(self, call: Call) -> dict[str, Any]:
        """POST order/test: only the shape is looked at."""
        require_trading(call)
        _terms(call, self.family)
        return {}

    def _named(self, call: Call) -> Order:
        return named_order(call, find_symbol(call, self.family.kind))

    def look_up(self, call: Call) -> dict[str, Any]:
        """GET order."""
        try:
            return self.family.row(self._named(call))
        except RefusedError as refused:
            raise BinanceError(400, -2013, "Order does not exist.") from refused

    def cancel(self, call: Call) -> dict[str, Any]:
        """DELETE order."""
        require_trading(call)
        try:
            order = self._named(call)
            row = self.family.row(call.world.cancel(account(call).id, order.id))
        except RefusedError as refused:
            raise self.family.refusal(refused.reason) from refused
        return row | {"origClientOrderId": row["clientOrderId"]} if self.family is SPOT else row

    def cancel_all(self, call: Call) -> Any:
        """DELETE openOrders (spot) and allOpenOrders (futures), of one symbol."""
        require_trading(call)
        find_symbol(call, self.family.kind)
        rows = [
            self.family.row(call.world.cancel(account(call).id, order.id)) for order in self._working(call)
        ]
        if self.family is not SPOT:
            return {"code": 200, "msg": "The operation of cancel all open order is done."}
        if not rows:
            raise self.family.refusal("unknown")
        return [row | {"origClientOrderId": row["clientOrderId"]} for row in rows]

    def open(self, call: Call) -> list[dict[str, Any]]:
        """GET openOrders, of one symbol or of all."""
        return [self.family.row(order) for order in self._working(call)]

    def _working(self, call: Call) -> list[Order]:
        venue = call.world.scenario.venues[call.venue].prices
        key = find_symbol(call, self.family.kind).key if "symbol" in call.params else None
        return [
            order
            for order in books(call).working.values()
            if order.instrument.venue == venue
            and key in (None, order.instrument.key)
            and kind_of(order.instrument) == self.family.kind
        ]

    def routes(self) -> dict[tuple[str, str], Route]:
        """The endpoints by method and path."""
        root, pool = self.family.root, self.family.pool
        everything = "openOrders" if self.family is SPOT else "allOpenOrders"
        weight = 4 if self.family is SPOT else 1
        return {
            ("POST", f"{root}/order"): Route(self.place, pool, 1, signed=True),
            ("POST", f"{root}/order/test"): Route(self.test, pool, 1, signed=True),
            ("GET", f"{root}/order"): Route(self.look_up, pool, weight, signed=True),
            ("DELETE", f"{root}/order"): Route(self.cancel, pool, 1, signed=True),
            ("DELETE", f"{root}/{everything}"): Route(self.cancel_all, pool, 1, signed=True),
            ("GET", f"{root}/openOrders"): Route(
                self.open, pool, weight, weight_all=80 if self.family is SPOT else 40, signed=True
            ),
        }


ROUTES: dict[tuple[str, str], Route] = {
    route: terms for family in (SPOT, USDM, COINM) for route, terms in OrderEntry(family).routes().items()
}
