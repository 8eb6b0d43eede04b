"""Connections and gathering by command, against the simulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.simulator.conftest import SCENARIO, run_in_thread

from truenav.simulator.server import create_app
from truenav.simulator.times import WallClock
from truenav.simulator.world import World

KEY = '{"key": "demo-binance-directional-key", "secret": "demo-binance-directional-secret"}'


@pytest.fixture(scope="module")
def venue() -> Iterator[str]:
    world = World.load(SCENARIO, datetime.now(UTC).date(), WallClock())
    server, thread, url = run_in_thread(create_app(world))
    yield url
    server.should_exit = True
    thread.join(timeout=5)


@pytest.fixture
def account(manager):
    manager.ok("account", "add", "main", "--venue", "binance", "--wallet", "spot", "--wallet", "usdm")
    return manager


def add(shell, url, *, key=KEY):
    where = ("--connector", "binance", "--account", "main", "--base-url", url)
    return shell("connection", "add", "main", *where, "--key-file", "-", stdin=key)


def test_a_key_is_checked_kept_and_used_and_never_shown(account, venue):
    added = add(account, venue)
    assert added.code == 0
    assert "withdraw: no" in added.err
    assert "withdraw: no" in account("connection", "check", "main").err
    assert "demo-binance" not in account.ok("connection", "list", "--output", "json")
    (row,) = json.loads(account.ok("connection", "gather", "--output", "json"))
    assert row["failures"] == 0
    assert row["facts"] > 0
    assert row["requests"] > 0
    doctor = account("doctor", "--output", "json")
    assert doctor.code == 0, doctor.out
    clocks = [one for one in json.loads(doctor.out) if one["check"] == "clock binance"]
    assert [one["state"] for one in clocks] == ["ok"]
    account.ok("connection", "remove", "main")
    assert account("connection", "check", "main").code == 3


def test_one_that_does_not_answer_is_named_and_stops_no_other(account, venue):
    assert add(account, venue).code == 0
    account.ok("connection", "add", "rates", "--connector", "ecb", "--base-url", "http://127.0.0.1:9")
    ran = account("connection", "gather", "--no-history", "--output", "json")
    assert ran.code == 6
    rows = {row["connection"]: row for row in json.loads(ran.out)}
    assert rows["main"]["facts"] > 0
    assert rows["rates"]["failures"] == 1
    assert "European Central Bank did not answer" in ran.err
    assert account("connection", "gather", "--account", "other").code == 3
    account.ok("connection", "remove", "main")


@pytest.mark.parametrize(
    ("key", "code", "reason"),
    [
        (KEY.replace("directional-secret", "wrong"), 6, "not accepted"),
        ('{"key": "only"}', 2, "'secret' is missing"),
        ('{"key": "a", "secret": "b", "pin": "1"}', 2, "'pin'"),
        ("not json", 2, "not JSON"),
    ],
)
def test_a_key_that_cannot_be_used_is_not_kept(account, venue, key, code, reason):
    ran = add(account, venue, key=key)
    assert ran.code == code
    assert reason in ran.err
    assert json.loads(account.ok("connection", "list", "--output", "json")) == []


def test_without_a_key_and_a_terminal_nothing_is_asked(account, venue):
    where = ("--connector", "binance", "--account", "main", "--base-url", venue)
    ran = account("connection", "add", "main", *where)
    assert ran.code == 2
    assert "--key-file" in ran.err
    assert account("connection", "add", "x", "--connector", "nosuch").code == 3
