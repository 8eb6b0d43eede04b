"""Keys, refusals, both kinds of account, empty lists and the windows of histories."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from truenav.connect.cefi.gate.errors import refusal
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
from truenav.core.facts import BalanceSnapshot, PositionSnapshot, Trade
from truenav.core.ids import AccountId

from .conftest import KEY, NOW, T, known_markets, open_line
from .standin import START, Venue, payload, spot_fill

MANIFEST = connector("gate").manifest
WALLETS = (*MANIFEST.wallets, *MANIFEST.more_wallets)
CLASSIC = tuple(one for one in WALLETS if one != "unified")


def gather(venue, wallets=CLASSIC, cursors=None, since=T, history=False):
    async def run():
        async with open_line(venue) as line:
            account = Account(AccountId("a"), "a", "gate", AccountKind.EXCHANGE, wallets)
            return await connector("gate").gather_account(
                line.transport(),
                Errand(account, KEY, known_markets(), cursors or {}, since=since, history=history),
            )

    return asyncio.run(run())


def balances(got):
    return {f.body.wallet: len(f.body.lines) for f in got.facts if isinstance(f.body, BalanceSnapshot)}


def positions(got):
    return {f.body.wallet: len(f.body.lines) for f in got.facts if isinstance(f.body, PositionSnapshot)}


def check(venue):
    async def run():
        async with open_line(venue) as line:
            return await connector("gate").check_key(line.transport(), KEY)

    return asyncio.run(run())


# -- keys and refusals ----------------------------------------------------------------------------


def test_a_key_tells_whose_it_is_and_that_it_only_reads():
    found = check(Venue())
    assert (found.identity, found.account_types) == ("20250101", ("classic",))
    assert (found.read, found.trade, found.withdraw) == (Right.YES, Right.NO, Right.UNVERIFIED)
    assert found.clock_offset == T - NOW
    assert any("withdraw" in note for note in refuse_unsafe_key(found))


def test_keys_that_may_do_more_are_refused(monkeypatch):
    def with_rights(*rights):
        key = {**payload("keys"), "perms": [{"name": name, "read_only": False} for name in rights]}
        venue = Venue()
        return check(
            lambda request: (
                httpx.Response(200, json=[key]) if "main_keys" in request.url.path else venue(request)
            )
        )

    with pytest.raises(KeyMayTradeError):
        refuse_unsafe_key(with_rights("spot"))
    with pytest.raises(KeyMayWithdrawError):
        refuse_unsafe_key(with_rights("withdraw"), read_only=False)


def test_a_key_that_may_not_read_its_own_rights_is_unverified_and_told():
    found = check(Venue(refused={"/account/main_keys": (403, {"label": "FORBIDDEN", "message": "no perm"})}))
    assert (found.trade, found.withdraw) == (Right.UNVERIFIED, Right.UNVERIFIED)
    assert "rights" in found.notes[0]


@pytest.mark.parametrize(
    ("status", "label", "message", "error"),
    [
        (401, "INVALID_KEY", "Invalid key provided", KeyRevokedError),
        (401, "INVALID_SIGNATURE", "Signature mismatch", KeyRevokedError),
        (403, "FORBIDDEN", "Request IP not in whitelist: 203.0.113.9", KeyRevokedError),
        (403, "FORBIDDEN", "API key has no permission", KeyForbiddenError),
        (403, "READ_ONLY", "", KeyForbiddenError),
        (403, "REQUEST_EXPIRED", "gap between request Timestamp and server time exceeds 60", ClockSkewError),
        (400, "TOO_FAST", "", RateLimitedError),
        (400, "SERVER_ERROR", "Internal server error", VenueUnavailableError),
        (400, "INVALID_CURRENCY_PAIR", "", VenueError),
    ],
)
def test_labels_become_refusals(status, label, message, error):
    found = refusal(status, json.dumps({"label": label, "message": message}).encode())
    assert type(found) is error
    assert found.context["code"] == label


def test_an_answer_is_no_refusal_and_half_an_answer_is_malformed():
    assert refusal(200, b"[]") is None
    assert isinstance(refusal(200, b'[{"id":"1"'), MalformedPayloadError)
    assert isinstance(refusal(404, b"<html></html>"), MalformedPayloadError)


# -- classic and unified accounts -----------------------------------------------------------------


def test_a_classic_account_has_each_wallet_by_itself():
    got = gather(Venue())
    assert not got.failures
    assert balances(got) == {
        "spot": 2,
        "unified": 0,
        "margin": 3,
        "futures": 2,
        "delivery": 1,
        "options": 1,
        "earn": 1,
    }
    assert positions(got) == {"futures": 4, "delivery": 1, "options": 1}


def test_in_a_unified_account_the_same_money_is_counted_once():
    got = gather(Venue(mode="multi_currency"), WALLETS)
    assert not got.failures
    found = balances(got)
    assert (found["spot"], found["unified"], found["futures"], found["options"]) == (0, 3, 1, 0)
    assert positions(got) == {"futures": 1, "unified": 4, "delivery": 1, "options": 0}
    alone = gather(Venue(mode="multi_currency"), ("unified",))
    assert (alone.failures, positions(alone)) == ((), {"unified": 4})


@pytest.mark.parametrize(("mode", "wallets"), [("portfolio", ("spot", "futures")), ("classic", ("unified",))])
def test_an_account_that_lists_the_wallets_of_the_other_kind_is_unread(mode, wallets):
    got = gather(Venue(mode=mode), wallets)
    assert [("add it" in failure.message) for failure in got.failures] == [True]
    assert got.facts == ()


def test_accounts_that_were_never_opened_hold_nothing():
    never = (
        400,
        {"label": "USER_NOT_FOUND", "message": "please transfer funds first to create futures account"},
    )
    paths = ("/futures/usdt/accounts", "/futures/btc/accounts", "/options/accounts")
    got = gather(Venue(refused=dict.fromkeys(paths, never)), history=True)
    assert not got.failures
    assert (balances(got)["futures"], positions(got)["options"]) == (0, 0)


# -- empty lists ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "told", "missing"),
    [
        ("/spot/accounts", "values spot", "spot"),
        ("/earn/uni/lends", "values finance", "earn"),
        ("/futures/usdt/positions", "shows open positions", None),
        ("/options/positions", "shows open positions", None),
    ],
)
def test_an_empty_list_is_not_believed_unless_something_confirms_it(path, told, missing):
    got = gather(Venue(hidden={path}))
    assert [told in failure.message for failure in got.failures] == [True]
    assert missing not in balances(got)
    if missing is None:
        assert path.split("/")[1] not in positions(got)


def test_an_empty_list_that_the_venues_total_confirms_is_read():
    got = gather(Venue(hidden={"/margin/accounts"}))
    assert not got.failures
    assert balances(got)["margin"] == 0


# -- windows --------------------------------------------------------------------------------------


def trades(got):
    return sorted(int(f.external_id.split(":")[1]) for f in got.facts if isinstance(f.body, Trade))


def spot(venue, cursors=None, since=T - timedelta(days=100)):
    return gather(venue, ("spot",), cursors, since, history=True)


def test_busy_windows_are_halved_and_a_busy_second_is_paged_until_every_fill_is_there():
    fills = [spot_fill(n, START - 86400 * 40 + n * 700) for n in range(400)]
    burst = [spot_fill(1000 + n, START + 9) for n in range(250)]
    got = spot(Venue(fills=fills + burst, limit=100))  # the venue gives fewer than it is asked for
    assert not got.failures
    assert trades(got) == [*range(400), *range(1000, 1250)]
    assert got.cursors["spot-trades/1:spot"].at >= T


def test_the_next_sync_begins_a_little_before_the_last_row_for_what_is_shown_late():
    fills = [spot_fill(n, START + 30 * n) for n in range(5)]
    first = spot(Venue(fills=fills))
    late = spot_fill(7, START + 115)
    again = spot(Venue(fills=[*fills, late, spot_fill(9, START + 190)]), first.cursors)
    assert set(trades(again)) == {2, 3, 4, 7, 9}
    assert again.cursors["spot-trades/1:spot"] == Cursor("9:91", T + timedelta(seconds=190, microseconds=500))


def test_a_fill_that_is_found_when_its_order_ended_is_not_missed():
    """Filled on the first day, the rest of its order cancelled ten days later."""
    first = spot(Venue(fills=[spot_fill(1, START + 5)]))
    late = [spot_fill(1, START + 5, ended=START + 10), spot_fill(2, START + 3, ended=START + 864_000)]
    assert trades(spot(Venue(fills=late), first.cursors)) == [1, 2]


def test_a_row_of_the_last_sync_that_is_gone_is_told_and_nothing_is_taken():
    got = spot(Venue(fills=[spot_fill(2, START + 50)]), {"spot-trades/1:spot": Cursor("1", T)})
    assert ["row 1 of the last sync is gone" in failure.message for failure in got.failures] == [True]
    assert trades(got) == []
    assert "spot-trades/1:spot" not in got.cursors


def test_a_window_that_is_falsely_empty_is_asked_again():
    asked = []

    def lost(request, rows):
        asked.append(request)
        return [] if len(asked) == 1 else rows

    fills = [spot_fill(1, START - 86400 * 95), spot_fill(2, START)]
    got = spot(Venue(fills=fills, lost=lost))
    assert ["empty and then was not" in failure.message for failure in got.failures] == [True]
    assert trades(got) == []


def test_a_venue_that_does_not_heed_the_window_is_refused():
    rows = [spot_fill(n, START - 86400 * 300 - n) for n in range(100)]
    got = spot(Venue(fills=[], lost=lambda request, _: rows))
    assert ["lies in the time" in failure.message for failure in got.failures] == [True]


def test_cash_of_contracts_comes_in_its_own_windows_and_its_cursor_stays_with_the_coin():
    book = payload("futures-book")
    got = gather(Venue(book=book), ("futures",), since=T - timedelta(days=3), history=True)
    assert not got.failures
    assert got.cursors["futures-book/1:futures:usdt"].id == "b-29"
    assert "futures-book/1:futures:btc" not in got.cursors


def test_open_orders_are_kept_with_what_was_asked():
    venue = Venue()

    def answer(request):
        if request.url.path.endswith("/spot/open_orders"):
            return httpx.Response(200, json=payload("spot-orders"))
        return venue(request)

    got = gather(answer, ("spot",), history=True)
    (kept,) = (one for one in got.evidence if one.endpoint == "orders/1")
    assert (got.failures, kept.request.params) == ((), (("limit", "100"),))
    assert "orders/1" not in {one.endpoint for one in gather(answer, ("spot",)).evidence}  # the state alone


def test_a_withdrawal_under_way_holds_its_cursor():
    moves = payload("withdrawals")
    venue = Venue()

    def answer(request):
        if request.url.path.endswith("/wallet/withdrawals"):
            return httpx.Response(200, json=moves)
        return venue(request)

    got = gather(answer, ("spot",), history=True)
    assert got.cursors["withdrawals/1"].id == "w2"


# -- leverage tiers -------------------------------------------------------------------------------


def test_leverage_tiers_of_each_kind_are_asked_for_once_a_day():
    asked = []

    def count(request):
        if "risk_limit_tiers" in request.url.path:
            asked.append(request.url.path.removeprefix("/api/v4"))
        return Venue()(request)

    first = gather(count, history=True)
    assert not first.failures
    paths = [
        "/delivery/usdt/risk_limit_tiers",
        "/futures/btc/risk_limit_tiers",
        "/futures/usdt/risk_limit_tiers",
    ]
    assert sorted(asked) == paths
    gather(count, cursors=first.cursors, history=True)
    assert sorted(asked) == paths
    again = {name: Cursor("", T) if "risk-limits" in name else one for name, one in first.cursors.items()}
    gather(count, cursors=again, history=True)
    assert len(asked) == 6
