"""Trades in columns are a sequence of facts like any other, and make each only when it is looked at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from truenav.core.asset import BTC, USDT
from truenav.core.facts import Fact, Trade
from truenav.core.money import Amount
from truenav.core.trades import MICROSECOND, MILLISECOND, Instants, Trades, joined

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = 5


def columns(size=SIZE):
    """Spot trades, of which every other one has a fee."""
    numbers = [Decimal(n + 1) for n in range(size)]
    return Trades(
        source="okx",
        evidence="0" * 64,
        account=["main"] * size,
        external_id=[f"fill:{n}" for n in range(size)],
        occurred_at=[T0 + timedelta(seconds=n) for n in range(size)],
        wallet=["trading"] * size,
        instrument=["okx:BTC-USDT"] * size,
        quantity=numbers,
        price=[one * 2 for one in numbers],
        cost=[-2 * one * one for one in numbers],
        cost_asset=[USDT] * size,
        realised=[None] * size,
        realised_asset=[USDT] * size,
        fee=[Decimal("-0.1") if n % 2 else None for n in range(size)],
        fee_asset=[BTC] * size,
        order_id=["7"] * size,
        tag=["mm"] * size,
    )


def fact(n):
    number, fees = Decimal(n + 1), (Amount(Decimal("-0.1"), BTC),) if n % 2 else ()
    cost = Amount(-2 * number * number, USDT)
    body = Trade("trading", "okx:BTC-USDT", number, number * 2, cost, None, fees, "7", "mm")
    return Fact("okx", "main", f"fill:{n}", T0 + timedelta(seconds=n), body, "0" * 64)


FACTS = [fact(n) for n in range(SIZE)]


def test_they_are_the_facts_one_by_one_and_all_together():
    trades = columns()
    assert len(trades) == SIZE
    assert list(trades) == FACTS
    assert trades[-1] == FACTS[-1]
    assert trades == tuple(FACTS)
    assert trades != tuple(FACTS[1:])


def test_a_part_of_them_is_in_columns_too():
    trades = columns()
    assert isinstance(trades[1:3], Trades)
    assert trades[1:3] == FACTS[1:3]
    assert trades.kept([True, False, True, False, False]) == [FACTS[0], FACTS[2]]


def test_parts_are_joined_in_their_order():
    trades = columns()
    assert joined([trades[:2], trades[2:]]) == FACTS
    assert joined([trades]) is trades


def test_instants_are_made_of_milliseconds():
    instants = Instants([0, 1_767_225_600_123])
    assert list(instants) == [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 123_000, tzinfo=UTC),
    ]
    assert list(instants[1:]) == [instants[1]]


def test_instants_are_made_of_microseconds_where_a_venue_tells_them():
    instants = Instants([0, 1_767_225_600_123_456], MICROSECOND)
    assert instants[1] == datetime(2026, 1, 1, 0, 0, 0, 123_456, tzinfo=UTC)
    assert list(instants[1:]) == [instants[1]]


def test_joined_instants_are_still_made_only_when_looked_at():
    parts = [replace(columns(2), occurred_at=Instants([0, n])) for n in (1, 2)]
    whole = joined(parts)
    assert isinstance(whole.occurred_at, Instants)
    assert list(whole) == [*parts[0], *parts[1]]


def test_instants_of_different_steps_are_joined_too():
    parts = [replace(columns(1), occurred_at=Instants([7], step)) for step in (MICROSECOND, MILLISECOND)]
    assert list(joined(parts)) == [*parts[0], *parts[1]]
