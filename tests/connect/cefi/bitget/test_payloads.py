"""Answers as the venue documents them, and what each states to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from truenav.connect.errors import MalformedPayloadError
from truenav.connect.margins import read_margin_ratio
from truenav.core.asset import BTC, ETH, USD, USDC, USDT
from truenav.core.facts import CashFlow, CashKind, QuoteKind, Settlement, Trade, Transfer, TransferKind
from truenav.core.instrument import InstrumentKind
from truenav.core.money import Amount

from .conftest import T0, body, market, stated

EXPIRY = datetime(2026, 3, 27, 8, tzinfo=UTC)
IN, OUT = TransferKind.INTERNAL, TransferKind.EXTERNAL


def by_id(parsed):
    found = {fact.external_id: fact.body for fact in parsed.facts}
    assert len(found) == len(parsed.facts)
    return found


def numbered(parsed):
    """The end of each fact's id, with its kind and number."""
    return {
        key.rpartition("0")[2] if key[-1].isdigit() else key: (one.kind, one.amount.number)
        for key, one in by_id(parsed).items()
    }


def lines(parsed):
    (fact,) = parsed.facts
    return {line.asset: (line.total, line.locked) for line in fact.body.lines}


def test_terms_of_all_products_and_nothing_of_unknown_assets():
    known = market().instruments.instruments
    assert known["bitget:ETHBTC"].quote == BTC
    assert known["bitget-contract:BTCUSDT"].kind is InstrumentKind.PERPETUAL
    assert known["bitget-contract:BTCPERP"].settle == USDC
    coin = known["bitget-contract:BTCUSD"]
    assert (coin.quote, coin.settle, coin.multiplier, coin.inverse) == (USD, USD, 1, False)
    dated = known["bitget-contract:BTCUSD_260327"]
    assert (dated.kind, dated.expiry_at) == (InstrumentKind.FUTURE, EXPIRY)
    assert not any("NOTOURS" in name for name in known)


def test_prices_of_requests_and_streams_are_the_same(read):
    (last,) = read("spot.tickers/1", "spot-tickers").facts
    assert (last.body.kind, last.body.price, last.body.volume) == (
        QuoteKind.LAST,
        Decimal("87000.01"),
        Decimal("5021.5"),
    )
    marks = {(f.body.kind, f.body.base): f.body.price for f in read("usdtm.tickers/1", "usdtm-tickers").facts}
    assert marks == {
        (QuoteKind.MARK, "bitget-contract:BTCUSDT"): Decimal("87005.1"),
        (QuoteKind.INDEX, BTC): Decimal("87010.55"),
    }
    streamed = read("stream/1", "stream-usdtm").facts
    assert {(f.body.kind, f.body.base): f.body.price for f in streamed} == marks
    (spot,) = read("stream/1", "stream-spot").facts
    assert (spot.body, spot.occurred_at) == (last.body, T0)


def test_what_else_is_said_on_a_stream_states_nothing_and_a_refusal_is_refused():
    for said in (
        b'{"event":"subscribe","arg":{"instType":"SPOT","channel":"ticker","instId":"BTCUSDT"}}',
        b'{"event":"error","arg":{"instType":"SPOT","channel":"ticker","instId":"X"},"code":30001,"msg":"no"}',
    ):
        assert stated("stream/1", said).facts == ()
    for said in (
        b'{"event":"error","code":30003,"msg":"no such operation"}',
        b'{"action":"snapshot","arg":{"instType":"SPOT","channel":"books","instId":"BTCUSDT"},"data":[]}',
    ):
        with pytest.raises(MalformedPayloadError):
            stated("stream/1", said)


def test_spot_funding_and_earn_balances(read):
    parsed = read("spot.assets/1", "spot-assets")
    assert lines(parsed) == {
        USDT: (Decimal("152500.25"), Decimal(2500)),
        BTC: (Decimal("1.25"), Decimal("2.5e-7")),
    }
    assert ["copy trading" in problem.message for problem in parsed.problems] == [True]
    assert lines(read("funding.assets/1", "funding-assets")) == {USDT: (Decimal(330), Decimal("3.5"))}
    assert lines(read("earn.assets/1", "earn-assets")) == {
        BTC: (Decimal("0.1"), Decimal(0)),
        USDT: (Decimal(6000), Decimal(0)),
    }


def test_margin_wallets_count_each_debt_once_with_its_interest(read):
    parsed = read("cross.assets/1", "cross-assets")
    assert lines(parsed) == {
        USDT: (Decimal("9999.75"), Decimal(1000)),
        ETH: (Decimal("-1.500015"), Decimal(0)),
    }
    assert ["bonus" in problem.message for problem in parsed.problems] == [True]
    pairs = lines(read("isolated.assets/1", "isolated-assets"))
    assert {asset: total for asset, (total, _) in pairs.items()} == {
        USDT: Decimal("449.99"),
        BTC: Decimal("0.01"),
    }


