"""File import: the check that a person sees is the import; any problem refuses the whole file."""

from __future__ import annotations

from dataclasses import dataclass, replace

from truenav.access.policy import Principal, authorize
from truenav.app.house import House
from truenav.app.sources.catalogues import ACCOUNTS
from truenav.app.sources.context import keep_instruments, parse_context
from truenav.connect.files import FileProblem, ImportReport, check
from truenav.core.account import Account
from truenav.core.facts import Dealing, NavRecord
from truenav.core.failure import InvalidInputError
from truenav.core.ids import NodeId, ShareClassId
from truenav.core.portfolio import ShareClass
from truenav.store import audit, definitions, evidence
from truenav.store.commit_points import commit_point
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.journal import Journal
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


def check_import(
    session: Session,
    house: House,
    principal: Principal,
    name: str,
    data: bytes,
    template: str | None = None,
) -> ImportReport:
    """The dry run: everything that the file would bring and every problem; nothing is kept.

    ``name`` chooses the template unless ``template`` does. Raises ``ImportRefusedError`` where the file
    cannot be read at all.
    """
    authorize(principal, "import:write")
    known = {account.id for account in definitions.bodies(session, Kind.ACCOUNT, Account)}
    report = check(
        name,
        data,
        parse_context(session),
        imported_at=house.clock.now(),
        template=template,
        accounts=known,
    )
    unknown = _unknown_classes(session, report)
    if not unknown:
        return report
    return replace(
        report,
        facts=(),
        problems=(*report.problems, *unknown),
        problem_count=report.problem_count + len(unknown),
    )


def run_import(
    session: Session,
    house: House,
    principal: Principal,
    name: str,
    data: bytes,
    template: str | None = None,
) -> Imported:
    """Keep a file and all that it states, in the caller's transaction.

    The same file again brings duplicates only. Raises ``ImportProblemsError`` when the check finds
    anything. The caller passes the commit point ``import.recorded`` after its commit.
    """
    report = check_import(session, house, principal, name, data, template)
    if report.problem_count:
        raise ImportProblemsError(
            f"{name}: {report.problem_count} problem{'s' if report.problem_count > 1 else ''}; nothing was "
            "imported. Mend the file and import it again.",
            report,
        )
    now = house.clock.now()
    payload = report.payload
    evidence.put_many(session, house.blobs(principal.tenant), [(payload.evidence, payload.body)])
    commit_point("import.archived")
    accounts = _changed_accounts(session, report)
    ACCOUNTS.put_many(session, house, principal, accounts)
    keep_instruments(session, report.instruments, at=now)
    journal = Journal(session, house.objects, principal.tenant)
    result = journal.append(report.facts, recorded_at=now)
    audit.append(
        session,
        actor=principal.user,
        action="import.run",
        subject=report.template,
        at=now,
        detail={
            "sha256": payload.evidence.sha256,
            "rows": report.rows,
            "facts": result.appended,
            "duplicates": result.duplicates,
            "conflicts": len(result.conflicts),
            "accounts": len(accounts),
        },
    )
    return Imported(report, result.appended, result.duplicates, result.conflicts, len(accounts))


def _changed_accounts(session: Session, report: ImportReport) -> tuple[Account, ...]:
    known = {one.id: one for one in definitions.bodies(session, Kind.ACCOUNT, Account)}
    return tuple(one for one in report.accounts if known.get(one.id) != one)


def _unknown_classes(session: Session, report: ImportReport) -> tuple[FileProblem, ...]:
    """Dealings and NAVs of share classes that do not exist; they would be kept and never used."""
    classes = {(one.fund, one.id) for one in definitions.bodies(session, Kind.SHARE_CLASS, ShareClass)}
    named: set[tuple[NodeId, ShareClassId]] = {
        (fact.body.fund, fact.body.share_class)
        for fact in report.facts
        if isinstance(fact.body, Dealing | NavRecord)
    }
    return tuple(
        FileProblem(
            0,
            "share_class",
            f"{share_class[:60]!r} is no share class of {fund[:60]!r}",
            "Add it with 'truenav portfolio class put', or correct the name.",
        )
        for fund, share_class in sorted(named - classes)
    )
