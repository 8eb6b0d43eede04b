"""A venue misbehaves while a NAV gathers: its account fails alone; afterwards the NAV is the truth."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from truenav.app.nav.archived import read_result
from truenav.app.nav.runs import advance_run, start_run
from truenav.app.sources.connections import check_connection
from truenav.calc.nav.judge import publishable
from truenav.calc.nav.model import NavResult, Quality
from truenav.connect import transport
from truenav.core.ids import RunId
from truenav.store import issues
from truenav.store import runs as store
from truenav.store.runs import Run

from .conftest import Life, Venues
from .reef import FUND, MAKER, NOW, TENANT, Reef, copy_of, person

OKX = {"account": "reef-okx"}
BAN = "it bans us for a second"
LASTING = {
    "it hangs": {"kind": "hang", **OKX},
    "too many requests": {"kind": "status", "status": 429, **OKX},
    BAN: {"kind": "status", "status": 418, "retry_after": 1, **OKX},
    "it breaks down": {"kind": "status", "status": 500, **OKX},
    "a proxy's page with 502": {"kind": "html", "status": 502, **OKX},
    "a proxy's page with 200": {"kind": "html", "status": 200, **OKX},
    "half a body": {"kind": "truncate", **OKX},
    "the key was revoked": {"kind": "revoked", **OKX},
    "its clock is two minutes ahead": {"kind": "skew", "venue": "okx", "milliseconds": 120_000},
}
PASSING = {
    "come back in a second": {"kind": "status", "status": 429, "retry_after": 1, "times": 2, **OKX},
    "unavailable for a moment": {"kind": "status", "status": 503, "times": 2, **OKX},
    "half a body once": {"kind": "truncate", "times": 1, "path": "positions", **OKX},
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TIME_OUT", httpx.Timeout(0.4))
    monkeypatch.setattr(transport, "FIRST_PAUSE", 0.01)


def struck(reef: Reef, *, again: bool = False, now: datetime = NOW) -> tuple[Run, NavResult]:
    """The run that waits, or a new one, brought to its result."""
    with reef.house(now) as house:
        run = RunId(reef.run)
        if again:
            with house.database.transaction(TENANT) as session:
                run = start_run(session, house, person(MAKER), FUND).id
        done = advance_run(house, TENANT, run)
        return done, read_result(house.blobs(TENANT), done)


def statements(state: dict[str, Any], account: str | None = None) -> list[tuple[str, bytes]]:
    return [(of, content) for _, of, content in state["facts"] if account in (None, of)]


@pytest.mark.parametrize("fault", LASTING)
def test_a_fault_is_its_accounts_own_and_leaves_no_trace_when_it_is_over(
    fault: str, life: Life, reef_before: Callable[[str], Reef], venues: Venues
) -> None:
    reef, wanted = reef_before("gather"), life.after["strike"]
    venues.world.faults.add(LASTING[fault])
    began = time.monotonic()
    _, result = struck(reef)
    assert time.monotonic() - began < 30
    assert result.quality is Quality.PROVISIONAL
    told = [one for one in result.failures if one.subject == "reef-okx"]
    assert told, result.failures
    assert all(one.message and one.mend for one in told)
    assert result.coverage.missing or result.coverage.stale or told
    found = reef.state()
    assert statements(found, "reef-binance") == statements(wanted, "reef-binance")
    assert set(statements(found)) <= set(statements(wanted))
    assert not found["unreadable"]

    venues.calm()
    if fault == BAN:
        time.sleep(1)  # nothing is asked until it ends, by whichever process
    run, result = struck(reef, again=True)
    assert result.quality is Quality.COMPLETE, result.failures
    assert run.result_sha == wanted["runs"][0].result_sha.hex()
    assert statements(reef.state()) == statements(wanted)


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_outlasted(
    fault: str, life: Life, reef_before: Callable[[str], Reef], venues: Venues
) -> None:
    reef = reef_before("gather")
    venues.world.faults.add(PASSING[fault])
    run, result = struck(reef)
    assert venues.world.faults.listed() == []
    if result.quality is not Quality.COMPLETE:
        assert any(one.subject == "reef-okx" for one in result.failures)
        run, result = struck(reef, again=True)
    assert run.result_sha == life.after["strike"]["runs"][0].result_sha.hex()
    assert statements(reef.state()) == statements(life.after["strike"])


@pytest.mark.parametrize("kind", ["empty_page", "duplicate_page"])
@pytest.mark.parametrize("path", ["fills|bills|rades|income", "account/balance"])
def test_a_page_that_is_missing_or_comes_twice_loses_and_doubles_nothing(
    kind: str, path: str, life: Life, reef_before: Callable[[str], Reef], venues: Venues
) -> None:
    reef, wanted = reef_before("gather"), life.after["strike"]
    venues.world.faults.add({"kind": kind, "path": path})
    _, result = struck(reef)
    if result.quality is Quality.COMPLETE:
        assert result.root.nav_usd == read(life).root.nav_usd
    assert set(statements(reef.state())) <= set(statements(wanted))
    venues.calm()
    _, result = struck(reef, again=True)
    assert result.quality is Quality.COMPLETE
    assert result.root.nav_usd == read(life).root.nav_usd
    assert statements(reef.state()) == statements(wanted)


def test_positions_that_vanish_while_the_balance_shows_them_are_unread_and_cannot_be_published(
    life: Life, tmp_path: Path, venues: Venues
) -> None:
    reef = copy_of(life.published[0], tmp_path / "data")
    later = NOW + timedelta(minutes=10)
    venues.set_clock(later)
    venues.world.faults.add({"kind": "empty_page", "path": "positions"})
    _, result = struck(reef, again=True, now=later)
    assert result.quality is Quality.PROVISIONAL
    assert any("list of positions is empty" in reason for reason in publishable(result))
    venues.world.faults.clear()
    venues.set_clock(later + timedelta(seconds=1))
    _, result = struck(reef, again=True, now=later + timedelta(seconds=1))
    assert publishable(result) == ()


@pytest.mark.parametrize("milliseconds", [45_000, -45_000])
def test_a_clock_that_is_refused_is_followed_and_told(
    milliseconds: int, life: Life, reef_before: Callable[[str], Reef], venues: Venues
) -> None:
    reef, wanted = reef_before("gather"), life.after["strike"]
    venues.world.faults.add({"kind": "skew", "venue": "okx", "milliseconds": milliseconds})
    run, result = struck(reef)
    assert result.quality is Quality.COMPLETE, result.failures
    assert run.result_sha == wanted["runs"][0].result_sha.hex()
    assert statements(reef.state()) == statements(wanted)
    with reef.house() as house, house.database.transaction(TENANT) as session:
        told = [one.message for one in issues.list_issues(session) if one.subject == "okx"]
    assert len(told) == 1
    assert "its clock is more than 1 s from ours" in told[0]


def read(life: Life) -> NavResult:
    reef = life.published[0]
    with reef.house() as house, house.database.transaction(TENANT) as session:
        return read_result(house.blobs(TENANT), store.get(session, RunId(reef.run)))


@pytest.mark.parametrize(("milliseconds", "told"), [(0, False), (2_000, True), (10_000, True)])
def test_a_venues_wrong_clock_is_noted(
    milliseconds: int, told: bool, reef_before: Callable[[str], Reef], venues: Venues
) -> None:
    reef = reef_before("gather")
    if milliseconds:
        venues.world.faults.add({"kind": "skew", "venue": "okx", "milliseconds": milliseconds})
    with reef.house() as house, house.database.transaction(TENANT) as session:
        found = check_connection(session, house, person(MAKER), "reef-okx")
    assert found.check is not None
    assert found.check.clock_offset == timedelta(milliseconds=milliseconds)
    assert any("clock differs" in note for note in found.notes) == told
