"""A NAV taken apart: by node, by asset, by venue, holdings of other funds looked through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from truenav.calc.nav.coverage import LastKnown, coverage_of, weight_of
from truenav.calc.nav.model import (
    Coverage,
    CoverageClass,
    FundNav,
    LineKind,
    NavInputs,
    NavLine,
    NavResult,
)
from truenav.calc.nav.valuation import Valuation
from truenav.calc.portfolio.tree import Tree
from truenav.core.ids import InstrumentId, NodeId
from truenav.core.money import ONE, ZERO, divided, exact, summing


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


class Breakdown:
    """A valuation taken apart, in USD; made once, then only what its repricing changed is counted anew.

    ``assets``: what each asset's price moves, exposure to the asset itself or to the base of a contract.
    ``venues``: what sits at each venue (of manual items the venue is empty). Both look through holdings, the
    largest gross exposure first. ``coverage`` is by node, everything below it included; that of a fund is
    the result's own.
    """

    def __init__(self, valuation: Valuation, before: Breakdown | None = None) -> None:
        """``before`` is the breakdown of the valuation that this one was repriced from."""
        result, changed = valuation.result, valuation.changed
        names = _Names(valuation.inputs)
        with summing():
            if before is None or changed is None:
                self._counted = {fund.fund: _counted(names, fund, valuation) for fund in result.funds}
            else:
                self._counted = {
                    fund.fund: before._counted[fund.fund].moved(names, fund.lines, changed[fund.fund])
                    for fund in result.funds
                }
        self._shares = shares_owned(result)
        self.assets = self._slices(lambda counted: counted.assets)
        self.venues = self._slices(lambda counted: counted.venues)
        self.coverage = _coverage(valuation, self._counted)

    def at_stake(self, name: str) -> Decimal | None:
        """Absolute USD value behind an account, subject or node: what a failure of it puts at stake.

        None of a name that no line of an owned fund has.
        """
        with exact():
            found = [
                abs(self._shares[fund]) * one.names[name]
                for fund, one in self._counted.items()
                if self._shares[fund] and name in one.names
            ]
            return sum(found, ZERO) if found else None

    def _slices(self, of: Callable[[_Counted], Mapping[str, _Tally]]) -> tuple[Slice, ...]:
        sums: dict[str, _Tally] = {}
        with exact():
            for fund, counted in self._counted.items():
                if self._shares[fund]:
                    for key, tally in of(counted).items():
                        sums.setdefault(key, _Tally()).add(tally, self._shares[fund])
        found = (tally.slice(key) for key, tally in sums.items() if tally.lines)
        return tuple(sorted(found, key=lambda one: (-one.gross, -one.value, one.key)))


@dataclass(slots=True)
class _Tally:
    """The running sums of one slice, in the order of its fields."""

    value: Decimal = ZERO
    gross: Decimal = ZERO
    net: Decimal = ZERO
    stale: Decimal = ZERO
    lines: int = 0
    unpriced: int = 0

    def count(self, line: NavLine, times: int) -> None:
        """Count a line (1), or no longer (-1)."""
        value = times * (line.value_usd or ZERO)
        self.value += value
        self.gross += times * (line.gross_exposure_usd or ZERO)
        self.net += times * (line.exposure_usd or ZERO)
        self.stale += value if line.coverage is CoverageClass.STALE else ZERO
        self.lines += times
        self.unpriced += times * (line.value_usd is None)

    def slice(self, key: str) -> Slice:
        """What the sums come to."""
        return Slice(key, self.value, self.gross, self.net, self.stale, self.lines, self.unpriced)

    def copied(self) -> _Tally:
        """The same sums, to go on with."""
        return _Tally(self.value, self.gross, self.net, self.stale, self.lines, self.unpriced)

    def add(self, other: _Tally, share: Decimal) -> None:
        """Add a share of another's sums, and all of its counts."""
        self.value += share * other.value
        self.gross += share * other.gross
        self.net += share * other.net
        self.stale += share * other.stale
        self.lines += other.lines
        self.unpriced += other.unpriced


