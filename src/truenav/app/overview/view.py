"""One valuation of a fund with what the first page compares it with: read and computed once, shown often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from truenav.app.house import House
from truenav.app.nav.inputs import assemble_inputs
from truenav.app.overview.margins import account_margins
from truenav.app.overview.model import POLLED, Liveness, Margin
from truenav.app.overview.summaries import NavSummary, summaries_of
from truenav.app.sources.model import Connection
from truenav.calc.nav.breakdown import Breakdown, previous_values
from truenav.calc.nav.model import LineKind, NavInputs, NavResult
from truenav.calc.nav.strike import strike_nav
from truenav.calc.nav.valuation import Valuation, value_nav
from truenav.calc.portfolio.intraday import flows_by_node
from truenav.calc.portfolio.subbooks import ordered_rules
from truenav.calc.portfolio.tree import Tree
from truenav.core.facts import Fact, Transfer
from truenav.core.failure import TruenavError
from truenav.core.ids import AccountId, NodeId, Sha256, TenantId
from truenav.core.money import ZERO, AssetId, exact
from truenav.store import definitions, runs
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.journal import FactQuery, Journal
from truenav.store.runs import Run, RunState

SPARK = timedelta(hours=24)
_SHOWN = (RunState.CALCULATED, RunState.APPROVED, RunState.PUBLISHED)
_WAITING = (RunState.CALCULATED, RunState.APPROVED)
_WAITING_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Opening:
    """The fund at the beginning of the day: values by node in USD, and the nodes that were not known then."""

    at: datetime
    values: Mapping[NodeId, Decimal]
    unknown: frozenset[NodeId]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a valuation is shown with. It is read with the facts, and stays while marks move.

    ``waiting``: the fund's runs that somebody must approve or publish. ``connections``: of the whole tenant.
    """

    opening: Opening | None
    since_opening: tuple[Fact, ...]
    before: Mapping[NodeId, Decimal]
    published: Run | None
    history: tuple[NavSummary, ...]
    margins: tuple[Margin, ...]
    waiting: tuple[Run, ...]
    connections: tuple[Connection, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A valuation and its surroundings, in USD. ``intraday`` is by node; None: unknown.

    ``unarchived`` names the messages of live marks, whose bytes nobody can ask for.
    """

    inputs: NavInputs
    result: NavResult
    around: Surroundings
    intraday: Mapping[NodeId, Decimal | None]
    breakdown: Breakdown
    live: Liveness = POLLED
    unarchived: frozenset[Sha256] = frozenset()


def build_view(
    session: Session,
    house: House,
    tenant: TenantId,
    fund: NodeId,
    *,
    as_of: datetime,
    known_at: datetime,
    opening: Opening | None,
) -> View:
    """The fund valued as of an instant with what was recorded by ``known_at``; nothing is stored."""
    inputs = assemble_inputs(session, house, tenant, fund, as_of=as_of, known_at=known_at)
    around = read_surroundings(session, house, tenant, inputs, opening)
    return view_of(value_nav(inputs), around)


def read_surroundings(
    session: Session, house: House, tenant: TenantId, inputs: NavInputs, opening: Opening | None
) -> Surroundings:
    """What a valuation of these inputs is shown with."""
    fund, as_of = inputs.fund, inputs.as_of
    recent = [
        run
        for run in runs.list_runs(session, fund=fund, states=_SHOWN, before=as_of)
        if run.as_of >= as_of - SPARK
    ]
    return Surroundings(
        opening=opening,
        since_opening=() if opening is None else _facts_since(session, house, tenant, inputs, opening.at),
        before=previous_values(inputs),
        published=runs.previous_published(session, fund, before=as_of),
        history=summaries_of(session, house, tenant, recent),
        margins=account_margins(session, house, tenant, inputs),
        waiting=runs.list_runs(session, fund=fund, states=_WAITING, limit=_WAITING_SHOWN),
        connections=definitions.bodies(session, Kind.CONNECTION, Connection),
    )


def view_of(
    valuation: Valuation,
    around: Surroundings,
    *,
    moved: View | None = None,
    live: Liveness = POLLED,
    unarchived: frozenset[Sha256] = frozenset(),
) -> View:
    """A valuation among its surroundings; ``moved`` is the view of the one that it was repriced from."""
    inputs, result = valuation.inputs, valuation.result
    return View(
        inputs=inputs,
        result=result,
        around=around,
        intraday=_intraday(around, inputs, result),
        breakdown=Breakdown(valuation, moved.breakdown if moved else None),
        live=live,
        unarchived=unarchived,
    )


def build_opening(
    session: Session, house: House, tenant: TenantId, fund: NodeId, *, at: datetime, known_at: datetime
) -> Opening | None:
    """The fund as of the beginning of a day; None where nothing can be said of it at all."""
    try:
        inputs = assemble_inputs(session, house, tenant, fund, as_of=at, known_at=known_at)
        result = strike_nav(inputs)
    except TruenavError:
        return None
    unread = {use.account for one in result.funds for use in one.snapshots if use.taken_at is None}
    unpriced = {line.node for one in result.funds for line in one.lines if line.value_usd is None}
    fed = {rule.node for rule in inputs.rules if rule.account in unread}
    tree = Tree(inputs.nodes)
    return Opening(at, node_values(result), frozenset(_with_parents(tree, fed | unpriced)))


def node_values(result: NavResult) -> Mapping[NodeId, Decimal]:
    """USD by node: the NAV of a fund, the value of any other node."""
    values = {one.node: one.value_usd for one in result.nodes}
    return values | {one.fund: one.nav_usd for one in result.funds}


def start_of_day(instant: datetime) -> datetime:
    """00:00 UTC of the day."""
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def _with_parents(tree: Tree, nodes: set[NodeId]) -> set[NodeId]:
    found: set[NodeId] = set()
    for node in nodes:
        at: NodeId | None = node
        while at is not None and at in tree.nodes and at not in found:
            found.add(at)
            at = tree.nodes[at].parent
    return found


def _intraday(around: Surroundings, inputs: NavInputs, result: NavResult) -> Mapping[NodeId, Decimal | None]:
    """Value now less value at the opening less what flowed in since; None where one of them is unknown."""
    opening = around.opening
    if opening is None:
        return {}
    flows = _flows(around.since_opening, inputs, result)
    present = node_values(result)
    found: dict[NodeId, Decimal | None] = {}
    with exact():
        for node, value in present.items():
            flow = flows.get(node, ZERO)
            if node in opening.unknown or flow is None:
                found[node] = None
            else:
                found[node] = value - opening.values.get(node, ZERO) - flow
    return found


def _facts_since(
    session: Session, house: House, tenant: TenantId, inputs: NavInputs, since: datetime
) -> tuple[Fact, ...]:
    window = FactQuery(since=since, as_of=inputs.as_of, known_at=inputs.known_at)
    accounts = tuple(sorted(account.id for account in inputs.accounts))
    journal = Journal(session, house.objects, tenant)
    found = [
        *journal.facts(replace(window, kinds=("transfer",), accounts=accounts)),
        *journal.facts(replace(window, kinds=("dealing",))),
    ]
    return tuple(one.fact for one in found)


def _flows(facts: tuple[Fact, ...], inputs: NavInputs, result: NavResult) -> Mapping[NodeId, Decimal | None]:
    rules = {
        account.id: ordered_rules(rule for rule in inputs.rules if rule.account == account.id)
        for account in inputs.accounts
    }
    if not facts:
        return {}
    moved = {fact.body.amount.asset for fact in facts if isinstance(fact.body, Transfer)}
    prices: dict[tuple[str, str], Decimal] = {}
    anywhere: dict[str, Decimal] = {}
    for fund in result.funds:
        for line in fund.lines:
            if line.subject in moved and line.kind is LineKind.BALANCE and line.price_usd is not None:
                prices[line.account, line.subject] = line.price_usd
                anywhere[line.subject] = line.price_usd
    units = {one.share_class: one.nav_per_unit_usd for fund in result.funds for one in fund.classes}

    def price_of(account: str, asset: AssetId) -> Decimal | None:
        return prices.get((account, asset), anywhere.get(asset))

    return flows_by_node(
        facts,
        Tree(inputs.nodes),
        {AccountId(account): one for account, one in rules.items()},
        price_of=price_of,
        unit_prices=units,
    )
