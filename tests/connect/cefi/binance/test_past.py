"""Which pairs are asked for trades: none that was traded is forgotten, though the venue lists none."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from truenav.core.facts import Trade
from truenav.core.instrument import InstrumentBook

NAME = "binance-busy"
TRADES = "spot.trades/1"


def asked(world, since=0):
    """The pairs that were asked for trades, of the answers after a number of them."""
    told = [one.evidence for one in world.archived[since:]]
    return {dict(one.request.params)["symbol"] for one in told if one.endpoint == TRADES}


def gatherings(lab, *pauses, fault=None):
    """The pairs asked for at each gathering, and where each ended; before all but the first, time passes."""

    async def run():
        async with lab() as world:
            context = await world.market("binance")
            pairs = {one.code for one in context.instruments.versions if one.id.startswith("binance:")}
            cursors, found = {}, []
            for pause in (timedelta(0), *pauses):
                world.clock.advance(pause)
                if fault is not None and not found:
                    world.world.faults.add(fault)
                before = len(world.archived)
                got = await world.gather(NAME, context, cursors)
                world.world.faults.clear()
                cursors |= got.cursors
                found.append((asked(world, before), dict(cursors)))
            return pairs, found

    return asyncio.run(run())


def test_every_pair_is_asked_for_at_first_and_once_a_day(lab):
    pairs, found = gatherings(lab, timedelta(hours=1), timedelta(hours=24))
    first, soon, next_day = (some for some, _ in found)
    assert first == next_day == pairs
    assert soon < pairs


def test_a_look_that_could_not_see_every_pair_is_no_look(lab):
    fault = {"kind": "truncate", "path": "myTrades"}
    pairs, found = gatherings(lab, timedelta(minutes=5), timedelta(minutes=5), fault=fault)
    (_, failed), (again, seen), (soon, _) = found
    assert TRADES not in failed
    assert again == pairs
    assert TRADES in seen
    assert soon < pairs


def fills(got):
    return {fact.key_hash for fact in got.facts if isinstance(fact.body, Trade)}


def test_a_look_that_was_answered_with_empty_pages_forgets_no_trade(lab):
    async def run():
        async with lab() as world:
            context = await world.market("binance")
            world.world.faults.add({"kind": "empty_page", "path": "myTrades"})
            first = await world.gather(NAME, context)
            world.world.faults.clear()
            world.clock.advance(timedelta(hours=25))
            second = await world.gather(NAME, context, first.cursors)
            return fills(first), fills(second), fills(await world.gather(NAME, context))

    first, second, all_of_them = asyncio.run(run())
    assert first < all_of_them
    assert first | second == all_of_them


def test_a_look_before_the_pairs_were_known_is_no_look(lab):
    async def run():
        async with lab() as world:
            context = await world.market("binance")
            first = await world.gather(NAME, replace(context, instruments=InstrumentBook(())))
            world.clock.advance(timedelta(hours=1))
            second = await world.gather(NAME, context, dict(first.cursors))
            return fills(second), fills(await world.gather(NAME, context))

    late, all_of_them = asyncio.run(run())
    assert late == all_of_them != set()
