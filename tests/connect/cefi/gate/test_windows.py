"""Windows that are halved: whatever lies in them comes once, and a reading that is broken off goes on."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.connect.cefi.gate.windows import Page, sweep
from truenav.connect.contract import Cursor
from truenav.connect.gathering import Row
from truenav.connect.windows import Span

from .conftest import T

UNTIL = T + timedelta(days=60)
SECONDS = st.lists(st.integers(0, 40) | st.integers(0, 60 * 86400 - 1), max_size=80)


def read(rows, limit, start=T, must="", parts=None):
    """Row ids as they came, and the last cursor; only the first ``parts`` parts are taken."""

    async def ask(span: Span, number: int) -> Page:
        within = [row for row in rows if span.start <= row.at.replace(microsecond=0) <= span.end]
        within.sort(reverse=True)
        return Page(tuple(row.id for row in within), within[(number - 1) * limit : number * limit])

    async def run():
        found: set[str] = set()
        cursor: Cursor | None = None
        step = timedelta(days=30)
        taken = 0
        async for one in sweep(ask, start=start, until=UNTIL, step=step, limit=limit, must=must, what="rows"):
            found |= {name for payload in one.payloads for name in payload}
            cursor = one.cursor or cursor
            taken += 1
            if taken == parts:
                break
        return found, cursor

    return asyncio.run(run())


@settings(max_examples=40, deadline=None)
@given(SECONDS, st.integers(3, 9))
def test_every_row_comes_however_many_share_a_second(seconds, limit):
    rows = [Row(T + timedelta(seconds=at, microseconds=7), str(n)) for n, at in enumerate(seconds)]
    found, cursor = read(rows, limit)
    assert found == {row.id for row in rows}
    newest = max(rows, default=None)
    assert cursor == (None if newest is None else Cursor(newest.id, newest.at))


@settings(max_examples=25, deadline=None)
@given(SECONDS, st.integers(3, 9), st.integers(1, 3))
def test_a_reading_that_was_broken_off_goes_on_from_its_cursor(seconds, limit, parts):
    rows = [Row(T + timedelta(seconds=at), str(n)) for n, at in enumerate(seconds)]
    before, cursor = read(rows, limit, parts=parts)
    after, _ = read(rows, limit, T if cursor is None else cursor.at, "" if cursor is None else cursor.id)
    assert before | after == {row.id for row in rows}
