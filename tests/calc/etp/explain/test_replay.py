"""Where financing comes from, and what a replay leaves unknown."""

from __future__ import annotations

import pytest
from tests.calc.etp.histories import DAY, MIDNIGHT, START, D, history, product, terms

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain.replay import FinancingSource, financing_source, gaps_of
from truenav.core.product import Exposure, Financing


@pytest.mark.parametrize(
    ("rules", "rates", "source"),
    [
        ({"financing": Financing(issuer_bears=True)}, (), FinancingSource.ISSUER),
        ({}, ((microseconds(START) + DAY, D("0.0001")),), FinancingSource.RATES),
        ({"exposure": Exposure.FUTURE}, (), FinancingSource.ROLLS),
        ({"financing": Financing(D("0.001"), MIDNIGHT)}, (), FinancingSource.RULES),
        ({}, (), FinancingSource.UNKNOWN),
    ],
)
def test_where_financing_comes_from_is_told(rules, rates, source):
    run = simulate(product(terms(3, **rules)), history(["100", "101"], rates=rates))
    assert financing_source(run) is source


def test_a_pause_of_two_usual_steps_is_a_gap():
    assert gaps_of([0, 1, 2, 3, 5, 6]) == [(3, 5)]
    assert gaps_of([0, 1, 2, 3, 4]) == []
