"""What venues do wrong, and that it is named, bounded, and never taken for an answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.connect.conftest import EMPTY

from truenav.connect.contract import Right, refuse_unsafe_key
from truenav.connect.errors import (
    ClockSkewError,
    KeyMayTradeError,
    KeyMayWithdrawError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueStoppedError,
    VenueUnavailableError,
)
from truenav.connect.registry import connector
from truenav.core.facts import BalanceSnapshot, PositionSnapshot

KEYS = {"binance": "binance-basis", "okx": "okx-trend"}
VENUES = pytest.mark.parametrize("venue", sorted(KEYS))


def check(lab, venue, fault=None, permissions=None):
    async def run():
        async with lab() as world:
            name = KEYS[venue]
            if permissions is not None:
                plan = world.world.scenario.accounts[name]
                changed = replace(plan, permissions=frozenset(permissions))
                world.world.scenario.accounts[name] = changed
                world.world._keys[plan.api_key] = changed
            if fault:
                world.world.faults.add({"venue": venue, **fault})
            found = await connector(venue).check_key(world.transport(venue, name), world.credentials(name))
            return found, world

    return asyncio.run(run())


@VENUES
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "html", "status": 200}, MalformedPayloadError),
        ({"kind": "html", "status": 502}, VenueUnavailableError),
        ({"kind": "truncate"}, MalformedPayloadError),
        ({"kind": "status", "status": 503}, VenueUnavailableError),
        ({"kind": "status", "status": 429, "retry_after": 7}, RateLimitedError),
        ({"kind": "status", "status": 418, "retry_after": 60}, VenueStoppedError),
        ({"kind": "revoked"}, KeyRevokedError),
        ({"kind": "skew", "milliseconds": 90_000}, ClockSkewError),
        ({"kind": "skew", "milliseconds": -90_000}, ClockSkewError),
    ],
)
def test_a_lasting_fault_is_refused_by_its_name(lab, venue, fault, error):
    with pytest.raises(error) as caught:
        check(lab, venue, fault)
    assert "demo-" not in str(caught.value)
    assert len(caught.value.message) > 20


@VENUES
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html", "status": 502, "times": 2},
        {"kind": "truncate", "times": 1},
        {"kind": "status", "status": 429, "retry_after": 7, "times": 1},
    ],
)
def test_a_passing_fault_is_tried_again(lab, venue, fault):
    found, world = check(lab, venue, fault)
    assert found.withdraw is Right.NO
    assert world.naps
    if fault.get("retry_after"):
        assert 7 in world.naps


@VENUES
def test_a_small_clock_offset_is_measured_and_shown(lab, venue):
    found, _ = check(lab, venue, {"kind": "skew", "milliseconds": 2500})
    assert found.clock_offset == timedelta(milliseconds=2500)
    assert any("clock" in note for note in refuse_unsafe_key(found))


@VENUES
def test_a_key_that_may_withdraw_is_refused_always(lab, venue):
    found, _ = check(lab, venue, permissions=["read", "trade", "withdraw"])
    for read_only in (True, False):
        with pytest.raises(KeyMayWithdrawError):
            refuse_unsafe_key(found, read_only=read_only)


@VENUES
def test_a_key_that_may_trade_is_refused_where_only_reading_is_meant(lab, venue):
    found, _ = check(lab, venue, permissions=["read", "trade"])
    with pytest.raises(KeyMayTradeError):
        refuse_unsafe_key(found)
    assert refuse_unsafe_key(found, read_only=False) == ()


def test_rights_that_cannot_be_read_are_unverified_not_absent(lab):
    found, _ = check(lab, "binance", {"kind": "truncate", "path": "apiRestrictions"})
    assert found.withdraw is Right.UNVERIFIED
    assert "unverified" in " ".join(refuse_unsafe_key(found))


@VENUES
def test_one_failing_endpoint_leaves_the_rest_of_the_account(lab, venue):
    path = {"binance": "/fapi/v2/account", "okx": "/api/v5/asset/balances"}[venue]

    async def run():
        async with lab() as world:
            context = await world.market(venue)
            world.world.faults.add({"kind": "status", "status": 503, "path": path})
            return await world.gather(KEYS[venue], context)

    got = asyncio.run(run())
    assert [failure.subject for failure in got.failures] == [KEYS[venue]]
    wallets = {fact.body.wallet for fact in got.facts if isinstance(fact.body, BalanceSnapshot)}
    assert wallets == {"binance": {"spot", "coinm", "margin"}, "okx": {"trading", "earn"}}[venue]


@VENUES
@pytest.mark.parametrize("kind", ["empty_page", "duplicate_page"])
def test_a_page_that_lacks_the_overlap_moves_no_cursor(lab, venue, kind):
    path = {"binance": "income|rades", "okx": "fills|bills"}[venue]

    async def run():
        async with lab() as world:
            context = await world.market(venue)
            first = await world.gather(KEYS[venue], context)
            world.clock.advance(timedelta(hours=1))
            world.world.faults.add({"kind": kind, "path": path})
            known = context.with_instruments(first.instruments)
            return first, await world.gather(KEYS[venue], known, first.cursors)

    first, second = asyncio.run(run())
    if kind == "empty_page":
        assert second.failures
        assert all("row" in failure.message for failure in second.failures)
    for name in first.cursors.keys() & second.cursors.keys():
        assert second.cursors[name].at >= first.cursors[name].at


EMPTY_POSITIONS = {"kind": "empty_page", "path": "account/positions"}
NO_BALANCE = {"kind": "html", "path": "account/balance"}
NO_FUNDING = {"kind": "empty_page", "path": "asset/balances"}


@pytest.mark.parametrize(
    ("faults", "told", "wallets"),
    [
        pytest.param(
            [EMPTY_POSITIONS],
            "list of positions is empty",
            {"earn", "funding", "trading"},
            id="the balance shows some",
        ),
        pytest.param(
            [EMPTY_POSITIONS, NO_BALANCE],
            "confirms that no position is missing",
            {"earn", "funding"},
            id="no balance confirms it",
        ),
        pytest.param(
            [NO_FUNDING],
            "list of funding balances is empty",
            {"earn", "trading"},
            id="the venue values them",
        ),
    ],
)
def test_an_empty_list_is_not_believed_unless_the_balance_confirms_it(lab, faults, told, wallets):
    async def run():
        async with lab() as world:
            context = await world.market("okx")
            for fault in faults:
                world.world.faults.add(fault)
            return await world.gather("okx-trend", context, history=False)

    got = asyncio.run(run())
    assert {failure.subject for failure in got.failures} == {"okx-trend"}
    assert any(told in failure.message for failure in got.failures)
    assert {fact.body.wallet for fact in got.facts if isinstance(fact.body, BalanceSnapshot)} == wallets
    believed = any(isinstance(fact.body, PositionSnapshot) for fact in got.facts)
    assert believed == (EMPTY_POSITIONS not in faults)


@pytest.mark.parametrize(
    ("path", "told"), [("market/tickers", "prices of spot"), ("mark-price", "prices of contracts")]
)
def test_an_empty_list_of_prices_is_not_believed(lab, path, told):
    async def run():
        async with lab() as world:
            world.world.faults.add({"kind": "empty_page", "path": path})
            return await connector("okx").gather_market(world.transport("okx"), EMPTY)

    (failure,) = asyncio.run(run()).failures
    assert failure.message.startswith(f"{told}: ")
    assert "not believed" in failure.message


def test_a_ban_stops_the_venue_for_every_account_and_ends(lab):
    async def run():
        async with lab() as world:
            context = await world.market("binance")
            world.world.faults.add({"kind": "status", "status": 418, "retry_after": 60, "times": 1})
            first = await world.gather("binance-basis", context, history=False)
            asked = sum(world.world.meter.requests.values())
            second = await world.gather("binance-directional", context, history=False)
            assert first.failures
            assert len(second.failures) == 4
            assert sum(world.world.meter.requests.values()) == asked
            await world.network.sleep(61)
            third = await world.gather("binance-directional", context, history=False)
            assert not third.failures

    asyncio.run(run())


def test_no_secret_and_no_signature_is_archived(lab):
    async def run():
        async with lab() as world:
            for venue, name in KEYS.items():
                await world.gather(name, await world.market(venue))
            for payload in world.archived:
                text = repr(payload.evidence)
                assert "demo-" not in text
                assert "signature" not in text.lower()
            assert "demo-" not in repr(world.credentials("okx-trend"))
            assert {p.evidence.sha256 for p in world.archived}

    asyncio.run(run())


def test_failed_answers_are_archived_too(lab):
    async def run():
        async with lab() as world:
            world.world.faults.add({"kind": "html", "status": 502, "times": 1})
            await world.market("okx")
            assert any(payload.evidence.status == 502 for payload in world.archived)

    asyncio.run(run())
