"""Keys, refusals, empty lists, and the pages of histories."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from truenav.connect.cefi.kucoin.errors import refusal
from truenav.connect.contract import Cursor, Errand, Right, refuse_unsafe_key
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyMayTradeError,
    KeyMayWithdrawError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueUnavailableError,
)
from truenav.connect.registry import connector
from truenav.core.account import Account, AccountKind
from truenav.core.facts import BalanceSnapshot, CashFlow, PositionSnapshot, Trade
from truenav.core.ids import AccountId

from .conftest import KEY, NOW, T, known_markets, open_line
from .standin import DAY, START, Venue, fill, payload, session, traded

MANIFEST = connector("kucoin").manifest
WALLETS = (*MANIFEST.wallets, *MANIFEST.more_wallets)
RECENT = START + 18 * DAY
"""Within the three days before now that the ledgers of the trade account reach back."""


def gather(venue, wallets=WALLETS, cursors=None, since=T, history=False):
    async def run():
        async with open_line(venue) as line:
            account = Account(AccountId("a"), "a", "kucoin", AccountKind.EXCHANGE, wallets)
            return await connector("kucoin").gather_account(
                line.transport(),
                Errand(account, KEY, known_markets(), cursors or {}, since=since, history=history),
            )

    return asyncio.run(run())


def check(venue):
    async def run():
        async with open_line(venue) as line:
            return await connector("kucoin").check_key(line.transport(), KEY)

    return asyncio.run(run())


def balances(got):
    return {f.body.wallet: len(f.body.lines) for f in got.facts if isinstance(f.body, BalanceSnapshot)}


# -- keys and refusals ----------------------------------------------------------------------------


def test_a_key_tells_whose_it_is_and_that_it_only_reads():
    found = check(Venue())
    assert (found.identity, found.account_types, found.clock_offset) == ("157267400", ("classic",), T - NOW)
    assert (found.read, found.trade, found.withdraw) == (Right.YES, Right.NO, Right.NO)


def test_keys_that_may_do_more_are_refused():
    with pytest.raises(KeyMayTradeError):
        refuse_unsafe_key(check(Venue(permission="General,Spot")))
    with pytest.raises(KeyMayWithdrawError):
        refuse_unsafe_key(check(Venue(permission="General, Transfer")), read_only=False)
    unsure = check(Venue(permission=""))
    assert (unsure.trade, unsure.withdraw) == (Right.UNVERIFIED, Right.UNVERIFIED)


def test_a_unified_account_is_told_and_unread_never_empty():
    assert "unified" in check(Venue(mode="UNIFIED")).notes[0]
    got = gather(Venue(mode="UNIFIED"))
    assert ["unified" in failure.message for failure in got.failures] == [True]
    assert got.facts == ()
    unknown = Venue(refused={"/api/ua/v1/account/mode": "400007"})
    assert not gather(unknown).failures


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "400002", ClockSkewError),
        (401, "400003", KeyRevokedError),
        (401, "400004", KeyRevokedError),
        (400, "400006", KeyRevokedError),
        (403, "400007", KeyForbiddenError),
        (200, "429000", RateLimitedError),
        (200, "500000", VenueUnavailableError),
        (200, "900001", VenueError),
        (200, "400100", VenueError),
    ],
)
def test_codes_become_refusals(status, code, error):
    found = refusal(status, json.dumps({"code": code, "msg": "why"}).encode())
    assert type(found) is error


def test_an_answer_is_no_refusal_and_half_an_answer_is_malformed():
    assert refusal(200, b'{"code":"200000","data":[]}') is None
    assert isinstance(refusal(200, b'{"code":"200000"'), MalformedPayloadError)


# -- state ----------------------------------------------------------------------------------------


def test_all_wallets_are_read():
    got = gather(Venue())
    assert not got.failures
    assert balances(got) == {"main": 1, "trade": 2, "margin": 2, "isolated": 3, "futures": 2, "earn": 2}
    assert [len(f.body.lines) for f in got.facts if isinstance(f.body, PositionSnapshot)] == [4]


def test_an_empty_list_of_positions_is_not_believed_while_the_account_shows_some():
    got = gather(Venue(hidden={"/api/v1/positions"}))
    assert ["open positions" in failure.message for failure in got.failures] == [True]
    assert not any(isinstance(fact.body, PositionSnapshot) for fact in got.facts)


def test_a_list_of_accounts_that_was_empty_once_is_not_taken():
    venue = Venue()
    answer = venue._answer
    asked = []

    def flaky(path, *more):
        asked.append(path)
        return [] if path == "/api/v1/accounts" and asked.count(path) == 1 else answer(path, *more)

    venue._answer = flaky
    got = gather(venue, ("main", "trade"))
    assert ["empty and then was not" in failure.message for failure in got.failures] == [True]
    assert balances(got) == {}


# -- histories ------------------------------------------------------------------------------------


def trades(got):
    return sorted(int(f.external_id.split(":")[1]) for f in got.facts if isinstance(f.body, Trade))


def test_fills_are_asked_for_in_the_markets_that_the_ledger_names():
    fills = [fill(n, RECENT + n) for n in range(250)]
    venue = Venue(fills=fills, trade_ledger=[traded(n, RECENT + n) for n in range(450)])
    got = gather(venue, ("trade",), history=True)
    assert not got.failures
    assert trades(got) == list(range(250))
    assert {asked["symbol"] for path, asked in venue.asked if path == "/api/v1/hf/fills"} == {"BTC-USDT"}
    assert got.cursors["fills/1:trade:BTC-USDT"].id == "249"
    assert ["three days" in problem.message for problem in got.problems] == [True]


def test_the_next_sync_asks_for_the_same_markets_again_a_little_before_the_last_row():
    fills = [fill(n, RECENT + 30_000 * n) for n in range(5)]
    venue = Venue(fills=fills, trade_ledger=[traded(4, RECENT + 120_000)])
    first = gather(venue, ("trade",), history=True)
    venue.fills += [fill(7, RECENT + 115_000), fill(9, RECENT + 190_000)]
    venue.trade_ledger.append(traded(9, RECENT + 190_000))
    again = gather(venue, ("trade",), first.cursors, history=True)
    assert not again.failures
    assert set(trades(again)) == {2, 3, 4, 7, 9}
    assert again.problems == ()


@pytest.mark.parametrize("trouble", ["refused", "empty", "unknown"])
def test_a_ledger_names_a_market_until_its_fills_are_read(trouble):
    market = "OLD-USDT" if trouble == "unknown" else "BTC-USDT"
    path = "/api/v1/hf/fills"
    venue = Venue(fills=[fill(1, RECENT, market)], trade_ledger=[traded(1, RECENT, market)])
    venue.refused = {path: "400100"} if trouble == "refused" else {}
    venue.lost = lambda request, rows: [] if trouble == "empty" and request.url.path == path else rows
    first = gather(venue, ("trade",), history=True)
    assert first.failures or [problem.lost for problem in first.problems if problem.lost]
    assert "trade-ledger/1" not in first.cursors
    venue.refused, venue.lost = {}, lambda request, rows: rows
    again = gather(venue, ("trade",), first.cursors, history=True)
    assert sum(asked["symbol"] == market for asked_at, asked in venue.asked if asked_at == path) > 1
    assert trades(again) == ([] if trouble == "unknown" else [1])
    assert ("trade-ledger/1" in again.cursors) is (trouble != "unknown")


def test_a_page_that_is_cut_short_is_turned_all_the_same():
    def cut(request, rows):
        return rows if "lastId" in request.url.params else rows[:30]

    venue = Venue(fills=[fill(n, RECENT + n) for n in range(45)], trade_ledger=[traded(1, RECENT)], lost=cut)
    got = gather(venue, ("trade",), history=True)
    assert not got.failures
    assert trades(got) == list(range(45))


def test_a_page_that_does_not_begin_with_the_last_row_is_missing():
    fills = [fill(n, RECENT + n) for n in range(150)]

    def lost(request, rows):
        return rows[1:] if "lastId" in request.url.params else rows

    venue = Venue(fills=fills, trade_ledger=[traded(1, RECENT)], lost=lost)
    got = gather(venue, ("trade",), history=True)
    assert ["does not repeat" in failure.message for failure in got.failures] == [True]
    assert trades(got) == []


def test_a_row_of_the_last_sync_that_is_gone_is_told_and_nothing_is_taken():
    cursor = {"fills/1:trade:BTC-USDT": Cursor("1", T + timedelta(days=18))}
    got = gather(Venue(fills=[fill(2, RECENT + 5)]), ("trade",), cursor, history=True)
    assert ["row 1 of the last sync is gone" in failure.message for failure in got.failures] == [True]
    assert trades(got) == []


def test_counted_pages_must_give_as_many_rows_as_are_counted():
    rows = payload("ledger")["items"]
    whole = gather(Venue(ledger=rows), ("main",), history=True)
    assert not whole.failures
    assert whole.cursors["ledger/1"].id == "16"

    def lost(request, found):
        return found[:1] if request.url.params.get("currentPage") == "2" else found

    cut = gather(Venue(ledger=rows, lost=lost), ("main",), history=True)
    assert ["are counted" in failure.message for failure in cut.failures] == [True]
    assert "ledger/1" not in cut.cursors


def test_a_trade_of_contracts_with_oneself_is_two_fills():
    row = {**payload("futures-fills")["items"][2], "createdAt": RECENT}
    both = [row, {**row, "side": "sell", "orderId": "o99"}]
    got = gather(Venue(contract_fills=both), ("futures",), history=True)
    assert not got.failures
    assert sorted(fact.body.quantity for fact in got.facts if isinstance(fact.body, Trade)) == [-500, 500]


def test_a_running_session_states_nothing_and_does_not_hold_the_cursor():
    sessions = [session(n, START + n * 1000) for n in range(1, 121)]
    venue = Venue(sessions=[*sessions, session(-1, START + 200_000, "Pending")])
    got = gather(venue, ("futures",), history=True)
    assert not got.failures
    assert sum(isinstance(fact.body, CashFlow) for fact in got.facts) == 120
    assert got.cursors["futures-ledger/1"].id.startswith("120:")
    venue.sessions[-1] = session(121, START + 300_000)
    again = gather(venue, ("futures",), got.cursors, history=True)
    assert not again.failures
    assert again.cursors["futures-ledger/1"].id.startswith("121:")


def test_a_withdrawal_under_way_holds_its_cursor():
    got = gather(Venue(), ("main",), history=True)
    assert got.cursors["withdrawals/1"].id == "w2"


def test_interest_of_isolated_margin_is_asked_for_by_market_and_may_be_forbidden():
    venue = Venue()
    gather(venue, ("margin", "isolated"), history=True)
    asked = [one.get("symbol", "") for path, one in venue.asked if path == "/api/v3/margin/interest"]
    assert sorted(set(asked)) == ["", "BTC-USDT", "ETH-USDT"]
    line = {**traded(1, RECENT, "SOL-USDT"), "accountType": "ISOLATED_V2", "bizType": "ISOLATED_EXCHANGE"}
    closed = Venue(margin_ledger=[line])
    gather(closed, ("isolated",), history=True)
    asked = {one.get("symbol", "") for path, one in closed.asked if path == "/api/v3/margin/interest"}
    assert asked == {"BTC-USDT", "ETH-USDT", "SOL-USDT"}
    got = gather(Venue(refused={"/api/v3/margin/interest": "400007"}), ("margin",), history=True)
    assert not got.failures
    assert any("interest to keys only" in problem.message for problem in got.problems)


# -- leverage tiers -------------------------------------------------------------------------------


def test_leverage_tiers_of_held_contracts_are_asked_for_once_a_day():
    venue = Venue()
    first = gather(venue, wallets=("futures",), history=True)
    asked = [path for path, _ in venue.asked if "risk-limit" in path]
    codes = ("ETHUSDTM", "XBTUSDM", "XBTUSDTM")
    assert sorted(asked) == [f"/api/v1/contracts/risk-limit/{code}" for code in codes]
    venue = Venue(refused={f"/api/v1/contracts/risk-limit/{codes[0]}": "400100"})
    cursors = {name: one for name, one in first.cursors.items() if codes[0] not in name}
    again = gather(venue, wallets=("futures",), cursors=cursors, history=True)
    assert [path for path, _ in venue.asked if "risk-limit" in path] == [asked[0]]
    assert [one.message.partition(":")[0] for one in again.failures] == [f"risk-limits/1?{codes[0]}"]
