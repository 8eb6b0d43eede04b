"""What each share class owns: opening capital, its dealings, its share of the profit, its own fee.

Method: docs/methods/nav.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from truenav.calc.nav.context import Context, in_period, signed
from truenav.calc.nav.fees import management_fee_accrual
from truenav.calc.nav.model import ClassNav, FundNav
from truenav.calc.nav.prices import Prices
from truenav.core.facts import Dealing, Fact, FeePayment
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import NodeId, ShareClassId
from truenav.core.money import ZERO, AssetId, divided
from truenav.core.portfolio import ShareClass


@dataclass(frozen=True, slots=True)
class ClassState:
    """One class, unrounded, in USD. ``capital`` is before fees: NAV plus what is accrued."""

    terms: ShareClass
    units: Decimal
    capital: Decimal
    accrued: Decimal
    accrual: Decimal
    paid: Decimal
    flow: Decimal

    @property
    def nav(self) -> Decimal:
        """What the holders own."""
        return self.capital - self.accrued

    @property
    def nav_per_unit(self) -> Decimal | None:
        """USD a unit at 78 digits; None without units."""
        return divided(self.nav, self.units) if self.units else None


@dataclass(frozen=True, slots=True)
class _Dealt:
    """One dealing in the period: units and USD, subscriptions positive."""

    at: datetime
    units: Decimal
    usd: Decimal


def allocate(
    context: Context, prices: Prices, fund: NodeId, gross_asset_value: Decimal
) -> tuple[tuple[ClassState, ...], tuple[Failure, ...]]:
    """Divide a fund's gross asset value among its classes; sorted by class. Under ``exact()``.

    Capital of a class is its opening capital and its net dealings since; the rest of the gross asset value
    is profit, shared by that capital. The fee accrues on the opening NAV for the whole period and on each
    dealing from its own instant.
    """
    opening = context.opening.funds.get(fund)
    failures: list[Failure] = []
    states = tuple(
        _before_profit(context, prices, terms, opening, failures) for terms in context.classes[fund]
    )
    failures.extend(_unknown_classes(context, fund, {one.terms.id for one in states}))
    capital = sum((one.capital for one in states), ZERO)
    if not states or (capital == 0 and gross_asset_value == 0):
        return states, tuple(failures)
    if capital <= 0:
        failures.append(
            Failure(
                FailureKind.INVARIANT,
                fund,
                f"{fund} has a value but no capital of any class to share it by: opening capital and "
                "dealings do not come to a positive sum.",
                "Enter the subscriptions that paid for the fund's assets.",
            )
        )
        return states, tuple(failures)
    profit = gross_asset_value - capital
    states = tuple(
        replace(one, capital=one.capital + divided(profit * one.capital, capital)) for one in states
    )
    failures.extend(failure for one in states for failure in _check_units(one))
    return states, tuple(failures)


def _before_profit(
    context: Context, prices: Prices, terms: ShareClass, opening: FundNav | None, failures: list[Failure]
) -> ClassState:
    """The class at its opening capital plus dealings less paid fees, with the fee of the period."""
    as_of = context.inputs.as_of
    previous = previous_class(opening, terms.id)
    since = opening.as_of if opening else None
    facts = [
        fact
        for fact in context.dealings
        if isinstance(fact.body, Dealing | FeePayment)
        and (fact.body.fund, fact.body.share_class) == (terms.fund, terms.id)
    ]
    new = [
        _dealt(fact, prices, failures)
        for fact in facts
        if isinstance(fact.body, Dealing) and in_period(context, fact)
    ]
    paid = sum(
        (
            _usd(fact.body.amount.number, fact.body.amount.asset, prices, terms.id, failures)
            for fact in facts
            if isinstance(fact.body, FeePayment) and in_period(context, fact)
        ),
        ZERO,
    )
    issued = sum(
        (signed(fact.body, fact.body.units) for fact in facts if isinstance(fact.body, Dealing)), ZERO
    )
    units = (previous.units if previous else ZERO) + sum((one.units for one in new), ZERO)
    if units != issued:
        failures.append(_late_dealing(terms.id))
    flow = sum((one.usd for one in new), ZERO)
    accrued = previous.accrued_fee_usd if previous else ZERO
    accrual = _accrual(terms, previous.nav_usd if previous else ZERO, since, new, as_of)
    return ClassState(
        terms=terms,
        units=units,
        capital=(previous.nav_usd if previous else ZERO) + accrued + flow - paid,
        accrued=accrued + accrual - paid,
        accrual=accrual,
        paid=paid,
        flow=flow,
    )


def _accrual(
    terms: ShareClass, nav_open: Decimal, since: datetime | None, dealt: Iterable[_Dealt], as_of: datetime
) -> Decimal:
    """The fee of the period: on the opening NAV, and on each dealing from its instant (a redemption less)."""

    def fee(nav: Decimal, start: datetime) -> Decimal:
        return management_fee_accrual(nav, terms.management_fee_rate, start, as_of, terms.day_count)

    total = fee(nav_open, since) if since is not None else ZERO
    for one in dealt:
        total += fee(one.usd, one.at) if one.usd >= 0 else -fee(-one.usd, one.at)
    return total


def _dealt(fact: Fact, prices: Prices, failures: list[Failure]) -> _Dealt:
    body = fact.body
    assert isinstance(body, Dealing)
    usd = _usd(body.amount.number, body.amount.asset, prices, body.share_class, failures)
    return _Dealt(fact.occurred_at, signed(body, body.units), signed(body, usd))


def _usd(
    number: Decimal, asset: AssetId, prices: Prices, subject: ShareClassId, failures: list[Failure]
) -> Decimal:
    price = prices.usd(asset)
    if price is None:
        failures.append(
            Failure(
                FailureKind.UNPRICED,
                subject,
                f"A dealing or fee payment of {subject} is in {asset}, which has no price; it counts as "
                "nothing until it has one.",
                "Add a price for the dealing currency.",
            )
        )
        return ZERO
    return number * price


def _unknown_classes(context: Context, fund: NodeId, known: set[ShareClassId]) -> Iterable[Failure]:
    for fact in context.dealings:
        body = fact.body
        if isinstance(body, Dealing | FeePayment) and body.fund == fund and body.share_class not in known:
            yield Failure(
                FailureKind.INVARIANT,
                fund,
                f"{fact.kind} {fact.external_id} is in class {body.share_class!r}, which {fund} does not "
                "have.",
                "Add the share class, or correct the dealing.",
            )


def _late_dealing(share_class: ShareClassId) -> Failure:
    return Failure(
        FailureKind.UNIT_COUNT,
        share_class,
        f"The units of {share_class} at the last NAV and its dealings since do not give the units of all "
        "its dealings: a dealing from before the last NAV came late.",
        "Restate the last NAV with the late dealing, then strike again.",
    )


def _check_units(state: ClassState) -> Iterable[Failure]:
    if state.units < 0:
        yield Failure(
            FailureKind.UNIT_COUNT,
            state.terms.id,
            f"More units of {state.terms.id} were redeemed than issued.",
            "Correct the dealings.",
        )
    if state.units == 0 and state.nav != 0:
        yield Failure(
            FailureKind.INVARIANT,
            state.terms.id,
            f"{state.terms.id} has capital but no units, so it has no NAV per unit.",
            "Give the subscription its units, or redeem the rest.",
        )


def previous_class(opening: FundNav | None, share_class: ShareClassId) -> ClassNav | None:
    """The class in the last NAV, or None."""
    return next((one for one in opening.classes if one.share_class == share_class), None) if opening else None
