"""Rules and calendars of many products become columns; what is alike stands there once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
from tests.calc.etp.histories import DAILY, DAY, MIDNIGHT, MINUTE, START, D, product, terms

from truenav.calc.etp.engine.calendar import dues, microseconds
from truenav.calc.etp.engine.many_paths import Path
from truenav.calc.etp.engine.many_plans import Planned, planned
from truenav.core.product import DailyTimes, Fee, Product, Schedule, Trigger

FIRST = microseconds(START)
TIMES = FIRST + np.arange(10) * (DAY // 2)
PRICES = np.full(10, 100.0)


def plans(products: list[Product], paths: list[Path]) -> Planned:
    pairs = [(one, place) for place in range(len(paths)) for one in range(len(products))]
    return planned(products, paths, pairs)


def test_products_of_the_same_times_share_their_stops_and_paths_of_the_same_times_their_plans():
    rules = [product(terms(target, schedules=DAILY)) for target in (3, -3)]
    found = plans(rules, [Path(TIMES, PRICES), Path(TIMES, PRICES + 1)])
    assert found.of_runs.tolist() == [0, 1, 0, 1]
    assert found.plans.target.tolist() == [3, -3]
    assert found.stops.index.tolist() == [2, 4, 6, 8]
    assert found.plans.first_stop.tolist() == [0, 0]
    assert found.plans.end_stop.tolist() == [4, 4]
    assert found.publications.tolist() == [4, 4]


def test_other_times_rates_or_schedules_have_stops_of_their_own():
    rules = [product(terms(schedules=DAILY)), product(terms(schedules=(Schedule(DailyTimes(("12:00",))),)))]
    rated = Path(TIMES, PRICES, rates=((FIRST + MINUTE, D("0.001")),))
    found = plans(rules, [Path(TIMES, PRICES), rated, Path(TIMES + 1, PRICES)])
    assert found.of_runs.tolist() == [0, 1, 2, 3, 4, 5]
    own = zip(found.plans.first_stop.tolist(), found.plans.end_stop.tolist(), strict=True)
    assert [found.stops.index[first:end].tolist() for first, end in own] == [
        [2, 4, 6, 8],
        [1, 3, 5, 7, 9],
        [1, 2, 4, 6, 8],
        [1, 3, 5, 7, 9],
        [2, 4, 6, 8],
        [1, 3, 5, 7, 9],
    ]


def test_the_columns_of_a_product_among_others_say_what_its_calendar_says():
    fees = (Fee(D("0.0003"), MIDNIGHT), Fee(D("0.001"), DailyTimes(("11:59",), "Asia/Shanghai")))
    rules = [product(terms(schedules=DAILY)), product(terms(fees=fees, schedules=DAILY))]
    found = plans(rules, [Path(TIMES, PRICES)])
    alone = dues(rules[1], TIMES.tolist()).stops
    rows = slice(found.plans.first_stop[1], found.plans.end_stop[1])
    assert found.stops.index[rows].tolist() == alone.index
    for name in alone._fields[2:]:
        ours = getattr(found.stops, name)[found.stops.kind[rows]]
        assert ours.tolist() == [float(getattr(alone, name)[kind]) for kind in alone.kind], name


def test_an_era_has_its_marks_its_stops_and_its_limits():
    old = terms(schedules=DAILY, trigger=Trigger(adverse_move=D("0.1"), rearm_seconds=60))
    new = replace(old, since=START + timedelta(days=2), trigger=Trigger(), trading_cost=D("0.001"))
    late = replace(new, since=START + timedelta(days=400))
    found = plans([product(terms()), product(old, new, late)], [Path(TIMES, PRICES)])
    eras = found.eras
    assert (found.plans.first_era.tolist(), found.plans.end_era.tolist()) == ([0, 1], [1, 3])
    assert eras.end.tolist() == [10, 4, 10]
    assert found.stops.index[eras.first_stop[1] : eras.end_stop[1]].tolist() == [2]
    assert found.stops.index[eras.first_stop[2] : eras.end_stop[2]].tolist() == [4, 6, 8]
    assert eras.rearm.tolist() == [0, 60_000_000, 0]
    assert eras.adverse.tolist() == [0, 0.1, 0]
    assert eras.cost.tolist() == [0, 0, 0.001]
