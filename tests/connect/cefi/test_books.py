"""Order books of spot markets: read as documented, refused where they cannot be right, and simulated."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from tests.connect.line import Line, open_line

from truenav.connect.books import BookConnector, OrderBook
from truenav.connect.contract import Payload
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.registry import connector
from truenav.core.instrument import Instrument, InstrumentKind, UnknownInstrumentError

from .binance.conftest import open_lab

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
D = Decimal

# As the venues document them, shortened by nothing.
BINANCE = {
    "lastUpdateId": 1027024,
    "bids": [["4.00000000", "431.00000000"]],
    "asks": [["4.00000200", "12.00000000"]],
}
OKX = {
    "code": "0",
    "msg": "",
    "data": [
        {
            "asks": [["41006.8", "0.60038921", "0", "1"]],
            "bids": [["41006.3", "0.30178218", "0", "2"]],
            "ts": "1629966436396",
            "seqId": 3235851742,
        }
    ],
}


def market(venue: str, code: str, kind: InstrumentKind = InstrumentKind.SPOT) -> Instrument:
    return Instrument(f"{venue}:{code}", venue, code, kind, "btc", "usdt", "usdt", D(1))


MARKETS = {"binance": market("binance", "BTCUSDT"), "okx": market("okx", "BTC-USDT")}


def read(venue: str, told: object, instrument: Instrument | None = None) -> tuple[OrderBook, Line]:
    async def scenario() -> tuple[OrderBook, Line]:
        answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200, json=told)  # noqa: E731
        async with open_line(Line, venue, answer, now=NOW) as line:
            assert isinstance(line.connector, BookConnector)
            return await line.connector.book(line.transport(), instrument or MARKETS[venue]), line

    return asyncio.run(scenario())


def test_binance_book_as_documented() -> None:
    book, line = read("binance", BINANCE)
    assert book.bids == ((D("4"), D("431")),)
    assert book.asks == ((D("4.000002"), D("12")),)
    assert (book.at, book.is_whole) == (NOW, True)
    assert book.evidence == line.archived[0].evidence.sha256
    assert json.loads(line.archived[0].body) == BINANCE
    assert dict(line.asked[0].url.params) == {"symbol": "BTCUSDT", "limit": "100"}


def test_okx_book_as_documented() -> None:
    book, line = read("okx", OKX)
    assert (book.bids, book.asks) == (((D("41006.3"), D("0.30178218")),), ((D("41006.8"), D("0.60038921")),))
    assert book.at == datetime(2021, 8, 26, 8, 27, 16, 396000, tzinfo=UTC)
    assert dict(line.asked[0].url.params) == {"instId": "BTC-USDT", "sz": "100"}


def test_a_side_as_long_as_was_asked_for_may_go_on() -> None:
    bids = [[str(5000 - number), "1"] for number in range(100)]
    assert not read("binance", {"lastUpdateId": 1, "bids": bids, "asks": []})[0].is_whole


@pytest.mark.parametrize(
    "changed",
    [
        {"bids": [["3", "1"], ["4", "1"]]},
        {"asks": [["5", "1"], ["5", "2"]]},
        {"bids": [["4.000002", "1"]]},
        {"asks": [["0", "1"]]},
        {"asks": [["5", "-1"]]},
        {"asks": [["NaN", "1"]]},
        {"asks": [["5"]]},
        {"asks": [[None, "1"]]},
        {"asks": None},
        {"asks": [{"price": "5"}]},
    ],
    ids=lambda one: str(one)[:40],
)
@pytest.mark.parametrize("venue", ["binance", "okx"])
def test_a_book_that_cannot_be_right_is_refused_whole(venue: str, changed: dict[str, object]) -> None:
    sides = {**BINANCE, **changed}
    told = sides if venue == "binance" else {**OKX, "data": [{**sides, "ts": "1629966436396"}]}
    with pytest.raises(MalformedPayloadError, match=r"depth|books"):
        read(venue, told)


@pytest.mark.parametrize("data", [[], [OKX["data"][0]] * 2, None])
def test_an_answer_of_none_or_several_books_is_refused(data: object) -> None:
    with pytest.raises(MalformedPayloadError):
        read("okx", {**OKX, "data": data})


@pytest.mark.parametrize("venue", ["binance", "okx"])
def test_of_what_is_no_spot_market_nothing_is_asked(venue: str) -> None:
    for other in (market(venue, "X", InstrumentKind.PERPETUAL), market("elsewhere", "BTCUSDT")):
        with pytest.raises(UnknownInstrumentError, match="no spot market"):
            read(venue, {}, other)


def test_the_simulated_venue_shows_the_book_that_its_orders_meet() -> None:
    async def scenario() -> tuple[OrderBook, list[tuple[tuple[Decimal, Decimal], ...]]]:
        async with open_lab() as lab:
            source = connector("binance")
            assert isinstance(source, BookConnector)
            api = lab.network.transport(source, _forget, account="a", base_url="https://venue.test")
            quote = lab.world.quote(lab.world.market.instruments["binance", "BTC-USDT"])
            found = await source.book(api, MARKETS["binance"])
            return found, [lab.world.levels(quote, side) for side in ("buy", "sell")]

    found, truth = asyncio.run(scenario())
    assert [found.bids, found.asks] == truth


async def _forget(payload: Payload) -> None:
    del payload
