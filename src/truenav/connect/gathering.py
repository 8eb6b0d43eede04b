"""Gathering one account or market: steps side by side, pages that connect, failures as values."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from truenav.connect.contract import (
    CLOCK_ALARM,
    Cursor,
    Gathered,
    ParseContext,
    Payload,
    Problem,
    Progress,
    ProgressReport,
    silent,
)
from truenav.connect.errors import IncompletePagesError, VenueError
from truenav.connect.registry import parse
from truenav.connect.transport import Transport
from truenav.core.evidence import Evidence
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument, InstrumentKind

MAX_PAGES = 1000
"""Pages of one endpoint in one gathering; the rest follows at the next one."""


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """Identity and instant of one row of a history, ordered by time."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Pages:
    """Answers of one endpoint. ``cursor`` is where the next sync begins, None if it stays."""

    payloads: tuple[Payload, ...]
    cursor: Cursor | None = None


Ask = Callable[[Row | None], Awaitable[tuple[Payload, list[Row]]]]
"""Asks for the page that begins at a row (that row included), or for the first page."""


async def follow(ask: Ask, cursor: Cursor | None, *, limit: int, what: str) -> Pages:
    """Read ascending pages, each beginning with the row that ended the last one.

    The repeated row proves that no page between is missing, and that an empty page is not taken for
    the end. Raises ``IncompletePagesError`` where it does not repeat.
    """
    last = None if cursor is None else Row(cursor.at, cursor.id)
    payloads: list[Payload] = []
    for _ in range(MAX_PAGES):
        payload, rows = await ask(last)
        if last is not None and last.id not in {row.id for row in rows}:
            raise IncompletePagesError(
                f"{what}: row {last.id} of the last page is not on the next one; nothing of this endpoint is "
                "taken, the next gathering reads it again."
            )
        payloads.append(payload)
        newest = max(rows, default=last)
        if len(rows) < limit:
            last = newest
            break
        if newest == last:
            raise IncompletePagesError(f"{what}: {limit} rows bear one instant; the page cannot be turned.")
        last = newest
    return Pages(tuple(payloads), None if last is None else Cursor(last.id, last.at))


async def unfold(ask: Ask, cursor: Cursor | None, *, since: datetime, limit: int, what: str) -> Pages:
    """Read descending pages, newest first, back to the cursor's row (else to ``since``).

    ``ask(row)`` gives the page that begins with ``row``; a page that does not repeat it is a gap.
    """
    until = since if cursor is None else cursor.at
    payloads: list[Payload] = []
    newest: Row | None = None
    last: Row | None = None
    for _ in range(MAX_PAGES):
        payload, rows = await ask(last)
        found = {row.id for row in rows}
        if last is not None and last.id not in found:
            raise IncompletePagesError(
                f"{what}: row {last.id} does not repeat on the next page; a page is missing."
            )
        payloads.append(payload)
        newest = newest or max(rows, default=None)
        if cursor is not None and cursor.id in found:
            break
        ended = len(rows) < limit
        if ended or (rows and min(rows).at < until):
            if cursor is not None:
                raise IncompletePagesError(
                    f"{what}: row {cursor.id} of the last sync is gone; the next gathering reads it again."
                )
            break
        oldest = rows[-1]
        if oldest == last:
            raise IncompletePagesError(f"{what}: the same page came twice.")
        last = oldest
    return Pages(tuple(payloads), None if newest is None else Cursor(newest.id, newest.at))


