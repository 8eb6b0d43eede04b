"""Which facts belong to a NAV: a pure choice, made alike from the journal and from a bundle's payloads.

Because the verifier makes the same choice from everything that the payloads state, a fact that was left
out of a bundle although its payload is there is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from truenav.calc.ledger.book import latest_snapshots
from truenav.calc.nav.model import NavInputs
from truenav.calc.portfolio.tree import Tree
from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    Dealing,
    Fact,
    FeePayment,
    ManualItem,
    PositionSnapshot,
    Quote,
    Settlement,
    Trade,
    Transfer,
    Void,
)
from truenav.core.ids import AccountId, Sha256
from truenav.core.portfolio import ByTag

QUOTE_DAYS = 30
"""Quotes older than this are of no use to any policy and do not belong to a NAV."""

FIRST_DAYS = 31
"""How far the first NAV of an account looks back, so that years of imported history do not belong to it."""


def select_facts(facts: Iterable[Fact], inputs: NavInputs) -> tuple[Fact, ...]:
    """The facts of ``inputs``' NAV among ``facts``, in canonical order; ``inputs.facts`` is not looked at.

    In force (neither superseded nor void) and: of each wallet the latest balance and position snapshot; what
    moved quantities after ``flows_since``; of each source, pair and kind the latest quote of every asset and
    of the contracts that the other facts or the previous NAV name; all dealings, fee payments and manual
    items of the funds. Nothing after ``as_of``.
    """
    accounts = {account.id for account in inputs.accounts}
    scope = set(Tree(inputs.nodes).subtree(inputs.fund))
    starts = flows_since(inputs)
    chosen: list[Fact] = []
    snapshots: list[Fact] = []
    quotes: list[Fact] = []
    for fact in in_force(facts):
        if fact.occurred_at > inputs.as_of:
            continue
        match fact.body:
            case BalanceSnapshot() | PositionSnapshot():
                if fact.account in accounts:
                    snapshots.append(fact)
            case Trade() | Transfer() | CashFlow() | Settlement():
                start = starts.get(AccountId(fact.account))
                if fact.account in accounts and (start is None or fact.occurred_at > start):
                    chosen.append(fact)
            case Quote():
                quotes.append(fact)
            case Dealing() | FeePayment():
                if fact.body.fund in scope:
                    chosen.append(fact)
            case ManualItem():
                if fact.body.node in scope:
                    chosen.append(fact)
            case _:
                pass
    chosen += latest_snapshots(snapshots, inputs.as_of).values()
    chosen += _latest_quotes(quotes, inputs, _instruments_named(chosen, inputs))
    return tuple(sorted(chosen, key=_canonical_order))


def in_force(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that no other of them supersedes, voids themselves left out."""
    given = list(facts)
    replaced: set[Sha256] = {fact.supersedes for fact in given if fact.supersedes is not None}
    return [
        fact
        for fact in given
        if not isinstance(fact.body, Void) and not (replaced and fact.content_hash in replaced)
    ]


def flows_since(inputs: NavInputs) -> Mapping[AccountId, datetime | None]:
    """For each account the instant after which what moved its quantities belongs to the NAV; None: all of it.

    The earliest of its wallets' snapshots in the previous NAV. Where that NAV could not read one of them, or
    there is none, ``FIRST_DAYS`` before ``as_of``, and no later than that NAV and all its snapshots; but all
    of it where a rule divides the account by tags, since tags are built up from the first trade on.
    """
    restated = {one.fund: one for one in inputs.previous_restated}
    last = [restated.get(one.fund, one) for one in inputs.previous]
    taken: dict[str, list[datetime]] = {}
    unread: set[str] = set()
    for used in (used for fund in last for used in fund.snapshots):
        if used.taken_at is None:
            unread.add(used.account)
        else:
            taken.setdefault(used.account, []).append(used.taken_at)
    earliest = {account: min(instants) for account, instants in taken.items()}
    first = inputs.as_of - timedelta(days=FIRST_DAYS)
    back = min([first, *earliest.values(), *(fund.as_of for fund in last)])
    tagged = {rule.account for rule in inputs.rules if isinstance(rule.selector, ByTag)}
    found: dict[AccountId, datetime | None] = {}
    for account in inputs.accounts:
        if account.id in earliest and account.id not in unread:
            found[account.id] = earliest[account.id]
        else:
            found[account.id] = None if inputs.method == "nav/1" or account.id in tagged else back
    return found


def _latest_quotes(quotes: list[Fact], inputs: NavInputs, instruments_named: set[str]) -> Iterable[Fact]:
    wanted = {asset.id for asset in inputs.assets} | instruments_named
    oldest = inputs.as_of - timedelta(days=QUOTE_DAYS)
    latest: dict[tuple[str, str, str, str], Fact] = {}
    for fact in quotes:
        body = fact.body
        assert isinstance(body, Quote)
        if body.base not in wanted or fact.occurred_at < oldest:
            continue
        key = (fact.source, body.base, body.quote, body.kind)
        other = latest.get(key)
        if other is None or _recency(other) < _recency(fact):
            latest[key] = fact
    return latest.values()


def _instruments_named(facts: Iterable[Fact], inputs: NavInputs) -> set[str]:
    """The contracts that a NAV is about: held, traded, or in the lines of the previous NAV."""
    named: set[str] = {line.subject for fund in inputs.previous for line in fund.lines}
    for fact in facts:
        match fact.body:
            case PositionSnapshot():
                named |= {line.instrument for line in fact.body.lines}
            case Trade() | Settlement():
                named.add(fact.body.instrument)
            case CashFlow(instrument=str() as instrument):
                named.add(instrument)
            case _:
                pass
    return named


def _recency(fact: Fact) -> tuple[datetime, str, str]:
    return fact.occurred_at, fact.external_id, fact.account


def _canonical_order(fact: Fact) -> tuple[datetime, str, str, str, str]:
    return fact.occurred_at, fact.source, fact.account, fact.kind, fact.external_id
