"""Accounts of both venues gathered from the simulator: every balance explained to the last digit."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from truenav.connect.registry import parse
from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    PositionSnapshot,
    Settlement,
    Trade,
    Transfer,
)
from truenav.core.instrument import InstrumentKind
from truenav.core.money import exact

ACCOUNTS = (
    "binance-directional",
    "binance-market-making",
    "binance-basis",
    "okx-arbitrage",
    "okx-options",
    "okx-trend",
)
MIDWAY = datetime(2026, 11, 17, 3, 17, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


def moved(facts, context):
    """Sum of everything that moved, by wallet and asset."""
    sums = defaultdict(Decimal)
    for fact in facts:
        body = fact.body
        if isinstance(body, Trade):
            terms = context.instruments.get(body.instrument)
            for amount in filter(None, (body.cost, body.realised, *body.fees)):
                sums[body.wallet, amount.asset] += amount.number
            if terms.kind is InstrumentKind.SPOT:
                sums[body.wallet, terms.base] += body.quantity
        elif isinstance(body, Transfer | CashFlow):
            for amount in filter(None, (body.amount, getattr(body, "fee", None))):
                sums[body.wallet, amount.asset] += amount.number
        elif isinstance(body, Settlement):
            sums[body.wallet, body.cash.asset] += body.cash.number
    return {key: number for key, number in sums.items() if number}


def held(facts):
    return {
        (fact.body.wallet, line.asset): line.total
        for fact in facts
        if isinstance(fact.body, BalanceSnapshot)
        for line in fact.body.lines
    }


@pytest.mark.parametrize("name", ACCOUNTS)
def test_everything_that_happened_since_inception_is_the_closing_balance(lab, name):
    async def run():
        async with lab() as world:
            context = await world.market(world.account(name).venue)
            got = await world.gather(name, context)
            assert not got.failures
            assert not got.problems
            context = context.with_instruments(got.instruments)
            with exact():
                assert moved(got.facts, context) == held(got.facts)
            keys = [fact.key_hash for fact in got.facts]
            assert len(set(keys)) == len(keys)

    asyncio.run(run())


@pytest.mark.parametrize("name", ACCOUNTS)
def test_opening_and_the_facts_between_two_syncs_are_the_closing_balance(lab, name):
    async def run():
        async with lab(MIDWAY) as world:
            context = await world.market(world.account(name).venue)
            first = await world.gather(name, context)
            world.clock.set(LATER)
            known = context.with_instruments(first.instruments)
            second = await world.gather(name, known, first.cursors)
            assert not second.failures
            assert not second.problems
            known = known.with_instruments(second.instruments)
            old = {fact.key_hash: fact for fact in first.facts}
            for fact in second.facts:
                if fact.key_hash in old:
                    assert fact.content_hash == old[fact.key_hash].content_hash
            new = [fact for fact in second.facts if fact.key_hash not in old]
            assert len(new) < len(second.facts)
            with exact():
                explained = defaultdict(Decimal, held(first.facts))
                for key, number in moved(new, known).items():
                    explained[key] += number
                assert {key: number for key, number in explained.items() if number} == held(second.facts)

    asyncio.run(run())


@pytest.mark.parametrize("name", ACCOUNTS)
def test_balances_positions_and_tags_are_the_venues_own(lab, name):
    async def run():
        async with lab() as world:
            context = await world.market(world.account(name).venue)
            got = await world.gather(name, context)
            books = world.world.books(name)
            assert sorted(held(got.facts).values()) == sorted(n for n in books.balances.values() if n)
            lines = [
                line
                for fact in got.facts
                if isinstance(fact.body, PositionSnapshot)
                for line in fact.body.lines
            ]
            assert sorted((line.quantity, line.entry_price) for line in lines) == sorted(
                (position.size, position.entry) for position in books.positions.values()
            )
            tags = sorted(str(fact.body.tag) for fact in got.facts if isinstance(fact.body, Trade))
            assert tags == sorted(fill.tag for fill in books.fills)

    asyncio.run(run())


@pytest.mark.parametrize("name", ["binance-market-making", "okx-options"])
def test_the_archived_payloads_alone_give_the_same_facts_again(lab, name):
    async def run():
        async with lab() as world:
            context = await world.market(world.account(name).venue)
            world.archived.clear()
            got = await world.gather(name, context)
            taken = set(got.evidence)
            again = {}
            for payload in world.archived:
                if payload.evidence in taken:
                    for _ in range(2):
                        parsed = parse(payload.evidence, payload.body, context)
                    again.update({(f.key_hash, f.content_hash): f for f in parsed.facts})
            assert sorted(again) == sorted((f.key_hash, f.content_hash) for f in got.facts)

    asyncio.run(run())


def test_state_alone_takes_seven_requests_and_reports_its_progress(lab):
    async def run():
        async with lab() as world:
            seen = []
            context = await world.market("okx")
            got = await world.gather("okx-trend", context, history=False, progress=seen.append)
            assert got.requests == 7  # two for earn products, and one to believe that there are none
            assert [step.done for step in seen] == [1, 2, 3, 4, 5]

    asyncio.run(run())


def test_an_asset_nobody_mapped_keeps_the_venues_name_and_is_told(lab, empty):
    async def run():
        async with lab() as world:
            context = await world.market("binance")
            bare = type(empty)(type(empty.assets)((), ()), context.instruments)
            got = await world.gather("binance-basis", bare, history=False)
            assets = {asset for _, asset in held(got.facts)}
            assert assets == {"binance:BTC", "binance:ETH", "binance:USDT"}
            assert {problem.subject for problem in got.problems} == assets

    asyncio.run(run())


def test_a_market_whose_terms_are_unknown_holds_the_cursor_back(lab, empty):
    async def run():
        async with lab() as world:
            got = await world.gather("okx-trend", empty)
            assert "fills/1" not in got.cursors
            assert "bills/1" in got.cursors
            assert any(problem.lost for problem in got.problems)

    asyncio.run(run())


@pytest.mark.parametrize("venue", ["binance", "okx", "ecb", "vendor"])
def test_markets_have_prices_of_known_assets(lab, empty, venue):
    async def run():
        async with lab() as world:
            from truenav.connect.contract import Credentials
            from truenav.connect.registry import connector

            key = Credentials(world.world.scenario.vendor_key)
            got = await connector(venue).gather_market(world.transport(venue), empty, key)
            assert not got.failures
            assert got.facts
            for fact in got.facts:
                assert fact.account == ""
                assert fact.body.price > 0 or "C" in fact.external_id or "P" in fact.external_id
                assert fact.occurred_at <= LATER

    asyncio.run(run())