class _Names:
    """What lines count under."""

    def __init__(self, inputs: NavInputs) -> None:
        self._venues: dict[str, str] = {account.id: account.venue for account in inputs.accounts}
        self._instruments = {terms.id: terms.base for terms in inputs.instruments}

    def asset(self, line: NavLine) -> str:
        """The asset itself, or the base of a contract."""
        is_position = line.kind is LineKind.POSITION
        return (
            self._instruments.get(InstrumentId(line.subject), line.subject) if is_position else line.subject
        )

    def venue(self, line: NavLine) -> str:
        """Where it is held."""
        return self._venues.get(line.account, "")


@dataclass(slots=True)
class _Counted:
    """The lines of one fund, counted under each of their names; holdings only under their node."""

    lines: tuple[NavLine, ...]
    last: LastKnown
    assets: dict[str, _Tally] = field(default_factory=dict)
    venues: dict[str, _Tally] = field(default_factory=dict)
    names: dict[str, Decimal] = field(default_factory=dict)
    weights: dict[NodeId, dict[CoverageClass, Decimal]] = field(default_factory=dict)
    unpriced: dict[NodeId, int] = field(default_factory=dict)

    def count(self, names: _Names, line: NavLine, times: int) -> None:
        """Count a line (1), or no longer (-1). Under ``summing()``."""
        self.unpriced[line.node] = self.unpriced.get(line.node, 0) + times * (line.value_usd is None)
        weights = self.weights.setdefault(line.node, dict.fromkeys(CoverageClass, ZERO))
        if line.coverage is not None:
            weights[line.coverage] += times * weight_of(line, self.last)
        if line.kind is LineKind.HOLDING:
            return
        if line.gross_exposure_usd:
            self.assets.setdefault(names.asset(line), _Tally()).count(line, times)
        self.venues.setdefault(names.venue(line), _Tally()).count(line, times)
        size = times * abs(line.value_usd or ZERO)
        for name in {line.account, line.subject, line.node}:
            self.names[name] = self.names.get(name, ZERO) + size

    def moved(self, names: _Names, lines: tuple[NavLine, ...], changed: Iterable[int]) -> _Counted:
        """The same fund, some of its lines changed. Under ``summing()``."""
        found = _Counted(
            lines,
            self.last,
            {key: tally.copied() for key, tally in self.assets.items()},
            {key: tally.copied() for key, tally in self.venues.items()},
            dict(self.names),
            {node: dict(weights) for node, weights in self.weights.items()},
            dict(self.unpriced),
        )
        for place in changed:
            found.count(names, self.lines[place], -1)
            found.count(names, lines[place], 1)
        return found


def _counted(names: _Names, fund: FundNav, valuation: Valuation) -> _Counted:
    counted = _Counted(fund.lines, valuation.run.funds[fund.fund].last)
    for line in fund.lines:
        counted.count(names, line, 1)
    return counted


def _coverage(valuation: Valuation, counted: Mapping[NodeId, _Counted]) -> Mapping[NodeId, Coverage]:
    """What is counted at each node and what its wallets held that are gone, summed up the tree."""
    tree, result = valuation.run.context.tree, valuation.result
    weights: dict[NodeId, dict[CoverageClass, Decimal]] = {}
    unpriced: dict[NodeId, int] = {}
    gone: set[NodeId] = set()
    with exact():
        for fund, one in counted.items():
            weights |= {node: dict(found) for node, found in one.weights.items()}
            unpriced |= one.unpriced
            for place in one.last:
                weights.setdefault(NodeId(place[0]), dict.fromkeys(CoverageClass, ZERO))
            for node, weight in valuation.run.funds[fund].gone.items():
                weights[node][CoverageClass.MISSING] += weight
                gone.add(node)
        funds = {one.fund: one.coverage for one in result.funds}
        for node in reversed(tree.order):
            parent = tree.nodes[node].parent
            if node in funds or parent is None or node not in weights:
                continue
            above = weights.setdefault(parent, dict.fromkeys(CoverageClass, ZERO))
            for kind, weight in weights[node].items():
                above[kind] += weight
            unpriced[parent] = unpriced.get(parent, 0) + unpriced.get(node, 0)
            if node in gone:
                gone.add(parent)
        places = valuation.inputs.policy.output_places
        found = {
            node: coverage_of(weight, unpriced.get(node, 0), node in gone, places)
            for node, weight in weights.items()
            if node not in funds
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
