"""Turning pages: the repeated row proves that nothing between is missing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.connect import gathering
from truenav.connect.contract import Cursor, ParseContext, Payload
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import Harvest, Pages, Row, broken_off, follow, kept, turning, unfold, whole
from truenav.connect.transport import Counter
from truenav.core.asset import AssetBook
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Fact, Void
from truenav.core.instrument import InstrumentBook

EMPTY = ParseContext(AssetBook((), ()), InstrumentBook(()))
T0 = datetime(2026, 1, 1, tzinfo=UTC)


def row(number):
    return Row(T0 + timedelta(seconds=number // 3), f"{number:09d}")


def page(rows):
    request = Request("GET", "https://venue.test")
    evidence = Evidence("0" * 64, 0, "venue", "1", "rows/1", "a", request, T0, T0, 200)
    return Payload(evidence, ",".join(one.id for one in rows).encode())


class Venue:
    """Holds rows and serves pages of them from old to new or from new to old."""

    def __init__(self, count, limit):
        self.rows = [row(n) for n in range(count)]
        self.limit = limit
        self.served = []
        self.broken_page = None

    async def ascending(self, last):
        return self._serve([one for one in self.rows if last is None or one.id >= last.id])

    async def descending(self, last):
        return self._serve([one for one in reversed(self.rows) if last is None or one.id <= last.id])

    def _serve(self, rows):
        rows = rows[: self.limit]
        if len(self.served) == self.broken_page:
            rows = []
        self.served.append(rows)
        return page(rows), rows


def taken(pages):
    return {name for payload in pages.payloads for name in payload.body.decode().split(",") if name}


@given(count=st.integers(0, 40), limit=st.integers(2, 9), known=st.integers(0, 40))
def test_both_ways_read_every_row_after_the_cursor(count, limit, known):
    venue = Venue(count, limit)
    cursor = Cursor(row(known).id, row(known).at) if known < count else None
    wanted = {one.id for one in venue.rows if cursor is None or one.id >= cursor.id}
    up = asyncio.run(follow(venue.ascending, cursor, limit=limit, what="rows"))
    down = asyncio.run(unfold(venue.descending, cursor, since=T0, limit=limit, what="rows"))
    assert taken(up) == wanted
    assert taken(down) >= wanted
    end = Cursor(row(count - 1).id, row(count - 1).at) if count else None
    assert up.cursor == end
    assert down.cursor == end


def test_a_very_long_history_follows_in_several_gatherings_and_nothing_of_it_is_skipped(monkeypatch):
    monkeypatch.setattr(gathering, "MAX_PAGES", 3)
    venue, cursors, found, gatherings = Venue(40, 5), {}, set(), 0
    while "rows" not in cursors:
        part = asyncio.run(whole(turning(venue.descending, "rows", cursors, since=T0, limit=5, what="rows")))
        assert part.more is (part.cursor is None)
        found |= taken(part)
        cursors |= dict(part.marks) | ({} if part.cursor is None else {"rows": part.cursor})
        gatherings += 1
    assert found == {one.id for one in venue.rows}
    assert cursors["rows"].id == venue.rows[-1].id
    assert gatherings > 2
    assert not broken_off("rows", cursors)


def test_marks_that_another_gathering_left_behind_the_cursor_are_let_go():
    venue, cursors = Venue(40, 5), {}

    async def parts(count):
        reading = turning(venue.descending, "rows", cursors, since=T0, limit=5, what="rows")
        return [part async for part in reading][:count]

    slow = asyncio.run(parts(3))
    venue.rows += [row(n) for n in range(40, 60)]
    quick = asyncio.run(whole(turning(venue.descending, "rows", {}, since=T0, limit=5, what="rows")))
    cursors |= dict(quick.marks) | {"rows": quick.cursor} | dict(slow[2].marks)
    assert not broken_off("rows", cursors)
    venue.rows.append(row(60))
    again = asyncio.run(whole(turning(venue.descending, "rows", cursors, since=T0, limit=5, what="rows")))
    assert again.cursor.id == row(60).id


def test_a_history_that_goes_on_behind_its_last_page_is_unfinished_also_where_it_is_one_answer():
    async def ask():
        return Pages((), more=True)

    api = SimpleNamespace(record=None, counter=Counter(), gate=SimpleNamespace(clock_offset=timedelta(0)))
    harvest = Harvest(api, EMPTY, "a")
    asyncio.run(harvest.run([("rows/1", ask())]))
    assert harvest.gathered().unfinished == ("rows/1",)


def test_one_that_is_needed_whole_is_refused_where_it_is_too_long(monkeypatch):
    monkeypatch.setattr(gathering, "MAX_PAGES", 3)
    with pytest.raises(IncompletePagesError, match="more than 3 pages"):
        asyncio.run(unfold(Venue(40, 5).descending, None, since=T0, limit=5, what="rows"))


@pytest.mark.parametrize("broken", [1, 2])
def test_a_page_missing_in_the_middle_is_found(broken):
    for way in ("ascending", "descending"):
        venue = Venue(20, 5)
        venue.broken_page = broken
        turn = (
            follow(venue.ascending, None, limit=5, what="rows")
            if way == "ascending"
            else unfold(venue.descending, None, since=T0, limit=5, what="rows")
        )
        with pytest.raises(IncompletePagesError):
            asyncio.run(turn)


def test_an_empty_page_is_not_the_end_where_a_row_is_known():
    venue = Venue(0, 5)
    cursor = Cursor(row(3).id, row(3).at)
    with pytest.raises(IncompletePagesError):
        asyncio.run(follow(venue.ascending, cursor, limit=5, what="rows"))
    with pytest.raises(IncompletePagesError):
        asyncio.run(unfold(venue.descending, cursor, since=T0, limit=5, what="rows"))


def test_an_empty_first_page_moves_no_cursor():
    pages = asyncio.run(follow(Venue(0, 5).ascending, None, limit=5, what="rows"))
    assert pages.cursor is None


def test_the_same_page_for_ever_is_refused_not_followed():
    venue = Venue(20, 5)

    async def stuck(last):
        del last
        return await venue.ascending(None)

    with pytest.raises(IncompletePagesError):
        asyncio.run(follow(stuck, None, limit=5, what="rows"))


def test_a_cursor_older_than_the_venues_memory_is_let_go():
    cursor = Cursor("1", T0)
    assert kept(cursor, T0 + timedelta(days=1), timedelta(days=2)) == cursor
    assert kept(cursor, T0 + timedelta(days=3), timedelta(days=2)) is None


@pytest.mark.parametrize("order", [1, -1])
def test_a_fact_on_two_pages_is_that_of_the_page_answered_first_whichever_was_parsed_first(order):
    pages = [
        Evidence(sha * 64, 0, "venue", "1", "rows/1", "a", Request("GET", "https://venue.test"), T0, at, 200)
        for sha, at in (("b", T0), ("a", T0 + timedelta(seconds=1)))
    ]
    facts = [Fact("venue", "a", "row-1", T0, Void("as an example"), one.sha256) for one in pages]
    asked = SimpleNamespace(counter=Counter(), gate=SimpleNamespace(clock_offset=timedelta(0)))
    harvest = Harvest(asked, None, "a", facts=facts[::order], evidence=pages[::order])
    assert harvest.gathered().facts == (facts[0],)
