"""The latest live quotes of a tenant, in memory: never a backlog, never in the journal."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from truenav.calc.pricing.quotes import QuoteKey, quote_key
from truenav.core.facts import Fact
from truenav.core.ids import TenantId


@dataclass(frozen=True, slots=True)
class LiveQuotes:
    """What a board held at one moment. ``stamp`` differs from that of any other state of the board.

    ``since``: from when on every stream of the tenant's venues has stood; None while one does not.
    """

    stamp: int
    since: datetime | None
    quotes: tuple[Fact, ...]


class MarkBoard:
    """One tenant's latest quotes. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._quotes: dict[QuoteKey, Fact] = {}
        self._since: datetime | None = None
        self._stamp = 0

    @property
    def stamp(self) -> int:
        """Grows whenever a price or the streams' state changes."""
        return self._stamp

    def take(self, facts: Iterable[Fact], *, at: datetime) -> bool:
        """Keep each quote that is not older than the one known; gives whether a price changed.

        A venue's clock may run ahead of ours: what was received ``at`` an instant did not occur after it.
        """
        changed = False
        with self._lock:
            for fact in facts:
                key = quote_key(fact)
                if key is None:
                    continue
                timely = fact if fact.occurred_at <= at else replace(fact, occurred_at=at)
                known = self._quotes.get(key)
                if known is not None and timely.occurred_at < known.occurred_at:
                    continue
                self._quotes[key] = timely
                changed = changed or known is None or known.body != timely.body
            self._stamp += changed
        return changed

    def stand(self, since: datetime | None) -> bool:
        """Note from when on all streams have stood; gives whether that is news."""
        with self._lock:
            changed = since != self._since
            self._since = since
            self._stamp += changed
        return changed

    def latest(self, wanted: Collection[QuoteKey]) -> LiveQuotes:
        """The quotes of what is wanted, as far as they are known."""
        with self._lock:
            found = tuple(fact for key, fact in self._quotes.items() if key in wanted)
            return LiveQuotes(self._stamp, self._since, found)

    def forget(self) -> None:
        """Nobody looks any more: what is known grows old unseen, so it goes."""
        with self._lock:
            self._quotes.clear()
            self._since = None
            self._stamp += 1


class MarkBoards:
    """The boards of all tenants that are looked at."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._boards: dict[TenantId, MarkBoard] = {}

    def of(self, tenant: TenantId) -> MarkBoard:
        """A tenant's board."""
        with self._lock:
            return self._boards.setdefault(tenant, MarkBoard())
