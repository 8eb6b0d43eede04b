"""Share merges and splits of a running product: a plan that names every holder, and the product after it.

Nothing is lost on the way: what holders keep, times the ratio, and what is cashed are together the units from
before, exactly, and each holder's units and cash are worth what they were.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from truenav.calc.etp.engine.adjustments import UnitChange, UnitChangeError
from truenav.calc.etp.live.state import LiveProduct, basket
from truenav.core.failure import ConflictError
from truenav.core.money import ONE, ZERO, exact, to_text
from truenav.core.product import Fractions

SMALLEST = Decimal("1e-8")
"""The smallest part of a unit that holders keep, where fractions are kept at all."""


class OpenOrdersError(ConflictError):
    """Orders for the old units are still open."""

    code = "open-orders"
    title = "Orders for the old units are still open"


@dataclass(frozen=True, slots=True)
class HolderChange:
    """One holder: ``before`` old units become ``after`` new ones, and ``cashed`` old ones become ``cash``."""

    holder: str
    before: Decimal
    after: Decimal
    cashed: Decimal
    cash: Decimal


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A merge or split, ready to be approved.

    ``cancel`` are the open orders that must be gone before, sorted. ``nav`` is that of an old unit;
    ``nav_after``, ``position_after`` and ``cash_after`` are of a new one. ``units`` and ``units_after`` are
    outstanding, ``paid_out`` is what all cashed fractions come to.
    """

    product: str
    at: int
    change: UnitChange
    nav: Decimal
    nav_after: Decimal
    position_after: Decimal
    cash_after: Decimal
    units: Decimal
    units_after: Decimal
    paid_out: Decimal
    holders: tuple[HolderChange, ...]
    cancel: tuple[str, ...]


def unit_plan(
    live: LiveProduct,
    change: UnitChange,
    holders: Mapping[str, Decimal],
    *,
    fractions: Fractions = Fractions.KEPT,
    open_orders: Collection[str] = (),
    smallest: Decimal = SMALLEST,
) -> UnitPlan:
    """How a change of units falls on each of ``holders``, whose units include those bound in orders.

    A merge leaves whole multiples of ``smallest`` where ``fractions`` are kept, else whole units; the old
    units that give no such part are cashed at NAV. A split cashes only what is below ``smallest`` before it.
    `UnitChangeError` where holders and units outstanding differ, after ruin, and where a product that holds a
    position would be left without units.
    """
    with exact():
        held = sum(holders.values(), ZERO)
        if held != live.units or any(units < 0 for units in holders.values()):
            raise UnitChangeError(
                f"Holders have {to_text(held)} units of {live.product}, {to_text(live.units)} are "
                "outstanding; each must have none or more, and together all of them.",
                held=held,
            )
        one = basket(live)
        if one.nav <= 0:
            raise UnitChangeError(f"{live.product} has lost everything; its units are worth nothing.")
        least = ONE if fractions is Fractions.CASHED and change.new == 1 else smallest
        changes = tuple(_holder_changes(change, holders, one.nav, least))
        units_after = sum((holder.after for holder in changes), ZERO)
        if units_after == 0 and live.actual is not None:
            raise UnitChangeError(
                f"{change.old}:{change.new} leaves no unit of {live.product} for the position that it holds; "
                "keep fractions instead."
            )
        return UnitPlan(
            product=live.product,
            at=live.mark.at,
            change=change,
            nav=one.nav,
            nav_after=one.nav * change.old / change.new,
            position_after=one.position * change.old / change.new,
            cash_after=one.cash * change.old / change.new,
            units=live.units,
            units_after=units_after,
            paid_out=sum((holder.cash for holder in changes), ZERO),
            holders=changes,
            cancel=tuple(sorted(open_orders)),
        )


def changed(live: LiveProduct, plan: UnitPlan, *, cancelled: Collection[str] = ()) -> LiveProduct:
    """The product after a plan was carried out; an open proposal stays one of the units of its mark.

    `OpenOrdersError` where an order of the plan is not among the ``cancelled``; `UnitChangeError` where units
    were created or redeemed, marks seen, or trades booked that changed NAV, since the plan was made.
    """
    if still := sorted(set(plan.cancel) - set(cancelled)):
        raise OpenOrdersError(
            f"Cancel {len(still)} open orders first, for example {still[0]}.", orders=still[:100]
        )
    made_for = (plan.product, plan.at, plan.units, plan.nav)
    if (live.product, live.mark.at, live.units, basket(live).nav) != made_for:
        raise UnitChangeError(f"{live.product} has changed since the plan was made; make it again.")
    with exact():
        actual = live.actual
        if actual is not None:
            actual = replace(actual, cash=actual.cash - plan.paid_out)
        return replace(
            live,
            units=plan.units_after,
            factor=live.factor * plan.change.old / plan.change.new,
            actual=actual,
            changes=_left(live.changes, plan.change),
        )


def _holder_changes(
    change: UnitChange, holders: Mapping[str, Decimal], nav: Decimal, least: Decimal
) -> Iterator[HolderChange]:
    part = least * change.old
    for holder in sorted(holders):
        before = holders[holder]
        kept = before // part * part
        cashed = before - kept
        yield HolderChange(holder, before, kept * change.new / change.old, cashed, cashed * nav)


def _left(due: Sequence[UnitChange], done: UnitChange) -> tuple[UnitChange, ...]:
    """The changes that are still due once one was made."""
    return tuple(due[1:]) if due and due[0] == done else tuple(due)
