"""Whether what happened explains what is held: every window between two snapshots of one wallet.

    opening + facts = closing            difference = closing - opening - facts

over the union of both sides, so that what vanished or appeared without a fact is a break. A fact belongs to
the window ``(opening, closing]``: one at the very instant of a snapshot is in it already. Method:
docs/methods/reconciliation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from truenav.calc.ledger.book import WalletKey, quantities, snapshot_order
from truenav.calc.ledger.deltas import Delta, closing, deltas
from truenav.core.facts import BalanceSnapshot, Fact, PositionSnapshot
from truenav.core.instrument import InstrumentBook, UnknownInstrumentError
from truenav.core.money import ZERO, exact


class ReconciliationStatus(StrEnum):
    """Outcome of one comparison; ``unread``: there is no closing snapshot to compare with."""

    OK = "ok"
    BREAK = "break"
    NO_OPENING = "no_opening"
    UNREAD = "unread"


def judge(
    opening: Decimal | None, moved: Decimal, closing: Decimal | None, tolerance: Decimal = ZERO
) -> tuple[ReconciliationStatus, Decimal | None]:
    """The outcome and the difference of one comparison; None for a side that is not known."""
    if closing is None:
        return ReconciliationStatus.UNREAD, None
    if opening is None:
        return ReconciliationStatus.NO_OPENING, None
    difference = closing - opening - moved
    broken = abs(difference) > tolerance
    return ReconciliationStatus.BREAK if broken else ReconciliationStatus.OK, difference


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of one quantity, and the fact that states it."""

    fact: Fact
    delta: Delta


@dataclass(slots=True)
class WalletHistory:
    """All snapshots of one wallet and all that moved it, both in time order."""

    snapshots: list[Fact] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Window:
    """One asset or contract of one wallet from the snapshot ``opened`` to the snapshot ``closed``.

    ``opening`` None: not known; ``closing`` None: never read. ``fact_count`` changes make up ``moved``.
    """

    account: str
    wallet: str
    subject: str
    is_position: bool
    opened: Fact | None
    closed: Fact | None
    opening: Decimal | None
    moved: Decimal
    closing: Decimal | None
    difference: Decimal | None
    status: ReconciliationStatus
    fact_count: int

    @property
    def key(self) -> WalletKey:
        """The wallet, and whether this is of its positions."""
        return (self.account, self.wallet, self.is_position)

    @property
    def opening_at(self) -> datetime | None:
        """When it begins; None: with the first fact."""
        return None if self.opened is None else self.opened.occurred_at

    @property
    def closing_at(self) -> datetime | None:
        """When it ends; None: not yet."""
        return None if self.closed is None else self.closed.occurred_at

    @property
    def is_break(self) -> bool:
        """Whether the facts do not explain the change."""
        return self.status is ReconciliationStatus.BREAK


def histories(
    facts: Iterable[Fact], instruments: InstrumentBook
) -> tuple[Mapping[WalletKey, WalletHistory], tuple[Fact, ...]]:
    """What is known of each wallet, by key, and the facts that cannot be booked for want of contract terms.

    The order of ``facts`` does not matter. Of two snapshots at one instant the one with the greater external
    id is kept, as everywhere.
    """
    found: dict[WalletKey, WalletHistory] = {}
    unbooked: list[Fact] = []
    for fact in sorted(facts, key=_fact_order):
        if isinstance(fact.body, BalanceSnapshot | PositionSnapshot):
            key = (fact.account, fact.body.wallet, isinstance(fact.body, PositionSnapshot))
            _keep(found.setdefault(key, WalletHistory()).snapshots, fact)
            continue
        try:
            changes = deltas(fact, instruments)
        except UnknownInstrumentError:
            unbooked.append(fact)
            continue
        for delta in changes:
            key = (delta.account, delta.wallet, delta.is_position)
            found.setdefault(key, WalletHistory()).movements.append(Movement(fact, delta))
    return {key: found[key] for key in sorted(found)}, tuple(unbooked)


def windows(history: WalletHistory) -> Iterator[tuple[Window, ...]]:
    """Each window of a wallet in time order: a row for every asset or contract of opening, facts or closing.

    What happened before the first snapshot or after the last belongs to no window.
    """
    yield from _fold(history.snapshots, history.movements)


def span(key: WalletKey, history: WalletHistory, *, from_nothing: bool = False) -> tuple[Window, ...]:
    """A wallet from its first snapshot to its last in one row for each asset or contract, by subject.

    ``from_nothing``: it is taken to have held nothing before its first fact, so that its first snapshot must
    be explained, too. Where there is nothing to compare with, the rows say so.
    """
    last = history.snapshots[-1] if history.snapshots else None
    if last is None or from_nothing:
        return _rows(key, None, {}, history.movements, last)
    if len(history.snapshots) == 1:
        return _rows(key, None, None, history.movements, last)
    (rows,) = _fold([history.snapshots[0], last], history.movements)
    return rows


def _fold(snapshots: Sequence[Fact], movements: Sequence[Movement]) -> Iterator[tuple[Window, ...]]:
    place = 0
    for opened, closed in pairwise(snapshots):
        place = _first_after(movements, place, opened.occurred_at)
        end = _first_after(movements, place, closed.occurred_at)
        assert isinstance(opened.body, BalanceSnapshot | PositionSnapshot)
        key = (opened.account, opened.body.wallet, isinstance(opened.body, PositionSnapshot))
        yield _rows(key, opened, quantities(opened), movements[place:end], closed)
        place = end


def _first_after(movements: Sequence[Movement], start: int, at: datetime) -> int:
    while start < len(movements) and movements[start].fact.occurred_at <= at:
        start += 1
    return start


def _rows(
    key: WalletKey,
    opened: Fact | None,
    opening: Mapping[str, Decimal] | None,
    movements: Sequence[Movement],
    closed: Fact | None,
) -> tuple[Window, ...]:
    """One comparison for each subject of the union; ``opening`` None: not known."""
    moved: dict[str, Decimal] = {}
    counts: dict[str, int] = {}
    before, after = opening or {}, {} if closed is None else quantities(closed)
    rows = []
    with exact():
        for movement in movements:
            if closed is not None and movement.fact.occurred_at > closed.occurred_at:
                break
            subject = movement.delta.subject
            so_far = moved.get(subject, ZERO)
            held = before.get(subject, ZERO) + so_far
            moved[subject] = so_far + closing(movement.delta, held).quantity
            counts[subject] = counts.get(subject, 0) + 1
        for subject in sorted(before.keys() | moved.keys() | after.keys()):
            start, change, end = (some.get(subject, ZERO) for some in (before, moved, after))
            if not (start or change or end):
                continue
            known = None if opening is None else start
            read = None if closed is None else end
            status, difference = judge(known, change, read)
            rows.append(
                Window(
                    *key[:2],
                    subject,
                    key[2],
                    opened,
                    closed,
                    known,
                    change,
                    read,
                    difference,
                    status,
                    counts.get(subject, 0),
                )
            )
    return tuple(rows)


def _keep(snapshots: list[Fact], fact: Fact) -> None:
    if snapshots and snapshots[-1].occurred_at == fact.occurred_at:
        snapshots[-1] = max(snapshots[-1], fact, key=snapshot_order)
    else:
        snapshots.append(fact)


def _fact_order(fact: Fact) -> tuple[datetime, str, str, str]:
    return fact.occurred_at, fact.account, fact.kind, fact.external_id