@pytest.mark.parametrize(
    ("wallet", "name", "held"),
    [
        ("usdtm", "usdtm-accounts", {USDT: "100376.25"}),
        ("usdtm", "usdtm-accounts-parts", {USDT: "980"}),
        ("usdtm", "usdtm-accounts-union", {USDT: "-150.25", BTC: "0.1"}),
        ("coinm", "coinm-accounts", {BTC: "1.48", USDC: "2500"}),
    ],
)
def test_cash_of_futures_is_equity_without_open_profit(read, wallet, name, held):
    found = lines(read(f"{wallet}.accounts/1", name))
    assert {asset: total for asset, (total, _) in found.items()} == {k: Decimal(v) for k, v in held.items()}


def test_the_margin_ratio_is_the_venues_own():
    assert read_margin_ratio("bitget", "usdtm.accounts/1", body("usdtm-accounts")) == Decimal("0.0041")
    assert read_margin_ratio("bitget", "coinm.accounts/1", body("coinm-accounts")) == Decimal("0.01")
    assert read_margin_ratio("bitget", "usdcm.accounts/1", body("usdcm-accounts")) is None


def test_positions_with_both_sides_of_a_hedge(read):
    (fact,) = read("usdtm.positions/1", "usdtm-positions").facts
    found = [(one.instrument.partition(":")[2], one.quantity, one.entry_price) for one in fact.body.lines]
    assert found == [
        ("BTCUSDT", Decimal("-0.2"), Decimal(88100)),
        ("BTCUSDT", Decimal("0.5"), Decimal("87250.1")),
        ("ETHUSDT", Decimal(-5), Decimal("2950.55")),
    ]
    (coins,) = read("coinm.positions/1", "coinm-positions").facts
    assert [one.quantity for one in coins.body.lines] == [Decimal(1), Decimal("-0.25")]


def test_spot_fills_with_fees_and_rebates_in_any_coin(read):
    parsed = read("spot.fills/1", "spot-fills")
    bought, sold, crossed = (fact.body for fact in sorted(parsed.facts, key=lambda fact: fact.occurred_at))
    assert (bought.quantity, bought.cost) == (Decimal("1.5"), Amount(Decimal("-130350.015"), USDT))
    assert bought.fees == (Amount(Decimal("-0.0015"), BTC),)
    assert (sold.cost, sold.fees) == (Amount(Decimal(87100), USDT), (Amount(Decimal("-2.5"), "bitget:BGB"),))
    assert (crossed.cost, crossed.fees) == (
        Amount(Decimal("0.0999"), BTC),
        (Amount(Decimal("0.0000025"), BTC),),
    )
    assert [problem.subject for problem in parsed.problems] == ["bitget:BGB"]


def test_fills_of_contracts_follow_the_position_not_the_side(read):
    parsed = read("usdtm.fills/1", "usdtm-fills")
    fills = [fact.body for fact in sorted(parsed.facts, key=lambda fact: fact.occurred_at)]
    assert [one.quantity for one in fills] == [
        Decimal(one) for one in ("1", "-0.4", "-0.1", "-8", "2", "1", "0.2", "-0.1", "-0.1")
    ]
    assert fills[0].fees == (Amount(Decimal("-52.35006"), USDT),)
    assert (fills[1].realised, fills[1].fees) == (
        Amount(Decimal("99.96"), USDT),
        (Amount(Decimal("0.25"), USDT),),
    )
    assert fills[2].fees == ()
    assert [fee.asset for fee in fills[4].fees] == [USDT, "bitget:BGB"]
    assert fills[8].realised == Amount(Decimal("-125.01"), USDT)  # liquidated


def test_coin_margined_fills_realise_coins_and_a_delivery_closes_a_future_that_is_listed_no_more(read):
    parsed = read("coinm.fills/1", "coinm-fills")
    opened, closed, delivered = (f.body for f in sorted(parsed.facts, key=lambda f: f.occurred_at)[:3])
    assert isinstance(opened, Trade)
    assert (closed.quantity, closed.realised) == (Decimal("-0.25"), Amount(Decimal("0.00284122"), BTC))
    assert isinstance(delivered, Settlement)
    assert (delivered.quantity, delivered.cash) == (Decimal("-0.5"), Amount(Decimal("0.0010215"), BTC))
    (terms,) = parsed.instruments
    assert (terms.id, terms.expiry_at) == (
        "bitget-contract:BTCUSD_251226",
        datetime(2025, 12, 26, 8, tzinfo=UTC),
    )
    (fee,) = (f.body for f in parsed.facts if isinstance(f.body, CashFlow))
    assert (fee.kind, fee.amount) == (CashKind.FEE, Amount(Decimal("-0.0000025"), BTC))


def test_a_coin_margined_fill_without_its_coin_and_a_market_that_is_unknown_are_lost(read):
    said = body("coinm-fills").replace(b'"marginCoin": "BTC"', b'"other": "BTC"')
    assert all(problem.lost for problem in stated("coinm.fills/1", said, market()).problems)
    gone = body("usdtm-fills").replace(b"ETHUSDT", b"OLDUSDT")
    parsed = stated("usdtm.fills/1", gone, market())
    assert [problem.subject for problem in parsed.problems if problem.lost] == ["bitget-contract:OLDUSDT"]
    assert len(parsed.facts) == 6


