"""Strike a NAV: one pure function from inputs to result, the same in server, CLI and verifier.

Method: docs/methods/nav.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from truenav.calc.ledger.book import WalletKey
from truenav.calc.ledger.deltas import Delta
from truenav.calc.nav.bridge import bridge_to_previous
from truenav.calc.nav.classes import ClassState, allocate
from truenav.calc.nav.context import Context, Held, NavInputError, prepare
from truenav.calc.nav.coverage import coverage_of, missing_wallets, weigh
from truenav.calc.nav.flows import Flows, allocate_flows, known_deltas
from truenav.calc.nav.lines import build_lines, line_order
from truenav.calc.nav.model import (
    METHOD,
    ClassNav,
    CoverageClass,
    FundNav,
    LineKind,
    NavInputs,
    NavLine,
    NavResult,
    NodeTotals,
    NumeraireNav,
    NumerairePrice,
    Quality,
    Reconciled,
    ReconciliationStatus,
)
from truenav.calc.nav.prices import Prices, price_run
from truenav.calc.nav.reconcile import reconcile, reconciliation_notes
from truenav.calc.nav.snapshots import Snapshot, choose_snapshots
from truenav.calc.nav.totals import Sums, funding_by_node, sum_nodes, to_totals
from truenav.calc.pricing.numeraires import convert
from truenav.core.asset import USD
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import AccountId, NodeId, ShareClassId
from truenav.core.money import ZERO, divided, exact, rounded
from truenav.core.policy import NavPolicy


@dataclass(frozen=True, slots=True)
class _FundState:
    """One fund of the run: what is shown, and, unrounded, what a fund above needs of it."""

    result: FundNav
    totals: tuple[NodeTotals, ...]
    sums: Sums
    nav: Decimal
    per_unit: Mapping[ShareClassId, Decimal | None]
    weights: Mapping[CoverageClass, Decimal]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """What all funds of a run share."""

    context: Context
    prices: Prices
    flows: Flows
    snapshots: Mapping[WalletKey, Snapshot]
    lines: Mapping[NodeId, tuple[NavLine, ...]]
    rows: Mapping[NodeId, tuple[Reconciled, ...]]


def strike_nav(inputs: NavInputs) -> NavResult:
    """Compute the NAV of a fund and of all funds below it.

    What could not be read, priced or assigned becomes a ``Failure`` of a provisional result. Raises an
    ``InvalidInputError`` where the inputs contradict each other: no tree, rules of one rank, a holding
    outside the run, a pricing policy or numeraire without meaning, another method version.
    """
    if inputs.method != METHOD:
        raise NavInputError(f"These inputs are for method {inputs.method!r}; this is {METHOD!r}.")
    with exact():
        context = prepare(inputs)
        changes, unbooked = known_deltas(context)
        snapshots, unread = choose_snapshots(context, _positions_expected(context, changes))
        prices = price_run(context, snapshots, changes)
        flows = allocate_flows(context, changes, snapshots)
        lines = build_lines(context, snapshots, flows, prices)
        rows = reconcile(context, snapshots, flows.all)
        run = _Run(context, prices, flows, snapshots, lines.by_fund, rows)
        states: dict[NodeId, _FundState] = {}
        for fund in context.funds:
            states[fund] = _strike_fund(run, fund, states)
        failures = (*inputs.unread, *unbooked, *unread, *prices.failures, *lines.failures)
        return _result(context, prices, states, failures)


def _positions_expected(context: Context, changes: Iterable[Delta]) -> set[WalletKey]:
    """Wallets that must have a position snapshot: they had one at the last NAV, or traded since."""
    expected = {key for key in context.opening.instants if key[2]}
    for change in changes:
        if change.is_position:
            expected.add((change.account, change.wallet, True))
    return expected


def _strike_fund(run: _Run, fund: NodeId, below: Mapping[NodeId, _FundState]) -> _FundState:
    context, policy = run.context, run.context.inputs.policy
    flows, held = run.flows.by_fund[fund], context.held.get(fund, ())
    holdings, failures = _holding_lines(held, below)
    lines = tuple(sorted((*run.lines[fund], *holdings), key=line_order))
    gross = sum((line.value_usd for line in lines if line.value_usd is not None), ZERO)
    classes, unshared = allocate(context, run.prices, fund, gross)
    accrued = sum((one.accrued for one in classes), ZERO)
    nav = gross - accrued
    bridge, unbridged = bridge_to_previous(context, fund, lines, classes, nav, flows=flows, prices=run.prices)
    shares = [(_share_held(one, below), below[one.fund]) for one in held]
    weights = weigh(
        lines,
        missing_wallets(run.snapshots),
        context.opening.funds.get(fund),
        [(share, state.weights) for share, state in shares],
    )
    used = tuple(one.use for one in run.snapshots.values() if _home(context, one) == fund)
    unpriced = sum(line.value_usd is None for line in lines)
    unpriced += sum(state.result.coverage.lines_unpriced for _, state in shares)
    unread = any(one.taken_at is None for one in used)
    funding = funding_by_node(context, fund, flows, run.prices)
    for one, (share, state) in zip(held, shares, strict=True):
        funding[one.node] = funding.get(one.node, ZERO) + share * state.sums.funding
    sums = sum_nodes(context, fund, lines, funding)
    result = FundNav(
        fund=fund,
        as_of=context.inputs.as_of,
        lines=tuple(_rounded_line(line, policy) for line in lines),
        gross_asset_value_usd=rounded(gross, policy.output_places),
        accrued_fees_usd=rounded(accrued, policy.output_places),
        nav_usd=rounded(nav, policy.output_places),
        numeraires=_in_numeraires(run.prices, nav, None, policy),
        classes=tuple(_class_nav(one, run.prices, policy) for one in classes),
        coverage=coverage_of(weights, unpriced, unread, policy.output_places),
        bridge=bridge,
        snapshots=used,
        reconciliation=run.rows[fund],
    )
    totals = tuple(
        to_totals(node, fund, sums[node], nav if node == fund else sums[node].value, policy.output_places)
        for node in sums
    )
    notes = reconciliation_notes(result.reconciliation)
    return _FundState(
        result=result,
        totals=totals,
        sums=sums[fund],
        nav=nav,
        per_unit={one.terms.id: one.nav_per_unit for one in classes},
        weights=weights,
        failures=(*failures, *unshared, *unbridged, *notes),
    )


def _home(context: Context, snapshot: Snapshot) -> NodeId:
    return context.home[AccountId(snapshot.key[0])]


def _share_held(held: Held, below: Mapping[NodeId, _FundState]) -> Decimal:
    """The share of a fund's NAV that one holding owns."""
    state = below[held.fund]
    per_unit = state.per_unit.get(held.share_class)
    return ZERO if per_unit is None or state.nav == 0 else divided(held.units * per_unit, state.nav)


