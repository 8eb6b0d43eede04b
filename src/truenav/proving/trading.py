"""What clients of a world's venues do: they place orders of every kind, and take some of them back."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from truenav.proving.scenario import listed_markets
from truenav.simulator.entry import RefusedError
from truenav.simulator.market import Instrument
from truenav.simulator.orders import Order, Terms
from truenav.simulator.scenario import Side
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World

_SESSIONS = 2
"""How often clients come between two looks."""
_MOST_ORDERS = 3
_LEVELS = (-8, -3, -1, 0, 1, 4)
"""How far a limit may be from the market, in thousandths; above zero it takes."""


def trade_until(random: Random, world: World, clock: VirtualClock, until: datetime) -> None:
    """Let time pass up to an instant, with orders on the way; refused ones leave no trace."""
    begin = clock.now()
    minutes = int((until - begin) / timedelta(minutes=1))
    for minute in sorted(random.sample(range(1, minutes), _SESSIONS)):
        clock.set(begin + timedelta(minutes=minute, milliseconds=random.randint(0, 59_999)))
        for name, plan in world.scenario.accounts.items():
            for _ in range(random.randint(0, _MOST_ORDERS)):
                key = random.choice(listed_markets(plan.venue.id, clock.now() - world.inception))
                _place(random, world, name, world.market.instrument(plan.venue.prices, key))
            _cancel(random, world, name)
    clock.set(until)


def _place(random: Random, world: World, name: str, item: Instrument) -> None:
    quote = world.quote(item)
    if quote is None:
        return
    side: Side = random.choice(("buy", "sell"))
    tag, number = random.choice(("a", "b")), random.randint(0, 10**9)
    dash = "" if world.account(name).venue.dialect == "okx" else "-"
    away = random.choice(_LEVELS) if side == "buy" else -random.choice(_LEVELS)
    ticks = quote.last * (1000 + away) / 1000 // item.tick
    limit = None if random.random() < 0.3 else max(ticks, Decimal(1)) * item.tick
    terms = Terms(
        key=item.key,
        side=side,
        size=random.randint(1, 4000) * item.lot,
        price=limit,
        duration="gtc" if limit is None else random.choice(("gtc", "gtc", "gtc", "ioc", "fok")),
        post_only=limit is not None and random.random() < 0.2,
        reduce_only=item.kind != "spot" and random.random() < 0.2,
        client_id=f"{tag}{dash}{number:010d}",
        tag=tag,
    )
    try:
        world.place(name, terms)
    except RefusedError:
        return


def _cancel(random: Random, world: World, name: str) -> None:
    """Take back about every third order that rests."""
    resting: list[Order] = list(world.books(name).working.values())
    for order in resting:
        if random.random() < 0.3:
            world.cancel(name, order.id)
