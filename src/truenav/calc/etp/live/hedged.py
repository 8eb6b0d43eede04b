"""A product that holds what was really traded: rebalances are proposed, and done by fills.

Its model runs beside it to tell how far both are apart. Instants are microseconds since 1970 (UTC).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from truenav.calc.etp.engine.history import LARGEST_JUMP
from truenav.calc.etp.engine.stepping import (
    RUINED,
    SCHEDULED,
    TRIGGERED,
    Limits,
    Paid,
    State,
    bounds,
    is_reached,
    net_value,
    rebalanced,
    step,
)
from truenav.calc.etp.live.model import Now, Outcome, event_at, stepped
from truenav.calc.etp.live.state import (
    Fill,
    Holding,
    LimitKind,
    LiveProduct,
    Proposal,
    ProposalKind,
    Reached,
    Rebalance,
    Step,
    basket,
    issued_units,
    shared,
)
from truenav.core.failure import ConflictError, InvalidInputError
from truenav.core.money import ONE, ZERO, exact, to_text
from truenav.core.product import Terms


class FillRefusedError(InvalidInputError):
    """A fill cannot be booked: not a trade, booked before, or of a product that trades nothing."""

    code = "fill-refused"
    title = "The fill cannot be booked"


class NoProposalError(ConflictError):
    """No rebalance waits to be done."""

    code = "no-proposal"
    title = "No rebalance waits to be done"


@dataclass(frozen=True, slots=True)
class Tracking:
    """The model beside what was really traded: NAVs of one present unit, positions of all units together.

    ``difference`` is actual less model NAV, ``relative`` the same over the model's (unknown where that is 0).
    ``open_order`` is what an open proposal still has to trade.
    """

    at: int
    price: Decimal
    model_nav: Decimal
    actual_nav: Decimal
    difference: Decimal
    relative: Decimal | None
    model_position: Decimal
    actual_position: Decimal
    open_order: Decimal


def opening(live: LiveProduct, terms: Terms, cash: Decimal) -> LiveProduct:
    """A product whose units are all cash, with a proposal to buy what they stand for."""
    begun = Holding(ZERO, cash, live.price, 0, live.mark.at)
    opened = replace(live, actual=begun)
    wish = _Wish(terms.target, 0, ProposalKind.OPENING, ())
    return replace(opened, proposal=_proposed(opened, begun, wish, terms.trading_cost), proposals=1)


def remaining(live: LiveProduct) -> Decimal:
    """Underlying that an open proposal still has to buy (sell is negative); 0 without one.

    It is measured on the position, so that late fills of an order that was replaced count.
    """
    if live.proposal is None or live.actual is None:
        return ZERO
    with exact():
        return live.proposal.wanted - live.actual.position


def filled(live: LiveProduct, fill: Fill, *, largest_jump: Decimal = LARGEST_JUMP) -> LiveProduct:
    """Book a fill: position and cash are what was really traded.

    A trade is a fact, so one that comes late or overshoots the order is booked, too; `FillRefusedError` only
    where it cannot be one of this product: no quantity, no price, one far from the mark, or booked already.
    """
    if live.actual is None:
        raise _bad_fill(fill, f"{live.product} holds what its rules say, and trades nothing")
    if not (fill.quantity.is_finite() and fill.quantity != 0):
        raise _bad_fill(fill, "it has no quantity")
    if not (fill.price.is_finite() and fill.price > 0 and fill.fee.is_finite()):
        raise _bad_fill(fill, "its price is not above 0, or its fee is no number")
    if any(one.id == fill.id for one in live.fills):
        raise _bad_fill(fill, "it was booked already")
    with exact():
        if fill.price > live.price * largest_jump or fill.price * largest_jump < live.price:
            raise _bad_fill(fill, f"its price is far from the mark {to_text(live.price)}")
        paid = fill.quantity * fill.price + fill.fee
        actual = replace(
            live.actual, position=live.actual.position + fill.quantity, cash=live.actual.cash - paid
        )
    return replace(live, actual=actual, fills=(*live.fills, fill))


def closed(live: LiveProduct, *, at: int, rests_until: int = 0) -> tuple[LiveProduct, Rebalance]:
    """End the open proposal, done or not.

    What was not traded stays as it is and shows in the leverage. Price moves count from the proposal's mark
    on, unless nothing was traded: then the rebalance did not take place, and the trigger asks for it again at
    the next mark, also where its rules let it sleep after a rebalance. Whoever declines one says until when
    the trigger shall rest; the schedule does not, nor is ruin overlooked meanwhile.
    """
    if live.proposal is None or live.actual is None:
        raise NoProposalError(f"{live.product} has no open proposal to close.", product=live.product)
    with exact():
        done = _rebalance(live, live.proposal, live.actual, at)
    rests = max(live.actual.sleeps_until, rests_until) if live.fills else rests_until
    actual = replace(live.actual, reference=_reference(live, live.actual), sleeps_until=rests)
    return _without(replace(live, actual=actual)), done


def tracking(live: LiveProduct) -> Tracking | None:
    """How far what was really traded is from the model; none where the model is the product."""
    if live.actual is None:
        return None
    with exact():
        model = net_value(live.model.state, live.price) * live.factor
        actual = basket(live).nav
        return Tracking(
            at=live.mark.at,
            price=live.price,
            model_nav=model,
            actual_nav=actual,
            difference=actual - model,
            relative=(actual - model) / model if model > 0 else None,
            model_position=live.model.position * issued_units(live),
            actual_position=live.actual.position,
            open_order=remaining(live),
        )


def _bad_fill(fill: Fill, why: str) -> FillRefusedError:
    return FillRefusedError(f"Fill {fill.id}: {why}.", fill=fill.id)


def hedged_step(
    live: LiveProduct, actual: Holding, now: Now, *, is_due: bool
) -> tuple[LiveProduct, Step | None]:
    """The step of a hedged product: charges are taken, a rebalance is proposed; the model goes its own way.

    An order for a future that rolls away is over.
    """
    done = stepped(live.model, now, is_due=is_due)
    before, replaced = live, None
    if now.stop.roll != 1 and live.proposal is not None:
        live, replaced = closed(live, at=now.at)
    charged = _charged(live.actual or actual, now)
    live = replace(
        live,
        price=now.worth,
        model=live.model if done is None else done.holding,
        actual=charged.holding,
        ruined=charged.kind == RUINED,
        deficit=live.deficit + charged.paid.deficit,
    )
    wish = _wish(live, charged.holding, now, is_due=is_due)
    if wish is None and not is_due:
        return live, None
    opened = None
    if wish is not None:
        if _is_opening(before.proposal) and wish.kind is not ProposalKind.CLOSING:
            wish = wish._replace(kind=ProposalKind.OPENING)  # which is still to be done
        if live.proposal is not None:
            replaced = _rebalance(live, live.proposal, charged.holding, now.at)
        live, opened = _opened(live, charged.holding, now, wish)
    units = live.units * live.factor
    state = State(ZERO, ZERO, now.worth, 0) if live.ruined else shared(charged.holding.state, units)
    paid = Paid(*(part / units for part in charged.paid))
    event = event_at(before, now, shared(actual.state, units), state, paid, charged.kind)
    return live, Step(event, proposal=opened, replaced=replaced)


def _is_opening(proposal: Proposal | None) -> bool:
    return proposal is not None and proposal.kind is ProposalKind.OPENING


def _charged(actual: Holding, now: Now) -> Outcome:
    """A holding after roll, financing and fees; after ruin it still stands, to be closed by trades."""
    state, paid, kind = step(actual.state, now.price, now.stop._replace(share=ZERO), now.limits, False)
    if kind == RUINED:
        cash = actual.cash - paid.financing - paid.fees - paid.costs
        state = State(actual.position * now.stop.roll, cash, now.worth, 0)
    return Outcome(Holding(*state, sleeps_until=actual.sleeps_until), paid, kind)


class _Wish(NamedTuple):
    """A rebalance that is due: the leverage it goes to, the batches that follow, and why."""

    goal: Decimal
    batches: int
    kind: ProposalKind
    reached: tuple[Reached, ...]


def _wish(live: LiveProduct, actual: Holding, now: Now, *, is_due: bool) -> _Wish | None:
    """The rebalance that the rules ask for, judged on what is held once the open order is filled."""
    if live.ruined:
        return _Wish(ZERO, 0, ProposalKind.CLOSING, ())
    judged = _expected(live, actual, now.limits.cost)
    armed = now.at >= actual.sleeps_until
    if not is_due and not is_reached(bounds(judged, now.limits, armed), now.worth):
        return None
    uncharged = now.stop._replace(financing=ZERO, fee_nav=ZERO, fee_notional=ZERO, roll=ONE)
    state, _, kind = step(judged, now.worth, uncharged, now.limits, armed)
    if kind == RUINED:  # what is left cannot pay for the rebalance
        return _Wish(ZERO, 0, ProposalKind.CLOSING, ())
    if kind not in (SCHEDULED, TRIGGERED):
        return None
    goal = state.position * now.worth / net_value(state, now.worth)
    if abs(goal - now.limits.target) < _SLACK:
        goal = now.limits.target
    if kind == SCHEDULED:
        return _Wish(goal, state.batches, ProposalKind.SCHEDULED, ())
    reached = tuple(_reached(judged, now.worth, now.limits))
    return _Wish(goal, state.batches, ProposalKind.TRIGGERED, reached)


def _expected(live: LiveProduct, actual: Holding, cost: Decimal) -> State:
    """What is held once the open order is filled at the mark, at the cost of the rules."""
    if live.proposal is None:
        return actual.state
    rest = live.proposal.wanted - actual.position
    paid = rest * live.price + abs(rest) * live.price * cost
    return State(actual.position + rest, actual.cash - paid, live.proposal.price, actual.batches)


def _opened(live: LiveProduct, actual: Holding, now: Now, wish: _Wish) -> tuple[LiveProduct, Proposal | None]:
    """The product with a rebalance proposed; where there is nothing to trade, it is done with that."""
    sleeping = replace(
        actual,
        reference=_reference(live, actual),
        batches=wish.batches,
        sleeps_until=now.at + now.rearm,
    )
    proposal = _proposed(live, actual, wish, now.limits.cost)
    if proposal.wanted == actual.position:
        return _without(replace(live, actual=replace(sleeping, reference=now.worth))), None
    opened = replace(_without(live), actual=sleeping, proposal=proposal, proposals=proposal.number)
    return opened, proposal


def _reference(live: LiveProduct, actual: Holding) -> Decimal:
    """What price moves count from once the open proposal is over: its mark, if something was traded."""
    return live.proposal.price if live.proposal is not None and live.fills else actual.reference


def _without(live: LiveProduct) -> LiveProduct:
    """The product without its proposal, and without all that is said of it."""
    return replace(live, proposal=None, fills=(), approved=None, trouble="")


def _proposed(live: LiveProduct, actual: Holding, wish: _Wish, cost: Decimal) -> Proposal:
    if live.ruined:
        wanted, paid = ZERO, abs(actual.position) * live.price * cost
    else:
        after, paid = rebalanced(actual.state, live.price, wish.goal, cost, 0)
        wanted = after.position
    return Proposal(
        number=live.proposals + 1,
        kind=wish.kind,
        reached=wish.reached,
        at=live.mark.at,
        price=live.price,
        source=live.mark.source,
        units=live.units,
        held=actual.position,
        wanted=wanted,
        goal=wish.goal,
        leverage_before=_leverage(actual.state, live.price),
        cost_estimate=paid,
        replaces=None if live.proposal is None else live.proposal.number,
    )


_SLACK = Decimal("1e-50")
"""Rounding of leverages and moves that are compared only to name a limit or a goal."""


def _reached(state: State, price: Decimal, limits: Limits) -> list[Reached]:
    """Which limits of the trigger a state has reached."""
    leverage = abs(state.position * price / net_value(state, price))
    move = price / state.reference - 1
    adverse = -move if state.position > 0 else move
    found = []
    if 0 < limits.above <= leverage * (1 + _SLACK):
        found.append(Reached(LimitKind.ABOVE, limits.above, leverage))
    if limits.below > 0 and leverage * (1 - _SLACK) <= limits.below:
        found.append(Reached(LimitKind.BELOW, limits.below, leverage))
    if 0 < limits.adverse <= adverse + _SLACK:
        found.append(Reached(LimitKind.ADVERSE, limits.adverse, adverse))
    if 0 < limits.favourable <= _SLACK - adverse:
        found.append(Reached(LimitKind.FAVOURABLE, limits.favourable, -adverse))
    return found


def _rebalance(live: LiveProduct, proposal: Proposal, actual: Holding, at: int) -> Rebalance:
    quantity = sum((fill.quantity for fill in live.fills), ZERO)
    value = sum((fill.quantity * fill.price for fill in live.fills), ZERO)
    fees = sum((fill.fee for fill in live.fills), ZERO)
    return Rebalance(
        proposal=proposal,
        closed_at=at,
        quantity=quantity,
        average_price=value / quantity if quantity != 0 else None,
        fees=fees,
        cost=value - quantity * proposal.price + fees,
        remainder=proposal.wanted - actual.position,
        leverage=_leverage(actual.state, live.price),
    )


def _leverage(state: State, price: Decimal) -> Decimal | None:
    worth = net_value(state, price)
    return state.position * price / worth if worth > 0 else None
