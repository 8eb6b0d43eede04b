"""Windows of time and opaque cursors: what is missing between them is found, not skipped."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from truenav.connect import windows
from truenav.connect.contract import Cursor, Payload
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import Row, whole
from truenav.connect.windows import Page, Span, sweep
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import Sha256

T = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
EVIDENCE = Evidence(Sha256("0" * 64), 0, "bybit", "1", "log/1", "a", Request("GET", "https://x"), T, T, 200)


class Venue:
    """A history of rows, newest first, that can hide an answer or forget its cursor."""

    def __init__(self, rows, limit=3, hidden=(), stuck=False):
        self.rows = sorted(rows, reverse=True)
        self.limit, self.hidden, self.stuck = limit, hidden, stuck
        self.asked = []

    async def ask(self, span: Span, token: str) -> Page:
        self.asked.append(span)
        number = len(self.asked)
        found = [row for row in self.rows if span.start <= row.at <= span.end]
        begin = int(token or 0) if not self.stuck else 0
        page = [] if number in self.hidden else found[begin : begin + self.limit]
        token = str(begin + len(page)) if len(page) == self.limit else ""
        return Page(Payload(EVIDENCE, b""), page, token)


def rows(*days):
    return [Row(T + DAY * day, f"r{day}") for day in days]


def swept(venue, cursor=None, days=20):
    until = T + DAY * days
    return asyncio.run(
        whole(sweep(venue.ask, cursor, since=T, until=until, step=7 * DAY, limit=3, what="bybit log"))
    )


def test_all_windows_are_read_and_the_newest_row_is_where_the_next_sync_begins():
    venue = Venue(rows(1, 2, 9, 19))
    assert swept(venue).cursor == Cursor("r19", T + DAY * 19)
    assert [span.start for span in venue.asked] == [T, T + 7 * DAY, T + 14 * DAY]


def test_a_quiet_window_between_full_ones_is_asked_twice():
    venue = Venue(rows(1, 19))
    assert swept(venue).cursor == Cursor("r19", T + DAY * 19)
    assert [span.start for span in venue.asked].count(T + 7 * DAY) == 2


def test_a_window_that_was_empty_and_then_was_not_is_refused():
    with pytest.raises(IncompletePagesError, match="was empty and then was not"):
        swept(Venue(rows(1, 9, 19), hidden={2}))


def test_nothing_at_all_moves_no_cursor():
    assert swept(Venue([])).cursor is None


def test_the_row_of_the_last_sync_must_come_again():
    assert swept(Venue(rows(1, 2)), Cursor("r1", T + DAY)).cursor == Cursor("r2", T + 2 * DAY)
    with pytest.raises(IncompletePagesError, match="row gone"):
        swept(Venue(rows(2)), Cursor("gone", T + DAY))


def test_a_row_that_is_shown_later_than_one_after_it_is_read_by_the_next_sync():
    late = Row(T + DAY - timedelta(seconds=5), "late")
    first = swept(Venue(rows(1)))
    again = swept(Venue([late, *rows(1, 2)]), first.cursor)
    assert again.cursor == Cursor("r2", T + 2 * DAY)
    venue = Venue([late, *rows(1, 2)])
    swept(venue, first.cursor)
    assert venue.asked[0].start < late.at


def test_a_crowd_before_the_last_row_is_read_in_smaller_windows_up_to_it(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_PAGES", 2)
    crowd = [Row(T + DAY - timedelta(seconds=second), f"c{second:02}") for second in range(1, 50)]
    found = swept(Venue([*crowd, *rows(1, 2)]), Cursor("r1", T + DAY))
    assert found.cursor == Cursor("r2", T + 2 * DAY)
    with pytest.raises(IncompletePagesError, match="row gone"):
        swept(Venue([*crowd, *rows(2)]), Cursor("gone", T + DAY))


def test_pages_of_a_full_window_end_with_a_look_at_the_oldest_row():
    venue = Venue(rows(1, 2, 3, 4, 5))
    swept(venue, days=6)
    assert venue.asked[-1] == Span(T, T + DAY)


def test_a_last_page_that_is_missing_is_found():
    with pytest.raises(IncompletePagesError, match="a page before row r3 is missing"):
        swept(Venue(rows(1, 2, 3, 4, 5), hidden={2}), days=6)


def test_a_cursor_that_is_ignored_is_found():
    with pytest.raises(IncompletePagesError, match="the same page came twice"):
        swept(Venue(rows(1, 2, 3, 4, 5), stuck=True), days=6)


def test_a_window_with_too_many_pages_is_halved(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_PAGES", 3)
    venue = Venue([Row(T + timedelta(hours=hour), f"r{hour:03}") for hour in range(100)])
    pages = swept(venue, days=6)
    assert pages.cursor == Cursor("r099", T + timedelta(hours=99))
    told = {(span.end - span.start) for span in venue.asked}
    assert 7 * DAY in told
    assert 7 * DAY / 32 in told


def test_a_very_long_past_follows_in_several_syncs(monkeypatch):
    monkeypatch.setattr(windows, "MAX_PAGES", 2)
    venue = Venue(rows(1, 9, 16, 19))
    first = swept(venue)
    assert first.cursor == Cursor("r9", T + 9 * DAY)
    assert swept(venue, first.cursor).cursor == Cursor("r19", T + 19 * DAY)


def test_a_page_that_is_exactly_full_is_no_gap():
    assert swept(Venue(rows(1, 2, 3)), days=6).cursor == Cursor("r3", T + 3 * DAY)
