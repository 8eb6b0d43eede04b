"""The value of a fund and of all funds below it: a run, at prices; and again at other prices.

Method: docs/methods/nav.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from truenav.calc.nav.bridge import bridge_to_previous
from truenav.calc.nav.classes import ClassState, allocate
from truenav.calc.nav.context import Held, NavInputError
from truenav.calc.nav.coverage import Weights, coverage_of
from truenav.calc.nav.fund_lines import FundLines, first_lines, manual_lines, next_lines
from truenav.calc.nav.lines import Worth, line_of
from truenav.calc.nav.model import (
    METHODS,
    ClassNav,
    FundNav,
    LineKind,
    NavBridge,
    NavInputs,
    NavLine,
    NavResult,
    NodeTotals,
    NumeraireNav,
    NumerairePrice,
    Quality,
)
from truenav.calc.nav.pieces import Piece
from truenav.calc.nav.prices import Prices, price_run
from truenav.calc.nav.run import FundRun, Run
from truenav.calc.nav.totals import Sums, funding_by_node, sum_nodes, to_totals
from truenav.calc.pricing.numeraires import convert
from truenav.core.asset import USD
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import NodeId, ShareClassId
from truenav.core.money import ZERO, divided, exact, rounded, summing
from truenav.core.policy import NavPolicy


@dataclass(frozen=True, slots=True)
class FundState:
    """One fund of a run: what is shown, and, unrounded, what a fund above needs of it."""

    result: FundNav
    totals: tuple[NodeTotals, ...]
    lines: FundLines
    sums: Sums
    nav: Decimal
    per_unit: Mapping[ShareClassId, Decimal | None]
    weights: Weights
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Valuation:
    """A NAV with what it was computed from, so that it can follow its marks.

    ``result`` is ``strike_nav(inputs)``.
    """

    inputs: NavInputs
    result: NavResult
    run: Run
    prices: Prices
    states: Mapping[NodeId, FundState]

    @property
    def changed(self) -> Mapping[NodeId, tuple[int, ...]] | None:
        """The places, by fund, of the lines that are not what they were before a repricing.

        None of a valuation that was not repriced: all its lines are new.
        """
        found = {fund: state.lines.changed for fund, state in self.states.items()}
        known = {fund: places for fund, places in found.items() if places is not None}
        return known if len(known) == len(found) else None


def value_nav(inputs: NavInputs) -> Valuation:
    """Value a fund so that it can be repriced; refuses what ``strike_nav`` refuses."""
    if inputs.method not in METHODS:
        raise NavInputError(f"These inputs are for method {inputs.method!r}; known are {', '.join(METHODS)}.")
    with exact():
        run = Run.of(inputs)
        return value_run(run, price_run(run.context, run.snapshots, run.changes))


def value_run(run: Run, prices: Prices, before: Valuation | None = None) -> Valuation:
    """A run at these prices; ``before`` is the same run at those that were renewed. Under ``exact()``."""
    states: dict[NodeId, FundState] = {}
    for fund, part in run.funds.items():
        holdings, failures = _holding_lines(part, states)
        if before is None:
            lines = first_lines(run.context, part, prices, holdings)
        else:
            lines = next_lines(before.states[fund].lines, run.context, part, prices, holdings)
        states[fund] = _value_fund(run, part, prices, lines, states, failures)
    return Valuation(run.context.inputs, _result(run, prices, states), run, prices, states)


def _value_fund(
    run: Run,
    part: FundRun,
    prices: Prices,
    lines: FundLines,
    below: Mapping[NodeId, FundState],
    failures: tuple[Failure, ...],
) -> FundState:
    context, fund, places = run.context, part.fund, run.context.inputs.policy.output_places
    held = context.held.get(fund, ())
    shares = [(_share_held(one, below), below[one.fund]) for one in held]
    with summing():
        gross = lines.sums.gross_asset_value
    classes, unshared = allocate(context, prices, fund, gross)
    nav = gross - sum((one.accrued for one in classes), ZERO)
    bridge, unbridged = _bridge(part, lines, classes, nav)
    weights = lines.sums.weighed(part.gone.values(), [(share, state.weights) for share, state in shares])
    funding = funding_by_node(part.income, prices)
    for one, (share, state) in zip(held, shares, strict=True):
        funding[one.node] = funding.get(one.node, ZERO) + share * state.sums.funding
    with summing():
        sums = sum_nodes(context, fund, lines.sums.nodes, funding)
    unpriced = lines.sums.unpriced + sum(state.result.coverage.lines_unpriced for _, state in shares)
    unread = any(one.taken_at is None for one in part.snapshots)
    policy = context.inputs.policy
    result = FundNav(
        fund=fund,
        as_of=context.inputs.as_of,
        lines=lines.shown,
        gross_asset_value_usd=rounded(gross, places),
        accrued_fees_usd=rounded(sum((one.accrued for one in classes), ZERO), places),
        nav_usd=rounded(nav, places),
        numeraires=_in_numeraires(prices, nav, None, policy),
        classes=tuple(_class_nav(one, prices, policy) for one in classes),
        coverage=coverage_of(weights, unpriced, unread, places),
        bridge=bridge,
        snapshots=part.snapshots,
        reconciliation=part.rows,
    )
    return FundState(
        result=result,
        totals=tuple(
            to_totals(node, fund, sums[node], nav if node == fund else sums[node].value, places)
            for node in sums
        ),
        lines=lines,
        sums=sums[fund],
        nav=nav,
        per_unit={one.terms.id: one.nav_per_unit for one in classes},
        weights=weights,
        failures=(*failures, *lines.failures.values(), *unshared, *unbridged, *part.notes),
    )


def _bridge(
    part: FundRun, lines: FundLines, classes: tuple[ClassState, ...], nav: Decimal
) -> tuple[NavBridge | None, tuple[Failure, ...]]:
    if part.start is None:
        return None, ()
    return bridge_to_previous(
        part.start,
        part.fund,
        manual_lines(part, lines),
        classes,
        nav,
        effects=lines.effects.total,
        lines=len(lines.lines),
    )


def _share_held(held: Held, below: Mapping[NodeId, FundState]) -> Decimal:
    """The share of a fund's NAV that one holding owns."""
    state = below[held.fund]
    per_unit = state.per_unit.get(held.share_class)
    return ZERO if per_unit is None or state.nav == 0 else divided(held.units * per_unit, state.nav)


