"""The dry run, which is the import: what it shows is what is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath

from truenav.connect.contract import ParseContext, Payload
from truenav.connect.errors import ImportRefusedError
from truenav.connect.files.manifest import MANIFEST
from truenav.connect.files.mapping import (
    ENDPOINT,
    LAYOUT_NOTE,
    Layout,
    layout_to_json,
    refuse_bad_layout,
)
from truenav.connect.files.parse import Take, read_file, read_layout
from truenav.connect.files.sniff import sniff
from truenav.connect.files.table import FileProblem
from truenav.connect.files.templates import TEMPLATES, Template
from truenav.core.account import Account
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Dealing, Fact, NavRecord, Quote
from truenav.core.ids import NodeId, Sha256, ShareClassId
from truenav.core.instrument import Instrument
from truenav.core.names import parse_name
from truenav.core.trades import Trades


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a file would bring. Importing it means keeping ``payload`` and appending ``facts``.

    ``duplicates`` are lines that repeat another line and count once. With any problem there are no
    facts; ``problems`` lists the first thousand of ``problem_count``. ``facts`` is empty where they were
    taken in parts; ``fact_count`` counts them either way. ``classes`` are the share classes that they name.
    ``layout`` is the one by which the file was read; ``template`` is its name then.
    """

    template: str
    rows: int
    payload: Payload
    facts: Sequence[Fact]
    accounts: tuple[Account, ...]
    instruments: tuple[Instrument, ...]
    problems: tuple[FileProblem, ...]
    problem_count: int
    duplicates: tuple[int, ...]
    fact_count: int
    classes: frozenset[tuple[NodeId, ShareClassId]]
    layout: Layout | None = None


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
        if isinstance(facts, Trades):  # which name accounts only; none need be made of their columns
            self.accounts.update(facts.account)
        for fact in () if isinstance(facts, Trades) else facts:
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
    layout: Layout | None = None,
    account: str = "",
) -> ImportReport:
    """Check a file and give all that it states: by its template, or by a layout for ``account``.

    The template is by default the one that the file's name says. Where it says none, the header chooses a
    template or a built-in layout. With ``accounts``, facts about any other account are problems. ``take``
    gets the facts in parts, before the file is known to be good: what it did with them must be undone when
    the report has problems. Raises ``ImportRefusedError`` where nothing says how the file reads, or the
    layout leaves a question open; everything else wrong with the file is in the report.
    """
    chosen = TEMPLATES.get(template or PurePath(name).name.partition(".")[0])
    if layout is None and chosen is None:
        chosen, layout = _recognised(name, data, template)
    origin = parse_name(PurePath(name).name, what="file name")
    sha256 = Sha256(sha256_hex(data))
    named = _Named(take)
    look = None if take is None else named.look
    params: tuple[tuple[str, str], ...] = ()
    if layout is not None:
        refuse_bad_layout(layout)
        endpoint, title, params = ENDPOINT, layout.name, ((LAYOUT_NOTE, layout_to_json(layout)),)
        outcome = read_layout(layout, data, sha256, account, context, look)
    else:
        assert chosen is not None
        endpoint, title, account = f"{chosen.name}/1", chosen.name, ""
        outcome = read_file(chosen, data, sha256, context, look)
    if take is None:
        named.look(outcome.facts)
    problems = _foreign_accounts(named.accounts, accounts)
    count = outcome.problem_count + len(problems)
    evidence = Evidence(
        sha256=sha256,
        size=len(data),
        connector=MANIFEST.name,
        connector_version=MANIFEST.version,
        endpoint=endpoint,
        account=account,
        request=Request("IMPORT", f"file:{origin}", params),
        asked_at=imported_at,
        answered_at=imported_at,
        status=200,
    )
    return ImportReport(
        template=title,
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
        layout=layout,
    )


def _recognised(name: str, data: bytes, template: str | None) -> tuple[Template | None, Layout | None]:
    """The template or the built-in layout that a file's header says, where its name says none."""
    unnamed = ImportRefusedError(
        f"{name[:60]!r} names no template; name the file like one, or choose: {', '.join(TEMPLATES)}."
    )
    if template is not None:
        raise unnamed
    try:
        sniffed = sniff(name, data)
    except ImportRefusedError as error:
        raise ImportRefusedError(f"{unnamed.message} {error.message}") from error
    if sniffed.template:
        return TEMPLATES[sniffed.template], None
    if sniffed.layout is None:
        raise ImportRefusedError(f"{unnamed.message} No layout reads its columns either; map them.")
    if sniffed.questions:
        raise ImportRefusedError(f"{name[:60]!r} is {sniffed.title}, but: {sniffed.questions[0].text}")
    return None, sniffed.layout


def _foreign_accounts(named: set[str], known: Collection[str] | None) -> tuple[FileProblem, ...]:
    if known is None:
        return ()
    return tuple(
        FileProblem(0, "account", f"{name[:60]!r} is not an account", "Import accounts.csv first.")
        for name in sorted(named - set(known))
    )
