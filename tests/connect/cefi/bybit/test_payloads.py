"""Answers as the venue documents them, and what each states to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.connect.errors import MalformedPayloadError
from truenav.connect.margins import read_margin_ratio
from truenav.core.asset import BTC, ETH, USDC, USDT
from truenav.core.facts import CashKind, QuoteKind, TransferKind
from truenav.core.instrument import InstrumentKind, OptionRight
from truenav.core.money import Amount

from .conftest import EMPTY, PAYLOADS, stated

T = datetime(2026, 1, 1, tzinfo=UTC)
EXPIRY = datetime(2026, 3, 27, 8, tzinfo=UTC)


def by_id(parsed):
    found = {fact.external_id: fact.body for fact in parsed.facts}
    assert len(found) == len(parsed.facts)
    return found


def test_terms_of_all_products_and_nothing_of_unknown_assets(read):
    known = {one.id: one for one in read("instruments/1", "instruments").instruments}
    assert known["bybit:BTCUSDT"].kind is InstrumentKind.SPOT
    assert known["bybit-contract:BTCUSDT"].kind is InstrumentKind.PERPETUAL
    assert known["bybit-contract:BTCPERP"].settle == USDC
    dated = known["bybit-contract:BTCUSDT-27MAR26"]
    assert (dated.kind, dated.expiry_at, dated.inverse) == (InstrumentKind.FUTURE, EXPIRY, False)
    inverse = known["bybit-contract:BTCUSDH26"]
    assert (inverse.settle, inverse.inverse, inverse.multiplier) == (BTC, True, 1)
    call = known["bybit-contract:BTC-27MAR26-100000-C-USDT"]
    assert (call.strike, call.right, call.settle) == (Decimal(100000), OptionRight.CALL, USDT)
    put = known["bybit-contract:BTC-27MAR26-90000-P"]
    assert (put.strike, put.right, put.settle) == (Decimal(90000), OptionRight.PUT, USDC)
    assert not any("NOTOURS" in name for name in known)


def test_prices_of_requests(read):
    marks = {(f.body.kind, f.body.base): f.body.price for f in read("tickers/1", "tickers").facts}
    perpetual = "bybit-contract:BTCUSDT"
    assert marks == {
        (QuoteKind.MARK, perpetual): Decimal("87005.13"),
        (QuoteKind.INDEX, BTC): Decimal("87010.55"),
    }
    (last,) = read("tickers/1", "tickers-spot").facts
    assert (last.body.kind, last.body.price, last.body.volume) == (
        QuoteKind.LAST,
        Decimal("87000.01"),
        Decimal("5021.5"),
    )
    assert last.occurred_at == T
    options = [(f.body.price, f.body.quote) for f in read("tickers/1", "tickers-option").facts]
    assert options == [(Decimal("3150.25"), USDT), (Decimal(0), USDC)]


def test_prices_of_streams_and_the_deltas_that_leave_them_out(read):
    linear = read("stream.contracts/1", "stream-linear").facts
    assert [fact.body.price for fact in linear] == [Decimal("87005.13"), Decimal("87010.55")]
    assert linear[0].occurred_at == T + timedelta(milliseconds=5)
    assert read("stream.contracts/1", "stream-linear-delta").facts == ()
    (spot,) = read("stream.spot/1", "stream-spot").facts
    assert (spot.body.base, spot.body.price) == (BTC, Decimal("87000.01"))


@pytest.mark.parametrize(
    "said",
    [
        b'{"success":true,"ret_msg":"pong","conn_id":"x","op":"ping"}',
        b'{"args":["1767225600000"],"op":"pong"}',
        b'{"success":true,"ret_msg":"","conn_id":"x","op":"subscribe"}',
        b'{"success":false,"ret_msg":"error:handler not found,topic:tickers.OLD","op":"subscribe"}',
    ],
)
def test_what_else_is_said_on_a_stream_states_nothing(said):
    assert stated("stream.contracts/1", said).facts == ()


def test_a_refused_subscription_and_a_foreign_topic_are_refused():
    for said in (
        b'{"success":false,"ret_msg":"Params Error","op":"subscribe"}',
        b'{"topic":"kline.1","ts":1}',
    ):
        with pytest.raises(MalformedPayloadError):
            stated("stream.spot/1", said)


def test_a_unified_wallet_counts_each_debt_once(read):
    parsed = read("wallet/1", "wallet")
    (fact,) = parsed.facts
    lines = {line.asset: (line.total, line.locked) for line in fact.body.lines}
    assert lines == {
        USDT: (Decimal("1200000.25"), Decimal(2500)),
        ETH: (Decimal("-0.5"), Decimal(0)),  # 1.5 held, 2 owed for spot
        USDC: (Decimal("-250.75"), Decimal(0)),  # owed for contracts: in the balance already
        BTC: (Decimal("3.00000001"), Decimal(0)),
    }
    assert ["bonus" in problem.message for problem in parsed.problems] == [True]
    assert not parsed.problems[0].lost


def test_the_margin_ratio_is_the_venues_own():
    body = (PAYLOADS / "wallet.json").read_bytes()
    assert read_margin_ratio("bybit", "wallet", body) == Decimal("0.0041")  # 6,150 / 1,500,000
    isolated = body.replace(b'"6150"', b'""').replace(b'"1500000"', b'""').replace(b'"0.0041"', b'""')
    assert read_margin_ratio("bybit", "wallet", isolated) is None
    told = body.replace(b'"6150"', b'""')
    assert read_margin_ratio("bybit", "wallet", told) == Decimal("0.0041")


def test_positions_of_all_lists_are_one_statement_with_both_sides_of_a_hedge(read):
    (fact,) = read("positions/1", "positions").facts
    found = [(one.instrument.partition(":")[2], one.quantity, one.entry_price) for one in fact.body.lines]
    assert found == [
        ("BTC-27MAR26-100000-C-USDT", Decimal(2), Decimal(3150)),
        ("BTCPERP", Decimal("1.25"), Decimal(87300)),
        ("BTCUSD", Decimal(-25000), Decimal("86990.5")),
        ("BTCUSDT", Decimal("-0.2"), Decimal(88100)),
        ("BTCUSDT", Decimal("0.5"), Decimal("87250.1")),
        ("ETHUSDT", Decimal(-5), Decimal("2950.55")),
    ]
    assert fact.body.lines[0].delta == Decimal("0.8421")


def test_funding_and_earn_balances(read):
    (funding,) = read("funding-balances/1", "funding-balances").facts
    assert [(line.asset, line.total) for line in funding.body.lines] == [(USDT, Decimal("10250.5"))]
    (earn,) = read("earn-positions/1", "earn-positions").facts
    assert {line.asset: line.total for line in earn.body.lines} == {
        USDT: Decimal("5250.25"),
        ETH: Decimal("32.5"),
    }


def test_spot_fills_with_fees_and_taxes_in_any_coin(read):
    context_mnt = read("executions/1", "executions")
    found = by_id(context_mnt)
    bought = found["exec:e-1"]
    assert (bought.quantity, bought.cost, bought.tag) == (
        Decimal("1.5"),
        Amount(Decimal("-130350.015"), USDT),
        "mm1",
    )
    assert bought.fees == (Amount(Decimal("-0.00015"), BTC),)
    assert found["exec:e-2"].cost == Amount(Decimal(87100), USDT)  # a block trade is a trade
    assert found["exec:e-3"].fees == (Amount(Decimal("0.25"), USDT),)  # a rebate is paid in what was given
    assert found["exec:e-4"].fees == (Amount(Decimal("-0.0000000033"), BTC),)
    assert found["exec:e-4"].cost == Amount(Decimal("-0.28971"), USDT)
    assert found["exec:e-5"].fees == (Amount(Decimal("-2.5"), "bybit:MNT"), Amount(Decimal("-0.45"), USDT))
    assert [problem.subject for problem in context_mnt.problems] == ["bybit:MNT"]


def test_executions_of_contracts_their_funding_and_expiries_are_left_to_the_log(read):
    assert read("executions/1", "executions-linear").facts == ()


def test_the_log_states_each_cash_move_once(read):
    parsed = read("log/1", "log")
    found = by_id(parsed)
    trade = found["exec:e-10"]
    assert (trade.quantity, trade.price, trade.tag) == (Decimal("0.5"), Decimal("87250.1"), "trend")
    assert (trade.realised, trade.cost) == (Amount(Decimal(0), USDT), None)
    assert trade.fees == (Amount(Decimal("-23.95"), USDT),)
    assert found["exec:e-11"].realised == Amount(Decimal("-3125.05"), USDT)  # auto-deleveraged
    assert found["exec:e-12"].quantity == Decimal(-5)  # liquidated
    assert found["exec:e-13"].fees == (Amount(Decimal("-0.00017243"), BTC),)
    option = found["exec:e-15"]
    assert (option.cost, option.realised) == (Amount(Decimal(-6300), USDT), None)
    assert found["log:9_MNT:fee"].amount == Amount(Decimal("-4.5"), "bybit:MNT")
    assert "exec:e-14" not in found  # spot: its execution states it
    flows = {key: (one.kind, one.amount.number) for key, one in found.items() if hasattr(one, "kind")}
    assert flows["log:20_USDT:funding"] == (CashKind.FUNDING, Decimal("-4.35"))
    assert flows["log:21_USDC:funding"] == (CashKind.FUNDING, Decimal(-2))
    assert flows["log:21_USDC"] == (CashKind.REALISED, Decimal("12.5"))
    assert flows["log:33_ETH"] == (CashKind.INTEREST, Decimal("-0.0000125"))
    assert flows["log:34_USDT"] == (CashKind.FEE, Decimal("3.25"))
    assert flows["log:35_USDT"] == (CashKind.REWARD, Decimal(50))
    assert flows["log:37_USDT"] == (CashKind.REALISED, Decimal("870.1"))
    assert flows["log:29_USDT"] == (TransferKind.INTERNAL, Decimal(250000))
    assert flows["log:30_BTC"] == (TransferKind.INTERNAL, Decimal("-0.25"))
    assert flows["log:31_USDT"] == (TransferKind.INTERNAL, Decimal(-6000))
    assert (found["log:31_USDT:earn"].wallet, flows["log:31_USDT:earn"][1]) == ("earn", Decimal(6000))
    assert flows["log:41_USDT"] == (TransferKind.INTERNAL, Decimal(-7000))
    assert flows["log:40_USDT"] == (TransferKind.EXTERNAL, Decimal(100000))
    assert not any(key.startswith("log:39") for key in found)  # borrowed: money and debt together
    assert flows["log:99_USDT"] == (CashKind.FEE, Decimal("-1.5"))
    told = {problem.subject for problem in parsed.problems}
    assert told == {
        "INSTITUTION_LOAN_IN",
        "SOMETHING_NEW",
        "STRUCTURE_PRODUCT_SUBSCRIPTION",
        "bybit:MNT",
    }


def test_an_expiry_is_stated_by_the_log_with_cash_and_by_its_record_without(read):
    found = by_id(read("log/1", "log"))
    paid = found["log:23_USDT"]
    assert (paid.quantity, paid.price, paid.cash) == (
        Decimal(-1),
        Decimal(87000),
        Amount(Decimal(2000), USDT),
    )
    assert found["log:23_USDT:fee"].amount == Amount(Decimal(-12), USDT)
    future = found["log:22_BTC"]
    assert (future.quantity, future.cash) == (Decimal(1000), Amount(Decimal("-0.0025"), BTC))
    assert "log:24_USDT" not in found
    records = by_id(read("deliveries/1", "deliveries"))
    assert {key.split(":")[1]: (one.quantity, one.cash.number) for key, one in records.items()} == {
        "BTC-26DEC25-90000-C-USDT": (Decimal(-3), Decimal(0)),
        "BTC-26DEC25-80000-P-USDT": (Decimal(2), Decimal(0)),
    }


def test_terms_of_an_expired_contract_come_from_its_name_and_a_sibling(read):
    found = {one.code: one for one in read("log/1", "log").instruments}
    option = found["BTC-26DEC25-85000-C-USDT"]
    assert (option.expiry_at, option.strike) == (datetime(2025, 12, 26, 8, tzinfo=UTC), Decimal(85000))
    assert found["BTCUSDZ25"].expiry_at == datetime(2025, 12, 26, 8, tzinfo=UTC)
    assert found["BTCUSDZ25"].inverse


def test_without_a_sibling_a_contract_is_unknown_and_holds_the_cursor():
    parsed = stated("log/1", (PAYLOADS / "log.json").read_bytes(), EMPTY)
    lost = {problem.subject for problem in parsed.problems if problem.lost}
    assert "bybit-contract:BTCUSDZ25" in lost
    assert "bybit-contract:BTCUSDT" in lost
    assert parsed.instruments == ()


def test_deposits_from_chains_and_from_other_accounts(read):
    found = by_id(read("deposits/1", "deposits"))
    assert set(found) == {"deposit:90311", "deposit:0xabc2:7:ETH:0xours"}
    chain = found["deposit:90311"]
    assert (chain.wallet, chain.amount, chain.counterpart) == (
        "funding",
        Amount(Decimal(50000), USDT),
        "0xtheirs",
    )
    assert found["deposit:0xabc2:7:ETH:0xours"].fee == Amount(Decimal("-0.001"), ETH)
    (internal,) = read("internal-deposits/1", "internal-deposits").facts
    assert (internal.body.counterpart, internal.body.amount.number) == ("590000777", Decimal("750.5"))
    assert internal.occurred_at == T + timedelta(seconds=3)


def test_withdrawals_that_succeeded(read):
    found = by_id(read("withdrawals/1", "withdrawals"))
    assert set(found) == {"withdrawal:104", "withdrawal:101"}
    assert (found["withdrawal:104"].amount, found["withdrawal:104"].fee) == (
        Amount(Decimal(-1000), USDT),
        Amount(Decimal("-4.5"), USDT),
    )
    assert found["withdrawal:101"].fee == Amount(Decimal("-0.001"), BTC)


def test_transfers_are_the_funding_accounts_side(read):
    found = by_id(read("transfers/1", "transfers"))
    assert {key: (one.amount.number, one.counterpart) for key, one in found.items()} == {
        "transfer:t-1:out": (Decimal("-2500.5"), "unified"),
        "transfer:t-2:in": (Decimal("2500.5"), "unified"),
    }


def test_transfers_between_accounts_are_told_apart_by_whose_the_key_is(read):
    owner = {"local:owner": "590000001"}
    found = by_id(read("universal-transfers/1", "universal-transfers", **owner))
    assert {key: (one.amount.number, one.counterpart) for key, one in found.items()} == {
        "transfer:t-13:out": (Decimal("-2500.5"), "590000003:fund"),
        "transfer:t-14:in": (Decimal("2500.5"), "590000002:unified"),
    }
    with pytest.raises(MalformedPayloadError):
        read("universal-transfers/1", "universal-transfers")


def test_earn_products_move_and_pay_by_the_funding_accounts_history(read):
    found = by_id(read("funding-history/1", "funding-history"))
    told = sorted((one.wallet, one.kind.value, one.amount.number) for one in found.values())
    assert told == [
        ("earn", "internal", Decimal(-1000)),
        ("earn", "internal", Decimal(6000)),
        ("funding", "internal", Decimal(-6000)),
        ("funding", "internal", Decimal(1000)),
        ("funding", "reward", Decimal("0.3125")),
    ]
    (kept,) = read("yields/1", "yields").facts
    assert (kept.body.wallet, kept.body.kind, kept.body.amount.number) == (
        "earn",
        CashKind.REWARD,
        Decimal("0.25"),
    )


@pytest.mark.parametrize("name", ["key", "account", "orders", "overview", "time"])
def test_what_states_nothing_is_kept_as_evidence(read, name):
    assert read(f"{name}/1", name).facts == ()