def _holding_lines(
    part: FundRun, below: Mapping[NodeId, FundState]
) -> tuple[Mapping[int, NavLine], tuple[Failure, ...]]:
    """A line for each holding, by place: units at this run's unrounded NAV per unit."""
    lines: dict[int, NavLine] = {}
    failures: list[Failure] = []
    for place in part.by_kind.get(LineKind.HOLDING, ()):
        piece = part.pieces[place]
        assert piece.held is not None
        lines[place] = _holding_line(piece, piece.held, below)
        if lines[place].value_usd is None:
            failures.append(
                Failure(
                    FailureKind.UNPRICED,
                    piece.subject,
                    f"{piece.node} holds units of {piece.subject}, which has no NAV per unit in this run.",
                    f"Mend the NAV of {piece.account} first.",
                )
            )
    return lines, tuple(failures)


def _holding_line(piece: Piece, held: Held, below: Mapping[NodeId, FundState]) -> NavLine:
    """Exposures are looked through by the share held."""
    state = below[held.fund]
    per_unit = state.per_unit.get(held.share_class)
    share = _share_held(held, below)
    worth = Worth(
        price=per_unit,
        quote=None if per_unit is None else USD,
        price_usd=per_unit,
        value_usd=None if per_unit is None else piece.quantity * per_unit,
        exposure_usd=share * state.sums.net,
        gross_exposure_usd=share * state.sums.gross,
        unrealised_usd=share * state.sums.unrealised,
    )
    at = state.result.as_of
    source = f"nav {held.fund}"
    known = replace(piece, snapshot_at=at)
    return line_of(known, worth, piece.coverage, source, at, evidence=piece.evidence, notes=piece.notes)


def _in_numeraires(
    prices: Prices, nav: Decimal, per_unit: Decimal | None, policy: NavPolicy
) -> tuple[NumeraireNav, ...]:
    """The same NAV in every numeraire, by code; each figure one quotient, rounded once."""
    return tuple(
        NumeraireNav(
            code,
            _converted(nav, price, policy.output_places),
            _converted(per_unit, price, policy.unit_places),
        )
        for code, price in prices.numeraires.items()
    )


def _converted(value_usd: Decimal | None, price_usd: Decimal | None, places: int) -> Decimal | None:
    if value_usd is None or price_usd is None:
        return None
    return rounded(convert(value_usd, price_usd), places)


def _class_nav(state: ClassState, prices: Prices, policy: NavPolicy) -> ClassNav:
    per_unit = state.nav_per_unit
    currency_usd = prices.usd(state.terms.currency)
    return ClassNav(
        share_class=state.terms.id,
        currency=state.terms.currency,
        units=state.units,
        nav_usd=rounded(state.nav, policy.output_places),
        accrued_fee_usd=rounded(state.accrued, policy.output_places),
        fee_accrual_usd=rounded(state.accrual, policy.output_places),
        flow_usd=rounded(state.flow, policy.output_places),
        nav_per_unit_usd=None if per_unit is None else rounded(per_unit, policy.unit_places),
        nav_currency=_converted(state.nav, currency_usd, policy.output_places),
        nav_per_unit_currency=_converted(per_unit, currency_usd, policy.unit_places),
        numeraires=_in_numeraires(prices, state.nav, per_unit, policy),
    )


def _in_order(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Each failure once, sorted; what blocks in one place and is noted in another blocks."""
    found: dict[tuple[str, str, str], Failure] = {}
    for one in failures:
        key = (one.kind, one.subject, one.message)
        if key not in found or (one.blocking and not found[key].blocking):
            found[key] = one
    return tuple(found[key] for key in sorted(found))


def _result(run: Run, prices: Prices, states: Mapping[NodeId, FundState]) -> NavResult:
    context, inputs = run.context, run.context.inputs
    found = (one for state in states.values() for one in state.failures)
    failures = _in_order((*run.failures, *prices.failures, *found))
    observed = min(state.result.coverage.observed for state in states.values())
    complete = observed >= inputs.policy.minimum_coverage and not any(one.blocking for one in failures)
    places = inputs.policy.output_places
    by_node = {one.node: one for state in states.values() for one in state.totals}
    ordered = [node for node in context.scope if node in by_node]
    return NavResult(
        fund=inputs.fund,
        as_of=inputs.as_of,
        known_at=inputs.known_at,
        method=inputs.method,
        quality=Quality.COMPLETE if complete else Quality.PROVISIONAL,
        funds=tuple(state.result for state in states.values()),
        nodes=tuple(by_node[node] for node in (*ordered, *sorted(by_node.keys() - set(ordered)))),
        numeraire_prices=tuple(
            NumerairePrice(code, None if price is None else rounded(price, places))
            for code, price in prices.numeraires.items()
        ),
        coverage=states[inputs.fund].result.coverage,
        failures=failures,
        breaks=run.breaks,
    )
