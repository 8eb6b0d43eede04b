"""A venue counts by address: what is spent together never exceeds a budget, in one process or in several."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.connect.contract import Budget
from truenav.connect.errors import VenueStoppedError
from truenav.connect.registry import connector
from truenav.connect.spending import OwnSpending, Rest, SharedSpending
from truenav.connect.transport import open_network

BUDGET = Budget("spot", 20, 10)

_SPENDER = """
import sys, time
from pathlib import Path
from truenav.connect.contract import Budget
from truenav.connect.spending import SharedSpending
spending, budget = SharedSpending(Path(sys.argv[1])), Budget("spot", 30, 1)
until = time.time() + 1.2
while (now := time.time()) < until:
    if (wait := spending.take(budget, "", 1)) == 0:
        print(now, time.time())
    else:
        time.sleep(min(wait, 0.01))
"""


class Time:
    now = 1_700_000_000.0

    def __call__(self):
        return self.now


def kept(kind, folder, clock):
    return OwnSpending(clock) if kind == "own" else SharedSpending(Path(folder), clock)


@pytest.mark.parametrize("kind", ["own", "shared"])
@given(steps=st.lists(st.tuples(st.integers(1, 20), st.floats(0, 4)), max_size=40))
def test_no_window_ever_holds_more_than_the_budget_and_waiting_ends(kind, steps):
    with tempfile.TemporaryDirectory() as folder:
        clock, spent = Time(), []
        spending = kept(kind, folder, clock)
        for weight, pause in steps:
            clock.now += pause
            for _ in range(60):
                if not (wait := spending.take(BUDGET, "", weight)):
                    break
                assert wait > 0
                clock.now += wait
            else:
                pytest.fail("it was never taken")
            spent.append((clock.now, weight))
        for at, _ in spent:
            assert sum(weight for when, weight in spent if at - 10 < when <= at) <= 20


def test_a_rest_that_began_in_the_future_is_over_once_the_clock_was_set_back(tmp_path):
    clock = Time()
    spending = kept("shared", tmp_path, clock)
    clock.now += 86_400
    spending.rest(120, banned=True)
    assert spending.resting().banned == 120
    clock.now -= 86_400
    assert spending.resting() == Rest()
    spending.rest(5, banned=True)
    assert spending.resting() == Rest(banned=5)


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_keys_are_counted_apart_and_an_address_together(kind, tmp_path):
    spending = kept(kind, tmp_path, Time())
    assert spending.take(BUDGET, "a", 20) == spending.take(BUDGET, "b", 20) == 0
    assert spending.take(BUDGET, "a", 1) > 0


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_what_was_spent_is_told_until_its_window_has_passed(kind, tmp_path):
    clock = Time()
    spending = kept(kind, tmp_path, clock)
    assert spending.used(BUDGET, "a") == 0
    spending.take(BUDGET, "a", 7)
    assert (spending.used(BUDGET, "a"), spending.used(BUDGET, "b")) == (7, 0)
    clock.now += 10.3
    assert spending.used(BUDGET, "a") == 0


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_what_is_heavier_than_a_whole_budget_goes_alone(kind, tmp_path):
    spending = kept(kind, tmp_path, Time())
    assert spending.take(BUDGET, "", 50) == 0
    assert spending.take(BUDGET, "", 1) > 0


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_a_rest_ends_and_the_longer_one_counts(kind, tmp_path):
    clock = Time()
    spending = kept(kind, tmp_path, clock)
    assert spending.resting() == Rest(0, 0)
    spending.rest(5)
    spending.rest(2)
    spending.rest(60, banned=True)
    assert spending.resting() == Rest(5, 60)
    clock.now += 30
    assert spending.resting() == Rest(0, 30)


def test_what_one_process_is_told_another_obeys(tmp_path):
    clock = Time()
    one, other = SharedSpending(tmp_path, clock), SharedSpending(tmp_path, clock)
    one.take(BUDGET, "", 20)
    one.rest(60, banned=True)
    assert other.take(BUDGET, "", 1) > 0
    assert other.resting().banned == 60


def test_processes_at_once_stay_within_one_budget(tmp_path):
    command = [sys.executable, "-c", _SPENDER, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    spans = [tuple(map(float, line.split())) for one in running for line in one.communicate()[0].splitlines()]
    assert len(spans) >= 30
    for _, end in spans:
        assert sum(1 for other, last in spans if other > end - 1 and last <= end) <= 30


@pytest.mark.parametrize("broken", [b"", b"{", b"[1]", b'{"a": "b"}', b"\xff\x00"])
def test_a_broken_file_starts_anew(tmp_path, broken):
    spending = SharedSpending(tmp_path, time.time)
    assert spending.take(BUDGET, "", 20) == 0
    for file in tmp_path.iterdir():
        file.write_bytes(broken)
    assert spending.take(BUDGET, "", 20) == 0


def test_a_clock_set_back_does_not_wait_for_its_return(tmp_path):
    clock = Time()
    spending = SharedSpending(tmp_path, clock)
    spending.take(BUDGET, "", 20)
    clock.now -= 86_400
    assert spending.take(BUDGET, "", 20) == 0


def test_networks_that_share_a_folder_share_a_venues_budget(tmp_path):
    async def ask():
        async with (
            open_network(seed=1, limits=tmp_path) as one,
            open_network(seed=2, limits=tmp_path) as other,
            open_network(seed=3) as alone,
        ):
            gates = [network.transport(connector("okx"), None).gate for network in (one, other, alone)]
            gates[0].ban(60)
            for gate in gates[:2]:
                with pytest.raises(VenueStoppedError):
                    await gate.enter("time", 1, "")
            await gates[2].enter("time", 1, "")

    asyncio.run(ask())
