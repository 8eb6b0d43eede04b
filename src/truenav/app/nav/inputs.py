"""Reads from the store what a NAV run may know; the choice of facts itself is ``calc.nav.select``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import cast

from truenav.app.house import House
from truenav.app.nav.archived import read_inputs, read_result
from truenav.app.sources.context import CONTEXT_KINDS, asset_book
from truenav.calc.nav.model import FundNav, NavInputs, NavResult
from truenav.calc.nav.select import QUOTE_DAYS, flows_since, select_facts
from truenav.calc.nav.strike import strike_nav
from truenav.calc.portfolio.tree import FUND_KINDS, Tree
from truenav.calc.pricing.defaults import default_policy
from truenav.core.account import Account
from truenav.core.asset import BUILTIN_ASSETS
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceSnapshot
from truenav.core.failure import Failure, InvalidInputError
from truenav.core.ids import AccountId, NodeId, RunId, TenantId
from truenav.core.instrument import Instrument, InstrumentBook
from truenav.core.policy import AssetNumeraire, NavPolicy, Numeraire, PricingPolicy
from truenav.core.portfolio import Node, ShareClass, SubBookRule
from truenav.store import definitions, evidence, runs
from truenav.store.database import Session
from truenav.store.definitions import Definitions, Kind
from truenav.store.journal import FactQuery, Journal
from truenav.store.recall import Recall
from truenav.store.runs import Run, RunState

_FLOWS = ("trade", "transfer", "cash_flow", "settlement")
_FUND_FACTS = ("dealing", "fee_payment", "manual_item")
_SNAPSHOTS = ("balance_snapshot", "position_snapshot")
_PUBLISHED_LOOKED_AT = 200
_KINDS = (
    *CONTEXT_KINDS,
    Kind.NODE,
    Kind.RULE,
    Kind.ACCOUNT,
    Kind.SHARE_CLASS,
    Kind.PRICING_POLICY,
    Kind.NAV_POLICY,
    Kind.NUMERAIRE,
)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Published:
    """A published run and its result, which may hold the NAVs of several funds."""

    run: Run
    result: NavResult

    def nav(self, fund: NodeId) -> FundNav:
        """The NAV of one of its funds."""
        return next(one for one in self.result.funds if one.fund == fund)


def accounts_below(session: Session, fund: NodeId) -> frozenset[AccountId]:
    """The accounts that feed a fund, or the funds below it; refuses what is not a fund."""
    return _accounts_below(Definitions(session, (Kind.NODE, Kind.RULE)), fund)


def _accounts_below(known: Definitions, fund: NodeId) -> frozenset[AccountId]:
    tree = Tree(known.bodies(Kind.NODE, Node))
    if tree.get(fund).kind not in FUND_KINDS:
        raise InvalidInputError(f"{fund!r} is a {tree.get(fund).kind}, not a fund; name a fund.")
    scope = set(tree.subtree(fund))
    rules = known.bodies(Kind.RULE, SubBookRule)
    return frozenset(rule.account for rule in rules if rule.node in scope)


def refuse_instant(as_of: datetime, now: datetime) -> None:
    """Refuse a valuation time at which nothing can have been observed."""
    if as_of > now:
        raise InvalidInputError(f"as-of {as_of.isoformat()} lies in the future; leave it out for a live NAV.")
    if as_of < _EARLIEST:
        raise InvalidInputError(f"as-of {as_of.isoformat()} lies before 1970; check the year.")


def assemble_inputs(
    session: Session,
    house: House,
    tenant: TenantId,
    fund: NodeId,
    *,
    as_of: datetime,
    known_at: datetime,
    unread: tuple[Failure, ...] = (),
    recall: Recall | None = None,
) -> NavInputs:
    """Everything recorded by ``known_at`` that the NAV of ``fund`` as of ``as_of`` may use.

    ``recall``: of whoever reads the same fund again and again.
    """
    recall = recall or Recall()
    known = Definitions(session, _KINDS)
    earlier = _previous_navs(session, house, tenant, known, fund, as_of, recall)
    previous = tuple(published.nav(name) for name, published in earlier.items())
    inputs = _facts_of(session, house, tenant, _frame(known, fund, as_of, known_at, unread, previous), recall)
    restated = _restated(session, house, tenant, known, earlier, known_at)
    if not restated:
        return inputs
    return _facts_of(session, house, tenant, replace(inputs, previous_restated=restated), recall)


def _frame(
    known: Definitions,
    fund: NodeId,
    as_of: datetime,
    known_at: datetime,
    unread: tuple[Failure, ...],
    previous: tuple[FundNav, ...],
) -> NavInputs:
    """The definitions of a run; facts and instruments come later."""
    assets, accounts = asset_book(known), _accounts_below(known, fund)
    rules = tuple(rule for rule in known.bodies(Kind.RULE, SubBookRule) if rule.account in accounts)
    every = known.bodies(Kind.NODE, Node)
    scope = set(Tree(every).subtree(fund))
    return NavInputs(
        fund=fund,
        as_of=as_of,
        known_at=known_at,
        nodes=_with_ancestors(every, scope | {rule.node for rule in rules}),
        rules=rules,
        accounts=tuple(one for one in known.bodies(Kind.ACCOUNT, Account) if one.id in accounts),
        share_classes=tuple(one for one in known.bodies(Kind.SHARE_CLASS, ShareClass) if one.fund in scope),
        assets=tuple(assets.assets.values()),
        aliases=assets.aliases,
        instruments=_instruments(known),
        pricing=pricing_policy(known, fund),
        policy=_nav_policy(known, fund),
        numeraires=_numeraires(known),
        facts=(),
        unread=unread,
        previous=previous,
    )


def _with_ancestors(nodes: tuple[Node, ...], wanted: set[NodeId]) -> tuple[Node, ...]:
    """The wanted nodes and all above them: a shared account is split by the rules of other funds, too."""
    parents = {node.id: node.parent for node in nodes}
    kept: set[NodeId] = set()
    for name in wanted:
        place: NodeId | None = name
        while place is not None and place not in kept:
            kept.add(place)
            place = parents.get(place)
    return tuple(node for node in nodes if node.id in kept)


def _facts_of(
    session: Session, house: House, tenant: TenantId, frame: NavInputs, recall: Recall | None = None
) -> NavInputs:
    """The frame with its facts."""
    journal = Journal(session, house.objects, tenant, recall)
    accounts = tuple(sorted(account.id for account in frame.accounts))
    window = FactQuery(as_of=frame.as_of, known_at=frame.known_at)
    found = [
        *journal.latest(replace(window, kinds=_SNAPSHOTS, accounts=accounts)),
        *journal.facts(replace(window, kinds=_FUND_FACTS)),
    ]
    for since, some in _by_start(flows_since(frame)):
        found += journal.facts(replace(window, kinds=_FLOWS, accounts=some, since=since))
    facts = [recorded.fact for recorded in found]
    oldest = frame.as_of - timedelta(days=QUOTE_DAYS)
    quotes = journal.latest(replace(window, kinds=("quote",), since=oldest))
    facts += [recorded.fact for recorded in quotes]
    return replace(frame, facts=select_facts(facts, frame))


def _by_start(
    starts: Mapping[AccountId, datetime | None],
) -> list[tuple[datetime | None, tuple[AccountId, ...]]]:
    """Accounts that begin on the same day are read together, from the earliest of them on."""
    days: dict[date | None, list[AccountId]] = {}
    for account, start in sorted(starts.items()):
        days.setdefault(None if start is None else start.date(), []).append(account)
    return [
        (min((start for one in some if (start := starts[one]) is not None), default=None), tuple(some))
        for some in days.values()
    ]


def _previous_navs(
    session: Session,
    house: House,
    tenant: TenantId,
    known: Definitions,
    fund: NodeId,
    as_of: datetime,
    recall: Recall,
) -> Mapping[NodeId, _Published]:
    """The last published NAV before ``as_of`` of the fund and of each fund below it, by fund."""
    tree = Tree(known.bodies(Kind.NODE, Node))
    wanted = {node for node in tree.subtree(fund) if tree.get(node).kind in FUND_KINDS}
    found: dict[NodeId, _Published] = {}
    blobs = house.blobs(tenant)
    for run in runs.list_runs(session, states=[RunState.PUBLISHED], before=as_of, limit=_PUBLISHED_LOOKED_AT):
        if wanted <= found.keys():
            break
        if run.fund not in tree.nodes or not wanted & set(tree.subtree(run.fund)) - found.keys():
            continue
        published = _Published(run, recall.get(run.result_sha, partial(read_result, blobs, run)))
        for nav in published.result.funds:
            if nav.fund in wanted:
                found.setdefault(nav.fund, published)
    return {name: found[name] for name in sorted(found)}


def _restated(
    session: Session,
    house: House,
    tenant: TenantId,
    known: Definitions,
    earlier: Mapping[NodeId, _Published],
    known_at: datetime,
) -> tuple[FundNav, ...]:
    """Previous NAVs that late facts or corrections change, computed again by their own policies."""
    again: dict[RunId, Mapping[NodeId, FundNav]] = {}
    for published in earlier.values():
        if published.run.id not in again:
            again[published.run.id] = _again(session, house, tenant, known, published, known_at)
    return tuple(
        now
        for fund, published in earlier.items()
        if (now := again[published.run.id].get(fund)) is not None and now != published.nav(fund)
    )


def _again(
    session: Session,
    house: House,
    tenant: TenantId,
    known: Definitions,
    published: _Published,
    known_at: datetime,
) -> Mapping[NodeId, FundNav]:
    """The funds of a published run with what is known now; empty where nothing new was learned."""
    run, result = published.run, published.result
    accounts = {used.account for nav in result.funds for used in nav.snapshots}
    nodes = {total.node for total in result.nodes}
    concerned = FactQuery(
        kinds=(*_SNAPSHOTS, *_FLOWS, *_FUND_FACTS),
        accounts=tuple(sorted(accounts | nodes)),
        as_of=run.as_of,
        known_at=known_at,
    )
    if not Journal(session, house.objects, tenant).learned(concerned, run.known_at):
        return {}
    frame = read_inputs(house.blobs(tenant), run)
    terms = {one.id: one for one in (*_instruments(known), *frame.instruments)}
    frame = replace(frame, known_at=known_at, instruments=tuple(terms.values()), facts=())
    again = strike_nav(_facts_of(session, house, tenant, frame))
    return {nav.fund: nav for nav in again.funds}


def evidence_of(session: Session, inputs: NavInputs) -> tuple[Evidence, ...]:
    """How every payload behind the facts was received, as known when the NAV was computed.

    Payloads of corrections are in it where the payload of what they correct is: without them the old
    statement would be read again.
    """
    hashes = {fact.evidence for fact in inputs.facts}
    while more := evidence.corrections_of(session, hashes, known_at=inputs.known_at) - hashes:
        hashes |= more  # a correction may itself be corrected or void
    return evidence.received(session, hashes, until=inputs.known_at)


def oldest_snapshot_at(
    session: Session, house: House, tenant: TenantId, accounts: frozenset[AccountId]
) -> datetime | None:
    """The oldest of the latest balance snapshots of all wallets; None where a wallet has none."""
    journal = Journal(session, house.objects, tenant)
    query = FactQuery(kinds=("balance_snapshot",), accounts=tuple(sorted(accounts)))
    latest = {
        (fact.account, fact.body.wallet): fact.occurred_at
        for fact in (recorded.fact for recorded in journal.latest(query))
        if isinstance(fact.body, BalanceSnapshot)
    }
    known = definitions.bodies(session, Kind.ACCOUNT, Account)
    wanted = {(one.id, wallet) for one in known if one.id in accounts for wallet in one.wallets}
    return min(latest.values()) if latest and wanted <= latest.keys() else None


def _instruments(known: Definitions) -> tuple[Instrument, ...]:
    return tuple(InstrumentBook(known.bodies(Kind.INSTRUMENT, Instrument)).versions)


def pricing_policy(known: Definitions, fund: NodeId) -> PricingPolicy:
    """The fund's own pricing policy (same id as the fund), else ``default``, else the built-in one."""
    found = {one.id: one for one in known.bodies(Kind.PRICING_POLICY, PricingPolicy)}
    return found.get(fund) or found.get("default") or default_policy()


def _nav_policy(known: Definitions, fund: NodeId) -> NavPolicy:
    """The fund's own NAV policy (same id as the fund), else ``default``, else the built-in one."""
    found = {one.id: one for one in known.bodies(Kind.NAV_POLICY, NavPolicy)}
    return found.get(fund) or found.get("default") or NavPolicy("default")


def _numeraires(known: Definitions) -> tuple[Numeraire, ...]:
    """The built-in assets as numeraires, and those that the tenant defined; a defined code wins."""
    found: dict[str, Numeraire] = {
        asset.symbol: AssetNumeraire(asset.symbol, asset.id) for asset in BUILTIN_ASSETS
    }
    for one in known.bodies(Kind.NUMERAIRE, cast(type[Numeraire], Numeraire)):
        found[one.code] = one
    return tuple(found[code] for code in sorted(found))
