"""What people want of a product: asked for, approved by a second person, carried out once, or refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from truenav.app.etp import instructions
from truenav.app.sight import Sight
from truenav.calc.etp.live.state import HaltCause, basket, halts
from truenav.core.failure import ForbiddenError, InvalidInputError
from truenav.core.instruction import (
    ApproveProposal,
    ChangeUnits,
    CloseProposal,
    CreateUnits,
    HaltDealing,
    InstructionState,
    RedeemUnits,
)
from truenav.core.product import DailyTimes, Dealing, ShareMerge
from truenav.store import audit
from truenav.store.instructions import InstructionNotFoundError, InstructionOverError

from .listings import listing, terms

D = Decimal
DONE, REFUSED, WITHDRAWN = InstructionState.DONE, InstructionState.REFUSED, InstructionState.WITHDRAWN


@pytest.fixture
def opened(following):
    """A product whose model it is, with 1,000 units of 100."""
    return _opened(following)


def _opened(following, **rules):
    product = replace(listing().product, terms=(terms(**rules),))
    following.list(listing(opened_at=following.trading.clock.now(), product=product))
    following.told("50000", 0)
    return following


def _asked(following, wish):
    """Asked for by one person and approved by another."""
    asked = following.asks(wish)
    following.approves(asked)
    return asked


def _end(following, asked):
    following.tended()
    following.written()
    return following.instruction(asked)


def test_a_creation_waits_for_a_second_person_and_is_dealt_at_nav(opened):
    asked = opened.asks(CreateUnits("maker", D(50)))
    assert _end(opened, asked).state is InstructionState.REQUESTED
    opened.approves(asked)
    opened.trading.later(seconds=2)
    opened.told("50500", 3)
    done = _end(opened, asked)
    assert (done.state, done.settlement.total) == (DONE, 50 * D(103))
    assert opened.running().live.units == 1050
    assert done.chapter == 2


def test_whoever_asked_may_not_approve(opened):
    asked = opened.asks(CreateUnits("maker", D(50)), who="max")
    with pytest.raises(ForbiddenError, match="second person"):
        opened.approves(asked, who="max")
    assert opened.instruction(asked).state is InstructionState.REQUESTED


@pytest.mark.parametrize("roles", [("risk",), ("finance",), ("auditor",)])
def test_who_does_not_deal_asks_for_nothing(opened, roles):
    house, person = opened.trading.house, opened.person("rita", *roles)
    halt = HaltDealing(halted=True, why="x")
    with house.database.transaction(opened.trading.tenant) as session, pytest.raises(ForbiddenError):
        instructions.request(session, house, person, Sight(), "btc3l", halt)


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (CreateUnits("maker", D(0)), "units"),
        (CreateUnits("maker", D("1e77")), "units"),
        (RedeemUnits("maker", D(-1)), "units"),
        (ChangeUnits(3, 2, {"anna": D(1000)}), "3 units cannot become 2"),
        (ChangeUnits(0, 1, {"anna": D(1000)}), "0 units cannot become 1"),
        (CloseProposal(1, -1, "x"), "minutes"),
        (CloseProposal(1, 10**9, "x"), "minutes"),
        (CreateUnits("ma\0ker", D(1)), "control character"),
    ],
)
def test_what_nobody_can_carry_out_is_refused_when_it_is_asked_for(opened, wish, told):
    with pytest.raises(InvalidInputError, match=told):
        opened.asks(wish)


def test_a_reason_that_cannot_be_written_down_is_refused(opened):
    asked = opened.asks(CreateUnits("maker", D(50)))
    house, person = opened.trading.house, opened.person("max", "manager")
    for why in ("a\0b", "x" * 3000):
        with (
            house.database.transaction(opened.trading.tenant) as session,
            pytest.raises(InvalidInputError, match="why"),
        ):
            instructions.withdraw(session, house, person, Sight(), asked, why=why)


def test_a_halt_is_carried_out_at_once_and_stops_creations_until_it_ends(opened):
    following = opened
    following.asks(HaltDealing(halted=True, why="The custodian does not answer."))
    following.tended()
    live = following.running().live
    assert halts(live, following.listing().product.terms[0]) == {HaltCause.ISSUER}
    refused = _asked(following, CreateUnits("maker", D(50)))
    following.trading.later(seconds=1)
    following.told("50000", 2)
    found = _end(following, refused)
    assert (found.state, "issuer" in found.outcome) == (REFUSED, True)
    following.asks(HaltDealing(halted=False, why="It does."))
    following.tended()
    assert not following.running().live.halted


def test_a_request_waits_for_its_dealing_time_and_gets_the_nav_of_then(following):
    _opened(following, dealing=Dealing(at=DailyTimes(("12:40",)), redemption_fee=D("0.001")))
    asked = _asked(following, RedeemUnits("maker", D(100)))
    following.told("50400", 300)
    assert _end(following, asked).state is InstructionState.APPROVED
    following.told("51000", 601)  # opened at 12:30
    done = _end(following, asked)
    nav = basket(following.running().live).nav
    assert (done.state, done.settlement.total) == (DONE, 100 * nav * D("0.999"))
    assert nav == 106


def test_an_approval_after_the_dealing_time_waits_for_the_next(following):
    _opened(following, dealing=Dealing(at=DailyTimes(("12:40",))))
    asked = following.asks(CreateUnits("maker", D(100)))
    following.told("50400", 601)
    following.approves(asked)
    following.told("50400", 700)
    assert _end(following, asked).state is InstructionState.APPROVED


def test_the_daily_cap_holds_over_all_requests_of_a_day(following):
    _opened(following, dealing=Dealing(daily_cap=D(15_000)))
    first, second = (_asked(following, CreateUnits("maker", D(100))) for _ in range(2))
    following.trading.later(seconds=1)
    following.told("50000", 2)
    states = [_end(following, first).state, _end(following, second).state]
    assert sorted(states) == [DONE, REFUSED]
    third = _asked(following, CreateUnits("maker", D(60)))
    following.trading.later(seconds=1)
    following.told("50000", 5)
    assert "daily cap" in _end(following, third).outcome


def test_what_was_dealt_and_is_not_written_yet_counts_for_the_cap(following):
    _opened(following, dealing=Dealing(daily_cap=D(15_000)))
    first = _asked(following, CreateUnits("maker", D(100)))
    following.trading.later(seconds=1)
    following.told("50000", 2)
    following.tended()
    second = _asked(following, CreateUnits("maker", D(60)))
    following.trading.later(seconds=1)
    following.told("50000", 5)
    assert "daily cap" in _end(following, second).outcome
    assert following.instruction(first).state is DONE


def test_a_merge_gives_each_holder_what_is_his_and_is_done_once(following):
    _opened(following, merge=ShareMerge(D(1), 10))
    holders = {"anna": D("999.5"), "ben": D("0.5")}
    asked = _asked(following, ChangeUnits(10, 1, holders))
    done = _end(following, asked)
    live = following.running().live
    assert (done.state, live.units, live.factor) == (DONE, 100, 10)
    again = following.restarted()
    again.tended()
    assert again.running().live.units == 100


def test_units_asked_for_before_a_merge_are_not_approved_after_it(following):
    _opened(following, merge=ShareMerge(D(1), 10))
    before = following.asks(CreateUnits("maker", D(50)))
    following.trading.later(seconds=1)
    _end(following, _asked(following, ChangeUnits(10, 1, {"anna": D(1000)})))
    with pytest.raises(InstructionOverError, match="were changed 10:1 since"):
        following.approves(before)
    following.trading.later(seconds=1)
    after = _asked(following, CreateUnits("maker", D(5)))
    following.told("50000", 5)
    assert _end(following, after).state is DONE


def test_a_merge_of_other_holders_than_there_are_is_refused_with_the_reason(opened):
    asked = _asked(opened, ChangeUnits(10, 1, {"anna": D(999)}))
    found = _end(opened, asked)
    assert (found.state, "999" in found.outcome) == (REFUSED, True)
    assert opened.running().live.units == 1000


def test_what_is_withdrawn_is_not_carried_out_even_by_who_has_read_it_before(opened):
    asked = _asked(opened, ChangeUnits(10, 1, {"anna": D(1000)}))
    opened.written()
    opened.tended()
    assert opened.running().live.units == 100  # carried out, and not written yet
    house = opened.trading.house
    with house.database.transaction(opened.trading.tenant) as session:
        instructions.withdraw(
            session, house, opened.person("max", "manager"), Sight(), asked, why="wrong day"
        )
    opened.written()
    assert opened.running().live.units == 1000
    assert opened.instruction(asked).state is WITHDRAWN
    with (
        house.database.transaction(opened.trading.tenant) as session,
        pytest.raises(InstructionOverError),
    ):
        instructions.approve(session, house, opened.person("fay", "finance"), Sight(), asked)


def test_a_rebalance_that_is_not_open_cannot_be_approved(opened):
    asked = opened.asks(ApproveProposal(7))
    found = _end(opened, asked)
    assert (found.state, "not open" in found.outcome) == (REFUSED, True)


def test_a_product_that_has_not_opened_lets_all_wait(following):
    following.list(listing(opened_at=following.trading.clock.now()))
    asked = following.asks(HaltDealing(halted=True, why="not yet"))
    assert _end(following, asked).state is InstructionState.APPROVED


def test_what_waits_for_a_product_that_ended_is_refused_and_not_done_if_it_is_listed_again(opened):
    requested = opened.asks(CreateUnits("maker", D(50)))
    approved = _asked(opened, CreateUnits("maker", D(60)))
    listed = opened.listing()
    opened.ends()
    for one in (requested, approved):
        found = opened.instruction(one)
        assert (found.state, found.outcome) == (REFUSED, "The product has ended.")
    opened.list(listed)
    opened.trading.later(seconds=1)
    opened.told("50000", 2)
    opened.tended()
    assert opened.running().live.units == 1000


def test_who_asked_who_approved_and_who_carried_out_is_in_the_audit_trail(opened):
    asked = _asked(opened, ChangeUnits(10, 1, {"anna": D(1000)}))
    _end(opened, asked)
    with opened.trading.house.database.transaction(opened.trading.tenant) as session:
        trail = [(one.actor, one.action) for one in audit.entries(session) if one.subject == asked]
    assert trail == [("max", "product.request"), ("fay", "product.approve"), ("system", "product.done")]


def test_a_product_out_of_sight_has_no_instructions(opened):
    asked = opened.asks(HaltDealing(halted=True, why="x"))
    house = opened.trading.house
    with house.database.transaction(opened.trading.tenant) as session:
        person, sight = opened.person("max", "manager"), Sight(frozenset({"elsewhere"}))
        listed = instructions.list_page(session, person, sight, listing=None, after=None, limit=9)
        assert listed == ()
        with pytest.raises(InstructionNotFoundError):
            instructions.find(session, person, sight, asked)
