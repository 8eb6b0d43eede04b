"""Views of the present, kept until something changes: an open page costs a look-up, not a valuation.

A view stands while no transaction committed a change to what it was read from, and at most `LONGEST`
seconds, since prices age without anybody writing. When it no longer stands it is built anew once, however
many ask; who asks waits `PATIENCE` seconds for it and is then shown the one before, which says its age.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from truenav.app.events.service import announce
from truenav.app.house import House
from truenav.app.overview.figures import figures_of
from truenav.app.overview.model import Figures
from truenav.app.overview.view import Opening, View, build_opening, build_view, start_of_day
from truenav.core.ids import NodeId, TenantId
from truenav.store.changes import changed_since, snapshot_of
from truenav.store.database import Session

LONGEST = timedelta(seconds=30)
PATIENCE = 0.4
SPARING = 20
"""A view that took long to build stands so many times as long, unless something changes."""

OPENING_KEPT = timedelta(minutes=10)

T = TypeVar("T")

_Key = tuple[TenantId, NodeId]


@dataclass(slots=True)
class Kept:
    """A view with the snapshot that it was read in, and what was made from it."""

    view: View
    snapshot: str
    built_at: datetime
    opening: Opening | None
    opening_at: datetime
    seconds: float
    made: dict[str, Any] = field(default_factory=dict)

    def in_numeraire(self, code: str) -> Figures:
        """The first page in one numeraire."""
        return self.derived(f"figures {code}", lambda: figures_of(self.view, code))

    def derived(self, name: str, make: Callable[[], T]) -> T:
        """What follows from the view, made when first asked for."""
        if name not in self.made:
            self.made[name] = make()
        made: T = self.made[name]
        return made


class LiveViews:
    """The present view of each fund that somebody looks at. Safe to use from many threads."""

    def __init__(self, house: House, *, workers: int = 2) -> None:
        self._house = house
        self._lock = threading.Lock()
        self._kept: dict[_Key, Kept] = {}
        self._building: dict[_Key, Future[Kept]] = {}
        self._workers = ThreadPoolExecutor(workers, "views")

    def get(self, session: Session, tenant: TenantId, fund: NodeId) -> tuple[Kept, bool]:
        """The view to show now, and whether a newer one is being built."""
        key = (tenant, fund)
        kept = self._kept.get(key)
        until = time.monotonic() + PATIENCE
        while kept is None or not self._stands(session, kept):
            building = self._build(key, kept)
            if kept is None:
                return building.result(), False
            try:
                newer = building.result(max(0.0, until - time.monotonic()))
            except NotYet:
                return kept, True
            if newer.view.inputs.known_at <= kept.view.inputs.known_at:
                return newer, True
            kept = newer  # built from a state before the one that this reader sees, perhaps
        return kept, False

    def close(self) -> None:
        """Start no more building."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _stands(self, session: Session, kept: Kept) -> bool:
        longest = max(LONGEST, timedelta(seconds=SPARING * kept.seconds))
        young = self._house.clock.now() - kept.built_at < longest
        return young and not changed_since(session, kept.snapshot)

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
                    self._kept[key] = building.result()

        return done

    def _made(self, key: _Key, before: Kept | None) -> Kept:
        """Read and compute; tell whoever looks when a view took longer than they were made to wait."""
        tenant, fund = key
        began = time.monotonic()
        now = self._house.clock.now()
        with self._house.database.transaction(tenant, snapshot=True) as session:
            snapshot = snapshot_of(session)
            opening, opening_at = self._opening(session, key, before, now)
            view = build_view(session, self._house, tenant, fund, as_of=now, known_at=now, opening=opening)
        if before is not None:
            with self._house.database.transaction(tenant) as session:
                announce(session, "valued", fund=fund)
        return Kept(view, snapshot, now, opening, opening_at, time.monotonic() - began)

    def _opening(
        self, session: Session, key: _Key, before: Kept | None, now: datetime
    ) -> tuple[Opening | None, datetime]:
        day = start_of_day(now)
        if (
            before is not None
            and start_of_day(before.built_at) == day
            and now - before.opening_at < OPENING_KEPT
        ):
            return before.opening, before.opening_at
        return build_opening(session, self._house, *key, at=day, known_at=now), now
