"""The check of every window after a gathering, inside its transaction: what does not add up is an issue.

Judged are the windows since the last check, those into which facts came late, and those that did not add up
before. An issue names its window and its difference, so finding it twice is one issue; it is *fixed* when
the facts known by then explain the window, and *explained* when it was nothing but timing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from truenav.app.completeness.settle import Settled, settle_found
from truenav.app.completeness.transfers import strays, transfers
from truenav.calc.ledger.book import WalletKey
from truenav.calc.ledger.breaks import TIMING, TRANSIT, Explanation, Surroundings, explain, offsetting
from truenav.calc.ledger.completeness import WalletHistory, Window, histories, windows
from truenav.core.canonical import canonical_json, decode, sha256_hex
from truenav.core.clock import instant_text, parse_instant
from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    Fact,
    PositionSnapshot,
    Settlement,
    Trade,
    Transfer,
)
from truenav.core.failure import FailureKind
from truenav.core.ids import AccountId
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ZERO, to_text
from truenav.store import cursors, issues
from truenav.store.database import Session
from truenav.store.issues import Issue, IssueState
from truenav.store.journal import SNAPSHOT_KINDS, FactQuery, Journal

MOVING_KINDS = (Trade.TAG, Transfer.TAG, CashFlow.TAG, Settlement.TAG)
"""Facts that change what a wallet holds."""

FIRST = timedelta(days=31)
"""How far the first check of a wallet looks back for an earlier snapshot; `reconcile` looks at everything."""

MOST_ISSUES = 100
"""Open windows of one account that are issues of their own; those beyond it share one."""

_INSTANT = timedelta(microseconds=1)

_NEXT_SNAPSHOTS = 50
"""Snapshots of an account among which the next one of each of its wallets is looked for."""

_OF_WALLETS = (Trade, Transfer, CashFlow, Settlement, BalanceSnapshot, PositionSnapshot)

Break = tuple[Window, Explanation]


@dataclass(frozen=True, slots=True)
class Checked:
    """Up to which snapshot the windows of one wallet were judged."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Late:
    """Since when facts came that no check has seen yet; None where all were."""

    since: datetime | None


_NOTHING_LATE = Late(None)


@dataclass(frozen=True, slots=True)
class Judged:
    """The windows of one account in some time: how many there are, and those that do not add up."""

    count: int
    breaks: tuple[Break, ...]


def check_windows(
    session: Session,
    journal: Journal,
    instruments: InstrumentBook,
    account: AccountId,
    gathered: Sequence[Fact],
    *,
    unread: Sequence[str] = (),
    now: datetime,
) -> None:
    """Judge what a complete gathering of an account has touched; ``gathered`` are its facts, recorded now.

    What came late since the last check (`note_late`) is judged, too; ``unread`` tells what of the gathering
    could not be taken.
    """
    note_late(session, journal, account, gathered, now=now)
    checked = checked_until(session, account)
    newest = _newest(gathered)
    known = _open_issues(session, account)
    if not newest and not known:
        return
    spans = {_window_of(one) for one in known}
    late = _late(session, account) if newest else _NOTHING_LATE
    since = None if late is None else late.since
    if starts := _starts(journal, account, checked, newest, since, now):
        spans.add((min(starts), max(newest.values())))
    look = _Look(journal, instruments, account, tuple(unread))
    found = {issue_id(one[0]): one for span in merged(spans) for one in look.judge(*span).breaks}
    _keep(session, account, known, found, now)
    for key, at in newest.items():
        cursors.move(session, _place(account), _name(key), Checked(at), at=now)
    if late != _NOTHING_LATE:
        cursors.move(session, _place(account, "late"), "", _NOTHING_LATE, at=now)


def note_late(
    session: Session, journal: Journal, account: AccountId, recorded: Sequence[Fact], *, now: datetime
) -> None:
    """Keep from when on the next check has to look again: what was recorded now is of a time judged already.

    Kept with the facts, for the gathering that brought them may not come to its end.
    """
    checked = checked_until(session, account).values()
    if not checked:
        return
    until = max(checked)
    old = [
        fact for fact in recorded if until - TRANSIT < fact.occurred_at <= until and fact.kind in MOVING_KINDS
    ]
    learned = journal.recorded_at([fact.content_hash for fact in old])
    late = [fact.occurred_at for fact in old if learned.get(fact.content_hash) == now]
    if late:
        known = _late(session, account)
        since = min(late if known is None or known.since is None else [known.since, *late])
        cursors.move(session, _place(account, "late"), "", Late(since), at=now)


