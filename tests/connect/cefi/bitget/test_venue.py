"""Keys, refusals, pages and empty lists of the venue."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta

import httpx
import pytest

from truenav.connect.cefi.bitget.errors import refusal
from truenav.connect.contract import Right, StreamingConnector, refuse_unsafe_key
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyMayTradeError,
    KeyMayWithdrawError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueStoppedError,
    VenueUnavailableError,
)
from truenav.connect.registry import connector
from truenav.core.facts import BalanceSnapshot, PositionSnapshot

from .conftest import EMPTY, KEY, T0, Venue, body, market

MANIFEST = connector("bitget").manifest
ALL = (*MANIFEST.wallets, *MANIFEST.more_wallets)


def alone(path, change):
    """Changes the answers of one path only."""
    return lambda asked, params, data: change(params, data) if asked == path else data


def gathered(line, venue, *wallets, **more):
    async def run():
        async with line(venue) as one:
            return await one.gather(*wallets, **more)

    return asyncio.run(run())


def ids(found, prefix):
    return {fact.external_id for fact in found.facts if fact.external_id.startswith(prefix)}


def checked(line, rights=("coor", "stor"), venue=None):
    def change(params, data):
        return {**data, "authorities": list(rights)}

    async def run():
        asked = venue or Venue(change=alone("spot/account/info", change))
        async with line(asked) as one:
            return await connector("bitget").check_key(one.transport(), KEY), asked

    return asyncio.run(run())


def test_a_key_tells_whose_it_is_and_what_it_may(line):
    found, venue = checked(line)
    assert (found.read, found.trade, found.withdraw) == (Right.YES, Right.NO, Right.NO)
    assert (found.identity, found.account_types) == ("7600000001", ("classic",))
    assert [path for path, _ in venue.asked] == ["public/time", "spot/account/info"]


@pytest.mark.parametrize(
    ("rights", "error"),
    [(("coor", "stow"), KeyMayTradeError), (("coor", "wwow"), KeyMayWithdrawError)],
)
def test_keys_that_may_do_more_are_refused(line, rights, error):
    with pytest.raises(error):
        refuse_unsafe_key(checked(line, rights)[0])


@pytest.mark.parametrize("rights", [(), ("coor", "neww")])
def test_rights_that_cannot_be_read_are_unverified(line, rights):
    assert checked(line, rights)[0].trade is Right.UNVERIFIED


def test_a_request_is_signed_over_its_time_path_and_query(line):
    seen = []

    async def run():
        venue = Venue()
        answer = venue.answer
        venue.answer = lambda request: seen.append(request) or answer(request)
        async with line(venue) as one:
            await one.gather("usdtm", history=False)

    asyncio.run(run())
    for request in seen:
        text = request.headers["ACCESS-TIMESTAMP"] + "GET" + request.url.raw_path.decode()
        digest = hmac.new(KEY.secret.encode(), text.encode(), hashlib.sha256).digest()
        assert request.headers["ACCESS-SIGN"] == base64.b64encode(digest).decode()
        assert request.headers["ACCESS-PASSPHRASE"] == KEY.passphrase


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("40008", ClockSkewError),
        ("40006", KeyRevokedError),
        ("40012", KeyRevokedError),
        ("40018", KeyRevokedError),
        ("40014", KeyForbiddenError),
        ("40085", KeyForbiddenError),
        ("429", RateLimitedError),
        ("40200", VenueUnavailableError),
        ("40034", VenueError),
        ("40705", VenueError),
        ("49999", VenueError),
    ],
)
def test_codes_become_refusals(code, error):
    said = json.dumps({"code": code, "msg": "why", "requestTime": 1, "data": None}).encode()
    assert type(refusal(400, said)) is error


def test_a_unified_account_is_refused_by_name(line):
    said = {"code": "40085", "msg": "You are in Unified Account mode", "requestTime": 1, "data": None}
    venue = Venue(change=alone("spot/account/info", lambda params, data: httpx.Response(400, json=said)))
    with pytest.raises(KeyForbiddenError, match="unified trading account"):
        checked(line, venue=venue)


def test_answers_that_are_none():
    assert refusal(200, b'{"code":"00000","msg":"success","data":[]}') is None
    assert isinstance(refusal(403, b"<html>denied</html>"), VenueStoppedError)
    assert isinstance(refusal(200, b'{"code":"000'), MalformedPayloadError)


# -- market ---------------------------------------------------------------------------------------


def test_the_market_is_gathered_and_its_streams_follow_it(line):
    async def run():
        async with line(Venue()) as one:
            return await connector("bitget").gather_market(one.transport(), EMPTY)

    found = asyncio.run(run())
    assert found.failures == ()
    assert {one.id for one in found.instruments} == set(market().instruments.instruments)
    source = connector("bitget")
    assert isinstance(source, StreamingConnector)
    (plan,) = source.market_streams(market())
    (hello,) = plan.hello
    topics = {(one["instType"], one["instId"]) for one in json.loads(hello)["args"]}
    assert {("SPOT", "BTCUSDT"), ("USDT-FUTURES", "BTCUSDT"), ("USDC-FUTURES", "BTCPERP")} < topics
    assert ("COIN-FUTURES", "BTCUSD") in topics
    assert (plan.ping, plan.pong) == ("ping", "pong")


def test_markets_without_a_price_are_not_believed(line):
    venue = Venue(change=alone("mix/market/tickers", lambda params, data: []))

    async def run():
        async with line(venue) as one:
            return await connector("bitget").gather_market(one.transport(), EMPTY)

    assert ["contracts" in failure.message for failure in asyncio.run(run()).failures] == [True]


# -- histories ------------------------------------------------------------------------------------


def test_an_account_is_read_whole_however_small_its_pages(line):
    whole = gathered(line, Venue(), *ALL)
    assert whole.failures == ()
    small = gathered(line, Venue(page=2), *ALL)
    assert small.failures == ()
    histories = {fact.external_id: fact.body for fact in whole.facts if "@" not in fact.external_id}
    assert {f.external_id: f.body for f in small.facts if "@" not in f.external_id} == histories
    assert len(ids(whole, "usdtm:fill")) == 9
    assert ids(whole, "cross:fill") == {"cross:fill:1701", "cross:fill:1801"}


def test_the_next_sync_repeats_the_last_row_and_states_the_same(line):
    first = gathered(line, Venue(), "spot", "usdtm")
    venue = Venue()
    again = gathered(line, venue, "spot", "usdtm", cursors=first.cursors)
    assert again.failures == ()
    assert "usdtm:fill:1500000000000000009" in ids(again, "usdtm:fill")
    assert ids(again, "usdtm:fill") <= ids(first, "usdtm:fill")
    # A deposit under way holds its cursor, so that it and all after it come again.
    assert first.cursors["deposits/1"].id == "1300000000000000003"


def test_a_row_of_the_last_sync_that_is_gone_stops_its_history_alone(line):
    first = gathered(line, Venue(), "usdtm")

    def without_last(params, data):
        return {"fillList": data["fillList"][1:]}

    venue = Venue(change=alone("mix/order/fill-history", without_last))
    again = gathered(line, venue, "usdtm", cursors=first.cursors)
    assert ["usdtm.fills/1" in failure.message for failure in again.failures] == [True]
    assert "usdtm.fills/1" not in again.cursors
    assert "usdtm.bills/1" in again.cursors


@pytest.mark.parametrize("kept", [0, 1])
def test_a_page_that_is_falsely_empty_or_cut_short_is_noticed(line, kept):
    def broken(params, data):
        ends_here = params.get("idLessThan", "").endswith("8")
        return {"fillList": data["fillList"][:kept] if ends_here else data["fillList"]}

    def nothing_older(params, data):
        found = broken(params, data)
        return {"fillList": []} if params.get("idLessThan", "").endswith("7") else found

    venue = Venue(page=2, change=alone("mix/order/fill-history", nothing_older))
    found = gathered(line, venue, "usdtm")
    assert ["usdtm.fills/1" in failure.message for failure in found.failures] == [True]
    assert not ids(found, "usdtm:fill")


def test_windows_fit_what_the_venue_allows(line):
    venue = Venue()
    gathered(line, venue, *ALL, since=T0 - timedelta(days=200))
    longest = {}
    for path, params in venue.asked:
        if "startTime" in params:
            length = int(params["endTime"]) - int(params["startTime"])
            longest[path] = max(longest.get(path, 0), length)
    day = 86_400_000
    assert longest["mix/order/fill-history"] <= 7 * day
    assert longest["mix/account/bill"] <= 30 * day
    assert longest["tax/p2p-record"] <= 30 * day
    assert max(longest.values()) <= 90 * day


def test_a_past_that_the_venue_forgot_is_told_once(line):
    first = gathered(line, Venue(), "spot", since=T0 - timedelta(days=200))
    assert any("ninety days" in problem.message for problem in first.problems)
    again = gathered(line, Venue(), "spot", since=T0 - timedelta(days=200), cursors=first.cursors)
    assert not any("ninety days" in problem.message for problem in again.problems)


def test_fills_of_margin_are_asked_for_the_pairs_that_were_traded_and_hold_the_ledger(line):
    venue = Venue()
    gathered(line, venue, "cross")
    asked = {params["symbol"] for path, params in venue.asked if path == "margin/crossed/fills"}
    assert asked == {"ETHUSDT"}
    busy = {"code": "40725", "msg": "service return an error", "requestTime": 1, "data": None}
    down = alone("margin/crossed/fills", lambda params, data: httpx.Response(400, json=busy))
    found = gathered(line, Venue(change=down), "cross")
    assert ["cross.fills/1?ETHUSDT" in failure.message for failure in found.failures] == [True]
    assert "cross.ledger/1" not in found.cursors
    assert "cross.interest/1" in found.cursors


@pytest.mark.parametrize("coin", ["ETH", "NOTOURS"])
def test_trades_of_margin_whose_fills_do_not_come_are_told_and_hold_the_ledger(line, coin):
    def change(path, params, data):
        if path == "margin/crossed/financial-records":
            return {
                "resultList": [
                    {**row, "coin": row["coin"].replace("ETH", coin)} for row in data["resultList"]
                ]
            }
        return {"fills": []} if path == "margin/crossed/fills" else data

    found = gathered(line, Venue(change=change), "cross")
    (told,) = (problem for problem in found.problems if problem.lost)
    assert coin in told.message
    assert "cross.ledger/1" not in found.cursors
    again = gathered(line, Venue(), "cross", cursors=found.cursors)
    assert ids(again, "cross:fill") == {"cross:fill:1701", "cross:fill:1801"}
    assert "cross.ledger/1" in again.cursors


def test_a_fill_of_margin_that_comes_late_is_waited_for(line):
    """The records tell a trade of the same pair ten seconds after the one whose fill is there."""

    def change(path, params, data):
        if path == "margin/crossed/financial-records" and data["resultList"]:
            later = {"marginType": "deal_out", "marginId": "1700000000000000009", "cTime": "1767225650000"}
            rows = [{**data["resultList"][0], **later, "coin": "ETH"}, *data["resultList"]]
            return {"resultList": [row for row in rows if row["marginId"] < params.get("idLessThan", "2")]}
        return data

    def early(path, params, data):
        found = change(path, params, data)
        if path != "margin/crossed/fills":
            return found
        return {"fills": [row for row in found["fills"] if row["tradeId"] != "1801"]}

    first = gathered(line, Venue(change=early), "cross")
    assert ids(first, "cross:fill") == {"cross:fill:1701"}
    assert (first.failures, "cross.ledger/1" in first.cursors) == ((), False)
    again = gathered(line, Venue(change=change), "cross", cursors=first.cursors)
    assert ids(again, "cross:fill") == {"cross:fill:1701", "cross:fill:1801"}
    assert again.cursors["cross.ledger/1"].id == "1700000000000000008"


@pytest.mark.parametrize("status", ["pending_review", "Pending", "of-tomorrow"])
def test_a_withdrawal_that_may_still_change_holds_its_cursor(line, status):
    def change(params, data):
        return [{**row, "status": status} for row in data]

    found = gathered(line, Venue(change=alone("spot/wallet/withdrawal-records", change)), "spot")
    number = min(row["orderId"] for row in json.loads(body("withdrawals"))["data"])
    assert found.cursors["withdrawals/1"].id == number


def test_pages_turn_by_what_the_venue_calls_their_end(line):
    """Its documentation asks for ``endId`` of the page before, which need not be the number of a row."""

    def change(params, data):
        rows = json.loads(body("usdtm-fills"))["data"]["fillList"]
        within = [
            row for row in rows if int(params["startTime"]) < int(row["cTime"]) < int(params["endTime"])
        ]
        first = int(params.get("idLessThan", "0"))
        return {"fillList": within[first : first + 2], "endId": str(first + 2)}

    found = gathered(line, Venue(change=alone("mix/order/fill-history", change)), "usdtm")
    assert found.failures == ()
    assert len(ids(found, "usdtm:fill")) == 9


def test_only_the_wallets_of_the_account_are_asked_for(line):
    venue = Venue()
    gathered(line, venue, "earn", history=False)
    assert [path for path, _ in venue.asked] == ["earn/account/assets"]


# -- empty lists ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wallet", "path", "kind"),
    [
        ("spot", "spot/account/assets", "spot"),
        ("funding", "account/funding-assets", "funding"),
        ("earn", "earn/account/assets", "earn"),
        ("usdtm", "mix/account/accounts", "futures"),
        ("cross", "margin/crossed/account/assets", "margin"),
    ],
)
@pytest.mark.parametrize("worth", ["0", "250.5"])
def test_an_empty_list_counts_only_where_the_overview_says_the_same(line, wallet, path, kind, worth):
    def change(asked, params, data):
        if asked == path or (kind == "margin" and asked.startswith("margin/")):
            return []
        if asked == "mix/position/all-position":
            return []
        return (
            [{"accountType": kind, "usdtBalance": worth}] if asked == "account/all-account-balance" else data
        )

    found = gathered(line, Venue(change=change), wallet, history=False)
    empty = [fact for fact in found.facts if isinstance(fact.body, BalanceSnapshot)]
    assert len(empty) == (worth == "0")
    assert len(found.failures) == (worth != "0")


def test_an_empty_product_counts_where_another_explains_the_worth(line):
    def change(asked, params, data):
        return [] if asked == "mix/account/accounts" and params["productType"] == "USDC-FUTURES" else data

    found = gathered(line, Venue(change=change), "usdcm", history=False)
    assert found.failures == ()
    assert [fact.body.lines for fact in found.facts if isinstance(fact.body, BalanceSnapshot)] == [()]


def test_positions_that_the_account_speaks_of_may_not_be_missing(line):
    venue = Venue(change=alone("mix/position/all-position", lambda params, data: []))
    found = gathered(line, venue, "usdtm", history=False)
    assert ["open positions in USDT" in failure.message for failure in found.failures] == [True]
    assert not any(isinstance(fact.body, PositionSnapshot) for fact in found.facts)


def test_leverage_tiers_of_held_contracts_are_asked_for_once_a_day(line):
    def tiers(venue):
        return sorted(params["symbol"] for path, params in venue.asked if path.endswith("position-lever"))

    first = gathered(line, venue := Venue(), "usdtm", "coinm")
    assert tiers(venue) == ["BTCUSD", "BTCUSDT", "BTCUSD_260327", "ETHUSDT"]
    cursors = {name: one for name, one in first.cursors.items() if "ETHUSDT" not in name}
    gathered(line, venue := Venue(), "usdtm", "coinm", cursors=cursors)
    assert tiers(venue) == ["ETHUSDT"]
