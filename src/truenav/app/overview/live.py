"""Views of the present, kept until something changes: an open page costs a look-up, not a valuation.

A view stands while no transaction committed a change to what it was read from, and at most `LONGEST`
seconds, since prices age without anybody writing. When it no longer stands it is built anew once, however
many ask; who asks waits `PATIENCE` seconds for it (not at all where the last one took longer) and is then
shown the one before, which says its age.

Live marks move a view between two buildings: the same facts, repriced by the quotes of the tenant's board.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from truenav.app.events.service import announce
from truenav.app.house import House
from truenav.app.marks.board import LiveQuotes, MarkBoard, MarkBoards
from truenav.app.nav.inputs import assemble_inputs
from truenav.app.overview.figures import figures_of
from truenav.app.overview.model import Figures, Liveness
from truenav.app.overview.view import (
    Opening,
    View,
    build_opening,
    read_surroundings,
    start_of_day,
    view_of,
)
from truenav.calc.nav.reprice import reprice, with_quotes
from truenav.calc.nav.valuation import Valuation, value_nav
from truenav.calc.pricing.quotes import QuoteKey, quote_key
from truenav.core.ids import NodeId, Sha256, TenantId
from truenav.store.changes import changed_since, snapshot_of
from truenav.store.database import Session
from truenav.store.recall import Recall

LONGEST = timedelta(seconds=30)
PATIENCE = 0.2
SPARING = 20
"""A view that took long to build stands so many times as long, unless something changes."""

RESTING = 4
"""And so many times as long though something changes all the time: the rest is for whoever reads."""

AT_ONCE = 2
"""Views that are computed at the same moment; others wait."""

OPENING_KEPT = timedelta(minutes=10)
LOOKED_AT_SECONDS = 600.0
"""A view that nobody asked for so long does not follow the marks, and is forgotten when the next is kept; an
open page asks every 30 seconds."""

T = TypeVar("T")

_Key = tuple[TenantId, NodeId]


class Following(Protocol):
    """Something made from one valuation after the other, for what changed between them."""

    def follow(self, valuation: Valuation) -> object:
        """Go on to this valuation."""
        ...


F = TypeVar("F", bound=Following)


@dataclass(slots=True)
class Kept:
    """A view with the snapshot that its facts were read in, and what was made from it.

    ``read_at`` is when the facts were read, ``stamp`` the state of the board whose quotes moved it since, and
    ``asked_at`` (monotonic seconds) when somebody wanted it last. ``recall`` and ``following`` go on to the
    next view.
    """

    view: View
    valuation: Valuation
    snapshot: str
    read_at: datetime
    opening_at: datetime
    seconds: float
    wanted: frozenset[QuoteKey]
    stamp: int
    asked_at: float
    recall: Recall
    built_at: float = field(default_factory=time.monotonic)
    following: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    @property
    def as_of(self) -> datetime:
        """The instant that the view shows."""
        return self.view.result.as_of

    def in_numeraire(self, code: str) -> Figures:
        """The first page in one numeraire."""
        return self.derived(f"figures {code}", lambda: figures_of(self.view, code))

    def derived(self, name: str, make: Callable[[], T]) -> T:
        """What follows from the view, made when first asked for, once however many ask."""
        with self._locks.setdefault(name, threading.Lock()):
            if name not in self.made:
                self.made[name] = make()
            made: T = self.made[name]
            return made

    def followed_by(self, name: str, make: Callable[[], F]) -> F:
        """What follows this view and all after it, made when first asked for."""
        following: F = self.following.setdefault(name, make())
        following.follow(self.valuation)
        return following


class LiveViews:
    """The present view of each fund that somebody looks at. Safe to use from many threads."""

    def __init__(self, house: House, boards: MarkBoards | None = None) -> None:
        self._house = house
        self._boards = boards or MarkBoards()
        self._lock = threading.Lock()
        self._kept: dict[_Key, Kept] = {}
        self._building: dict[_Key, Future[Kept]] = {}
        self._to_check: set[_Key] = set()
        self._workers = ThreadPoolExecutor(4 * AT_ONCE, "views")
        self._computing = threading.Semaphore(AT_ONCE)
        self._closed = threading.Event()

    def get(
        self, session: Session, tenant: TenantId, fund: NodeId, *, patience: float = PATIENCE
    ) -> tuple[Kept, bool]:
        """The view to show now, and whether a newer one is being built (waited for so many seconds)."""
        key = (tenant, fund)
        kept = self._kept.get(key)
        if kept is None:  # the first may have been begun by who came before, and not know what this one sees
            kept = self._build(key, None).result()
        kept.asked_at = time.monotonic()
        until = time.monotonic() + (patience if kept.seconds <= patience else 0.0)
        while not self._stands(session, kept):
            try:
                newer = self._build(key, kept).result(max(0.0, until - time.monotonic()))
            except NotYet:
                return kept, True
            if newer.view.inputs.known_at <= kept.view.inputs.known_at:
                return newer, True
            kept = newer  # built from a state before the one that this reader sees, perhaps
        return kept, False

    def freshen(self, tenant: TenantId, fund: NodeId) -> None:
        """Have a kept view made anew if it no longer stands; whoever looks is told when it is there.

        Returns at once. However many ask at the same moment, it is checked once.
        """
        key = (tenant, fund)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return
            kept.asked_at = time.monotonic()
            if key in self._to_check:
                return
            self._to_check.add(key)
        self._workers.submit(self._check, key)

    def __len__(self) -> int:
        """How many views are kept."""
        return len(self._kept)

    def wanted(self, tenant: TenantId) -> frozenset[QuoteKey]:
        """The quotes that move what somebody of the tenant looks at."""
        return frozenset().union(*(kept.wanted for _, kept in self._looked_at(tenant)))

    def reprice(self, tenant: TenantId) -> tuple[NodeId, ...]:
        """Move the tenant's views to the live marks; gives the funds whose figures are new."""
        board = self._boards.of(tenant)
        return tuple(
            fund
            for fund, kept in self._looked_at(tenant)
            if kept.stamp != board.stamp and self._replace((tenant, fund), kept, self._moved(kept, board))
        )

    def _looked_at(self, tenant: TenantId) -> list[tuple[NodeId, Kept]]:
        since = time.monotonic() - LOOKED_AT_SECONDS
        with self._lock:
            return [
                (fund, kept)
                for (owner, fund), kept in self._kept.items()
                if owner == tenant and kept.asked_at > since
            ]

    def _moved(self, kept: Kept, board: MarkBoard) -> Kept:
        live = board.latest(kept.wanted)
        as_of = max(self._house.clock.now(), kept.as_of)
        valuation = reprice(kept.valuation, live.quotes, as_of=as_of)
        view = view_of(
            valuation, kept.view.around, moved=kept.view, live=_liveness(live), unarchived=_unarchived(live)
        )
        _go_on(kept.following, valuation)
        return replace(kept, view=view, valuation=valuation, stamp=live.stamp, made={}, _locks={})

    def _replace(self, key: _Key, before: Kept, after: Kept) -> bool:
        """Show the moved view, unless the facts were read anew meanwhile: then it moves at the next turn."""
        with self._lock:
            if self._kept.get(key) is not before:
                return False
            after.asked_at = before.asked_at
            self._kept[key] = after
            return True

    def close(self) -> None:
        """Start no more building."""
        self._closed.set()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _stands(self, session: Session, kept: Kept) -> bool:
        longest = max(LONGEST, timedelta(seconds=SPARING * kept.seconds))
        young = self._house.clock.now() - kept.read_at < longest
        return young and not changed_since(session, kept.snapshot)

    def _check(self, key: _Key) -> None:
        with self._lock:
            self._to_check.discard(key)  # what commits from here on is checked anew
            kept = self._kept.get(key)
        with self._house.database.transaction(key[0], snapshot=True) as session:
            if kept is not None and not self._stands(session, kept):
                self._build(key, kept)

    def _build(self, key: _Key, before: Kept | None) -> Future[Kept]:
        with self._lock:
            found = self._building.get(key)
            if found is None:
                found = self._workers.submit(self._made, key, before)
                self._building[key] = found
                found.add_done_callback(self._done(key))
            return found

    def _done(self, key: _Key) -> Callable[[Future[Kept]], None]:
        def done(building: Future[Kept]) -> None:
            with self._lock:
                if self._building.get(key) is building:
                    del self._building[key]
                if not building.cancelled() and building.exception() is None:
                    since = time.monotonic() - LOOKED_AT_SECONDS
                    looked_at = {one: kept for one, kept in self._kept.items() if kept.asked_at > since}
                    self._kept = {**looked_at, key: building.result()}

        return done

    def _made(self, key: _Key, before: Kept | None) -> Kept:
        """Read and compute when it is time; tell whoever looks that there is a newer view."""
        rest = 0.0 if before is None else before.built_at + RESTING * before.seconds - time.monotonic()
        if self._closed.wait(max(0.0, rest)):
            raise CancelledError
        with self._computing:
            return self._computed(key, before)

    def _computed(self, key: _Key, before: Kept | None) -> Kept:
        tenant, fund = key
        began = time.monotonic()
        now = self._house.clock.now()
        with self._house.database.transaction(tenant, snapshot=True) as session:
            snapshot = snapshot_of(session)
            opening, opening_at = self._opening(session, key, before, now)
            recall = Recall(None if before is None else before.recall)
            inputs = assemble_inputs(
                session, self._house, tenant, fund, as_of=now, known_at=now, recall=recall
            )
            around = read_surroundings(session, self._house, tenant, inputs, opening)
        wanted = frozenset(one for fact in inputs.facts if (one := quote_key(fact)) is not None)
        live = self._boards.of(tenant).latest(wanted)
        valuation = value_nav(with_quotes(inputs, live.quotes, as_of=now))
        view = view_of(valuation, around, live=_liveness(live), unarchived=_unarchived(live))
        following = {} if before is None else before.following
        _go_on(following, valuation)
        if before is not None:
            with self._house.database.transaction(tenant) as session:
                announce(session, "valued", fund=fund)
        return Kept(
            view=view,
            valuation=valuation,
            snapshot=snapshot,
            read_at=now,
            opening_at=opening_at,
            seconds=time.monotonic() - began,
            wanted=wanted,
            stamp=live.stamp,
            asked_at=time.monotonic(),
            recall=recall,
            following=following,
        )

    def _opening(
        self, session: Session, key: _Key, before: Kept | None, now: datetime
    ) -> tuple[Opening | None, datetime]:
        day = start_of_day(now)
        if (
            before is not None
            and start_of_day(before.read_at) == day
            and now - before.opening_at < OPENING_KEPT
        ):
            return before.view.around.opening, before.opening_at
        return build_opening(session, self._house, *key, at=day, known_at=now), now


def _go_on(following: dict[str, Any], valuation: Valuation) -> None:
    """Once for all who look, before they are told."""
    for one in tuple(following.values()):
        one.follow(valuation)


def _liveness(live: LiveQuotes) -> Liveness:
    return Liveness(live.since, min((fact.occurred_at for fact in live.quotes), default=None))


def _unarchived(live: LiveQuotes) -> frozenset[Sha256]:
    return frozenset(fact.evidence for fact in live.quotes)
