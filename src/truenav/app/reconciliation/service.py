"""Snapshots against facts for whole accounts, how complete each is, and the transfers between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from truenav.access.policy import Principal, authorize
from truenav.app.completeness.transfers import (
    AMBIGUOUS,
    EXTERNAL,
    KINDS,
    UNMATCHED,
    accounts_of,
    strays,
    transfers,
)
from truenav.app.completeness.windows import MOVING_KINDS, Break, checked_until, judge_all, record_breaks
from truenav.app.house import House
from truenav.app.sight import Sight
from truenav.app.sources.catalogues import ACCOUNTS, CONNECTIONS
from truenav.app.sources.context import parse_context
from truenav.app.sources.freshness import Freshness
from truenav.app.sources.health import SourceHealth, SourceState, source_health
from truenav.calc.ledger.breaks import BreakKind, Explanation, Surroundings, explain, offsetting
from truenav.calc.ledger.completeness import ReconciliationStatus, WalletHistory, Window, span
from truenav.calc.ledger.matching import TransferPair, match_transfers
from truenav.core.account import AccountKind
from truenav.core.facts import Fact, Transfer
from truenav.core.failure import FailureKind, NotFoundError
from truenav.core.ids import AccountId, Sha256, TenantId
from truenav.store import issues
from truenav.store.database import Session
from truenav.store.journal import SNAPSHOT_KINDS, FactQuery, Journal

_EVERYTHING = Sight()


class Completeness(StrEnum):
    """Whether all that an account holds is explained by what happened in it."""

    COMPLETE = "complete"
    OPEN = "open"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Source:
    """An account as a source of facts.

    ``connector``, ``grade``, ``state`` and ``freshness`` are None where files alone feed it. ``checked_at``:
    up to when each of its wallets was judged. ``open_issues`` counts windows and transfers that do not add
    up.
    """

    account: AccountId
    name: str
    venue: str
    kind: AccountKind
    connector: str | None
    grade: str | None
    state: SourceState | None
    freshness: Freshness | None
    synced_at: datetime | None
    checked_at: datetime | None
    open_issues: int
    completeness: Completeness


@dataclass(frozen=True, slots=True)
class ReconciledRow:
    """One asset or contract of one wallet over the whole time that was asked for.

    ``windows`` of them were judged between snapshots, ``broken`` do not add up; ``cause`` and ``explanation``
    are of the first of these. ``evidence`` are the facts that show it.
    """

    account: str
    wallet: str
    subject: str
    is_position: bool
    status: ReconciliationStatus
    opening_at: datetime | None
    opening: Decimal | None
    facts: Decimal
    closing: Decimal | None
    closing_at: datetime | None
    difference: Decimal | None
    fact_count: int
    windows: int
    broken: int
    cause: BreakKind | None
    explanation: str
    evidence: tuple[Sha256, ...]


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One transfer between own accounts, or a leg without its other one.

    ``status``: *internal* as both facts say, or the kind of the issue that it is. ``by`` is what the pair
    rests on. Amounts are as the facts state them: paid is negative.
    """

    status: str
    by: str | None
    asset: str
    sent: Sha256 | None
    sent_from: str | None
    sent_at: datetime | None
    sent_amount: Decimal | None
    received: Sha256 | None
    received_in: str | None
    received_at: datetime | None
    received_amount: Decimal | None
    seconds: Decimal | None
    lost: Decimal | None


def list_sources(
    session: Session, principal: Principal, sight: Sight, *, now: datetime
) -> tuple[Source, ...]:
    """Every account in sight, by id: what feeds it, how that does, and whether its windows add up."""
    accounts = [one.body for one in ACCOUNTS.list_all(session, principal) if ACCOUNTS.seen(sight, one.body)]
    links = [one.body for one in CONNECTIONS.list_all(session, principal) if one.body.account is not None]
    health = {one.account: one for one in source_health(session, links, {}, now=now)}
    kinds = {FailureKind.RECONCILIATION_BREAK.value, *KINDS}
    found = (one for one in issues.list_issues(session) if one.kind in kinds)
    told = Counter(account for one in found for account in accounts_of(one.subject))
    return tuple(
        _source(session, one.id, one.name, one.venue, one.kind, health.get(one.id), told[one.id])
        for one in accounts
    )


