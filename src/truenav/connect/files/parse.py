"""Files as facts: the check that a person sees and the parser that the verifier calls are one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from truenav.connect.bulk import no_collection
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.errors import ImportRefusedError, MalformedPayloadError
from truenav.connect.files.build import Builder, identity
from truenav.connect.files.bulk import Bulk, NotPlain
from truenav.connect.files.engine import Engine
from truenav.connect.files.mapping import ENDPOINT, LAYOUT_NOTE, Layout, layout_from_json
from truenav.connect.files.recognise import fitted
from truenav.connect.files.rows import Converter, RefusedCell, read_rows
from truenav.connect.files.table import FileProblem, Problems, read_table
from truenav.connect.files.templates import TEMPLATES, Template
from truenav.connect.files.text import layout_table
from truenav.core.account import Account
from truenav.core.evidence import Evidence
from truenav.core.facts import Fact
from truenav.core.failure import InvalidInputError
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument
from truenav.core.money import exact

PART_ROWS = 50_000
BATCH_ROWS = 5_000
Take = Callable[[Sequence[Fact], int], None]
"""Gets a part of a file's facts, and how many rows were read by then, before the file is known to be good."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a file states. With any problem it states nothing."""

    rows: int
    facts: Sequence[Fact] = ()
    accounts: tuple[Account, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    problems: tuple[FileProblem, ...] = ()
    problem_count: int = 0
    duplicates: tuple[int, ...] = ()


def read_file(
    template: Template, data: bytes, evidence: Sha256, context: ParseContext, take: Take | None = None
) -> Outcome:
    """Read a whole file; a repeated row counts once, a repeated id with other content is a problem.

    With ``take`` the facts go there in parts of `PART_ROWS` rows, and not into the outcome, so that a large
    file does not fill the memory; whoever takes them gives them up again when the outcome has problems.
    """
    problems = Problems()
    converter = Converter(context, {})
    builder = Builder(template.name, evidence, converter)
    seen: dict[tuple[object, ...], tuple[int, bytes]] = {}
    duplicates: list[int] = []
    count = 0
    with exact():
        try:
            table = read_table(data, problems)
            for line, row, cells in read_rows(table, template, converter, problems):
                count += 1
                name = identity(template.name, cells)
                digest = _digest(row)
                first = seen.setdefault(name, (line, digest))
                if take is not None and count % PART_ROWS == 0:
                    take(builder.drain(), count)
                if first[0] == line:
                    _build(builder, line, cells, problems)
                elif first[1] == digest:
                    duplicates.append(line)
                else:
                    problems.add(
                        line,
                        "",
                        f"the same event stands in line {first[0]} with other content",
                        "Keep the right one; a correction names the fact that it supersedes.",
                    )
        except ImportRefusedError as error:
            place = error.context.get("line", 1)
            problems.add(
                place if isinstance(place, int) else 1,
                str(error.context.get("column", "")),
                error.message,
                "See the import templates in the reference.",
            )
    if problems.count:
        return Outcome(count, problems=tuple(problems.listed), problem_count=problems.count)
    facts = builder.finish()
    if take is not None:
        take(facts, count)
    return Outcome(
        rows=count,
        facts=facts if take is None else (),
        accounts=tuple(builder.accounts),
        instruments=tuple(converter.instruments.values()),
        duplicates=tuple(duplicates),
    )


def read_layout(
    layout: Layout,
    data: bytes,
    evidence: Sha256,
    account: str,
    context: ParseContext,
    take: Take | None = None,
) -> Outcome:
    """Read a whole export by its layout, as ``read_file`` reads a template.

    ``account`` is whose file it is; rows that name accounts of their own need none.
    """
    problems = Problems()
    engine: Engine | None = None
    count = 0
    with exact():
        try:
            table = layout_table(data, layout, problems)
            layout = fitted(layout, table.columns)
            engine = Engine(layout, table.columns, evidence, account, context)
            bulk = Bulk(engine)
            more = True
            while more:
                with no_collection():
                    part = _read_part(engine, bulk, table.rows, problems)
                count += part
                more = part >= PART_ROWS
                if take is not None and more:
                    take([] if problems.count else engine.stated.drain(), count)
            for line, refused in engine.finish():
                problems.add(line, engine.column(refused), refused.message, refused.mend)
        except ImportRefusedError as error:
            problems.add(1, str(error.context.get("column", "")), error.message, "Choose another layout.")
    if problems.count or engine is None:
        listed = sorted(problems.listed, key=lambda one: one.line)
        return Outcome(count, problems=tuple(listed), problem_count=problems.count)
    facts = engine.stated.drain()
    if take is not None:
        take(facts, count)
    return Outcome(
        rows=count,
        facts=facts if take is None else (),
        instruments=tuple(engine.stated.instruments.values()),
        duplicates=tuple(engine.duplicates),
    )


def _read_part(engine: Engine, bulk: Bulk, rows: Iterator[tuple[int, list[str]]], problems: Problems) -> int:
    """Read about `PART_ROWS` rows, in batches that fit well into the processor's cache; gives how many."""
    count = 0
    while count < PART_ROWS and (batch := list(islice(rows, BATCH_ROWS))):
        _state(engine, bulk, batch, problems)
        count += len(batch)
    return count


def _state(engine: Engine, bulk: Bulk, batch: list[tuple[int, list[str]]], problems: Problems) -> None:
    """State what a batch says: by its columns where they are plain, else row by row."""

    def refuse(line: int, error: InvalidInputError | RefusedCell) -> None:
        mend = error.mend if isinstance(error, RefusedCell) else "See the file layouts in the reference."
        column = engine.column(error) if isinstance(error, RefusedCell) else ""
        problems.add(line, column, error.message, mend)

    if bulk.serves:
        try:
            bulk.add(batch, refuse)
        except NotPlain:
            pass
        else:
            return
    for line, row in batch:
        try:
            engine.add(line, row)
        except (RefusedCell, InvalidInputError) as error:
            refuse(line, error)


def _digest(row: list[str]) -> bytes:
    """What two equal rows have in common; the rows themselves would fill the memory."""
    return hashlib.sha256("\0".join(row).encode()).digest()


def _build(builder: Builder, line: int, cells: dict[str, object], problems: Problems) -> None:
    try:
        builder.add(cells)
    except RefusedCell as error:
        problems.add(line, "", error.message, error.mend)
    except InvalidInputError as error:
        problems.add(line, "", error.message, "See the import templates in the reference.")


def _parser(template: Template) -> Parser:
    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        return _parsed(read_file(template, body, evidence.sha256, context))

    return parse


def _parse_layout(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """An export by the layout that its evidence notes."""
    noted = [value for name, value in evidence.request.params if name == LAYOUT_NOTE]
    if len(noted) != 1:
        raise MalformedPayloadError("the evidence does not note the layout by which the file reads.")
    layout = layout_from_json(noted[0])
    return _parsed(read_layout(layout, body, evidence.sha256, evidence.account, context))


def _parsed(outcome: Outcome) -> Parsed:
    if outcome.problems:
        first = outcome.problems[0]
        raise MalformedPayloadError(
            f"line {first.line}{f', {first.column}' if first.column else ''}: {first.message} "
            f"({outcome.problem_count} problems in all)."
        )
    return Parsed(outcome.facts, outcome.instruments)


PARSERS: Mapping[str, Parser] = {
    **{f"{name}/1": _parser(template) for name, template in TEMPLATES.items()},
    ENDPOINT: _parse_layout,
}
