"""What each node of a fund is worth and exposed to, and the marks behind it: read, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.access.policy import Principal, authorize
from truenav.app.house import House
from truenav.app.nav.archived import read_inputs, read_result
from truenav.app.nav.inputs import assemble_inputs
from truenav.calc.nav.context import prepare
from truenav.calc.nav.flows import known_deltas
from truenav.calc.nav.model import Coverage, NavInputs, NavResult, NodeTotals
from truenav.calc.nav.prices import price_run
from truenav.calc.nav.snapshots import choose_snapshots
from truenav.calc.nav.strike import strike_nav
from truenav.calc.portfolio.tree import Tree
from truenav.calc.pricing.marks import Mark
from truenav.calc.pricing.numeraires import convert
from truenav.core.failure import Failure, InvalidInputError, NotFoundError
from truenav.core.ids import NodeId
from truenav.core.money import AssetId, exact, rounded
from truenav.store import runs
from truenav.store.database import Session
from truenav.store.runs import RunState

_COMPUTED = (RunState.CALCULATED, RunState.APPROVED, RunState.PUBLISHED)


class NoFiguresError(NotFoundError):
    """Nothing was computed for this fund yet."""

    code = "no-figures"


@dataclass(frozen=True, slots=True)
class Valuation:
    """A fund's inputs with the result computed from them; ``run`` None: computed now and not stored."""

    run: str | None
    inputs: NavInputs
    result: NavResult


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """One node of the tree, everything below it included, in units of the numeraire.

    ``leverage`` has no unit. ``coverage`` is that of a fund and None for other nodes; ``unpriced`` counts
    lines without a price, which add nothing. A None figure is unknown, never zero.
    """

    node: NodeId
    name: str
    kind: str
    depth: int
    value: Decimal | None
    gross: Decimal | None
    net: Decimal | None
    leverage: Decimal | None
    unrealised: Decimal | None
    funding: Decimal | None
    coverage: Coverage | None
    lines: int
    unpriced: int


@dataclass(frozen=True, slots=True)
class MarkRow:
    """The mark of one thing at one place. ``quality`` is fresh, stale or unpriced; age in seconds.

    ``venue`` is where an asset is held, empty for instruments and what no venue holds.
    """

    subject: str
    symbol: str
    venue: str
    price: Decimal | None
    quote: AssetId | None
    price_usd: Decimal | None
    source: str
    quoted_at: datetime | None
    age_seconds: int | None
    quality: str
    note: str


def latest_valuation(session: Session, house: House, principal: Principal, fund: NodeId) -> Valuation:
    """The newest calculated, approved or published run of a fund; ``NoFiguresError`` without any."""
    authorize(principal, "portfolio:read")
    found = runs.list_runs(session, fund=fund, states=_COMPUTED, limit=1)
    if not found:
        raise NoFiguresError(
            f"No NAV of {fund!r} was computed yet. Strike one ('truenav nav strike {fund}'), or value what "
            "is recorded with --live."
        )
    blobs = house.blobs(principal.tenant)
    return Valuation(found[0].id, read_inputs(blobs, found[0]), read_result(blobs, found[0]))


def live_valuation(session: Session, house: House, principal: Principal, fund: NodeId) -> Valuation:
    """A fund valued now from what is recorded, without gathering and without storing a run."""
    authorize(principal, "portfolio:read")
    now = house.clock.now()
    inputs = assemble_inputs(session, house, principal.tenant, fund, as_of=now, known_at=now)
    return Valuation(None, inputs, strike_nav(inputs))


def node_figures(valuation: Valuation, numeraire: str = "USD") -> tuple[NodeFigures, ...]:
    """The tree below the fund, parents before children, in a numeraire.

    Raises ``InvalidInputError`` for a code that is no numeraire of the run.
    """
    result = valuation.result
    price = _numeraire_price(result, numeraire)
    tree = Tree(valuation.inputs.nodes)
    totals = {one.node: one for one in result.nodes}
    coverage = {one.fund: one.coverage for one in result.funds}
    depth: dict[NodeId, int] = {}
    for node in tree.subtree(result.fund):
        parent = tree.get(node).parent
        depth[node] = 0 if node == result.fund or parent is None else depth[parent] + 1
    unassigned = [node for node in totals if node not in depth]
    return tuple(
        _figures(totals[node], tree, depth.get(node, 1), coverage, price)
        for node in (*depth, *unassigned)
        if node in totals
    )


def mark_rows(inputs: NavInputs) -> tuple[MarkRow, ...]:
    """The marks that a NAV of these inputs uses, by subject and venue."""
    with exact():
        context = prepare(inputs)
        changes, _ = known_deltas(context)
        snapshots, _ = choose_snapshots(context, ())
        marks = price_run(context, snapshots, changes).marks
    rows = []
    for subject, mark in marks.by_subject.items():
        symbol = context.assets.symbol(AssetId(subject.id))
        rows.append(_mark_row(subject.id, symbol, subject.venue or "", mark, inputs.as_of))
    return tuple(sorted(rows, key=lambda row: (row.symbol, row.venue)))


def _figures(
    totals: NodeTotals,
    tree: Tree,
    depth: int,
    coverage: Mapping[NodeId, Coverage],
    price: Decimal | None,
) -> NodeFigures:
    node = tree.nodes.get(totals.node)

    def shown(usd: Decimal) -> Decimal | None:
        return None if price is None else rounded(convert(usd, price), 18)

    return NodeFigures(
        node=totals.node,
        name=node.name if node else "not assigned by any rule",
        kind=node.kind if node else "unassigned",
        depth=depth,
        value=shown(totals.value_usd),
        gross=shown(totals.gross_exposure_usd),
        net=shown(totals.net_exposure_usd),
        leverage=totals.leverage,
        unrealised=shown(totals.unrealised_usd),
        funding=shown(totals.funding_usd),
        coverage=coverage.get(totals.node),
        lines=totals.lines,
        unpriced=totals.lines_unpriced,
    )


def _numeraire_price(result: NavResult, code: str) -> Decimal | None:
    prices = {one.code: one.price_usd for one in result.numeraire_prices}
    if code not in prices:
        raise InvalidInputError(f"{code!r} is no numeraire; known: {', '.join(prices)}.")
    return prices[code]


def _mark_row(subject: str, symbol: str, venue: str, mark: Mark | Failure, as_of: datetime) -> MarkRow:
    if isinstance(mark, Failure):
        return MarkRow(
            subject, symbol, venue, None, None, None, "", None, None, quality="unpriced", note=mark.message
        )
    return MarkRow(
        subject=subject,
        symbol=symbol,
        venue=venue,
        price=rounded(mark.price, 18),
        quote=mark.quote,
        price_usd=rounded(mark.price_usd, 18),
        source=f"{mark.source} {mark.kind}",
        quoted_at=mark.quoted_at,
        age_seconds=int((as_of - mark.quoted_at).total_seconds()),
        quality=mark.quality,
        note="" if mark.index is None else f"index {rounded(mark.index, 8)}",
    )
