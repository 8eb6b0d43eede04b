"""Binance USD-M order entry: place, look up, cancel, fills and position, in the account's one-way mode.

A sending is stamped with the instant of its window and carries ``recvWindow``, so Binance takes it until
``timestamp + recvWindow`` of its own clock and not later. ``newClientOrderId`` is unique among open orders
only: an id whose order was filled would be taken a second time, so nothing is sent twice unless the venue,
asked after the window, has no such order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from truenav.connect.asking import Endpoint, Outgoing
from truenav.connect.cefi.binance.client import (
    RECEIVE_WINDOW_MS,
    USDM,
    USDM_CANCEL,
    USDM_LOOK_UP,
    USDM_MARK,
    USDM_ORDER_TRADES,
    USDM_PLACE,
    USDM_POSITION,
    USDM_TIME,
    BinanceClient,
    signer,
)
from truenav.connect.cefi.binance.errors import error_code, refusal
from truenav.connect.cefi.binance.manifest import MANIFEST
from truenav.connect.contract import Credentials, ParseContext, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import MalformedPayloadError, VenueError
from truenav.connect.trading import OrderMarket, OrderRefusedError
from truenav.core.asset import AmbiguousTickerError, UnknownAssetError
from truenav.core.clock import from_milliseconds, to_milliseconds
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, UnknownInstrumentError
from truenav.core.money import ZERO, Amount, AssetId, to_text
from truenav.core.orders import (
    OrderFill,
    OrderRequest,
    OrderState,
    OrderTerms,
    OrderType,
    Reason,
    Side,
    VenueOrder,
    Window,
    filled_quantity,
)

if TYPE_CHECKING:
    from truenav.connect.transport import Transport

T = TypeVar("T")

_STATES: Mapping[str, OrderState] = {
    "NEW": OrderState.OPEN,
    "PARTIALLY_FILLED": OrderState.PARTLY_FILLED,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELLED,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,
}
_SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL}
_REFUSALS: Mapping[str, Reason] = {
    "-1015": Reason.TOO_MANY,
    "-1021": Reason.TOO_LATE,
    "-1022": Reason.KEY,
    "-1100": Reason.MALFORMED,
    "-1101": Reason.MALFORMED,
    "-1102": Reason.MALFORMED,
    "-1106": Reason.MALFORMED,
    "-1111": Reason.QUANTITY,
    "-1115": Reason.MALFORMED,
    "-1116": Reason.MALFORMED,
    "-1117": Reason.MALFORMED,
    "-1121": Reason.CLOSED,
    "-2014": Reason.KEY,
    "-2015": Reason.KEY,
    "-2018": Reason.MARGIN,
    "-2019": Reason.MARGIN,
    "-2021": Reason.WOULD_TRIGGER,
    "-2022": Reason.REDUCE_ONLY,
    "-2024": Reason.POSITION_LIMIT,
    "-2025": Reason.TOO_MANY,
    "-2027": Reason.POSITION_LIMIT,
    "-2028": Reason.MARGIN,
    "-4001": Reason.PRICE,
    "-4002": Reason.PRICE,
    "-4003": Reason.QUANTITY,
    "-4004": Reason.QUANTITY,
    "-4005": Reason.QUANTITY,
    "-4014": Reason.PRICE,
    "-4016": Reason.PRICE,
    "-4023": Reason.QUANTITY,
    "-4024": Reason.PRICE,
    "-4061": Reason.MALFORMED,
    "-4108": Reason.CLOSED,
    "-4118": Reason.REDUCE_ONLY,
    "-4131": Reason.PRICE,
    "-4140": Reason.CLOSED,
    "-4164": Reason.TOO_SMALL,
    "-5021": Reason.WOULD_TAKE,
    "-5022": Reason.WOULD_TAKE,
}
"""Refusals after which there is certainly no order; what is not here leaves the order's fate unknown.

Left out on purpose: ``-1000``, ``-1001``, ``-1006``, ``-1007``, ``-1008`` and ``-1016``, which say as much,
and ``-4116`` (the client id stands in an open order), after which the order is looked up and found.
"""
MOST_FILLS = 1000
"""Fills of one answer, which is as many as Binance gives; an order with more stays unsettled."""
_NO_SUCH_ORDER = "-2013"
_NOTHING_TO_CANCEL = "-2011"
_TYPES: Mapping[OrderType, Mapping[str, str]] = {
    OrderType.MARKET: {"type": "MARKET"},
    OrderType.LIMIT: {"type": "LIMIT", "timeInForce": "GTC"},
    OrderType.TAKE: {"type": "LIMIT", "timeInForce": "IOC"},
}


def placing(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer to a placing: one that is certain, or another error."""
    reason = _REFUSALS.get(error_code(status, body))
    if reason is None:
        return refusal(status, body)
    document = read_json(body)
    code, message = document.text("code"), document.text_or("msg")[:200]
    return OrderRefusedError(f"the order was not placed ({code}: {message}).", reason=reason, code=code)


