"""Unified rows as archived: exact, pure, and told where the house cannot place them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.connect import registry
from truenav.connect.cefi.unified import rows
from truenav.connect.cefi.unified.parse import PARSERS
from truenav.connect.cefi.unified.symbols import market_id, market_name
from truenav.connect.contract import ParseContext
from truenav.connect.errors import MalformedPayloadError
from truenav.core.asset import BTC, BUILTIN_ALIASES, BUILTIN_ASSETS, USD, USDT, AssetBook
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.clock import from_milliseconds
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import CashFlow, CashKind, Trade, Transfer, TransferKind
from truenav.core.failure import TruenavError
from truenav.core.instrument import InstrumentBook, InstrumentKind, OptionRight

VENUE = "phemex"
T0 = datetime(2026, 1, 1, tzinfo=UTC)
AT = "1767225600000"
EMPTY = ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook(()))
SPOT = {"market": "spot:sBTCUSDT", "id": "sBTCUSDT", "type": "spot", "base": "BTC", "quote": "USDT"}
SWAP = {
    "market": "swap:BTCUSDT",
    "id": "BTCUSDT",
    "type": "swap",
    "base": "BTC",
    "quote": "USDT",
    "settle": "USDT",
    "linear": True,
    "inverse": False,
    "contractSize": "0.001",
}
INVERSE = {
    **SWAP,
    "market": "future:BTCUSDH26",
    "id": "BTCUSDH26",
    "type": "future",
    "quote": "USD",
    "settle": "BTC",
    "linear": False,
    "inverse": True,
    "contractSize": "100",
    "expiry": AT,
}
OPTION = {
    **INVERSE,
    "market": "option:BTC-CALL",
    "id": "BTC-CALL",
    "type": "option",
    "contractSize": "1",
    "strike": "40000.5",
    "optionType": "call",
}


def parse(endpoint, body, context=EMPTY):
    data = canonical_json(body) if not isinstance(body, bytes) else body
    request = Request("UNIFIED", "ccxt:x")
    about = Evidence(sha256_hex(data), len(data), VENUE, "1", endpoint, "a", request, T0, T0, 200)
    return registry.parse(about, data, context)


MARKETS = parse("unified.markets/1", {"rows": [SPOT, SWAP, INVERSE, OPTION]}).instruments
KNOWN = EMPTY.with_instruments(MARKETS)


def told(endpoint, *found, wallets=("main",), context=KNOWN):
    return parse(endpoint, {"wallets": list(wallets), "rows": list(found)}, context)


def test_contract_terms_of_every_kind_come_from_the_markets():
    spot, swap, inverse, option = MARKETS
    assert (spot.id, spot.kind, spot.base, spot.quote) == ("phemex:sBTCUSDT", InstrumentKind.SPOT, BTC, USDT)
    assert (swap.id, swap.kind, swap.multiplier, swap.inverse) == (
        "phemex-swap:BTCUSDT",
        InstrumentKind.PERPETUAL,
        Decimal("0.001"),
        False,
    )
    assert (inverse.settle, inverse.multiplier, inverse.inverse) == (BTC, Decimal(100), True)
    assert (inverse.quote, inverse.expiry_at) == (USD, T0)
    assert (option.strike, option.right, option.expiry_at) == (Decimal("40000.5"), OptionRight.CALL, T0)


@pytest.mark.parametrize(
    "change",
    [
        {"contractSize": "0"},
        {"contractSize": None},
        {"linear": False},
        {"base": "FOO"},
        {"settle": "FOO"},
        {"type": "index"},
        {"market": ""},
    ],
)
def test_a_market_whose_terms_are_not_told_is_no_instrument(change):
    row = {key: value for key, value in {**SWAP, **change}.items() if value is not None}
    assert parse("unified.markets/1", {"rows": [row]}).instruments == ()


def test_two_markets_of_one_name_are_both_refused():
    found = parse("unified.markets/1", {"rows": [SWAP, {**SWAP, "contractSize": "1"}]})
    assert (found.instruments, found.problems[0].subject) == ((), "phemex-swap:BTCUSDT")


def test_a_pair_and_its_perpetual_of_one_id_are_two_instruments():
    names = [market_name({"id": "BTCUSDT", "type": kind}) for kind in ("spot", "swap")]
    assert [market_id("bybit", name) for name in names] == ["bybit:BTCUSDT", "bybit-swap:BTCUSDT"]
    assert (market_name(None), market_name({"id": None, "type": "spot"})) == ("", "")


TRADE = {
    "id": "1",
    "order": "o1",
    "market": "spot:sBTCUSDT",
    "side": "sell",
    "price": "40000.5",
    "amount": "0.3",
    "timestamp": AT,
    "fees": [{"cost": "1.2", "currency": "USDT"}, {"cost": "-0.00001", "currency": "BTC"}],
}


def test_a_fill_states_quantity_cost_and_all_its_fees():
    (fact,) = told("unified.trades/1", TRADE).facts
    assert fact.external_id == "phemex:sBTCUSDT:1"
    assert isinstance(fact.body, Trade)
    assert (fact.body.quantity, fact.body.cost.number, fact.body.cost.asset) == (
        Decimal("-0.3"),
        Decimal("12000.15"),
        USDT,
    )
    assert [(fee.number, fee.asset) for fee in fact.body.fees] == [
        (Decimal("-1.2"), USDT),
        (Decimal("0.00001"), BTC),
    ]


def test_a_contracts_fill_moves_a_position_and_an_options_its_premium():
    swap, option = (
        told("unified.trades/1", {**TRADE, "market": market, "fees": [], "amount": "2"}).facts[0].body
        for market in ("swap:BTCUSDT", "option:BTC-CALL")
    )
    assert (swap.quantity, swap.cost) == (Decimal(-2), None)
    assert (option.cost.number, option.cost.asset) == (Decimal(80001), BTC)


def test_a_fill_in_a_market_that_nobody_knows_is_lost_and_told():
    for change in ({"market": "swap:FOO"}, {"market": "", "symbol": "FOO/BAR"}):
        found = told("unified.trades/1", {**TRADE, **change})
        assert found.facts == ()
        assert [one.lost for one in found.problems] == [True]


def test_a_fill_for_which_the_account_has_no_wallet_is_lost_and_told():
    found = told("unified.trades/1", {**TRADE, "market": "swap:BTCUSDT"}, wallets=("spot",))
    assert (found.facts, found.problems[0].lost) == ((), True)


def test_fills_without_a_number_are_told_apart_by_all_they_say_and_equal_ones_are_told():
    bare = {key: value for key, value in TRADE.items() if key != "id"}
    found = told("unified.trades/1", bare, {**bare, "amount": "0.4"})
    assert (len(found.facts), found.problems) == (2, ())
    assert told("unified.trades/1", bare, bare).problems[0].lost


@pytest.mark.parametrize("name", ["price", "amount", "cost"])
@pytest.mark.parametrize("value", [b"0.1", b"1", b"NaN", b"null", b"true", b'"0,1"', b'"1e400"'])
def test_a_number_that_is_not_text_of_an_exact_number_is_refused(name, value):
    row = canonical_json({**TRADE, name: "HERE"}).replace(b'"HERE"', value)
    body = b'{"rows":[%s],"wallets":["main"]}' % row
    if value == b"null" and name == "cost":
        assert parse("unified.trades/1", body, KNOWN).facts
        return
    with pytest.raises(MalformedPayloadError):
        parse("unified.trades/1", body, KNOWN)


@pytest.mark.parametrize("value", [0.1, float("nan"), float("inf"), Decimal("NaN"), "abc", "", True])
def test_a_float_of_ccxt_never_becomes_a_row(value):
    with pytest.raises(MalformedPayloadError):
        rows.kept({"price": value}, rows.TRADES, "trade 1")


MOVED = {
    "id": "w1",
    "type": "withdrawal",
    "currency": "BTC",
    "amount": "2",
    "status": "ok",
    "timestamp": AT,
    "txid": "0xab",
    "fee": {"cost": "0.001", "currency": "BTC"},
}


def test_a_withdrawal_pays_its_fee_and_a_deposit_does_not():
    out = told("unified.withdrawals/1", MOVED).facts[0].body
    back = told("unified.deposits/1", {**MOVED, "type": "deposit"}).facts[0].body
    assert isinstance(out, Transfer)
    assert (out.amount.number, out.fee.number, out.kind) == (-2, Decimal("-0.001"), TransferKind.EXTERNAL)
    assert (back.amount.number, back.fee, back.txid) == (2, None, "0xab")


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"status": "pending"}, False),
        ({"status": "failed"}, False),
        ({"status": "in_verification"}, True),
        ({"id": "", "txid": ""}, True),
        ({"type": "gift"}, True),
    ],
)
def test_a_movement_that_is_not_done_or_not_understood_states_nothing(change, lost):
    found = told("unified.deposits/1", {**MOVED, **change})
    assert (found.facts, [one.lost for one in found.problems]) == ((), [True] if lost else [])


def test_a_transfer_states_the_sides_that_are_wallets_of_the_account():
    row = {
        "id": "7",
        "currency": "USDT",
        "amount": "5",
        "timestamp": AT,
        "fromAccount": "spot",
        "toAccount": "swap",
    }
    both = told("unified.transfers/1", row, wallets=("spot", "swap")).facts
    assert [(one.body.wallet, one.body.amount.number) for one in both] == [("spot", -5), ("swap", 5)]
    assert len(told("unified.transfers/1", row, wallets=("swap",)).facts) == 1
    assert told("unified.transfers/1", {**row, "toAccount": ""}).problems[0].lost


def test_the_ledger_states_rewards_leaves_the_rest_to_others_and_tells_what_nobody_knows():
    row = {"id": "5", "currency": "BTC", "amount": "1", "direction": "in", "timestamp": AT}
    reward = told("unified.ledger/1", {**row, "type": "rebate"}).facts[0].body
    assert (reward.kind, reward.amount.number) == (CashKind.REWARD, 1)
    assert told("unified.ledger/1", {**row, "type": "trade"}) == told("unified.ledger/1")
    odd = told("unified.ledger/1", {**row, "type": "adjustment"})
    assert (odd.facts, odd.problems[0].subject) == ((), "adjustment")


def test_funding_and_interest_are_cash_flows_of_their_wallets():
    funding = {"id": "1", "market": "swap:BTCUSDT", "code": "USDT", "amount": "-0.5", "timestamp": AT}
    paid = told("unified.funding/1", funding, wallets=("swap",)).facts[0].body
    assert isinstance(paid, CashFlow)
    assert (paid.kind, paid.amount.number, paid.instrument) == (
        CashKind.FUNDING,
        Decimal("-0.5"),
        "phemex-swap:BTCUSDT",
    )
    interest = {"currency": "USDT", "interest": "0.01", "timestamp": AT}
    owed = told("unified.interest/1", interest, wallets=("spot",)).facts[0].body
    assert (owed.kind, owed.amount.number, owed.wallet) == (CashKind.INTEREST, Decimal("-0.01"), "spot")


def test_what_ccxt_does_not_read_is_told():
    found = parse("unified.transfers/1", {"wallets": ["main"], "rows": [], "unread": "not read."}, KNOWN)
    assert (found.problems[0].subject, found.problems[0].lost) == ("phemex transfers", False)


def test_a_wallet_of_which_one_total_is_missing_is_unread():
    with pytest.raises(MalformedPayloadError, match="no total of 'USDT'"):
        parse("unified.balance/1", {"wallet": "main", "rows": [{"code": "USDT", "used": "1"}]})


def test_a_debt_is_told_and_blocks():
    found = parse(
        "unified.balance/1",
        {
            "wallet": "main",
            "rows": [
                {"code": "BTC", "total": "2", "used": "1", "debt": "0.5"},
                {"code": "USD", "total": "0"},
            ],
        },
    )
    assert [(line.asset, line.total, line.locked) for line in found.facts[0].body.lines] == [(BTC, 2, 1)]
    assert [one.subject for one in found.problems if one.lost] == ["phemex:BTC"]


def test_a_wallet_that_is_one_with_another_is_counted_once_and_told():
    found = parse("unified.balance/1", {"wallet": "swap", "rows": [], "same": "spot"})
    assert (found.facts[0].body.wallet, found.facts[0].body.lines) == ("swap", ())
    assert "is one with 'spot'" in found.problems[0].message


def test_positions_have_their_side_or_are_told():
    row = {"market": "swap:BTCUSDT", "symbol": "BTC/USDT:USDT", "entryPrice": "40000", "contracts": "3"}
    found = parse(
        "unified.positions/1",
        {
            "wallet": "swap",
            "rows": [{**row, "side": "short"}, {**row, "side": "long", "contracts": "0"}, row],
        },
        KNOWN,
    )
    assert [(line.instrument, line.quantity) for line in found.facts[0].body.lines] == [
        ("phemex-swap:BTCUSDT", -3)
    ]
    assert [one.lost for one in found.problems] == [True]


number = st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=0, max_value=10**15)


@settings(max_examples=40)
@given(
    price=number,
    amount=number,
    fee=number,
    side=st.sampled_from(["buy", "sell"]),
    at=st.integers(0, 4 * 10**12),
)
def test_what_ccxt_told_is_what_the_fact_says_to_the_last_digit(price, amount, fee, side, at):
    row = {
        "id": "1",
        "side": side,
        "symbol": "BTC/USDT",
        "price": str(price),
        "amount": amount,
        "timestamp": at,
        "info": {"x": 0.1},
    }
    kept = rows.kept(row, rows.TRADES, "trade")
    paid = rows.kept({"cost": fee, "currency": "USDT"}, rows.FEE, "fee")
    (fact,) = told("unified.trades/1", {**kept, "market": "spot:sBTCUSDT", "fees": [paid]}).facts
    assert (fact.body.price, abs(fact.body.quantity)) == (price, amount)
    assert fact.body.quantity == amount * (1 if side == "buy" else -1)
    assert sum(one.number for one in fact.body.fees) == -fee
    assert fact.occurred_at == from_milliseconds(at)


garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)


@pytest.mark.parametrize("endpoint", sorted(PARSERS))
@settings(max_examples=15)
@given(body=st.binary(max_size=60) | garbage.map(lambda value: json.dumps(value).encode()), row=garbage)
def test_garbage_raises_our_errors_only(endpoint, body, row):
    framed = json.dumps({"rows": [row], "wallets": ["main"], "wallet": "main"}).encode()
    for data in (body, framed):
        try:
            first = parse(endpoint, data)
        except TruenavError:
            continue
        assert first == parse(endpoint, data)
