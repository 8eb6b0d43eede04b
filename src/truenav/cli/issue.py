"""``truenav issue``: what does not add up, until a person explains or mends it."""

from __future__ import annotations

import click

from truenav.cli.common import Row, desk, output_option, say, show

_COLUMNS = ("id", "kind", "subject", "blocking", "state", "opened_at", "message", "mend")


@click.group()
def issue() -> None:
    """Data issues. A NAV with an open blocking issue of one of its accounts cannot be published."""


@issue.command("list")
@click.option(
    "--state", type=click.Choice(["open", "explained", "fixed", "all"]), default="open", show_default=True
)
@output_option
def list_issues(*, state: str, output: str) -> None:
    """List issues, oldest first."""
    from truenav.access.policy import authorize
    from truenav.store import issues
    from truenav.store.issues import IssueState

    with desk() as here, here.transaction() as session:
        authorize(here.principal, "fact:read")
        found = issues.list_issues(session, None if state == "all" else IssueState(state))
    columns = (*_COLUMNS, "closed_at", "closed_by", "explanation", "detail")
    rows: list[Row] = [{column: getattr(one, column) for column in columns} for one in found]
    show(rows, output, columns=_COLUMNS if output == "table" else columns)


@issue.command()
@click.argument("id")
@click.option("--reason", required=True, help="Why it may stay as it is; kept in the audit trail.")
def explain(*, id: str, reason: str) -> None:
    """Close an issue that is right as it is, with the reason. ID may be its first digits."""
    _close(id, "explained", reason)


@issue.command()
@click.argument("id")
@click.option("--reason", required=True, help="What was mended, and how; kept in the audit trail.")
def fix(*, id: str, reason: str) -> None:
    """Close an issue that was mended. ID may be its first digits."""
    _close(id, "fixed", reason)


def _close(id: str, state: str, reason: str) -> None:
    from truenav.app.completeness.settle import settle_issue
    from truenav.store.issues import IssueState

    with desk() as here, here.transaction() as session:
        closed = settle_issue(session, here.house, here.principal, id, IssueState(state), explanation=reason)
    say(f"Issue {closed} is {state}.")
