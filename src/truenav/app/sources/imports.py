"""File import: the check that a person sees is the import; any problem refuses the whole file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from truenav.access.policy import Principal, authorize
from truenav.app.house import House
from truenav.app.sources.catalogues import ACCOUNTS
from truenav.app.sources.context import keep_instruments, parse_context
from truenav.app.sources.layouts import Reading, Told, reading_of
from truenav.connect.files import FileProblem, ImportReport, check
from truenav.connect.files.parse import Take
from truenav.core.account import Account
from truenav.core.facts import Fact
from truenav.core.failure import InvalidInputError
from truenav.core.ids import Sha256
from truenav.core.portfolio import ShareClass
from truenav.store import audit, definitions, evidence
from truenav.store.commit_points import commit_point
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.journal import AppendResult, Journal
from truenav.store.staging import Conflict


class ImportProblemsError(InvalidInputError):
    """The file has problems; nothing of it is kept. ``report`` lists them with line and column."""

    code = "import-problems"
    title = "The file has problems"

    def __init__(self, message: str, report: ImportReport) -> None:
        super().__init__(message, problems=report.problem_count)
        self.report = report


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: facts recorded, facts known before, and those that contradict known ones.

    Each conflict is a data issue by now; what was recorded first stands.
    """

    report: ImportReport
    facts: int
    duplicates: int
    conflicts: tuple[Conflict, ...]
    accounts: int


@dataclass(frozen=True, slots=True)
class ImportChecked:
    """What a file would bring; with any problem it is refused whole. At most 1,000 problems are listed."""

    template: str
    sha256: Sha256
    rows: int
    facts: int
    accounts: int
    instruments: int
    duplicate_rows: int
    problem_count: int
    problems: tuple[FileProblem, ...]

    @classmethod
    def of(cls, report: ImportReport) -> Self:
        """The findings of a dry run, without the facts themselves."""
        return cls(
            template=report.template,
            sha256=report.payload.evidence.sha256,
            rows=report.rows,
            facts=report.fact_count,
            accounts=len(report.accounts),
            instruments=len(report.instruments),
            duplicate_rows=len(report.duplicates),
            problem_count=report.problem_count,
            problems=report.problems,
        )


@dataclass(frozen=True, slots=True)
class ImportKept:
    """What a file brought. ``conflicts`` contradict what is recorded; each is a data issue now."""

    template: str
    sha256: Sha256
    rows: int
    facts: int
    duplicates: int
    conflicts: int
    accounts: int

    @classmethod
    def of(cls, imported: Imported) -> Self:
        """The counts of an import."""
        return cls(
            template=imported.report.template,
            sha256=imported.report.payload.evidence.sha256,
            rows=imported.report.rows,
            facts=imported.facts,
            duplicates=imported.duplicates,
            conflicts=len(imported.conflicts),
            accounts=imported.accounts,
        )


def check_import(
    session: Session,
    house: House,
    principal: Principal,
    name: str,
    data: bytes,
    how: Told | Reading | None = None,
    *,
    take: Take | None = None,
) -> ImportReport:
    """The dry run: everything that the file would bring and every problem; nothing is kept.

    ``how`` the file reads is found by `reading_of` where it is not given. ``take`` gets the facts in parts,
    instead of the report. Raises ``ImportRefusedError`` where the file cannot be read at all.
    """
    authorize(principal, "import:write")
    reading = how if isinstance(how, Reading) else reading_of(session, name, data, how or Told())
    known = {account.id for account in definitions.bodies(session, Kind.ACCOUNT, Account)}
    report = check(
        name,
        data,
        parse_context(session),
        imported_at=house.clock.now(),
        template=reading.template,
        accounts=known,
        take=take,
        layout=reading.layout,
        account=reading.account,
    )
    unknown = _unknown_classes(session, report)
    if not unknown:
        return report
    return replace(
        report,
        facts=(),
        problems=(*report.problems, *unknown),
        problem_count=report.problem_count + len(unknown),
        fact_count=0,
    )


def run_import(
    session: Session,
    house: House,
    principal: Principal,
    name: str,
    data: bytes,
    how: Told | Reading | None = None,
    *,
    job: str | None = None,
    show: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Keep a file and all that it states, in the caller's transaction.

    The same file again brings duplicates only. Raises ``ImportProblemsError`` when the check finds
    anything; the transaction must then be given up. The caller passes the commit point ``import.recorded``
    after its commit. ``job`` is noted in the audit trail; ``show`` hears how many rows were recorded.
    """
    now = house.clock.now()
    journal = Journal(session, house.objects, principal.tenant)
    parts: list[AppendResult] = []

    def record(facts: Sequence[Fact], rows: int) -> None:
        if not parts:  # the bytes are durable before anything is recorded from them
            house.blobs(principal.tenant).write(data)
            commit_point("import.archived")
        parts.append(journal.append(facts, recorded_at=now))
        show(rows)

    report = check_import(session, house, principal, name, data, how, take=record)
    if report.problem_count:
        raise ImportProblemsError(
            f"{name}: {report.problem_count} problem{'s' if report.problem_count > 1 else ''}; nothing was "
            "imported. Mend the file and import it again.",
            report,
        )
    payload = report.payload
    evidence.note_many(session, [payload.evidence])
    accounts = _changed_accounts(session, report)
    ACCOUNTS.put_many(session, house, principal, accounts)
    keep_instruments(session, report.instruments, at=now)
    imported = Imported(
        report,
        sum(part.appended for part in parts),
        sum(part.duplicates for part in parts),
        tuple(conflict for part in parts for conflict in part.conflicts),
        len(accounts),
    )
    audit.append(
        session,
        actor=principal.user,
        action="import.run",
        subject=report.template,
        at=now,
        detail={
            "sha256": payload.evidence.sha256,
            "rows": report.rows,
            "facts": imported.facts,
            "duplicates": imported.duplicates,
            "conflicts": len(imported.conflicts),
            "accounts": len(accounts),
            **({} if job is None else {"job": job}),
        },
    )
    return imported


def _changed_accounts(session: Session, report: ImportReport) -> tuple[Account, ...]:
    known = {one.id: one for one in definitions.bodies(session, Kind.ACCOUNT, Account)}
    return tuple(one for one in report.accounts if known.get(one.id) != one)


def _unknown_classes(session: Session, report: ImportReport) -> tuple[FileProblem, ...]:
    """Dealings and NAVs of share classes that do not exist; they would be kept and never used."""
    classes = {(one.fund, one.id) for one in definitions.bodies(session, Kind.SHARE_CLASS, ShareClass)}
    return tuple(
        FileProblem(
            0,
            "share_class",
            f"{share_class[:60]!r} is no share class of {fund[:60]!r}",
            "Add it with 'truenav portfolio class put', or correct the name.",
        )
        for fund, share_class in sorted(report.classes - classes)
    )
