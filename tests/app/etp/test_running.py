"""A listed product takes its marks as they come, and what it wrote can be computed again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from truenav.app.etp.running import RunningProduct, mark_key, replayed
from truenav.calc.etp.engine.simulate import EventKind
from truenav.calc.etp.live.state import basket
from truenav.core.canonical import canonical_json, encode, restore
from truenav.core.facts import QuoteKind
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import AssetId
from truenav.store.products import Chapter

from .listings import OPENED, listing, quote

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
    running = RunningProduct(listing(), None)
    assert not _seen(running, "50000", -1)
    assert running.live is None
    assert _seen(running, "50000", 0)
    held = basket(running.live)
    assert (held.nav, held.leverage, running.live.units) == (100, 3, 1000)
    assert _written(running).number == 1
    assert running.chapter() is None


def test_the_daily_event_and_the_trigger_happen_once_each_and_are_written_with_their_marks():
    running = RunningProduct(listing(), None)
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
    running = RunningProduct(listing(), None)
    prices = ("50000", "50100", "51200", "49000", "44100.5", "44900", "40000", "43210.9")
    chapters = []
    for number, price in enumerate(prices):
        _seen(running, price, 100 * number)
        if number % 3 == 2:
            chapters.append(_written(running))
    chapters.append(_written(running))
    state, steps = replayed(running.listing, tuple(chapters))
    assert canonical_json(state) == canonical_json(running.live)
    assert steps == tuple(step for chapter in chapters for step in chapter.steps)
    assert {step.event.kind for step in steps} == {EventKind.SCHEDULED, EventKind.TRIGGERED}


def test_after_a_restart_it_goes_on_from_its_last_chapter():
    unbroken, broken = RunningProduct(listing(), None), RunningProduct(listing(), None)
    for number, price in enumerate(("50000", "50400", "47000")):
        _seen(unbroken, price, 100 * number)
        _seen(broken, price, 100 * number)
    broken = RunningProduct(listing(), _written(broken))
    for number, price in enumerate(("44000", "46000"), 3):
        _seen(unbroken, price, 100 * number)
        _seen(broken, price, 100 * number)
    assert broken.live == unbroken.live
    assert broken.chapter().number == 2


def test_marks_that_come_while_a_chapter_is_written_belong_to_the_next():
    running = RunningProduct(listing(), None)
    _seen(running, "50000", 0)
    chapter = running.chapter()
    _seen(running, "44000", 10)
    running.written(chapter)
    later = running.chapter()
    assert (later.number, [mark.price for mark in later.marks], len(later.steps)) == (2, [Decimal(44000)], 1)


def test_a_price_that_cannot_be_believed_changes_nothing_and_is_told():
    running = RunningProduct(listing(), None)
    _seen(running, "50000", 0)
    before = running.live
    assert not _seen(running, "500001", 1)
    assert running.live == before
    assert "another asset" in running.trouble
    assert not _seen(running, "50000", 0)  # the same instant again is no news
    assert not _seen(running, "50001", 2)
    assert running.trouble == ""


def test_a_stale_price_is_refused_and_one_from_a_clock_that_runs_ahead_counts_as_of_now():
    running = RunningProduct(listing(), None)
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
