from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.calc.nav.conftest import DAY, PERP, START, House

from truenav.calc.nav.context import NavInputError
from truenav.calc.nav.model import LineKind, Quality
from truenav.core.asset import BTC, USD, USDT
from truenav.core.money import exact
from truenav.core.portfolio import NodeKind

NEXT = START + DAY


def two_funds(own: str = "1000") -> House:
    """Fund of funds *fof* holds 30 of 60 units of *alpha* and all 50 of *beta*, and some cash."""
    house = House()
    house.node("fof", NodeKind.FUND_OF_FUNDS)
    house.share_class("fof-a", "fof")
    for name in ("alpha", "beta"):
        house.fund(name, "fof", classes=True)
        house.whole(f"{name}-1", name)
    house.whole("fof-1", "fof")
    house.prices(START, {BTC: "50000", USDT: "1"})
    house.balances("alpha-1", START, {BTC: "1", USDT: "10000"})
    house.balances("beta-1", START, {USDT: "50000"})
    house.balances("fof-1", START, {USDT: own})
    house.deal("alpha", START, "30", "30000", investor="node:fof")
    house.deal("alpha", START, "30", "30000")
    house.deal("beta", START, "50", "50000", investor="node:fof")
    house.deal("fof", START, "81", "81000")
    return house


def test_holdings_are_units_at_this_runs_nav_per_unit() -> None:
    result = two_funds().strike("fof", START)
    assert [one.fund for one in result.funds] == ["alpha", "beta", "fof"]
    holdings = {one.subject: one.value_usd for one in result.root.lines if one.kind is LineKind.HOLDING}
    assert holdings == {"alpha-a": 30000, "beta-a": 50000}
    assert result.root.nav_usd == 81000
    assert result.quality is Quality.COMPLETE


def test_exposure_is_looked_through_by_the_share_held() -> None:
    house = two_funds()
    house.positions("alpha-1", START, (PERP, "-1", "50000"))
    house.mark(START, PERP, "50000")
    totals = {one.node: one for one in house.strike("fof", START).nodes}
    assert (totals["alpha"].gross_exposure_usd, totals["alpha"].net_exposure_usd) == (100000, 0)
    assert (totals["fof"].gross_exposure_usd, totals["fof"].net_exposure_usd) == (50000, 0)
    assert totals["fof"].leverage == Decimal("0.617283950617283951")
    assert (totals["fof"].value_usd, totals["fof"].holdings_usd) == (81000, 80000)


def test_unpriced_below_makes_the_whole_provisional() -> None:
    house = two_funds()
    first = house.strike("fof", START)
    at = START + 2 * DAY
    house.prices(at, {USDT: "1"})
    house.balances("alpha-1", at, {BTC: "1", USDT: "10000"})
    house.balances("beta-1", at, {USDT: "50000"})
    house.balances("fof-1", at, {USDT: "1000"})
    result = house.strike("fof", at, first.funds)
    assert result.quality is Quality.PROVISIONAL
    assert result.coverage.lines_unpriced == 1
    # Half of alpha is held: 5,000 USDT observed, and a coin that weighs its last known 25,000.
    assert result.coverage.missing == Decimal("0.308641975308641975")


def test_holding_something_outside_the_run_is_refused() -> None:
    house = two_funds()
    house.fund("gamma", classes=True)
    house.deal("gamma", START, "1", "1", investor="node:fof")
    with pytest.raises(NavInputError, match="not in this run"):
        house.strike("fof", START)


def test_a_fund_below_is_struck_alone_in_the_same_way() -> None:
    house = two_funds()
    alone, within = house.strike("alpha", START), house.strike("fof", START)
    assert alone.root == within.funds[0]


def test_funds_that_hold_each_other_are_refused() -> None:
    house = two_funds()
    house.deal("alpha", START, "1", "1", investor="node:beta")
    house.deal("beta", START, "1", "1", investor="node:alpha")
    with pytest.raises(NavInputError, match="circle"):
        house.strike("fof", START)


def test_fund_of_funds_bridge_explains_a_new_holding_and_its_profit() -> None:
    house = two_funds()
    first = house.strike("fof", START)
    later = START + DAY / 2
    house.deal("beta", later, "0.5", "500", investor="node:fof")
    house.transfer("fof-1", later, "-500", USDT)
    house.transfer("beta-1", later, "500", USDT)
    house.prices(NEXT, {BTC: "51000", USDT: "1"})
    house.balances("alpha-1", NEXT, {BTC: "1", USDT: "10000"})
    house.balances("beta-1", NEXT, {USDT: "50500"})
    house.balances("fof-1", NEXT, {USDT: "500"})
    result = house.strike("fof", NEXT, first.funds)
    bridge = result.root.bridge
    assert bridge is not None
    assert (bridge.price_usd, bridge.flow_usd, bridge.unexplained_usd) == (500, 0, 0)
    assert (result.root.nav_usd, result.breaks) == (81500, 0)


@settings(max_examples=25, deadline=None)
@given(
    coins=st.decimals(min_value=-5, max_value=5, places=8),
    cash=st.decimals(min_value=300_000, max_value=900_000, places=6),
    price=st.decimals(min_value=1, max_value=99_999, places=5),
    contracts=st.integers(-9, 9),
)
def test_holding_all_units_equals_owning_the_assets(
    coins: Decimal, cash: Decimal, price: Decimal, contracts: int
) -> None:
    def build(*, through_fund: bool) -> House:
        house = House()
        house.node("fof", NodeKind.FUND_OF_FUNDS)
        if through_fund:
            house.fund("alpha", "fof", classes=True)
            house.deal("alpha", START, "17", "1000", investor="node:fof")
        house.whole("acc", "alpha" if through_fund else "fof")
        house.prices(START, {BTC: str(price), USDT: "0.9987"})
        house.mark(START, PERP, str(price))
        house.balances("acc", START, {BTC: str(coins), USDT: str(cash)})
        house.positions("acc", START, (PERP, str(contracts), "50000"))
        return house

    through = build(through_fund=True).strike("fof", START)
    direct = build(through_fund=False).strike("fof", START)
    one, two = (next(x for x in result.nodes if x.node == "fof") for result in (through, direct))
    with exact():
        for name in ("value_usd", "gross_exposure_usd", "net_exposure_usd", "unrealised_usd"):
            assert abs(getattr(one, name) - getattr(two, name)) <= Decimal("1e-18")
    assert replace(through.coverage, lines_unpriced=0) == replace(direct.coverage, lines_unpriced=0)
    assert USD in {line.quote for line in through.root.lines}
