"""``truenav nav statement``: a run as a PDF."""

from __future__ import annotations

from pathlib import Path

import click

from truenav.cli.common import desk, say
from truenav.core.ids import RunId


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--language", type=click.Choice(["en", "zh", "both"]), default="en", show_default=True)
@click.option("--investor", metavar="NAME", help="Only what this investor holds, named as in the dealings.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="By default RUN-LANGUAGE.pdf."
)
def statement(*, run: str, language: str, investor: str | None, out: Path | None) -> None:
    """Print RUN as a PDF: summary, classes, tree, lines, prices, signatures and proof."""
    from truenav.app.statements.service import print_statement
    from truenav.app.statements.words import Language

    with desk() as here, here.transaction() as session:
        printed = print_statement(
            session, here.house, here.principal, RunId(run), language=Language(language), investor=investor
        )
    path = out or Path(printed.name)
    path.write_bytes(printed.pdf)
    if printed.missing_glyphs:
        say(f"Shown as boxes, because the fonts lack them: {' '.join(printed.missing_glyphs)}")
    click.echo(str(path))
