"""Fills that an executor was told of, held against the facts of gathering: what differs is an issue.

Judged are the orders that settled since the last check, and those that did not agree before. An issue names
its order and the figures, so finding it twice is one issue; it is *fixed* when the facts known by then agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from truenav.app.completeness.settle import Settled, settle_found
from truenav.app.completeness.windows import merged
from truenav.calc.ledger.executions import Difference, differences
from truenav.core.canonical import canonical_json, decode, sha256_hex
from truenav.core.facts import Trade
from truenav.core.ids import AccountId
from truenav.core.money import to_text
from truenav.core.orders import Order
from truenav.store import cursors, issues, orders
from truenav.store.database import Session
from truenav.store.issues import Issue, IssueState
from truenav.store.journal import FactQuery, Journal

ORDER_DIFFERENCE = "order_difference"
"""Kind of an issue about an order whose fills and facts do not agree."""

SETTLING = timedelta(minutes=1)
"""How long before a gathering an order must have settled: venues tell fills a little late."""

AROUND = timedelta(hours=1)
"""How far before and after its fills facts of an order are looked for."""

_FIRST = datetime(2009, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Compared:
    """Up to when the orders of an account were compared, by the time at which they settled."""

    until: datetime


def check_orders(
    session: Session,
    journal: Journal,
    account: AccountId,
    *,
    begun: datetime,
    now: datetime,
) -> None:
    """Compare the account's settled orders with its facts, after a complete gathering that began then."""
    until = begun - SETTLING
    known = issues.list_issues(session, kind=ORDER_DIFFERENCE, subject=account)
    doubted = orders.of_venue(session, account, [json.loads(one.detail)["order"] for one in known])
    fresh = orders.since_update(session, account, _compared(session, account), until)
    judged = {one.request.client_id: one for one in (*doubted, *fresh) if one.fills}
    if judged or known:
        found = {one.id: one for one in _findings(journal, account, list(judged.values()), now)}
        _keep(session, known, found, now)
    if fresh:
        last = max(one.updated_at for one in fresh)
        cursors.move(session, _place(account), "", Compared(last), at=now)


def _compared(session: Session, account: AccountId) -> datetime:
    found = cursors.get(session, _place(account), "")
    return _FIRST if found is None else decode(Compared, found).until


def _findings(
    journal: Journal, account: AccountId, judged: Sequence[Order], now: datetime
) -> Iterable[Issue]:
    """One issue for each order that does not agree with the facts around its fills."""
    around = {one.request.client_id: _around(one) for one in judged}
    for begin, end in merged(around.values()):
        query = FactQuery(kinds=(Trade.TAG,), accounts=(account,), since=begin, as_of=end)
        trades = [one.fact.body for one in journal.facts(query) if isinstance(one.fact.body, Trade)]
        inside = [one for one in judged if begin <= around[one.request.client_id][0] <= end]
        for _, figures in groupby(
            differences(inside, trades), key=lambda one: (one.instrument, one.venue_id)
        ):
            yield _issue(account, list(figures), now)


def _around(order: Order) -> tuple[datetime, datetime]:
    told = [fill.at for fill in order.fills or ()]
    return min(told) - AROUND, max(told) + AROUND


def _keep(session: Session, known: Sequence[Issue], found: dict[str, Issue], now: datetime) -> None:
    """Open what is new, close what agrees by now."""
    before = {one.id for one in known}
    opened = [one for id, one in sorted(found.items()) if id not in before]
    issues.open_many(session, opened)
    if opened:
        issues.reopen(session, [one.id for one in opened])
    reason = "Compared again with the facts known by now, it is not found any more."
    fixed = [Settled(id, IssueState.FIXED, reason) for id in sorted(before - found.keys())]
    settle_found(session, fixed, at=now)


def _issue(account: AccountId, found: Sequence[Difference], now: datetime) -> Issue:
    instrument, order = found[0].instrument, found[0].venue_id
    figures = [{"what": one.what, "executed": one.executed, "gathered": one.gathered} for one in found]
    detail = canonical_json({"instrument": instrument, "order": order, "figures": figures})
    return Issue(
        id=sha256_hex(canonical_json([ORDER_DIFFERENCE, account, detail.decode()]))[:32],
        kind=ORDER_DIFFERENCE,
        subject=account,
        message=f"Order {order} of {instrument} in {account}: {' '.join(map(_sentence, found))}",
        mend="Gather the account again; what agrees then is closed. If it stays, look at the order at the "
        "venue, and import or correct its fills.",
        opened_at=now,
        detail=detail.decode(),
    )


def _sentence(one: Difference) -> str:
    if one.gathered is None:
        return f"no fact tells of its fills, {to_text(one.executed)} contracts."
    return f"{one.what} is {to_text(one.executed)} as executed, {to_text(one.gathered)} by the facts."


def _place(account: AccountId) -> str:
    """Where the cursor of this check lies; no connection has such a name."""
    return f"orders of {account}"
