"""A Deribit account gathered from the simulator is what the simulator's own books say, to the last digit."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from tests.connect.conftest import Lab

from truenav.connect.contract import CLOCK_FOLLOWED, Right, refuse_unsafe_key
from truenav.connect.errors import (
    ClockSkewError,
    KeyMayTradeError,
    KeyMayWithdrawError,
    KeyRevokedError,
)
from truenav.connect.registry import connector
from truenav.connect.transport import Network
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
from truenav.core.money import exact
from truenav.simulator.deribit.names import deribit_name
from truenav.simulator.server import create_app
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World

SCENARIO = Path(__file__).with_name("scenario.toml")
MIDWAY = datetime(2026, 11, 15, 3, 17, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
ACCOUNT = "main"


def lived(story, start=LATER):
    """What a story that is told in a fresh world gives."""

    async def run():
        clock = VirtualClock(start)
        world = World.load(SCENARIO, date(2026, 11, 21), clock)
        ticks = [0.0]

        async def sleep(seconds):
            ticks[0] += seconds
            world.meter.reset()

        async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(world))) as client:
            network = Network([client], clock=clock, seed=7, sleep=sleep, monotonic=lambda: ticks[0])
            return await story(Lab(world, clock, network))

    return asyncio.run(run())


async def gathered(lab, context=None, cursors=None, **more):
    """A gathering without any trouble."""
    got = await lab.gather(ACCOUNT, context or await lab.market("deribit"), cursors or {}, **more)
    assert not got.failures
    assert not got.problems
    return got


def bodies(facts, kind):
    return [fact.body for fact in facts if isinstance(fact.body, kind)]


def held(facts):
    (snapshot,) = bodies(facts, BalanceSnapshot)
    return {line.asset: line.total for line in snapshot.lines}


def moved(facts, context):
    """Sum of everything that moved cash or spot, by asset."""
    sums = defaultdict(Decimal)
    for fact in facts:
        one = fact.body
        amounts = [getattr(one, name, None) for name in ("amount", "fee", "cost", "realised", "cash")]
        for amount in filter(None, (*amounts, *getattr(one, "fees", ()))):
            sums[amount.asset] += amount.number
        if isinstance(one, Trade):
            terms = context.instruments.get(one.instrument)
            if terms.kind.value == "spot":
                sums[terms.base] += one.quantity
    return {asset: number for asset, number in sums.items() if number}


def entries(books, *causes):
    return [entry for entry in books.entries if entry.cause in causes]


def test_everything_equals_the_simulators_books():
    async def story(lab):
        context = await lab.market("deribit")
        got = await gathered(lab, context)
        context = context.with_instruments(got.instruments)
        return got.facts, context, lab.world.books(ACCOUNT)

    facts, context, books = lived(story)
    with exact():
        assert sorted(held(facts).values()) == sorted(number for number in books.balances.values() if number)
        assert moved(facts, context) == held(facts)
    (positions,) = bodies(facts, PositionSnapshot)
    assert sorted((line.instrument, line.quantity, line.entry_price) for line in positions.lines) == sorted(
        (f"deribit:{deribit_name(one.instrument)}", one.size, one.entry) for one in books.positions.values()
    )
    assert sorted(
        (f"trade:{fill.id}", fill.size * (1 if fill.side == "buy" else -1), fill.price, fill.tag)
        for fill in books.fills
    ) == sorted(
        (fact.external_id, fact.body.quantity, fact.body.price, fact.body.tag)
        for fact in facts
        if isinstance(fact.body, Trade)
    )
    flows = Counter((one.kind, one.amount.number) for one in bodies(facts, CashFlow))
    assert flows == Counter(
        [(CashKind.FUNDING, entry.amount) for entry in entries(books, "funding")]
        + [(CashKind.REALISED, entry.amount) for entry in entries(books, "session") if entry.amount]
    )
    delivered = Counter((one.quantity, one.price, one.cash.number) for one in bodies(facts, Settlement))
    assert delivered == Counter(
        (-entry.tie.size, entry.tie.price, entry.amount) for entry in entries(books, "settlement")
    )
    assert len(delivered) == 2
    transfers = Counter((one.kind, one.amount.number, one.txid) for one in bodies(facts, Transfer))
    assert transfers == Counter(
        (
            TransferKind.INTERNAL if move.network == "subaccount" else TransferKind.EXTERNAL,
            move.amount if move.direction == "in" else -move.amount,
            "" if move.network == "subaccount" else move.transaction,
        )
        for move in books.movements
    )


def test_opening_and_the_facts_between_two_syncs_are_the_closing_balance():
    async def story(lab):
        context = await lab.market("deribit")
        first = await gathered(lab, context)
        lab.clock.set(LATER)
        known = context.with_instruments(first.instruments)
        second = await gathered(lab, known, first.cursors)
        return first, second, known.with_instruments(second.instruments)

    first, second, known = lived(story, MIDWAY)
    old = {fact.key_hash: fact for fact in first.facts}
    for fact in second.facts:
        assert old.get(fact.key_hash, fact).content_hash == fact.content_hash
    new = [fact for fact in second.facts if fact.key_hash not in old]
    assert len(new) < len(second.facts)
    with exact():
        explained = defaultdict(Decimal, held(first.facts))
        for asset, number in moved(new, known).items():
            explained[asset] += number
        assert {asset: number for asset, number in explained.items() if number} == held(second.facts)


def test_trades_are_whole_though_each_store_of_the_venue_lacks_some():
    async def story(lab):
        context = await lab.market("deribit")
        got = await gathered(lab, context)
        lab.clock.set(LATER + timedelta(hours=30))
        again = await gathered(lab, context.with_instruments(got.instruments), got.cursors)
        asked = [
            dict(one.evidence.request.params) for one in lab.archived if "trades" in one.evidence.endpoint
        ]
        stores = {params["historical"] for params in asked}
        return got, again, stores, len(lab.world.books(ACCOUNT).fills)

    got, again, stores, count = lived(story, datetime(2026, 11, 20, 15, 45, tzinfo=UTC))
    assert stores == {"true", "false"}
    assert len({fact.key_hash for fact in (*got.facts, *again.facts) if fact.kind == "trade"}) == count


def test_an_older_store_that_says_it_is_empty_is_asked_again():
    async def story(lab):
        context = await lab.market("deribit")
        lab.world.faults.add({"kind": "empty_page", "path": "user_trades", "times": 1})
        got = await lab.gather(ACCOUNT, context)
        again = await lab.gather(ACCOUNT, context.with_instruments(got.instruments), got.cursors)
        return got, again, len(lab.world.books(ACCOUNT).fills)

    got, again, count = lived(story, datetime(2026, 11, 20, 15, 45, tzinfo=UTC))
    assert sum(fact.kind == "trade" for fact in got.facts) < count
    assert len({fact.key_hash for fact in (*got.facts, *again.facts) if fact.kind == "trade"}) == count


def test_a_long_log_is_read_page_by_page_and_a_missing_page_is_noticed(monkeypatch):
    monkeypatch.setattr("truenav.connect.cefi.deribit.client.LOG_PAGE", 7)

    async def story(lab):
        context = await lab.market("deribit")
        whole = await gathered(lab, context)
        pages = Counter(one.evidence.endpoint for one in lab.archived)
        troubled = []
        for kind in ("duplicate_page", "empty_page"):
            lab.world.faults.add({"kind": kind, "path": "transaction_log", "times": None})
            got = await lab.gather(ACCOUNT, context, whole.cursors)
            troubled.append((len(got.failures), [name for name in got.cursors if name.startswith("log")]))
            lab.world.faults.clear()
            got = await lab.gather(ACCOUNT, context)
        return pages["log/1"], troubled, got.failures

    pages, troubled, after = lived(story)
    assert pages > 10
    assert troubled[1][0] == 6  # log and trades of each currency that ever moved
    assert troubled[1][1] == []
    assert not after

    async def first_sync(lab):
        context = await lab.market("deribit")
        lab.world.faults.add({"kind": "duplicate_page", "path": "transaction_log", "times": None})
        got = await lab.gather(ACCOUNT, context)
        return [failure.message for failure in got.failures], got.cursors

    messages, cursors = lived(first_sync)
    assert any("page" in message for message in messages)
    assert not {"log/1?BTC", "log/1?USDT"} & cursors.keys()


def test_a_log_of_years_is_read_in_spans_that_grow(monkeypatch):
    monkeypatch.setattr("truenav.connect.cefi.deribit.client.LOG_SPAN", timedelta(days=1))

    async def story(lab):
        context = await lab.market("deribit")
        got = await gathered(lab, context)
        return (
            got,
            context,
            [
                dict(one.evidence.request.params)
                for one in lab.archived
                if one.evidence.endpoint == "log/1" and ("currency", "BTC") in one.evidence.request.params
            ],
        )

    got, context, asked = lived(story)
    spans = [int(one["end_timestamp"]) - int(one["start_timestamp"]) for one in asked]
    day = 24 * 3600 * 1000
    assert spans[:3] == [day, 2 * day, 4 * day]
    with exact():
        assert moved(got.facts, context.with_instruments(got.instruments)) == held(got.facts)


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ([{"kind": "empty_page", "path": "get_positions"}], "do not confirm it"),
        (
            [{"kind": "empty_page", "path": "get_positions"}, {"kind": "html", "path": "account_summaries"}],
            "confirms that no position is missing",
        ),
        ([{"kind": "empty_page", "path": "get_positions|account_summaries"}], "do not confirm it"),
    ],
)
def test_an_empty_list_of_positions_is_not_believed_without_the_summaries(faults, told):
    async def story(lab):
        context = await lab.market("deribit")
        for fault in faults:
            lab.world.faults.add(fault)
        return await lab.gather(ACCOUNT, context, history=False)

    got = lived(story)
    assert any(told in failure.message for failure in got.failures)
    assert not bodies(got.facts, PositionSnapshot)


def test_a_market_without_instruments_is_not_believed():
    async def story(lab):
        lab.world.faults.add({"kind": "empty_page", "path": "get_instruments", "times": None})
        from truenav.connect.contract import ParseContext
        from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, AssetBook
        from truenav.core.instrument import InstrumentBook

        bare = ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook(()))
        return await connector("deribit").gather_market(lab.transport("deribit"), bare)

    assert [failure.subject for failure in lived(story).failures] == ["deribit"]


def checked(permissions=("read",), fault=None):
    async def story(lab):
        plan = replace(lab.world.account(ACCOUNT), permissions=frozenset(permissions))
        lab.world.scenario.accounts[ACCOUNT] = plan
        lab.world._keys[plan.api_key] = plan
        if fault:
            lab.world.faults.add(fault)
        api = lab.transport("deribit", ACCOUNT)
        found = await connector("deribit").check_key(api, lab.credentials(ACCOUNT))
        return found, lab

    return lived(story)


def test_a_key_tells_its_scope_its_account_and_its_clock_and_leaves_no_token():
    found, lab = checked(fault={"kind": "skew", "milliseconds": 2500})
    assert (found.read, found.trade, found.withdraw) == (Right.YES, Right.NO, Right.NO)
    assert (found.identity, found.account_types) == ("1001", ("main",))
    assert found.clock_offset == timedelta(milliseconds=2500)
    assert any("clock" in note for note in refuse_unsafe_key(found))
    kept = b"".join(one.body for one in lab.archived) + repr([one.evidence for one in lab.archived]).encode()
    for secret in (b"canary", b"access_token", b"refresh", b"signature", b"sig="):
        assert secret not in kept


def test_keys_that_may_do_more_than_read_are_refused():
    found, _ = checked(("read", "trade", "withdraw"))
    with pytest.raises(KeyMayWithdrawError):
        refuse_unsafe_key(found, read_only=False)
    found, _ = checked(("read", "trade"))
    with pytest.raises(KeyMayTradeError):
        refuse_unsafe_key(found)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "revoked"}, KeyRevokedError),
        ({"kind": "skew", "milliseconds": 90_000}, ClockSkewError),
        ({"kind": "skew", "milliseconds": -90_000}, ClockSkewError),
    ],
)
def test_a_key_that_is_not_accepted_and_a_broken_clock_are_named(fault, error):
    assert timedelta(milliseconds=90_000) > CLOCK_FOLLOWED
    with pytest.raises(error):
        checked(fault=fault)
