"""Totals of every node of a fund, holdings of other funds looked through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal

from truenav.calc.ledger.deltas import Reason
from truenav.calc.nav.context import Context, unassigned_node
from truenav.calc.nav.flows import Flow, fund_of_node, node_of
from truenav.calc.nav.model import LineKind, NavLine, NodeTotals
from truenav.calc.nav.prices import Prices
from truenav.calc.portfolio.subbooks import split
from truenav.core.ids import AccountId, NodeId
from truenav.core.money import ZERO, AssetId, divided, rounded

INCOME = frozenset({Reason.FUNDING, Reason.INTEREST, Reason.REWARD})


@dataclass
class Sums:
    """Running sums of one node, in USD, unrounded."""

    value_by_kind: dict[LineKind, Decimal] = field(default_factory=lambda: dict.fromkeys(LineKind, ZERO))
    gross: Decimal = ZERO
    net: Decimal = ZERO
    unrealised: Decimal = ZERO
    funding: Decimal = ZERO
    lines: int = 0
    unpriced: int = 0

    @property
    def value(self) -> Decimal:
        """All values together."""
        return sum(self.value_by_kind.values(), ZERO)

    def add_line(self, line: NavLine) -> None:
        """Count one line; what is unknown adds nothing but its count."""
        self.value_by_kind[line.kind] += line.value_usd or ZERO
        self.gross += line.gross_exposure_usd or ZERO
        self.net += line.exposure_usd or ZERO
        self.unrealised += line.unrealised_usd or ZERO
        self.lines += 1
        self.unpriced += line.value_usd is None

    def add(self, other: Sums) -> None:
        """Count everything of a node below."""
        for kind, value in other.value_by_kind.items():
            self.value_by_kind[kind] += value
        for one in fields(Sums)[1:]:
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


def sum_nodes(
    context: Context, fund: NodeId, lines: Iterable[NavLine], funding: Mapping[NodeId, Decimal]
) -> dict[NodeId, Sums]:
    """The sums of every node of one fund, those below included; the fund's own are under its id.

    ``funding`` is each node's own, that of funds held looked through. Under ``exact()``.
    """
    own = [node for node in context.scope if context.fund_of[node] == fund]
    sums = {node: Sums() for node in own}
    unassigned = unassigned_node(fund)
    for line in lines:
        sums.setdefault(line.node, Sums()).add_line(line)
    for node, amount in funding.items():
        sums.setdefault(node, Sums()).funding += amount
    if unassigned in sums:
        sums[fund].add(sums[unassigned])
    for node in reversed(own):
        parent = context.tree.nodes[node].parent
        if node != fund and parent is not None:
            sums[parent].add(sums[node])
    return sums


def funding_by_node(
    context: Context, fund: NodeId, flows: Iterable[Flow], prices: Prices
) -> dict[NodeId, Decimal]:
    """Funding, interest and rewards in USD at present prices, by the node that earned them.

    Income of a contract belongs to the nodes that hold the contract, other income to those of the asset.
    """
    found: dict[NodeId, Decimal] = {}
    for flow in flows:
        delta = flow.delta
        if delta.reason not in INCOME:
            continue
        account = context.accounts[AccountId(delta.account)]
        price = prices.usd(AssetId(delta.subject), account.venue)
        parts = flow.parts
        if delta.instrument is not None:
            rules = context.rules[account.id]
            parts = split(rules, delta.instrument, delta.quantity, is_position=True, tagged={})
        for part in parts:
            if price is not None and fund_of_node(context, account.id, part) == fund:
                node = node_of(context, account.id, part)
                found[node] = found.get(node, ZERO) + part.quantity * price
    return found


def to_totals(node: NodeId, fund: NodeId, sums: Sums, equity: Decimal, places: int) -> NodeTotals:
    """The sums rounded for output; ``equity`` is what leverage is measured against."""

    def shown(number: Decimal) -> Decimal:
        return rounded(number, places)

    return NodeTotals(
        node=node,
        fund=fund,
        value_usd=shown(sums.value),
        balances_usd=shown(sums.value_by_kind[LineKind.BALANCE]),
        positions_usd=shown(sums.value_by_kind[LineKind.POSITION]),
        manual_usd=shown(sums.value_by_kind[LineKind.MANUAL]),
        holdings_usd=shown(sums.value_by_kind[LineKind.HOLDING]),
        gross_exposure_usd=shown(sums.gross),
        net_exposure_usd=shown(sums.net),
        leverage=shown(divided(sums.gross, equity)) if equity > 0 else None,
        unrealised_usd=shown(sums.unrealised),
        funding_usd=shown(sums.funding),
        lines=sums.lines,
        lines_unpriced=sums.unpriced,
    )
