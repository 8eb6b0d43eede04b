"""``truenav audit``: who did what, in a hash chain that nobody can edit unseen."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from truenav.cli.common import Row, desk, output_option, say, show
from truenav.core.failure import InvalidInputError, TruenavError

if TYPE_CHECKING:
    from truenav.store.audit_chain import AuditCheck, AuditHead

_COLUMNS = ("seq", "at", "actor", "action", "subject", "detail")


class BrokenChainError(TruenavError):
    """The audit trail was changed."""

    code = "audit-chain-broken"


@click.group()
def audit() -> None:
    """The hash-chained audit trail."""


@audit.command("list")
@click.option("--after", type=click.IntRange(0), default=0, show_default=True, help="Entries after this one.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@output_option
def list_entries(*, after: int, limit: int, output: str) -> None:
    """List entries, oldest first."""
    from truenav.access.policy import authorize
    from truenav.store import audit as trail

    with desk() as here, here.transaction() as session:
        authorize(here.principal, "audit:read")
        found = trail.entries(session, after_seq=after, limit=limit)
    rows: list[Row] = [{column: getattr(row, column) for column in _COLUMNS} for row in found]
    show(rows, output, columns=_COLUMNS)


@audit.command()
@click.option("--head", "noted", metavar="SEQ:HASH", help="A head noted earlier: a cut-off end shows, too.")
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check this export instead, without a database.",
)
def verify(*, noted: str | None, path: Path | None) -> None:
    """Check the whole chain; print its head, worth noting elsewhere. Exit code 1: it does not hold."""
    known = None if noted is None else _read_head(noted)
    check = _check(known) if path is None else _check_file(path, known)
    if not check.ok:
        raise BrokenChainError(f"Entry {check.first_bad} does not hold: {check.reason}.")
    click.echo(f"{check.head.seq}:{check.head.hash}")
    say(f"All {check.head.seq} entries hold.")


@audit.command()
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="By default stdout.")
def export(*, out: Path | None) -> None:
    """Write the whole trail as JSON Lines that 'truenav audit verify --file' checks anywhere."""
    from truenav.access.policy import authorize
    from truenav.store import audit as trail

    with desk() as here, here.transaction() as session:
        authorize(here.principal, "audit:read")
        with nullcontext(sys.stdout.buffer) if out is None else out.open("wb") as file:
            for line in trail.export_lines(session):
                file.write(line)


def _check(known: AuditHead | None) -> AuditCheck:
    from truenav.access.policy import authorize
    from truenav.store import audit as trail

    with desk() as here, here.transaction() as session:
        authorize(here.principal, "audit:read")
        return trail.verify(session, known)


def _check_file(path: Path, known: AuditHead | None) -> AuditCheck:
    from truenav.store.audit_chain import verify_lines

    with path.open("rb") as lines:
        return verify_lines(lines, known)


def _read_head(text: str) -> AuditHead:
    from truenav.store.audit_chain import AuditHead

    seq, _, hash = text.partition(":")
    if not (seq.isascii() and seq.isdigit() and len(hash) == 64):
        raise InvalidInputError(f"--head: {text[:80]!r} is no head; give SEQ:HASH as verify printed it.")
    return AuditHead(int(seq), hash.lower())
