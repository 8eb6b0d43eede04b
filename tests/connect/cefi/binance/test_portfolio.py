"""Portfolio and isolated margin: each coin and each debt once, whatever part of the account it lies in."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from truenav.connect.errors import MalformedPayloadError
from truenav.connect.margins import read_margin_ratio
from truenav.connect.registry import connector
from truenav.connect.transport import Network
from truenav.core.asset import BTC, ETH, USDT
from truenav.core.clock import to_milliseconds
from truenav.core.facts import BalanceSnapshot, CashFlow, CashKind, PositionSnapshot, Trade, Transfer
from truenav.core.money import Amount
from truenav.simulator.times import VirtualClock

from .conftest import EMPTY, body_of, stated
from .standin import KEY, NOTHING, NOW, QUIET, Refused, Venue

BASE = "/papi/v1"
MARKETS = [
    one
    for market in ("spot", "usdm", "coinm")
    for one in stated(f"{market}.exchangeInfo/1", body_of(f"{market}-exchange-info")).instruments
]
KNOWN = EMPTY.with_instruments(tuple(one for one in MARKETS if one.code not in ("ETHBTC", "ETHUSDC")))
COINS, EQUITY = json.loads(body_of("portfolio-balances"))
UM, CM = json.loads(body_of("portfolio-positions"))


def totals(parsed):
    (fact,) = parsed.facts
    return fact.body.wallet, {line.asset: (line.total, line.locked) for line in fact.body.lines}


def test_a_coins_total_is_all_parts_less_what_is_owed_once(read):
    assert totals(read("portfolio.balances/1", "portfolio-balances")) == (
        "portfolio",
        {
            USDT: (
                Decimal("92.27530794") - Decimal("25.5"),
                Decimal(3),
            ),  # the venue's net asset, and USD-M's debt
            BTC: (Decimal("1.75"), Decimal(0)),
        },
    )


def test_positions_of_both_futures_parts_are_one_snapshot(read):
    (fact,) = read("portfolio.positions/1", "portfolio-positions").facts
    assert [(line.instrument, line.quantity) for line in fact.body.lines] == [
        ("binance-coinm:BTCUSD_200925", Decimal(-125)),
        ("binance-usdm:BTCUSDT", Decimal("0.4")),
    ]


def test_money_that_moves_between_the_parts_states_nothing(read):
    (fact,) = read("portfolio.um.income/1", "portfolio-um-income").facts
    assert fact.body == CashFlow(
        "portfolio", CashKind.FUNDING, Amount(Decimal("-4.35"), USDT), "binance-usdm:BTCUSDT"
    )
    assert fact.external_id.startswith("portfolio-um:")


def test_fills_and_interest_with_that_on_negative_balances_are_the_wallets(read):
    (fill,) = read("portfolio.um.userTrades/1", "portfolio-um-trades", "261942655610=trend").facts
    assert (fill.body.wallet, fill.body.quantity, fill.body.tag) == ("portfolio", Decimal("-0.010"), "trend")
    assert (fill.body.realised.number, fill.body.fees[0].number) == (Decimal("27.384"), Decimal("-0.1890536"))
    charged = [fact.body for fact in read("portfolio.margin.interest/1", "portfolio-interest").facts]
    assert [(one.wallet, one.kind, one.amount.number) for one in charged] == [
        ("portfolio", CashKind.INTEREST, Decimal("-0.00024995")),
        ("portfolio", CashKind.INTEREST, Decimal("-0.0071")),
    ]
    (lent,) = read("portfolio.margin.myTrades/1", "margin-trades", "11=mm1").facts
    assert lent.body.wallet == "portfolio"


def test_the_margin_ratio_is_the_inverse_of_the_venues_own():
    ratio = read_margin_ratio("binance", "portfolio.balances", body_of("portfolio-balances"))
    assert (1 / ratio).quantize(Decimal("1E-8")) == Decimal("5167.92171923")


def venue(**more):
    """An account in portfolio margin; ``more`` replaces answers by the ends of their paths."""
    routes = {
        **QUIET,
        f"{BASE}/account": EQUITY,
        f"{BASE}/balance": COINS,
        f"{BASE}/um/account": UM,
        f"{BASE}/cm/account": CM,
        f"{BASE}/um/openOrders": [],
        f"{BASE}/cm/openOrders": [],
        f"{BASE}/margin/openOrders": [],
        f"{BASE}/um/leverageBracket": [],
        f"{BASE}/cm/leverageBracket": [],
        f"{BASE}/um/income": [],
        f"{BASE}/cm/income": [],
        f"{BASE}/um/userTrades": [],
        f"{BASE}/cm/userTrades": [],
        f"{BASE}/margin/myTrades": [],
        f"{BASE}/margin/marginInterestHistory": NOTHING,
        "/api/v3/myTrades": [],
    }
    return Venue(routes | {f"{BASE}/{path}": answer for path, answer in more.items()})


def test_an_account_in_portfolio_margin_is_read_by_its_own_host_alone():
    one = venue()
    got = one.gather("spot", "portfolio", context=KNOWN, since=NOW - timedelta(days=5))
    assert not got.failures
    paths = {path for _, path, _ in one.asked}
    assert not {path for path in paths if path.startswith(("/fapi", "/dapi", "/sapi/v1/margin"))}
    asked = {params["symbol"] for _, path, params in one.asked if path == f"{BASE}/um/userTrades"}
    assert asked == {"BTCUSDT"}  # and COIN-M is asked for its own contract only
    again = venue()
    got = again.gather("portfolio", context=KNOWN, since=NOW - timedelta(days=5), cursors=got.cursors)
    assert not got.failures
    assert not [path for _, path, _ in again.asked if path.endswith("leverageBracket")]  # once a day
    kinds = {params["type"] for _, path, params in one.asked if path == "/sapi/v1/asset/transfer"}
    assert kinds == {"MAIN_UMFUTURE", "UMFUTURE_MAIN", "MAIN_PORTFOLIO_MARGIN", "PORTFOLIO_MARGIN_MAIN"}


def test_its_parts_are_not_read_beside_it():
    one = venue()
    got = one.gather("portfolio", "usdm", "margin", context=KNOWN, history=False)
    assert [failure.message.partition(",")[0] for failure in got.failures] == [
        "wallets: the account lists margin"
    ]
    assert {fact.body.wallet for fact in got.facts} == {"portfolio"}


@pytest.mark.parametrize(("part", "account"), [("um", UM), ("cm", CM)])
def test_an_empty_list_of_positions_is_not_believed_while_the_balance_shows_profit(part, account):
    got = venue(**{f"{part}/account": account | {"positions": []}}).gather("portfolio", history=False)
    assert [failure.message.partition(":")[0] for failure in got.failures] == ["portfolio.positions/1"]
    assert not [fact for fact in got.facts if isinstance(fact.body, PositionSnapshot)]


def test_transfers_with_spot_have_both_sides():
    rows = [
        {"asset": "USDT", "amount": "600", "type": kind, "status": "CONFIRMED", "tranId": n, "timestamp": 1}
        for n, kind in enumerate(("MAIN_PORTFOLIO_MARGIN", "PORTFOLIO_MARGIN_MAIN"))
    ]
    body = json.dumps({"total": 2, "rows": rows}).encode()
    told = [(one.body.wallet, one.body.amount.number) for one in stated("wallet.transfers/1", body).facts]
    assert told == [("spot", -600), ("portfolio", 600), ("portfolio", -600), ("spot", 600)]


def test_interest_that_the_venue_has_put_into_its_archive_is_read_too():
    old, new = (to_milliseconds(NOW - timedelta(days=days)) for days in (250, 10))

    def charges(params):
        at = old if params.get("archived") == "true" else new
        mine = int(params["startTime"]) <= at <= int(params["endTime"])
        row = {"txId": at, "interestAccuredTime": at, "asset": "USDT", "interest": "0.5", "type": "PERIODIC"}
        return {"rows": [row] if mine else [], "total": int(mine)}

    one = venue(**{"margin/marginInterestHistory": charges})
    got = one.gather("portfolio", context=KNOWN, since=NOW - timedelta(days=300))
    assert not got.failures
    charged = [fact for fact in got.facts if isinstance(fact.body, CashFlow)]
    assert [to_milliseconds(fact.occurred_at) for fact in charged] == [old, new]
    later = venue(**{"margin/marginInterestHistory": charges})
    later.gather("portfolio", context=KNOWN, since=NOW - timedelta(days=300), cursors=got.cursors)
    assert not [params for _, _, params in later.asked if "archived" in params]


def test_a_key_tells_whether_its_account_is_in_portfolio_margin():
    routes = {
        "/api/v3/time": {"serverTime": int(NOW.timestamp() * 1000)},
        "/api/v3/account": {"balances": [], "uid": 7},
        "/sapi/v1/account/apiRestrictions": {"enableReading": True, "enableWithdrawals": False},
    }
    portfolio = {f"{BASE}/account": EQUITY}
    classic = {f"{BASE}/account": Refused(-21001), "/fapi/v2/account": {}, "/dapi/v1/account": {}}
    classic["/sapi/v1/margin/account"] = {}

    async def check(one):
        async with httpx.AsyncClient(transport=httpx.MockTransport(one.respond)) as client:
            network = Network([client], clock=VirtualClock(NOW), seed=1)

            async def forget(payload):
                del payload

            api = network.transport(connector("binance"), forget, base_url="http://venue.test")
            return (await connector("binance").check_key(api, KEY)).account_types

    assert asyncio.run(check(Venue(routes | portfolio))) == ("spot", "portfolio")
    assert asyncio.run(check(Venue(routes | classic))) == ("spot", "usdm", "coinm", "margin")
    # So the venue answers a good key where no futures account was opened.
    without = classic | {"/fapi/v2/account": Refused(-2015)}
    assert asyncio.run(check(Venue(routes | without))) == ("spot", "margin")


# -- isolated margin --------------------------------------------------------------------------------


def test_isolated_pairs_are_one_wallet_less_what_each_owes(read):
    assert totals(read("isolated.account/1", "isolated-account")) == (
        "isolated",
        {
            BTC: (Decimal("0.24999"), Decimal("0.05")),
            ETH: (Decimal(1), Decimal(0)),
            USDT: (Decimal("1900.25"), Decimal(0)),
        },
    )


def test_what_moves_from_pair_to_pair_stays_in_the_wallet(read):
    parsed = read("isolated.transfers/1", "isolated-transfers")
    assert [(fact.body.wallet, fact.body.amount) for fact in parsed.facts] == [
        ("isolated", Amount(Decimal("0.1"), BTC)),
        ("spot", Amount(Decimal("-0.1"), BTC)),
        ("isolated", Amount(Decimal("-12.5"), USDT)),
        ("margin", Amount(Decimal("12.5"), USDT)),
    ]
    assert parsed.facts[0].occurred_at == datetime(2026, 1, 1, tzinfo=UTC)  # told in seconds


def test_of_a_transfer_with_a_place_that_tells_its_own_side_only_the_pairs_is_stated():
    def told(place):
        row = {"type": "ROLL_IN", "transFrom": place, "transTo": "ISOLATED_MARGIN", "status": "CONFIRMED"}
        row |= {"asset": "USDT", "amount": "7", "txId": 1, "timestamp": 1767225600}
        facts = stated("isolated.transfers/1", json.dumps({"rows": [row], "total": 1}).encode()).facts
        return [(one.body.wallet, one.body.amount.number, one.body.counterpart) for one in facts]

    assert told("FUTURES") == [("isolated", 7, "usdm")]
    assert told("DELIVERY") == [("isolated", 7, "coinm")]
    assert told("OPTION") == [("isolated", 7, "options")]
    assert told("FIAT") == [("isolated", 7, "fiat")]
    assert told("MOTHER_SPOT") == []  # the histories of sub-accounts tell it
    with pytest.raises(MalformedPayloadError, match="which is not known"):
        told("ELSEWHERE")


def test_each_isolated_pair_has_its_fills_interest_and_transfers():
    at = int((NOW - timedelta(days=2)).timestamp() * 1000)
    fill = {"symbol": "BTCUSDT", "id": 34, "orderId": 11, "price": "87000", "qty": "0.5", "time": at}
    fill |= {"commission": "0", "commissionAsset": "BTC", "isBuyer": True, "isMaker": False}

    def trades(params):
        assert params["isIsolated"] == "TRUE"
        wanted = params["symbol"] == "BTCUSDT" and int(params["fromId"]) <= 34
        return [fill] if wanted else []

    def interest(params):
        charged = {
            "txId": 1,
            "interestAccuredTime": at,
            "asset": "BTC",
            "interest": "0.001",
            "type": "PERIODIC",
        }
        mine = params["isolatedSymbol"] == "BTCUSDT" and int(params["startTime"]) <= at <= int(
            params["endTime"]
        )
        return {"rows": [charged] if mine else [], "total": int(mine)}

    routes = {
        "/sapi/v1/margin/isolated/account": json.loads(body_of("isolated-account")),
        "/sapi/v1/margin/myTrades": trades,
        "/sapi/v1/margin/allOrders": [{"orderId": 11, "clientOrderId": "mm1-1"}],
        "/sapi/v1/margin/interestHistory": interest,
        "/sapi/v1/margin/transfer": NOTHING,
    }
    got = Venue(routes).gather("isolated", context=KNOWN, since=NOW - timedelta(days=5))
    assert not got.failures
    bodies = [fact.body for fact in got.facts if not isinstance(fact.body, BalanceSnapshot)]
    assert [type(body) for body in bodies] == [CashFlow, Trade]
    assert {body.wallet for body in bodies} == {"isolated"}
    assert bodies[1].tag == "mm1"
    assert not any(isinstance(body, Transfer) for body in bodies)


def test_no_isolated_pair_is_believed_only_where_the_overview_says_so():
    overview = [{"activate": True, "balance": "0.1", "walletName": "Isolated Margin"}]
    routes = {"/sapi/v1/margin/isolated/account": {"assets": []}, "/sapi/v1/asset/wallet/balance": overview}
    assert len(Venue(routes).gather("isolated", history=False).failures) == 1
