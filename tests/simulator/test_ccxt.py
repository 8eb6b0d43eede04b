"""Unmodified ccxt objects work against the simulator; only their addresses are rewritten."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import ccxt
import pytest

from truenav.simulator.truth import truth

from .conftest import Running


def pointed_at(exchange: Any, url: str) -> Any:
    """Rewrite every address of a ccxt object to the simulator."""
    for name, address in exchange.urls["api"].items():
        if isinstance(address, str):
            path = address.replace("https://", "").partition("/")[2]
            exchange.urls["api"][name] = f"{url}/{path}".rstrip("/")
    return exchange


def binance(simulator: Running, account: str, kind: type = ccxt.binance, **options: Any) -> Any:
    plan = simulator.world.account(account)
    return pointed_at(
        kind({"apiKey": plan.api_key, "secret": plan.secret, "options": options}), simulator.url
    )


def okx(simulator: Running, account: str) -> Any:
    plan = simulator.world.account(account)
    keys = {"apiKey": plan.api_key, "secret": plan.secret, "password": plan.passphrase}
    return pointed_at(ccxt.okx(keys), simulator.url)


def total(balance: dict[str, Any], asset: str) -> Decimal:
    return Decimal(str(balance["total"][asset]))


def test_binance_spot_markets_balances_trades_and_tickers(simulator: Running) -> None:
    exchange = binance(simulator, "binance-directional", defaultType="spot")
    markets = exchange.load_markets()
    assert {"BTC/USDT", "ETH/USDT", "USDC/USDT", "BTC/USDT:USDT", "ETH/USDT:USDT"} <= set(markets)
    balance = exchange.fetch_balance()
    books = simulator.world.books("binance-directional")
    assert total(balance, "BTC") == books.balance("spot", "BTC")
    trades = exchange.fetch_my_trades("BTC/USDT")
    assert [trade["side"] for trade in trades] == ["buy", "sell"]
    assert trades[0]["amount"] == 310.5
    assert trades[0]["fee"]["currency"] == "BTC"
    since = simulator.world.inception.timestamp() * 1000
    assert len(exchange.fetch_my_trades("ETH/USDT", since=int(since))) == 2
    ticker = exchange.fetch_ticker("BTC/USDT")
    assert Decimal(str(ticker["last"])) == simulator.world.spot_price("binance", "BTC")
    assert set(exchange.fetch_tickers(["BTC/USDT", "ETH/USDT"])) == {"BTC/USDT", "ETH/USDT"}
    assert len(exchange.fetch_deposits()) == 1
    assert len(exchange.fetch_withdrawals()) == 1
    assert exchange.fetch_open_orders("BTC/USDT") == []
    orders = exchange.fetch_orders("BTC/USDT")
    assert orders[0]["clientOrderId"] == "dir1-000001"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (ccxt.binance, {"defaultType": "swap"}),
        (ccxt.binance, {"defaultType": "future"}),
        (ccxt.binanceusdm, {}),
    ],
)
def test_binance_usdm_balances_positions_funding_and_trades(
    simulator: Running, kind: type, options: dict[str, Any]
) -> None:
    exchange = binance(simulator, "binance-basis", kind, **options)
    exchange.load_markets()
    books = simulator.world.books("binance-basis")
    balance = exchange.fetch_balance()
    wallet = next(row for row in balance["info"]["assets"] if row["asset"] == "USDT")
    assert Decimal(wallet["walletBalance"]) == books.balance("usdm", "USDT")
    positions = {row["symbol"]: row for row in exchange.fetch_positions()}
    assert set(positions) == {"BTC/USDT:USDT", "ETH/USDT:USDT"}
    short = positions["BTC/USDT:USDT"]
    assert (short["side"], short["contracts"]) == ("short", 449.5)
    assert Decimal(short["info"]["entryPrice"]) == books.positions["BTC-USDT-SWAP"].entry
    assert len(exchange.fetch_my_trades("BTC/USDT:USDT")) >= 1
    since = int(simulator.world.inception.timestamp() * 1000)
    funding = exchange.fetch_funding_history("BTC/USDT:USDT", since=since, limit=1000)
    booked = [
        entry
        for entry in books.entries
        if entry.cause == "funding" and entry.tie.instrument is books.positions["BTC-USDT-SWAP"].instrument
    ]
    assert [Decimal(row["info"]["income"]) for row in funding] == [entry.amount for entry in booked]
    assert exchange.fetch_ticker("BTC/USDT:USDT")["last"] > 0
    assert "ETH/USDT:USDT" in exchange.fetch_tickers(["BTC/USDT:USDT", "ETH/USDT:USDT"])
    assert exchange.fetch_funding_rate("BTC/USDT:USDT")["markPrice"] > 0


def test_okx_balances_positions_funding_trades_and_tickers(simulator: Running) -> None:
    exchange = okx(simulator, "okx-arbitrage")
    markets = exchange.load_markets()
    kinds = {market["type"] for market in markets.values()}
    assert kinds == {"spot", "swap", "future", "option"}
    books = simulator.world.books("okx-arbitrage")
    balance = exchange.fetch_balance()
    cash = {row["ccy"]: row["cashBal"] for row in balance["info"]["data"][0]["details"]}
    assert {coin: Decimal(text) for coin, text in cash.items()} == {
        coin: books.balance("trading", coin) for coin in ("BTC", "USDT")
    }
    positions = exchange.fetch_positions()
    assert {row["info"]["instId"] for row in positions} == {
        position.instrument.id for position in books.positions.values()
    }
    inverse = next(row for row in positions if row["symbol"] == "BTC/USD:BTC")
    assert (inverse["side"], inverse["contracts"], inverse["contractSize"]) == ("short", 34000, 100)
    assert len(exchange.fetch_my_trades("BTC/USDT:USDT")) == 2
    assert len(exchange.fetch_funding_history("BTC/USD:BTC")) > 10
    assert exchange.fetch_ticker("BTC/USD:BTC")["last"] > 0
    assert "BTC/USDT" in exchange.fetch_tickers(params={"instType": "SPOT"})
    assert exchange.fetch_funding_rate("BTC/USDT:USDT")["fundingRate"] is not None
    assert len(exchange.fetch_deposits()) == 2
    assert (
        len(exchange.fetch_ledger(params={"method": "privateGetAccountBillsArchive", "instType": "SWAP"}))
        > 10
    )
    assert exchange.fetch_time() > 0


def test_okx_option_positions_carry_their_contract(simulator: Running) -> None:
    exchange = okx(simulator, "okx-options")
    exchange.load_markets()
    options = [row for row in exchange.fetch_positions() if row["info"]["instType"] == "OPTION"]
    assert len(options) == 3
    assert {exchange.market(row["symbol"])["strike"] for row in options} == {42000, 46000, 40000}
    assert len(exchange.fetch_my_trades(params={"instType": "OPTION"})) == 7


def test_equity_recomputed_from_what_okx_publishes_is_the_truth(simulator: Running) -> None:
    exchange = okx(simulator, "okx-options")
    exchange.load_markets()
    data = exchange.private_get_account_balance()["data"][0]["details"]
    equity = {row["ccy"]: Fraction(row["cashBal"]) for row in data}
    for row in exchange.private_get_asset_balances()["data"]:
        equity[row["ccy"]] = equity.get(row["ccy"], Fraction(0)) + Fraction(row["bal"])
    for row in exchange.private_get_account_positions()["data"]:
        terms = exchange.markets_by_id[row["instId"]][0]["info"]
        contracts = Fraction(row["pos"]) * Fraction(terms["ctVal"]) * Fraction(terms["ctMult"])
        mark, entry = Fraction(row["markPx"]), Fraction(row["avgPx"])
        if row["instType"] == "OPTION":
            equity[row["ccy"]] += contracts * mark
        elif terms["ctType"] == "inverse":
            equity[row["ccy"]] += contracts * (1 / entry - 1 / mark)
        else:
            equity[row["ccy"]] += contracts * (mark - entry)
    true = truth(simulator.world, "okx-options")["equity"]
    assert {asset: str(amount) for asset, amount in equity.items()} == {
        asset: row["exact"] for asset, row in true.items()
    }


def test_equity_recomputed_from_what_binance_publishes_is_the_truth(simulator: Running) -> None:
    exchange = binance(simulator, "binance-market-making", defaultType="spot")
    equity = {
        row["asset"]: Fraction(row["free"]) + Fraction(row["locked"])
        for row in exchange.private_get_account()["balances"]
    }
    for row in exchange.fapiPrivateV3GetAccount()["assets"]:
        equity[row["asset"]] = equity.get(row["asset"], Fraction(0)) + Fraction(row["walletBalance"])
    for row in exchange.fapiPrivateV3GetPositionRisk():
        gain = Fraction(row["markPrice"]) - Fraction(row["entryPrice"])
        equity["USDT"] += Fraction(row["positionAmt"]) * gain
    true = truth(simulator.world, "binance-market-making")["equity"]
    assert {asset: str(amount) for asset, amount in equity.items() if amount} == {
        asset: row["exact"] for asset, row in true.items()
    }


def test_a_wrong_secret_is_refused_as_the_venues_do(simulator: Running) -> None:
    wrong = binance(simulator, "binance-basis")
    wrong.secret = "wrong"
    with pytest.raises(ccxt.AuthenticationError, match="-1022"):
        wrong.private_get_account()
    unknown = binance(simulator, "binance-basis")
    unknown.apiKey = "unknown"
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        unknown.private_get_account()
    other = okx(simulator, "okx-trend")
    other.apiKey = "unknown"
    with pytest.raises(ccxt.AuthenticationError, match="50111"):
        other.private_get_account_balance()
    passphrase = okx(simulator, "okx-trend")
    passphrase.password = "wrong"
    with pytest.raises(ccxt.AuthenticationError, match="50105"):
        passphrase.private_get_account_balance()
