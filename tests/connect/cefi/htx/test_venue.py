"""Keys, refusals, pages and empty lists of the venue."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest

from truenav.connect.cefi.htx.errors import refusal
from truenav.connect.contract import Cursor, Right, refuse_unsafe_key
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
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

from .conftest import EMPTY, KEY, NOW, T0, Venue, market, stated

MANIFEST = connector("htx").manifest
ALL = (*MANIFEST.wallets, *MANIFEST.more_wallets)


def alone(path, change):
    """Changes the rows of one path only."""
    return lambda asked, params, data: change(params, data) if asked == path else data


def gathered(line, venue, *wallets, **more):
    async def run():
        async with line(venue) as one:
            return await one.gather(*wallets, **more)

    return asyncio.run(run())


def ids(found, prefix):
    return {fact.external_id for fact in found.facts if fact.external_id.startswith(prefix)}


def checked(line, venue=None):
    async def run():
        async with line(venue or Venue()) as one:
            return await connector("htx").check_key(one.transport(), KEY), one

    return asyncio.run(run())


def test_a_key_tells_whose_it_is_and_what_it_may_and_leaves_no_trace(line):
    found, one = checked(line)
    assert (found.read, found.trade, found.withdraw) == (Right.YES, Right.NO, Right.NO)
    assert (found.identity, found.account_types[0]) == ("63628520", "margin")
    assert not any(KEY.key.encode() in payload.body for payload in one.archived)
    assert not any(KEY.key in str(payload.evidence) for payload in one.archived)


def test_keys_that_may_withdraw_are_refused_and_unlisted_ones_are_unverified(line):
    def may(permission):
        row = {"accessKey": KEY.key, "permission": permission}
        return Venue(change=alone("/v2/user/api-key", lambda params, data: [row]))

    with pytest.raises(KeyMayWithdrawError):
        refuse_unsafe_key(checked(line, may("readOnly,withdraw"))[0])
    unlisted = Venue(change=alone("/v2/user/api-key", lambda params, data: data[:1]))
    assert checked(line, unlisted)[0].withdraw is Right.UNVERIFIED
    no = httpx.Response(200, json={"code": 1002, "message": "forbidden"})
    of_a_sub_account = Venue(change=alone("/v2/user/api-key", lambda params, data: no))
    found, _ = checked(line, of_a_sub_account)
    assert (found.identity, found.trade, found.withdraw) == ("63628520", Right.UNVERIFIED, Right.UNVERIFIED)


@pytest.mark.parametrize(("wallet", "host"), [("spot", "api.huobi.pro"), ("coinswap", "api.hbdm.com")])
def test_requests_are_signed_over_method_host_path_and_query(line, wallet, host):
    venue = Venue()
    gathered(line, venue, wallet, history=False)
    request = venue.requests[-1]
    query = dict(parse_qsl(request.url.query.decode()))
    signature = query.pop("Signature")
    assert query["AccessKeyId"] == KEY.key
    text = "\n".join((request.method, host, request.url.path, urlencode(sorted(query.items()))))
    digest = hmac.new(KEY.secret.encode(), text.encode(), hashlib.sha256).digest()
    assert (request.url.host, signature) == (host, base64.b64encode(digest).decode())


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (
            {"status": "error", "err-code": "api-signature-not-valid", "err-msg": "Invalid timestamp"},
            ClockSkewError,
        ),
        (
            {"status": "error", "err-code": "api-signature-not-valid", "err-msg": "Incorrect key"},
            KeyRevokedError,
        ),
        ({"status": "error", "err_code": 403, "err_msg": "Incorrect Access key"}, KeyRevokedError),
        ({"code": 1003, "message": "invalid signature"}, KeyRevokedError),
        (
            {
                "status": "error",
                "err-code": "api-signature-not-valid",
                "err-msg": "API key has no permission",
            },
            KeyForbiddenError,
        ),
        ({"status": "error", "err_code": 1220, "err_msg": "not open"}, KeyForbiddenError),
        ({"status": "error", "err_code": 1032, "err_msg": "too many"}, RateLimitedError),
        ({"status": "error", "err-code": "system-maintenance", "err-msg": "x"}, VenueUnavailableError),
        ({"status": "error", "err_code": 1013, "err_msg": "no such contract"}, VenueError),
        ({"code": 2002, "message": "invalid field"}, VenueError),
    ],
)
def test_codes_become_refusals(said, error):
    assert type(refusal(200, json.dumps(said).encode())) is error


def test_answers_that_are_none():
    assert refusal(200, b'{"status":"ok","data":[]}') is None
    assert refusal(200, b'{"code":200,"msg":"","data":[]}') is None
    assert isinstance(refusal(403, b"<html>denied</html>"), VenueStoppedError)
    assert isinstance(refusal(200, b'{"status":"o'), MalformedPayloadError)


def test_the_market_is_gathered_with_a_mark_for_each_contract(line):
    venue = Venue()

    async def run():
        async with line(venue) as one:
            return await connector("htx").gather_market(one.transport(), EMPTY)

    found = asyncio.run(run())
    assert found.failures == ()
    assert {one.id for one in found.instruments} == set(market().instruments.instruments)
    marked = {
        params.get("contract_code") or params["symbol"]
        for path, params in venue.asked
        if "mark_price" in path
    }
    assert marked == {"BTC-USDT", "BTC-USDT-260327", "ETH-USDT", "BTC-USD", "BTC260327"}


# -- histories ------------------------------------------------------------------------------------


@pytest.mark.parametrize("inclusive", [False, True])
def test_an_account_is_read_whole_however_its_pages_are_turned(line, inclusive):
    whole = gathered(line, Venue(), *ALL)
    assert whole.failures == ()
    small = gathered(line, Venue(page=2, inclusive=inclusive), *ALL)
    assert small.failures == ()
    histories = {fact.external_id: fact.body for fact in whole.facts if "@" not in fact.external_id}
    assert {f.external_id: f.body for f in small.facts if "@" not in f.external_id} == histories
    assert len(ids(whole, "fill:")) == 5
    assert len(ids(whole, "coinswap:fill:")) == 2
    assert len(ids(whole, "coinfutures:record:")) == 2
    assert {fact.body.wallet for fact in whole.facts if isinstance(fact.body, BalanceSnapshot)} == set(ALL)


def test_the_next_sync_repeats_the_last_row_and_a_deposit_under_way_holds_its_cursor(line):
    first = gathered(line, Venue(), "spot", "usdtm")
    assert first.cursors["deposits/1"].id == "75115914"
    again = gathered(line, Venue(), "spot", "usdtm", cursors=first.cursors)
    assert again.failures == ()
    for kind, last in (("usdtm:record:", "2194774711"), ("fill:", "313288753120905")):
        assert kind + last in ids(again, kind)
        assert ids(again, kind) <= ids(first, kind)


def deposits(states, broken=False):
    """Sixty deposits, and what each of some is at; ``broken``: the venue refuses the second page."""
    busy = {"status": "error", "err-code": "system-maintenance", "err-msg": "x"}

    row = {"currency": "usdt", "amount": 1, "tx-hash": "c"}
    start = int(T0.timestamp()) * 1000

    def change(params, data):
        if params["type"] == "withdraw":
            return data
        if broken and "from" in params:
            return httpx.Response(200, json=busy)
        numbers = range(int(params.get("from", 61)) - 1, 0, -1)[:50]
        return [{**row, "id": n, "created-at": start + n, "state": states.get(n, "safe")} for n in numbers]

    return Venue(change=alone("/v1/query/deposit-withdraw", change))


@pytest.mark.parametrize("state", ["confirming", "under-a-review-of-tomorrow"])
def test_a_deposit_under_way_is_not_passed_by_a_reading_that_was_broken_off(line, state):
    under_way = {55: state}
    first = gathered(line, deposits(under_way, broken=True), "spot")
    assert first.failures
    assert "deposits/1" not in first.cursors
    second = gathered(line, deposits(under_way), "spot", cursors=first.cursors)
    assert second.cursors["deposits/1"].id == "55"
    assert len(ids(first, "deposit:") | ids(second, "deposit:")) == 59
    third = gathered(line, deposits({}), "spot", cursors={**first.cursors, **second.cursors})
    assert third.failures == ()
    assert ids(third, "deposit:") >= {f"deposit:{n}" for n in range(55, 61)}
    assert third.cursors["deposits/1"].id == "60"


def test_a_fill_whose_fee_is_still_being_deducted_waits_for_it(line):
    def change(state):
        def changed(params, data):
            told = {"fee-deduct-state": state, "filled-points": "2.5" if state == "done" else "0"}
            of = {"filled-fees": "0", "fee-deduct-currency": "ht"}
            return [{**row, **told, **of} if row["id"] == 313288753120903 else row for row in data]

        return Venue(change=alone("/v1/order/matchresults", changed))

    first = gathered(line, change("ongoing"), "spot")
    assert len(ids(first, "fill:")) == 4
    assert first.cursors["spot.fills/1"].id == "313288753120903"
    again = gathered(line, change("done"), "spot", cursors=first.cursors)
    fees = {fact.external_id: fact.body.fees for fact in again.facts if fact.external_id.startswith("fill:")}
    assert [str(fee.number) for fee in fees["fill:313288753120903"]] == ["-2.5"]
    old = {"symbol": "btcusdt", "fee-deduct-state": "ongoing", "created-at": 1, "type": "buy-limit"}
    row = {**old, "id": 1, "order-id": 1, "source": "api", "price": "1", "filled-amount": "1"}
    said = json.dumps({"status": "ok", "data": [row]}).encode()
    assert len(stated("spot.fills/1", said, market()).facts) == 1  # nobody waits for years


def test_a_row_of_the_last_sync_that_is_gone_stops_its_history_alone(line):
    first = gathered(line, Venue(), "usdtm", "spot")
    venue = Venue(change=alone("/v5/account/bills", lambda params, data: data[1:]))
    again = gathered(line, venue, "usdtm", "spot", cursors=first.cursors)
    assert ["usdtm.bills/1" in failure.message for failure in again.failures] == [True]
    assert "usdtm.bills/1" not in again.cursors
    assert "spot.fills/1" in again.cursors


def test_a_page_that_is_falsely_empty_is_noticed(line):
    def broken(params, data):
        return [] if "from" in params else data

    venue = Venue(page=2, change=alone("/v1/order/matchresults", broken))

    def older_is_hidden(asked, params, data):
        found = venue_change(asked, params, data)
        early = asked == "/v1/order/matchresults" and "from" not in params and len(data) == 2
        return found[:0] if early and int(params["end-time"]) < 1767225700000 else found

    venue_change = venue.change
    venue.change = older_is_hidden
    found = gathered(line, venue, "spot")
    assert ["spot.fills/1" in failure.message for failure in found.failures] == [True]
    assert not ids(found, "fill:")


def test_windows_fit_what_the_venue_allows(line):
    venue = Venue()
    gathered(line, venue, "spot", "usdtm", since=T0 - timedelta(days=12))
    day = 86_400_000
    for path, params in venue.asked:
        begin = params.get("start-time") or params.get("start_time") or params.get("startTime")
        end = params.get("end-time") or params.get("end_time") or params.get("endTime")
        if begin and end:
            assert int(end) - int(begin) <= (10 if path.startswith("/v2") else 2) * day, path


def bill(number, at):
    """Changes the ledger: it has the fee of one more trade, before all others."""
    stamp = int(at.timestamp() * 1000)
    row = {"id": str(number), "type": "5", "currency": "USDT", "amount": "-1", "contract_code": "BTC-USDT"}

    def change(params, data):
        within = int(params["start_time"]) < stamp < int(params["end_time"])
        return [*data, {**row, "created_time": str(stamp)}] if within and not data else data

    return alone("/v5/account/bills", change)


def forgotten(found):
    return [problem.subject for problem in found.problems if "three days only" in problem.message]


def test_trades_that_the_venue_forgot_are_told_and_their_cash_is_read(line):
    before = NOW - timedelta(days=5)
    found = gathered(line, Venue(change=bill(7, before)), "usdtm", since=T0 - timedelta(days=10))
    assert forgotten(found) == ["a BTC-USDT"]
    assert len(ids(found, "usdtm:record:")) == 12


def test_nothing_is_forgotten_of_a_contract_that_was_idle_between_two_syncs(line):
    before = NOW - timedelta(days=5)
    cursors = {"usdtm.bills/1": Cursor("7", before), "usdtm.fills/1?BTC-USDT": Cursor("1", before)}
    found = gathered(line, Venue(change=bill(7, before)), "usdtm", cursors=cursors)
    assert (found.failures, forgotten(found)) == ((), [])
    assert len(ids(found, "usdtm:fill:")) == 2


def test_a_past_that_the_venue_does_not_tell_is_told_at_the_first_sync(line):
    since = T0 - timedelta(days=200)
    first = gathered(line, Venue(), "spot", "otc", since=since)
    (told,) = (problem.message for problem in first.problems if "what lies before" in problem.message)
    assert "fills of pairs of 119 days, transfers of 179 days only" in told
    again = gathered(line, Venue(), "otc", since=since, cursors=first.cursors)
    assert not any("what lies before" in problem.message for problem in again.problems)


def test_fills_are_asked_for_what_was_traded_and_hold_the_ledger(line):
    busy = {"status": "error", "err_code": 1000, "err_msg": "System busy"}
    down = alone("/v5/trade/order/details", lambda params, data: httpx.Response(200, json=busy))
    venue = Venue(change=down)
    found = gathered(line, venue, "usdtm")
    assert {p["contract_code"] for path, p in venue.asked if path == "/v5/trade/order/details"} == {
        "BTC-USDT"
    }
    assert ["usdtm.fills/1?BTC-USDT" in failure.message for failure in found.failures] == [True]
    assert "usdtm.bills/1" not in found.cursors


def test_fills_that_do_not_come_or_of_an_unknown_contract_hold_the_ledger_too(line):
    empty = gathered(line, Venue(change=alone("/v5/trade/order/details", lambda params, data: [])), "usdtm")
    assert ["no fill of it came" in failure.message for failure in empty.failures] == [True]
    assert "usdtm.bills/1" not in empty.cursors

    def renamed(path, params, data):
        if path == "/v5/trade/order/details":
            return [{**row, "contract_code": "OLD-USDT"} for row in data]
        return data

    unknown = gathered(line, Venue(change=renamed), "usdtm")
    assert any(problem.lost for problem in unknown.problems)
    assert "usdtm.bills/1" not in unknown.cursors


def test_a_fill_that_is_behind_the_records_is_waited_for(line):
    early = alone(
        "/v5/trade/order/details", lambda params, data: [row for row in data if row["side"] == "buy"]
    )
    first = gathered(line, Venue(change=early), "usdtm")
    assert len(ids(first, "usdtm:fill:")) == 1
    assert (first.failures, "usdtm.bills/1" in first.cursors) == ((), False)
    again = gathered(line, Venue(), "usdtm", cursors=first.cursors)
    assert len(ids(again, "usdtm:fill:")) == 2
    assert "usdtm.bills/1" in again.cursors


def test_accounts_of_contracts_that_hold_nothing_are_left_alone_after_the_first_sync(line):
    first = Venue()
    cursors = gathered(line, first, "coinswap").cursors
    again = Venue()
    gathered(line, again, "coinswap", cursors=cursors)
    path = "/swap-api/v3/swap_financial_record_exact"
    assert {p["contract"] for asked, p in again.asked if asked == path} == {"BTC-USD"}


# -- empty lists ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wallet", "path", "nothing"),
    [
        ("spot", "/v1/account/accounts/10000001/balance", {"list": []}),
        ("cross", "/v1/cross-margin/accounts/balance", {"list": []}),
        ("isolated", "/v1/margin/accounts/balance", []),
        ("coinswap", "/swap-api/v1/swap_account_info", []),
        ("usdtm", "/v5/account/balance", None),
    ],
)
def test_an_empty_list_is_never_taken_for_nothing(line, wallet, path, nothing):
    found = gathered(line, Venue(change=alone(path, lambda params, data: nothing)), wallet, history=False)
    assert found.failures
    assert not any(isinstance(fact.body, BalanceSnapshot) for fact in found.facts)


@pytest.mark.parametrize(
    ("wallet", "path"),
    [("usdtm", "/v5/trade/position/opens"), ("coinswap", "/swap-api/v1/swap_position_info")],
)
def test_positions_that_the_account_speaks_of_may_not_be_missing(line, wallet, path):
    found = gathered(line, Venue(change=alone(path, lambda params, data: [])), wallet, history=False)
    assert ["shows open positions" in failure.message for failure in found.failures] == [True]
    assert not any(isinstance(fact.body, PositionSnapshot) for fact in found.facts)


@pytest.mark.parametrize("wallet", ["spot", "cross", "isolated"])
def test_nothing_is_taken_for_nothing_while_the_list_of_accounts_is_not_read(line, wallet):
    busy = {"status": "error", "err-code": "system-maintenance", "err-msg": "x"}
    empty = {"cross": {"list": []}, "isolated": []}

    def change(path, params, data):
        if path == "/v1/account/accounts":
            return httpx.Response(200, json=busy)
        return empty[wallet] if path.endswith("margin/accounts/balance") else data

    found = gathered(line, Venue(change=change), wallet, history=False)
    assert len(found.failures) == 2
    assert not any("take it out" in failure.message for failure in found.failures)
    assert not any(isinstance(fact.body, BalanceSnapshot) for fact in found.facts)


def test_a_wallet_without_an_account_is_told(line):
    venue = Venue(change=alone("/v1/account/accounts", lambda params, data: data[:1]))
    found = gathered(line, venue, "spot", "otc", history=False)
    assert ["wallet otc" in failure.message for failure in found.failures] == [True]


def test_leverage_tiers_of_held_perpetuals_are_asked_for_once_a_day(line):
    def tiers(venue):
        return [params["contract_code"] for path, params in venue.asked if path == "/v5/market/risk/limit"]

    first = gathered(line, venue := Venue(), "usdtm")
    assert tiers(venue) == ["BTC-USDT"]
    gathered(line, venue := Venue(), "usdtm", cursors=first.cursors)
    assert tiers(venue) == []