def _holding_lines(
    held: Iterable[Held], below: Mapping[NodeId, _FundState]
) -> tuple[tuple[NavLine, ...], tuple[Failure, ...]]:
    """A line for each holding: units at this run's unrounded NAV per unit, exposures looked through."""
    lines: list[NavLine] = []
    failures: list[Failure] = []
    for one in held:
        if one.units == 0:
            continue
        state = below[one.fund]
        per_unit = state.per_unit.get(one.share_class)
        share = _share_held(one, below)
        if per_unit is None:
            failures.append(
                Failure(
                    FailureKind.UNPRICED,
                    one.share_class,
                    f"{one.node} holds units of {one.share_class}, which has no NAV per unit in this run.",
                    f"Mend the NAV of {one.fund} first.",
                )
            )
        lines.append(
            NavLine(
                node=one.node,
                account=one.fund,
                wallet="",
                subject=one.share_class,
                kind=LineKind.HOLDING,
                tag=None,
                quantity=one.units,
                entry_price=None,
                price=per_unit,
                quote=None if per_unit is None else USD,
                price_usd=per_unit,
                value_usd=None if per_unit is None else one.units * per_unit,
                exposure_usd=share * state.sums.net,
                gross_exposure_usd=share * state.sums.gross,
                unrealised_usd=share * state.sums.unrealised,
                coverage=None,
                price_source=f"nav {one.fund}",
                snapshot_at=state.result.as_of,
                quoted_at=state.result.as_of,
                evidence=one.evidence,
            )
        )
    return tuple(lines), tuple(failures)


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


def _rounded_line(line: NavLine, policy: NavPolicy) -> NavLine:
    def shown(number: Decimal | None) -> Decimal | None:
        return None if number is None else rounded(number, policy.output_places)

    return replace(
        line,
        price=shown(line.price),
        price_usd=shown(line.price_usd),
        value_usd=shown(line.value_usd),
        exposure_usd=shown(line.exposure_usd),
        gross_exposure_usd=shown(line.gross_exposure_usd),
        unrealised_usd=shown(line.unrealised_usd),
    )


def _in_order(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Each failure once, sorted; what blocks in one place and is noted in another blocks."""
    found: dict[tuple[str, str, str], Failure] = {}
    for one in failures:
        key = (one.kind, one.subject, one.message)
        if key not in found or (one.blocking and not found[key].blocking):
            found[key] = one
    return tuple(found[key] for key in sorted(found))


def _result(
    context: Context,
    prices: Prices,
    states: Mapping[NodeId, _FundState],
    run_failures: Iterable[Failure],
) -> NavResult:
    inputs = context.inputs
    failures = _in_order((*run_failures, *(one for state in states.values() for one in state.failures)))
    observed = min(state.result.coverage.observed for state in states.values())
    complete = observed >= inputs.policy.minimum_coverage and not any(one.blocking for one in failures)
    places = inputs.policy.output_places
    by_node = {one.node: one for state in states.values() for one in state.totals}
    ordered = [node for node in context.scope if node in by_node]
    return NavResult(
        fund=inputs.fund,
        as_of=inputs.as_of,
        known_at=inputs.known_at,
        method=METHOD,
        quality=Quality.COMPLETE if complete else Quality.PROVISIONAL,
        funds=tuple(state.result for state in states.values()),
        nodes=tuple(by_node[node] for node in (*ordered, *sorted(by_node.keys() - set(ordered)))),
        numeraire_prices=tuple(
            NumerairePrice(code, None if price is None else rounded(price, places))
            for code, price in prices.numeraires.items()
        ),
        coverage=states[inputs.fund].result.coverage,
        failures=failures,
        breaks=sum(
            row.status is ReconciliationStatus.BREAK
            for state in states.values()
            for row in state.result.reconciliation
        ),
    )
