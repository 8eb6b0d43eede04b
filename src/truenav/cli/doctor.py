"""``truenav doctor``: checks that this installation is well."""

from __future__ import annotations

import sys

import click

from truenav.cli.common import Row, output_option, settings, show


@click.command()
@click.option("--offline", is_flag=True, help="Ask no venue for its time.")
@output_option
def doctor(*, offline: bool, output: str) -> None:
    """Check versions, database, disk, clocks, keys and queue. Exit code 1: something is bad."""
    from truenav.app.doctor import State, examine

    found = examine(settings(), venues=not offline)
    rows: list[Row] = [
        {"check": row.name, "state": row.state, "detail": row.detail, "mend": row.mend} for row in found
    ]
    show(rows, output)
    if any(row.state is State.BAD for row in found):
        sys.exit(1)
