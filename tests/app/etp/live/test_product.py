"""A listed product takes its marks as they come, and what it wrote can be computed again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from truenav.app.etp.live.product import DoneTwiceError, NotOpenError, RunningProduct, mark_key, replayed
from truenav.calc.etp.engine.adjustments import UnitChange, UnitChangeError
from truenav.calc.etp.engine.calendar import instant_of, microseconds
from truenav.calc.etp.engine.simulate import EventKind
from truenav.calc.etp.live.dealing import Request, settle
from truenav.calc.etp.live.dealing import quote as quote_of
from truenav.calc.etp.live.deeds import Approved, Changed, Closed, Compared, Dealt, Filled, Halted, Stopped
from truenav.calc.etp.live.hedged import NoProposalError, remaining
from truenav.calc.etp.live.state import Fill, basket
from truenav.calc.etp.live.units import unit_plan
from truenav.connect.rates import FundingRate
from truenav.core.basket import Side
from truenav.core.canonical import canonical_json, encode, restore
from truenav.core.facts import QuoteKind
from truenav.core.ids import AccountId, InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import Amount, AssetId, exact
from truenav.core.product import Fractions, Trigger
from truenav.store.products import Chapter

from ..listings import OPENED, listing, quote, terms

SECOND = timedelta(seconds=1)


def _seen(running, price, seconds):
    """The running product sees a price as soon as it was stated."""
    told = quote(price, seconds)
    return running.see(told, at=told.occurred_at)


def _written(running):
    """The next chapter, as it comes back from the journal."""
    chapter = running.chapter()
    again = restore(Chapter, encode(chapter))
    assert again == chapter
    running.written(chapter)
    return again


def test_the_first_mark_after_the_opening_issues_the_units():
    running = RunningProduct(listing(), 1, None)
    assert not _seen(running, "50000", -1)
    assert running.live is None
    assert _seen(running, "50000", 0)
    held = basket(running.live)
    assert (held.nav, held.leverage, running.live.units) == (100, 3, 1000)
    assert _written(running).number == 1
    assert running.chapter() is None


def test_the_daily_event_and_the_trigger_happen_once_each_and_are_written_with_their_marks():
    running = RunningProduct(listing(), 1, None)
    happened = [
        _seen(running, price, seconds)
        for price, seconds in (("50000", 0), ("50500", 60), ("50500", 180), ("45000", 240), ("44800", 250))
    ]
    assert happened == [True, False, True, False, True]
    chapter = _written(running)
    assert [step.event.kind for step in chapter.steps] == [EventKind.SCHEDULED, EventKind.TRIGGERED]
    assert [step.published for step in chapter.steps] == [Decimal("102.9691"), None]
    assert len(chapter.marks) == 5
    assert basket(running.live).leverage == pytest.approx(3, abs=Decimal("1e-60"))


def test_who_reads_all_chapters_computes_the_same_state_and_steps():
    running = RunningProduct(listing(), 1, None)
    prices = ("50000", "50100", "51200", "49000", "44100.5", "44900", "40000", "43210.9")
    chapters = []
    for number, price in enumerate(prices):
        _seen(running, price, 100 * number)
        if number % 3 == 2:
            chapters.append(_written(running))
    chapters.append(_written(running))
    computed = list(replayed(chapters, {1: running.listing}))
    assert [canonical_json(one) for one in computed] == [canonical_json(one) for one in chapters]
    steps = [step for chapter in chapters for step in chapter.steps]
    assert {step.event.kind for step in steps} == {EventKind.SCHEDULED, EventKind.TRIGGERED}


def _traded(running, id, *, price=None, share=1):
    """Part of what the open proposal still has to trade is filled at the mark, or at another price."""
    with exact():
        quantity = remaining(running.live) * share
    fill = Fill(id, running.live.mark.at, quantity, Decimal(price or running.live.price), Decimal(2))
    by_hand = Amount(Decimal("-0.001"), AssetId("binance:BNB"))
    what = Filled(running.live.proposal.number, fill, (by_hand,))
    running.act(id, what, by="system", at=instant_of(running.live.mark.at) + SECOND)


def _acts(running, id, what):
    running.act(id, what, by="max", at=instant_of(running.live.mark.at) + SECOND)


def _hedged_life():
    """A hedged product from its opening to a share merge, in chapters; its rules change in between."""
    first = listing(hedge_account=AccountId("desk"), published_rates=True)
    running, chapters = RunningProduct(first, 1, None), []
    _seen(running, "50000", 0)
    _acts(running, "a1", Approved(1))
    _traded(running, "f1", share=Decimal("0.5"))
    chapters.append(_written(running))
    _seen(running, "50010", 1)
    _traded(running, "f2", price="50020")
    _acts(running, "c1", Closed(1, 0, "done"))
    _seen(running, "50500", 180)
    _acts(running, "s2", Stopped(2, "The day's limit is reached."))
    _acts(running, "a2", Approved(2))
    _traded(running, "f3")
    chapters.append(_written(running))
    _acts(running, "c2", Closed(2, 0, "done"))
    chapters.append(_written(running))
    second = listing(
        hedge_account=AccountId("desk"),
        published_rates=True,
        product=replace(first.product, terms=(terms(trigger=Trigger(above=Decimal("3.2"))),)),
    )
    running = RunningProduct(second, 2, chapters[-1])
    told = quote("48500", 300)
    before, since, later = (
        FundingRate(OPENED + seconds * SECOND, Decimal("0.0001"), Sha256("b" * 64))
        for seconds in (0, 60, 301)
    )
    assert running.see(told, at=told.occurred_at, rates=(before, since, later))
    _acts(running, "d3", Closed(3, microseconds(OPENED) + 10**12, "declined"))
    _acts(running, "h1", Halted(True, "by the issuer"))
    _acts(running, "h2", Halted(False, "by the issuer"))
    request = Request("r1", Side.CREATE, Decimal(10), running.live.mark.at)
    now = running.live.mark.at
    rules = running.listing.product.terms[0]
    _acts(running, "r1", Dealt(settle(quote_of(running.live, rules, request, now=now))))
    _acts(running, "v1", Compared(Decimal("0.5")))
    chapters.append(_written(running))
    holders = {"a": Decimal(1000), "b": Decimal(10)}
    plan = unit_plan(running.live, UnitChange(7, 1), holders, fractions=Fractions.CASHED)
    _acts(running, "m1", Changed(plan))
    _seen(running, "48000", 310)
    chapters.append(_written(running))
    return chapters, {1: first, 2: second}


def test_marks_rates_and_deeds_lead_to_every_chapter_byte_for_byte():
    chapters, listings = _hedged_life()
    computed = list(replayed(chapters, listings))
    assert [canonical_json(one) for one in computed] == [canonical_json(one) for one in chapters]
    rebalances = [one for chapter in chapters for one in chapter.rebalances]
    assert [one.proposal.number for one in rebalances] == [1, 2, 3]
    assert chapters[-1].live.units == 143
    assert [one.event.financing > 0 for one in chapters[3].steps] == [True]
    assert [instant_of(one.at) for one in chapters[3].rates] == [OPENED + 60 * SECOND]


def test_a_chapter_that_was_written_otherwise_is_found():
    chapters, listings = _hedged_life()
    deeds = chapters[1].deeds
    dearer = replace(deeds[0].what.fill, price=Decimal("50021"))
    forged = replace(chapters[1], deeds=(replace(deeds[0], what=Filled(1, dearer)), *deeds[1:]))
    chapters[1] = forged
    computed = replayed(chapters, listings)
    assert [next(computed) == one for one in chapters[:2]] == [True, False]
    with pytest.raises(UnitChangeError, match="has changed"):  # the merge was planned at the NAV as it was
        list(computed)


def test_a_deed_is_done_once_also_after_a_restart():
    running = RunningProduct(listing(hedge_account=AccountId("desk")), 1, None)
    _seen(running, "50000", 0)
    _traded(running, "f1", share=Decimal("0.5"))
    held = running.live.actual
    _traded(running, "f1", share=Decimal("0.5"))
    assert running.live.actual == held
    known = [deed.id for deed in running.chapter().deeds]
    again = RunningProduct(running.listing, 1, _written(running), known=known)
    _traded(again, "f1", share=Decimal("0.5"))
    assert (again.live.actual, again.chapter()) == (held, None)


def test_a_deed_that_is_written_twice_is_not_repeated_also_under_a_later_version():
    chapters, listings = _hedged_life()
    doubled = replace(chapters[3], deeds=(chapters[0].deeds[0], *chapters[3].deeds))
    with pytest.raises(DoneTwiceError, match="a1"):
        list(replayed([*chapters[:3], doubled], listings))


def test_a_new_proposal_must_be_approved_anew():
    running = RunningProduct(listing(hedge_account=AccountId("desk")), 1, None)
    _seen(running, "50000", 0)
    _acts(running, "a1", Approved(1))
    _traded(running, "f1", share=Decimal("0.9"))
    _seen(running, "50500", 180)
    assert (running.live.proposal.number, running.live.approved) == (2, None)
    with pytest.raises(NoProposalError):
        _acts(running, "a1-late", Approved(1))
    assert not running.knows("a1-late")


def test_nothing_is_done_with_a_product_that_has_not_opened():
    with pytest.raises(NotOpenError):
        RunningProduct(listing(), 1, None).act("h", Halted(True, ""), by="max", at=OPENED)


def test_after_a_restart_it_goes_on_from_its_last_chapter():
    unbroken, broken = RunningProduct(listing(), 1, None), RunningProduct(listing(), 1, None)
    for number, price in enumerate(("50000", "50400", "47000")):
        _seen(unbroken, price, 100 * number)
        _seen(broken, price, 100 * number)
    broken = RunningProduct(listing(), 1, _written(broken))
    for number, price in enumerate(("44000", "46000"), 3):
        _seen(unbroken, price, 100 * number)
        _seen(broken, price, 100 * number)
    assert broken.live == unbroken.live
    assert broken.chapter().number == 2


def test_marks_that_come_while_a_chapter_is_written_belong_to_the_next():
    running = RunningProduct(listing(), 1, None)
    _seen(running, "50000", 0)
    chapter = running.chapter()
    _seen(running, "44000", 10)
    running.written(chapter)
    later = running.chapter()
    assert (later.number, [mark.price for mark in later.marks], len(later.steps)) == (2, [Decimal(44000)], 1)


def test_a_price_that_cannot_be_believed_changes_nothing_and_is_told():
    running = RunningProduct(listing(), 1, None)
    _seen(running, "50000", 0)
    before = running.live
    assert not _seen(running, "500001", 1)
    assert running.live == before
    assert "another asset" in running.trouble
    assert not _seen(running, "50000", 0)  # the same instant again is no news
    assert not _seen(running, "50001", 2)
    assert running.trouble == ""


def test_a_stale_price_is_refused_and_one_from_a_clock_that_runs_ahead_counts_as_of_now():
    running = RunningProduct(listing(), 1, None)
    _seen(running, "50000", 0)
    assert not running.see(quote("51000", 1), at=OPENED + 120 * SECOND)
    assert "s old" in running.trouble
    running.see(quote("51000", 130), at=OPENED + 121 * SECOND)
    assert running.live.mark.at == (OPENED + 121 * SECOND).timestamp() * 1_000_000


def test_spot_is_marked_at_its_last_price_and_a_contract_at_its_mark():
    usdt = AssetId("tether:usdt")
    perpetual = Instrument(
        InstrumentId("v:x"), "v", "x", InstrumentKind.PERPETUAL, AssetId("b:btc"), usdt, usdt, Decimal(1)
    )
    assert mark_key(perpetual) == ("v", "v:x", usdt, QuoteKind.MARK)
    assert mark_key(replace(perpetual, kind=InstrumentKind.SPOT)) == ("v", "b:btc", usdt, QuoteKind.LAST)
