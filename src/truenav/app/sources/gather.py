"""Gathering: every connection side by side, each on its own, what failed told and the rest kept.

The bytes of each answer are archived before they are parsed. What one connection learned is recorded in
one transaction: evidence, facts, cursors, contract terms and data issues (windows that do not add up among
them), all or nothing. A long history is recorded part by part in the same way, each with the cursor behind
it, so a process killed at any point leaves whole parts and no half ones; gathering again repeats nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from truenav.app.completeness.orders import check_orders
from truenav.app.completeness.transfers import check_transfers
from truenav.app.completeness.windows import check_windows, note_late
from truenav.app.house import House
from truenav.app.sources.context import keep_instruments, parse_context
from truenav.app.sources.model import Connection
from truenav.app.sources.opening import open_source
from truenav.connect.contract import (
    AccountConnector,
    Credentials,
    Cursor,
    Errand,
    Gathered,
    MarketConnector,
    ParseContext,
    Payload,
    Problem,
    Progress,
    silent,
)
from truenav.connect.errors import VenueError
from truenav.connect.registry import connector, installed
from truenav.connect.transport import Network, open_network
from truenav.core.account import Account
from truenav.core.canonical import canonical_json, decode, sha256_hex
from truenav.core.failure import Failure, FailureKind, InvalidInputError, TruenavError
from truenav.core.ids import AccountId, TenantId
from truenav.core.instrument import Instrument, InstrumentBook
from truenav.store import cursors, definitions, evidence, issues
from truenav.store.blobs import BlobStore
from truenav.store.commit_points import commit_point
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.journal import AppendResult, Journal
from truenav.store.secrets import SecretNotFoundError

ProgressReport = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one connection's gathering brought; ``subject`` is its account, or its id for prices."""

    connection: Connection
    subject: str
    facts: int
    duplicates: int
    requests: int
    weight: int
    failures: tuple[Failure, ...]
    problems: int