@dataclass(slots=True)
class Harvest:
    """Collects what one gathering learns; a step that fails becomes a failure, the others go on."""

    api: Transport
    context: ParseContext
    subject: str
    kind: FailureKind = FailureKind.ACCOUNT_UNREAD
    report: ProgressReport = silent
    facts: list[Fact] = field(default_factory=list)
    instruments: list[Instrument] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    done: int = 0
    total: int = 0

    async def run(self, steps: Iterable[tuple[str, Coroutine[object, object, Pages]]]) -> list[Pages | None]:
        """Run steps side by side; each is a name (its cursor's key) and what it asks."""
        named = list(steps)
        self.total += len(named)
        return list(await asyncio.gather(*(self._step(name, step) for name, step in named)))

    async def _step(self, name: str, step: Coroutine[object, object, Pages]) -> Pages | None:
        try:
            pages = await step
            self._take(name, pages)
        except VenueError as error:
            self._fail(name, error)
            return None
        finally:
            self.done += 1
            self.report(Progress(self.subject, self.done, self.total, name))
        return pages

    def _take(self, name: str, pages: Pages) -> None:
        """Parse all pages before keeping any, so that a malformed one leaves nothing half-taken."""
        parsed = [parse(one.evidence, one.body, self.context) for one in pages.payloads]
        self.evidence.extend(one.evidence for one in pages.payloads)
        lost = False
        for one in parsed:
            self.facts.extend(one.facts)
            self.instruments.extend(one.instruments)
            self.problems.extend(one.problems)
            lost = lost or any(problem.lost for problem in one.problems)
        if pages.cursor is not None and not lost:
            self.cursors[name] = pages.cursor

    def require_prices(self) -> None:
        """Fail for spot markets, and for contracts, that were listed without a single price among them.

        A venue prices what it lists, so an empty list of prices is one that was not read.
        """
        quotes = [fact.body for fact in self.facts if isinstance(fact.body, Quote)]
        quoted = {one.base for one in quotes}
        traded = {one.base for one in quotes if one.kind is QuoteKind.LAST}
        contracts = {one.id for one in self.instruments if one.kind is not InstrumentKind.SPOT}
        pairs = {one.base for one in self.instruments if one.kind is InstrumentKind.SPOT}
        for what, listed, priced in (("spot", pairs, traded), ("contracts", contracts, quoted)):
            if listed and not listed & priced:
                message = f"{len(listed)} markets are listed and none has a price; the list is not believed."
                self._fail(f"prices of {what}", IncompletePagesError(message))

    def _fail(self, name: str, error: VenueError) -> None:
        self.failures.append(
            Failure(
                kind=self.kind,
                subject=self.subject,
                message=f"{name}: {error.message}",
                mend="Gather again; if it stays, check the key and the venue's status page.",
            )
        )

    def gathered(self) -> Gathered:
        """The result, in an order that does not depend on which answer came first.

        Facts that two pages repeat (the overlap) are given once, as of the page that was answered first:
        the verifier of a bundle reads the pages in that order, too.
        """
        latest_first = sorted(self.evidence, key=_received_order, reverse=True)
        received = {one.sha256: _received_order(one) for one in latest_first}
        facts = sorted(self.facts, key=lambda fact: received[fact.evidence], reverse=True)
        unique = {replace(fact, evidence=Sha256("")): fact for fact in facts}
        noticed = (*self.problems, *clock_alarm(self.api))
        problems = {(one.subject, one.message): one for one in noticed}
        return Gathered(
            facts=tuple(sorted(unique.values(), key=_fact_order)),
            instruments=tuple({one.id: one for one in sorted(self.instruments, key=_id)}.values()),
            evidence=tuple(sorted(self.evidence, key=_evidence_order)),
            problems=tuple(problems[key] for key in sorted(problems)),
            failures=tuple(sorted(self.failures, key=lambda one: one.message)),
            cursors=self.cursors,
            requests=self.api.counter.requests,
            weight=self.api.counter.weight,
        )


def clock_alarm(api: Transport) -> tuple[Problem, ...]:
    """A problem where requests had to be signed by the venue's time because ours differs much."""
    if abs(api.gate.clock_offset) <= CLOCK_ALARM:
        return ()
    venue = api.manifest.title
    return (
        Problem(
            where=api.manifest.name,
            message=f"{venue} refused our time stamps; its clock is more than "
            f"{CLOCK_ALARM.total_seconds():.0f} s from ours, and requests are signed by its time.",
            mend="Synchronise this machine's clock by NTP; 'truenav connection check' shows the difference.",
            subject=api.manifest.name,
        ),
    )


def _fact_order(fact: Fact) -> tuple[datetime, str, str]:
    return fact.occurred_at, fact.kind, fact.external_id


def _evidence_order(evidence: Evidence) -> tuple[str, datetime, Sha256]:
    return evidence.endpoint, evidence.asked_at, evidence.sha256


def _received_order(evidence: Evidence) -> tuple[datetime, Sha256]:
    return evidence.answered_at, evidence.sha256


def _id(instrument: Instrument) -> str:
    return instrument.id


def kept(cursor: Cursor | None, now: datetime, age: timedelta) -> Cursor | None:
    """The cursor, or None where the venue has forgotten its row by now and cannot repeat it."""
    return cursor if cursor is not None and now - cursor.at < age else None