def _late(session: Session, account: AccountId) -> Late | None:
    """What came late as far as it is written down; None before the first check."""
    found = cursors.get(session, _place(account, "late"), "")
    return None if found is None else decode(Late, found)


def judge_around(
    session: Session, journal: Journal, instruments: InstrumentBook, changed: Sequence[Fact], *, now: datetime
) -> None:
    """Judge anew the windows of one account that these facts fall into: they were entered or corrected."""
    moved = [fact for fact in changed if fact.kind in (*MOVING_KINDS, *SNAPSHOT_KINDS)]
    if not moved:
        return
    account, instants = AccountId(moved[0].account), [fact.occurred_at for fact in moved]
    before = journal.latest_snapshots([account], min(instants) - _INSTANT, now)
    later = FactQuery(kinds=SNAPSHOT_KINDS, accounts=(account,), since=max(instants))
    after = journal.page(later, after=None, limit=_NEXT_SNAPSHOTS)
    wallets = {fact.body.wallet for fact in moved if isinstance(fact.body, _OF_WALLETS)}
    ends: dict[WalletKey, datetime] = {}
    for one in after:
        if (key := _wallet(one.fact))[1] in wallets:
            ends.setdefault(key, one.fact.occurred_at)
    if not before or not ends:
        return
    opened, closed = min(one.fact.occurred_at for one in before), max(ends.values())
    look = _Look(journal, instruments, account, ())
    found = {issue_id(one[0]): one for one in look.judge(opened, closed).breaks}
    known = [one for one in _open_issues(session, account) if _lies_in(one, opened, closed)]
    _keep(session, account, known, found, now)


def checked_until(session: Session, account: AccountId) -> Mapping[WalletKey, datetime]:
    """The snapshot up to which each wallet of an account was judged."""
    found = cursors.get_all(session, _place(account))
    return {_key(account, name): decode(Checked, position).at for name, position in found.items()}


def record_breaks(
    session: Session,
    account: AccountId,
    known: Mapping[WalletKey, WalletHistory],
    breaks: Iterable[Break],
    *,
    now: datetime,
) -> None:
    """Keep what a look at the whole history of an account found; issues that it does not find are fixed."""
    for key, history in known.items():
        if history.snapshots:
            last = history.snapshots[-1].occurred_at
            cursors.move(session, _place(account), _name(key), Checked(last), at=now)
    found = {issue_id(one[0]): one for one in breaks}
    _keep(session, account, _open_issues(session, account), found, now)
    crowd = _crowd_id(account)
    told = issues.list_issues(session, kind=FailureKind.RECONCILIATION_BREAK, subject=account)
    if len(found) <= MOST_ISSUES and any(one.id == crowd for one in told):
        reason = "All windows of the account were judged; those that do not add up are told singly."
        settle_found(session, [Settled(crowd, IssueState.FIXED, reason)], at=now)


def judge_all(
    facts: Iterable[Fact],
    instruments: InstrumentBook,
    *,
    strays: Sequence[Fact] = (),
    unread: Sequence[str] = (),
) -> tuple[Mapping[WalletKey, WalletHistory], Judged]:
    """All windows of some facts, with the causes of those that do not add up."""
    known, unbooked = histories(facts, instruments)
    rows = [row for history in known.values() for some in windows(history) for row in some]
    by_wallet: dict[tuple[str, str], list[Window]] = {}
    for row in rows:
        by_wallet.setdefault((row.account, row.wallet), []).append(row)
    breaks = tuple(
        (row, explain(row, Surroundings(known[row.key], _over(row, by_wallet), strays, unbooked, unread)))
        for row in rows
        if row.is_break
    )
    return known, Judged(len(rows), breaks)


