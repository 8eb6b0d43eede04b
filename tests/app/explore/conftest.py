"""A small fund whose rows can be followed."""

import pytest
from tests.calc.nav.conftest import START, House

from truenav.core.asset import BTC


@pytest.fixture
def simple():
    """Fund *alpha* with 1 BTC and its price."""
    house = House()
    house.fund(classes=True)
    house.whole("okx-1", "alpha")
    house.prices(START, {BTC: "50000"})
    house.balances("okx-1", START, {BTC: "1"})
    return house
