"""Small worlds and storms in which another venue has the first account."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.e2e.test_small_worlds import live_through, live_through_storms

VENUES = ("deribit",)


@pytest.mark.parametrize("venue", VENUES)
def test_a_joining_venue_is_true_and_reconciled_at_every_instant(venue: str, tmp_path: Path) -> None:
    asyncio.run(live_through(1, tmp_path, joining=venue))


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("seed", [3, 106, 107])  # the last two: lists that come back empty
def test_a_joining_venue_weathers_storms(venue: str, seed: int, tmp_path: Path) -> None:
    asyncio.run(live_through_storms(seed, tmp_path, joining=venue))


@pytest.mark.nightly
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("venue", VENUES)
def test_hundreds_of_worlds_and_storms_of_a_joining_venue(venue: str, tmp_path: Path) -> None:
    for seed in range(3000, 3200):
        asyncio.run(live_through(seed, tmp_path, joining=venue))
        asyncio.run(live_through_storms(seed, tmp_path, joining=venue))
