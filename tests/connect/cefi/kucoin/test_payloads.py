"""Answers as the venue documents them, and what each states to the last digit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.connect.errors import MalformedPayloadError
from truenav.connect.margins import read_margin_ratio
from truenav.core.asset import BTC, ETH, USDT
from truenav.core.facts import CashKind, QuoteKind, TransferKind
from truenav.core.instrument import InstrumentKind
from truenav.core.money import Amount

from .conftest import T, body_of, known_markets, stated


def by_id(parsed):
    found = {fact.external_id: fact.body for fact in parsed.facts}
    assert len(found) == len(parsed.facts)
    return found


def held(fact):
    return fact.body.wallet, {line.asset: (line.total, line.locked) for line in fact.body.lines}


def test_terms_of_pairs_and_contracts_and_nothing_of_unknown_assets_or_quanto_contracts():
    known = known_markets().instruments.instruments
    assert set(known) == {
        "kucoin:BTC-USDT",
        "kucoin:ETH-USDT",
        "kucoin-contract:XBTUSDTM",
        "kucoin-contract:XBTUSDM",
        "kucoin-contract:ETHUSDTM",
        "kucoin-contract:XBTMH26",
    }
    linear = known["kucoin-contract:XBTUSDTM"]
    assert (linear.base, linear.multiplier, linear.settle, linear.inverse) == (
        BTC,
        Decimal("0.001"),
        USDT,
        False,
    )
    inverse = known["kucoin-contract:XBTUSDM"]
    assert (inverse.multiplier, inverse.settle, inverse.inverse) == (1, BTC, True)
    dated = known["kucoin-contract:XBTMH26"]
    assert (dated.kind, dated.expiry_at) == (InstrumentKind.FUTURE, datetime(2026, 3, 27, 8, tzinfo=UTC))


def test_prices(read):
    (last,) = read("tickers/1", "tickers").facts
    assert (last.body.kind, last.body.price, last.body.volume, last.occurred_at) == (
        QuoteKind.LAST,
        Decimal("87000.01"),
        Decimal("5021.5"),
        T,
    )
    quotes = {(f.body.kind, f.body.base): f.body.price for f in read("contracts/1", "contracts").facts}
    assert quotes[QuoteKind.MARK, "kucoin-contract:XBTUSDTM"] == Decimal("87005.13")
    assert quotes[QuoteKind.INDEX, ETH] == Decimal("2951.25")


def test_main_and_trade_account(read):
    main, trade = (held(fact) for fact in read("accounts/1", "accounts").facts)
    assert main == ("main", {USDT: (Decimal("10250.5"), Decimal(0))})
    assert trade == (
        "trade",
        {USDT: (Decimal("200000.25"), Decimal("1250.25")), BTC: (Decimal("2.5"), Decimal(0))},
    )


def test_margin_accounts_count_each_debt_once(read):
    (cross,) = read("margin-accounts/1", "margin-accounts").facts
    assert held(cross) == (
        "margin",
        {USDT: (Decimal("40000.25"), Decimal(100)), ETH: (Decimal("-0.50001"), Decimal(0))},
    )
    (isolated,) = read("isolated-accounts/1", "isolated-accounts").facts
    assert held(isolated) == (
        "isolated",
        {
            BTC: (Decimal("0.35"), Decimal("0.25")),
            ETH: (Decimal(3), Decimal(0)),
            USDT: (Decimal("-500.5"), Decimal(0)),
        },
    )


@pytest.mark.parametrize(
    ("name", "list_"), [("margin-accounts", "accounts"), ("isolated-accounts", "assets")]
)
def test_a_margin_account_without_coins_that_is_worth_something_is_not_believed(name, list_):
    document = json.loads(body_of(name))
    document["data"][list_] = []
    with pytest.raises(MalformedPayloadError, match="worth something"):
        stated(f"{name}/1", json.dumps(document).encode())


def test_futures_cash_is_equity_less_open_profit(read):
    (fact,) = read("futures-accounts/1", "futures-accounts").facts
    assert held(fact) == (
        "futures",
        {USDT: (Decimal("98643.215"), Decimal(0)), BTC: (Decimal("1.25"), Decimal(0))},
    )


def test_the_margin_ratio_is_that_of_the_account_nearest_to_its_liquidation():
    assert read_margin_ratio("kucoin", "futures-accounts", body_of("futures-accounts")) == Decimal("0.012")


def test_positions_in_contracts_with_both_sides_of_a_hedge(read):
    (fact,) = read("positions/1", "positions").facts
    found = [(one.instrument.partition(":")[2], one.quantity, one.entry_price) for one in fact.body.lines]
    assert found == [
        ("ETHUSDTM", Decimal(-1250), Decimal("2950.55")),
        ("XBTUSDM", Decimal(-25000), Decimal("86990.5")),
        ("XBTUSDTM", Decimal(-200), Decimal(88100)),
        ("XBTUSDTM", Decimal(500), Decimal("87250.1")),
    ]


def test_earn_products_and_what_is_being_redeemed(read):
    parsed = read("earn-holdings/1", "earn-holdings")
    assert held(parsed.facts[0]) == (
        "earn",
        {USDT: (Decimal("20000.5"), Decimal(0)), ETH: (Decimal(4), Decimal(0))},
    )
    assert [problem.subject for problem in parsed.problems] == ["kucoin:ETH"]


def test_fills_with_fees_rebates_and_taxes(read):
    found = by_id(read("fills/1", "fills", symbol="BTC-USDT"))
    bought = found["BTC-USDT:1000000041:6306cf6e27ecbe41"]
    assert (bought.wallet, bought.quantity, bought.cost) == (
        "trade",
        Decimal("1.5"),
        Amount(Decimal("-130350.015"), USDT),
    )
    assert bought.fees == (Amount(Decimal("-130.350015"), USDT),)
    assert [fee.number for fee in found["BTC-USDT:1000000042:6306cf6e27ecbe42"].fees] == [
        Decimal("-43.55"),
        Decimal("-0.45"),
    ]
    assert [fee.number for fee in found["BTC-USDT:1000000043:6306cf6e27ecbe43"].fees] == [Decimal("0.35")]
    for kind, wallet in (("MARGIN_TRADE", "margin"), ("MARGIN_ISOLATED_TRADE", "isolated")):
        fills = by_id(read("fills/1", "fills", tradeType=kind))
        assert {one.wallet for one in fills.values()} == {wallet}


def test_the_main_ledger_states_what_no_record_does(read):
    parsed = read("ledger/1", "ledger")
    flows = {key: (one.wallet, one.kind, one.amount.number) for key, one in by_id(parsed).items()}
    assert flows == {
        "ledger:5": ("main", TransferKind.INTERNAL, Decimal(-50000)),
        "ledger:6": ("main", TransferKind.INTERNAL, Decimal("-2500.5")),
        "ledger:7": ("main", CashKind.REWARD, Decimal(50)),
        "ledger:8": ("main", TransferKind.INTERNAL, Decimal(-6000)),
        "ledger:8:earn": ("earn", TransferKind.INTERNAL, Decimal(6000)),
        "ledger:9": ("main", TransferKind.INTERNAL, Decimal(1000)),
        "ledger:9:earn": ("earn", TransferKind.INTERNAL, Decimal(-1000)),
        "ledger:10": ("main", CashKind.REWARD, Decimal("0.3125")),
        "ledger:11": ("main", CashKind.FEE, Decimal("3.25")),
        "ledger:12": ("main", CashKind.FEE, Decimal("-0.0001")),
        "ledger:13": ("main", CashKind.REALISED, Decimal("0.01")),
        "ledger:14": ("main", CashKind.REALISED, Decimal(-870)),
        "ledger:15": ("main", TransferKind.INTERNAL, Decimal("10.00059547")),
    }
    assert {problem.subject for problem in parsed.problems} == {"lending", "something new"}


def test_ledgers_of_the_trade_and_margin_accounts(read):
    parsed = read("trade-ledger/1", "trade-ledger")
    trade = {key: (one.wallet, one.kind, one.amount) for key, one in by_id(parsed).items()}
    assert trade == {
        "ledger:23": ("trade", TransferKind.INTERNAL, Amount(Decimal(50000), USDT)),
        "ledger:24": ("trade", CashKind.FEE, Amount(Decimal("8.7"), USDT)),
        "ledger:25": ("trade", CashKind.FEE, Amount(Decimal("-0.5"), ETH)),
    }
    assert [problem.subject for problem in parsed.problems] == ["other"]
    margin = by_id(read("margin-ledger/1", "margin-ledger"))
    assert {key: (one.wallet, one.amount) for key, one in margin.items()} == {
        "ledger:32": ("isolated", Amount(Decimal("0.25"), BTC))
    }
    for market, wallet in (("", "margin"), ("BTC-USDT", "isolated")):
        (charged,) = read("interest/1", "interest", symbol=market).facts
        assert (charged.body.wallet, charged.body.kind, charged.body.amount) == (
            wallet,
            CashKind.INTEREST,
            Amount(Decimal("-0.00000002"), ETH),
        )


def test_deposits_that_arrived_and_withdrawals_that_were_sent(read):
    (came,) = read("deposits/1", "deposits").facts
    assert (came.body.wallet, came.body.amount, came.body.fee) == (
        "main",
        Amount(Decimal("50000.00000000"), USDT),
        None,
    )
    (sent,) = read("withdrawals/1", "withdrawals").facts
    assert (sent.external_id, sent.body.amount, sent.body.fee) == (
        "withdrawal:w1",
        Amount(Decimal(-1000), USDT),
        Amount(Decimal("-4.5"), USDT),
    )


def test_fills_of_contracts_state_positions_and_sessions_their_cash(read):
    fills = by_id(read("futures-fills/1", "futures-fills"))
    assert {key: (one.quantity, one.price) for key, one in fills.items()} == {
        "XBTUSDTM:t51:o51": (Decimal(500), Decimal("87250.1")),
        "ETHUSDTM:t52:o52": (Decimal(-1250), Decimal("2950.55")),
        "XBTUSDM:t53:o53": (Decimal(10), Decimal(8302)),
    }
    assert {(one.cost, one.realised, one.fees) for one in fills.values()} == {(None, None, ())}
    parsed = read("futures-ledger/1", "futures-ledger")
    cash = {key: (one.kind, one.amount) for key, one in by_id(parsed).items()}
    assert cash == {
        "session:4:USDT:TransferIn:Transferred from Trading Account": (
            TransferKind.INTERNAL,
            Amount(Decimal(50000), USDT),
        ),
        "session:5:USDT:TransferOut:Transferred to Main Account": (
            TransferKind.INTERNAL,
            Amount(Decimal(-2500), USDT),
        ),
        "session:6:XBT:RealisedPNL:XBTUSDM": (CashKind.REALISED, Amount(Decimal("-0.000017105"), BTC)),
        "session:7:USDT:RealisedPNL:XBTUSDTM": (CashKind.REALISED, Amount(Decimal("-3125.05"), USDT)),
    }
    assert [problem.subject for problem in parsed.problems] == ["Odd"]
    assert parsed.facts[0].occurred_at == T + timedelta(seconds=62)


def test_a_fill_of_a_future_that_is_listed_no_more_has_its_terms_from_its_name():
    page = json.loads(body_of("futures-fills"))
    page["data"]["items"] = [{**page["data"]["items"][2], "symbol": "XBTMZ25"}]
    body = json.dumps(page).encode()
    parsed = stated("futures-fills/1", body, known_markets())
    assert [fact.body.instrument for fact in parsed.facts] == ["kucoin-contract:XBTMZ25"]
    (terms,) = parsed.instruments
    assert (terms.kind, terms.expiry_at, terms.inverse) == (
        InstrumentKind.FUTURE,
        datetime(2025, 12, 26, 8, tzinfo=UTC),
        True,
    )
    (unknown,) = stated("futures-fills/1", body.replace(b"XBTMZ25", b"ADAMZ25"), known_markets()).problems
    assert unknown.lost


@pytest.mark.parametrize("name", ["time", "key", "mode", "orders", "futures-account"])
def test_what_states_nothing_is_kept_as_evidence(read, name):
    assert read(f"{name}/1", name).facts == ()