def issue_id(window: Window) -> str:
    """Identity of the finding that a window does not add up by its difference."""
    named = [
        window.account,
        window.wallet,
        window.subject,
        window.is_position,
        window.opening_at,
        window.closing_at,
        window.difference,
    ]
    return sha256_hex(canonical_json([FailureKind.RECONCILIATION_BREAK, *named]))[:32]


@dataclass(frozen=True, slots=True)
class _Look:
    """Reads what happened to one account in some time, and judges it."""

    journal: Journal
    instruments: InstrumentBook
    account: AccountId
    unread: tuple[str, ...]

    def judge(self, opened: datetime, closed: datetime) -> Judged:
        """The windows from the snapshots of one instant to those of another."""
        facts = self._facts(SNAPSHOT_KINDS, opened - _INSTANT, closed)
        facts += self._facts(MOVING_KINDS, opened, closed)
        found = judge_all(facts, self.instruments)[1]
        if not found.breaks:
            return found
        # Only what does not add up needs to know what happened around it.
        facts += self._facts(MOVING_KINDS, opened - TIMING, opened)
        facts += self._facts(MOVING_KINDS, closed, closed + TIMING)
        facts += self._facts((Transfer.TAG,), opened - TRANSIT, opened - TIMING)
        return judge_all(facts, self.instruments, strays=self._strays(opened, closed), unread=self.unread)[1]

    def _facts(self, kinds: tuple[str, ...], since: datetime, until: datetime) -> list[Fact]:
        query = FactQuery(kinds=kinds, accounts=(self.account,), since=since, as_of=until)
        return [one.fact for one in self.journal.facts(query)]

    def _strays(self, opened: datetime, closed: datetime) -> tuple[Fact, ...]:
        return strays(transfers(self.journal, since=opened - TRANSIT, until=closed + TRANSIT))


def _starts(
    journal: Journal,
    account: AccountId,
    checked: Mapping[WalletKey, datetime],
    newest: Mapping[WalletKey, datetime],
    late: datetime | None,
    now: datetime,
) -> list[datetime]:
    """Where the windows to judge begin: at the last check, earlier where facts came late."""
    starts = [checked[key] for key in newest if key in checked]
    if late is not None:
        before = journal.latest_snapshots([account], late - _INSTANT, now)
        starts += [one.fact.occurred_at for one in before]
    if new := newest.keys() - checked.keys():
        first = min(newest[key] for key in new) - _INSTANT
        before = journal.latest_snapshots([account], first, now)
        taken = [one.fact.occurred_at for one in before if _wallet(one.fact) in new]
        starts += [at for at in taken if first - at < FIRST]
    return starts


