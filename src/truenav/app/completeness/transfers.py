"""Transfers between own accounts: told where a leg is missing, called external, or not to be told apart.

A leg that its venue calls external, though the other end is ours, counts as internal once a person confirms
the pair (`truenav.app.reconciliation.confirm`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from truenav.app.completeness.settle import Settled, settle_found
from truenav.calc.ledger.matching import (
    CHAIN,
    INTERNAL,
    Matching,
    TransferCrowd,
    TransferPair,
    match_transfers,
)
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.clock import instant_text, parse_instant
from truenav.core.facts import Fact, Transfer
from truenav.core.money import to_text
from truenav.store import issues
from truenav.store.database import Session
from truenav.store.issues import Issue, IssueState
from truenav.store.journal import FactQuery, Journal

UNMATCHED, EXTERNAL, AMBIGUOUS = "unmatched_transfer", "own_transfer", "ambiguous_transfer"
KINDS = (UNMATCHED, EXTERNAL, AMBIGUOUS)
"""Kinds of issues about transfers."""

LOOK_BACK = 2 * CHAIN
"""How far each check looks back; further where an issue is open, but no further than `LONGEST`."""

LONGEST = timedelta(days=31)

_AND = " and "


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one or several legs that a person should know."""

    kind: str
    legs: tuple[Fact, ...]
    message: str
    mend: str

    @property
    def id(self) -> str:
        """Identity: what it says, of which facts."""
        hashes = sorted(leg.content_hash for leg in self.legs)
        return sha256_hex(canonical_json([self.kind, hashes]))[:32]


def check_transfers(session: Session, journal: Journal, *, now: datetime) -> None:
    """Pair the transfers of the last days and keep what does not fit as issues; mended ones are fixed."""
    known = [one for kind in KINDS for one in issues.list_issues(session, kind=kind)]
    since = min([now - LOOK_BACK, *(_first_at(one) - CHAIN for one in known)])
    since = max(since, now - LONGEST)
    matching = match_transfers(transfers(journal, since=since, until=now))
    found = {one.id: one for one in findings(matching) if _is_due(one, since, now)}
    before = {one.id for one in known}
    opened = [_issue(found[id], now) for id in sorted(found.keys() - before)]
    issues.open_many(session, opened)
    if opened:
        issues.reopen(session, [one.id for one in opened])
    fixed = [one for one in known if one.id not in found and _first_at(one) > since + CHAIN]
    reason = "Judged again with what is known by now, it is not found any more."
    settle_found(session, [Settled(one.id, IssueState.FIXED, reason) for one in fixed], at=now)


def transfers(
    journal: Journal, *, since: datetime | None = None, until: datetime | None = None
) -> list[Fact]:
    """All transfers in force of all accounts, in a time."""
    query = FactQuery(kinds=(Transfer.TAG,), since=since, as_of=until)
    return [one.fact for one in journal.facts(query)]


def findings(matching: Matching) -> Iterable[Finding]:
    """What a person should know of it: legs without the other, own transfers called external, crowds."""
    for leg in matching.unmatched:
        yield Finding(
            UNMATCHED,
            (leg,),
            f"{_told(leg)} says that its other end is ours, but no account shows it.",
            "Gather the other account or import its history; if the other end is not ours, correct its kind.",
        )
    for pair in matching.pairs:
        if pair.external_legs:
            yield _external(pair)
    for crowd in matching.ambiguous:
        yield _ambiguous(crowd)


def subject_of(accounts: Iterable[str]) -> str:
    """Whom an issue is about: several accounts are no account, so that only who sees all is shown it."""
    return _AND.join(sorted(accounts))


def accounts_of(subject: str) -> list[str]:
    """The accounts that an issue is about."""
    return subject.split(_AND)


def strays(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The transfers that have no partner among ``facts``: what may explain a difference elsewhere."""
    matching = match_transfers(facts)
    taken = {id(leg) for pair in matching.pairs for leg in (pair.sent, pair.received)}
    return tuple(fact for fact in facts if id(fact) not in taken)


def _external(pair: TransferPair) -> Finding:
    both = f"{_told(pair.sent)} and {_told(pair.received)} are one transfer between own accounts"
    named = " and ".join(sorted({leg.account for leg in pair.external_legs}))
    sure = "by their transaction id" if pair.by == "txid" else "by amount and time"
    return Finding(
        EXTERNAL,
        (pair.sent, pair.received),
        f"{both} ({sure}), but {named} calls it external: the fund's flows count money that never left.",
        f"Confirm it: truenav source confirm {pair.sent.content_hash} {pair.received.content_hash} --reason "
        "'...'. If they are two transfers, explain it.",
    )


def _ambiguous(crowd: TransferCrowd) -> Finding:
    first = crowd.sent[0]
    return Finding(
        AMBIGUOUS,
        (*crowd.sent, *crowd.received),
        f"{len(crowd.sent)} transfers that left and {len(crowd.received)} that arrived can be paired in "
        f"several ways that are equally good; the first is {_told(first)}.",
        "Import the transaction ids, or correct the legs so that they name their other end.",
    )


def _told(leg: Fact) -> str:
    body = transfer_of(leg)
    amount = f"{to_text(body.amount.number)} {body.amount.asset}"
    return f"{amount} in {leg.account}/{body.wallet} at {instant_text(leg.occurred_at)}"


def transfer_of(leg: Fact) -> Transfer:
    """What a leg says."""
    assert isinstance(leg.body, Transfer)
    return leg.body


def _is_due(finding: Finding, since: datetime, now: datetime) -> bool:
    """Whether both its sides lie in the time that was looked at, and it is not still under way."""
    first = min(leg.occurred_at for leg in finding.legs)
    if first <= since + CHAIN:
        return False
    return finding.kind != UNMATCHED or first + INTERNAL < now


def _issue(finding: Finding, now: datetime) -> Issue:
    return Issue(
        id=finding.id,
        kind=finding.kind,
        subject=subject_of({leg.account for leg in finding.legs}),
        message=finding.message,
        mend=finding.mend,
        opened_at=now,
        detail=canonical_json(
            {
                "first_at": min(leg.occurred_at for leg in finding.legs),
                "legs": [leg.content_hash for leg in finding.legs],
            }
        ).decode(),
        blocking=False,
    )


def _first_at(issue: Issue) -> datetime:
    return parse_instant(json.loads(issue.detail)["first_at"])
