"""Tracking over the closes of approved lists."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from tests.calc.etp.baskets.samples import product

from truenav.app.baskets import reading
from truenav.core.basket import EVERY_DAY, BasketListing
from truenav.core.ids import NodeId

D = Decimal


def _closes(navs):
    """Kept lists on following days, the newest first, beside a benchmark that stands still."""
    first = date(2026, 12, 28)
    return [
        SimpleNamespace(
            document=SimpleNamespace(
                close=SimpleNamespace(
                    day=first + number * timedelta(days=1), benchmark=D(1), market_price=None
                ),
                listed=SimpleNamespace(nav_per_share=D(nav)),
            )
        )
        for number, nav in reversed(list(enumerate(navs)))
    ]


@pytest.mark.parametrize(
    ("weekdays", "error"),
    [(EVERY_DAY, "0.270185"), ((0, 1, 2, 3, 4), "0.228473")],
    ids=["all week: sqrt(0.0002 * 365)", "on weekdays: sqrt(0.0002 * 261)"],
)
def test_the_error_is_annualised_by_the_closes_that_a_year_has(monkeypatch, weekdays, error):
    monkeypatch.setattr(reading.baskets, "lists", lambda *_, **__: _closes(["100", "101", "99.99"]))
    listing = BasketListing("trio", NodeId("trio"), product(weekdays=weekdays), benchmark="BTC")
    found = reading.tracking(None, listing)
    assert (found.difference, found.error) == (D("-0.0001"), D(error))
