"""Hyperliquid from end to end: histories turned by their time, what the venue forgets, answers that lie."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from truenav.connect.cefi.hyperliquid import client, pages
from truenav.connect.cefi.hyperliquid.errors import refusal
from truenav.connect.cefi.hyperliquid.streams import market_streams
from truenav.connect.contract import Credentials, Right
from truenav.connect.errors import KeyRevokedError, MalformedPayloadError, VenueError
from truenav.connect.margins import read_margin_ratio
from truenav.connect.registry import connector
from truenav.core.facts import BalanceSnapshot, Trade
from truenav.core.money import divided

START = datetime(2026, 11, 1, tzinfo=UTC)


def gathered(lab, venue, *changes, **more):
    """Gatherings one after the other, each from the cursors of the last."""

    async def run():
        found = []
        async with lab.line(venue) as line:
            for change in (lambda: None, *changes):
                change()
                known = found[-1].cursors if found else {}
                found.append(await line.gather(lab.known(), known, **more))
        return found

    return asyncio.run(run())


def trades(found):
    return [fact.external_id for fact in found.facts if isinstance(fact.body, Trade)]


def fills(lab, count, apart=1000):
    row = next(one for one in lab.saved("fills") if one["coin"] == "BTC")
    begin = int(START.timestamp() * 1000)
    return [{**row, "time": begin + n // 2 * apart, "tid": n + 1, "oid": n} for n in range(count)]


@pytest.fixture
def small(lab, monkeypatch):
    """The venue, and pages and pasts of a tenth."""
    fills, *others = client.HISTORIES
    monkeypatch.setattr(pages, "SHORT", 50)
    monkeypatch.setattr(client, "HISTORIES", (replace(fills, page=200, kept=1000), *others))
    venue = lab.venue()
    venue.page, venue.kept = 200, 1000
    return venue


@pytest.mark.parametrize("newest", [False, True])
def test_long_histories_are_turned_by_time_and_then_only_what_is_new_is_read(lab, small, newest):
    """Also if a window gave its newest rows, against the documentation."""
    venue, rows = small, fills(lab, 453)
    venue.newest = newest
    venue.tables["userFillsByTime"] = rows[:450]

    def trade():
        venue.tables["userFillsByTime"] = rows
        venue.asked.clear()

    first, then = gathered(lab, venue, trade)
    assert (first.failures, then.failures) == ((), ())
    assert sorted(trades(first)) == sorted(f"fill:{n + 1}:{n}" for n in range(450))
    assert set(trades(then)) == {f"fill:{n + 1}:{n}" for n in range(448, 453)}
    assert venue.asked.count("userFillsByTime") == 1


@pytest.mark.parametrize("newest", [False, True])
def test_what_the_venue_has_forgotten_is_told(lab, small, newest):
    rows = fills(lab, 1070)
    small.newest = newest
    small.tables["userFillsByTime"] = rows[:1010]
    (first,) = gathered(lab, small)
    assert (first.failures, len(trades(first))) == ((), 1000)
    (problem,) = (one for one in first.problems if "1000 fills" in one.message)
    assert "2026-11-01T00:00:05Z" in problem.message
    small.tables["userFillsByTime"] = rows[:10]

    def trade():
        small.tables["userFillsByTime"] = rows

    _, then = gathered(lab, small, trade)
    assert (then.failures, len(trades(then))) == ((), 1000)
    assert any("those before 2026-11-01T00:00:35Z" in one.message for one in then.problems)


def test_a_row_that_does_not_repeat_fails_its_history_alone(lab, small):
    venue = small

    def forget():
        venue.tables["userFunding"] = venue.tables["userFunding"][:1]

    _, then = gathered(lab, venue, forget)
    (failure,) = then.failures
    assert "funding" in failure.message
    assert "does not repeat" in failure.message
    assert "funding/1" not in then.cursors
    venue.tables["userFillsByTime"] = fills(lab, 260, apart=0)
    (found,) = gathered(lab, venue)
    assert "one instant" in found.failures[0].message
    venue.tables["userFillsByTime"] = fills(lab, 199, apart=0)
    (found,) = gathered(lab, venue)
    assert (found.failures, len(trades(found))) == ((), 199)


def test_an_empty_list_is_asked_for_twice(lab):
    venue = lab.venue()
    venue.tables |= {"spotClearinghouseState": {"balances": []}, "userVaultEquities": []}
    (found,) = gathered(lab, venue, history=False)
    assert found.failures == ()
    assert [venue.asked.count(name) for name in ("spotClearinghouseState", "userVaultEquities")] == [2, 2]


def test_positions_that_are_falsely_missing_state_no_balances_either(lab):
    venue = lab.venue()
    venue.tables["clearinghouseState"]["assetPositions"] = []
    (found,) = gathered(lab, venue, history=False)
    (failure,) = found.failures
    assert "the summary speaks of one" in failure.message
    assert {one.body.wallet for one in found.facts if isinstance(one.body, BalanceSnapshot)} == {
        "staking",
        "vaults",
    }


def test_staking_and_vaults_are_read_where_the_account_lists_them(lab):
    venue = lab.venue()
    (found,) = gathered(lab, venue, account=replace(lab.account, wallets=("main",)))
    assert found.failures == ()
    assert not {"delegatorSummary", "delegatorRewards", "userVaultEquities"} & set(venue.asked)


def test_markets_are_gathered_followed_and_never_taken_to_be_gone(lab):
    venue = lab.venue()

    async def run():
        async with lab.line(venue) as line:
            return await connector("hyperliquid").gather_market(line.transport(), lab.empty)

    found = asyncio.run(run())
    assert (found.failures, found.problems, len(found.instruments)) == ((), (), 7)
    assert market_streams(lab.empty) == ()
    (plan,) = market_streams(lab.empty.with_instruments(found.instruments))
    assert {json.loads(one)["subscription"]["coin"] for one in plan.hello} >= {"kPEPE", "@107"}
    venue.tables["metaAndAssetCtxs"] = [{"universe": []}, []]
    (failure,) = asyncio.run(run()).failures
    assert "empty" in failure.message


@pytest.mark.parametrize(
    ("role", "notes"),
    [
        ({"role": "user"}, ""),
        ({"role": "subAccount", "data": {"master": "0x00000000000000000000000000000000000000ab"}}, ""),
        ({"role": "agent", "data": {"user": "0x00000000000000000000000000000000000000ab"}}, "API wallet"),
        ({"role": "vault"}, "followers"),
        ({"role": "missing"}, "knows nothing"),
    ],
)
def test_an_address_can_be_read_only_and_its_role_is_told(lab, role, notes):
    venue = lab.venue()
    venue.tables["userRole"] = role

    async def run():
        async with lab.line(venue) as line:
            key = Credentials(f" {lab.address.upper().replace('0X', '0x')} ", "")
            return await connector("hyperliquid").check_key(line.transport(), key)

    check = asyncio.run(run())
    assert (check.read, check.trade, check.withdraw) == (Right.YES, Right.NO, Right.NO)
    assert (check.identity, check.clock_offset) == (lab.address, timedelta(milliseconds=250))
    assert bool(notes) == bool(check.notes)
    assert notes in "".join(check.notes)


@pytest.mark.parametrize("address", ["", "0x12", "hello", "0x" + "g" * 40, "00" * 21])
def test_what_is_no_address_is_refused_before_anything_is_asked(lab, address):
    venue = lab.venue()
    with pytest.raises(KeyRevokedError, match="0x and 40"):
        gathered(lab, venue, address=address)
    assert venue.asked == []


def test_the_margin_of_cross_positions_counts_by_the_mode(lab):
    _, spot, perps = lab.saved("balances")

    def ratio(mode, **more):
        body = json.dumps([mode, {**spot, **more}, perps]).encode()
        return read_margin_ratio("hyperliquid", "balances/1", body)

    needed = Decimal("161.25")
    assert ratio("disabled") == divided(needed, Decimal(perps["crossMarginSummary"]["accountValue"]))
    # The isolated short of kPEPE holds 119 of the dollars, which no cross position can use.
    assert ratio("unifiedAccount") == divided(needed, Decimal("4000.5") - 119)
    # The venue liquidates in portfolio margin where its ratio is above 0.95.
    assert ratio("portfolioMargin", portfolioMarginRatio="0.38") == Decimal("0.4")
    assert ratio("portfolioMargin", portfolioMarginRatio="0.95") == 1


def test_a_limit_is_waited_for_and_an_outage_is_told(lab):
    venue = lab.venue()
    venue.faults = [httpx.Response(429, text="null"), httpx.Response(502, text="<html>")]
    (found,) = gathered(lab, venue, history=False)
    assert found.failures == ()
    venue.faults = [httpx.Response(200, content=b"<html>") for _ in range(20)]
    (found,) = gathered(lab, venue, history=False)
    assert (len(found.failures), found.facts) == (3, ())


def test_a_refusal_is_no_result():
    assert refusal(200, b"[]") is refusal(200, b'"unifiedAccount"') is refusal(200, b"null") is None
    assert "check the address" in refusal(422, b"Failed to deserialize the JSON body").message
    assert type(refusal(400, b"x")) is VenueError
    assert "gone" in refusal(200, b'{"status": "err", "response": "User is gone"}').message
    assert isinstance(refusal(200, b"<html>"), MalformedPayloadError)
