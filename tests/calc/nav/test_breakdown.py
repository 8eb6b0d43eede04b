"""A NAV taken apart adds up to itself, and holdings of other funds count by the share that is owned."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.calc.nav.conftest import DAY, PERP, START, House
from tests.calc.nav.test_fund_of_funds import two_funds
from tests.calc.nav.worlds import World

from truenav.calc.nav.breakdown import Breakdown, look_through, previous_values, shares_owned
from truenav.calc.nav.reprice import reprice
from truenav.calc.nav.strike import strike_nav
from truenav.calc.nav.valuation import value_nav
from truenav.core.asset import BTC, ETH, USDT
from truenav.core.money import exact
from truenav.core.portfolio import ByAsset, ByShare, NodeKind


def test_the_share_of_a_fund_is_the_units_held_of_it() -> None:
    result = two_funds().strike("fof", START)
    assert shares_owned(result) == {"fof": 1, "alpha": Decimal("0.5"), "beta": 1}


def test_lines_looked_through_add_up_to_the_gross_value_and_exposure_of_the_top_fund() -> None:
    house = two_funds()
    house.positions("alpha-1", START, (PERP, "-1", "50000"))
    house.mark(START, PERP, "50000")
    result = house.strike("fof", START)
    lines = list(look_through(result))
    totals = {one.node: one for one in result.nodes}["fof"]
    with exact():
        assert sum(share * (line.value_usd or 0) for share, line in lines) == result.root.nav_usd
        assert sum(share * (line.gross_exposure_usd or 0) for share, line in lines) == 50_000
    assert totals.gross_exposure_usd == 50_000


def test_a_contract_and_its_coin_are_one_concentration() -> None:
    house = two_funds()
    house.positions("alpha-1", START, (PERP, "-1", "50000"))
    house.mark(START, PERP, "50000")
    (bitcoin,) = Breakdown(value_nav(house.inputs("fof", START))).assets
    assert (bitcoin.key, bitcoin.gross, bitcoin.net, bitcoin.lines) == (BTC, 50_000, 0, 2)


def test_venues_add_up_to_the_nav_and_manual_items_have_none(simple: House) -> None:
    simple.manual("alpha", START, "250")
    valuation = value_nav(simple.inputs("alpha", START))
    found = {one.key: one.value for one in Breakdown(valuation).venues}
    assert found == {"okx": 60_000, "": 250}
    assert sum(found.values()) == valuation.result.root.nav_usd


def test_what_a_failure_puts_at_stake_is_found_under_every_name_of_its_lines(simple: House) -> None:
    found = Breakdown(value_nav(simple.inputs("alpha", START)))
    assert [found.at_stake(name) for name in ("okx-1", "alpha", BTC, ETH)] == [60_000, 60_000, 50_000, None]


def _split_fund() -> House:
    house = House()
    house.fund(classes=True)
    house.node("coins", NodeKind.STRATEGY, "alpha")
    house.node("cash", NodeKind.STRATEGY, "alpha")
    house.account("okx-1", ("coins", ByAsset((BTC, ETH))), ("cash", ByShare(Decimal(1))))
    house.prices(START, {BTC: "50000", USDT: "1"})
    house.balances("okx-1", START, {BTC: "1", USDT: "10000"})
    house.deal("alpha", START, "60", "60000")
    return house


def test_a_node_has_the_coverage_of_what_lies_below_it() -> None:
    house = _split_fund()
    first = house.strike("alpha", START)
    opening = Breakdown(value_nav(house.inputs("alpha", START)))
    assert {one.observed for one in opening.coverage.values()} == {1}
    at = START + 2 * DAY
    house.prices(at, {USDT: "1"})
    house.balances("okx-1", at, {BTC: "1", USDT: "10000"})
    found = Breakdown(value_nav(house.inputs("alpha", at, previous=first.funds))).coverage
    assert (found["coins"].missing, found["coins"].lines_unpriced) == (1, 1)
    assert (found["cash"].missing, found["cash"].api) == (0, 1)
    assert found["alpha"].missing == Decimal("0.833333333333333333")


def test_what_each_node_was_worth_at_the_last_nav() -> None:
    house = _split_fund()
    first = house.strike("alpha", START)
    inputs = house.inputs("alpha", START + DAY, previous=first.funds)
    assert previous_values(inputs) == {"alpha": 60_000, "coins": 50_000, "cash": 10_000}
    assert previous_values(house.inputs("alpha", START)) == {}


@pytest.mark.parametrize("seed", range(40))
def test_a_breakdown_that_follows_its_valuation_is_one_made_anew(seed: int) -> None:
    world = World(seed)
    opening = strike_nav(world.inputs(START))
    at = world.next_day()
    valuation = value_nav(world.inputs(at, previous=opening.funds))
    found = Breakdown(valuation)
    for step in (1, 200, 600):
        at += timedelta(seconds=step)
        valuation = reprice(valuation, world.quotes(at), as_of=at)
        found, anew = Breakdown(valuation, found), Breakdown(valuation)
        assert (found.assets, found.venues, found.coverage) == (anew.assets, anew.venues, anew.coverage)
        for line in valuation.result.root.lines:
            assert found.at_stake(line.node) == anew.at_stake(line.node)
