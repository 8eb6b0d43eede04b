"""What all commands share: the opened house, who is logged in, and how results are printed."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from truenav.core.clock import parse_instant
from truenav.core.failure import InvalidInputError, TruenavError, UnauthenticatedError
from truenav.core.money import parse_decimal

if TYPE_CHECKING:
    from truenav.access.policy import Principal
    from truenav.app.house import House
    from truenav.app.settings import Settings
    from truenav.store.database import Session

F = TypeVar("F", bound=Callable[..., Any])

TOKEN_VARIABLE = "TRUENAV_TOKEN"  # noqa: S105 - a name, not a secret
Row = Mapping[str, object]


def settings() -> Settings:
    """Settings of this process, from the environment."""
    from truenav.app.settings import read_settings

    return read_settings(os.environ)


@contextmanager
def house() -> Iterator[House]:
    """The installation, its database started and migrated where needed."""
    from truenav.app.house import open_house

    with open_house(settings()) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class Desk:
    """An opened house and the person at it."""

    house: House
    principal: Principal

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[Session]:
        """One transaction of the person's tenant; without ``keep`` (a dry run) it is undone at the end."""
        with self.house.database.transaction(self.principal.tenant) as session:
            yield session
            if not keep:
                session.rollback()


@contextmanager
def desk() -> Iterator[Desk]:
    """The house with whoever is logged in: ``TRUENAV_TOKEN``, else the session kept by ``truenav login``."""
    with house() as opened:
        yield Desk(opened, opened.access.authenticate(session_token()))


def session_file() -> Path:
    """Where ``truenav login`` keeps the session's token, readable by its owner alone."""
    return settings().data_dir / "cli-session"


def session_token() -> str:
    """The token of whoever is logged in; ``UnauthenticatedError`` when nobody is."""
    if token := os.environ.get(TOKEN_VARIABLE):
        return token
    try:
        return session_file().read_text("ascii").strip()
    except FileNotFoundError:
        raise UnauthenticatedError(
            f"Nobody is logged in; run 'truenav login', or set {TOKEN_VARIABLE} to an API token."
        ) from None


def output_option(command: F) -> F:
    """``--output table|json|csv``."""
    return click.option(
        "--output",
        type=click.Choice(["table", "json", "csv"]),
        default="table",
        show_default=True,
        help="Form of the result on standard output.",
    )(command)


def dry_run_option(command: F) -> F:
    """``--dry-run``: everything is checked, nothing is kept."""
    return click.option("--dry-run", is_flag=True, help="Check everything and keep nothing.")(command)


def instant_option(name: str, help: str, *, required: bool = False) -> Callable[[F], F]:
    """An option that takes an RFC 3339 instant."""

    def read(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
        del context
        return None if value is None else parse_instant(value, what=parameter.name or "time")

    return click.option(name, callback=read, metavar="INSTANT", help=help, required=required)


def number_option(name: str, help: str) -> Callable[[F], F]:
    """A required option that takes an exact decimal number."""

    def read(context: click.Context, parameter: click.Parameter, value: str) -> Decimal:
        del context
        return parse_decimal(value, what=parameter.name or "number")

    return click.option(name, callback=read, metavar="NUMBER", help=help, required=True)


def file_argument(name: str = "file") -> Callable[[F], F]:
    """A file that exists, or ``-`` for standard input."""
    return click.argument(name, type=click.Path(exists=True, dir_okay=False, allow_dash=True))


def password(text: str, *, from_stdin: bool, confirm: bool) -> str:
    """A password from a prompt that shows nothing, or the first line of standard input; never from argv."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return ask_hidden(text, mend="give it on standard input with --password-stdin", confirm=confirm)


def ask_hidden(text: str, *, mend: str, confirm: bool = False) -> str:
    """Ask for a secret without showing it; refused where there is no terminal to ask on."""
    if not sys.stdin.isatty():
        raise InvalidInputError(f"{text}: there is no terminal to ask on; {mend}.")
    return str(click.prompt(text, hide_input=True, confirmation_prompt=confirm, err=True))


def show(rows: Sequence[Row], output: str, *, columns: Sequence[str] | None = None) -> None:
    """Print rows; JSON keeps every field as text or structure, table and CSV the named columns."""
    from truenav.core.canonical import encode

    plain = [{key: encode(value) for key, value in row.items()} for row in rows]
    if output == "json":
        click.echo(json.dumps(plain, indent=2, ensure_ascii=False))
        return
    names = list(columns or (plain[0].keys() if plain else ()))
    if output == "csv":
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([[_inactive(row.get(name)) for name in names] for row in plain])
        click.echo(buffer.getvalue(), nl=False)
        return
    table(names, [[_cell(row.get(name)) for name in names] for row in plain])


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a plain table, numbers to the right."""
    if not rows:
        say("Nothing here.")
        return
    numeric = [all(_is_number(row[n]) for row in rows) for n in range(len(names))]
    widths = [max(len(names[n]), *(len(row[n]) for row in rows)) for n in range(len(names))]
    for cells in (names, *rows):
        parts = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, numeric, strict=True)
        ]
        click.echo("  ".join(parts).rstrip())


def say(message: str) -> None:
    """A message to the person, on standard error."""
    click.echo(message, err=True)


def read_file(path: str) -> bytes:
    """The bytes of a file, or of standard input for ``-``."""
    return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()


def _cell(value: object) -> str:
    if value is None:
        return "—"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else "�" for char in text)


def _inactive(value: object) -> str:
    """A cell that no spreadsheet takes for a formula; unknown is empty."""
    text = "" if value is None else _cell(value)
    return f"'{text}" if text[:1] in tuple("=+-@") and not _is_number(text) else text


def _is_number(text: str) -> bool:
    return text == "—" or text.lstrip("+-").replace(".", "", 1).replace(",", "").isdigit()


class DemoFilesMissingError(TruenavError):
    """The demo fund's files are part of the checkout, not of the package."""

    code = "demo-files-missing"
    exit_code = 3


def demo_folder(given: Path | None = None) -> Path:
    """The folder of the demo fund: the one given, or the checkout's."""
    folder = given or Path(__file__).parents[3] / "examples" / "demo_fund"
    if not (folder / "fund.json").is_file():
        raise DemoFilesMissingError(
            f"{folder} holds no demo fund; run this in a checkout, or name its folder."
        )
    return folder
