"""Answers as the venue documents them, and what each states to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from truenav.connect.errors import MalformedPayloadError
from truenav.connect.margins import read_margin_ratio
from truenav.core.asset import BTC, ETH, USD, USDT
from truenav.core.facts import CashKind, QuoteKind, TransferKind
from truenav.core.instrument import InstrumentKind
from truenav.core.money import Amount

from .conftest import body, market, stated

EXPIRY = datetime(2026, 3, 27, 8, tzinfo=UTC)
IN, OUT = TransferKind.INTERNAL, TransferKind.EXTERNAL


def lines(parsed):
    (fact,) = parsed.facts
    return {line.asset: (line.total, line.locked) for line in fact.body.lines}


def in_time(parsed):
    found = [fact.body for fact in sorted(parsed.facts, key=lambda fact: fact.occurred_at)]
    assert len({fact.external_id for fact in parsed.facts}) == len(found)
    return found


def flows(parsed):
    return [(one.kind, one.amount.number) for one in in_time(parsed)]


def test_terms_of_all_products_and_nothing_of_unknown_assets():
    known = market().instruments.instruments
    assert (known["htx:ethbtc"].base, known["htx:ethbtc"].quote) == (ETH, BTC)
    linear = known["htx-contract:BTC-USDT"]
    assert (linear.kind, linear.multiplier, linear.settle) == (
        InstrumentKind.PERPETUAL,
        Decimal("0.001"),
        USDT,
    )
    assert known["htx-contract:BTC-USDT-260327"].expiry_at == EXPIRY
    swap = known["htx-contract:BTC-USD"]
    assert (swap.inverse, swap.multiplier, swap.quote, swap.settle) == (True, 100, USD, BTC)
    future = known["htx-contract:BTC260327"]
    assert (future.kind, future.expiry_at, future.inverse) == (InstrumentKind.FUTURE, EXPIRY, True)
    assert not any("NOTOURS" in name.upper() for name in known)


@pytest.mark.parametrize(
    ("endpoint", "name", "kind", "base", "price"),
    [
        ("tickers/1", "tickers", QuoteKind.LAST, BTC, "87000.01"),
        ("usdtm.mark/1", "usdtm-mark", QuoteKind.MARK, "htx-contract:BTC-USDT", "87005.1"),
        ("coinfutures.mark/1", "coinfutures-mark", QuoteKind.MARK, "htx-contract:BTC260327", "88005"),
        ("usdtm.index/1", "usdtm-index", QuoteKind.INDEX, BTC, "87010.55"),
        ("coinswap.index/1", "coinswap-index", QuoteKind.INDEX, BTC, "87001.5"),
    ],
)
def test_prices(read, endpoint, name, kind, base, price):
    (fact,) = read(endpoint, name).facts
    assert (fact.body.kind, fact.body.base, fact.body.price) == (kind, base, Decimal(price))


def test_balances_count_each_debt_once_with_its_interest(read):
    assert lines(read("spot.balance/1", "spot-balance")) == {
        USDT: (Decimal("97.010043797676510318"), Decimal("5.160000000000000015")),
        BTC: (Decimal("1.25"), Decimal(0)),
        ETH: (Decimal("0.5"), Decimal("0.5")),
    }
    assert lines(read("cross.balance/1", "cross-balance")) == {
        USDT: (Decimal(110), Decimal(10)),
        BTC: (Decimal("1166.099467"), Decimal(0)),
    }
    isolated = lines(read("isolated.balance/1", "isolated-balance"))
    assert {asset: total for asset, (total, _) in isolated.items()} == {
        BTC: Decimal("0.3999"),
        USDT: Decimal(75),
    }


def test_cash_of_contracts_is_without_open_profit(read):
    linear = read("usdtm.balance/1", "usdtm-balance")
    assert lines(linear) == {USDT: (Decimal("100376.25"), Decimal(0)), BTC: (Decimal("0.01"), Decimal(0))}
    assert ["voucher" in problem.message for problem in linear.problems] == [True]
    assert lines(read("coinswap.accounts/1", "coinswap-accounts")) == {
        BTC: (Decimal("1.48000001"), Decimal(0))
    }
    with pytest.raises(MalformedPayloadError, match="isolated margin"):
        read("usdtm.balance/1", "usdtm-balance-isolated")


def test_the_margin_ratio_is_the_venues_own():
    ratio = read_margin_ratio("htx", "usdtm.balance/1", body("usdtm-balance"))
    assert ratio is not None
    assert abs(ratio - Decimal("410.5") / 101000) < Decimal("1e-20")
    assert read_margin_ratio("htx", "coinswap.accounts/1", body("coinswap-accounts")) is None


def test_positions_in_contracts_from_the_price_that_their_profit_counts_from(read):
    (linear,) = read("usdtm.positions/1", "usdtm-positions").facts
    assert [(one.instrument.partition(":")[2], one.quantity) for one in linear.body.lines] == [
        ("BTC-USDT", Decimal(-200)),
        ("BTC-USDT", Decimal(500)),
        ("BTC-USDT-260327", Decimal(-10)),
    ]
    (swap,) = read("coinswap.positions/1", "coinswap-positions").facts
    assert [(one.quantity, one.entry_price) for one in swap.body.lines] == [(250, Decimal("86500.5"))]
    (future,) = read("coinfutures.positions/1", "coinfutures-positions").facts
    assert [(one.quantity, one.entry_price) for one in future.body.lines] == [
        (-10, Decimal("88010.880000000009853343"))
    ]


def test_spot_fills_in_the_wallet_of_their_order_with_fees_in_any_coin(read):
    parsed = read("spot.fills/1", "spot-fills")
    bought, sold, crossed, margin, isolated = in_time(parsed)
    assert (bought.quantity, bought.cost) == (Decimal("1.5"), Amount(Decimal("-130350.015"), USDT))
    assert bought.fees == (Amount(Decimal("-0.003"), BTC),)
    assert sold.fees == (Amount(Decimal("-2.5"), "htx:HT"),)
    assert (crossed.cost, crossed.fees) == (
        Amount(Decimal("0.0999"), BTC),
        (Amount(Decimal("0.0000025"), BTC),),
    )
    assert [one.wallet for one in (bought, margin, isolated)] == ["spot", "cross", "isolated"]
    forced = read("spot.fills/1", "spot-fills-forced")
    assert (forced.facts, [problem.lost for problem in forced.problems]) == ((), [True])


def test_transfers_interest_deposits_and_withdrawals(read):
    assert flows(read("spot.transfers/1", "spot-transfers")) == [
        (IN, Decimal(100)),
        (IN, Decimal(500)),
        (IN, Decimal(-25000)),
        (IN, Decimal("-10.000000000000000001")),
    ]
    assert flows(read("cross.repayments/1", "cross-repayments")) == [
        (CashKind.INTEREST, Decimal("-0.5")),
        (CashKind.INTEREST, Decimal("-0.00000417")),
    ]
    paid = body("cross-repayments").replace(b'"paidHt": "0"', b'"paidHt": "1.5"')
    assert ["paid in HT" in one.message for one in stated("cross.repayments/1", paid).problems] == [True]
    assert flows(read("deposits/1", "deposits")) == [(OUT, Decimal(250000)), (OUT, Decimal("12.5"))]
    (sent,) = in_time(read("withdrawals/1", "withdrawals"))
    assert (sent.amount.number, sent.fee, sent.txid) == (Decimal(-1000), Amount(Decimal("-1.5"), USDT), "d1")


def test_the_ledger_of_contracts_states_all_cash_and_fills_none(read):
    parsed = read("usdtm.bills/1", "usdtm-bills")
    assert flows(parsed) == [
        (IN, Decimal(25000)),
        (CashKind.FEE, Decimal("-43.5")),
        *(sorted([(CashKind.FEE, Decimal("-0.07522584")), (CashKind.REALISED, Decimal("-0.3656"))])),
        *(sorted([(CashKind.FEE, Decimal("-0.02")), (CashKind.SETTLEMENT, Decimal("12.5"))])),
        (IN, Decimal(-5000)),
        (CashKind.FUNDING, Decimal("0.000433432461821856")),
        (CashKind.FUNDING, Decimal("-4.35")),
        (CashKind.FEE, Decimal("-0.75")),
        (CashKind.FEE, Decimal("-1.5")),
    ]
    assert [problem.subject for problem in parsed.problems] == ["type 99"]
    moved = body("usdtm-bills").replace(b'"type": "99"', b'"type": "85"')
    assert (IN, Decimal("-0.75")) in flows(stated("usdtm.bills/1", moved))
    bought, sold = in_time(read("usdtm.fills/1", "usdtm-fills"))
    assert (bought.quantity, sold.quantity, sold.realised, sold.fees) == (502, -2, None, ())
    coin = read("coinswap.records/1", "coinswap-records")
    assert (CashKind.REALISED, Decimal("0.01234")) in flows(coin)  # open profit that a settlement paid
    assert {one.amount.asset for one in in_time(coin)} == {BTC}


def test_fills_of_a_delivered_future_state_its_terms(read):
    parsed = read("coinfutures.fills/1", "coinfutures-fills")
    (terms,) = parsed.instruments
    assert (terms.id, terms.multiplier, terms.expiry_at) == (
        "htx-contract:BTC251226",
        100,
        datetime(2025, 12, 26, 8, tzinfo=UTC),
    )
    (trade,) = in_time(parsed)
    assert (trade.quantity, trade.order_id) == (-10, "918800256249405440")


@pytest.mark.parametrize(
    ("endpoint", "name", "old", "new"),
    [
        ("spot.balance/1", "spot-balance", b'"lock"', b'"hidden"'),
        ("spot.fills/1", "spot-fills", b'"sell-ioc"', b'"sold-ioc"'),
        ("usdtm.positions/1", "usdtm-positions", b'"sell"', b'"flat"'),
        ("usdtm.bills/1", "usdtm-bills", b'"code": 200', b'"code": 1003'),
        ("coinswap.records/1", "coinswap-records", b"0.01234", b"NaN"),
    ],
)
def test_what_is_not_documented_about_money_is_refused(endpoint, name, old, new):
    said = body(name).replace(old, new)
    assert said != body(name)
    with pytest.raises(MalformedPayloadError):
        stated(endpoint, said, market())
