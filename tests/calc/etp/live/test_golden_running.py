"""The worked cases of running a product, through the functions that run one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.calc.etp.live.worlds import D, after, at, opened, product, three_long

from truenav.calc.etp.engine.adjustments import UnitChange
from truenav.calc.etp.live.dealing import Request, price_band, quote
from truenav.calc.etp.live.hedged import filled, remaining
from truenav.calc.etp.live.state import Fill, LiveProduct, basket
from truenav.calc.etp.live.units import unit_plan
from truenav.core.basket import Side
from truenav.core.money import exact
from truenav.core.product import DailyTimes, Dealing, Fee, Schedule

TABLE = json.loads((Path(__file__).parents[3] / "golden" / "etp" / "leveraged.json").read_text("utf-8"))
CASES: dict[str, Any] = {case["id"]: case for case in TABLE["cases"]}
AT = DailyTimes(("20:01",))
NOW = (Schedule(AT),)


def _given(case: str) -> Mapping[str, Any]:
    return {
        name: D(value) if isinstance(value, str) else value for name, value in CASES[case]["inputs"].items()
    }


def _agrees(case: str, **found: Decimal | None) -> None:
    expected = CASES[case]["expected"]
    assert found.keys() == expected.keys()
    for name, text in expected.items():
        number = found[name]
        assert number is not None
        with exact():
            assert number.quantize(D(text)) == D(text), name


def _holding(live: LiveProduct, position: Decimal, cash: Decimal) -> LiveProduct:
    return replace(live, model=replace(live.model, position=position, cash=cash))


def _worth(nav: Decimal, **rules: object) -> LiveProduct:
    """A product whose unit is worth so much, at a mark of 100."""
    return opened(product(three_long(**rules)), nav=nav, units=D(1000)).live


def test_a_unit_as_issued():
    one = basket(opened(product(three_long())).live)
    given = _given("LT-01")
    assert (one.position, one.cash) == (given["position"], given["cash"])
    _agrees("LT-01", nav=one.nav, leverage=one.leverage)


def test_a_unit_after_a_rise_of_a_ninth():
    case = CASES["LT-02"]
    first, then = case["inputs"]["prices"]
    watched, _ = at(opened(product(three_long()), first), then, minutes=1)
    one = basket(watched.live)
    for name, number in (("x3.nav", one.nav), ("x3.leverage", one.leverage)):
        (text,) = case["expected"][name]
        assert number is not None
        assert number.quantize(D(text)) == D(text)


def test_the_order_that_restores_the_target():
    given, rules = _given("LT-03"), product(three_long(schedules=NOW))
    live = opened(rules, 200, units=D(1), hedged=True).live
    held = replace(live.model, position=given["position"], cash=given["cash"])
    watched, happened = at(after(opened(rules), replace(live, actual=held)), given["price"], minutes=1)
    one = basket(watched.live)
    assert happened is not None
    assert happened.proposal is not None
    fill = Fill("all", watched.live.mark.at, remaining(watched.live), given["price"])
    done = filled(watched.live, fill)
    assert done.actual is not None
    _agrees(
        "LT-03",
        nav=one.nav,
        leverage=one.leverage,
        position=happened.proposal.wanted,
        trade=happened.proposal.order,
        cash=done.actual.cash,
    )


def test_a_rebalance_that_pays_for_itself():
    given = _given("LT-18")
    rules = product(three_long(schedules=NOW, trading_cost=given["cost"]))
    _, happened = at(opened(rules), given["price"], minutes=1)
    assert happened is not None
    one = happened.event
    with exact():
        trade = one.trade
    _agrees(
        "LT-18", nav_before=one.nav_before, nav=one.nav, position=one.position, trade=trade, costs=one.costs
    )


def test_twenty_units_become_one():
    given = _given("LT-20")
    with exact():
        cash = given["nav"] - given["position"] * 100
    live = replace(_holding(_worth(D(1)), given["position"], cash), units=given["units"])
    plan = unit_plan(live, UnitChange(given["ratio"], 1), {"holder": given["units"]})
    with exact():
        value = plan.units_after * plan.nav_after
    _agrees("LT-20", nav=plan.nav_after, units=plan.units_after, position=plan.position_after, value=value)


def test_the_price_band_is_rounded_inward():
    given = _given("LT-21")
    live = _worth(given["nav"])
    found = price_band(live, three_long(price_band=given["band"]), tick=given["tick"], now=live.mark.at)
    assert found is not None
    _agrees("LT-21", max_buy=found.max_buy, min_sell=found.min_sell)


def test_creation_and_redemption_with_a_fee():
    given = _given("LT-22")
    terms = three_long(dealing=Dealing(given["rate"], given["rate"]))
    live = _worth(given["nav"])
    create, redeem = (
        quote(live, terms, Request("r", side, given["units"], live.mark.at), now=live.mark.at)
        for side in (Side.CREATE, Side.REDEEM)
    )
    _agrees("LT-22", create=create.total, redeem=redeem.total)


def test_mark_then_fee_then_rebalance():
    given = _given("LT-32")
    rules = product(three_long(schedules=NOW, fees=(Fee(given["fee"], AT),)))
    _, happened = at(opened(rules), given["price"], minutes=1)
    assert happened is not None
    one = happened.event
    assert happened.published == one.nav
    _agrees("LT-32", nav_before=one.nav_before, nav=one.nav, position=one.position)
