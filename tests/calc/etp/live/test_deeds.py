"""Deeds: each does one thing to the product it was done to, at its mark, or is refused and does nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.calc.etp.live.worlds import D, after, at, opened, product, three_long

from truenav.calc.etp.live.deeds import (
    Approved,
    Closed,
    Compared,
    Deed,
    DeedOrderError,
    Filled,
    Halted,
    Stopped,
    What,
    done,
)
from truenav.calc.etp.live.hedged import NoProposalError, remaining
from truenav.calc.etp.live.state import Fill, HaltCause, LiveProduct, halts
from truenav.core.product import DailyTimes, Schedule

TERMS = three_long(schedules=(Schedule(DailyTimes(("20:02",))),))
RULES = product(TERMS)


def _live() -> LiveProduct:
    """A hedged product whose first order is open."""
    return opened(RULES, hedged=True).live


def _deed(live: LiveProduct, what: What) -> Deed:
    return Deed("d", live.mark.at + 1, "max", live.place, what)


def _after(live: LiveProduct, what: What) -> LiveProduct:
    return done(live, _deed(live, what))[0]


def test_an_approval_is_of_one_proposal_and_not_of_the_one_that_replaces_it():
    approved = _after(_live(), Approved(1))
    assert approved.approved == 1
    watched, _ = at(after(opened(RULES), approved), 101, minutes=2)
    assert (watched.live.proposal.number, watched.live.approved) == (2, None)


def test_who_stops_an_execution_takes_its_approval_back_until_it_is_approved_again():
    stopped = _after(_after(_live(), Approved(1)), Stopped(1, "no margin"))
    assert (stopped.approved, stopped.trouble) == (None, "no margin")
    again = _after(stopped, Approved(1))
    assert (again.approved, again.trouble) == (1, "")


@pytest.mark.parametrize("what", [Approved(2), Stopped(2, "x"), Closed(2, 0, "x")])
def test_what_is_done_to_a_proposal_that_is_not_open_is_refused(what):
    with pytest.raises(NoProposalError, match="Proposal 2 of BTC3L is not open"):
        _after(_live(), what)


@pytest.mark.parametrize("away", [-1, 1])
def test_a_deed_of_another_mark_is_refused(away):
    live = _live()
    with pytest.raises(DeedOrderError, match="after mark"):
        done(live, replace(_deed(live, Halted(True, "x")), after=live.place + away))


def test_a_fill_counts_also_for_an_order_that_is_over_and_a_closing_tells_what_became_of_it():
    live = _live()
    fill = Fill("f", live.mark.at, remaining(live), D(100))
    live = _after(live, Filled(7, fill))
    assert (live.actual.position, remaining(live)) == (30, 0)
    live, rebalance = done(live, _deed(live, Closed(1, live.mark.at + 5, "done")))
    assert live.proposal is None
    assert (rebalance.quantity, rebalance.remainder, rebalance.closed_at) == (30, 0, live.mark.at + 1)
    assert live.actual.sleeps_until == live.mark.at + 5


def test_the_issuer_halts_dealing_and_lets_it_go_on():
    live = opened(RULES).live
    halted = _after(live, Halted(True, "an audit"))
    assert halts(halted, TERMS) == {HaltCause.ISSUER}
    assert _after(halted, Halted(False, "it is over")) == live


def test_what_the_venue_holds_beside_the_product_is_noted_and_changes_nothing_else():
    live = _live()
    compared = _after(live, Compared(D("0.25")))
    assert compared == replace(live, unexplained=D("0.25"))
