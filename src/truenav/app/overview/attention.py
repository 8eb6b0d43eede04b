"""What a person should look at, the gravest first: each with a cause, a value at stake and one verb."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from truenav.access.policy import Principal, Resource, may
from truenav.app.overview.model import Attention, Figures
from truenav.app.overview.view import View
from truenav.app.sight import Sight
from truenav.app.sources.jobs import ended_gatherings
from truenav.core.failure import FailureKind
from truenav.store import issues
from truenav.store.database import Session
from truenav.store.progress import TaskProgress, TaskState
from truenav.store.runs import Run, RunState

CRITICAL, WARNING, NOTE = "critical", "warning", "note"
QUIET = timedelta(hours=24)
"""A connection that brought nothing for so long is told."""

_ORDER = {CRITICAL: 0, WARNING: 1, NOTE: 2}
_TASKS_LOOKED_AT = 20
_ISSUES_SHOWN = 50


def attention(
    session: Session, principal: Principal, sight: Sight, view: View, figures: Figures, *, now: datetime
) -> tuple[Attention, ...]:
    """Open issues, runs that wait, accounts that cannot be read, what has no price; gravest first.

    Left out is what the reader may not see.
    """
    at_stake = _AtStake(view, figures)

    def seen(one: Attention) -> bool:
        about = one.parameters.get("account", one.parameters.get("subject"))
        return one.key == "unpriced" or about is None or sight.sees_account(about)

    found = [
        *_unpriced(figures, principal),
        *(_waiting_runs(principal, view) if may(principal, "nav:read") else ()),
        *(_issues(session, principal, at_stake) if may(principal, "fact:read") else ()),
        *(_failed_syncs(session, principal, at_stake) if may(principal, "source:read") else ()),
        *(_quiet(principal, view, at_stake, now) if may(principal, "source:read") else ()),
    ]
    return tuple(
        sorted(
            filter(seen, found),
            key=lambda one: (
                _ORDER[one.severity],
                not one.yours,
                -(one.value_at_stake or Decimal(0)),
                one.key,
                one.link,
            ),
        )
    )


class _AtStake:
    """The value behind a name, in the numeraire of the page; None where nothing is known of it."""

    def __init__(self, view: View, figures: Figures) -> None:
        prices = {one.code: one.price_usd for one in view.result.numeraire_prices}
        self._price = prices.get(figures.numeraire)
        self._usd = view.breakdown.at_stake

    def __call__(self, name: str) -> Decimal | None:
        usd = self._usd(name)
        if usd is None or self._price is None or self._price <= 0:
            return None
        return (usd / self._price).quantize(Decimal("0.01"))


def _unpriced(figures: Figures, principal: Principal) -> Iterator[Attention]:
    for doubt in figures.unknown.reasons:
        if doubt.failure.kind is FailureKind.UNPRICED and doubt.failure.blocking:
            yield Attention(
                severity=WARNING,
                key="unpriced",
                parameters={"subject": doubt.failure.subject, "message": doubt.failure.message},
                value_at_stake=doubt.value_at_stake,
                link="/pricing",
                action="price",
                yours=may(principal, "manual:write"),
                since=doubt.failure.since_at,
            )


def _waiting_runs(principal: Principal, view: View) -> Iterator[Attention]:
    published = view.around.published
    for run in view.around.waiting:
        if published is None or run.as_of >= published.as_of or run.restates is not None:
            yield _waiting_run(run, principal)


def _waiting_run(run: Run, principal: Principal) -> Attention:
    approved = run.state is RunState.APPROVED
    resource = Resource(principal.tenant, "nav_run", run.id, maker=run.created_by)
    return Attention(
        severity=NOTE,
        key="run-waits-for-publication" if approved else "run-waits-for-approval",
        parameters={"run": run.id, "fund": run.fund, "quality": run.quality or "", "by": run.created_by},
        value_at_stake=None,
        link=f"/nav/{run.id}",
        action="publish" if approved else "review",
        yours=may(principal, "nav:publish" if approved else "nav:approve", resource),
        since=run.updated_at,
    )


def _issues(session: Session, principal: Principal, at_stake: _AtStake) -> Iterator[Attention]:
    for issue in issues.list_issues(session)[:_ISSUES_SHOWN]:
        yield Attention(
            severity=CRITICAL if issue.blocking else WARNING,
            key="issue",
            parameters={
                "id": issue.id,
                "kind": issue.kind,
                "subject": issue.subject,
                "message": issue.message,
                "mend": issue.mend,
            },
            value_at_stake=at_stake(issue.subject),
            link=f"/issues/{issue.id}",
            action="mend",
            yours=may(principal, "fact:write"),
            since=issue.opened_at,
        )


def _failed_syncs(session: Session, principal: Principal, at_stake: _AtStake) -> Iterator[Attention]:
    for part in _last_parts(session):
        if part.state is TaskState.FAILED:
            yield Attention(
                severity=CRITICAL,
                key="sync-failed",
                parameters={"account": part.subject, "error": part.error or ""},
                value_at_stake=at_stake(part.subject),
                link=f"/connections/{part.subject}",
                action="mend",
                yours=may(principal, "source:write"),
                since=part.updated_at,
            )


def _last_parts(session: Session) -> Iterable[TaskProgress]:
    """How each account's latest gathering ended."""
    found: dict[str, TaskProgress] = {}
    for part in ended_gatherings(session, jobs=_TASKS_LOOKED_AT):
        before = found.get(part.subject)
        if before is None or part.updated_at > before.updated_at:
            found[part.subject] = part
    return found.values()


def _quiet(principal: Principal, view: View, at_stake: _AtStake, now: datetime) -> Iterator[Attention]:
    """Enabled connections whose account was last read long ago, or never."""
    taken: dict[str, datetime | None] = {}
    for fund in view.result.funds:
        for use in fund.snapshots:
            last = taken.get(use.account, use.taken_at)
            known = [one for one in (last, use.taken_at) if one is not None]
            taken[use.account] = min(known) if known else None
    for one in view.around.connections:
        if not one.enabled or one.account is None or one.account not in taken:
            continue
        last = taken[one.account]
        if last is None or now - last > QUIET:
            yield Attention(
                severity=WARNING,
                key="connection-quiet" if last else "connection-never-read",
                parameters={"connection": one.id, "account": one.account, "venue": one.connector},
                value_at_stake=at_stake(one.account),
                link=f"/connections/{one.id}",
                action="mend",
                yours=may(principal, "source:gather"),
                since=last,
            )
