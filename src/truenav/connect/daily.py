"""What changes seldom is asked for once a day; the cursor of its step is the instant at which it was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta

from truenav.connect.contract import Cursor, Payload
from truenav.connect.gathering import Pages, Step
from truenav.core.facts import Fact, PositionSnapshot

KEPT = timedelta(days=1)
MOST = 40
"""How many of one kind a gathering asks for; the turn of the others comes at the next."""


def is_due(name: str, cursors: Mapping[str, Cursor], now: datetime) -> bool:
    """Whether something was not asked for within a day."""
    asked = cursors.get(name)
    return asked is None or now - asked.at >= KEPT


def each_daily(
    name: str,
    codes: Iterable[str],
    ask: Callable[[str], Awaitable[Payload]],
    cursors: Mapping[str, Cursor],
    now: datetime,
) -> list[Step]:
    """One step for each code that is due: what was never asked for first, then what was longest ago."""
    keys = {f"{name}?{code}": code for code in codes}
    due = sorted((key for key in keys if is_due(key, cursors, now)), key=lambda key: _turn(key, cursors))
    return [(key, _noted(ask(keys[key]), now)) for key in due[:MOST]]


def _turn(key: str, cursors: Mapping[str, Cursor]) -> tuple[str, str]:
    asked = cursors.get(key)
    return "" if asked is None else asked.at.isoformat(), key


async def _noted(answer: Awaitable[Payload], now: datetime) -> Pages:
    return Pages((await answer,), Cursor("", now))


def held_codes(facts: Iterable[Fact], namespace: str, wallet: str) -> list[str]:
    """What the venue calls the contracts of a namespace that a wallet's positions are in."""
    prefix = f"{namespace}:"
    snapshots = (fact.body for fact in facts if isinstance(fact.body, PositionSnapshot))
    names = {line.instrument for one in snapshots if one.wallet == wallet for line in one.lines}
    return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))
