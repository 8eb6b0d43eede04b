"""What BitMEX's answers state: units, contract sizes and profit, and each movement of money once."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.connect.cefi.bitmex.ledger import entry, executed
from truenav.connect.document import read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.core.asset import BTC, ETH, USD, USDT
from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    CashKind,
    PositionSnapshot,
    QuoteKind,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.instrument import InstrumentKind
from truenav.core.money import exact


def facts(parsed, kind):
    return [fact for fact in parsed.facts if isinstance(fact.body, kind)]


def nodes(rows):
    return list(read_json(json.dumps(rows).encode()).items())


def test_the_size_of_a_contract_is_read_for_each_way_of_paying(lab):
    terms = {one.code: one for one in lab.known().instruments.instruments.values()}
    assert (terms["XBTUSD"].multiplier, terms["XBTUSD"].inverse, terms["XBTUSD"].settle) == (1, True, BTC)
    assert (terms["XBTUSDT"].multiplier, terms["XBTUSDT"].settle) == (Decimal("1e-6"), USDT)
    quanto = terms["ETHUSD"]
    assert (quanto.base, quanto.quote, quanto.settle, quanto.multiplier) == (ETH, USD, BTC, Decimal("1e-6"))
    assert (terms["ETHZ26"].multiplier, terms["ETHZ26"].quote) == (Decimal("0.01"), BTC)
    assert terms["XBT_USDT"].kind is InstrumentKind.SPOT
    assert terms["XBTU26"].expiry_at == terms["XBTU26"].valid_to
    assert terms["XBTZ26"].valid_to is None
    assert not {".BXBT", "XBTZ26-XBTH27"} & terms.keys()


def test_open_markets_have_prices_and_a_stream_tells_their_changes(lab):
    listed = {
        fact.body.base: fact.body for fact in lab.stated("instruments/1", lab.saved("instruments")).facts
    }
    assert (listed["bitmex:ETHUSD"].kind, listed["bitmex:ETHUSD"].price) == (QuoteKind.MARK, 3100)
    assert (listed[BTC].price, listed[BTC].volume) == (64050, 25)
    assert "bitmex:XBTU26" not in listed
    told = lab.stated("stream.instrument/1", lab.saved("stream-instrument"), lab.known())
    assert {fact.body.base: fact.body.price for fact in told.facts} == {
        "bitmex:XBTUSD": Decimal("64010.12"),
        BTC: 64060,
    }
    assert lab.stated("stream.instrument/1", {"success": True, "subscribe": "instrument:XBTUSD"}).facts == ()
    with pytest.raises(MalformedPayloadError, match="refuses"):
        lab.stated("stream.instrument/1", {"status": 400, "error": "Unknown table"})


def test_a_balance_is_coins_and_a_sum_over_coins_is_none(lab):
    (fact,) = lab.stated("balances/1", lab.saved("balances")).facts
    assert isinstance(fact.body, BalanceSnapshot)
    held = {line.asset: line.total for line in fact.body.lines}
    assert held == {BTC: Decimal("1.51754438"), USDT: Decimal("4999.575"), "bitmex:BMEX": Decimal("0.12")}
    for empty in ([[], []], [lab.saved("balances")[0], []]):
        with pytest.raises(MalformedPayloadError, match="no currency is listed"):
            lab.stated("balances/1", empty)


def test_both_sides_of_a_contract_are_lines_of_their_own(lab):
    (fact,) = lab.stated("positions/1", lab.saved("positions"), lab.known()).facts
    assert isinstance(fact.body, PositionSnapshot)
    assert [(line.instrument, line.quantity, line.entry_price) for line in fact.body.lines] == [
        ("bitmex:ETHUSD", -100, 3000),
        ("bitmex:XBTUSD", 60000, 62500),
        ("bitmex:XBTUSDT", -100000, 64000),
        ("bitmex:XBTUSDT", 50000, 64000),
    ]


def test_profit_is_told_before_the_fee_and_a_rebate_is_negative_cost(lab):
    told = lab.stated("executions/1", lab.saved("executions"), lab.known())
    assert told.problems == ()
    trades = {fact.occurred_at.isoformat()[:16]: fact.body for fact in facts(told, Trade)}
    closing = trades["2026-11-03T08:15"]
    assert (closing.quantity, closing.realised.number, closing.tag) == (-40000, Decimal("0.015"), "trend")
    assert [fee.number for fee in closing.fees] == [Decimal("0.0000625")]
    spot = trades["2026-11-06T07:00"]
    assert (spot.quantity, spot.cost.number, spot.cost.asset) == (Decimal("0.01"), -625, USDT)
    assert (spot.realised, spot.fees[0].number) == (None, Decimal("-0.625"))
    (settled,) = (fact.body for fact in facts(told, Settlement))
    assert (settled.quantity, settled.price, settled.cash.number) == (-10000, 64000, Decimal("0.00375"))
    flows = [(fact.body.kind, fact.body.amount.number) for fact in facts(told, CashFlow)]
    assert flows == [
        (CashKind.FEE, Decimal("-0.00007812")),
        (CashKind.FUNDING, Decimal("-0.00016")),
        (CashKind.FUNDING, Decimal("0.00003")),
    ]


def test_the_wallet_tells_only_what_executions_do_not(lab):
    rows = nodes(lab.saved("wallet-history"))
    told = executed([one for row in rows if (one := entry(row))], nodes(lab.saved("executions")))
    assert set(told.values()) == {"told"}
    text = ",".join(f"{name}={value}" for name, value in told.items())
    found = lab.stated("wallet-history/1", lab.saved("wallet-history"), lab.known(), text)
    assert [one.subject for one in found.problems] == ["bitmex:BMEX"]
    moved = [(fact.body.kind, fact.body.amount.number) for fact in facts(found, Transfer)]
    assert moved == [
        (TransferKind.EXTERNAL, Decimal("-0.5")),
        (TransferKind.INTERNAL, 5000),
        (TransferKind.EXTERNAL, 2),
    ]
    flows = [(fact.body.kind, fact.body.amount.number) for fact in facts(found, CashFlow)]
    assert flows == [
        (CashKind.REALISED, 630),
        (CashKind.REALISED, Decimal("-0.01")),
        (CashKind.REWARD, Decimal("0.12")),
    ]


def test_every_balance_is_the_sum_of_what_moved_it(lab):
    async def run():
        async with lab.line(lab.venue()) as line:
            return await line.gather(lab.known())

    found = asyncio.run(run())
    assert found.failures == ()
    sums = defaultdict(Decimal)
    with exact():
        for body in (fact.body for fact in found.facts):
            parts = []
            if isinstance(body, Trade):
                parts = [part for part in (body.cost, body.realised, *body.fees) if part]
                if body.instrument == "bitmex:XBT_USDT":
                    sums[BTC] += body.quantity
            elif isinstance(body, CashFlow | Transfer):
                parts = [part for part in (body.amount, getattr(body, "fee", None)) if part]
            elif isinstance(body, Settlement):
                parts = [body.cash]
            for part in parts:
                sums[part.asset] += part.number
    (held,) = (fact.body for fact in found.facts if isinstance(fact.body, BalanceSnapshot))
    assert dict(sums) == {line.asset: line.total for line in held.lines}


def row(number, at, amount, balance, **more):
    return {
        "transactID": number,
        "currency": "XBt",
        "transactType": "RealisedPNL",
        "amount": amount,
        "fee": 0,
        "transactStatus": "Completed",
        "address": "XBTUSD",
        "tx": "",
        "transactTime": at[:20] + "000Z",
        "walletBalance": balance,
        "timestamp": at,
        **more,
    }


def fill(number, at, comm, symbol="XBTUSD", **more):
    return {
        "execID": number,
        "symbol": symbol,
        "settlCurrency": "XBt",
        "transactTime": at,
        "execComm": comm,
        **more,
    }


def test_former_executions_leave_their_profit_to_the_days_row(lab):
    """Up to 2023 the venue told one row a contract and day, and no profit of a single fill."""
    days = [
        row("d2", "2022-02-16T12:00:00.008Z", -137788, 142727837),
        row("d2-eth", "2022-02-16T12:00:00.008Z", 11864063, 142727837, address="ETHUSD"),
        row("d1", "2022-02-15T12:00:00.004Z", 25460878, 131001562),
    ]
    executions = [
        fill("a", "2022-02-14T12:00:00.000Z", 999),  # of a day before
        fill("b", "2022-02-14T20:00:00.000Z", 4000),
        fill("c", "2022-02-15T12:00:00.000Z", -250),
        fill("d", "2022-02-15T12:00:00.001Z", 70, realisedPnl=-70),
        fill("e", "2022-02-15T13:00:00.000Z", 30, symbol="ETHUSD", realisedPnl=-30),
    ]
    told = executed(map(entry, nodes(days)), nodes(executions))
    assert told == {"d1": "3750", "d2": "told", "d2-eth": "told"}
    text = ",".join(f"{name}={value}" for name, value in told.items())
    (fact,) = lab.stated("wallet-history/1", days, lab.known(), text).facts
    assert (fact.external_id, fact.body.kind) == ("wallet:d1", CashKind.REALISED)
    assert fact.body.amount.number == Decimal("0.25460878") + Decimal("0.0000375")


def test_a_day_of_which_only_some_executions_tell_their_profit_counts_it_once(lab):
    day = row("d1", "2023-02-15T12:00:00.004Z", 1000, 5000)
    executions = [
        fill("a", "2023-02-15T08:00:00.000Z", 30),
        fill("b", "2023-02-15T09:00:00.000Z", 20, realisedPnl=400),
    ]
    told = executed(map(entry, nodes([day])), nodes(executions))
    text = ",".join(f"{name}={value}" for name, value in told.items())
    (fact,) = lab.stated("wallet-history/1", [day], lab.known(), text).facts
    # Of 1000 the second fill states 400; the first was worth 630 before the 30 that it states itself.
    assert fact.body.amount.number == Decimal("0.0000063")


def test_a_row_that_is_missing_shows_in_the_balance(lab):
    days = [row(f"d{n}", f"2022-02-1{n}T12:00:00.004Z", 10, 100 + 10 * n) for n in (5, 4, 3, 2)]
    assert lab.stated("wallet-history/1", days, lab.known(), "").problems == ()
    (problem,) = lab.stated("wallet-history/1", [*days[:2], *days[3:], days[3]], lab.known(), "").problems
    assert "balance after the row d4" in problem.message


def test_what_cannot_be_placed_is_told_and_never_guessed(lab):
    (first, *_), context = lab.saved("executions"), lab.known()
    unknown = lab.stated("executions/1", [{**first, "symbol": "DOGEUSD"}], context)
    assert (unknown.facts, [one.lost for one in unknown.problems]) == ((), [True])
    older = lab.stated("executions/1", [{**first, "execCost": -1600000000}], context)
    assert [one.subject for one in older.problems] == ["bitmex:XBTU26"]
    assert len(older.facts) == 1
    insured = lab.stated("executions/1", [{**first, "execType": "Insurance"}], context)
    assert [one.subject for one in insured.problems] == ["Insurance"]
    for broken in ({"side": "Up"}, {"execComm": 0.5}, {"settlCurrency": "DOGe"}, {"transactTime": "today"}):
        with pytest.raises(MalformedPayloadError):
            lab.stated("executions/1", [{**first, **broken}], context)
    spot = next(one for one in lab.saved("executions") if one["symbol"] == "XBT_USDT")
    with pytest.raises(MalformedPayloadError, match="execCost does not fit"):
        lab.stated("executions/1", [{**spot, "execCost": -6250000}], context)


NOISE = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
ENDPOINTS = ("instruments/1", "balances/1", "positions/1", "executions/1", "wallet-history/1", "assets/1")


@given(st.sampled_from(ENDPOINTS), NOISE)
def test_noise_is_refused_and_nothing_else_is_raised(endpoint, value):
    from .conftest import stated

    try:
        stated(endpoint, value)
    except MalformedPayloadError:
        return
