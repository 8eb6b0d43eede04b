"""One's own holdings. The printed statement of one is in the slice of statements."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from truenav.app.exports.wire import as_table
from truenav.app.holdings.service import OwnHolding, PublishedUnit, own_holdings, unit_history
from truenav.app.http.context import HouseDep, PrincipalDep, SessionDep
from truenav.app.http.models import Answer
from truenav.app.http.records import Record
from truenav.app.http.routes import Router, requires

router = Router(prefix="/holdings", tags=["holdings"])


class HoldingsAnswer(Answer):
    """One's own units at the last published NAVs."""

    items: list[Record[OwnHolding]]


class UnitHistoryAnswer(Answer):
    """The published NAVs per unit of a class, newest first."""

    items: list[Record[PublishedUnit]]


@router.get("", dependencies=[requires("holding:read", sight="narrowed"), Depends(as_table)])
def list_holdings(house: HouseDep, principal: PrincipalDep, session: SessionDep) -> HoldingsAnswer:
    """What one owns: units, published NAV per unit and value, class by class."""
    return HoldingsAnswer(items=list(own_holdings(session, house, principal)))


@router.get(
    "/classes/{share_class}/history",
    dependencies=[requires("holding:read", sight="narrowed"), Depends(as_table)],
)
def get_unit_history(
    share_class: Annotated[str, Path(max_length=64)],
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
) -> UnitHistoryAnswer:
    """The published NAV per unit of a class that one holds, over time."""
    return UnitHistoryAnswer(items=list(unit_history(session, house, principal, share_class)))
