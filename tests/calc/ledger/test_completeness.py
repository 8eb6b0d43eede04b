"""Windows between snapshots: what adds up, what does not, and the sum over all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.ledger.completeness import ReconciliationStatus, histories, span, windows
from truenav.core.asset import BTC, USDT
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    Body,
    CashFlow,
    CashKind,
    Fact,
    PositionLine,
    PositionSnapshot,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind
from truenav.core.money import Amount, AssetId

START = datetime(2026, 1, 1, tzinfo=UTC)
PERP = Instrument(
    InstrumentId("okx:SWAP"), "okx", "SWAP", InstrumentKind.PERPETUAL, BTC, USDT, USDT, Decimal("0.01")
)
BOOK = InstrumentBook([PERP])
KEY = ("acc", "spot", False)


def at(minute: int, body: Body, name: str | None = None) -> Fact:
    when = START + timedelta(minutes=minute)
    return Fact("okx", "acc", name or f"{body.TAG}{minute}", when, body, Sha256("0" * 64))


def held(minute: int, name: str | None = None, **numbers: str) -> Fact:
    assets = {"usdt": USDT, "btc": BTC}
    lines = tuple(BalanceLine(assets[one], Decimal(number)) for one, number in numbers.items())
    return at(minute, BalanceSnapshot("spot", lines), name)


def moved(minute: int, number: str, asset: AssetId = USDT, fee: str | None = None) -> Fact:
    cost = None if fee is None else Amount(Decimal(fee), asset)
    kind = TransferKind.EXTERNAL
    return at(minute, Transfer("spot", Amount(Decimal(number), asset), kind, fee=cost))


def told(facts: list[Fact]) -> list[tuple[str, str, str]]:
    history = histories(facts, BOOK)[0][KEY]
    return [
        (row.subject.rpartition(":")[2], row.status, str(row.difference))
        for rows in windows(history)
        for row in rows
    ]


def test_a_window_with_all_its_facts_adds_up() -> None:
    facts = [held(0, usdt="10"), moved(5, "3", fee="-1"), held(10, usdt="12")]
    assert [row[1:] for row in told(facts)] == [("ok", "0")]


def test_what_vanished_or_appeared_without_a_fact_is_a_break() -> None:
    facts = [held(0, usdt="10"), held(10, btc="2")]
    assert sorted(row[1:] for row in told(facts)) == [("break", "-10"), ("break", "2")]


def test_a_fact_at_the_instant_of_a_snapshot_is_in_it() -> None:
    facts = [held(0, usdt="10"), moved(10, "3"), held(10, usdt="13"), held(20, usdt="13")]
    assert [row[1] for row in told(facts)] == ["ok", "ok"]


def test_what_happened_outside_of_all_windows_is_not_judged() -> None:
    facts = [moved(0, "10"), held(1, usdt="10"), held(2, usdt="10"), moved(3, "5")]
    assert [row[1] for row in told(facts)] == ["ok"]


def test_of_two_snapshots_at_one_instant_the_later_name_counts_whatever_the_order() -> None:
    facts = [held(0, usdt="1"), held(5, "a", usdt="9"), held(5, "b", usdt="1")]
    assert told(facts) == told(facts[::-1])
    assert [row[1] for row in told(facts)] == ["ok"]


def test_an_expiry_closes_what_is_held_whichever_side_it_states() -> None:
    def position(minute: int, *quantities: str) -> Fact:
        lines = tuple(PositionLine(PERP.id, Decimal(one), Decimal(1)) for one in quantities)
        return at(minute, PositionSnapshot("spot", lines))

    worthless = Settlement("spot", PERP.id, Decimal(-2), Decimal(0), Amount(Decimal(0), USDT))
    facts = [position(0, "-2"), at(5, worthless), position(10)]
    history = histories(facts, BOOK)[0]["acc", "spot", True]
    (rows,) = windows(history)
    assert [row.status for row in rows] == [ReconciliationStatus.OK]


def test_a_fact_without_contract_terms_is_told() -> None:
    name = InstrumentId("okx:GONE")
    trade = at(1, Trade("spot", name, Decimal(1), Decimal(1), None, None, (), "o"))
    assert histories([trade], BOOK) == ({}, (trade,))


def test_from_nothing_the_first_snapshot_must_be_explained() -> None:
    facts = [moved(0, "10"), held(1, usdt="11"), held(2, usdt="11")]
    history = histories(facts, BOOK)[0][KEY]
    assert [row.difference for row in span(KEY, history)] == [Decimal(0)]
    (row,) = span(KEY, history, from_nothing=True)
    assert [row.opening, row.moved, row.closing, row.difference] == [0, 10, 11, 1]


def test_a_wallet_that_nothing_was_read_of_is_unread_and_one_read_once_has_no_opening() -> None:
    unread = histories([moved(0, "10")], BOOK)[0][KEY]
    assert [row.status for row in span(KEY, unread)] == [ReconciliationStatus.UNREAD]
    once = histories([moved(0, "10"), held(1, usdt="10")], BOOK)[0][KEY]
    assert [row.status for row in span(KEY, once)] == [ReconciliationStatus.NO_OPENING]


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=12),
    st.sets(st.integers(0, 11), max_size=4),
    st.integers(0, 2**16),
)
def test_the_windows_differences_add_up_to_that_of_the_whole_span(
    changes: list[int], lost: set[int], seed: int
) -> None:
    facts, total = [held(0, usdt="0")], 0
    for n, change in enumerate(changes):
        total += change
        body = CashFlow("spot", CashKind.REWARD, Amount(Decimal(change), USDT))
        if n not in lost:
            facts.append(at(10 * n + 5, body))
        facts.append(held(10 * n + 10, usdt=str(total)))
    Random(seed).shuffle(facts)
    history = histories(facts, BOOK)[0][KEY]
    parts = sum((row.difference or 0) for rows in windows(history) for row in rows)
    whole = sum((row.difference or 0) for row in span(KEY, history))
    assert parts == whole == sum(changes[n] for n in lost if n < len(changes))
    assert replace(history) == histories(facts[::-1], BOOK)[0][KEY]