def reconcile(
    session: Session,
    house: House,
    principal: Principal,
    account: AccountId,
    *,
    sight: Sight = _EVERYTHING,
    since: datetime | None = None,
    until: datetime | None = None,
    from_nothing: bool = False,
) -> tuple[ReconciledRow, ...]:
    """Every asset and contract of an account, over the union of snapshots and facts, by wallet and subject.

    From the first snapshot after ``since`` to the last one up to ``until``; with ``from_nothing`` from the
    first fact on, as if the account had held nothing before.
    """
    authorize(principal, "fact:read")
    _refuse_unknown(session, principal, sight, account)
    journal = Journal(session, house.objects, principal.tenant)
    facts = _facts(journal, account, since, until)
    loose = strays(transfers(journal, since=since, until=until))
    loose = tuple(leg for leg in loose if sight.sees_account(leg.account))
    return _rows(session, facts, loose, from_nothing=from_nothing)


def record(session: Session, house: House, tenant: TenantId, account: AccountId) -> int:
    """Judge all windows of an account and keep what does not add up as issues; gives how many do not.

    The caller has authorised it.
    """
    journal = Journal(session, house.objects, tenant)
    facts = _facts(journal, account, None, None)
    loose = strays(transfers(journal))
    known, judged = judge_all(facts, parse_context(session).instruments, strays=loose)
    record_breaks(session, account, known, judged.breaks, now=house.clock.now())
    return len(judged.breaks)


def list_transfers(
    session: Session, house: House, principal: Principal, sight: Sight, *, since: datetime, until: datetime
) -> tuple[TransferRow, ...]:
    """The transfers between own accounts in a time, by when they left, and what does not fit."""
    authorize(principal, "fact:read")
    journal = Journal(session, house.objects, principal.tenant)
    matching = match_transfers(transfers(journal, since=since, until=until))
    rows = [_pair_row(pair) for pair in matching.pairs if _seen(sight, pair.sent, pair.received)]
    rows += [_leg_row(UNMATCHED, leg) for leg in matching.unmatched if _seen(sight, leg)]
    for crowd in matching.ambiguous:
        rows += [_leg_row(AMBIGUOUS, leg) for leg in (*crowd.sent, *crowd.received) if _seen(sight, leg)]
    return tuple(sorted(rows, key=lambda row: (row.sent_at or row.received_at or since, row.sent or "")))


def _seen(sight: Sight, *legs: Fact) -> bool:
    return all(sight.sees_account(leg.account) for leg in legs)


