"""Small worlds in which Bybit has the first account: true and reconciled, in calm and after storms."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.e2e.test_small_worlds import live_through, live_through_storms


def test_a_small_world_is_true_and_reconciled_at_every_instant(tmp_path: Path) -> None:
    asyncio.run(live_through(1, tmp_path, joining="bybit"))


@pytest.mark.parametrize("seed", [3])
def test_a_storm_leaves_no_trace_and_no_wrong_nav(seed: int, tmp_path: Path) -> None:
    asyncio.run(live_through_storms(seed, tmp_path, joining="bybit"))


@pytest.mark.nightly
@pytest.mark.timeout(7200)
def test_hundreds_of_worlds_and_storms(tmp_path: Path) -> None:
    for seed in range(5000, 5150):
        asyncio.run(live_through(seed, tmp_path, joining="bybit"))
    ended = [asyncio.run(live_through_storms(seed, tmp_path, joining="bybit")) for seed in range(5200, 5400)]
    provisional, whole = (sum(counts) for counts in zip(*ended, strict=True))
    assert min(provisional, whole) > 40, "storms that hurt, and storms that are weathered"