@dataclass(slots=True)
class UsdmOrders:
    """`OrderPort` of Binance's USD-M contracts."""

    api: Transport
    market_api: Transport
    credentials: Credentials
    context: ParseContext
    _listed: dict[str, Node] = field(default_factory=dict)

    def window(self, at: datetime) -> Window:
        """From the millisecond of the stamp until ``recvWindow`` later."""
        stamp = from_milliseconds(to_milliseconds(at))
        return Window(stamp, stamp + timedelta(milliseconds=RECEIVE_WINDOW_MS))

    async def clock_offset(self) -> timedelta:
        """The clock of the futures' own host less ours."""
        told = await BinanceClient(self.market_api).get(USDM_TIME)
        return read_json(told.body).instant("serverTime") - told.evidence.middle

    async def market(self, instrument: InstrumentId) -> OrderMarket:
        """Filters of ``exchangeInfo``, read once, and the present mark."""
        symbol, client = self._symbol(instrument), BinanceClient(self.market_api)
        if not self._listed:
            told = read_json((await client.get(USDM.info)).body)
            self._listed = {row.text("symbol"): row for row in told.field("symbols").items()}
        row = self._listed.get(symbol)
        if row is None or row.text("status") != "TRADING":
            raise OrderRefusedError(f"Binance does not trade {symbol} now.", reason=Reason.CLOSED)
        mark = read_json((await client.get(USDM_MARK, {"symbol": symbol})).body)
        return OrderMarket(_terms(row), mark.decimal("markPrice"), mark.instant("time"))

    async def place(self, request: OrderRequest, window: Window) -> VenueOrder:
        """``POST /fapi/v1/order``, once."""
        params = {
            "symbol": self._symbol(request.instrument),
            "side": request.side.upper(),
            **_TYPES[request.type],
            "quantity": to_text(request.quantity),
            "newClientOrderId": request.client_id,
            "newOrderRespType": "RESULT",
        }
        if request.price is not None:
            params["price"] = to_text(request.price)
        if request.reduce_only:
            params["reduceOnly"] = "true"
        return self._order(await self._write("POST", USDM_PLACE, params, at=window.at), request.instrument)

    async def look_up(self, request: OrderRequest) -> VenueOrder | None:
        """``GET /fapi/v1/order`` by ``origClientOrderId``."""
        client = BinanceClient(self.api, self.credentials)
        try:
            told = await client.get(USDM_LOOK_UP, self._named(request))
        except VenueError as error:
            if error.context.get("code") == _NO_SUCH_ORDER:
                return None
            raise
        return self._order(told, request.instrument)

    async def cancel(self, request: OrderRequest) -> None:
        """``DELETE /fapi/v1/order`` by ``origClientOrderId``, once; one that is not open is no error."""
        try:
            await self._write("DELETE", USDM_CANCEL, self._named(request))
        except VenueError as error:
            if error.context.get("code") != _NOTHING_TO_CANCEL:
                raise

    async def position(self, instrument: InstrumentId) -> Decimal:
        """``GET /fapi/v3/positionRisk`` of one symbol."""
        symbol = self._symbol(instrument)
        client = BinanceClient(self.market_api, self.credentials)
        told = read_json((await client.get(USDM_POSITION, {"symbol": symbol})).body)
        mine = (row for row in told.items() if row.text("symbol") == symbol)
        return sum((row.decimal("positionAmt") for row in mine), ZERO)

    async def fills(self, order: VenueOrder) -> tuple[OrderFill, ...]:
        """``GET /fapi/v1/userTrades`` by ``orderId``, at most `MOST_FILLS`.

        Without ``fromId`` Binance tells those of the last 7 days; are these not all, it is asked for all.
        """
        recent = await self._fills(order, {})
        if filled_quantity(recent) == order.filled:
            return recent
        return max(recent, await self._fills(order, {"fromId": "0"}), key=len)

    async def _fills(self, order: VenueOrder, more: Mapping[str, str]) -> tuple[OrderFill, ...]:
        client = BinanceClient(self.api, self.credentials)
        asked = {
            "symbol": self._symbol(order.instrument),
            "orderId": order.venue_id,
            "limit": str(MOST_FILLS),
        }
        told = await client.get(USDM_ORDER_TRADES, {**asked, **more})

        def read(document: Node) -> tuple[OrderFill, ...]:
            rows = (row for row in document.items() if row.text("orderId") == order.venue_id)
            return tuple(_fill(row, self.context) for row in rows)

        return _read(told, read)

    async def _write(
        self, method: str, endpoint: Endpoint, params: Mapping[str, str], *, at: datetime | None = None
    ) -> Payload:
        """One signed request that changes something, sent once; stamped with ``at`` or with the present."""
        sign, given = signer(self.credentials), tuple(params.items())
        url = BinanceClient(self.api).url(endpoint)

        def prepare(now: datetime) -> Outgoing:
            signed = sign(method, endpoint.path, given, at or now)
            return Outgoing(method, f"{url}?{signed.query}", url, given, signed.headers)

        return await self.api.send(
            endpoint.name,
            endpoint.path,
            prepare,
            budget=endpoint.budget,
            weight=endpoint.weight,
            repeatable=False,
            judge=placing if endpoint is USDM_PLACE else None,
        )

    def _symbol(self, instrument: InstrumentId) -> str:
        terms = self.context.instruments.get(instrument)
        if not terms.id.startswith(f"{USDM.namespace}:"):
            raise UnknownInstrumentError(
                f"{instrument} is no USD-M contract; orders are taken for these alone.", instrument=instrument
            )
        return terms.code

    def _named(self, request: OrderRequest) -> dict[str, str]:
        return {"symbol": self._symbol(request.instrument), "origClientOrderId": request.client_id}

    def _order(self, payload: Payload, instrument: InstrumentId) -> VenueOrder:
        return _read(payload, lambda document: _order_of(document, instrument))


