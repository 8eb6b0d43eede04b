"""``truenav import``: history from CSV and JSON files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from truenav.cli.common import F, Row, desk, file_argument, output_option, read_file, say, show
from truenav.cli.definitions import Noun, definition_group
from truenav.core.failure import InvalidInputError

if TYPE_CHECKING:
    from truenav.app.sources.layouts import Told
    from truenav.connect.files import ImportReport

LAYOUT = Noun("layout", "truenav.app.sources.layouts:LAYOUTS", ("name", "title", "venue", "delimiter"))

_HOW = (
    click.option("--template", help="By default the one that the file's name begins with."),
    click.option("--layout", metavar="NAME|FILE", help="A layout: saved, built in, or a JSON file of one."),
    click.option("--account", help="Whose file it is, where no column says so."),
    click.option("--zone", help="Zone of times that tell none: UTC, Asia/Shanghai, +08:00."),
)


def _how(command: F) -> F:
    """What a person says about a file; all of it may be left out."""
    for option in reversed(_HOW):
        command = option(command)
    return command


@click.group()
def imports() -> None:
    """Bulk import of history. A file with any problem is refused whole."""


@imports.command()
@file_argument()
@_how
@output_option
def check(*, file: str, output: str, **how: str | None) -> None:
    """Check FILE as an import would, and keep nothing. Exit code 2: it has problems."""
    from truenav.app.sources.imports import check_import
    from truenav.cli.progress import steps

    with steps(Path(file).name, 2) as begin:
        begin("reading")
        data = read_file(file)
        begin("checking")
        with desk() as here, here.transaction() as session:
            report = check_import(session, here.house, here.principal, file, data, _told(**how))
    if report.problem_count:
        _show_problems(report, output)
        say(f"! {file}: {report.problem_count} problems; an import would be refused. Nothing was kept.")
        sys.exit(InvalidInputError.exit_code)
    say(
        f"{file}: {report.rows} rows, read as {report.template}, give {report.fact_count} facts and "
        f"{len(report.accounts)} accounts; {len(report.duplicates)} repeated lines. Nothing was kept."
    )


@imports.command()
@file_argument()
@_how
@click.option("--dry-run", is_flag=True, help="The same as 'truenav import check'.")
@output_option
@click.pass_context
def run(context: click.Context, /, *, file: str, dry_run: bool, output: str, **how: str | None) -> None:
    """Import FILE: all of it, or nothing. The same file again brings duplicates only."""
    from truenav.app.sources.imports import ImportProblemsError, run_import
    from truenav.cli.progress import steps
    from truenav.store.commit_points import commit_point

    if dry_run:
        context.invoke(check, file=file, output=output, **how)
        return
    try:
        with steps(Path(file).name, 2) as begin:
            begin("reading")
            data = read_file(file)
            begin("checking and recording")
            with desk() as here, here.transaction() as session:
                found = run_import(session, here.house, here.principal, file, data, _told(**how))
            commit_point("import.recorded")
    except ImportProblemsError as error:
        _show_problems(error.report, output)
        raise
    row = {
        "template": found.report.template,
        "rows": found.report.rows,
        "facts": found.facts,
        "duplicates": found.duplicates,
        "conflicts": len(found.conflicts),
        "accounts": found.accounts,
        "evidence": found.report.payload.evidence.sha256,
    }
    show([row], output)
    if found.conflicts:
        say(
            f"! {len(found.conflicts)} facts contradict what is recorded, which stands. See "
            "'truenav issue list'."
        )


@imports.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write an empty CSV file of each template into this folder.",
)
@output_option
def templates(*, out: Path | None, output: str) -> None:
    """Show the templates and their columns, or write them as empty files."""
    from truenav.connect.files import TEMPLATES

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, template in TEMPLATES.items():
            path = out / f"{name}.csv"
            path.write_text(",".join(column.name for column in template.columns) + "\n", encoding="utf-8")
            click.echo(str(path))
        return
    rows: list[Row] = [
        {
            "template": name,
            "column": column.name,
            "required": "yes" if column.required else "no",
            "kind": column.kind.name.lower(),
            "default": column.default,
            "allowed": " ".join(column.choices),
            "meaning": column.meaning,
        }
        for name, template in TEMPLATES.items()
        for column in template.columns
    ]
    show(rows, output)


@imports.command()
@file_argument()
@click.option(
    "--draft",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the layout, found or drafted, into this JSON file: to be mended and given to --layout.",
)
@output_option
def sniff(*, file: str, draft: Path | None, output: str) -> None:
    """Say what FILE is: the layout that reads it, or what each column seems to be. Keeps nothing."""
    from truenav.app.sources.layouts import look_at
    from truenav.core.canonical import encode

    data = read_file(file)
    with desk() as here, here.transaction() as session:
        seen = look_at(session, here.principal, file, data)
    found = seen.sniffed
    layout = found.layout or (found.proposal.layout if found.proposal else None)
    fields = {column: field for field, column in layout.columns.items()} if layout else {}
    rows: list[Row] = [
        {
            "column": column,
            "field": fields.get(column, ""),
            "first": found.samples[0][place] if found.samples and place < len(found.samples[0]) else "",
            "texts": " | ".join(seen.texts.get(column, ())[:8]),
        }
        for place, column in enumerate(found.columns)
    ]
    show(rows, output)
    say(f"{file}: {found.title or found.template or 'in a form that nobody knows'} ({found.kind}).")
    for question in found.questions:
        choices = f" One of: {', '.join(question.choices)}." if question.choices else ""
        say(f"? {question.text}{choices}")
    if draft is not None and layout is not None:
        draft.write_text(json.dumps(encode(layout), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        say(f"The layout is in {draft}.")


@imports.command("layouts")
@output_option
def list_layouts(*, output: str) -> None:
    """List the layouts by which files are recognised: saved ones, then those that are built in."""
    from truenav.app.sources.layouts import own_layouts
    from truenav.connect.files import layouts

    with desk() as here, here.transaction() as session:
        own = own_layouts(session)
    rows: list[Row] = [
        {"name": one.name, "title": one.title, "saved": "yes" if one in own else "no"}
        for one in (*own, *layouts().values())
    ]
    show(rows, output)


imports.add_command(
    definition_group("layout", LAYOUT, help="Saved layouts: what the columns of an export mean.")
)


def _told(*, template: str | None, layout: str | None, account: str | None, zone: str | None) -> Told:
    """What was said; a layout that is the name of a file is read from it."""
    from truenav.app.sources.layouts import Told
    from truenav.connect.files import layout_from_json

    if layout is None or not Path(layout).is_file():
        return Told(template, layout, None, account, zone)
    return Told(template, None, layout_from_json(Path(layout).read_text("utf-8")), account, zone)


def _show_problems(report: ImportReport, output: str) -> None:
    """Every listed problem with its physical line and column."""
    rows: list[Row] = [
        {"line": one.line or None, "column": one.column, "problem": one.message, "mend": one.mend}
        for one in report.problems
    ]
    show(rows, output)
    if report.problem_count > len(rows):
        say(f"... and {report.problem_count - len(rows)} more.")
