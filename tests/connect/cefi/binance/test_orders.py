"""Binance USD-M order entry: what is sent, once, and what each answer means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import httpx
import pytest
from tests.connect.conftest import ASSETS
from tests.connect.line import Line, open_line

from truenav.connect.cefi.binance.orders import UsdmOrders
from truenav.connect.contract import Credentials, ParseContext
from truenav.connect.errors import MalformedPayloadError, RateLimitedError, VenueError, VenueUnavailableError
from truenav.connect.registry import connector, parse
from truenav.connect.trading import OrderingConnector, OrderRefusedError
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind, UnknownInstrumentError
from truenav.core.orders import OrderRequest, OrderState, OrderType, Reason, Side

NOW = datetime(2026, 11, 21, 12, 30, 0, 123_456, tzinfo=UTC)
D = Decimal
BTC = "binance-usdm:BTCUSDT"
KNOWN = ParseContext(
    ASSETS,
    InstrumentBook(
        [
            Instrument(one, "binance", code, InstrumentKind.PERPETUAL, "btc", "usdt", "usdt", D(1))
            for one, code in ((BTC, "BTCUSDT"), ("binance-coinm:BTCUSD_PERP", "BTCUSD_PERP"))
        ]
    ),
)
ORDER = {
    "orderId": 283194212,
    "symbol": "BTCUSDT",
    "status": "PARTIALLY_FILLED",
    "clientOrderId": "x",
    "price": "41000.0",
    "avgPrice": "40999.50",
    "origQty": "0.500",
    "executedQty": "0.200",
    "side": "BUY",
    "reduceOnly": False,
    "updateTime": 1566818724722,
}
T = TypeVar("T")


def asked(**more: Any) -> OrderRequest:
    return OrderRequest("desk", "etp/btc3l/1", 0, BTC, Side.BUY, D("0.500"), **more)


def with_port(
    answer: Callable[[httpx.Request], httpx.Response], work: Callable[[UsdmOrders], Awaitable[T]]
) -> tuple[T, Line]:
    """What comes of some work at a venue that answers so, and the line that it went over."""

    async def scenario() -> tuple[T, Line]:
        async with open_line(Line, "binance", answer, now=NOW) as line:
            api = line.transport()
            return await work(UsdmOrders(api, api, Credentials("the-key", "the-secret"), KNOWN)), line

    return asyncio.run(scenario())


def place(answer: httpx.Response, request: OrderRequest | None = None) -> tuple[Any, Line]:
    async def work(port: UsdmOrders) -> Any:
        return await port.place(request or asked(), port.window(NOW + timedelta(seconds=2)))

    return with_port(lambda _: answer, work)


def refused(status: int, code: int) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "msg": "Some words."})


def test_the_connector_takes_orders() -> None:
    assert isinstance(connector("binance"), OrderingConnector)
    assert not isinstance(connector("okx"), OrderingConnector)


def test_an_order_is_posted_with_the_stamp_of_its_window_and_the_clients_id() -> None:
    request = asked(type=OrderType.LIMIT, price=D("41000.0"), reduce_only=True)
    found, line = place(httpx.Response(200, json=ORDER), request)
    (sent,) = line.asked
    given = dict(parse_qsl(sent.url.query.decode()))
    assert (sent.method, sent.url.path, sent.content) == ("POST", "/fapi/v1/order", b"")
    stamp = int((NOW + timedelta(seconds=2)).timestamp() * 1000)
    assert given.pop("signature")
    assert given == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.5",
        "price": "41000",
        "newClientOrderId": request.client_id,
        "newOrderRespType": "RESULT",
        "reduceOnly": "true",
        "recvWindow": "5000",
        "timestamp": str(stamp),
    }
    assert (found.venue_id, found.state, found.filled) == ("283194212", OrderState.PARTLY_FILLED, D("0.2"))


def test_the_window_ends_when_the_venue_takes_the_request_no_more() -> None:
    async def work(port: UsdmOrders) -> Any:
        return port.window(NOW)

    window, _ = with_port(lambda _: httpx.Response(200), work)
    assert window.at == NOW.replace(microsecond=123_000)
    assert window.until - window.at == timedelta(seconds=5)


def test_request_and_answer_are_archived_before_they_are_read_and_hold_no_secret() -> None:
    async def work(port: UsdmOrders) -> None:
        with suppress(MalformedPayloadError):
            await port.place(asked(), port.window(NOW))

    for answer in (httpx.Response(200, json=ORDER), httpx.Response(200, text='{"orderId": 1}')):
        _, line = with_port(lambda _, answer=answer: answer, work)  # type: ignore[misc]
        (payload,) = line.archived
        text = repr(payload.evidence)
        assert dict(payload.evidence.request.params)["newClientOrderId"] == asked().client_id
        assert not any(secret in text for secret in ("the-key", "the-secret", "signature"))
        assert payload.body == answer.content
        assert parse(payload.evidence, payload.body, KNOWN).facts == ()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (-2019, Reason.MARGIN),
        (-2021, Reason.WOULD_TRIGGER),
        (-2022, Reason.REDUCE_ONLY),
        (-2027, Reason.POSITION_LIMIT),
        (-1111, Reason.QUANTITY),
        (-4014, Reason.PRICE),
        (-4164, Reason.TOO_SMALL),
        (-5022, Reason.WOULD_TAKE),
        (-4108, Reason.CLOSED),
        (-2015, Reason.KEY),
        (-1021, Reason.TOO_LATE),
        (-1015, Reason.TOO_MANY),
    ],
)
def test_a_documented_refusal_is_certain_and_has_a_reason(code: int, reason: Reason) -> None:
    with pytest.raises(OrderRefusedError, match=rf"\({code}: Some words") as refusal:
        place(refused(400, code))
    assert refusal.value.reason is reason


@pytest.mark.parametrize(
    "answer",
    [
        refused(400, -1000),
        refused(400, -1001),
        refused(400, -1006),
        refused(408, -1007),
        refused(503, -1008),
        refused(400, -4116),
        refused(400, -9999),
        refused(429, -1003),
        refused(418, -1003),
        refused(500, -2019),
        httpx.Response(502, text="<html>"),
        httpx.Response(403, text="<html>"),
        httpx.Response(200, text='{"orderId": 28'),
        httpx.Response(200, json={"orderId": 1}),
        httpx.Response(200, json=ORDER | {"status": "SOMETHING"}),
        httpx.Response(200, json=ORDER | {"side": "BORROW"}),
        httpx.Response(200, json=ORDER | {"executedQty": "0.501"}),
        httpx.Response(200, json=ORDER | {"executedQty": "-0.1"}),
        httpx.Response(302, headers={"location": "https://elsewhere.test"}),
    ],
)
def test_after_any_other_answer_the_fate_is_unknown_and_nothing_is_sent_again(answer: httpx.Response) -> None:
    sent: list[httpx.Request] = []

    def venue(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answer

    async def work(port: UsdmOrders) -> None:
        with pytest.raises(VenueError) as error:
            await port.place(asked(), port.window(NOW))
        assert not isinstance(error.value, OrderRefusedError)

    with_port(venue, work)
    assert len(sent) == 1


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout, httpx.ReadError, httpx.ConnectError, httpx.RemoteProtocolError]
)
def test_a_connection_that_fails_leaves_the_fate_unknown(error: type[httpx.HTTPError]) -> None:
    def venue(request: httpx.Request) -> httpx.Response:
        raise error("gone", request=request)  # type: ignore[call-arg]

    async def work(port: UsdmOrders) -> None:
        with pytest.raises(VenueUnavailableError):
            await port.place(asked(), port.window(NOW))

    assert len(with_port(venue, work)[1].asked) == 1


def test_patience_that_was_asked_for_is_kept_by_the_look_up() -> None:
    def venue(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(429, headers={"retry-after": "7"}, json={"code": -1003, "msg": ""})
        return httpx.Response(200, json=ORDER)

    async def work(port: UsdmOrders) -> Any:
        with pytest.raises(RateLimitedError):
            await port.place(asked(), port.window(NOW))
        return await port.look_up(asked())

    found, line = with_port(venue, work)
    assert found.venue_id == "283194212"
    assert [one.method for one in line.asked] == ["POST", "GET"]


def test_an_order_is_looked_up_by_the_clients_id_and_may_not_be_there() -> None:
    async def work(port: UsdmOrders) -> Any:
        return await port.look_up(asked())

    found, line = with_port(lambda _: httpx.Response(200, json=ORDER), work)
    assert found.state is OrderState.PARTLY_FILLED
    assert dict(line.asked[0].url.params)["origClientOrderId"] == asked().client_id
    assert with_port(lambda _: refused(400, -2013), work)[0] is None
    with pytest.raises(VenueError):
        with_port(lambda _: refused(400, -9999), work)


def test_cancelling_what_is_not_open_is_no_error_and_is_not_repeated() -> None:
    async def work(port: UsdmOrders) -> None:
        await port.cancel(asked())

    _, line = with_port(lambda _: refused(400, -2011), work)
    assert [one.method for one in line.asked] == ["DELETE"]
    sent: list[httpx.Request] = []

    def fails(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(503)

    with pytest.raises(VenueUnavailableError):
        with_port(fails, work)
    assert len(sent) == 1


def listing(**changes: Any) -> bytes:
    filters = {
        "PRICE_FILTER": {"tickSize": "0.10"},
        "LOT_SIZE": {"stepSize": "0.001", "minQty": "0.001", "maxQty": "1000"},
        "MARKET_LOT_SIZE": {"stepSize": "0.001", "minQty": "0.002", "maxQty": "120"},
        "MIN_NOTIONAL": {"notional": "100"},
    } | changes
    rows = [{"filterType": name, **row} for name, row in filters.items() if row]
    return json.dumps({"symbols": [{"symbol": "BTCUSDT", "status": "TRADING", "filters": rows}]}).encode()


def market(listed: bytes) -> Any:
    def venue(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/fapi/v1/exchangeInfo":
            return httpx.Response(200, content=listed)
        return httpx.Response(200, json={"symbol": "BTCUSDT", "markPrice": "40000.5", "time": 1795264200000})

    async def work(port: UsdmOrders) -> Any:
        await port.market(BTC)
        return await port.market(BTC)

    return with_port(venue, work)


def test_terms_are_the_narrower_of_the_venues_filters_and_are_asked_for_once() -> None:
    found, line = market(listing())
    terms = found.terms
    assert (terms.step, terms.tick, terms.least, terms.most) == (D("0.001"), D("0.1"), D("0.002"), D(120))
    assert (terms.least_notional, found.mark) == (D(100), D("40000.5"))
    assert [one.url.path for one in line.asked].count("/fapi/v1/exchangeInfo") == 1


def test_a_symbol_that_is_not_traded_or_has_no_filters_is_refused() -> None:
    with pytest.raises(OrderRefusedError) as refusal:
        market(listing().replace(b"TRADING", b"SETTLING"))
    assert refusal.value.reason is Reason.CLOSED
    with pytest.raises(MalformedPayloadError, match="LOT_SIZE is missing"):
        market(listing(LOT_SIZE={}))


@pytest.mark.parametrize(
    "change",
    [
        {"PRICE_FILTER": {"tickSize": "0.00"}},
        {"LOT_SIZE": {"stepSize": "0", "minQty": "0", "maxQty": "1000"},
         "MARKET_LOT_SIZE": {"stepSize": "0", "minQty": "0", "maxQty": "120"}},
        {"LOT_SIZE": {"stepSize": "0.001", "minQty": "0.001", "maxQty": "0"}},
    ],
)  # fmt: skip
def test_terms_that_no_order_could_keep_are_refused(change: dict[str, Any]) -> None:
    """A step or tick of zero would be divided by, and end the run for all orders of the account."""
    with pytest.raises(MalformedPayloadError, match="above 0"):
        market(listing(**change))


def test_an_instrument_of_another_market_is_not_ordered() -> None:
    async def work(port: UsdmOrders) -> None:
        await port.position("binance-coinm:BTCUSD_PERP")

    with pytest.raises(UnknownInstrumentError, match="no USD-M contract"):
        with_port(lambda _: httpx.Response(200), work)


def test_position_and_fills_are_those_of_the_order_alone() -> None:
    trades = [
        {"id": 7, "orderId": 283194212, "qty": "0.2", "price": "40000", "commission": "3.2",
         "commissionAsset": "USDT", "time": 1566818724722, "maker": True},
        {"id": 8, "orderId": 5, "qty": "9", "price": "1", "commission": "0", "time": 1566818724722},
    ]  # fmt: skip

    def venue(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/fapi/v3/positionRisk":
            rows = [{"symbol": "BTCUSDT", "positionAmt": "-0.7"}, {"symbol": "ETHUSDT", "positionAmt": "5"}]
            return httpx.Response(200, json=rows)
        return httpx.Response(200, json=ORDER if request.url.path == "/fapi/v1/order" else trades)

    async def work(port: UsdmOrders) -> Any:
        found = await port.look_up(asked())
        assert found is not None
        return await port.position(BTC), await port.fills(found)

    (position, fills), _ = with_port(venue, work)
    assert position == D("-0.7")
    ((quantity, fee, maker),) = [(one.quantity, one.fee, one.maker) for one in fills]
    assert (quantity, fee.number, maker) == (D("0.2"), D("3.2"), True)


def test_a_fill_whose_fee_is_in_no_asset_is_not_read() -> None:
    fill = {"id": 7, "orderId": 283194212, "qty": "0.2", "price": "40000", "commission": "3.2"}

    def venue(request: httpx.Request) -> httpx.Response:
        told = ORDER if request.url.path == "/fapi/v1/order" else [{**fill, "time": 1566818724722}]
        return httpx.Response(200, json=told)

    async def work(port: UsdmOrders) -> Any:
        found = await port.look_up(asked())
        assert found is not None
        return await port.fills(found)

    with pytest.raises(MalformedPayloadError, match="commissionAsset"):
        with_port(venue, work)


@pytest.mark.parametrize(("recent", "requests"), [(2, 1), (1, 2), (0, 2)])
def test_fills_that_the_plain_answer_does_not_hold_are_asked_for_from_the_first(
    recent: int, requests: int
) -> None:
    """Without ``fromId`` Binance tells trades of the last 7 days alone; an order may be settled later."""
    fill = {"orderId": 283194212, "qty": "0.1", "price": "40000", "commission": "0", "time": 1566818724722}
    every = [{"id": 7, **fill}, {"id": 8, **fill}]

    def venue(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/fapi/v1/order":
            return httpx.Response(200, json=ORDER)
        told = dict(request.url.params)
        assert (told["orderId"], told["limit"]) == ("283194212", "1000")
        return httpx.Response(200, json=every if "fromId" in told else every[2 - recent :])

    async def work(port: UsdmOrders) -> Any:
        found = await port.look_up(asked())
        assert found is not None
        return await port.fills(found)

    fills, line = with_port(venue, work)
    assert [one.id for one in fills] == ["7", "8"]
    assert len(line.asked) == 1 + requests
