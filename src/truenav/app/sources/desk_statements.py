"""Statements of OTC desks: kept as evidence, read by the registry, and held against our own transfers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from truenav.access.policy import Principal, authorize
from truenav.app.house import House
from truenav.app.sight import sight_of
from truenav.app.sources.context import keep_instruments, parse_context
from truenav.app.sources.custody import refuse_unseen
from truenav.app.sources.model import Connection
from truenav.calc.ledger.statements import TOLERANCE_DAYS, StatementMatch, lines_of, match_statement
from truenav.connect.contract import Parsed
from truenav.connect.errors import ImportRefusedError, MalformedPayloadError
from truenav.connect.otc.statements.manifest import MANIFEST
from truenav.connect.otc.statements.parse import CSV, JSON
from truenav.connect.registry import parse
from truenav.core.account import Account
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Trade, Transfer
from truenav.core.ids import AccountId, Sha256
from truenav.store import audit, definitions, evidence
from truenav.store.commit_points import commit_point
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.journal import FactQuery, Journal


@dataclass(frozen=True, slots=True)
class ImportedStatement:
    """What a statement brought; ``problems`` are those that stop nothing (an asset without a price)."""

    sha256: Sha256
    facts: int
    duplicates: int
    conflicts: int
    problems: tuple[str, ...]


def import_statement(
    session: Session, house: House, principal: Principal, account: AccountId, name: str, data: bytes
) -> ImportedStatement:
    """Keep a statement and all that it states about a desk's account, all or nothing.

    The same statement again brings duplicates only. Raises ``ImportRefusedError`` naming line and column.
    """
    authorize(principal, "import:write")
    refuse_unseen(session, principal, account)
    definitions.get(session, Kind.ACCOUNT, account, Account)
    how = _evidence(house, account, name, data)
    try:
        parsed = parse(how, data, parse_context(session))
    except MalformedPayloadError as error:
        raise ImportRefusedError(f"{name}: {error.message}") from error
    _refuse_losses(name, parsed)
    _refuse_twice(session, account, name, parsed)
    house.blobs(principal.tenant).write(data)
    commit_point("import.archived")
    now = house.clock.now()
    evidence.note_many(session, [how])
    keep_instruments(session, parsed.instruments, at=now)
    result = Journal(session, house.objects, principal.tenant).append(parsed.facts, recorded_at=now)
    told = tuple(one.message for one in parsed.problems)
    imported = ImportedStatement(how.sha256, result.appended, result.duplicates, len(result.conflicts), told)
    audit.append(
        session,
        actor=principal.user,
        action="statement.import",
        subject=account,
        at=now,
        detail={"sha256": how.sha256, "facts": imported.facts, "duplicates": imported.duplicates},
    )
    return imported


def match_desk(
    session: Session,
    house: House,
    principal: Principal,
    account: AccountId,
    *,
    since: date,
    until: date,
    days: int = TOLERANCE_DAYS,
    parties: Mapping[str, str] | None = None,
) -> StatementMatch:
    """The settlements of a desk's account with value dates in ``[since, until]``, against our transfers.

    Transfers of accounts out of the principal's sight are not looked at. Raises ``DefinitionNotFoundError``.
    """
    authorize(principal, "fact:read")
    refuse_unseen(session, principal, account)
    sight = sight_of(session, principal)
    desk = definitions.get(session, Kind.ACCOUNT, account, Account)
    journal = Journal(session, house.objects, principal.tenant)
    begin = datetime.combine(since, time(), tzinfo=UTC) - timedelta(microseconds=1)
    end = datetime.combine(until, time(23, 59, 59, 999_999), tzinfo=UTC)
    around = timedelta(days=days)
    settled = journal.facts(FactQuery(kinds=(Transfer.TAG,), accounts=(account,), since=begin, as_of=end))
    moved = journal.facts(FactQuery(kinds=(Transfer.TAG,), since=begin - around, as_of=end + around))
    others = [
        one.fact for one in moved if one.fact.account != account and sight.sees_account(one.fact.account)
    ]
    lines = lines_of((one.fact for one in settled), counterparty=desk.name)
    return match_statement(lines, others, days=days, parties=parties)


def _evidence(house: House, account: AccountId, name: str, data: bytes) -> Evidence:
    now = house.clock.now()
    return Evidence(
        sha256=Sha256(sha256_hex(data)),
        size=len(data),
        connector=MANIFEST.name,
        connector_version=MANIFEST.version,
        endpoint=JSON if data.lstrip()[:1] in (b"{", b"[") else CSV,
        account=account,
        request=Request("FILE", name),
        asked_at=now,
        answered_at=now,
        status=200,
    )


def _refuse_twice(session: Session, account: AccountId, name: str, parsed: Parsed) -> None:
    """Refuse trades of an account whose trades a connection reads: they would count twice."""
    read = [
        one.id for one in definitions.bodies(session, Kind.CONNECTION, Connection) if one.account == account
    ]
    if read and any(isinstance(fact.body, Trade) for fact in parsed.facts):
        raise ImportRefusedError(
            f"{name}: the connection {read[0]!r} reads the trades of {account!r} already, so those of the "
            "statement would count twice. Leave its trade rows out; settlements and balances are taken."
        )


def _refuse_losses(name: str, parsed: Parsed) -> None:
    lost = [one for one in parsed.problems if one.lost]
    if lost:
        raise ImportRefusedError(
            f"{name}: nothing was imported, since {len(lost)} rows cannot be stated; the first: "
            f"{lost[0].message} {lost[0].mend}"
        )
