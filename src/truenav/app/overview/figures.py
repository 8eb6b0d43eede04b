"""From a view to the figures of the first page, in one numeraire: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from truenav.app.overview.model import (
    Changed,
    ClassWorth,
    Concentration,
    Doubt,
    Figures,
    Hurt,
    InNumeraire,
    Missing,
    Part,
    Point,
    Published,
    Row,
    Site,
    Unknown,
    Worth,
)
from truenav.app.overview.view import View, node_values
from truenav.calc.nav.breakdown import Slice
from truenav.calc.nav.model import ClassNav, FundNav, NodeTotals, Quality
from truenav.calc.portfolio.tree import Tree
from truenav.calc.pricing.numeraires import convert
from truenav.core.asset import AssetBook
from truenav.core.failure import InvalidInputError
from truenav.core.ids import NodeId
from truenav.core.money import ZERO, AssetId, divided, exact, rounded

PLACES = 18
LARGEST = 8
"""Concentrations shown."""

ALSO_IN = ("USD", "BTC", "ETH")

_PARTS = ("price", "funding", "fee", "flow", "manual", "correction", "unexplained")


@dataclass(frozen=True, slots=True)
class _Shown:
    """Turns USD into the numeraire; None where the numeraire has no price."""

    code: str
    price: Decimal | None

    def __call__(self, usd: Decimal | None) -> Decimal | None:
        return None if usd is None or self.price is None else rounded(convert(usd, self.price), PLACES)

    @property
    def missing(self) -> tuple[Missing, ...]:
        return () if self.price is not None else (Missing("*", "numeraire-unpriced", self.code),)


def price_of(view: View, numeraire: str) -> Decimal | None:
    """USD per unit of a numeraire, None without a price; ``InvalidInputError`` where it is not one."""
    prices = {one.code: one.price_usd for one in view.result.numeraire_prices}
    if numeraire not in prices:
        raise InvalidInputError(f"{numeraire!r} is no numeraire; known: {', '.join(prices)}.")
    return prices[numeraire]


def figures_of(view: View, numeraire: str) -> Figures:
    """The first page of a view; ``InvalidInputError`` for a code that is no numeraire of the fund."""
    result = view.result
    shown = _Shown(numeraire, price_of(view, numeraire))
    tree = Tree(view.inputs.nodes)
    with exact():
        worth = _worth(view, shown)
        return Figures(
            fund=result.fund,
            name=tree.nodes[result.fund].name,
            as_of=result.as_of,
            numeraire=numeraire,
            worth=worth,
            changed=_changed(view, worth, shown),
            hurt=_hurt(view, shown),
            unknown=_unknown(view, shown),
            tree=_rows(view, tree, shown),
            sits=_sites(view, shown),
        )


def _worth(view: View, shown: _Shown) -> Worth:
    root = view.result.root
    nav = shown(root.nav_usd)
    published = _published(view, shown.code)
    before = None if published is None else published.nav
    change = None if nav is None or before is None else nav - before
    missing = shown.missing
    if published is None:
        missing += (Missing("change", "never-published", root.fund),)
    elif before is None:
        missing += (Missing("change", "numeraire-unpriced-then", shown.code),)
    assets = AssetBook(view.inputs.assets, view.inputs.aliases)
    return Worth(
        nav=nav,
        quality=view.result.quality,
        change=change,
        change_share=_share(change, before),
        classes=tuple(_class_worth(view, one, assets, shown) for one in root.classes),
        others=tuple(
            InNumeraire(one.code, one.nav)
            for one in root.numeraires
            if one.code in ALSO_IN and one.code != shown.code
        ),
        published=published,
        missing=missing,
    )


def _class_worth(view: View, one: ClassNav, assets: AssetBook, shown: _Shown) -> ClassWorth:
    names = {terms.id: terms.name for terms in view.inputs.share_classes}
    return ClassWorth(
        share_class=one.share_class,
        name=names.get(one.share_class, one.share_class),
        currency=assets.symbol(one.currency),
        units=one.units,
        nav_per_unit=one.nav_per_unit_currency,
        in_numeraire=shown(one.nav_per_unit_usd),
    )


def _published(view: View, code: str) -> Published | None:
    run, nav = view.around.published, _previous(view)
    if run is None or nav is None:
        return None
    return Published(
        run=run.id,
        as_of=nav.as_of,
        nav=next((one.nav for one in nav.numeraires if one.code == code), None),
        nav_usd=nav.nav_usd,
        bundle_sha=run.bundle_sha,
        approved_by=run.approved_by,
        published_by=run.published_by,
    )


def _previous(view: View) -> FundNav | None:
    return next((one for one in view.inputs.previous if one.fund == view.result.fund), None)


def _changed(view: View, worth: Worth, shown: _Shown) -> Changed:
    bridge, published = view.result.root.bridge, worth.published
    opening = None if published is None else published.nav
    if bridge is None or opening is None or worth.nav is None:
        return Changed(None, opening, (), worth.nav, worth.missing or (Missing("*", "never-published"),))
    parts = [Part(kind, shown(getattr(bridge, f"{kind}_usd")) or ZERO) for kind in _PARTS]
    own = worth.nav - opening - sum((one.amount for one in parts), ZERO)
    return Changed(
        since=bridge.previous_as_of,
        opening=opening,
        parts=(Part("numeraire", own), *parts),
        closing=worth.nav,
        missing=(),
    )


def _hurt(view: View, shown: _Shown) -> Hurt:
    totals = next(one for one in view.result.nodes if one.node == view.result.fund)
    nav = view.result.root.nav_usd
    assets = AssetBook(view.inputs.assets, view.inputs.aliases)
    missing = shown.missing
    if totals.leverage is None:
        missing += (Missing("leverage", "nav-not-positive"),)

    def shares(found: Iterable[Slice], label: Mapping[str, str], *, of_value: bool) -> list[Concentration]:
        return [
            Concentration(
                key=one.key,
                label=label.get(one.key, one.key),
                value=shown(one.value) or ZERO,
                gross=shown(one.gross) or ZERO,
                net=shown(one.net) or ZERO,
                share=_share(one.value if of_value else one.gross, nav),
            )
            for one in found
        ]

    symbols = {one.key: assets.symbol(AssetId(one.key)) for one in view.breakdown.assets}
    largest = sorted(view.breakdown.venues, key=lambda one: -one.value)
    priced = shown.price is not None
    return Hurt(
        gross=shown(totals.gross_exposure_usd),
        net=shown(totals.net_exposure_usd),
        leverage=totals.leverage,
        by_asset=tuple(shares(view.breakdown.assets, symbols, of_value=False)[:LARGEST]) if priced else (),
        by_venue=tuple(shares(largest, {}, of_value=True)[:LARGEST]) if priced else (),
        margins=tuple(sorted(view.around.margins, key=lambda one: (-(one.ratio or ZERO), one.account))),
        missing=missing,
    )


def _unknown(view: View, shown: _Shown) -> Unknown:
    result = view.result
    stale = -sum((one.stale for one in view.breakdown.venues), ZERO)
    reasons = [
        Doubt(failure, shown(at_stake) if (at_stake := view.breakdown.at_stake(failure.subject)) else None)
        for failure in result.failures
    ]
    reasons.sort(
        key=lambda one: (not one.failure.blocking, -(one.value_at_stake or ZERO), one.failure.subject)
    )
    return Unknown(
        coverage=result.coverage,
        observed=result.coverage.observed,
        if_stale_zero=shown(stale),
        if_stale_zero_share=_share(stale, result.root.nav_usd),
        lines_unpriced=result.coverage.lines_unpriced,
        breaks=result.breaks,
        reasons=tuple(reasons),
        missing=shown.missing,
    )


def _rows(view: View, tree: Tree, shown: _Shown) -> tuple[Row, ...]:
    result = view.result
    totals = {one.node: one for one in result.nodes}
    values = node_values(result)
    then = _price_then(view, shown.code)
    depth: dict[NodeId, int] = {}
    for node in tree.subtree(result.fund):
        above = tree.get(node).parent
        depth[node] = 0 if node == result.fund or above is None else depth[above] + 1
    others = [node for node in totals if node not in depth]
    sparks = _sparks(view, shown.code)
    return tuple(
        _row(view, tree, totals[node], values, shown, then=then, depth=depth.get(node, 1), sparks=sparks)
        for node in (*depth, *others)
        if node in totals
    )


def _row(
    view: View,
    tree: Tree,
    totals: NodeTotals,
    values: Mapping[NodeId, Decimal],
    shown: _Shown,
    *,
    then: Decimal | None,
    depth: int,
    sparks: Mapping[NodeId, tuple[Point, ...]],
) -> Row:
    name = totals.node
    node = tree.nodes.get(name)
    nav = shown(values[name])
    usd_before = view.around.before.get(name)
    before = None if usd_before is None or then is None else rounded(convert(usd_before, then), PLACES)
    change = None if nav is None or before is None else nav - before
    intraday = view.intraday.get(name)
    missing = shown.missing
    if usd_before is None:
        missing += (Missing("change", "never-published", totals.fund),)
    elif then is None:
        missing += (Missing("change", "numeraire-unpriced-then", shown.code),)
    if intraday is None:
        missing += (Missing("intraday", "not-known-at-start-of-day"),)
    coverage = view.breakdown.coverage.get(name)
    whole = coverage is None or (coverage.missing == 0 and coverage.stale == 0 and not totals.lines_unpriced)
    here = Missing("coverage", "holds-nothing") if coverage is None else None
    return Row(
        node=name,
        parent=node.parent if node and depth else totals.fund if node is None else None,
        name=node.name if node else "",
        kind=node.kind if node else "unassigned",
        depth=depth,
        nav=nav,
        change=change,
        change_share=_share(change, before),
        intraday=shown(intraday),
        gross=shown(totals.gross_exposure_usd),
        net=shown(totals.net_exposure_usd),
        leverage=totals.leverage,
        coverage=coverage,
        quality=Quality.COMPLETE if whole else Quality.PROVISIONAL,
        lines=totals.lines,
        unpriced=totals.lines_unpriced,
        spark=(*sparks.get(name, ()), *(() if nav is None else (Point(view.result.as_of, nav),))),
        missing=missing if here is None else (*missing, here),
    )


def _sparks(view: View, code: str) -> Mapping[NodeId, tuple[Point, ...]]:
    found: dict[NodeId, list[Point]] = {}
    for one in view.around.history:
        price = one.prices.get(code)
        if price is None:
            continue
        for node, usd in one.values.items():
            found.setdefault(node, []).append(Point(one.as_of, rounded(convert(usd, price), PLACES)))
    return {node: tuple(points) for node, points in found.items()}


def _sites(view: View, shown: _Shown) -> tuple[Site, ...]:
    ratios: dict[str, list[Decimal]] = {}
    for margin in view.around.margins:
        if margin.ratio is not None:
            ratios.setdefault(margin.venue, []).append(margin.ratio)
    nav = view.result.root.nav_usd
    return tuple(
        Site(
            venue=one.key,
            value=shown(one.value),
            share=_share(one.value, nav),
            lines=one.lines,
            unpriced=one.unpriced,
            stale=one.stale != 0,
            margin_used=max(ratios[one.key]) if one.key in ratios else None,
        )
        for one in sorted(view.breakdown.venues, key=lambda one: (-one.value, one.key))
    )


def _price_then(view: View, code: str) -> Decimal | None:
    """USD for one unit of the numeraire at the last published NAV, as that NAV shows it."""
    nav = _previous(view)
    there = None if nav is None else next((one.nav for one in nav.numeraires if one.code == code), None)
    if nav is None or not there or nav.nav_usd <= 0:
        return None
    return divided(nav.nav_usd, there)


def _share(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """A fraction; None where one is unknown or the whole is not positive."""
    return None if part is None or whole is None or whole <= 0 else rounded(divided(part, whole), PLACES)
