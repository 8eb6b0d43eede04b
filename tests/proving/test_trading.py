"""Worlds have what they shall prove: orders of every ending, debt, transfers between sub-accounts."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from truenav.proving.life import _world
from truenav.proving.scenario import WEEK
from truenav.proving.trading import trade_until

MARKET = Path(__file__).parents[2] / "examples" / "demo_fund" / "market"


def traded(seed: int) -> tuple[Counter[str], Counter[str]]:
    """How the orders of a world ended, and what moved its balances."""

    async def run() -> tuple[Counter[str], Counter[str]]:
        async with _world(seed, MARKET, WEEK, served=False) as life:
            world = life.world
            life.clock.set(world.inception + timedelta(hours=8))
            trade_until(Random(seed), world, life.clock, world.inception + timedelta(days=8))
            books = [world.books(name) for name in world.scenario.accounts]
            orders = Counter(order.status for one in books for order in one.orders.values())
            causes = Counter(entry.cause for one in books for entry in one.entries)
            for name, plan in world.scenario.accounts.items():
                forced = sum(fill.forced for fill in world.books(name).fills)
                causes[f"{plan.venue.id} liquidation"] += forced
            causes["own"] = sum(move.own for one in books for move in one.movements)
            return orders, causes

    return asyncio.run(run())


def test_orders_end_in_every_way_and_money_moves_for_every_reason() -> None:
    orders, causes = Counter[str](), Counter[str]()
    for seed in range(12):
        some, others = traded(seed)
        orders += some
        causes += others
    assert orders.keys() == {"open", "filled", "cancelled", "expired"}
    assert {"interest", "own", "funding", "realized", "settlement", "session"} <= causes.keys()


@pytest.mark.parametrize(("venue", "seed"), [("binance", 34), ("bybit", 39), ("okx", 83)])
def test_thin_accounts_are_liquidated(venue: str, seed: int) -> None:
    _, causes = traded(seed)
    assert causes[f"{venue} liquidation"]


def test_the_same_orders_make_the_same_books() -> None:
    assert traded(3) == traded(3)
