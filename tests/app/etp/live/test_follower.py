"""The follower of a tenant's products: what it writes, and what it does when it cannot."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from truenav.store import products
from truenav.store.database import DatabaseUnavailableError

from ..listings import listing


def test_the_first_mark_of_a_chapter_keeps_its_message_whatever_else_was_told_meanwhile(following):
    following.list(listing(opened_at=following.trading.clock.now()))
    first = following.told("50000", 0)
    for number in range(3000):
        last = following.told("50000", 1 + number / 1000)
    following.written()
    assert following.archived({first, last}) == {first, last}
    assert following.products.messages == {}


def test_marks_between_the_first_and_the_last_keep_theirs_only_where_something_happened(following):
    following.list(listing(opened_at=following.trading.clock.now()))
    told = [
        following.told(price, seconds)
        for price, seconds in (("50000", 0), ("50010", 1), ("44000", 2), ("44010", 3), ("44020", 4))
    ]
    following.written()
    assert following.archived(told) == {told[0], told[2], told[4]}


def test_what_cannot_be_written_is_written_later_with_its_evidence(following, monkeypatch):
    following.list(listing(opened_at=following.trading.clock.now()))
    first = following.told("50000", 0)
    append = products.append

    def fails(*_: object) -> None:
        raise DatabaseUnavailableError("The database does not answer.")

    monkeypatch.setattr(products, "append", fails)
    following.written()
    assert (following.chapters(), set(following.products.messages)) == ((), {first})
    monkeypatch.setattr(products, "append", append)
    last = following.told("50100", 5)
    following.written()
    (chapter,) = following.chapters()
    assert len(chapter.marks) == 2
    assert following.archived({first, last}) == {first, last}


def test_a_write_that_is_broken_off_leaves_its_messages_to_the_next(following, monkeypatch):
    following.list(listing(opened_at=following.trading.clock.now()))
    first = following.told("50000", 0)
    begun, on = threading.Event(), threading.Event()

    def fails(*_: object) -> None:
        begun.set()
        on.wait(10)
        raise DatabaseUnavailableError("The database does not answer.")

    async def broken_off() -> None:
        writing = asyncio.create_task(following.products._write())
        await asyncio.to_thread(begun.wait, 10)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        on.set()

    with monkeypatch.context() as patched:
        patched.setattr(products, "append", fails)
        asyncio.run(broken_off())
    following.written()
    assert len(following.chapters()) == 1
    assert following.archived({first}) == {first}


def test_a_product_whose_journal_could_not_be_read_is_run_as_soon_as_it_can(following, monkeypatch):
    def fails(*_: object) -> None:
        raise DatabaseUnavailableError("The database does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(products, "latest", fails)
        following.list(listing(opened_at=following.trading.clock.now()))
    assert following.products.running == {}
    asyncio.run(following.products.look())
    following.told("50000", 0)
    following.written()
    assert len(following.chapters()) == 1


def test_who_learns_that_another_runs_a_product_goes_on_from_what_was_written(following):
    following.list(listing(opened_at=following.trading.clock.now()))
    following.told("50000", 0)
    following.written()
    other = following.restarted()
    other.told("50700", 7)
    other.written()
    following.told("50100", 5)
    following.written()
    assert following.running().live == other.running().live
    following.told("50800", 9)
    following.written()
    assert [chapter.live.mark.price for chapter in following.chapters()] == [50000, 50700, 50800]


def test_changed_rules_go_on_from_the_last_chapter_and_name_their_version(following):
    following.list(listing(opened_at=following.trading.clock.now()))
    following.told("50000", 0)
    following.list(replace(following.listing(), tick=Decimal(1)))
    following.told("50100", 5)
    following.written()
    assert [chapter.version for chapter in following.chapters()] == [1, 2]
