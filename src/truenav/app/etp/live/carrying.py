"""Carries out what people want of a running product: each wish becomes a deed, or is refused with the reason.

What cannot be decided yet (no fresh NAV, a dealing time to come, a product that has not opened) waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from truenav.app.etp.live.product import NotOpenError, RunningProduct
from truenav.calc.etp.engine.adjustments import UnitChange
from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.simulate import terms_at
from truenav.calc.etp.live.dealing import (
    DealingHaltedError,
    DealingQuote,
    DealingRefusedError,
    Execution,
    Request,
    StaleNavError,
    batch,
    dealing_instant,
    fresh_nav,
    settle,
)
from truenav.calc.etp.live.deeds import Approved, Changed, Closed, Dealt, Halted, What
from truenav.calc.etp.live.state import SECOND, LiveProduct
from truenav.calc.etp.live.units import unit_plan
from truenav.core.basket import Side
from truenav.core.failure import TruenavError
from truenav.core.instruction import (
    ApproveProposal,
    ChangeUnits,
    CloseProposal,
    CreateUnits,
    HaltDealing,
    InstructionState,
    RedeemUnits,
)
from truenav.core.money import ZERO
from truenav.core.product import Fractions, Terms
from truenav.store.instructions import Instruction


def carry_out(
    running: RunningProduct, approved: Sequence[Instruction], *, at: datetime, dealt: Decimal
) -> Iterator[tuple[Instruction, Instruction]]:
    """Do what can be done now; gives each instruction that got on, before and after.

    ``dealt`` is what was dealt of the day's cap. A creation or redemption whose hedge must be traded first
    gets its estimate; `settled` ends it. Its units are those of the estimate, so a merge or split waits for
    it; what still waits for its dealing time is refused by the change: it was asked for in old units.
    """
    new = [one for one in approved if not running.knows(one.id)]
    under_way = [one.wish for one in new if one.estimate is not None]
    waiting: list[Instruction] = []
    for one in new:
        if isinstance(one.wish, CreateUnits | RedeemUnits):
            waiting += [one] if one.estimate is None else []
        elif not (under_way and isinstance(one.wish, ChangeUnits)):
            yield from _tried(running, one, at=at)
    if not waiting or running.live is None:
        return
    if (why := _changed_meanwhile(running, new)) is not None:
        yield from ((one, _refused(one, why, at=at)) for one in waiting)
        return
    bound = sum((wish.units for wish in under_way if isinstance(wish, RedeemUnits)), ZERO)
    yield from _deal(running, running.live, waiting, at=at, dealt=dealt, bound=bound)


def _changed_meanwhile(running: RunningProduct, new: Sequence[Instruction]) -> DealingRefusedError | None:
    """Why nothing that waits is dealt any more, where a merge or split was carried out just now."""
    for one in new:
        if isinstance(one.wish, ChangeUnits) and running.knows(one.id):
            ratio = f"{one.wish.old}:{one.wish.new}"
            return DealingRefusedError(
                f"The units of {running.listing.id} were changed {ratio} meanwhile; ask for new ones."
            )
    return None


def settled(
    running: RunningProduct, instruction: Instruction, execution: Execution | None, *, at: datetime
) -> tuple[Instruction, Instruction]:
    """End a creation or redemption at its estimate, once its hedge was traded; none is in kind."""
    assert instruction.estimate is not None
    try:
        final = settle(instruction.estimate, execution)
        running.act(instruction.id, Dealt(final), by=instruction.made_by, at=at)
    except DealingRefusedError as error:
        return instruction, _refused(instruction, error, at=at)
    done = replace(instruction, state=InstructionState.DONE, settlement=final, ended_at=at)
    return instruction, done


def needs_hedge(live: LiveProduct, instruction: Instruction) -> bool:
    """Whether a creation or redemption is traded before it is settled: in cash, of a hedged product."""
    assert isinstance(instruction.wish, CreateUnits | RedeemUnits)
    return live.actual is not None and not instruction.wish.in_kind


def _tried(
    running: RunningProduct, instruction: Instruction, *, at: datetime
) -> Iterator[tuple[Instruction, Instruction]]:
    live = running.live
    if live is None:
        return
    terms = terms_at(running.listing.product, live.mark.at)
    try:
        what = _deed(live, terms, instruction, at=microseconds(at))
        running.act(instruction.id, what, by=instruction.approved_by or instruction.made_by, at=at)
    except (StaleNavError, NotOpenError):
        return
    except TruenavError as error:
        yield instruction, _refused(instruction, error, at=at)
    else:
        yield instruction, replace(instruction, state=InstructionState.DONE, ended_at=at)


def _deed(live: LiveProduct, terms: Terms, instruction: Instruction, *, at: int) -> What:
    match instruction.wish:
        case ApproveProposal(number):
            return Approved(number)
        case CloseProposal(number, rest_minutes, why):
            return Closed(number, at + rest_minutes * 60 * SECOND if rest_minutes else 0, why)
        case HaltDealing(halted, why):
            return Halted(halted, why)
        case ChangeUnits(old, new, holders, cancelled):
            fresh_nav(live, terms, at)
            fractions = Fractions.KEPT if terms.merge is None else terms.merge.fractions
            change = UnitChange(old, new)
            plan = unit_plan(live, change, holders, fractions=fractions, open_orders=cancelled)
            return Changed(plan, cancelled)
        case _:
            raise AssertionError(f"{instruction.id} is no deed of its own")


def _deal(
    running: RunningProduct,
    live: LiveProduct,
    waiting: Sequence[Instruction],
    *,
    at: datetime,
    dealt: Decimal,
    bound: Decimal,
) -> Iterator[tuple[Instruction, Instruction]]:
    """The creations and redemptions whose dealing time a mark has reached, all at its NAV."""
    terms = terms_at(running.listing.product, live.mark.at)
    due = {one.id: one for one in waiting if dealing_instant(terms, _received(one)) <= live.mark.at}
    if not due:
        return
    for one in tuple(due.values()):
        if _in_kind(one) and not terms.dealing.in_kind:
            error = DealingRefusedError(f"{live.product} is not created or redeemed in kind.")
            yield one, _refused(due.pop(one.id), error, at=at)
    requests = [_request(one) for one in due.values()]
    try:
        found = batch(live, terms, requests, at=microseconds(at), dealt=dealt, bound=bound)
    except StaleNavError:
        return
    except DealingHaltedError as error:
        yield from ((one, _refused(one, error, at=at)) for one in due.values())
        return
    for refused in found.refused:
        one = due[refused.request.id]
        yield one, replace(one, state=InstructionState.REFUSED, outcome=refused.why, ended_at=at)
    for quote in found.quotes:
        yield _estimated(running, live, due[quote.request.id], quote, at=at)


def _estimated(
    running: RunningProduct, live: LiveProduct, one: Instruction, quote: DealingQuote, *, at: datetime
) -> tuple[Instruction, Instruction]:
    estimated = replace(one, estimate=quote)
    if needs_hedge(live, one):
        return one, estimated
    _, after = settled(running, estimated, None, at=at)
    return one, after


def _request(instruction: Instruction) -> Request:
    wish = instruction.wish
    assert isinstance(wish, CreateUnits | RedeemUnits)
    side = Side.CREATE if isinstance(wish, CreateUnits) else Side.REDEEM
    return Request(instruction.id, side, wish.units, _received(instruction))


def _received(instruction: Instruction) -> int:
    """When a request was complete: its dealing time must not be known to whoever approves it."""
    assert instruction.approved_at is not None
    return microseconds(instruction.approved_at)


def _in_kind(instruction: Instruction) -> bool:
    assert isinstance(instruction.wish, CreateUnits | RedeemUnits)
    return instruction.wish.in_kind


def _refused(instruction: Instruction, error: TruenavError, *, at: datetime) -> Instruction:
    return replace(instruction, state=InstructionState.REFUSED, outcome=error.message, ended_at=at)