def merged(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Times that touch as one, so that what is in both is read once."""
    found: list[tuple[datetime, datetime]] = []
    for opened, closed in sorted(spans):
        if found and opened <= found[-1][1]:
            found[-1] = (found[-1][0], max(closed, found[-1][1]))
        else:
            found.append((opened, closed))
    return found


def _keep(
    session: Session,
    account: AccountId,
    known: Sequence[Issue],
    found: Mapping[str, Break],
    now: datetime,
) -> None:
    """Open what is new, close what is settled; ``found`` is all that was judged and does not add up."""
    timing = {
        issue_id(window): f"Timing: together with its neighbours it adds up. {cause.message}"
        for run in offsetting(found.values())
        for window, cause in run
    }
    before = {one.id for one in known}
    fresh = sorted(found.keys() - before, key=lambda id: (id not in timing, id))
    room = max(0, MOST_ISSUES + len(timing) - len(before & found.keys()))
    opened = [_issue(id, *found[id], now) for id in fresh[:room]]
    if len(fresh) > room:
        opened.append(_crowd(account, now))
    issues.open_many(session, opened)
    if opened:
        issues.reopen(session, [one.id for one in opened])
    still = {one.id for one in _open_issues(session, account)}
    settled = [Settled(id, IssueState.EXPLAINED, timing[id]) for id in sorted(timing.keys() & still)]
    settled += [
        Settled(id, IssueState.FIXED, "Judged again with what is known by now, it is not found any more.")
        for id in sorted(before - found.keys())
    ]
    settle_found(session, settled, at=now)


def _open_issues(session: Session, account: AccountId) -> list[Issue]:
    """The open issues that name one window of an account each."""
    found = issues.list_issues(session, kind=FailureKind.RECONCILIATION_BREAK, subject=account)
    return [one for one in found if one.id != _crowd_id(account)]


def _issue(id: str, window: Window, cause: Explanation, now: datetime) -> Issue:
    assert window.opening_at is not None
    assert window.closing_at is not None
    what = f"{window.subject} in {window.account}/{window.wallet}"
    sides = (window.opening or ZERO, window.moved, window.closing or ZERO, window.difference or ZERO)
    opening, facts, closing, difference = map(to_text, sides)
    return Issue(
        id=id,
        kind=FailureKind.RECONCILIATION_BREAK,
        subject=window.account,
        message=f"{what} from {instant_text(window.opening_at)} to {instant_text(window.closing_at)}: "
        f"opening {opening} and facts {facts} do not give the closing {closing}; the difference is "
        f"{difference}. {cause.message}",
        mend="Gather again, import what is missing or enter a correction; the next gathering then closes it. "
        "If it is right as it is, explain it.",
        opened_at=now,
        detail=canonical_json(
            {
                "wallet": window.wallet,
                "subject": window.subject,
                "is_position": window.is_position,
                "opening_at": window.opening_at,
                "closing_at": window.closing_at,
                "opening": window.opening,
                "facts": window.moved,
                "closing": window.closing,
                "difference": window.difference,
                "cause": cause.kind,
                "evidence": [fact.content_hash for fact in cause.evidence],
            }
        ).decode(),
        blocking=False,
    )


def _crowd_id(account: AccountId) -> str:
    return sha256_hex(canonical_json([FailureKind.RECONCILIATION_BREAK, account]))[:32]


def _crowd(account: AccountId, now: datetime) -> Issue:
    return Issue(
        id=_crowd_id(account),
        kind=FailureKind.RECONCILIATION_BREAK,
        subject=account,
        message=f"More than {MOST_ISSUES} windows of {account} do not add up; not all are told singly.",
        mend=f"List them with 'truenav source reconcile {account}' and mend what they have in common.",
        opened_at=now,
        blocking=False,
    )


def _lies_in(issue: Issue, opened: datetime, closed: datetime) -> bool:
    begins, ends = _window_of(issue)
    return opened <= begins and ends <= closed


def _window_of(issue: Issue) -> tuple[datetime, datetime]:
    told = json.loads(issue.detail)
    return parse_instant(told["opening_at"]), parse_instant(told["closing_at"])


def _over(window: Window, by_wallet: Mapping[tuple[str, str], Sequence[Window]]) -> list[Window]:
    """The windows of the same wallet, balances and contracts, that overlap one in time."""
    assert window.opening_at is not None
    assert window.closing_at is not None
    return [
        one
        for one in by_wallet[window.account, window.wallet]
        if one.opening_at is not None
        and one.closing_at is not None
        and one.opening_at < window.closing_at
        and window.opening_at < one.closing_at
    ]


def _newest(gathered: Iterable[Fact]) -> dict[WalletKey, datetime]:
    found: dict[WalletKey, datetime] = {}
    for fact in gathered:
        if fact.kind in SNAPSHOT_KINDS:
            key = _wallet(fact)
            found[key] = max(fact.occurred_at, found.get(key, fact.occurred_at))
    return found


def _wallet(snapshot: Fact) -> WalletKey:
    assert isinstance(snapshot.body, BalanceSnapshot | PositionSnapshot)
    return (snapshot.account, snapshot.body.wallet, isinstance(snapshot.body, PositionSnapshot))


def _place(account: AccountId, what: str = "windows") -> str:
    """Where the cursors of the checks lie; no connection has such a name."""
    return f"{what} of {account}"


def _name(key: WalletKey) -> str:
    return f"{'positions' if key[2] else 'balances'} {key[1]}"


def _key(account: AccountId, name: str) -> WalletKey:
    what, _, wallet = name.partition(" ")
    return (account, wallet, what == "positions")
