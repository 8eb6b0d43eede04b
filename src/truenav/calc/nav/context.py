"""A NAV run made ready: the tree, who feeds which fund, where the last NAV ended, and all marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.calc.ledger.book import WalletKey
from truenav.calc.nav.model import FundNav, LineKind, NavInputs
from truenav.calc.portfolio.subbooks import ordered_rules
from truenav.calc.portfolio.tree import FUND_KINDS, Tree
from truenav.core.account import Account
from truenav.core.asset import AssetBook
from truenav.core.facts import Dealing, DealingKind, Fact, FeePayment, ManualItem
from truenav.core.failure import InvalidInputError
from truenav.core.ids import AccountId, NodeId, Sha256, ShareClassId
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ZERO, exact
from truenav.core.portfolio import ShareClass, SubBookRule

SubjectKey = tuple[str, str, str, bool]
"""Account, wallet, subject, and whether it is a position."""

NODE_INVESTOR = "node:"


class NavInputError(InvalidInputError):
    """The inputs of a NAV run contradict each other."""

    code = "nav-inputs"
    title = "The NAV cannot be computed from these inputs"


def unassigned_node(fund: NodeId) -> NodeId:
    """The node that carries what no sub-book rule took; ``~`` cannot occur in an id that people choose."""
    return NodeId(f"{fund}~unassigned")


@dataclass(frozen=True, slots=True)
class Held:
    """Units of a class of ``fund`` that ``node`` (of another fund) holds."""

    node: NodeId
    fund: NodeId
    share_class: ShareClassId
    units: Decimal
    evidence: tuple[Sha256, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """Where the last NAV of each fund ended: restated where that changed it, else as published."""

    funds: Mapping[NodeId, FundNav]
    published: Mapping[NodeId, FundNav]
    instants: Mapping[WalletKey, datetime]
    quantities: Mapping[SubjectKey, Decimal]
    tagged: Mapping[SubjectKey, Mapping[str, Decimal]]


@dataclass(frozen=True, slots=True)
class Context:
    """The inputs with what follows from them directly.

    ``funds`` are in the order of computation; ``home`` is the fund that answers for an account;
    ``dealings`` are the dealings and fee payments up to ``as_of``, in time order.
    """

    inputs: NavInputs
    tree: Tree
    scope: tuple[NodeId, ...]
    fund_of: Mapping[NodeId, NodeId]
    funds: tuple[NodeId, ...]
    accounts: Mapping[AccountId, Account]
    rules: Mapping[AccountId, tuple[SubBookRule, ...]]
    home: Mapping[AccountId, NodeId]
    classes: Mapping[NodeId, tuple[ShareClass, ...]]
    held: Mapping[NodeId, tuple[Held, ...]]
    dealings: tuple[Fact, ...]
    opening: Opening
    assets: AssetBook
    instruments: InstrumentBook


def prepare(inputs: NavInputs) -> Context:
    """Check the inputs and derive the run's context.

    Raises ``NavInputError`` (or the errors of tree and rules) if the inputs contradict each other.
    """
    tree = Tree(inputs.nodes)
    if tree.get(inputs.fund).kind not in FUND_KINDS:
        raise NavInputError(f"{inputs.fund!r} is not a fund; a NAV is struck for a fund or fund of funds.")
    scope = tree.subtree(inputs.fund)
    fund_of = {node: fund for node in scope if (fund := tree.fund_of(node)) is not None}
    rules = _rules_in_scope(inputs, tree, fund_of)
    classes = _classes(inputs, fund_of)
    dealings = tuple(
        sorted(
            (
                fact
                for fact in inputs.facts
                if isinstance(fact.body, Dealing | FeePayment) and fact.occurred_at <= inputs.as_of
            ),
            key=lambda fact: (fact.occurred_at, fact.account, fact.kind, fact.external_id),
        )
    )
    held = _held_units(inputs.fund, dealings, fund_of, classes)
    return Context(
        inputs=inputs,
        tree=tree,
        scope=scope,
        fund_of=fund_of,
        funds=_bottom_up(inputs.fund, [node for node in scope if fund_of[node] == node], held),
        accounts={one.id: one for one in sorted(inputs.accounts, key=lambda one: one.id) if one.id in rules},
        rules=rules,
        home={account: _home(ordered, fund_of, inputs.fund) for account, ordered in rules.items()},
        classes=classes,
        held=held,
        dealings=dealings,
        opening=_opening(inputs),
        assets=AssetBook(inputs.assets, inputs.aliases),
        instruments=InstrumentBook(inputs.instruments),
    )


def _rules_in_scope(
    inputs: NavInputs, tree: Tree, fund_of: Mapping[NodeId, NodeId]
) -> dict[AccountId, tuple[SubBookRule, ...]]:
    """The rules of each account that feeds this run; of an account without any rule, none."""
    by_account: dict[AccountId, list[SubBookRule]] = {one.id: [] for one in inputs.accounts}
    for rule in inputs.rules:
        tree.get(rule.node)
        by_account.setdefault(rule.account, []).append(rule)
    known = {one.id for one in inputs.accounts}
    found = {}
    for account, rules in sorted(by_account.items()):
        if rules and not any(rule.node in fund_of for rule in rules):
            continue
        if account not in known:
            raise NavInputError(f"A sub-book rule names account {account!r}, which is not among the inputs.")
        found[account] = ordered_rules(rules)
    return found


def _home(rules: tuple[SubBookRule, ...], fund_of: Mapping[NodeId, NodeId], root: NodeId) -> NodeId:
    """The fund that answers for an account: that of its last rule."""
    return next((fund_of[rule.node] for rule in reversed(rules) if rule.node in fund_of), root)


def _classes(inputs: NavInputs, fund_of: Mapping[NodeId, NodeId]) -> dict[NodeId, tuple[ShareClass, ...]]:
    ordered = sorted(inputs.share_classes, key=lambda one: one.id)
    return {fund: tuple(one for one in ordered if one.fund == fund) for fund in sorted(set(fund_of.values()))}


def _held_units(
    root: NodeId,
    dealings: Iterable[Fact],
    fund_of: Mapping[NodeId, NodeId],
    classes: Mapping[NodeId, tuple[ShareClass, ...]],
) -> dict[NodeId, tuple[Held, ...]]:
    """What each fund holds of other funds, by the dealings of its nodes."""
    units: dict[tuple[NodeId, NodeId, ShareClassId], Decimal] = {}
    evidence: dict[tuple[NodeId, NodeId, ShareClassId], set[Sha256]] = {}
    with exact():
        for fact in dealings:
            body = fact.body
            if not isinstance(body, Dealing):
                continue
            node = NodeId(body.investor.removeprefix(NODE_INVESTOR))
            if not body.investor.startswith(NODE_INVESTOR) or node not in fund_of:
                continue
            if body.fund not in classes:
                raise NavInputError(
                    f"{node!r} holds units of {body.fund!r}, which is not in this run; place that fund below "
                    f"{root!r} in the tree."
                )
            key = (node, body.fund, body.share_class)
            units[key] = units.get(key, ZERO) + signed(body, body.units)
            evidence.setdefault(key, set()).add(fact.evidence)
    held: dict[NodeId, list[Held]] = {}
    for key, number in sorted(units.items()):
        held.setdefault(fund_of[key[0]], []).append(Held(*key, number, tuple(sorted(evidence[key]))))
    return {fund: tuple(holdings) for fund, holdings in held.items()}


def in_period(context: Context, fact: Fact) -> bool:
    """Whether a dealing or fee payment came after the last NAV of its fund."""
    assert isinstance(fact.body, Dealing | FeePayment)
    opening = context.opening.funds.get(fact.body.fund)
    return opening is None or fact.occurred_at > opening.as_of


def items_in_force(context: Context) -> tuple[tuple[Fact, ManualItem], ...]:
    """The manual items of the run's nodes that hold at ``as_of``, in the order of the inputs."""
    as_of = context.inputs.as_of
    return tuple(
        (fact, fact.body)
        for fact in context.inputs.facts
        if isinstance(fact.body, ManualItem)
        and fact.body.node in context.fund_of
        and fact.occurred_at <= as_of
        and (fact.body.until is None or as_of < fact.body.until)
    )


