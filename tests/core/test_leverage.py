"""Leverage tiers: published examples, and what must hold of any table."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.core.ids import InstrumentId
from truenav.core.leverage import BadTiersError, LeverageTier, LeverageTiers, Measure, of_parts

D = Decimal
NAME = InstrumentId("binance-usdm:BTCUSDT")


def tiers(*steps: tuple[str, str], limit: str | None = None) -> LeverageTiers:
    found = of_parts(LeverageTier(D(floor), D(rate)) for floor, rate in steps)
    return LeverageTiers(NAME, Measure.VALUE, found, None if limit is None else D(limit))


def test_deductions_are_those_that_binance_publishes_for_its_brackets():
    """Binance's documented table for BTCUSDT: bounds 50k, 250k, 3M, and maintenance amounts 0, 50, 1,300."""
    found = tiers(("0", "0.004"), ("50000", "0.005"), ("250000", "0.01"), ("3000000", "0.025"))
    assert [one.deduction for one in found.steps] == [0, D(50), D(1300), D(46300)]
    assert found.maintenance_margin(D(1_000_000), D(1_000_000)) == D(8700)


def test_a_position_on_a_bound_lies_in_the_lower_step():
    found = tiers(("0", "0.004"), ("50000", "0.005"))
    assert found.step_of(D(50_000)) == found.steps[0]
    assert found.step_of(D("-50000.01")) == found.steps[1]


def test_nothing_is_said_of_a_position_that_may_not_be():
    found = tiers(("0", "0.004"), limit="100")
    assert found.maintenance_margin(D(101), D(101)) is None
    assert found.maintenance_margin(D(100), D(100)) == D("0.4")


@pytest.mark.parametrize(
    ("steps", "limit", "told"),
    [
        ((), None, "do not rise from 0"),
        (((1, "0.1"),), None, "do not rise from 0"),
        (((0, "0.1"), (0, "0.2")), None, "do not rise from 0"),
        (((0, "0.1"), (5, "0.2")), 5, "lies below its last step"),
        (((0, "1.1"),), None, "not between 0 and 1"),
    ],
)
def test_steps_that_contradict_each_other_are_refused(steps, limit, told):
    with pytest.raises(BadTiersError, match=told):
        LeverageTiers(NAME, Measure.VALUE, tuple(LeverageTier(D(a), D(b)) for a, b in steps), limit)


rates = st.lists(st.integers(1, 10_000), min_size=1, max_size=8, unique=True).map(sorted)
floors = st.lists(st.integers(1, 10**9), min_size=8, max_size=8, unique=True).map(sorted)


@given(rates, floors, st.integers(0, 2 * 10**9))
def test_rates_of_parts_sum_to_the_integral_and_never_jump(rates, floors, value):
    bounds = [0, *floors[: len(rates) - 1]]
    found = tiers(*((str(a), str(D(b).scaleb(-4))) for a, b in zip(bounds, rates, strict=True)))
    ends = [*bounds[1:], max(value, bounds[-1])]
    parts = [
        D(max(0, min(value, end) - start)) * D(rate).scaleb(-4)
        for start, end, rate in zip(bounds, ends, rates, strict=True)
    ]
    assert found.maintenance_margin(D(value), D(value)) == sum(parts)
