"""A desk's statement: trades, what settled them, and what the desk still holds or lends."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.connect.custody.standin import CONTEXT

from truenav.calc.ledger.statements import lines_of, match_statement
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.registry import parse
from truenav.core.asset import BTC, ETH, USD, USDT
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import BalanceSnapshot, Fact, Trade, Transfer, TransferKind
from truenav.core.money import Amount

PAYLOADS = Path(__file__).parents[2] / "payloads" / "statement"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def read(body, endpoint="statement.csv/1"):
    if isinstance(body, str):
        body = body.encode()
    request = Request("FILE", "desk")
    evidence = Evidence(
        sha256_hex(body), len(body), "statement", "1", endpoint, "desk-x", request, NOW, NOW, 200
    )
    return parse(evidence, body, CONTEXT)


@pytest.mark.parametrize(
    ("name", "endpoint"), [("desk.csv", "statement.csv/1"), ("desk.json", "statement.json/1")]
)
def test_trades_less_settlements_are_the_closing_balances(name, endpoint):
    got = read((PAYLOADS / name).read_bytes(), endpoint)
    assert not got.problems
    sums = defaultdict(Decimal)
    terms = {one.id: one for one in got.instruments}
    for fact in got.facts:
        body = fact.body
        if isinstance(body, Trade):
            for amount in (body.cost, *body.fees, Amount(body.quantity, terms[body.instrument].base)):
                sums[amount.asset] += amount.number
        elif isinstance(body, Transfer):
            assert body.kind is TransferKind.INTERNAL
            sums[body.amount.asset] += body.amount.number
    snapshot = next(fact.body for fact in got.facts if isinstance(fact.body, BalanceSnapshot))
    assert {line.asset: line.total for line in snapshot.lines} == {k: v for k, v in sums.items() if v}
    assert set(sums) == {BTC, ETH, USD, USDT}


def test_csv_and_json_state_the_same():
    one = read((PAYLOADS / "desk.csv").read_bytes())
    other = read((PAYLOADS / "desk.json").read_bytes(), "statement.json/1")
    assert [fact.content_hash for fact in one.facts] == [fact.content_hash for fact in other.facts]
    semicolons = (PAYLOADS / "desk.csv").read_text().replace(",", ";")
    assert [fact.content_hash for fact in read(semicolons).facts] == [f.content_hash for f in one.facts]


def test_settlements_are_matched_with_what_our_accounts_show():
    got = read((PAYLOADS / "desk.csv").read_bytes())
    body = Transfer("0", Amount(Decimal("10"), BTC), TransferKind.EXTERNAL, "bc1qdesk", "AA11")
    custody = Fact(
        "fireblocks", "cold", "tx:1:in", datetime(2026, 11, 18, 15, 20, tzinfo=UTC), body, "0" * 64
    )
    found = match_statement(lines_of(got.facts, counterparty="Desk X"), [custody])
    assert [(one.line.id, one.by.value) for one in found.matched] == [("settlement:S-1", "txid")]
    assert [one.reason.value for one in found.unmatched] == ["no-amount"]
    assert found.unmatched[0].line.amount == Decimal("-950000.50")


HEADER = "kind,id,occurred_at,asset,amount,counter_asset,counter_amount,fee\n"
WRONG = {
    "'surprise' is not known": "kind,id,occurred_at,asset,amount,surprise\n",
    "'amount' is missing": "kind,id,occurred_at,asset\n",
    "stands twice": "kind,id,occurred_at,asset,amount,amount\n",
    "line 2, kind": HEADER + "gift,1,2026-11-18T09:00:00Z,BTC,1,,,\n",
    "line 2, occurred_at": HEADER + "settlement,1,2026-11-18T09:00:00,BTC,1,,,\n",
    "line 3, amount": HEADER + "\nsettlement,1,2026-11-18T09:00:00Z,BTC,NaN,,,\n",
    "a settlement of nothing": HEADER + "settlement,1,2026-11-18T09:00:00Z,BTC,0,,,\n",
    "bought is positive": HEADER + "trade,1,2026-11-18T09:00:00Z,BTC,1,USD,5,\n",
    "paid, positive": HEADER + "trade,1,2026-11-18T09:00:00Z,BTC,1,USD,-5,-1\n",
    "6 cells": HEADER + "trade,1,2026-11-18T09:00:00Z,BTC,1,USD\n",
    "instant stands twice": HEADER + "balance,1,2026-11-18T09:00:00Z,BTC,1,,,\n" * 2,
}


@pytest.mark.parametrize("message", WRONG)
def test_a_statement_that_cannot_be_read_is_refused_as_a_whole_with_its_line(message):
    with pytest.raises(MalformedPayloadError, match=message):
        read(WRONG[message])


def test_a_pair_nobody_mapped_is_a_loss():
    got = read(HEADER + "trade,1,2026-11-18T09:00:00Z,FOO,1,USD,-5,\n")
    assert [one.lost for one in got.problems] == [True]
    assert not got.facts
