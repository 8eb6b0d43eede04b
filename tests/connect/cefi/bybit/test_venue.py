"""Keys, refusals, empty lists and streams of the venue."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from truenav.connect.cefi.bybit.errors import refusal
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

from .conftest import EMPTY

NAME = "bybit-busy"


def check(lab, fault=None, permissions=("read",)):
    async def run():
        async with lab() as world:
            plan = replace(world.world.account(NAME), permissions=frozenset(permissions))
            world.world._keys[plan.api_key] = plan
            if fault:
                world.world.faults.add(fault)
            found = await connector("bybit").check_key(
                world.transport("bybit", NAME), world.credentials(NAME)
            )
            return found, world

    return asyncio.run(run())


def test_a_key_tells_whose_it_is_and_what_it_may(lab):
    found, _ = check(lab)
    assert (found.read, found.trade, found.withdraw) == (Right.YES, Right.NO, Right.NO)
    assert (found.identity, found.account_types) == ("590000001", ("unified-2",))
    assert refuse_unsafe_key(found) == ()


def test_keys_that_may_do_more_are_refused(lab):
    with pytest.raises(KeyMayTradeError):
        refuse_unsafe_key(check(lab, permissions=("read", "trade"))[0])
    with pytest.raises(KeyMayWithdrawError):
        refuse_unsafe_key(check(lab, permissions=("read", "withdraw"))[0], read_only=False)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "revoked"}, KeyRevokedError),
        ({"kind": "html", "status": 200}, MalformedPayloadError),
        ({"kind": "html", "status": 403}, VenueStoppedError),
        ({"kind": "status", "status": 503}, VenueUnavailableError),
        ({"kind": "skew", "milliseconds": 90_000}, ClockSkewError),
    ],
)
def test_a_lasting_fault_is_refused_by_its_name(lab, fault, error):
    with pytest.raises(error) as caught:
        check(lab, {"venue": "bybit", **fault})
    assert "demo-" not in str(caught.value)


def test_a_clock_that_the_venue_refuses_is_followed_and_shown(lab):
    found, _ = check(lab, {"kind": "skew", "milliseconds": -8000})
    assert found.clock_offset == timedelta(seconds=-8)


def test_a_refused_address_is_left_alone(lab):
    async def run():
        async with lab() as world:
            world.world.faults.add({"kind": "html", "status": 403, "times": 1})
            transport = world.transport("bybit", NAME)
            for _ in range(2):
                with pytest.raises(VenueStoppedError):
                    await connector("bybit").check_key(transport, world.credentials(NAME))
            assert transport.counter.requests == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (10002, ClockSkewError),
        (10003, KeyRevokedError),
        (10004, KeyRevokedError),
        (33004, KeyRevokedError),
        (10005, KeyForbiddenError),
        (10006, RateLimitedError),
        (10016, VenueUnavailableError),
        (10001, VenueError),
    ],
)
def test_codes_become_refusals(code, error):
    body = json.dumps({"retCode": code, "retMsg": "why", "result": {}, "time": 1}).encode()
    assert type(refusal(200, body)) is error


def test_an_answer_is_no_refusal_and_half_an_answer_is_malformed():
    assert refusal(200, b'{"retCode":0,"retMsg":"OK","result":{}}') is None
    assert isinstance(refusal(200, b'{"retCode":0'), MalformedPayloadError)


# -- empty lists ----------------------------------------------------------------------------------


def wallets(facts, kind):
    return {fact.body.wallet for fact in facts if isinstance(fact.body, kind)}


@pytest.mark.parametrize(
    ("path", "told", "balances"),
    [
        ("position/list", "open positions in", {"unified", "funding", "earn"}),
        ("wallet-balance", "lists no account", {"funding", "earn"}),
        ("coins-balance|overview", "FundingAccount", {"unified", "earn"}),
        ("coins-balance", "FundingAccount", {"unified", "earn"}),
        ("earn/position", "Earn", {"unified", "funding"}),
    ],
)
def test_an_empty_list_is_not_believed_unless_something_confirms_it(lab, path, told, balances):
    async def run():
        async with lab() as world:
            context = await world.market("bybit")
            world.world.faults.add({"kind": "empty_page", "path": path})
            return await world.gather(NAME, context, history=False)

    got = asyncio.run(run())
    assert any(told in failure.message for failure in got.failures)
    assert wallets(got.facts, BalanceSnapshot) == balances
    confirmed = "unified" in balances and path != "position/list"
    assert wallets(got.facts, PositionSnapshot) == ({"unified"} if confirmed else set())


def test_an_empty_list_of_prices_is_not_believed(lab):
    async def run():
        async with lab() as world:
            world.world.faults.add({"kind": "empty_page", "path": "tickers"})
            return await connector("bybit").gather_market(world.transport("bybit"), EMPTY)

    told = [failure.message.partition(":")[0] for failure in asyncio.run(run()).failures]
    assert told == ["prices of contracts", "prices of spot"]


def test_an_account_that_holds_nothing_there_is_read_and_empty(lab):
    async def run():
        async with lab() as world:
            return await world.gather("bybit-quiet", await world.market("bybit"), history=False)

    got = asyncio.run(run())
    assert not got.failures
    held = {f.body.wallet: len(f.body.lines) for f in got.facts if isinstance(f.body, BalanceSnapshot)}
    assert held == {"unified": 2, "funding": 0, "earn": 0}
    assert [one.endpoint for one in got.evidence].count("overview/1") == 2
    assert wallets(got.facts, PositionSnapshot) == {"unified"}


def test_the_state_alone_takes_few_requests_of_the_address(lab):
    async def run():
        async with lab() as world:
            return await world.gather(NAME, await world.market("bybit"), history=False)

    assert asyncio.run(run()).requests == 8


def test_one_list_of_positions_that_is_missing_is_found(lab):
    """Linear contracts in USDT are hidden, while options in USDT are there."""

    async def run():
        async with lab() as world:
            context = await world.market("bybit")
            world.world.faults.add({"kind": "empty_page", "path": "position/list", "times": 1})
            return await world.gather(NAME, context, history=False)

    got = asyncio.run(run())
    assert any("open positions in USDT" in failure.message for failure in got.failures)


# -- streams --------------------------------------------------------------------------------------


def test_each_product_has_its_stream_and_each_market_its_own_message(lab):
    source = connector("bybit")
    assert isinstance(source, StreamingConnector)

    async def run():
        async with lab() as world:
            return source.market_streams(await world.market("bybit"))

    plans = {plan.path: plan for plan in asyncio.run(run())}
    assert set(plans) == {f"/v5/public/{name}" for name in ("inverse", "linear", "option", "spot")}
    assert plans["/v5/public/spot"].endpoint == "stream.spot/1"
    assert json.loads(plans["/v5/public/spot"].hello[0]) == {"op": "subscribe", "args": ["tickers.BTCUSDT"]}
    assert source.market_streams(EMPTY) == ()
