"""A NAV taken apart: by node, by asset, by venue, holdings of other funds looked through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from truenav.calc.ledger.book import WalletKey
from truenav.calc.nav.coverage import coverage_of, last_known, weight_gone, weight_of
from truenav.calc.nav.model import (
    Coverage,
    CoverageClass,
    LineKind,
    NavInputs,
    NavLine,
    NavResult,
)
from truenav.calc.portfolio.tree import Tree
from truenav.core.account import Account
from truenav.core.ids import InstrumentId, NodeId
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ONE, ZERO, divided, exact


@dataclass(frozen=True, slots=True)
class Slice:
    """What one asset, venue or account adds to a fund, in USD; ``unpriced`` lines add nothing.

    ``stale`` is the part of ``value`` that rests on stale observations.
    """

    key: str
    value: Decimal
    gross: Decimal
    net: Decimal
    stale: Decimal
    lines: int
    unpriced: int


def shares_owned(result: NavResult) -> Mapping[NodeId, Decimal]:
    """The share of each fund of the run that its top fund owns, through any number of holdings.

    A holding without a price, or of a fund without a positive NAV, adds nothing.
    """
    navs = {one.fund: one.nav_usd for one in result.funds}
    owned = dict.fromkeys(navs, ZERO)
    owned[result.fund] = ONE
    with exact():
        for fund in reversed(result.funds):
            for line in fund.lines:
                below = NodeId(line.account)
                if line.kind is LineKind.HOLDING and line.value_usd is not None and navs[below] > 0:
                    owned[below] += owned[fund.fund] * divided(line.value_usd, navs[below])
    return owned


def look_through(result: NavResult) -> Iterator[tuple[Decimal, NavLine]]:
    """Every line that the top fund owns a share of, with the share; holdings themselves are left out."""
    owned = shares_owned(result)
    for fund in result.funds:
        share = owned[fund.fund]
        if share:
            yield from ((share, line) for line in fund.lines if line.kind is not LineKind.HOLDING)


def by_asset(lines: Iterable[tuple[Decimal, NavLine]], instruments: InstrumentBook) -> tuple[Slice, ...]:
    """What each asset's price moves: exposure to the asset itself, or to the base of a contract."""

    def asset(line: NavLine) -> str:
        terms = instruments.instruments.get(InstrumentId(line.subject))
        return terms.base if line.kind is LineKind.POSITION and terms else line.subject

    return slice_lines((asset(line), share, line) for share, line in lines if line.gross_exposure_usd)


def by_venue(lines: Iterable[tuple[Decimal, NavLine]], accounts: Iterable[Account]) -> tuple[Slice, ...]:
    """What sits at each venue; of manual items the venue is empty."""
    venues: dict[str, str] = {account.id: account.venue for account in accounts}
    return slice_lines((venues.get(line.account, ""), share, line) for share, line in lines)


def value_by_name(lines: Iterable[tuple[Decimal, NavLine]]) -> Mapping[str, Decimal]:
    """Absolute USD value behind every account, subject and node: what a failure of it puts at stake."""
    found: dict[str, Decimal] = {}
    with exact():
        for share, line in lines:
            for name in {line.account, line.subject, line.node}:
                found[name] = found.get(name, ZERO) + abs(share * (line.value_usd or ZERO))
    return found


def slice_lines(lines: Iterable[tuple[str, Decimal, NavLine]]) -> tuple[Slice, ...]:
    """Lines with the key and share they count under, summed by key, the largest gross exposure first."""
    sums: dict[str, list[Decimal]] = {}
    counts: dict[str, list[int]] = {}
    with exact():
        for key, share, line in lines:
            total = sums.setdefault(key, [ZERO, ZERO, ZERO, ZERO])
            count = counts.setdefault(key, [0, 0])
            value = share * (line.value_usd or ZERO)
            total[0] += value
            total[1] += share * (line.gross_exposure_usd or ZERO)
            total[2] += share * (line.exposure_usd or ZERO)
            total[3] += value if line.coverage is CoverageClass.STALE else ZERO
            count[0] += 1
            count[1] += line.value_usd is None
    found = (
        Slice(key, value, gross, net, stale, *counts[key]) for key, (value, gross, net, stale) in sums.items()
    )
    return tuple(sorted(found, key=lambda one: (-one.gross, -one.value, one.key)))


def coverage_by_node(inputs: NavInputs, result: NavResult) -> Mapping[NodeId, Coverage]:
    """The coverage of every node, everything below it included; the funds' own are those of the result."""
    tree = Tree(inputs.nodes)
    previous = {one.fund: one for one in inputs.previous}
    weights: dict[NodeId, dict[CoverageClass, Decimal]] = {}
    unpriced: dict[NodeId, int] = {}
    gone: dict[NodeId, bool] = {}
    with exact():
        for fund in result.funds:
            missing = {
                _wallet(one.account, one.wallet, one.kind) for one in fund.snapshots if not one.taken_at
            }
            last = last_known(previous.get(fund.fund))
            lost = weight_gone(last, missing)
            for line in fund.lines:
                at = weights.setdefault(line.node, dict.fromkeys(CoverageClass, ZERO))
                if line.coverage is not None:
                    at[line.coverage] += weight_of(line, last)
                unpriced[line.node] = unpriced.get(line.node, 0) + (line.value_usd is None)
            for node in {NodeId(place[0]) for place in last}:
                there = weights.setdefault(node, dict.fromkeys(CoverageClass, ZERO))
                there[CoverageClass.MISSING] += lost.get(node, ZERO)
                unpriced.setdefault(node, 0)
            gone |= dict.fromkeys(lost, True)
        funds = {one.fund: one.coverage for one in result.funds}
        for node in reversed(tree.order):
            parent = tree.nodes[node].parent
            if node in funds or parent is None or node not in weights:
                continue
            above = weights.setdefault(parent, dict.fromkeys(CoverageClass, ZERO))
            for kind, weight in weights[node].items():
                above[kind] += weight
            unpriced[parent] = unpriced.get(parent, 0) + unpriced[node]
            gone[parent] = gone.get(parent, False) or gone.get(node, False)
        places = inputs.policy.output_places
        found = {
            node: coverage_of(weight, unpriced[node], gone.get(node, False), places)
            for node, weight in weights.items()
        }
    return {**found, **funds}


def previous_values(inputs: NavInputs) -> Mapping[NodeId, Decimal]:
    """What each node was worth at the last published NAV, in USD: NAV of a fund, value of any other node.

    Only the nodes of funds that have one are in it; nodes that held nothing then were worth zero.
    """
    tree = Tree(inputs.nodes)
    values: dict[NodeId, Decimal] = {}
    with exact():
        for fund in inputs.previous:
            own = [node for node in tree.subtree(fund.fund) if tree.fund_of(node) == fund.fund]
            sums = dict.fromkeys(own, ZERO)
            for line in fund.lines:
                sums[line.node] = sums.get(line.node, ZERO) + (line.value_usd or ZERO)
            for node in reversed(own):
                parent = tree.nodes[node].parent
                if node != fund.fund and parent is not None:
                    sums[parent] += sums[node]
            values |= sums | {fund.fund: fund.nav_usd}
    return values


def _wallet(account: str, wallet: str, kind: LineKind) -> WalletKey:
    return account, wallet, kind is LineKind.POSITION
