"""Whether a history belongs to a product, and where financing comes from."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.calc.etp.histories import DAY, MIDNIGHT, MINUTE, START, D, history, product, terms

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import BadMarkError
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain.replay import FinancingSource, financing_source, gaps_of, replay
from truenav.core.product import Exposure, Financing


def test_marks_after_the_end_of_a_product_or_before_its_rules_are_refused():
    ended = product(terms(3), until=START + timedelta(days=1))
    with pytest.raises(BadMarkError, match="ended at 2026-01-02"):
        replay(ended, history(["100", "101"]), nav=D(100))
    early = history(["100", "101"], every=MINUTE)
    early = type(early)([at - DAY for at in early.times], early.prices)
    with pytest.raises(BadMarkError, match="begin at 2026-01-01"):
        replay(product(terms(3)), early, nav=D(100))


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