@dataclass(slots=True)
class _Parts:
    """What the parts of one account's long histories brought before its gathering ended.

    ``lost`` tells what was not taken. ``doubtful``: with terms that may be too old something was not taken,
    and nothing is recorded after it.
    """

    facts: int = 0
    duplicates: int = 0
    problems: int = 0
    lost: list[str] = field(default_factory=list)
    instruments: list[Instrument] = field(default_factory=list)
    doubtful: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that gathering one connection needs, read beforehand."""

    connection: Connection
    account: Account | None
    credentials: Credentials | None
    cursors: Mapping[str, Cursor]
    failure: Failure | None = None

    @property
    def subject(self) -> str:
        return self.connection.account or self.connection.id

    @property
    def venue(self) -> tuple[str, str]:
        return self.connection.connector, self.connection.base_url or ""


def gather(
    house: House,
    tenant: TenantId,
    *,
    accounts: frozenset[AccountId] | None = None,
    history: bool = True,
    prices: bool = True,
    report: ProgressReport = silent,
) -> tuple[Outcome, ...]:
    """Read all enabled connections of a tenant, or the price sources and those of ``accounts``.

    Never raises for a venue's fault: an account that could not be read is in its outcome's failures.
    ``history`` False reads the present state alone. ``prices`` False reads accounts alone, and a venue's
    market only where its contract terms are not known. Outcomes come in the order of the connections' ids.
    """
    with house.database.transaction(tenant) as session:
        context = parse_context(session)
        plans = _plans(house, session, accounts)
        asked = plans if prices else _without_terms(plans, context)
        plans = plans if prices else [plan for plan in plans if plan.account is not None]
        found = issues.list_issues(session, kind=FailureKind.UNKNOWN_INSTRUMENT.value)
        unknown = frozenset(one.subject for one in found)
    return asyncio.run(_gather(house, tenant, plans, asked, context, unknown, history=history, report=report))


def _plans(house: House, session: Session, accounts: frozenset[AccountId] | None) -> list[_Plan]:
    known = {one.id: one for one in definitions.bodies(session, Kind.ACCOUNT, Account)}
    return [
        _plan(house, session, connection, known)
        for connection in definitions.bodies(session, Kind.CONNECTION, Connection)
        if connection.enabled
        and (accounts is None or connection.account is None or connection.account in accounts)
    ]


def _without_terms(plans: Iterable[_Plan], context: ParseContext) -> list[_Plan]:
    """Those of accounts at venues of which no contract terms are known."""
    known = {one.venue for one in context.instruments.instruments.values()}
    return [one for one in plans if one.account is not None and one.connection.connector not in known]


def _plan(
    house: House, session: Session, connection: Connection, known: Mapping[AccountId, Account]
) -> _Plan:
    account = known.get(connection.account) if connection.account else None
    try:
        connector(connection.connector)
        given = json.loads(house.vault.get(session, connection.secret_name))
        credentials = Credentials(**given)
    except SecretNotFoundError:
        credentials = None
    except TruenavError as error:
        return _Plan(connection, account, None, {}, _unread(connection, error.message))
    positions = cursors.get_all(session, connection.id)
    moved = {name: decode(Cursor, position) for name, position in positions.items()}
    return _Plan(connection, account, credentials, moved)


async def _gather(
    house: House,
    tenant: TenantId,
    plans: list[_Plan],
    markets_of: list[_Plan],
    context: ParseContext,
    unknown: frozenset[str],
    *,
    history: bool,
    report: ProgressReport,
) -> tuple[Outcome, ...]:
    blobs = house.blobs(tenant)
    seed = int(house.clock.now().timestamp())
    async with open_network(
        seed=seed,
        private_hosts=house.settings.private_hosts,
        clock=house.clock,
        limits=house.settings.limits_folder,
    ) as network:
        gathering = _Gathering(house, tenant, blobs, network, unknown, history, report, house.clock.now())
        markets = await gathering.markets(markets_of, context)
        enriched = context.with_instruments(
            tuple(one for market in markets.values() for one in market.instruments)
        )
        outcomes = await asyncio.gather(
            *(gathering.one(plan, enriched, markets.get(plan.venue)) for plan in plans)
        )
        if history:
            await asyncio.to_thread(gathering.match)
    told = {one.connection.connector for one in outcomes if one.connection.account is None}
    return (*outcomes, *_failed_markets(plans, markets, told))


@dataclass(slots=True)
class _Gathering:
    house: House
    tenant: TenantId
    blobs: BlobStore
    network: Network
    unknown: frozenset[str]
    history: bool
    report: ProgressReport
    begun: datetime

    async def markets(self, plans: list[_Plan], context: ParseContext) -> dict[tuple[str, str], Gathered]:
        """Instruments and quotes, once for each venue and address however many accounts it has."""
        first: dict[tuple[str, str], _Plan] = {}
        for plan in plans:
            if isinstance(installed(plan.connection.connector), MarketConnector):
                first.setdefault(plan.venue, plan)
        found = await asyncio.gather(*(self._market(plan, context) for plan in first.values()))
        return dict(zip(first, found, strict=True))

    async def one(self, plan: _Plan, context: ParseContext, market: Gathered | None) -> Outcome:
        """Gather and record one connection; any failure is its own."""
        parts = _Parts()
        if plan.failure is not None:
            gathered = Gathered(failures=(plan.failure,))
        elif plan.account is None:
            found = market or Gathered()
            gathered = replace(found, failures=_prices_unread(plan.connection.id, found.failures))
        else:
            gathered = await self._account(plan, plan.account, context, parts, fresh=market is not None)
            if market is None and (parts.doubtful or self._wants_terms(gathered)):
                found = await self._market(plan, context)
                context = context.with_instruments(found.instruments)
                gathered = await self._account(plan, plan.account, context, parts, fresh=True)
        known = context.with_instruments((*parts.instruments, *gathered.instruments)).instruments
        outcome = await asyncio.to_thread(self._record, plan, gathered, known, parts)
        self.report(Progress(plan.subject, 1, 1, "recorded"))
        return outcome

    def _wants_terms(self, found: Gathered) -> bool:
        """Whether something was not taken for want of terms that nobody has asked the venue for yet."""
        missing = {one.subject for one in found.problems if one.kind is FailureKind.UNKNOWN_INSTRUMENT}
        return bool(missing - self.unknown)

    async def _market(self, plan: _Plan, context: ParseContext) -> Gathered:
        source = connector(plan.connection.connector)
        assert isinstance(source, MarketConnector)
        try:
            api = self.network.transport(source, self._archive, base_url=plan.connection.base_url)
            gathered = await source.gather_market(api, context, plan.credentials)
        except TruenavError as error:
            return Gathered(failures=(_unread(plan.connection, error.message),))
        if plan.account is not None:
            # Prices of an account's venue are nobody's connection: recorded here, once.
            public = _Plan(replace(plan.connection, account=None), None, None, {})
            await asyncio.to_thread(self._record, public, gathered, context.instruments, _Parts())
        return gathered

    async def _account(
        self, plan: _Plan, account: Account, context: ParseContext, parts: _Parts, *, fresh: bool
    ) -> Gathered:
        """Read an account; ``fresh`` says that the market's terms were read in this gathering."""
        try:
            source, base_url = open_source(plan.connection)
        except InvalidInputError as error:
            return Gathered(failures=(_unread(plan.connection, error.message),))
        if not isinstance(source, AccountConnector):
            return Gathered()
        if plan.credentials is None:
            return Gathered(failures=(_unread(plan.connection, "no key is stored for it"),))

        async def record(part: Gathered) -> None:
            async with parts.turn:
                parts.doubtful = not fresh and (parts.doubtful or self._wants_terms(part))
                if parts.doubtful:
                    return
                await asyncio.to_thread(self._record_part, plan, account.id, part, parts)

        api = self.network.transport(
            source, self._archive, account=account.id, base_url=base_url, record=record
        )
        try:
            return await source.gather_account(
                api,
                Errand(
                    account,
                    plan.credentials,
                    context,
                    plan.cursors,
                    since=plan.connection.since,
                    history=self.history,
                    progress=self.report,
                ),
            )
        except VenueError as error:
            return Gathered(failures=(_unread(plan.connection, error.message),))

    def match(self) -> None:
        """Look at what left one account and arrived at another, now that all are recorded."""
        with self.house.database.transaction(self.tenant) as session:
            journal = Journal(session, self.house.objects, self.tenant)
            check_transfers(session, journal, now=self.house.clock.now())

    async def _archive(self, payload: Payload) -> None:
        """Make the bytes durable before anybody reads them."""
        self.blobs.write(payload.body)

    def _record_part(self, plan: _Plan, account: AccountId, part: Gathered, parts: _Parts) -> None:
        """Make one part of a long history durable, its cursor with it."""
        now = self.house.clock.now()
        with self.house.database.transaction(self.tenant) as session:
            journal = Journal(session, self.house.objects, self.tenant)
            result = _append(session, journal, plan, part, now)
            note_late(session, journal, account, part.facts, now=now)
        commit_point("gather.part")
        parts.facts += result.appended
        parts.duplicates += result.duplicates
        parts.problems += len(part.problems) + len(result.conflicts)
        parts.lost += _lost(part)
        parts.instruments += part.instruments

    def _record(self, plan: _Plan, gathered: Gathered, instruments: InstrumentBook, parts: _Parts) -> Outcome:
        commit_point("gather.archived")
        now = self.house.clock.now()
        with self.house.database.transaction(self.tenant) as session:
            journal = Journal(session, self.house.objects, self.tenant)
            result = _append(session, journal, plan, gathered, now)
            whole = self.history and not gathered.failures and not gathered.unfinished
            if plan.account is not None and not whole:
                note_late(session, journal, plan.account.id, gathered.facts, now=now)
            elif plan.account is not None:
                check_windows(
                    session,
                    journal,
                    instruments,
                    plan.account.id,
                    gathered.facts,
                    unread=[*parts.lost, *_lost(gathered)],
                    now=now,
                )
                check_orders(session, journal, plan.account.id, begun=self.begun, now=now)
        commit_point("gather.recorded")
        return Outcome(
            connection=plan.connection,
            subject=plan.subject,
            facts=parts.facts + result.appended,
            duplicates=parts.duplicates + result.duplicates,
            requests=gathered.requests,
            weight=gathered.weight,
            failures=gathered.failures,
            problems=parts.problems + len(gathered.problems) + len(result.conflicts),
        )


