"""Whatever a window's cap and order: a history is read whole, or it is refused."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from truenav.connect.cefi.hyperliquid import client, pages
from truenav.connect.cefi.hyperliquid.client import HyperliquidClient, listed
from truenav.connect.errors import IncompletePagesError

from .conftest import ADDRESS, SINCE, Venue, open_line

START = int(SINCE.timestamp() * 1000)


def history(rng):
    """Fills of which some bear one instant."""
    at, rows = START, []
    for number in range(rng.randint(0, 60)):
        at += rng.choice([0, 1, 5, 7, 50])
        rows.append({"coin": "BTC", "time": at, "tid": number + 1, "oid": number})
    return rows


async def read(venue, rows, parts, page):
    """What was read after each of several gatherings, the venue having more rows at each."""
    found, cursor = set(), None
    fills = replace(client.FILLS, page=page, kept=None)
    async with open_line(venue) as line:
        asker = HyperliquidClient(line.transport("a"), ADDRESS)
        for count in parts:
            venue.tables["userFillsByTime"] = rows[:count]
            told = await pages.read_history(asker, fills, cursor, SINCE)
            cursor = told.pages.cursor
            found |= {row.text("oid") for one in told.pages.payloads for row in listed(one)}
            assert found == {str(row["oid"]) for row in rows[:count]}


@pytest.mark.parametrize("newest", [False, True])
def test_a_history_is_read_whole_or_refused(monkeypatch, newest):
    rng, refused = random.Random(7), []
    for _ in range(20):
        page, rows = rng.randint(3, 12), history(rng)
        monkeypatch.setattr(pages, "SHORT", rng.randint(2, page))
        venue = Venue(page=page, newest=newest)
        try:
            asyncio.run(read(venue, rows, (rng.randint(0, len(rows)), len(rows), len(rows)), page))
        except IncompletePagesError as error:
            refused.append("one instant" in error.message)
    assert all(refused)
    assert len(refused) < 7
