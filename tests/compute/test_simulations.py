"""Histories are simulated alike by every executor, and one that cannot be used stops no other."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import BadMarkError
from truenav.calc.etp.engine.many_paths import Path
from truenav.calc.etp.engine.many_results import EventColumns, Simulations
from truenav.calc.etp.engine.simulate_many import simulate_many
from truenav.compute.executor import InProcess, Processes
from truenav.compute.simulations import simulate_histories
from truenav.core.product import DailyTimes, Product, ProductRulesError, Schedule, ShareMerge, Terms, Trigger

START = datetime(2026, 1, 1, tzinfo=UTC)


def rules(target: str) -> Product:
    terms = Terms(
        START,
        Decimal(target),
        schedules=(Schedule(DailyTimes(("00:02",))),),
        trigger=Trigger(adverse_move=Decimal("0.1")),
        trading_cost=Decimal("0.0005"),
        merge=ShareMerge(Decimal(70), 10),
    )
    return Product(target, "Nobody", "BTC", "USDT", (terms,))


def history(seed: int, count: int = 3000) -> Path:
    times = microseconds(START) + np.arange(count) * 60_000_000
    steps = np.random.default_rng(seed).standard_normal(count) * 0.004
    return Path(times, 100 * np.exp(np.cumsum(steps)))


def assert_equal(found: Simulations, expected: Simulations) -> None:
    assert found.merges == expected.merges
    for field in fields(Simulations):
        if field.name not in ("merges", "events"):
            np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name))
    assert found.events is not None
    assert expected.events is not None
    for field in fields(EventColumns):
        np.testing.assert_array_equal(getattr(found.events, field.name), getattr(expected.events, field.name))


@pytest.mark.parametrize("make", [lambda: InProcess(1), lambda: InProcess(2), lambda: Processes(2)])
def test_all_executors_give_what_one_call_gives(make) -> None:
    products, paths = [rules("3"), rules("-2")], [history(seed) for seed in range(4)]
    together = simulate_many(products, paths, events=True, accelerator="python")
    assert together.merges
    executor = make()
    found = simulate_histories(executor, products, iter(paths), events=True, accelerator="python")
    assert found.refused == {}
    assert_equal(found.simulations, together)
    if isinstance(executor, Processes):
        executor.close()


def test_a_history_that_cannot_be_used_is_told_and_the_others_are_simulated() -> None:
    bad = history(1)
    bad.prices[17] = 0
    found = simulate_histories(InProcess(2), [rules("3")], [history(0), bad, history(2)])
    assert found.simulations.runs.tolist() == [[0, 0], [0, 2]]
    assert list(found.refused) == [1]
    assert isinstance(found.refused[1], BadMarkError)


def test_rules_that_cannot_be_followed_are_refused_at_once() -> None:
    with pytest.raises(ProductRulesError):
        simulate_histories(InProcess(1), [rules("0")], [history(0)])


def test_no_histories_give_no_runs() -> None:
    found = simulate_histories(InProcess(1), [rules("3")], [], events=True)
    assert len(found.simulations) == 0
