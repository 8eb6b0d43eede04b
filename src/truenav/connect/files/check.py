"""The dry run, which is the import: what it shows is what is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath

from truenav.connect.contract import ParseContext, Payload
from truenav.connect.errors import ImportRefusedError
from truenav.connect.files.manifest import MANIFEST
from truenav.connect.files.parse import Take, read_file
from truenav.connect.files.table import FileProblem
from truenav.connect.files.templates import TEMPLATES
from truenav.core.account import Account
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Dealing, Fact, NavRecord, Quote
from truenav.core.ids import NodeId, Sha256, ShareClassId
from truenav.core.instrument import Instrument
from truenav.core.names import parse_name


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a file would bring. Importing it means keeping ``payload`` and appending ``facts``.

    ``duplicates`` are lines that repeat another line and count once. With any problem there are no
    facts; ``problems`` lists the first thousand of ``problem_count``. ``facts`` is empty where they were
    taken in parts; ``fact_count`` counts them either way. ``classes`` are the share classes that they name.
    """

    template: str
    rows: int
    payload: Payload
    facts: tuple[Fact, ...]
    accounts: tuple[Account, ...]
    instruments: tuple[Instrument, ...]
    problems: tuple[FileProblem, ...]
    problem_count: int
    duplicates: tuple[int, ...]
    fact_count: int
    classes: frozenset[tuple[NodeId, ShareClassId]]


@dataclass(slots=True)
class _Named:
    """What the facts of a file name, looked at as they pass."""

    take: Take | None
    count: int = 0
    accounts: set[str] = field(default_factory=set)
    classes: set[tuple[NodeId, ShareClassId]] = field(default_factory=set)

    def look(self, facts: Sequence[Fact], rows: int = 0) -> None:
        """Note what a part names, and pass it on."""
        self.count += len(facts)
        for fact in facts:
            if isinstance(fact.body, Dealing | NavRecord):
                self.classes.add((fact.body.fund, fact.body.share_class))
            elif not isinstance(fact.body, Quote):
                self.accounts.add(fact.account)
        if self.take is not None:
            self.take(facts, rows)


def check(
    name: str,
    data: bytes,
    context: ParseContext,
    *,
    imported_at: datetime,
    template: str | None = None,
    accounts: Collection[str] | None = None,
    take: Take | None = None,
) -> ImportReport:
    """Check a file against its template (by default the one its name says) and give all that it states.

    With ``accounts``, facts about any other account are problems. ``take`` gets the facts in parts, before
    the file is known to be good: what it did with them must be undone when the report has problems. Raises
    ``ImportRefusedError`` where no template fits; everything else wrong with the file is in the report.
    """
    chosen = TEMPLATES.get(template or PurePath(name).name.partition(".")[0])
    if chosen is None:
        raise ImportRefusedError(
            f"{name[:60]!r} names no template; name the file like one, or choose: {', '.join(TEMPLATES)}."
        )
    origin = parse_name(PurePath(name).name, what="file name")
    sha256 = Sha256(sha256_hex(data))
    named = _Named(take)
    outcome = read_file(chosen, data, sha256, context, None if take is None else named.look)
    if take is None:
        named.look(outcome.facts)
    problems = _foreign_accounts(named.accounts, accounts)
    count = outcome.problem_count + len(problems)
    evidence = Evidence(
        sha256=sha256,
        size=len(data),
        connector=MANIFEST.name,
        connector_version=MANIFEST.version,
        endpoint=f"{chosen.name}/1",
        account="",
        request=Request("IMPORT", f"file:{origin}"),
        asked_at=imported_at,
        answered_at=imported_at,
        status=200,
    )
    return ImportReport(
        template=chosen.name,
        rows=outcome.rows,
        payload=Payload(evidence, data),
        facts=() if count else outcome.facts,
        accounts=outcome.accounts,
        instruments=outcome.instruments,
        problems=(*outcome.problems, *problems),
        problem_count=count,
        duplicates=outcome.duplicates,
        fact_count=0 if count else named.count,
        classes=frozenset(named.classes),
    )


def _foreign_accounts(named: set[str], known: Collection[str] | None) -> tuple[FileProblem, ...]:
    if known is None:
        return ()
    return tuple(
        FileProblem(0, "account", f"{name[:60]!r} is not an account", "Import accounts.csv first.")
        for name in sorted(named - set(known))
    )
