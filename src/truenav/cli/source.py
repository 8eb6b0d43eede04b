"""``truenav source``: accounts as sources of facts, whether they are complete, and what does not add up."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import click

from truenav.cli.common import Desk, Row, desk, instant_option, output_option, say, show
from truenav.cli.connection import gather
from truenav.cli.issue import list_issues
from truenav.core.failure import InvalidInputError, TruenavError, UnavailableError
from truenav.core.ids import AccountId, Sha256

if TYPE_CHECKING:
    from truenav.app.reconciliation.service import ReconciledRow

_SOURCE = (
    "account", "venue", "grade", "state", "freshness", "synced_at", "checked_at", "open_issues",
    "completeness",
)  # fmt: skip
_RECONCILED = (
    "account", "wallet", "subject", "opening", "facts", "closing", "difference", "status", "cause",
    "explanation",
)  # fmt: skip
_TRANSFER = ("status", "asset", "sent_from", "sent_amount", "sent_at", "received_in", "received_at", "lost")


@click.group()
def source() -> None:
    """Accounts as sources: reading them, and proof that nothing is missing."""


@source.command("list")
@output_option
def list_all(*, output: str) -> None:
    """List the accounts: what feeds each, when it was read and judged, and whether all of it adds up."""
    from truenav.app.reconciliation.service import list_sources
    from truenav.app.sight import sight_of

    with desk() as here, here.transaction() as session:
        sight = sight_of(session, here.principal)
        found = list_sources(session, here.principal, sight, now=here.house.clock.now())
    show([_fields(one) for one in found], output, columns=_SOURCE if output == "table" else None)


source.add_command(gather, "sync")
source.add_command(list_issues, "issues")


@source.command()
@click.argument("account", required=False)
@click.option("--all", "every", is_flag=True, help="Every account.")
@instant_option("--since", "Begin with the first snapshot after it; by default with the very first.")
@instant_option("--until", "End with the last snapshot up to it; by default with the very last.")
@click.option("--from-nothing", is_flag=True, help="As if nothing had been held before the first fact.")
@click.option("--record", is_flag=True, help="Keep what does not add up as data issues; close what does.")
@output_option
def reconcile(
    *,
    account: str | None,
    every: bool,
    since: datetime | None,
    until: datetime | None,
    from_nothing: bool,
    record: bool,
    output: str,
) -> None:
    """Compare snapshots with facts: every asset and contract of ACCOUNT, over the union of both sides.

    Exit code 0: everything adds up; 1: something does not; 6: something could not be compared.
    """
    from truenav.app.reconciliation import service
    from truenav.app.sight import sight_of

    if (account is None) is not every:
        raise InvalidInputError("Name one account, or give --all.")
    if record and (since or until):
        raise InvalidInputError("--record judges whole histories; leave out --since and --until.")
    with desk() as here:
        rows: list[ReconciledRow] = []
        for name in _accounts(here, account):
            with here.transaction() as session:
                rows += service.reconcile(
                    session,
                    here.house,
                    here.principal,
                    name,
                    sight=sight_of(session, here.principal),
                    since=since,
                    until=until,
                    from_nothing=from_nothing,
                )
            if record:
                _record(here, name)
    show([_fields(row) for row in rows], output, columns=_RECONCILED if output == "table" else None)
    _end(rows)


@source.command()
@instant_option("--since", "What left after it; by default the last 31 days.")
@instant_option("--until", "What arrived up to it; by default until now.")
@output_option
def transfers(*, since: datetime | None, until: datetime | None, output: str) -> None:
    """List transfers between own accounts, paired, and legs without their other one."""
    from truenav.app.completeness.transfers import LONGEST
    from truenav.app.reconciliation.service import list_transfers
    from truenav.app.sight import sight_of

    with desk() as here, here.transaction() as session:
        end = until or here.house.clock.now()
        sight = sight_of(session, here.principal)
        begin = since or end - LONGEST
        found = list_transfers(session, here.house, here.principal, sight, since=begin, until=end)
    show([_fields(row) for row in found], output, columns=_TRANSFER if output == "table" else None)


@source.command()
@click.argument("sent")
@click.argument("received")
@click.option("--reason", required=True, help="Why they are one transfer of ours; kept with the correction.")
def confirm(*, sent: str, received: str, reason: str) -> None:
    """Say that the facts SENT and RECEIVED (content hashes) are one transfer between own accounts.

    A correction makes the legs internal that are called external; the facts themselves stay readable.
    """
    from truenav.app.reconciliation.confirm import confirm_pair

    with desk() as here, here.transaction() as session:
        made = confirm_pair(
            session, here.house, here.principal, Sha256(sent), Sha256(received), reason=reason
        )
    say(f"{len(made)} legs are internal now.")


def _accounts(here: Desk, wanted: str | None) -> list[AccountId]:
    """The account that was named, or all that the person sees."""
    from truenav.app.sight import sight_of
    from truenav.app.sources.catalogues import ACCOUNTS

    if wanted is not None:
        return [AccountId(wanted)]
    with here.transaction() as session:
        sight = sight_of(session, here.principal)
        every = ACCOUNTS.list_all(session, here.principal)
    return [one.body.id for one in every if ACCOUNTS.seen(sight, one.body)]


def _record(here: Desk, account: AccountId) -> None:
    from truenav.access.policy import authorize
    from truenav.app.reconciliation.service import record

    authorize(here.principal, "source:gather")
    with here.transaction() as session:
        count = record(session, here.house, here.principal.tenant, account)
    told = f"{count} windows do not add up; they are data issues." if count else "every window adds up."
    say(f"{account}: {told}")


def _fields(row: object) -> Row:
    return {name: getattr(row, name) for name in type(row).__dataclass_fields__}  # type: ignore[attr-defined]


def _end(rows: Iterable[ReconciledRow]) -> None:
    """Say how it went by the exit code."""
    from truenav.calc.ledger.completeness import ReconciliationStatus

    found = {row.status for row in rows}
    if ReconciliationStatus.BREAK in found:
        sys.exit(TruenavError.exit_code)
    if found - {ReconciliationStatus.OK}:
        sys.exit(UnavailableError.exit_code)
