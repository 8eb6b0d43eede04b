"""Bybit's streams over real sockets: they state what requests state, whatever else is asked for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from tests.connect import test_streaming as streaming

from truenav.core.facts import QuoteKind
from truenav.core.ids import InstrumentId

MARKS = {"BTC-USDT-SWAP": "bybit-contract:BTCUSDT", "BTC-USD-SWAP": "bybit-contract:BTCUSD"}


@pytest.fixture(autouse=True)
def world_with_bybit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "SCENARIO", Path(__file__).with_name("scenario.toml"))


def test_streams_state_prices_at_once_beside_a_market_that_is_listed_no_more() -> None:
    async def scenario() -> None:
        async with streaming.venue() as place:
            context = await place.market("bybit")
            known = context.instruments.instruments
            perpetual = known[InstrumentId("bybit-contract:BTCUSDT")]
            old = replace(perpetual, id=InstrumentId("bybit-contract:OLD"), code="OLD")
            streams = place.streams("bybit", context.with_instruments((old,)))
            assert len(streams) == 4
            async with streaming.running(*streams):
                wanted = {one.id for one in known.values() if one.kind.value != "spot"}
                await streaming.until(lambda: wanted <= place.prices(QuoteKind.MARK).keys())
                marks = place.prices(QuoteKind.MARK)
                for key, name in MARKS.items():
                    item = place.world.market.instrument("bybit", key)
                    assert marks[name] == place.world.mark(item)
                assert len(place.prices(QuoteKind.LAST)) == 2
                await place.control("mark", venue="bybit", instrument="BTC-USDT-SWAP", price="41234.5")
                await streaming.until(
                    lambda: place.prices(QuoteKind.MARK)[MARKS["BTC-USDT-SWAP"]] == Decimal("41234.5")
                )
                assert not any(stream.health.reconnects for stream in streams)

    asyncio.run(scenario())
