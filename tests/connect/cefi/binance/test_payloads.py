"""Answers as the venue documents them, and what each states to the last digit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from truenav.connect.margins import read_margin_ratio
from truenav.core.asset import BTC, ETH, USD, USDC, USDT
from truenav.core.facts import CashKind, QuoteKind, TransferKind
from truenav.core.instrument import InstrumentKind
from truenav.core.money import Amount

from .conftest import EMPTY, body_of, stated

T = datetime(2026, 1, 1, tzinfo=UTC)
COLLECTED = Path(__file__).parents[5] / "shared" / "data" / "ccxt_static" / "binance" / "rest.json"


def by_id(parsed):
    found = {fact.external_id: fact.body for fact in parsed.facts}
    assert len(found) == len(parsed.facts)
    return found


def cash(parsed):
    """What moved cash: external id without its number to kind and amount."""
    return {key.rpartition("9689")[0]: (one.kind, one.amount.number) for key, one in by_id(parsed).items()}


def test_terms_of_spot_and_usd_margined_contracts_of_known_assets(read):
    spot = {one.code: one for one in read("spot.exchangeInfo/1", "spot-exchange-info").instruments}
    assert (spot["ETHBTC"].base, spot["ETHBTC"].quote, set(spot)) == (ETH, BTC, {"BTCUSDT", "ETHBTC"})
    usdm = {one.code: one for one in read("usdm.exchangeInfo/1", "usdm-exchange-info").instruments}
    assert set(usdm) == {"BTCUSDT", "ETHUSDC", "BTCUSDT_260327"}
    assert (usdm["ETHUSDC"].kind, usdm["ETHUSDC"].settle) == (InstrumentKind.PERPETUAL, USDC)
    dated = usdm["BTCUSDT_260327"]
    assert (dated.kind, dated.expiry_at) == (InstrumentKind.FUTURE, datetime(2026, 3, 27, 8, tzinfo=UTC))
    assert (dated.multiplier, dated.inverse) == (1, False)


def test_a_coin_margined_contract_is_a_hundred_dollars_paid_in_coin(read):
    (terms,) = read("coinm.exchangeInfo/1", "coinm-exchange-info").instruments
    assert terms.id == "binance-coinm:BTCUSD_200925"
    assert (terms.multiplier, terms.inverse) == (100, True)
    assert (terms.base, terms.quote, terms.settle) == (BTC, USD, BTC)
    assert (terms.kind, terms.expiry_at) == (InstrumentKind.FUTURE, datetime(2020, 9, 25, 8, tzinfo=UTC))


def quotes(parsed):
    return {(fact.body.kind, fact.body.base, fact.body.quote): fact.body.price for fact in parsed.facts}


def test_prices_of_requests(read):
    (last,) = read("spot.ticker/1", "spot-ticker").facts
    assert (last.body.kind, last.body.price, last.body.volume) == (
        QuoteKind.LAST,
        Decimal("87000.01"),
        Decimal("5021.5"),
    )
    assert quotes(read("usdm.premiumIndex/1", "usdm-marks")) == {
        (QuoteKind.MARK, "binance-usdm:BTCUSDT", USDT): Decimal("87005.13"),
        (QuoteKind.INDEX, BTC, USDT): Decimal("87010.55"),
    }
    assert quotes(read("coinm.premiumIndex/1", "coinm-marks")) == {
        (QuoteKind.MARK, "binance-coinm:BTCUSD_200925", USD): Decimal("12077.0134375"),
        (QuoteKind.INDEX, BTC, USD): Decimal("10979.103125"),
    }


def test_prices_of_streams(read):
    (spot,) = read("spot.stream.miniTicker/1", "stream-spot").facts
    assert spot.body.price == Decimal("87000.02")
    usdm = read("usdm.stream.markPrice/1", "stream-usdm").facts
    assert [fact.body.price for fact in usdm] == [Decimal("87006.5"), Decimal(87011)]
    coinm = read("coinm.stream.markPrice/1", "stream-coinm").facts
    assert [fact.body.price for fact in coinm] == [Decimal("10934.62615417"), Decimal("10933.62615417")]
    assert coinm[0].occurred_at == T + timedelta(milliseconds=3)


def test_a_spot_wallet_counts_what_orders_lock_and_keeps_unknown_coins(read):
    parsed = read("spot.account/1", "spot-account")
    (fact,) = parsed.facts
    assert {line.asset: (line.total, line.locked) for line in fact.body.lines} == {
        USDT: (Decimal("1202500.25"), Decimal(2500)),
        BTC: (Decimal("3.00000001"), Decimal(0)),
        ETH: (Decimal("1.5"), Decimal("1.5")),
        "binance:DUST": (Decimal("7E-8"), Decimal(0)),
    }
    assert [problem.subject for problem in parsed.problems] == ["binance:DUST"]


@pytest.mark.parametrize(
    ("wallet", "balances", "positions"),
    [
        (
            "usdm",
            {USDT: Decimal("90000.12345678"), USDC: Decimal(10000)},
            [
                ("BTCUSDT", Decimal("-0.2"), Decimal(88100)),
                ("BTCUSDT", Decimal("0.5"), Decimal("87250.1")),
                ("ETHUSDC", Decimal(-5), Decimal("2950.55")),
            ],
        ),
        (
            "coinm",
            {BTC: Decimal("2.5"), ETH: Decimal(40)},
            [
                ("BTCUSD_200925", Decimal(-100), Decimal("11020.1")),
                ("BTCUSD_200925", Decimal(250), Decimal("10950.5")),
            ],
        ),
    ],
)
def test_futures_wallets_are_cash_without_open_profit_and_both_sides_of_a_hedge(
    read, wallet, balances, positions
):
    held, open_ = read(f"{wallet}.account/1", f"{wallet}-account").facts
    assert {line.asset: line.total for line in held.body.lines} == balances
    assert (held.body.wallet, open_.body.wallet) == (wallet, wallet)
    lines = [(one.instrument.partition(":")[2], one.quantity, one.entry_price) for one in open_.body.lines]
    assert lines == positions


def test_the_margin_ratio_is_the_venues_own_and_of_coins_the_largest():
    assert read_margin_ratio("binance", "usdm.account", body_of("usdm-account")) == Decimal("0.04")
    coins = body_of("coinm-account")
    assert read_margin_ratio("binance", "coinm.account", coins) == Decimal("0.1")  # ETH 5/50; BTC 0.05/2
    broke = coins.replace(b'"marginBalance": "2.00000000"', b'"marginBalance": "0.00000000"')
    assert broke != coins
    assert read_margin_ratio("binance", "coinm.account", broke) == 1
    calm = coins.replace(b'"0.05000000"', b'"0"').replace(b'"5.00000000"', b'"0"')
    assert read_margin_ratio("binance", "coinm.account", calm) is None


def test_spot_fills_with_fees_in_any_coin(read):
    found = by_id(read("spot.trades/1", "spot-trades", "11=mm1,12=mm1,13="))
    bought = found["binance:BTCUSDT:101"]
    assert (bought.quantity, bought.cost, bought.tag) == (
        Decimal("1.5"),
        Amount(Decimal("-130350.015"), USDT),
        "mm1",
    )
    assert bought.fees == (Amount(Decimal("-0.0015"), BTC),)
    assert found["binance:BTCUSDT:102"].fees == (Amount(Decimal("-0.051"), "binance:DUST"),)
    assert (found["binance:BTCUSDT:103"].fees, found["binance:BTCUSDT:103"].tag) == ((), None)


def test_fills_of_contracts_state_what_they_realised(read):
    found = by_id(read("usdm.trades/1", "usdm-trades", "21=trend,22=trend"))
    sold = found["binance-usdm:BTCUSDT:698760"]
    assert (sold.quantity, sold.realised) == (Decimal("-0.7"), Amount(Decimal("424.95"), USDT))
    assert sold.fees == (Amount(Decimal("3.0835"), USDT),)  # a rebate
    found = by_id(read("coinm.trades/1", "coinm-trades", "28=basis,29="))
    bought = found["binance-coinm:BTCUSD_200925:6"]
    assert (bought.wallet, bought.quantity, bought.price) == ("coinm", Decimal(250), Decimal("10950.5"))
    assert (bought.cost, bought.tag) == (None, "basis")
    assert bought.fees == (Amount(Decimal("-0.0009132"), BTC),)
    sold = found["binance-coinm:BTCUSD_200925:7"]
    assert (sold.quantity, sold.realised) == (Decimal(-100), Amount(Decimal("0.00576764"), BTC))


def test_terms_of_a_delivered_contract_come_from_its_name_and_its_pair(read):
    parsed = read("coinm.trades/1", "coinm-trades-documented", "28=basis")
    (terms,) = parsed.instruments
    assert terms.id == "binance-coinm:BTCUSD_200626"
    assert terms.expiry_at == datetime(2020, 6, 26, 8, tzinfo=UTC)
    assert (terms.multiplier, terms.inverse, terms.settle) == (100, True, BTC)
    (fact,) = parsed.facts
    assert (fact.body.instrument, fact.body.quantity) == (terms.id, Decimal(-1))
    assert parsed.problems == ()


@pytest.mark.parametrize("symbol", [b"BTCUSD_209926", b"XRPUSD_200626", b"BTCUSD_PERP"])
def test_a_contract_whose_terms_nothing_tells_is_lost(read, symbol):
    known = read("coinm.exchangeInfo/1", "coinm-exchange-info").instruments
    body = body_of("coinm-trades-documented").replace(b"BTCUSD_200626", symbol)
    parsed = stated("coinm.trades/1", body, EMPTY.with_instruments(known), "28=basis")
    assert (parsed.facts, parsed.instruments) == ((), ())
    assert [one.lost for one in parsed.problems] == [True]


def test_a_fill_of_an_unknown_order_states_nothing_and_is_lost(read):
    orphans = read("coinm.trades/1", "coinm-trades", "28=basis")
    assert (len(orphans.facts), [one.lost for one in orphans.problems]) == (1, [True])


def test_income_of_both_wallets_leaves_what_trades_state_to_the_trades(read):
    parsed = read("usdm.income/1", "usdm-income")
    assert cash(parsed) == {
        "TRANSFER:": (TransferKind.INTERNAL, Decimal(25000)),
        "FUNDING_FEE:": (CashKind.FUNDING, Decimal("-4.35")),
        "INSURANCE_CLEAR:": (CashKind.FEE, Decimal("-1.25")),
        "COMMISSION_REBATE:": (CashKind.REWARD, Decimal("0.75")),
        "SOMETHING_NEW:": (CashKind.FEE, Decimal(-2)),
    }
    assert [problem.subject for problem in parsed.problems] == ["SOMETHING_NEW"]
    coins = read("coinm.income/1", "coinm-income")
    assert cash(coins) == {
        "coinm:TRANSFER:": (TransferKind.INTERNAL, Decimal("-0.375")),
        "coinm:FUNDING_FEE:": (CashKind.FUNDING, Decimal("0.000125")),
        "coinm:INSURANCE_CLEAR:": (CashKind.FEE, Decimal("-0.001")),
        "coinm:DELIVERED_SETTELMENT:": (CashKind.SETTLEMENT, Decimal("0.0125")),
        "coinm:WELCOME_BONUS:": (CashKind.REWARD, Decimal("0.0001")),
    }
    assert {fact.body.wallet for fact in coins.facts} == {"coinm"}
    assert {fact.body.amount.asset for fact in coins.facts} == {BTC}


def test_deposits_and_withdrawals_of_the_spot_wallet_that_are_done(read):
    found = by_id(read("wallet.deposits/1", "deposits"))
    assert {key[-1]: (one.amount.number, one.counterpart) for key, one in found.items()} == {
        "6": (Decimal(50000), "0xours"),
        "8": (Decimal(3), "0xours"),
    }
    found = by_id(read("wallet.withdrawals/1", "withdrawals"))
    paid = found["withdrawal:b6ae22b3"]
    assert (paid.amount, paid.fee) == (Amount(Decimal("-1000.5"), USDT), Amount(Decimal("-4.5"), USDT))
    assert found["withdrawal:b6ae22b6"].fee is None
    assert len(found) == 2


def test_transfers_are_the_spot_wallets_side(read):
    (out,) = read("wallet.transfers/1", "transfers").facts
    assert (out.body.amount.number, out.body.counterpart) == (Decimal(-25000), "usdm")
    (back,) = read("wallet.transfers/1", "transfers-coinm").facts
    assert (back.body.amount, back.body.counterpart) == (Amount(Decimal("0.375"), BTC), "coinm")


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("spot.time/1", "time"),
        ("key.restrictions/1", "key"),
        ("spot.openOrders/1", "spot-open-orders"),
        ("usdm.openOrders/1", "usdm-open-orders"),
        ("coinm.openOrders/1", "coinm-open-orders"),
        ("coinm.orders/1", "orders"),
        ("usdm.leverageBracket/1", "usdm-brackets"),
        ("wallet.overview/1", "wallet-overview"),
    ],
)
def test_what_states_nothing_is_kept_as_evidence(read, endpoint, name):
    assert read(endpoint, name).facts == ()


DOCUMENTED = {
    "CoinFutures/Account/GetAccountInfo": "coinm.account/1",
    "CoinFutures/Account/GetIncomeHistory": "coinm.income/1",
    "CoinFutures/ExchangeData/GetExchangeInfo": "coinm.exchangeInfo/1",
    "CoinFutures/ExchangeData/GetMarkPrices": "coinm.premiumIndex/1",
    "CoinFutures/Trading/GetOrders": "coinm.orders/1",
    "CoinFutures/Trading/GetUserTrades": "coinm.trades/1",
    "General/SimpleEarn/GetFlexibleRedemptionRecords": "earn.redeemed/1",
    "General/SimpleEarn/GetFlexibleRewardRecords": "earn.rewards/1",
    "General/SimpleEarn/GetFlexibleSubscriptionRecords": "earn.subscribed/1",
    "General/SimpleEarn/GetLockedRedemptionRecords": "earn.lockedOut/1",
    "General/SimpleEarn/GetLockedSubscriptionRecords": "earn.lockedIn/1",
    "Spot/Account/GetAccountInfo": "spot.account/1",
    "Spot/Account/GetAssetDividendRecords": "spot.dividends/1",
    "Spot/Account/GetDustLog": "spot.dust/1",
    "Spot/Account/GetFundingWallet": "funding.account/1",
    "Spot/Account/GetIsolatedMarginAccount": "isolated.account/1",
    "Spot/Account/GetMarginInterestHistory": "margin.interest/1",
    "Spot/Account/GetMarginTransferHistory": "isolated.transfers/1",
    "Spot/Trading/GetConvertTradeHistory": "spot.converted/1",
    "Spot/Account/GetDepositHistory": "wallet.deposits/1",
    "Spot/Account/GetTransfers": "wallet.transfers/1",
    "Spot/Account/GetWithdrawalHistory": "wallet.withdrawals/1",
    "Spot/ExchangeData/GetExchangeInfo": "spot.exchangeInfo/1",
    "Spot/Trading/GetUserTrades": "spot.trades/1",
    "UsdFutures/Account/GetAccountInfo": "usdm.account/1",
    "UsdFutures/Account/GetIncomeHistory": "usdm.income/1",
    "UsdFutures/ExchangeData/GetExchangeInfo": "usdm.exchangeInfo/1",
    "UsdFutures/Trading/GetUserTrades": "usdm.trades/1",
}


@pytest.mark.skipif(not COLLECTED.exists(), reason="the collected answers are not on this machine")
def test_every_answer_that_the_venue_documents_is_understood():
    rows = {row["name"]: row["response"] for row in json.loads(COLLECTED.read_bytes())}
    for name, endpoint in DOCUMENTED.items():
        stated(endpoint, json.dumps(rows[name]).encode())
