"""Totals of every node of a fund, holdings of other funds looked through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Self

from truenav.calc.ledger.deltas import Reason
from truenav.calc.nav.context import Context, unassigned_node
from truenav.calc.nav.coverage import LastKnown, Weights, weight_of
from truenav.calc.nav.flows import Flow, fund_of_node, node_of
from truenav.calc.nav.model import CoverageClass, LineKind, NavLine, NodeTotals
from truenav.calc.nav.prices import Prices
from truenav.calc.portfolio.subbooks import split
from truenav.core.ids import AccountId, NodeId
from truenav.core.money import ZERO, AssetId, divided, rounded

INCOME = frozenset({Reason.FUNDING, Reason.INTEREST, Reason.REWARD})


@dataclass
class Sums:
    """Running sums of one node, in USD, unrounded; all adding under ``summing()``."""

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

    def change_line(self, old: NavLine, new: NavLine) -> None:
        """Count a line as it is now, which was counted as it was."""
        self.value_by_kind[new.kind] += (new.value_usd or ZERO) - (old.value_usd or ZERO)
        self.gross += (new.gross_exposure_usd or ZERO) - (old.gross_exposure_usd or ZERO)
        self.net += (new.exposure_usd or ZERO) - (old.exposure_usd or ZERO)
        self.unrealised += (new.unrealised_usd or ZERO) - (old.unrealised_usd or ZERO)
        self.unpriced += (new.value_usd is None) - (old.value_usd is None)

    def add(self, other: Sums) -> None:
        """Count everything of a node below."""
        for kind, value in other.value_by_kind.items():
            self.value_by_kind[kind] += value
        self.gross += other.gross
        self.net += other.net
        self.unrealised += other.unrealised
        self.funding += other.funding
        self.lines += other.lines
        self.unpriced += other.unpriced

    def copied(self) -> Self:
        """The same sums, to go on with."""
        return type(self)(
            dict(self.value_by_kind),
            self.gross,
            self.net,
            self.unrealised,
            self.funding,
            self.lines,
            self.unpriced,
        )


@dataclass
class LineSums:
    """What the lines of one fund add up to: by their own node, and absolute value by class of coverage.

    ``last`` is what weighs where a line has no value. All adding under ``summing()``.
    """

    last: LastKnown
    nodes: dict[NodeId, Sums] = field(default_factory=dict)
    weights: dict[CoverageClass, Decimal] = field(default_factory=lambda: dict.fromkeys(CoverageClass, ZERO))

    def add(self, line: NavLine) -> None:
        """Count one line."""
        sums = self.nodes.get(line.node)
        if sums is None:
            sums = self.nodes[line.node] = Sums()
        sums.add_line(line)
        if line.coverage is not None:
            self.weights[line.coverage] += weight_of(line, self.last)

    def change(self, old: NavLine, new: NavLine) -> None:
        """Count a line as it is now, which was counted as it was."""
        self.nodes[new.node].change_line(old, new)
        if old.coverage is not None and new.coverage is not None:
            self.weights[old.coverage] -= weight_of(old, self.last)
            self.weights[new.coverage] += weight_of(new, self.last)

    def copied(self) -> Self:
        """The same sums, to go on with."""
        nodes = {node: sums.copied() for node, sums in self.nodes.items()}
        return replace(self, nodes=nodes, weights=dict(self.weights))

    @property
    def gross_asset_value(self) -> Decimal:
        """The value of all lines."""
        return sum((one.value for one in self.nodes.values()), ZERO)

    @property
    def unpriced(self) -> int:
        """Lines without a value."""
        return sum(one.unpriced for one in self.nodes.values())

    def weighed(self, gone: Iterable[Decimal], holdings: Iterable[tuple[Decimal, Weights]]) -> Weights:
        """The weights of a fund: of its lines, of what is ``gone``, and of holdings by the share held."""
        weights = dict(self.weights)
        weights[CoverageClass.MISSING] += sum(gone, ZERO)
        for share, below in holdings:
            for coverage, weight in below.items():
                weights[coverage] += abs(share) * weight
        return weights


def sum_nodes(
    context: Context, fund: NodeId, lines: Mapping[NodeId, Sums], funding: Mapping[NodeId, Decimal]
) -> dict[NodeId, Sums]:
    """The sums of every node of one fund, those below included; the fund's own are under its id.

    ``lines`` and ``funding`` are each node's own, those of funds held looked through. Under ``summing()``.
    """
    own = [node for node in context.scope if context.fund_of[node] == fund]
    sums = {node: Sums() for node in own} | {node: one.copied() for node, one in lines.items()}
    unassigned = unassigned_node(fund)
    for node, amount in funding.items():
        sums.setdefault(node, Sums()).funding += amount
    if unassigned in sums:
        sums[fund].add(sums[unassigned])
    for node in reversed(own):
        parent = context.tree.nodes[node].parent
        if node != fund and parent is not None:
            sums[parent].add(sums[node])
    return sums


Income = Mapping[tuple[NodeId, AssetId, str], Decimal]
"""Quantity by the node that earned it, the asset and the venue."""


def income_of(context: Context, fund: NodeId, flows: Iterable[Flow]) -> Income:
    """Funding, interest and rewards of the period. Under ``exact()``.

    Income of a contract belongs to the nodes that hold the contract, other income to those of the asset.
    """
    found: dict[tuple[NodeId, AssetId, str], Decimal] = {}
    for flow in flows:
        delta = flow.delta
        if delta.reason not in INCOME:
            continue
        account = context.accounts[AccountId(delta.account)]
        parts = flow.parts
        if delta.instrument is not None:
            rules = context.rules[account.id]
            parts = split(rules, delta.instrument, delta.quantity, is_position=True, tagged={})
        for part in parts:
            if fund_of_node(context, account.id, part) == fund:
                key = (node_of(context, account.id, part), AssetId(delta.subject), account.venue)
                found[key] = found.get(key, ZERO) + part.quantity
    return found


def funding_by_node(income: Income, prices: Prices) -> dict[NodeId, Decimal]:
    """Income in USD at present prices; what has no price adds nothing. Under ``exact()``."""
    found: dict[NodeId, Decimal] = {}
    for (node, asset, venue), quantity in income.items():
        price = prices.usd(asset, venue)
        if price is not None:
            found[node] = found.get(node, ZERO) + quantity * price
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