def _append(
    session: Session, journal: Journal, plan: _Plan, gathered: Gathered, now: datetime
) -> AppendResult:
    """Write down what was learned: evidence, terms, facts, how far it was read, and what is wrong with it."""
    evidence.note_many(session, gathered.evidence)
    keep_instruments(session, gathered.instruments, at=now)
    result = journal.append(gathered.facts, recorded_at=now)
    for name, cursor in sorted(gathered.cursors.items()):  # in one order, or two could block each other
        cursors.move(session, plan.connection.id, name, cursor, at=now)
    issues.open_many(session, [_issue(one, now) for one in gathered.problems])
    return result


def _lost(gathered: Gathered) -> list[str]:
    return [f"{one.where}: {one.message}" for one in gathered.problems if one.lost]


def _failed_markets(
    plans: list[_Plan], markets: Mapping[tuple[str, str], Gathered], told: set[str]
) -> Iterable[Outcome]:
    """Venues whose accounts may be well read but whose prices are not, once each."""
    for (name, address), market in markets.items():
        if market.failures and name not in told:
            plan = next(one for one in plans if one.venue == (name, address))
            public = replace(plan.connection, account=None)
            failures = _prices_unread(name, market.failures)
            yield Outcome(public, name, 0, 0, market.requests, market.weight, failures, 0)


def _prices_unread(subject: str, failures: tuple[Failure, ...]) -> tuple[Failure, ...]:
    """Notes: whether a price is too old to use is for the pricing policy to say."""
    return tuple(
        replace(one, kind=FailureKind.PRICES_UNREAD, subject=subject, blocking=False) for one in failures
    )


def unread(outcomes: Iterable[Outcome]) -> tuple[Failure, ...]:
    """What could not be read, as failures of a NAV."""
    return tuple(failure for outcome in outcomes for failure in outcome.failures)


def _unread(connection: Connection, reason: str) -> Failure:
    return Failure(
        kind=FailureKind.ACCOUNT_UNREAD,
        subject=connection.account or connection.id,
        message=f"{connection.id}: {reason}",
        mend="Check the connection ('truenav connection check'), then gather again.",
    )


def _issue(problem: Problem, at: datetime) -> issues.Issue:
    kind = (problem.kind or FailureKind.INVARIANT).value
    identity = sha256_hex(canonical_json([kind, problem.subject, problem.message]))[:32]
    return issues.Issue(
        id=identity,
        kind=kind,
        subject=problem.subject or problem.where,
        message=problem.message,
        mend=problem.mend,
        opened_at=at,
        blocking=problem.lost,
    )
