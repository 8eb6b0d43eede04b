"""Binance's published funding rates: all of a span, each once, with the payload that stated it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

import httpx
import pytest
from tests.connect.line import Line, open_line

from truenav.connect.contract import Payload
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.rates import FundingConnector, FundingRate
from truenav.connect.registry import connector
from truenav.core.instrument import Instrument, InstrumentKind, UnknownInstrumentError

from .conftest import START, open_lab

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
HOURS = timedelta(hours=8)


def contract(id: str = "binance-usdm:BTCUSDT") -> Instrument:
    return Instrument(id, "binance", "BTCUSDT", InstrumentKind.PERPETUAL, "btc", "usdt", "usdt", Decimal(1))


def row(at: datetime, rate: str = "0.00010000", symbol: str = "BTCUSDT") -> dict[str, object]:
    stamp = round(at.timestamp() * 1000)
    return {"symbol": symbol, "fundingTime": stamp, "fundingRate": rate, "markPrice": "34287.54619963"}


def read(
    answer: Callable[[httpx.Request], httpx.Response],
    *,
    after: datetime = MIDNIGHT - HOURS,
    until: datetime = NOW,
    instrument: Instrument | None = None,
) -> tuple[tuple[FundingRate, ...], Line]:
    async def scenario() -> tuple[tuple[FundingRate, ...], Line]:
        async with open_line(Line, "binance", answer, now=NOW) as line:
            assert isinstance(line.connector, FundingConnector)
            asked = instrument or contract()
            found = await line.connector.funding_rates(line.transport(), asked, after=after, until=until)
            return found, line

    return asyncio.run(scenario())


def venue_of(rates: list[dict[str, object]]) -> Callable[[httpx.Request], httpx.Response]:
    """A venue that answers as documented: ascending, from startTime to endTime, no more than the limit."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = dict(parse_qsl(request.url.query.decode()))
        first, last = int(asked["startTime"]), int(asked["endTime"])
        found = [one for one in rates if first <= int(str(one["fundingTime"])) <= last]
        return httpx.Response(200, json=found[: int(asked["limit"])])

    return answer


def test_rates_of_a_span_come_with_their_instants_digits_and_evidence() -> None:
    late = MIDNIGHT + HOURS + timedelta(milliseconds=3)  # Binance charges some milliseconds after the hour
    rows = [row(MIDNIGHT, "-0.00375000"), row(late, "0.00007123")]
    found, line = read(venue_of(rows))
    assert [(one.at, one.rate) for one in found] == [
        (MIDNIGHT, Decimal("-0.00375")),
        (late, Decimal("0.00007123")),
    ]
    assert {one.evidence for one in found} == {line.archived[0].evidence.sha256}
    assert json.loads(line.archived[0].body) == rows


def test_the_rate_at_the_beginning_was_charged_before_and_the_one_at_the_end_is_not_forgotten() -> None:
    rows = [row(MIDNIGHT), row(MIDNIGHT + HOURS), row(MIDNIGHT + 2 * HOURS)]
    found, _ = read(venue_of(rows), after=MIDNIGHT, until=MIDNIGHT + HOURS)
    assert [one.at for one in found] == [MIDNIGHT + HOURS]


def test_a_history_of_more_than_a_page_is_read_to_its_end_without_a_hole() -> None:
    rows = [row(MIDNIGHT + number * timedelta(minutes=1)) for number in range(-2500, 0)]
    found, line = read(venue_of(rows), after=MIDNIGHT - timedelta(days=3), until=NOW)
    assert [one.at for one in found] == [MIDNIGHT + n * timedelta(minutes=1) for n in range(-2500, 0)]
    assert len(line.asked) == 3


def test_what_lies_outside_of_the_span_is_left_out_though_the_venue_tells_it() -> None:
    rows = [row(MIDNIGHT - 3 * HOURS), row(MIDNIGHT), row(MIDNIGHT + 5 * HOURS)]
    found, _ = read(lambda _: httpx.Response(200, json=rows))
    assert [one.at for one in found] == [MIDNIGHT]


@pytest.mark.parametrize(
    "rows",
    [
        [row(MIDNIGHT, symbol="ETHUSDT")],
        [row(MIDNIGHT), row(MIDNIGHT)],
        [row(MIDNIGHT), row(MIDNIGHT - HOURS)],
        [row(MIDNIGHT, "NaN")],
        [row(MIDNIGHT, "")],
        [{"symbol": "BTCUSDT", "fundingRate": "0.0001"}],
        {"symbol": "BTCUSDT"},
    ],
    ids=["other contract", "twice", "out of order", "NaN", "no rate", "no time", "no list"],
)
def test_a_page_that_cannot_be_right_gives_no_rate_at_all(rows: object) -> None:
    with pytest.raises(MalformedPayloadError, match="fundingRate"):
        read(lambda _: httpx.Response(200, json=rows))


def test_of_a_contract_that_pays_no_such_funding_nothing_is_asked() -> None:
    with pytest.raises(UnknownInstrumentError, match="USD-M"):
        read(venue_of([]), instrument=contract("binance-coinm:BTCUSD_PERP"))


def test_the_simulated_venue_tells_the_rates_that_its_accounts_are_charged() -> None:
    async def scenario() -> tuple[tuple[FundingRate, ...], list[tuple[datetime, Decimal]]]:
        async with open_lab() as lab:
            source = connector("binance")
            assert isinstance(source, FundingConnector)
            api = lab.network.transport(source, _forget, account="a", base_url="https://venue.test")
            span = (START - timedelta(hours=23), START)
            found = await source.funding_rates(api, contract(), after=span[0], until=span[1])
            truth = lab.world.market.funding["binance", "BTC-USDT-SWAP"].between(*span)
            return found, [(at, one.number) for at, one in truth]

    found, truth = asyncio.run(scenario())
    assert len(found) >= 2
    assert [(one.at, one.rate) for one in found] == truth


async def _forget(payload: Payload) -> None:
    del payload
