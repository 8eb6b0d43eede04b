"""The public document: what it says of each kind of product, in the same bytes for the same inputs."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

from tests.calc.etp.live.worlds import START, D, after, at, opened, product, three_long

from truenav.calc.etp.engine.adjustments import UnitChange
from truenav.calc.etp.live.disclosure import Disclosure, disclosure, tables
from truenav.calc.etp.live.hedged import closed, filled, remaining
from truenav.calc.etp.live.state import Fill, HaltCause, ProposalKind
from truenav.calc.etp.live.units import changed, unit_plan
from truenav.core.canonical import canonical_json, decode, encode
from truenav.core.product import (
    DailyTimes,
    Fee,
    Financing,
    Schedule,
    ShareMerge,
    Source,
    Terms,
    Trigger,
)

TIMES = DailyTimes(("20:01",))
FEE = Fee(D("0.001"), TIMES)
RULES = replace(
    product(three_long(schedules=(Schedule(TIMES),), trigger=Trigger(above=D(4)), fees=(FEE,))),
    sources=(Source("https://example.org/rules", "read 2024-03-09"),),
    conflicts=("Another page says 0.2 %.",),
)


def _day() -> Disclosure:
    """A fee and a scheduled rebalance at 20:01, a triggered one at 20:02."""
    watched, steps = opened(RULES), []
    for minute, price in ((1, 110), (2, 90), (3, 91)):
        watched, happened = at(watched, price, minutes=minute)
        steps += [happened] if happened else []
    return disclosure(RULES, watched.live, steps=steps)


def _rows(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode())))


def test_a_document_tells_what_a_unit_holds_and_when_it_changes():
    found = _day()
    assert found.as_of == START + timedelta(minutes=3)
    assert (found.price, found.source, found.units, found.target) == (91, "test", 10, 3)
    assert found.loan == -found.cash > 0
    assert abs(found.position * 91 + found.cash - found.nav) < D("1e-15")
    assert abs(found.net_assets - 10 * found.nav) < D("1e-15")
    assert found.next_scheduled_at == START + timedelta(days=1, minutes=1)
    # leverage is 3 at 90, so it is 4 a ninth lower, and nothing is left a third lower
    assert found.rebalances_at_or_below == 80
    assert found.rebalances_at_or_above is None
    assert found.nothing_left_at == 60
    assert found.halts == ()


def test_a_document_tells_what_happened():
    found = _day()
    assert [line.kind for line in found.rebalances] == ["scheduled", "triggered"]
    assert [line.price for line in found.rebalances] == [110, 90]
    assert all(line.leverage_after == 3 for line in found.rebalances)
    (charge,) = found.charges
    assert (charge.nav_before, charge.fees) == (130, D("0.13"))
    (nav,) = found.navs
    assert (nav.nav, nav.adjusted_nav) == (D("129.87"), D("129.87"))


def test_the_same_inputs_give_the_same_bytes():
    assert canonical_json(_day()) == canonical_json(_day())
    assert tables(_day()) == tables(_day())
    assert decode(Disclosure, encode(_day())) == replace(_day())


def test_tables_hold_every_digit_and_leave_the_unknown_empty():
    found = tables(_day())
    figures = {row["figure"]: row["value"] for row in _rows(found["figures"])}
    assert figures["as_of"] == "2024-03-09T20:03:00Z"
    assert figures["rebalances_at_or_below"] == "80"
    assert figures["rebalances_at_or_above"] == ""
    assert [row["kind"] for row in _rows(found["rebalances"])] == ["scheduled", "triggered"]
    assert _rows(found["charges"])[0]["fees"] == "0.13"
    assert found["changes"] == b"at,old,new\r\n"


def test_rules_in_force_stand_with_their_source():
    found = _day()
    assert decode(Terms, found.rules) == RULES.terms[0]
    assert found.sources[0].address == "https://example.org/rules"
    assert found.conflicts == ("Another page says 0.2 %.",)


def test_a_hidden_target_is_told_nowhere():
    trigger = Trigger(over_target=D("0.5"))
    terms = three_long(target=D("2.7"), trigger=trigger, target_is_published=False)
    found = disclosure(product(terms), opened(product(terms)).live)
    assert found.target is None
    assert found.rebalances_at_or_below is None
    assert "target" not in found.rules
    assert found.rules["trigger"]["over_target"] is None
    ranged = replace(terms, trigger=Trigger(above=D(4), below=D("1.25")))
    shown = disclosure(product(ranged), opened(product(ranged)).live)
    assert shown.rebalances_at_or_below is not None


def test_history_from_before_a_merge_is_in_present_units():
    merge, financed = ShareMerge(D(50), 10), Financing(D("0.0001"), TIMES)
    rules = product(
        three_long(fees=(FEE,), merge=merge, financing=financed, trigger=Trigger(adverse_move=D("0.2")))
    )
    watched, first = at(opened(rules), 80, minutes=1)
    plan = unit_plan(watched.live, UnitChange(10, 1), {"a": D(10)})
    live = changed(watched.live, plan)
    found = disclosure(rules, live, steps=[first], changes=[(live.mark.at, plan.change)])
    nav = D("39.976") * D("0.999")
    assert found.navs[0].nav == nav
    assert found.navs[0].adjusted_nav == found.nav == 10 * nav
    assert found.charges[0].fees == D("0.39976")
    assert found.charges[0].financing == D("0.24")
    assert found.charges[0].nav_before == 400
    trade = 3 * nav * 10 / 80 - 30
    assert abs(found.rebalances[0].quantity - trade) < D("1e-17")
    assert (found.changes[0].old, found.adjustments[0].factor, found.units) == (10, 10, 1)


def test_a_hedged_product_tells_its_trades():
    watched = opened(RULES, hedged=True)
    open_one = disclosure(RULES, watched.live)
    assert open_one.rebalancing is ProposalKind.OPENING
    assert open_one.halts == (HaltCause.REBALANCING,)
    trade = Fill("a", watched.live.mark.at, remaining(watched.live), D("100.1"), D("0.5"))
    live, done = closed(filled(watched.live, trade), at=watched.live.mark.at)
    found = disclosure(RULES, live, rebalances=[done])
    (line,) = found.rebalances
    assert (line.kind, line.price, line.quantity, line.cost) == ("opening", D("100.1"), 3, D("0.35"))
    assert found.rebalancing is None


def test_a_trade_that_was_asked_for_before_a_merge_and_done_after_it_is_of_a_present_unit():
    watched = opened(RULES, hedged=True)
    live = watched.live
    plan = unit_plan(live, UnitChange(10, 1), {"a": D(10)})
    merged = changed(live, plan)
    trade = Fill("a", live.mark.at, remaining(merged), D("100.1"), D("0.5"))
    later, done = closed(filled(merged, trade), at=live.mark.at + 2)
    found = disclosure(RULES, later, rebalances=[done], changes=[(plan.at, plan.change)])
    (line,) = found.rebalances
    assert (found.units, found.position, line.quantity, line.cost) == (1, 30, 30, D("3.5"))


def test_a_trade_that_was_done_before_a_merge_after_the_same_mark_is_of_a_present_unit():
    live = opened(RULES, hedged=True).live
    trade = Fill("a", live.mark.at, remaining(live), D("100.1"), D("0.5"))
    live, done = closed(filled(live, trade), at=live.mark.at + 2)
    plan = unit_plan(live, UnitChange(10, 1), {"a": D(10)})
    found = disclosure(RULES, changed(live, plan), rebalances=[done], changes=[(plan.at, plan.change)])
    assert (found.position, found.rebalances[0].quantity) == (30, 30)


def test_a_trade_that_was_asked_for_after_a_merge_is_of_a_present_unit():
    watched = opened(RULES, hedged=True)
    trade = Fill("a", watched.live.mark.at, remaining(watched.live), D(100))
    live, _ = closed(filled(watched.live, trade), at=watched.live.mark.at + 2)
    plan = unit_plan(live, UnitChange(10, 1), {"a": D(10)})
    watched, _ = at(after(watched, changed(live, plan)), 88, minutes=0.5)
    order = watched.live.proposal.order
    trade = Fill("b", watched.live.mark.at, order, D(88))
    live, done = closed(filled(watched.live, trade), at=watched.live.mark.at + 1)
    found = disclosure(RULES, live, rebalances=[done], changes=[(plan.at, plan.change)])
    assert abs(found.rebalances[0].quantity - order) < D("1e-17")


def test_after_ruin_there_is_nothing_to_hold():
    watched, happened = at(after(opened(RULES), opened(RULES).live), 60, minutes=0.5)
    found = disclosure(RULES, watched.live, steps=[happened])
    assert (found.nav, found.position, found.leverage, found.nothing_left_at) == (0, 0, None, None)
    assert found.halts == (HaltCause.RUIN,)
    assert found.navs[0].nav == 0
