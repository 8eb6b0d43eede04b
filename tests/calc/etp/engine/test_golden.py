"""Every worked example through the product's own functions: published, corrected, and derived.

The file's figures are texts; one is met if what the product computes rounds (half-even) to it.
"""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.calc.etp.histories import DAILY, START, D, history, path, product, terms

from truenav.calc.etp.engine.adjustments import UnitChange
from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.rules import limits_of
from truenav.calc.etp.engine.running import no_stop
from truenav.calc.etp.engine.simulate import EventKind, Simulation, event_of, issued, simulate
from truenav.calc.etp.engine.stepping import State, net_value, step
from truenav.calc.etp.explain import decay
from truenav.calc.etp.explain.attribution import explain, explain_daily
from truenav.calc.etp.explain.continuous import simulate_continuously
from truenav.calc.etp.live.dealing import Request, price_band, quote
from truenav.calc.etp.live.product import issue
from truenav.calc.etp.live.state import LiveProduct, Mark
from truenav.calc.etp.live.units import unit_plan
from truenav.core.basket import Side
from truenav.core.money import ONE, exact, rounded
from truenav.core.product import Dealing, Product, Terms, Trigger

ROOT = Path(__file__).parents[4]
GOLDEN = json.loads((ROOT / "tests/golden/etp/leveraged.json").read_text(encoding="utf-8"))
Figures = dict[str, Any]


def made_from(rules: dict[str, Any]) -> Product:
    trigger = Trigger(
        above=D(rules["above"]) if "above" in rules else None,
        adverse_move=D(rules["adverse"]) if "adverse" in rules else None,
        favourable_move=D(rules["favourable"]) if "favourable" in rules else None,
    )
    return product(terms(rules["target"], trigger=trigger, schedules=DAILY if "daily" in rules else ()))


def figures_of(run: Simulation, name: str) -> Figures:
    days = explain_daily(run)
    rebalances = [event for event in run.events if event.kind is EventKind.TRIGGERED]
    return {
        f"{name}.legs": [day.product for day in days],
        f"{name}.nav": [day.nav_after for day in days],
        f"{name}.gain": [day.nav_after - day.nav_before for day in days],
        f"{name}.leverage": [event.leverage_before for event in run.events],
        f"{name}.fills": [event.price for event in rebalances],
        f"{name}.triggered": Decimal(run.triggered),
        f"{name}.total": explain(run).product,
    }


def along(simulated: Callable[..., Simulation]) -> Callable[[Figures], Figures]:
    """Products of some rules over marks a day apart."""

    def run(inputs: Figures) -> Figures:
        prices = inputs.get("prices") or path("100", inputs["moves"])
        found: Figures = {}
        for name, rules in inputs["products"].items():
            done = simulated(made_from(rules), history(prices), nav=D(inputs.get("nav", 100)))
            found |= figures_of(done, name)
            found["underlying"] = explain(done).underlying
            found["moves"] = [day.underlying for day in explain_daily(done)]
        return found

    return run


def a_mark(inputs: Figures) -> Figures:
    """One unit, taken through the events of one mark."""
    rules = terms(inputs["target"], trading_cost=D(inputs.get("cost", 0)))
    state, price = State(D(inputs["position"]), D(inputs["cash"]), D(inputs["price"]), 0), D(inputs["price"])
    stop = no_stop(price)._replace(fee_nav=D(inputs.get("fee", 0)), share=D(int("rebalance" in inputs)))
    with exact():
        after, paid, kind = step(state, price, stop, limits_of(rules), armed=False)
        event = event_of(1, 0, kind, price, ONE, state.position, net_value(state, price), after, paid)
        return {
            "nav_before": event.nav_before,
            "nav": event.nav,
            "leverage": event.leverage_before,
            "position": event.position,
            "cash": event.cash,
            "trade": event.trade,
            "traded": event.trade * price,
            "costs": event.costs,
            "holder_cost": event.fees * D(inputs.get("units", 1)),
        }


def an_issue(inputs: Figures) -> Figures:
    state = issued(terms(inputs["target"]), D(inputs["price"]), D(inputs["nav"]))
    return {"notional": state.position * D(inputs["price"])}


def a_day_one_way(inputs: Figures) -> Figures:
    return {
        name: [
            explain(simulate_continuously(made_from(rules), history(path("100", [move])))).product
            for move in inputs["moves"]
        ]
        for name, rules in inputs["products"].items()
    }


def fees(inputs: Figures) -> Figures:
    rate, times = D(inputs["rate"]), inputs["times"]
    return {"simple": decay.fee_over(rate, times, compounded=False), "compound": decay.fee_over(rate, times)}


def a_merge(inputs: Figures) -> Figures:
    nav, units = D(inputs["nav"]), D(inputs["units"])
    price = 3 * nav / D(inputs["position"])  # at which a 3x unit of this NAV holds that position
    live = issue(product(terms()), Mark("BTC", microseconds(START), price, "a test"), nav=nav, units=units)
    plan = unit_plan(live, UnitChange(inputs["ratio"], 1), {"holder": units})
    return {
        "nav": plan.nav_after,
        "units": plan.units_after,
        "position": plan.position_after,
        "value": plan.units_after * plan.nav_after + plan.paid_out,
    }