def _pair_row(pair: TransferPair) -> TransferRow:
    status = EXTERNAL if pair.external_legs else "internal"
    seconds = Decimal(pair.in_transit // timedelta(milliseconds=1)).scaleb(-3)
    return _transfer_row(status, pair.sent, pair.received, by=pair.by, seconds=seconds, lost=pair.lost)


def _leg_row(status: str, leg: Fact) -> TransferRow:
    left = isinstance(leg.body, Transfer) and leg.body.amount.number < 0
    return _transfer_row(status, leg if left else None, None if left else leg)


def _transfer_row(
    status: str,
    sent: Fact | None,
    received: Fact | None,
    *,
    by: str | None = None,
    seconds: Decimal | None = None,
    lost: Decimal | None = None,
) -> TransferRow:
    out, into = _leg_parts(sent), _leg_parts(received)
    return TransferRow(
        status=status,
        by=by,
        asset=out.asset or into.asset,
        sent=out.fact,
        sent_from=out.place,
        sent_at=out.at,
        sent_amount=out.amount,
        received=into.fact,
        received_in=into.place,
        received_at=into.at,
        received_amount=into.amount,
        seconds=seconds,
        lost=lost,
    )


@dataclass(frozen=True, slots=True)
class _LegParts:
    fact: Sha256 | None = None
    place: str | None = None
    at: datetime | None = None
    amount: Decimal | None = None
    asset: str = ""


def _leg_parts(leg: Fact | None) -> _LegParts:
    if leg is None or not isinstance(leg.body, Transfer):
        return _LegParts()
    body = leg.body
    place = f"{leg.account}/{body.wallet}"
    return _LegParts(leg.content_hash, place, leg.occurred_at, body.amount.number, body.amount.asset)


def _refuse_unknown(session: Session, principal: Principal, sight: Sight, account: AccountId) -> None:
    known = (one.body for one in ACCOUNTS.list_all(session, principal))
    if not any(one.id == account and sight.sees_account(one.id) for one in known):
        raise NotFoundError(f"There is no account {account[:60]!r}; list the accounts.")


def _facts(
    journal: Journal, account: AccountId, since: datetime | None, until: datetime | None
) -> list[Fact]:
    query = FactQuery((*SNAPSHOT_KINDS, *MOVING_KINDS), (account,), since=since, as_of=until)
    return [one.fact for one in journal.facts(query)]


def _rows(
    session: Session, facts: Sequence[Fact], loose: Sequence[Fact], *, from_nothing: bool
) -> tuple[ReconciledRow, ...]:
    instruments = parse_context(session).instruments
    known, judged = judge_all(facts, instruments, strays=loose)
    timing = {id(one[0]) for run in offsetting(judged.breaks) for one in run}
    broken: dict[tuple[str, str, bool], list[Break]] = {}
    for one in judged.breaks:
        window = one[0]
        broken.setdefault((window.wallet, window.subject, window.is_position), []).append(one)
    rows = []
    for key, history in known.items():
        for row in span(key, history, from_nothing=from_nothing):
            breaks = broken.get((row.wallet, row.subject, row.is_position), [])
            causes = [cause for window, cause in breaks if id(window) not in timing] or [
                cause for _, cause in breaks
            ]
            if row.is_break and not breaks:
                causes = [explain(row, Surroundings(history, strays=loose))]
            rows.append(_row(row, history, causes))
    return tuple(rows)


def _row(row: Window, history: WalletHistory, causes: Sequence[Explanation]) -> ReconciledRow:
    first = causes[0] if causes else None
    return ReconciledRow(
        account=row.account,
        wallet=row.wallet,
        subject=row.subject,
        is_position=row.is_position,
        status=row.status,
        opening_at=row.opening_at,
        opening=row.opening,
        facts=row.moved,
        closing=row.closing,
        closing_at=row.closing_at,
        difference=row.difference,
        fact_count=row.fact_count,
        windows=max(0, len(history.snapshots) - 1),
        broken=len(causes),
        cause=None if first is None else first.kind,
        explanation="" if first is None else first.message,
        evidence=() if first is None else tuple(fact.content_hash for fact in first.evidence),
    )


def _source(
    session: Session,
    account: AccountId,
    name: str,
    venue: str,
    kind: AccountKind,
    health: SourceHealth | None,
    told: int,
) -> Source:
    checked = checked_until(session, account).values()
    completeness = Completeness.COMPLETE if checked else Completeness.UNCHECKED
    return Source(
        account=account,
        name=name,
        venue=venue,
        kind=kind,
        connector=None if health is None else health.connector,
        grade=None if health is None else health.grade,
        state=None if health is None else health.state,
        freshness=None if health is None else health.freshness,
        synced_at=None if health is None else health.last_answer_at,
        checked_at=min(checked, default=None),
        open_issues=told,
        completeness=Completeness.OPEN if told else completeness,
    )
