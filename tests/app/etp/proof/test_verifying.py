"""A journal computed again: what cannot be is told with its chapter, whatever somebody wrote there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from truenav.app.etp.live.product import RunningProduct, replayed
from truenav.app.etp.proof.verifying import _compared

from ..listings import listing, quote


def _chapters():
    running, found = RunningProduct(listing(), 1, None), []
    for seconds, price in enumerate(("50000", "50010", "50020")):
        told = quote(price, seconds)
        running.see(told, at=told.occurred_at)
        found.append(running.chapter())
        running.written(found[-1])
    return found


def _verified(chapters):
    return _compared("btc3l", iter(chapters), replayed(chapters, {1: listing()}))


def test_chapters_as_they_were_written_are_identical():
    found = _verified(_chapters())
    assert (found.is_identical, found.chapters, found.marks) == (True, 3, 3)


@pytest.mark.parametrize(
    ("number", "change", "told"),
    [
        (1, {"version": 9}, "Chapter 2 cannot be computed (KeyError: 9)."),
        (0, {"marks": ()}, "Chapter 1 cannot be computed (AssertionError: )."),
        (2, {"number": 7}, "Chapter 7 has other number."),
        (2, {"source": "kraken"}, "Chapter 3 has other live."),
    ],
)
def test_a_chapter_that_nobody_can_have_written_is_named(number, change, told):
    chapters = _chapters()
    chapters[number] = replace(chapters[number], **change)
    assert _verified(chapters).difference == told
