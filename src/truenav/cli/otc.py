"""``truenav otc``: statements of OTC desks, and what settled their trades."""

from __future__ import annotations

import sys
from datetime import date, datetime

import click

from truenav.cli.common import Row, desk, output_option, read_file, say, show
from truenav.core.ids import AccountId

_DAY = click.DateTime(["%Y-%m-%d"])
_MATCH = ("line", "state", "asset", "amount", "value_date", "account", "moved_at", "days", "why")


@click.group()
def otc() -> None:
    """OTC desks: statements, and which of our transfers settled them."""


@otc.command("import")
@click.argument("account")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
def import_file(*, account: str, file: str) -> None:
    """Import the statement FILE (CSV or JSON) of the desk whose account is ACCOUNT, all of it or nothing."""
    from truenav.app.sources.desk_statements import import_statement
    from truenav.store.commit_points import commit_point

    data = read_file(file)
    with desk() as here:
        with here.transaction() as session:
            brought = import_statement(session, here.house, here.principal, AccountId(account), file, data)
        commit_point("import.recorded")
    for problem in brought.problems:
        say(f"! {problem}")
    say(f"{brought.facts} facts are new, {brought.duplicates} were known, {brought.conflicts} contradict.")


@otc.command()
@click.argument("account")
@click.option("--since", type=_DAY, required=True, help="The first value date.")
@click.option("--until", type=_DAY, required=True, help="The last value date.")
@click.option("--days", type=click.IntRange(0, 30), default=2, show_default=True, help="Days between.")
@click.option("--party", "parties", multiple=True, help="ADDRESS=NAME: whom a counterpart stands for.")
@output_option
def match(
    *, account: str, since: datetime, until: datetime, days: int, parties: tuple[str, ...], output: str
) -> None:
    """Pair the settlements of ACCOUNT with transfers of our accounts by asset, amount, date and party.

    Exit code 1: a settlement has no transfer.
    """
    from truenav.app.sources.desk_statements import match_desk

    named = {left: right for left, _, right in (one.partition("=") for one in parties)}
    with desk() as here, here.transaction() as session:
        found = match_desk(
            session,
            here.house,
            here.principal,
            AccountId(account),
            since=_day(since),
            until=_day(until),
            days=days,
            parties=named,
        )
    rows: list[Row] = [
        {
            "line": one.line.id,
            "state": "matched",
            "asset": one.line.asset,
            "amount": one.line.amount,
            "value_date": one.line.value_date,
            "account": one.transfer.account,
            "moved_at": one.transfer.occurred_at,
            "days": one.days,
            "why": one.by.value,
        }
        for one in found.matched
    ]
    rows += [
        {
            "line": one.line.id,
            "state": "unmatched",
            "asset": one.line.asset,
            "amount": one.line.amount,
            "value_date": one.line.value_date,
            "why": one.reason.value,
        }
        for one in found.unmatched
    ]
    show(rows, output, columns=_MATCH)
    for finding in found.unmatched:
        say(f"! {finding.message}")
    if found.unmatched:
        sys.exit(1)


def _day(given: datetime) -> date:
    return given.date()
