"""Histories by spans of time: nothing between two spans, pages or gatherings is missed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from truenav.connect.cefi.binance.client import Endpoint
from truenav.connect.cefi.binance.windows import OVERLAP, History, read_history
from truenav.connect.contract import Cursor
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import Row, whole
from truenav.core.clock import to_milliseconds

from .standin import NOW, asked_of

DAY = timedelta(days=1)
PAGED = History(
    Endpoint("earn.rewards/1", "/rewards", "wallet", host="spot"),
    lambda node: Row(node.instant("time"), node.text("id")),
    page=3,
    pending=lambda node: node.text_or("status") == "OPEN",
)


def rows(*days, **more):
    """Rows that many days ago, the older with the smaller number."""
    return [{"id": 1000 - day, "time": to_milliseconds(NOW - day * DAY), **more} for day in days]


def told(found, calls=()):
    """Pages by number, newest first; ``calls`` counts them, and a lie is told at the numbers in it."""
    count = [0]

    def answer(path, params):
        del path
        count[0] += 1
        span = range(int(params["startTime"]), int(params["endTime"]) + 1)
        mine = sorted((row for row in found if row["time"] in span), key=lambda row: -row["time"])
        if count[0] in calls:
            return {"rows": [], "total": 0}
        size, number = int(params["size"]), int(params["current"])
        return {"rows": mine[size * (number - 1) : size * number], "total": len(mine)}

    return answer


def read(found, cursor=None, since=100, calls=()):
    ask = lambda client: whole(read_history(client, PAGED, cursor, NOW - since * DAY))  # noqa: E731 - one question
    pages, questions = asked_of(told(found, calls), ask)
    ids = [row["id"] for page in pages.payloads for row in json.loads(page.body)["rows"]]
    return ids, pages.cursor, questions


def test_every_row_of_every_page_of_every_span_comes_once():
    found = rows(*range(0, 99, 3))
    ids, cursor, _ = read(found)
    assert sorted(ids) == sorted(row["id"] for row in found)
    assert cursor == Cursor("1000", NOW)


def test_an_empty_span_is_asked_for_twice_but_not_the_last():
    ids, cursor, questions = read([])
    assert (ids, cursor) == ([], Cursor("", NOW - OVERLAP))
    assert len(questions) == 3 * 2 + 1
    lied = read(rows(95, 5), calls=(1,))
    assert sorted(lied[0]) == [905, 995]


def test_a_false_empty_last_span_is_mended_by_the_next_gathering():
    _, cursor, _ = read(rows(95, 5), calls=(4, 5, 6, 7))
    assert cursor == Cursor("", NOW - OVERLAP)
    assert read(rows(95, 5), cursor)[0] == [995]


def test_a_count_that_the_rows_do_not_reach_is_a_gap():
    def short(path, params):
        return told(rows(1, 2))(path, params) | {"total": 3}

    with pytest.raises(IncompletePagesError):
        asked_of(short, lambda client: whole(read_history(client, PAGED, None, NOW - DAY * 5)))


def test_a_row_that_may_change_is_read_again():
    _, cursor, _ = read([*rows(2, 9), *rows(6, status="OPEN")])
    assert cursor.id == "994"
    ids, cursor, _ = read(rows(2, 6, 9), cursor)
    assert (sorted(ids), cursor.id) == ([994, 998], "998")


def test_an_old_row_need_not_come_again_but_a_young_one_must():
    assert read(rows(60))[1] == Cursor("", NOW - OVERLAP)
    with pytest.raises(IncompletePagesError):
        read([], Cursor("998", NOW - 2 * DAY))


def test_what_came_before_a_span_that_fails_is_kept_and_the_next_gathering_goes_on_there():
    asked = [0]

    def until_the_third(path, params):
        asked[0] += 1
        return told(rows(95, 65, 5))(path, params) if asked[0] < 3 else {"rows": [], "total": 1}

    found = []

    async def parts(client):
        async for part in read_history(client, PAGED, None, NOW - 100 * DAY):
            found.append(part)

    with pytest.raises(IncompletePagesError):
        asked_of(until_the_third, parts)
    assert [json.loads(page.body)["rows"][0]["id"] for part in found for page in part.payloads] == [905, 935]
    assert found[-1].more
    ids, cursor, _ = read(rows(95, 65, 5), found[-1].cursor)
    assert (ids, cursor.id) == ([995], "995")


def test_rows_that_may_be_late_are_read_again_without_going_back():
    late = replace(PAGED, late=3 * DAY)
    start = Cursor("", NOW - 5 * DAY)
    ask = lambda client: whole(read_history(client, late, start, NOW - 9 * DAY))  # noqa: E731 - one question
    pages, _ = asked_of(told(rows(7)), ask)
    assert [row["id"] for page in pages.payloads for row in json.loads(page.body)["rows"]] == [993]
    assert pages.cursor.at >= start.at
