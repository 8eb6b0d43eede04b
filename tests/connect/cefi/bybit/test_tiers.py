"""Leverage tiers: asked for where there are positions, once a day, and what the venue computes by them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from truenav.connect.contract import Errand
from truenav.connect.registry import connector
from truenav.connect.tiers import read_tiers
from truenav.core.leverage import Measure
from truenav.simulator.bybit.rules import symbol_of
from truenav.simulator.contracts import notional
from truenav.simulator.numbers import exact

NAME = "bybit-busy"


def test_contracts_that_are_held_are_asked_for_once_a_day_and_give_the_venues_own_margin(lab):
    async def run():
        async with lab() as world:
            context = await world.market("bybit")
            since = world.clock.now()

            async def gather(cursors):
                errand = Errand(world.account(NAME), world.credentials(NAME), context, cursors, since=since)
                got = await connector("bybit").gather_account(world.transport("bybit", NAME), errand)
                assert not got.failures
                return got, [one for one in got.evidence if one.endpoint == "risk-limit/1"]

            first, asked = await gather({})
            assert not (await gather(first.cursors))[1]
            world.clock.advance(timedelta(days=1))
            assert len((await gather(first.cursors))[1]) == len(asked)
            return [one for one in world.archived if one.evidence in asked], context, world.world

    payloads, context, world = asyncio.run(run())
    read = [tiers for one in payloads for tiers in read_tiers(one.evidence, one.body, context)]
    found = {tiers.instrument: tiers for tiers in read}
    assert len(found) == len(payloads)
    held = [one for one in world.books(NAME).positions.values() if one.instrument.kind != "option"]
    assert {one.instrument.inverse for one in held} == {True, False}
    with exact():
        for position in held:
            item = position.instrument
            tiers, mark = found[f"bybit-contract:{symbol_of(item)}"], world.marked(item)
            assert tiers.measure is Measure.VALUE
            value = notional(item, abs(position.size), mark)
            needed = world.tiers.maintenance("bybit", item, position.size, mark)
            assert tiers.maintenance_margin(value, value) == needed
