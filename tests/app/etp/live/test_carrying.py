"""What people want of a running product, carried out or refused while other wishes are under way."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from tests.app.trading.desk import DESK

from truenav.core.instruction import InstructionState, RedeemUnits

from ..listings import listing

D = Decimal


def test_units_whose_hedge_is_being_sold_are_not_redeemed_a_second_time(following):
    trading = following.trading
    hedged = {"hedge_account": DESK, "automatic_up_to": D(1_000_000), "opening_units": D(1000)}
    following.list(listing(opened_at=trading.clock.now(), **hedged))
    following.told(trading.mark(), 0)
    following.tended()

    def asked(units: int, place: int) -> str:
        """A redemption that is quoted, and whose hedge is not traded yet."""
        name = following.asks(RedeemUnits("maker", D(units)))
        following.approves(name)
        trading.later(seconds=1)
        following.told(trading.mark(), place)
        asyncio.run(quoted())
        return name

    async def quoted() -> None:
        hedger = following.hedger()
        await following.products.tend(hedger)
        await hedger.close()

    first, second = asked(600, 5), asked(500, 6)
    assert following.instruction(first).estimate is not None
    found = following.instruction(second)
    assert (found.state, found.estimate) == (InstructionState.REFUSED, None)
    assert "Of 1000 units outstanding 400 are left" in found.outcome