def test_bills_of_futures_state_what_no_fill_does(read):
    parsed = read("usdtm.bills/1", "usdtm-bills")
    assert numbered(parsed) == {
        "1": (IN, Decimal(25000)),
        "4": (CashKind.FUNDING, Decimal("-4.35")),
        "5": (IN, Decimal(-5000)),
        "8": (CashKind.REWARD, Decimal(15)),
        "9": (CashKind.INTEREST, Decimal("-0.12")),
        "": (CashKind.FEE, Decimal("-0.75")),  # 10: of a kind that is not documented
        "11": (CashKind.REALISED, Decimal(174)),
        "12": (CashKind.REALISED, Decimal("-0.002")),
    }
    assert [problem.subject for problem in parsed.problems] == ["something_new"]
    transfer = next(f.body for f in parsed.facts if isinstance(f.body, Transfer))
    assert transfer.counterpart == "exchange"


def test_bills_of_spot_leave_trades_deposits_and_withdrawals_to_their_own_records(read):
    parsed = read("spot.bills/1", "spot-bills")
    assert numbered(parsed) == {
        "4": (IN, Decimal(-25000)),
        "5": (IN, Decimal(-6000)),
        "spot:bill:1400000000000000005:earn": (IN, Decimal(6000)),
        "6": (IN, Decimal(1500)),
        "spot:bill:1400000000000000006:earn": (IN, Decimal(-1500)),
        "7": (CashKind.REWARD, Decimal("2.25")),
        "8": (CashKind.REWARD, Decimal(5)),
        "11": (CashKind.REALISED, Decimal("-0.01")),
        "12": (CashKind.REALISED, Decimal("870.1")),
        "13": (OUT, Decimal(99)),
        "14": (OUT, Decimal(1000)),
        "15": (CashKind.FEE, Decimal("-1.5")),
        "16": (IN, Decimal(40)),
    }
    assert {problem.subject for problem in parsed.problems} == {"strategy", "loan", "mystery SOMETHING_NEW"}
    assert not any(problem.lost for problem in parsed.problems)


def test_records_of_margin_state_neither_debt_nor_trades(read):
    assert numbered(read("cross.ledger/1", "cross-ledger")) == {
        "1": (IN, Decimal("10.12")),
        "6": (CashKind.FEE, Decimal("-31.1")),
        "7": (CashKind.REALISED, Decimal(-3)),
    }
    interest = [f.body.amount for f in read("cross.interest/1", "cross-interest").facts]
    assert interest == [Amount(Decimal("-0.000015"), ETH), Amount(Decimal("-0.75"), USDT)]
    forced, bought = (f.body for f in read("cross.fills/1", "cross-fills", symbol="ETHUSDT").facts)
    assert (forced.quantity, forced.cost) == (Decimal("-0.5"), Amount(Decimal(1475), USDT))
    assert (bought.wallet, bought.instrument, bought.quantity) == ("cross", "bitget:ETHUSDT", Decimal(2))


def test_deposits_and_withdrawals_once_they_are_done(read):
    deposits = by_id(read("deposits/1", "deposits"))
    assert {key[-1]: one.amount.number for key, one in deposits.items()} == {
        "1": 250000,
        "2": Decimal("12.5"),
    }
    (sent,) = by_id(read("withdrawals/1", "withdrawals")).values()
    assert (sent.amount.number, sent.fee, sent.txid) == (
        Decimal("-998.5"),
        Amount(Decimal("-1.5"), USDT),
        "0xdef1",
    )


def test_records_of_the_funding_wallet_get_their_sign_from_their_kind(read):
    found = by_id(read("funding.bills/1", "funding-bills"))
    assert [(one.kind, one.amount.number) for one in found.values()] == [
        (OUT, Decimal(-20)),
        (IN, Decimal(-50)),
        (OUT, Decimal(300)),
        (IN, Decimal(100)),
    ]
    (problem,) = stated(
        "funding.bills/1", body("funding-bills").replace(b'"sell"', b'"swap"'), market()
    ).problems
    assert problem.lost


@pytest.mark.parametrize(
    ("endpoint", "name", "old", "new"),
    [
        ("spot.assets/1", "spot-assets", b"150000.25", b"NaN"),
        ("spot.fills/1", "spot-fills", b'"side": "sell"', b'"side": "sold"'),
        ("usdtm.fills/1", "usdtm-fills", b"burst_sell_single", b"vanished"),
        ("usdtm.positions/1", "usdtm-positions", b'"long"', b'"flat"'),
        ("usdtm.accounts/1", "usdtm-accounts", b'"00000"', b'"40001"'),
        ("usdtm.contracts/1", "usdtm-contracts", b'"perpetual"', b'"eternal"'),
    ],
)
def test_what_is_not_documented_about_money_is_refused(endpoint, name, old, new):
    said = body(name).replace(old, new)
    assert said != body(name)
    with pytest.raises(MalformedPayloadError):
        stated(endpoint, said, market())
