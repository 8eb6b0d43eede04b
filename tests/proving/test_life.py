"""Five hundred random worlds in random storms, and twenty whole months over HTTP: true to the last digit.

A world that fails is made again by ``truenav simulator fuzz --seed N`` (``--month --served`` for a month).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from truenav.cli.simulator import simulator
from truenav.core.facts import CashFlow, Trade, Transfer, TransferKind
from truenav.proving import life as proving
from truenav.proving.life import Life, Lived, NotTrueError, live_through
from truenav.proving.scenario import MONTH, WEEK, scenario

MARKET = Path(__file__).parents[2] / "examples" / "demo_fund" / "market"
AT_ONCE = 20


def lived(seed: int, **how: object) -> Lived:
    return asyncio.run(live_through(seed, market=MARKET, **how))


@pytest.mark.parametrize("first", range(0, 300, AT_ONCE))
@pytest.mark.timeout(600)
def test_worlds_in_storms_leave_no_trace_and_no_wrong_nav(first: int) -> None:
    ended = [lived(seed) for seed in range(first, first + AT_ONCE)]
    assert sum(one.provisional for one in ended) >= AT_ONCE // 2, "storms that hurt"
    assert sum(one.right for one in ended) >= AT_ONCE // 2, "storms that are weathered"


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(n, marks=pytest.mark.nightly) for n in range(12, 20))]
)
@pytest.mark.timeout(600)
def test_a_month_over_http_is_true_to_its_end(seed: int) -> None:
    assert lived(seed, size=MONTH, served=True).facts > 500


@pytest.mark.nightly
@pytest.mark.timeout(20_000)
@pytest.mark.parametrize("first", range(1000, 21_000, 1000))
def test_twenty_thousand_worlds(first: int) -> None:
    for seed in range(first, first + 1000):
        lived(seed)


def test_the_same_seed_makes_the_same_world_whatever_time_zone_and_hash_seed() -> None:
    assert scenario(7, MARKET) == scenario(7, MARKET) != scenario(8, MARKET)
    code = (
        "import asyncio, hashlib, pathlib, sys; from truenav.proving.life import live_through; "
        "lived = asyncio.run(live_through(3, market=pathlib.Path(sys.argv[1]))); "
        "print(hashlib.sha256(repr(lived).encode()).hexdigest())"
    )
    place = os.environ | {"TZ": "Pacific/Chatham", "PYTHONHASHSEED": "2", "LC_ALL": "C"}
    told = subprocess.run(
        [sys.executable, "-c", code, MARKET], env=place, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == hashlib.sha256(repr(lived(3)).encode()).hexdigest()


def test_no_world_has_more_than_five_hundred_events() -> None:
    for seed in range(1000):
        assert scenario(seed, MARKET, WEEK).count(" at = ") <= 500
        assert scenario(seed, MARKET, MONTH).count(" at = ") <= 500


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda fact: None if isinstance(fact.body, Trade) else fact, "opened.*movements.*fills"),
        (lambda fact: None if isinstance(fact.body, CashFlow) else fact, "movements"),
        (
            lambda fact: (
                replace(fact, body=replace(fact.body, price=fact.body.price + Decimal("1e-8")))
                if isinstance(fact.body, Trade)
                else fact
            ),
            "fills",
        ),
        (
            lambda fact: (
                replace(fact, body=replace(fact.body, kind=TransferKind.EXTERNAL))
                if isinstance(fact.body, Transfer)
                else fact
            ),
            "movements",
        ),
    ],
    ids=["trades lost", "cash flows lost", "a price off by the last digit", "transfers within from outside"],
)
def test_a_connector_that_is_wrong_does_not_pass(wrong, told, monkeypatch) -> None:
    keep = Life._keep

    def keep_wrong(self, got):
        facts = (wrong(fact) for fact in got.facts)
        keep(self, replace(got, facts=tuple(fact for fact in facts if fact is not None)))

    monkeypatch.setattr(Life, "_keep", keep_wrong)
    with pytest.raises(NotTrueError, match=rf"World 3 at .*{told}"):
        lived(3, stormy=False)


def test_balances_that_are_not_true_do_not_pass(monkeypatch) -> None:
    true_equity = proving.equity

    def off(inputs, account):
        by_asset, usd = true_equity(inputs, account)
        return by_asset, usd + Decimal("1e-18")

    monkeypatch.setattr(proving, "equity", off)
    with pytest.raises(NotTrueError, match=r"World 0 at .* is worth"):
        lived(0)


def test_a_nav_that_is_not_true_does_not_pass(monkeypatch) -> None:
    strike = proving.strike_nav

    def off(inputs):
        struck = strike(inputs)
        root = replace(struck.root, nav_usd=struck.root.nav_usd + Decimal("1e-18"))
        return replace(struck, funds=(*struck.funds[:-1], root))

    monkeypatch.setattr(proving, "strike_nav", off)
    with pytest.raises(NotTrueError, match=r"World 0 at .* the NAV is"):
        lived(0, stormy=False)


def test_the_command_makes_a_world_again() -> None:
    done = CliRunner().invoke(simulator, ["fuzz", "--seed", "5", "--count", "2"])
    assert done.exit_code == 0, done.output
    assert [line.split(":")[0] for line in done.output.splitlines()] == ["world 5", "world 6"]
