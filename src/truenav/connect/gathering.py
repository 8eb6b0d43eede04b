"""Gathering one account or market: steps side by side, pages that connect, failures as values."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from truenav.connect.asking import Endpoint
from truenav.connect.contract import (
    CLOCK_ALARM,
    Cursor,
    Errand,
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
from truenav.core.evidence import Evidence
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument, InstrumentKind

if TYPE_CHECKING:
    from truenav.connect.transport import Transport

AnEndpoint = TypeVar("AnEndpoint", bound=Endpoint, contravariant=True)

MAX_PAGES = 1000
"""Pages of one endpoint in one gathering; the rest follows at the next one."""


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """Identity and instant of one row of a history, ordered by time."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Pages:
    """Answers of one endpoint, or a part of them that is complete by itself.

    ``cursor`` is where the next sync begins, None if it stays; ``marks`` are further places by their names,
    kept beside it. ``more`` tells that the history goes on behind them.
    """

    payloads: tuple[Payload, ...]
    cursor: Cursor | None = None
    marks: tuple[tuple[str, Cursor], ...] = ()
    more: bool = False


class Client(Protocol[AnEndpoint]):
    """Asks a venue's endpoints, with a key or without."""

    def get(
        self, endpoint: AnEndpoint, params: Mapping[str, str] | None = None, /
    ) -> Coroutine[object, object, Payload]:
        """One answer; raises a ``VenueError``."""
        ...


Parts = AsyncIterator[Pages]
"""A history part by part, each recorded before the next is asked for."""

Step = tuple[str, Coroutine[object, object, Pages] | Parts]
"""The name of what is asked, which is its cursor's, and the asking."""

Ask = Callable[[Row | None], Awaitable[tuple[Payload, list[Row]]]]
"""Asks for the page that begins at a row (that row included), or for the first page."""


async def following(ask: Ask, cursor: Cursor | None, *, limit: int, what: str) -> Parts:
    """Read ascending pages, each beginning with the row that ended the last one, and give each as it comes.

    The repeated row proves that no page between is missing, and that an empty page is not taken for
    the end. Raises ``IncompletePagesError`` where it does not repeat; what was given before stays.
    """
    last = None if cursor is None else Row(cursor.at, cursor.id)
    for _ in range(MAX_PAGES):
        payload, rows = await ask(last)
        if last is not None and last.id not in {row.id for row in rows}:
            raise IncompletePagesError(
                f"{what}: row {last.id} of the last page is not on the next one; nothing from there on is "
                "taken, the next gathering reads it again."
            )
        newest, full = max(rows, default=last), len(rows) >= limit
        if full and newest == last:
            raise IncompletePagesError(f"{what}: {limit} rows bear one instant; the page cannot be turned.")
        last = newest
        yield Pages((payload,), _place(last), more=full)
        if not full:
            break


async def turning(
    ask: Ask, name: str, cursors: Mapping[str, Cursor], *, since: datetime, limit: int, what: str
) -> Parts:
    """Read descending pages, newest first, back to the cursor's row (else to ``since``), each as it comes.

    ``ask(row)`` gives the page that begins with ``row``; a page that does not repeat it is a gap. The cursor
    called ``name`` moves when the last page came. Until then two marks keep how far back the reading is and
    where it began, and a reading that was broken off goes on from there.
    """
    cursor, *begun = (cursors.get(one) for one in places(name))
    until = since if cursor is None else cursor.at
    newest = last = None
    if broken_off(name, cursors):
        newest, last = (Row(one.at, one.id) for one in begun if one is not None)
    for _ in range(MAX_PAGES):
        payload, rows = await ask(last)
        found = {row.id for row in rows}
        if last is not None and last.id not in found:
            raise IncompletePagesError(
                f"{what}: row {last.id} does not repeat on the next page; a page is missing."
            )
        newest = newest or max(rows, default=None)
        overlaps = cursor is not None and cursor.id in found
        ended = len(rows) < limit or min(rows).at < until
        if ended and cursor is not None and not overlaps:
            raise IncompletePagesError(
                f"{what}: row {cursor.id} of the last sync is gone; the next gathering reads it again."
            )
        if ended or overlaps:
            top = _place(newest)
            yield Pages((payload,), top, marks=() if top is None else ((places(name)[1], top),))
            return
        if rows[-1] == last:
            raise IncompletePagesError(f"{what}: the same page came twice.")
        last = rows[-1]
        yield Pages((payload,), None, marks=_marks(name, newest, last), more=True)


def places(name: str) -> tuple[str, str, str]:
    """Names of a descending history's cursor, and of its marks: where a reading began, how far it came."""
    return name, f"{name} newest", f"{name} reached"


def broken_off(name: str, cursors: Mapping[str, Cursor]) -> bool:
    """Whether a descending reading began and did not end, and its marks are known.

    Marks that lie before the cursor are of a reading beside which another one came to its end.
    """
    cursor, newest, reached = (cursors.get(one) for one in places(name))
    if newest is None or reached is None or newest == cursor:
        return False
    return cursor is None or reached.at >= cursor.at


def _place(row: Row | None) -> Cursor | None:
    return None if row is None else Cursor(row.id, row.at)


def _marks(name: str, newest: Row | None, last: Row) -> tuple[tuple[str, Cursor], ...]:
    marks = zip(places(name)[1:], (_place(newest), _place(last)), strict=True)
    return tuple((key, place) for key, place in marks if place is not None)


