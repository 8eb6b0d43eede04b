"""Long histories in parts: recorded one by one, and gone on with where a gathering was broken off."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from truenav.connect.cefi.binance import history
from truenav.connect.cefi.okx import client
from truenav.connect.contract import Errand
from truenav.connect.registry import connector

CASES = [("binance-market-making", history, 40), ("okx-arbitrage", client, 10)]
UNTIL = {"binance-market-making": 5, "okx-arbitrage": 8}
"""Parts after which a gathering is killed, some of them full pages."""


class Killed(Exception):
    """The process ends here."""


class Journal:
    """What was made durable, until the process is killed after so many parts."""

    def __init__(self, until=None):
        self.until = until
        self.parts = []
        self.cursors = {}

    async def record(self, part):
        if len(self.parts) == self.until:
            raise Killed
        self.parts.append(part)
        self.cursors |= part.cursors

    @property
    def facts(self):
        return {fact.content_hash for part in self.parts for fact in part.facts}

    @property
    def pages(self):
        return [one.sha256 for part in self.parts for one in part.evidence]


async def gathered(world, name, context, journal, cursors=None):
    account = world.account(name)
    api = world.network.transport(
        connector(account.venue),
        world.archive,
        account=name,
        base_url="http://venue.test",
        record=journal.record if journal else None,
    )
    return await connector(account.venue).gather_account(
        api, Errand(account, world.credentials(name), context, cursors or {}, since=world.world.inception)
    )


@pytest.fixture(params=CASES, ids=lambda case: case[0])
def case(request, monkeypatch):
    name, module, page = request.param
    monkeypatch.setattr(module, "PAGE", page)
    return name


def full_pages(world):
    """Answers that the venue filled, so that more follows behind them."""
    found = set()
    for one in world.archived:
        document = json.loads(one.body)
        rows = document.get("data", []) if isinstance(document, dict) else document
        size = history.PAGE if one.evidence.connector == "binance" else client.PAGE
        found |= {one.evidence.sha256} if len(rows) == size else set()
    return found


def hashes(found):
    return {fact.content_hash for fact in found.facts}


def moving(found):
    return {one.content_hash for one in found.facts if not one.kind.endswith("snapshot")}


def test_what_is_recorded_in_parts_is_what_is_gathered_whole(lab, case):
    async def run():
        async with lab() as world:
            context = await world.market(world.account(case).venue)
            return (
                await gathered(world, case, context, None),
                await gathered(world, case, context, journal := Journal()),
                journal,
            )

    whole, last, journal = asyncio.run(run())
    assert len(journal.parts) > 4
    assert journal.facts | hashes(last) == hashes(whole)
    assert journal.cursors | dict(last.cursors) == dict(whole.cursors)
    assert not last.unfinished


def test_a_gathering_that_is_broken_off_goes_on_and_asks_for_no_recorded_page_again(lab, case):
    async def run():
        async with lab() as world:
            context = await world.market(world.account(case).venue)
            whole = await gathered(world, case, context, None)
            first, second = Journal(UNTIL[case]), Journal()
            with pytest.raises(Killed):
                await gathered(world, case, context, first)
            last = await gathered(world, case, context, second, first.cursors)
            return whole, first, second, last, full_pages(world)

    whole, first, second, last, full = asyncio.run(run())
    assert first.facts | second.facts | moving(last) == moving(whole)
    again = {one.sha256 for one in last.evidence} | {*second.pages}
    assert full & {*first.pages}
    assert not full & again & {*first.pages}
    assert first.cursors | second.cursors | dict(last.cursors) == dict(whole.cursors)


def test_what_is_lost_in_one_part_holds_the_cursor_before_it(lab, case):
    async def run():
        async with lab() as world:
            context = await world.market(world.account(case).venue)
            unknown = replace(context, instruments=type(context.instruments)(()))
            await gathered(world, case, unknown, journal := Journal())
            return journal

    journal = asyncio.run(run())
    trades = [name for name in journal.cursors if "trades" in name or "fills" in name]
    assert not [name for name in trades if journal.cursors[name].id]
