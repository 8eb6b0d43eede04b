"""The dry run, which is the import: what it shows is what is kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from truenav.connect.contract import ParseContext, Payload
from truenav.connect.errors import ImportRefusedError
from truenav.connect.files.manifest import MANIFEST
from truenav.connect.files.parse import read_file
from truenav.connect.files.table import FileProblem
from truenav.connect.files.templates import TEMPLATES
from truenav.core.account import Account
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Fact
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a file would bring. Importing it means keeping ``payload`` and appending ``facts``.

    ``duplicates`` are lines that repeat another line and count once. With any problem there are no
    facts; ``problems`` lists the first thousand of ``problem_count``.
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


def check(
    name: str,
    data: bytes,
    context: ParseContext,
    *,
    imported_at: datetime,
    template: str | None = None,
    accounts: Collection[str] | None = None,
) -> ImportReport:
    """Check a file against its template (by default the one its name says) and give all that it states.

    With ``accounts``, facts about any other account are problems. Raises ``ImportRefusedError`` where no
    template fits; everything else wrong with the file is in the report.
    """
    chosen = TEMPLATES.get(template or PurePath(name).name.partition(".")[0])
    if chosen is None:
        raise ImportRefusedError(
            f"{name[:60]!r} names no template; name the file like one, or choose: {', '.join(TEMPLATES)}."
        )
    sha256 = Sha256(sha256_hex(data))
    outcome = read_file(chosen, data, sha256, context)
    foreign = _foreign_accounts(outcome.facts, accounts)
    evidence = Evidence(
        sha256=sha256,
        size=len(data),
        connector=MANIFEST.name,
        connector_version=MANIFEST.version,
        endpoint=f"{chosen.name}/1",
        account="",
        request=Request("IMPORT", f"file:{PurePath(name).name}"),
        asked_at=imported_at,
        answered_at=imported_at,
        status=200,
    )
    return ImportReport(
        template=chosen.name,
        rows=outcome.rows,
        payload=Payload(evidence, data),
        facts=() if foreign else outcome.facts,
        accounts=outcome.accounts,
        instruments=outcome.instruments,
        problems=(*outcome.problems, *foreign),
        problem_count=outcome.problem_count + len(foreign),
        duplicates=outcome.duplicates,
    )


def _foreign_accounts(facts: tuple[Fact, ...], known: Collection[str] | None) -> tuple[FileProblem, ...]:
    if known is None:
        return ()
    named = {fact.account for fact in facts if fact.kind not in ("dealing", "nav_record", "quote")}
    return tuple(
        FileProblem(0, "account", f"{name[:60]!r} is not an account", "Import accounts.csv first.")
        for name in sorted(named - set(known))
    )