def alone(client: Client[AnEndpoint], endpoint: AnEndpoint, params: Mapping[str, str] | None = None) -> Step:
    """A step that is one answer."""

    async def ask() -> Pages:
        return Pages((await client.get(endpoint, params),))

    return endpoint.name, ask()


async def confirming(answer: Awaitable[Payload], witness: str) -> Payload:
    """The answer that tells whether a list of positions lacks one; without it the list is not believed.

    ``witness`` names venue and answer. Raises ``IncompletePagesError``.
    """
    try:
        return await answer
    except VenueError as error:
        raise IncompletePagesError(
            f"{witness}, which confirms that no position is missing, is not read; the list of positions is "
            "not taken."
        ) from error


async def follow(ask: Ask, cursor: Cursor | None, *, limit: int, what: str) -> Pages:
    """All parts of ``following`` at once, for histories that are short or needed as a whole."""
    return await whole(following(ask, cursor, limit=limit, what=what))


async def unfold(ask: Ask, cursor: Cursor | None, *, since: datetime, limit: int, what: str) -> Pages:
    """All parts of ``turning`` at once, for histories that are short or needed as a whole.

    Raises ``IncompletePagesError`` where they have more than ``MAX_PAGES`` pages.
    """
    known = {} if cursor is None else {"": cursor}
    pages = await whole(turning(ask, "", known, since=since, limit=limit, what=what))
    if pages.more:
        raise IncompletePagesError(f"{what}: there are more than {MAX_PAGES} pages; begin at a later day.")
    return replace(pages, marks=())


async def whole(parts: Parts) -> Pages:
    """The parts of a history as one."""
    payloads: list[Payload] = []
    found = Pages(())
    async for part in parts:
        payloads += part.payloads
        marks = {**dict(found.marks), **dict(part.marks)}
        found = Pages((), part.cursor or found.cursor, tuple(marks.items()), part.more)
    return replace(found, payloads=tuple(payloads))


@dataclass(slots=True)
class Harvest:
    """Collects what one gathering learns; a step that fails becomes a failure, the others go on.

    Where the transport can record, a part of a long history is recorded before the next is asked for, and
    forgotten here; the last part goes with everything else.
    """

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
    unfinished: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    done: int = 0
    total: int = 0

    @classmethod
    def of(cls, api: Transport, errand: Errand) -> Self:
        """For an account."""
        return cls(api, errand.context, errand.account.id, report=errand.progress)

    async def run(self, steps: Iterable[Step]) -> list[Pages | None]:
        """Run steps side by side; each is a name (its cursor's key) and what it asks.

        Gives what each answered; of one that comes in parts, its last part.
        """
        named = list(steps)
        self.total += len(named)
        return list(await asyncio.gather(*(self._step(name, step) for name, step in named)))

    async def _step(self, name: str, step: Coroutine[object, object, Pages] | Parts) -> Pages | None:
        pages: Pages | None = None
        try:
            if isinstance(step, Coroutine):
                pages = await step
                self._take(name, pages)
            else:
                pages = await self._parts(name, step)
            if pages is not None and pages.more:
                self.unfinished.add(name)
        except VenueError as error:
            self._fail(name, error)
            return None
        finally:
            self.done += 1
            self.report(Progress(self.subject, self.done, self.total, name))
        return pages

    async def _parts(self, name: str, parts: Parts) -> Pages | None:
        """Take a history part by part; after one that could not be taken whole the cursor stays."""
        last: Pages | None = None
        held = False
        async for pages in parts:
            last = replace(pages, cursor=None, marks=()) if held else pages
            if self.api.record is None or not last.more:
                held = self._take(name, last) or held
                continue
            part, lost = self._part(name, last)
            held = lost or held
            await self.api.record(part)
            self.instruments.extend(part.instruments)
        return last

    def _take(self, name: str, pages: Pages) -> bool:
        """Keep what some pages state; gives whether something was lost, for which the cursor stays."""
        found, lost = self._part(name, pages)
        self.facts.extend(found.facts)
        self.instruments.extend(found.instruments)
        self.evidence.extend(found.evidence)
        self.problems.extend(found.problems)
        self.cursors.update(found.cursors)
        return lost

    def _part(self, name: str, pages: Pages) -> tuple[Gathered, bool]:
        """What some pages state, and whether something of it was lost.

        All are parsed before any is kept, so that a malformed one leaves nothing half-taken.
        """
        parsed = [parse(one.evidence, one.body, self.context) for one in pages.payloads]
        stated = [one.facts for one in parsed if one.facts]
        problems = tuple(problem for one in parsed for problem in one.problems)
        lost = any(problem.lost for problem in problems)
        cursors = {} if lost else dict(pages.marks)
        if pages.cursor is not None and not lost:
            cursors[name] = pages.cursor
        return (
            Gathered(
                # The facts of one large page stay in columns.
                facts=stated[0] if len(stated) == 1 else tuple(chain.from_iterable(stated)),
                instruments=tuple(one for found in parsed for one in found.instruments),
                evidence=tuple(one.evidence for one in pages.payloads),
                problems=problems,
                cursors=cursors,
            ),
            lost,
        )

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
        self.failed.add(name)
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
            unfinished=tuple(sorted(self.unfinished)),
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
