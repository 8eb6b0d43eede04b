"""Whatever a wrong connector says of an account, some part of its history differs from the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    Fact,
    PositionSnapshot,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.proving import history
from truenav.proving.life import Life, _world
from truenav.proving.scenario import WEEK
from truenav.proving.trading import trade_until

MARKET = Path(__file__).parents[2] / "examples" / "demo_fund" / "market"
SEED = 7
"""Accounts that trade spot, contracts and options until some expire, and move money within and without."""
Change = Callable[[Fact], Fact | None]


@pytest.fixture(scope="module")
def life() -> Life:
    async def run() -> Life:
        async with _world(SEED, MARKET, WEEK, served=False) as lived:
            lived.clock.set(lived.world.inception + timedelta(hours=8))
            trade_until(
                Random(SEED), lived.world, lived.clock, lived.world.inception + timedelta(days=6, hours=8)
            )
            assert not await lived.gather()
            return lived

    return asyncio.run(run())


def parts_that_differ(life: Life, change: Change) -> set[str]:
    """Of all accounts together, when each fact is what the change makes of it."""
    found: set[str] = set()
    changed = [other for fact in life.facts.values() if (other := change(fact)) is not None]
    for account in life.accounts:
        told = history.told(
            [fact for fact in changed if fact.account == account.id],
            life.context.assets,
            life.context.instruments,
            life.clock.now(),
        )
        found |= told.differences(history.true(life.world.books(account.id), account.venue)).keys()
    return found


def of(kind: type, /, **terms: Callable[[object], object]) -> Change:
    """Facts of a kind with some of their terms changed."""

    def change(fact: Fact) -> Fact:
        if not isinstance(fact.body, kind):
            return fact
        made = {name: make(getattr(fact.body, name)) for name, make in terms.items()}
        return replace(fact, body=replace(fact.body, **made))

    return change


def without(kind: type) -> Change:
    return lambda fact: None if isinstance(fact.body, kind) else fact


def late(kind: type) -> Change:
    hour = timedelta(hours=1)
    return lambda fact: (
        replace(fact, occurred_at=fact.occurred_at - hour) if isinstance(fact.body, kind) else fact
    )


def entries_off(lines: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(replace(line, entry_price=line.entry_price + Decimal("1e-8")) for line in lines)


def one_line_less(lines: tuple[object, ...]) -> tuple[object, ...]:
    return lines[1:]


def test_what_the_connectors_say_is_the_truth(life: Life) -> None:
    assert parts_that_differ(life, lambda fact: fact) == set()


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (without(Trade), {"fills", "movements", "opened"}),
        (without(CashFlow), {"movements"}),
        (without(Transfer), {"movements"}),
        (of(Trade, price=lambda price: price + Decimal("1e-8")), {"fills"}),
        (of(Trade, quantity=lambda size: -size), {"fills", "movements", "opened"}),
        (of(Trade, fees=lambda _: ()), {"fills", "movements"}),
        (of(Trade, tag=lambda _: None), {"fills"}),
        (of(Trade, order_id=lambda order: f"{order}0"), {"fills"}),
        (of(Trade, wallet=lambda _: "elsewhere"), {"fills", "movements"}),
        (of(Transfer, kind=lambda _: TransferKind.EXTERNAL), {"movements"}),
        (of(Transfer, kind=lambda _: TransferKind.INTERNAL), {"movements"}),
        (late(Trade), {"fills", "movements"}),
        (late(Transfer), {"movements"}),
        (late(CashFlow), {"movements"}),
        (of(CashFlow, instrument=lambda _: None), {"movements"}),
        (of(Settlement, quantity=lambda size: 2 * size), {"opened"}),
        (of(PositionSnapshot, lines=entries_off), {"positions"}),
        (of(PositionSnapshot, lines=one_line_less), {"positions"}),
        (of(BalanceSnapshot, wallet=lambda _: "elsewhere"), {"balances"}),
        (of(BalanceSnapshot, lines=one_line_less), {"balances"}),
    ],
)
def test_whatever_is_wrong_differs(change: Change, parts: set[str], life: Life) -> None:
    assert parts_that_differ(life, change) == parts
