"""``truenav import``: history from CSV and JSON files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from truenav.cli.common import Row, desk, file_argument, output_option, read_file, say, show
from truenav.core.failure import InvalidInputError

if TYPE_CHECKING:
    from truenav.connect.files import ImportReport

_template = click.option("--template", help="By default the one that the file's name begins with.")


@click.group()
def imports() -> None:
    """Bulk import of history. A file with any problem is refused whole."""


@imports.command()
@file_argument()
@_template
@output_option
def check(*, file: str, template: str | None, output: str) -> None:
    """Check FILE as an import would, and keep nothing. Exit code 2: it has problems."""
    from truenav.app.sources.imports import check_import
    from truenav.cli.progress import steps

    with steps(Path(file).name, 2) as begin:
        begin("reading")
        data = read_file(file)
        begin("checking")
        with desk() as here, here.transaction() as session:
            report = check_import(session, here.house, here.principal, file, data, template)
    if report.problem_count:
        _show_problems(report, output)
        say(f"! {file}: {report.problem_count} problems; an import would be refused. Nothing was kept.")
        sys.exit(InvalidInputError.exit_code)
    say(
        f"{file}: {report.rows} rows of template {report.template} give {report.fact_count} facts and "
        f"{len(report.accounts)} accounts; {len(report.duplicates)} repeated lines. Nothing was kept."
    )


@imports.command()
@file_argument()
@_template
@click.option("--dry-run", is_flag=True, help="The same as 'truenav import check'.")
@output_option
@click.pass_context
def run(context: click.Context, /, *, file: str, template: str | None, dry_run: bool, output: str) -> None:
    """Import FILE: all of it, or nothing. The same file again brings duplicates only."""
    from truenav.app.sources.imports import ImportProblemsError, run_import
    from truenav.cli.progress import steps
    from truenav.store.commit_points import commit_point

    if dry_run:
        context.invoke(check, file=file, template=template, output=output)
        return
    try:
        with steps(Path(file).name, 2) as begin:
            begin("reading")
            data = read_file(file)
            begin("checking and recording")
            with desk() as here, here.transaction() as session:
                found = run_import(session, here.house, here.principal, file, data, template)
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


def _show_problems(report: ImportReport, output: str) -> None:
    """Every listed problem with its physical line and column."""
    rows: list[Row] = [
        {"line": one.line or None, "column": one.column, "problem": one.message, "mend": one.mend}
        for one in report.problems
    ]
    show(rows, output)
    if report.problem_count > len(rows):
        say(f"... and {report.problem_count - len(rows)} more.")