def _fill(row: Node, context: ParseContext) -> OrderFill:
    at, paid = row.instant("time"), row.decimal("commission")
    return OrderFill(
        id=row.text("id"),
        at=at,
        quantity=row.decimal("qty"),
        price=row.decimal("price"),
        fee=Amount(paid, _asset(row.text("commissionAsset"), at, context)) if paid else None,
        maker=row.flag("maker") is True,
    )


def _asset(code: str, at: datetime, context: ParseContext) -> AssetId:
    """As facts name it: an asset that nobody mapped keeps the venue's name."""
    try:
        return context.assets.resolve(MANIFEST.name, code, at)
    except (UnknownAssetError, AmbiguousTickerError):
        return AssetId(f"{MANIFEST.name}:{code}")


def _fills_of(body: bytes, instrument: Instrument, context: ParseContext) -> Iterator[tuple[Side, OrderFill]]:
    for row in read_json(body).items():
        if row.text("symbol") == instrument.code:
            if (side := row.text("side")) not in _SIDES:
                raise row.wrong(f"{side[:10]!r} is no side of a trade")
            yield _SIDES[side], _fill(row, context)


FILLS = {USDM_ORDER_TRADES.name: _fills_of}


def _read(payload: Payload, read: Callable[[Node], T]) -> T:
    try:
        return read(read_json(payload.body))
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"binance {payload.evidence.endpoint}: {error.message}") from error


def _order_of(row: Node, instrument: InstrumentId) -> VenueOrder:
    state = _STATES.get(row.text("status"))
    if state is None:
        raise row.wrong(f"an order's status {row.text('status')[:40]!r} is not documented")
    side, quantity, filled = row.text("side"), row.decimal("origQty"), row.decimal("executedQty")
    if side not in _SIDES or not 0 <= filled <= quantity:
        raise row.wrong(f"{side[:10]!r} of {quantity}, filled {filled}, is no order")
    return VenueOrder(
        venue_id=row.text("orderId"),
        client_id=row.text("clientOrderId"),
        instrument=instrument,
        side=_SIDES[side],
        quantity=quantity,
        filled=filled,
        state=state,
        at=row.instant("updateTime"),
    )


def _terms(listing: Node) -> OrderTerms:
    """The filters of a listing; a market order's bounds are the narrower ones and hold for all."""
    filters = {row.text("filterType"): row for row in listing.field("filters").items()}
    for name in ("PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE"):
        if name not in filters:
            raise listing.wrong(f"the filter {name} is missing")
    lots = (filters["LOT_SIZE"], filters["MARKET_LOT_SIZE"])
    least = filters.get("MIN_NOTIONAL")
    terms = OrderTerms(
        step=max(lot.decimal("stepSize") for lot in lots),
        tick=filters["PRICE_FILTER"].decimal("tickSize"),
        least=max(lot.decimal("minQty") for lot in lots),
        most=min(lot.decimal("maxQty") for lot in lots),
        least_notional=ZERO if least is None else least.decimal("notional"),
    )
    if min(terms.step, terms.tick, terms.most) <= 0:
        raise listing.wrong("a step, a tick and a most above 0 are expected")
    return terms
