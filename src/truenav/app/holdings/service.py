"""An investor's own units: of published NAVs only, valued at the NAV per unit that was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.access.policy import Principal, authorize
from truenav.app.house import House
from truenav.app.nav.archived import read_inputs, read_result
from truenav.app.statements.holdings import units_of
from truenav.calc.nav.model import ClassNav
from truenav.core.ids import NodeId, ShareClassId
from truenav.core.money import exact
from truenav.core.portfolio import Node, ShareClass
from truenav.store import definitions, runs
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.runs import Run, RunState

LONGEST_HISTORY = 400
"""Published NAVs that a history shows at most, newest first."""

_FINAL = (RunState.PUBLISHED,)


@dataclass(frozen=True, slots=True)
class OwnHolding:
    """Units of one class held by one investor, at the last published NAV of the fund.

    ``nav_per_unit`` and ``value`` are in ``currency``, the asset in which the class deals; None: unknown.
    """

    fund: str
    fund_name: str
    share_class: str
    class_name: str
    investor: str
    units: Decimal
    currency: str
    nav_per_unit: Decimal | None
    value: Decimal | None
    value_usd: Decimal | None
    as_of: datetime
    run: str


@dataclass(frozen=True, slots=True)
class PublishedUnit:
    """What one unit of a class was worth at one published NAV; its statement is under ``run``."""

    run: str
    as_of: datetime
    nav_per_unit: Decimal | None
    currency: str


def own_holdings(session: Session, house: House, principal: Principal) -> tuple[OwnHolding, ...]:
    """What the caller's investors hold in every fund with a published NAV, by fund, class and investor."""
    authorize(principal, "holding:read")
    if not principal.investors:
        return ()
    classes = {one.id: one for one in definitions.bodies(session, Kind.SHARE_CLASS, ShareClass)}
    names = {node.id: node.name for node in definitions.bodies(session, Kind.NODE, Node)}
    held: list[OwnHolding] = []
    for fund in sorted({one.fund for one in classes.values()}):
        published = runs.list_runs(session, fund=fund, states=_FINAL, limit=1)
        if published:
            held += _held(house, principal, published[0], names.get(fund, fund), classes)
    return tuple(held)


def unit_history(
    session: Session, house: House, principal: Principal, share_class: str
) -> tuple[PublishedUnit, ...]:
    """The published NAVs per unit of a class that the caller holds, newest first.

    A class of which nothing is held does not exist as far as the caller may know.
    """
    holding = next(
        (one for one in own_holdings(session, house, principal) if one.share_class == share_class), None
    )
    if holding is None:
        raise definitions.not_found(Kind.SHARE_CLASS, share_class[:60])
    found = runs.list_runs(session, fund=NodeId(holding.fund), states=_FINAL, limit=LONGEST_HISTORY)
    blobs = house.blobs(principal.tenant)
    return tuple(
        PublishedUnit(run.id, run.as_of, one.nav_per_unit_currency, one.currency)
        for run in found
        for one in read_result(blobs, run).root.classes
        if one.share_class == share_class
    )


def _held(
    house: House, principal: Principal, run: Run, fund_name: str, classes: Mapping[ShareClassId, ShareClass]
) -> list[OwnHolding]:
    blobs = house.blobs(principal.tenant)
    inputs, result = read_inputs(blobs, run), read_result(blobs, run)
    found = []
    for investor in sorted(principal.investors):
        units = units_of(inputs, investor)
        for one in result.root.classes:
            if (held := units.get(one.share_class)) is not None:
                name = classes[one.share_class].name if one.share_class in classes else one.share_class
                found.append(_holding(run, fund_name, name, investor, held, one))
    return found


def _holding(
    run: Run, fund_name: str, class_name: str, investor: str, units: Decimal, nav: ClassNav
) -> OwnHolding:
    with exact():
        price, price_usd = nav.nav_per_unit_currency, nav.nav_per_unit_usd
        return OwnHolding(
            fund=run.fund,
            fund_name=fund_name,
            share_class=nav.share_class,
            class_name=class_name,
            investor=investor,
            units=units,
            currency=nav.currency,
            nav_per_unit=price,
            value=None if price is None else units * price,
            value_usd=None if price_usd is None else units * price_usd,
            as_of=run.as_of,
            run=run.id,
        )
