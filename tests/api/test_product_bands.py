"""Orders for a product's units, over HTTP: within the band around NAV, or told why not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from .conftest import LISTING, state_instrument
from .test_products import _run

BANDED = {**LISTING["product"]["terms"][0], "price_band": "0.05", "stale_after_seconds": 3600}


@pytest.fixture
def house(fund):
    state_instrument(fund.installation, fund.tenant)
    return fund


def _banded(house, **changed):
    """The product with a band of 5 %, which has just seen its last price; its NAV."""
    product = {**LISTING["product"], "terms": [{**BANDED, **changed}]}
    opened_at = house.installation.clock.now() - timedelta(minutes=4)
    _run(house, product=product, tick="0.05", opened_at=opened_at.isoformat())
    return Decimal(house.checker.get("/api/v1/product-states/zz3l").json()["nav"])


def test_the_band_is_rounded_inward_to_the_tick(house):
    nav = _banded(house)
    band = house.checker.get("/api/v1/product-bands/zz3l").json()
    high, low = nav * Decimal("1.05"), nav * Decimal("0.95")
    assert high - Decimal("0.05") < Decimal(band["max_buy"]) <= high
    assert low <= Decimal(band["min_sell"]) < low + Decimal("0.05")
    assert Decimal(band["max_buy"]) % Decimal("0.05") == 0
    assert (band["as_of"], band["until"]) == ("2026-01-31T08:00:00Z", "2026-01-31T09:00:00Z")


def _checked(house, **order):
    return house.checker.post("/api/v1/product-band-checks/zz3l", json=order)


def test_an_order_is_allowed_within_the_band_and_told_why_not_beyond_it(house):
    _banded(house)
    band = house.checker.get("/api/v1/product-bands/zz3l").json()
    edge = Decimal(band["max_buy"])
    assert _checked(house, side="buy", price=str(edge)).json()["is_allowed"] is True
    beyond = _checked(house, side="buy", price=str(edge + Decimal("0.05"))).json()
    assert (beyond["is_allowed"], f"up to {edge}" in beyond["reason"]) == (False, True)
    assert "whole number of ticks" in _checked(house, side="sell", price="88.01").json()["reason"]
    asks = [{"price": str(edge), "units": "3"}, {"price": str(edge + 1), "units": "9"}]
    swept = _checked(house, side="buy", quantity="3", book=asks).json()
    assert (swept["is_allowed"], Decimal(swept["worst"])) == (True, edge)
    deep = _checked(house, side="buy", quantity="4", book=asks).json()
    assert (deep["is_allowed"], deep["within"]) == (False, "3")


@pytest.mark.parametrize(
    "order",
    [
        {"side": "buy"},
        {"side": "buy", "price": "1", "quantity": "1"},
        {
            "side": "buy",
            "quantity": "1",
            "book": [{"price": "2", "units": "1"}, {"price": "1", "units": "1"}],
        },
        {"side": "sell", "quantity": "1", "book": [{"price": "1", "units": "0"}]},
        {"side": "hold", "price": "1"},
        {"side": "buy", "price": "NaN"},
    ],
)
def test_an_order_that_is_none_is_refused(house, order):
    _banded(house)
    assert _checked(house, **order).status_code == 422


def test_without_a_fresh_nav_there_is_no_band(house):
    _banded(house, stale_after_seconds=60)
    house.installation.clock.advance(seconds=61)
    for answer in (house.checker.get("/api/v1/product-bands/zz3l"), _checked(house, side="buy", price="90")):
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:truenav:problem:stale-nav")


def test_rules_without_a_band_have_none(house):
    _banded(house, price_band=None)
    answer = house.checker.get("/api/v1/product-bands/zz3l")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:truenav:problem:no-price-band")
