"""Settlement lines of a desk's statement and the transfers that settle them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.calc.ledger.statements import (
    MatchedBy,
    Reason,
    StatementLine,
    match_statement,
)
from truenav.core.asset import BTC, USD
from truenav.core.facts import CashFlow, CashKind, Fact, Transfer, TransferKind
from truenav.core.money import Amount

DAY = date(2026, 11, 18)


def line(id, amount, asset=BTC, *, days=0, counterparty="", txid=""):
    return StatementLine(id, asset, Decimal(amount), DAY + timedelta(days=days), counterparty, txid)


def moved(id, amount, asset=BTC, *, days=0, counterpart="", txid="", account="cold", hour=9):
    body = Transfer(
        "main", Amount(Decimal(amount), asset), TransferKind.EXTERNAL, counterpart=counterpart, txid=txid
    )
    at = datetime.combine(DAY + timedelta(days=days), time(hour), tzinfo=UTC)
    return Fact("fireblocks", account, id, at, body, "0" * 64)


def pairs(found):
    return {one.line.id: (one.transfer.external_id, one.by.value, one.days) for one in found.matched}


def reasons(found):
    return {one.line.id: one.reason for one in found.unmatched}


def test_both_legs_of_a_settled_trade_are_found_by_their_four_fields():
    found = match_statement(
        [line("btc", "10"), line("usd", "-950000", USD, days=1, counterparty="Desk X")],
        [
            moved("in", "10", days=1),
            moved("out", "-950000", USD, days=1, counterpart="fiat_account:Desk X"),
            moved("other", "10", USD),
        ],
    )
    assert pairs(found) == {"btc": ("in", "fields", 1), "usd": ("out", "fields", 0)}
    assert [fact.external_id for fact in found.transfers] == ["other"]
    assert not found.unmatched


def test_a_transaction_id_stands_for_date_and_counterparty():
    late = moved("late", "10", days=9, txid="0xAB", counterpart="0xother")
    found = match_statement(
        [line("a", "10", txid="0xab", counterparty="Desk X")],
        [late, moved("near", "10")],
        parties={"0xother": "Desk Y"},
    )
    assert pairs(found) == {"a": ("late", MatchedBy.TXID.value, 9)}


def test_two_different_transaction_ids_are_two_transfers():
    found = match_statement([line("a", "10", txid="0xab")], [moved("b", "10", txid="0xcd")])
    assert reasons(found) == {"a": Reason.TAKEN}


@pytest.mark.parametrize(
    ("transfers", "reason"),
    [
        ([], Reason.NO_AMOUNT),
        ([moved("x", "-10"), moved("y", "10", USD), moved("z", "10.00000001")], Reason.NO_AMOUNT),
        ([moved("x", "10", days=3), moved("y", "10", days=-3)], Reason.OTHER_DATE),
        ([moved("x", "10", counterpart="0xy")], Reason.OTHER_COUNTERPARTY),
        ([moved("x", "10", txid="0xcd", days=1)], Reason.TAKEN),
    ],
)
def test_a_line_without_a_partner_says_why(transfers, reason):
    one = line("a", "10", counterparty="Desk X", txid="0xab" if reason is Reason.TAKEN else "")
    found = match_statement([one], transfers, parties={"0xY": "Desk Y"})
    assert reasons(found) == {"a": reason}
    assert found.unmatched[0].message.startswith(f"Line a (10 {BTC} of 2026-11-18): ")
    assert set(found.transfers) == set(transfers)


def test_the_counterparty_decides_between_two_of_one_day():
    transfers = [moved("x", "10", counterpart="0xX"), moved("y", "10", counterpart="0xY")]
    found = match_statement(
        [line("to-y", "10", counterparty="Desk Y"), line("to-x", "10", counterparty="Desk X")],
        transfers,
        parties={"0xx": "desk x", "0xy": "desk y"},
    )
    assert pairs(found) == {"to-y": ("y", "fields", 0), "to-x": ("x", "fields", 0)}


def test_the_nearest_day_is_taken_and_as_many_as_possible():
    lines = [line("first", "5"), line("second", "5", days=2)]
    found = match_statement(lines, [moved("mid", "5", days=1), moved("early", "5", days=-2)])
    assert pairs(found) == {"first": ("early", "fields", -2), "second": ("mid", "fields", -1)}


def test_what_fits_equally_well_in_two_ways_is_told():
    lines = [line("a", "5", counterparty="A"), line("b", "5", counterparty="B")]
    transfers = [moved("x", "5", account="cold"), moved("y", "5", account="warm")]
    found = match_statement(lines, transfers)
    assert reasons(found) == {"a": Reason.AMBIGUOUS, "b": Reason.AMBIGUOUS}
    assert len(found.transfers) == 2
    alike = match_statement([line("a", "5"), line("b", "5")], transfers)
    assert set(pairs(alike)) == {"a", "b"}


def test_other_facts_are_left_out():
    fee = CashFlow("main", CashKind.FEE, Amount(Decimal("10"), BTC))
    fact = Fact("x", "cold", "fee", datetime(2026, 11, 18, tzinfo=UTC), fee, "0" * 64)
    assert match_statement([line("a", "10")], [fact]).transfers == ()


amounts = st.sampled_from(["1", "2", "-1"])
days = st.integers(-3, 3)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(amounts, days), max_size=4),
    st.lists(st.tuples(amounts, days), max_size=4),
    st.randoms(use_true_random=False),
)
def test_as_many_lines_are_paired_as_any_way_of_pairing_could(wanted, given_, rng):
    """Against trying all ways; what is ambiguous counts as paired, since somebody can be."""
    lines = [line(f"l{n}", amount, days=day) for n, (amount, day) in enumerate(wanted)]
    facts = [moved(f"t{n}", amount, days=day) for n, (amount, day) in enumerate(given_)]

    def fits(one, fact):
        near = abs((fact.occurred_at.date() - one.value_date).days) <= 2
        return fact is not None and fact.body.amount.number == one.amount and near

    padded = [*facts, *[None] * len(lines)]
    best = max(
        sum(fact is not None and fits(one, fact) for one, fact in zip(lines, way, strict=False))
        for way in permutations(padded, len(lines))
    )
    found = match_statement(lines, facts)
    told = sum(one.reason is Reason.AMBIGUOUS for one in found.unmatched)
    assert best - told <= len(found.matched) <= best
    assert Counter(one.line.id for one in (*found.matched, *found.unmatched)) == Counter(x.id for x in lines)
    used = [one.transfer.external_id for one in found.matched]
    assert len(set(used)) == len(used)
    assert len(used) + len(found.transfers) == len(facts)
    shuffled = list(facts)
    rng.shuffle(shuffled)
    assert match_statement(lines, shuffled) == found
