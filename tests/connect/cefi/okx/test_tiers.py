"""Leverage tiers: asked for where there are positions, once a day, and what the venue computes by them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from truenav.connect.contract import Errand
from truenav.connect.registry import connector
from truenav.connect.tiers import read_tiers
from truenav.core.facts import PositionSnapshot
from truenav.core.leverage import Measure
from truenav.simulator.numbers import exact

NAME = "okx-arbitrage"


def test_families_of_positions_are_asked_for_once_a_day_and_give_the_venues_own_margin(lab):
    async def run():
        async with lab() as world:
            context = await world.market("okx")
            since = world.clock.now()

            async def gather(cursors):
                errand = Errand(world.account(NAME), world.credentials(NAME), context, cursors, since=since)
                got = await connector("okx").gather_account(world.transport("okx", NAME), errand)
                return got, [one for one in got.evidence if one.endpoint == "position-tiers/1"]

            first, asked = await gather({})
            assert not first.failures
            assert not (await gather(first.cursors))[1]
            world.clock.advance(timedelta(days=1))
            assert len((await gather(first.cursors))[1]) == len(asked)
            await refused(world, gather)
            payloads = [one for one in world.archived if one.evidence in asked]
            return payloads, context, world.world

    async def refused(world, gather):
        world.world.faults.add({"kind": "html", "status": 200, "path": "position-tiers"})
        got, asked = await gather({})
        assert {one.message.partition("?")[0] for one in got.failures} == {"position-tiers/1"}
        assert not asked
        assert any(isinstance(fact.body, PositionSnapshot) for fact in got.facts)
        assert not any(name.startswith("position-tiers/1") for name in got.cursors)

    payloads, context, world = asyncio.run(run())
    families = {tuple(dict(one.evidence.request.params).values()) for one in payloads}
    assert ("SWAP", "cross", "BTC-USDT") in families
    assert len(families) == len(payloads)
    found = {
        tiers.instrument: tiers for one in payloads for tiers in read_tiers(one.evidence, one.body, context)
    }
    compared = 0
    with exact():
        for position in world.books(NAME).positions.values():
            item = position.instrument
            tiers, mark = found.get(f"okx:{item.key}"), world.marked(item)
            if tiers is not None:
                assert tiers.measure is Measure.CONTRACTS
                units = item.multiplier * abs(position.size)
                value = units / mark if item.inverse else units * mark
                needed = world.tiers.maintenance("okx", item, position.size, mark)
                assert tiers.maintenance_margin(position.size, value) == needed
                compared += 1
    assert compared >= 3