def live_at(nav: str, units: str, rules: Terms) -> LiveProduct:
    """A product whose NAV is this one, issued a moment ago."""
    opening = Mark("BTC", microseconds(START), D(nav), "a test")
    return issue(product(rules), opening, nav=D(nav), units=D(units))


def a_band(inputs: Figures) -> Figures:
    rules = terms(price_band=D(inputs["band"]))
    band = price_band(
        live_at(inputs["nav"], "1", rules), rules, tick=D(inputs["tick"]), now=microseconds(START)
    )
    assert band is not None
    return {"max_buy": band.max_buy, "min_sell": band.min_sell}


def a_deal(inputs: Figures) -> Figures:
    rules = terms(dealing=Dealing(creation_fee=D(inputs["rate"]), redemption_fee=D(inputs["rate"])))
    now, units = microseconds(START), inputs["units"]
    live = live_at(inputs["nav"], str(2 * D(units)), rules)
    return {
        name: quote(live, rules, Request(name, side, D(units), now), now=now).total
        for name, side in (("create", Side.CREATE), ("redeem", Side.REDEEM))
    }


RUNS: dict[str, Callable[[Figures], Figures]] = {
    "mark": a_mark,
    "path": along(simulate),
    "continuous": along(simulate_continuously),
    "issue": an_issue,
    "one_direction": a_day_one_way,
    "fee_over": fees,
    "fee_over_many": lambda of: {"compound": [decay.fee_over(D(rate), of["times"]) for rate in of["rates"]]},
    "merge": a_merge,
    "band": a_band,
    "deal": a_deal,
    "leverage_after": lambda of: {
        "leverage": [decay.leverage_after(D(of["leverage"]), D(move)) for move in of["moves"]]
    },
    "leverage_after_both": lambda of: {
        "leverage": [decay.leverage_after(D(one), D(move)) for one, move in of["pairs"]]
    },
    "move_to_leverage": lambda of: {
        "move": [decay.move_to_leverage(D(one), D(size)) for one, size in of["pairs"]]
    },
    "ruin": lambda of: {"move": [decay.move_to_ruin(D(one)) for one in of["leverages"]]},
    "decay": lambda of: {
        "decay": [decay.decay(D(one), D(of["volatility"]), D(of["years"])) for one in of["leverages"]]
    },
    "flow": lambda of: {
        "flow": [decay.rebalancing_flow(D(one), D(of["assets"]), D(move)) for one, move in of["pairs"]]
    },
}


def meets(found: Decimal, text: str) -> bool:
    expected = D(text)
    places = -int(expected.as_tuple().exponent)
    return rounded(found, places) == expected


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["id"])
def test_a_worked_example_comes_out_as_expected(case):
    found = RUNS[case["run"]](case["inputs"])
    for name, expected in case["expected"].items():
        if isinstance(expected, str):
            assert meets(found[name], expected), (name, found[name], expected)
            continue
        assert len(found[name]) >= len(expected), name
        for place, (one, text) in enumerate(zip(found[name], expected, strict=False)):
            assert meets(one, text), (name, place, one, text)


def test_all_examples_are_there():
    ids = {case["id"] for case in GOLDEN["cases"]}
    assert ids >= {
        f"LT-{number:02}" for number in (*range(1, 11), *range(12, 19), *range(20, 24), 26, 30, 32, 37)
    }


@pytest.mark.parametrize(
    "case", [case for case in GOLDEN["cases"] if "published" in case], ids=lambda case: case["id"]
)
def test_a_published_figure_is_ours_rounded_or_its_difference_is_explained(case):
    differs = False
    for name, printed in case["published"].items():
        ours = case["expected"][name]
        pairs = [(printed, ours)] if isinstance(printed, str) else zip(printed, ours, strict=True)
        differs |= any(one and not meets(D(exactly), one) for one, exactly in pairs)
    assert not differs or case["why"]


def test_the_page_of_the_method_shows_the_figures_of_this_table():
    script = runpy.run_path(str(ROOT / "scripts" / "leveraged_table.py"))
    written = (ROOT / "docs" / "methods" / "leveraged.md").read_text(encoding="utf-8")
    assert written == script["page"](written), "Run scripts/leveraged_table.py: the golden table has changed."


def test_a_figure_of_the_brief_stands_beside_one_of_ours():
    for case in GOLDEN["cases"]:
        assert set(case.get("brief", {})) | set(case.get("published", {})) <= set(case["expected"]), case[
            "id"
        ]
        assert "brief" not in case or case.get("why") or _agrees(case), case["id"]


def _agrees(case: Figures) -> bool:
    return all(meets(D(case["expected"][name]), figure) for name, figure in case["brief"].items())
