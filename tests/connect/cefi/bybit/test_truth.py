"""Accounts gathered from the simulated venue: every balance, position, fill and payment is the truth."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    CashKind,
    PositionSnapshot,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.instrument import InstrumentKind
from truenav.core.money import exact

MIDWAY = datetime(2026, 11, 15, 3, 17, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
ACCOUNTS = ("bybit-busy", "bybit-quiet")


def bodies(facts, kind):
    return [fact.body for fact in facts if isinstance(fact.body, kind)]


def moved(facts, context):
    """Sum of everything that moved, by wallet and asset."""
    sums = defaultdict(Decimal)
    for body in bodies(facts, Trade):
        terms = context.instruments.get(body.instrument)
        for amount in filter(None, (body.cost, body.realised, *body.fees)):
            sums[body.wallet, amount.asset] += amount.number
        if terms.kind is InstrumentKind.SPOT:
            sums[body.wallet, terms.base] += body.quantity
    for body in bodies(facts, Transfer | CashFlow):
        for amount in filter(None, (body.amount, getattr(body, "fee", None))):
            sums[body.wallet, amount.asset] += amount.number
    for body in bodies(facts, Settlement):
        sums[body.wallet, body.cash.asset] += body.cash.number
    return {key: number for key, number in sums.items() if number}


def held(facts):
    return {
        (body.wallet, line.asset): line.total
        for body in bodies(facts, BalanceSnapshot)
        for line in body.lines
    }


def assert_true(world, name, facts, context):
    """Each list of the venue's own books, as multisets; nothing twice, nothing missing."""
    books, book = world.world.books(name), context.assets
    with exact():
        assert moved(facts, context) == held(facts)
    assert {(wallet, book.symbol(asset)): n for (wallet, asset), n in held(facts).items()} == {
        key: number for key, number in books.balances.items() if number
    }
    lines = [line for body in bodies(facts, PositionSnapshot) for line in body.lines]
    assert sorted((line.quantity, line.entry_price) for line in lines) == sorted(
        (position.size, position.entry) for position in books.positions.values()
    )
    fills = [
        (abs(body.quantity), body.price, -sum(fee.number for fee in body.fees), body.tag)
        for body in bodies(facts, Trade)
    ]
    assert Counter(fills) == Counter((one.size, one.price, one.fee, one.tag) for one in books.fills)
    flows = [body.amount.number for body in bodies(facts, CashFlow) if body.kind is CashKind.FUNDING]
    entries = books.entries
    assert Counter(flows) == Counter(one.amount for one in entries if one.cause == "funding")
    transfers = bodies(facts, Transfer)
    internal = [(one.wallet, one.amount.number) for one in transfers if one.kind is TransferKind.INTERNAL]
    assert Counter(internal) == Counter((e.wallet, e.amount) for e in entries if e.cause == "transfer")
    external = [one.amount.number for one in transfers if one.kind is TransferKind.EXTERNAL]
    outside = ("deposit", "withdrawal")
    assert Counter(external) == Counter(e.amount for e in entries if e.cause in outside)
    expired = [body.cash.number for body in bodies(facts, Settlement)]
    assert Counter(expired) == Counter(e.amount for e in entries if e.cause == "settlement")
    keys = [fact.key_hash for fact in facts]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_an_account_gathered_at_once_is_the_truth(lab, name):
    async def run():
        async with lab() as world:
            context = await world.market("bybit")
            got = await world.gather(name, context)
            assert not got.failures
            assert not got.problems
            assert_true(world, name, got.facts, context.with_instruments(got.instruments))

    asyncio.run(run())


@pytest.mark.parametrize("name", ACCOUNTS)
def test_syncs_in_steps_bring_each_fact_once(lab, name):
    async def run():
        async with lab(MIDWAY) as world:
            context = await world.market("bybit")
            facts, cursors = {}, {}
            for instant in (MIDWAY, MIDWAY + timedelta(days=3, hours=7), LATER):
                world.clock.set(instant)
                got = await world.gather(name, context, cursors)
                assert not got.failures
                assert not got.problems
                context = context.with_instruments(got.instruments)
                cursors |= got.cursors
                states = [one for one in facts.values() if "snapshot" in one.kind]
                for state in states:
                    del facts[state.key_hash]
                for fact in got.facts:
                    known = facts.setdefault(fact.key_hash, fact)
                    assert known.content_hash == fact.content_hash
            assert_true(world, name, list(facts.values()), context)

    asyncio.run(run())


PATHS = (
    "wallet-balance",
    "position/list",
    "execution/list",
    "transaction-log",
    "delivery-record",
    "inter-transfer",
    "deposit/query-record",
    "withdraw/query-record",
    "fundinghistory",
    "query-account-coins-balance",
    "earn/position",
)
FAULTS = ("empty_page", "duplicate_page", "truncate", "html")


async def weathered(lab, path, kind, times):
    """Two syncs under a fault, then a calm one: the facts are the truth, and none is there twice."""
    async with lab(MIDWAY) as world:
        context = await world.market("bybit")
        facts, cursors = {}, {}
        fault = {"kind": kind, "path": path, "times": times}
        for instant, struck in ((MIDWAY, True), (LATER, True), (LATER + timedelta(minutes=1), False)):
            world.clock.set(instant)
            world.world.faults.clear()
            if struck:
                world.world.faults.add(fault)
            got = await world.gather("bybit-busy", context, cursors)
            assert struck or not (got.failures or got.problems)
            context = context.with_instruments(got.instruments)
            cursors |= got.cursors
            facts = {key: one for key, one in facts.items() if "snapshot" not in one.kind}
            for fact in got.facts:
                known = facts.setdefault(fact.key_hash, fact)
                assert known.content_hash == fact.content_hash
        assert_true(world, "bybit-busy", list(facts.values()), context)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("transaction-log", "empty_page"),
        ("transaction-log", "duplicate_page"),
        ("execution/list", "empty_page"),
        ("position/list", "empty_page"),
    ],
)
def test_after_a_fault_nothing_is_missing_and_nothing_is_there_twice(lab, path, kind):
    asyncio.run(weathered(lab, path, kind, 2))


@pytest.mark.nightly
@pytest.mark.parametrize("times", [1, 2, 3, 5, None])
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("path", PATHS)
def test_after_any_fault_nothing_is_missing_and_nothing_is_there_twice(lab, path, kind, times):
    asyncio.run(weathered(lab, path, kind, times))
