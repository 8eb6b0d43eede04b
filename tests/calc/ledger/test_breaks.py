"""A difference and its cause, told with the facts that show it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from truenav.calc.ledger.breaks import BreakKind, Explanation, Surroundings, explain, offsetting
from truenav.calc.ledger.completeness import Window, histories, windows
from truenav.core.asset import BTC, USDT
from truenav.core.facts import Fact, PositionLine, PositionSnapshot, Settlement, Trade, Transfer, TransferKind
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind
from truenav.core.money import Amount

from .test_completeness import BOOK, KEY, PERP, at, held, moved

SPOT = Instrument(InstrumentId("okx:S"), "okx", "S", InstrumentKind.SPOT, BTC, USDT, USDT, Decimal(1))
ALL = InstrumentBook([PERP, SPOT])
SECOND = timedelta(seconds=1)


def later(fact: Fact, by: timedelta) -> Fact:
    return replace(fact, occurred_at=fact.occurred_at + by)


def broken(facts: list[Fact], **around: object) -> list[tuple[Window, Explanation]]:
    known, unbooked = histories(facts, ALL)
    rows = [row for history in known.values() for some in windows(history) for row in some]
    return [
        (row, explain(row, Surroundings(known[row.key], rows, unbooked=unbooked, **around)))  # type: ignore[arg-type]
        for row in rows
        if row.is_break
    ]


def cause(facts: list[Fact], **around: object) -> tuple[BreakKind, tuple[Fact, ...]]:
    ((_, explanation),) = broken(facts, **around)
    assert explanation.message
    return explanation.kind, explanation.evidence


@pytest.mark.parametrize(("minute", "by"), [(10, 2 * SECOND), (10, -2 * SECOND)])
def test_a_fact_at_the_wrong_side_of_the_closing_snapshot_is_timing(minute: int, by: timedelta) -> None:
    fact = later(moved(minute, "3"), by)
    inside = by > timedelta(0)
    facts = [held(0, usdt="5"), fact, held(10, usdt="8" if inside else "5")]
    assert cause(facts) == (BreakKind.TIMING, (fact,))


@pytest.mark.parametrize("by", [2 * SECOND, -2 * SECOND])
def test_a_fact_at_the_wrong_side_of_the_opening_snapshot_is_timing(by: timedelta) -> None:
    fact = later(moved(0, "3"), by)
    facts = [held(0, usdt="5"), fact, held(10, usdt="5" if by > timedelta(0) else "8")]
    assert cause(facts) == (BreakKind.TIMING, (fact,))


def test_a_deposit_that_was_dated_hours_before_it_was_booked_is_timing() -> None:
    fact = moved(0, "3")
    facts = [fact, held(300, usdt="5"), held(400, usdt="8")]
    assert cause(facts) == (BreakKind.TIMING, (fact,))


def test_a_fee_that_was_part_of_the_amount_is_a_fee() -> None:
    fact = moved(50, "-10", fee="-1")
    facts = [held(0, usdt="20"), fact, held(100, usdt="10")]
    assert cause(facts) == (BreakKind.FEE, (fact,))


def test_fills_that_state_no_fee_are_the_cause_of_a_small_loss() -> None:
    body = Trade("spot", SPOT.id, Decimal(1), Decimal(1000), Amount(Decimal(-1000), USDT), None, (), "o")
    fact = at(50, body)
    facts = [held(0, usdt="2000"), fact, held(100, usdt="999", btc="1")]
    assert cause(facts) == (BreakKind.FEE, (fact,))


def test_the_counter_leg_of_a_stray_transfer_is_missing_here() -> None:
    stray = replace(
        moved(40, "-7"),
        account="elsewhere",
        body=Transfer("main", Amount(Decimal(-7), USDT), TransferKind.EXTERNAL),
    )
    facts = [held(0, usdt="1"), held(100, usdt="8")]
    assert cause(facts, strays=(stray,)) == (BreakKind.MISSING_FACT, (stray,))


def test_a_trade_without_terms_and_an_endpoint_that_was_not_read_are_missing_facts() -> None:
    body = Trade("spot", InstrumentId("okx:GONE"), Decimal(1), Decimal(1), None, None, (), "o")
    gone, facts = at(50, body), [held(0, usdt="1"), held(100, usdt="8")]
    assert cause([*facts, gone]) == (BreakKind.MISSING_FACT, (gone,))
    assert cause(facts, unread=("deposits",)) == (BreakKind.MISSING_FACT, ())


def test_contracts_that_agree_while_their_cash_does_not_are_a_price() -> None:
    held_before = (PositionLine(PERP.id, Decimal(2), Decimal(1)),)
    contracts = [at(0, PositionSnapshot("spot", held_before)), at(100, PositionSnapshot("spot", ()))]
    closed = at(50, Settlement("spot", PERP.id, Decimal(-2), Decimal(9), Amount(Decimal(9), USDT)))
    facts = [held(0, usdt="1"), closed, held(100, usdt="11"), *contracts]
    assert cause(facts) == (BreakKind.PRICE, (closed,))


def test_anything_else_is_unknown() -> None:
    assert cause([held(0, usdt="1"), moved(50, "2"), held(100, usdt="8")]) == (BreakKind.UNKNOWN, ())


def test_a_late_fact_breaks_two_windows_that_offset_each_other() -> None:
    late = later(moved(10, "3"), -SECOND)
    facts = [held(0, usdt="5"), late, held(10, usdt="5"), held(20, usdt="8")]
    found = broken(facts)
    assert [one.kind for _, one in found] == [BreakKind.TIMING, BreakKind.TIMING]
    assert offsetting(found[::-1]) == (tuple(found),)


def test_two_missing_facts_of_one_size_are_not_taken_for_timing() -> None:
    found = broken([held(0, usdt="5"), held(100, usdt="9"), held(200, usdt="5")])
    assert len(found) == 2
    assert offsetting(found) == ()


def test_the_wallet_of_these_scenarios_is_the_one_they_speak_of() -> None:
    assert set(histories([held(0, usdt="1")], BOOK)[0]) == {KEY}