def signed(dealing: Dealing, number: Decimal) -> Decimal:
    """A number of a dealing as seen from the fund: subscriptions in (+), redemptions out (-)."""
    return number if dealing.kind is DealingKind.SUBSCRIPTION else -number


def _bottom_up(
    root: NodeId, funds: Iterable[NodeId], held: Mapping[NodeId, tuple[Held, ...]]
) -> tuple[NodeId, ...]:
    """Funds so that what a fund holds comes before it, and the root last. ``NavInputError`` on a circle."""
    graph = {fund: {one.fund for one in held.get(fund, ())} for fund in sorted(funds)}
    graph[root] |= graph.keys() - {root}
    done: list[NodeId] = []
    while len(done) < len(graph):
        ready = next((fund for fund in graph if fund not in done and graph[fund] <= set(done)), None)
        if ready is None:
            circle = ", ".join(sorted(graph.keys() - set(done)))
            raise NavInputError(f"Funds hold one another in a circle: {circle}; check their dealings.")
        done.append(ready)
    return tuple(done)


def _opening(inputs: NavInputs) -> Opening:
    published = {one.fund: one for one in inputs.previous}
    funds = published | {one.fund: one for one in inputs.previous_restated}
    instants: dict[WalletKey, datetime] = {}
    quantities: dict[SubjectKey, Decimal] = {}
    tagged: dict[SubjectKey, dict[str, Decimal]] = {}
    with exact():
        for fund in funds.values():
            for used in fund.snapshots:
                if used.taken_at is not None:
                    instants[used.account, used.wallet, used.kind is LineKind.POSITION] = used.taken_at
            for row in fund.reconciliation:
                if row.closing is not None:
                    is_position = row.kind is LineKind.POSITION
                    quantities[row.account, row.wallet, row.subject, is_position] = row.closing
            for line in fund.lines:
                if line.tag is not None:
                    tags = tagged.setdefault(
                        (line.account, line.wallet, line.subject, line.kind is LineKind.POSITION), {}
                    )
                    tags[line.tag] = tags.get(line.tag, ZERO) + line.quantity
    return Opening(funds, published, instants, quantities, tagged)
