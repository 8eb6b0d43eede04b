"""What people want of a running product, carried out or refused while other wishes are under way."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from tests.app.trading.desk import DESK

from truenav.app.etp.live.product import replayed
from truenav.core.canonical import canonical_json
from truenav.core.instruction import ChangeUnits, CreateUnits, InstructionState, RedeemUnits

from ..listings import listing

D = Decimal


def _opened(following, **changed):
    following.list(listing(opened_at=following.trading.clock.now(), opening_units=D(1000), **changed))
    following.told(following.trading.mark(), 0)
    following.tended()


def _asked(following, wish) -> str:
    """Asked for by one person and approved by another."""
    name = following.asks(wish)
    following.approves(name)
    return name


def _quoted(following, units: int, seconds: int) -> str:
    """A redemption that is quoted, and whose hedge is not traded yet."""
    name = _asked(following, RedeemUnits("maker", D(units)))
    following.trading.later(seconds=1)
    following.told(following.trading.mark(), seconds)
    _carried_out(following)
    return name


def _carried_out(following) -> None:
    """Once, and nothing is traded."""

    async def once() -> None:
        hedger = following.hedger()
        await following.products.tend(hedger)
        await hedger.close()

    asyncio.run(once())


HEDGED = {"hedge_account": DESK, "automatic_up_to": D(1_000_000)}


def test_units_whose_hedge_is_being_sold_are_not_redeemed_a_second_time(following):
    _opened(following, **HEDGED)
    first, second = _quoted(following, 600, 5), _quoted(following, 500, 6)
    assert following.instruction(first).estimate is not None
    found = following.instruction(second)
    assert (found.state, found.estimate) == (InstructionState.REFUSED, None)
    assert "Of 1000 units outstanding 400 are left" in found.outcome


def test_a_merge_waits_for_units_whose_hedge_is_being_sold(following):
    """They are as many as they were when they were quoted: 600 of 1,000, and not of 100."""
    _opened(following, **HEDGED)
    redeemed = _quoted(following, 600, 5)
    merged = _asked(following, ChangeUnits(10, 1, {"anna": D(400)}))
    _carried_out(following)
    assert following.instruction(merged).state is InstructionState.APPROVED
    following.tended()
    following.written()
    assert {following.instruction(one).state for one in (redeemed, merged)} == {InstructionState.DONE}
    live = following.running().live
    assert (live.units, live.factor) == (40, 10)
    computed = replayed(following.chapters(), {1: following.listing()})
    assert [canonical_json(one) for one in computed] == [canonical_json(one) for one in following.chapters()]


def test_what_was_asked_for_in_old_units_is_not_dealt_in_new_ones(following):
    _opened(following)
    created = _asked(following, CreateUnits("maker", D(100)))
    merged = _asked(following, ChangeUnits(10, 1, {"anna": D(1000)}))
    _carried_out(following)
    following.trading.later(seconds=1)
    following.told(following.trading.mark(), 5)
    following.tended()
    following.written()
    assert following.instruction(merged).state is InstructionState.DONE
    found = following.instruction(created)
    assert (found.state, found.settlement) == (InstructionState.REFUSED, None)
    assert "changed 10:1 meanwhile" in found.outcome
    assert following.running().live.units == 100
