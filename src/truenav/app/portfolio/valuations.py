"""Which valuation of a fund a reader wants: the latest run's, or one computed for the occasion."""

from __future__ import annotations

from datetime import datetime

from truenav.access.policy import Principal, authorize
from truenav.app.house import House
from truenav.app.nav.inputs import assemble_inputs, refuse_instant
from truenav.app.portfolio.figures import Valuation, latest_valuation, live_valuation
from truenav.calc.nav.strike import strike_nav
from truenav.core.failure import InvalidInputError
from truenav.core.ids import NodeId
from truenav.core.portfolio import Node
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import Kind


def choose_valuation(
    session: Session, house: House, principal: Principal, fund: NodeId, *, as_of: datetime | None, live: bool
) -> Valuation:
    """The fund's latest run; with ``live`` what is recorded now, with ``as_of`` what is recorded as of then.

    Raises ``DefinitionNotFoundError`` for a node that does not exist, ``NoFiguresError`` without a run.
    """
    authorize(principal, "portfolio:read")
    definitions.find(session, Kind.NODE, fund, Node)
    if as_of is None:
        choose = live_valuation if live else latest_valuation
        return choose(session, house, principal, fund)
    now = house.clock.now()
    if live:
        raise InvalidInputError("Give as_of, or live; not both.")
    refuse_instant(as_of, now)
    inputs = assemble_inputs(session, house, principal.tenant, fund, as_of=as_of, known_at=now)
    return Valuation(None, inputs, strike_nav(inputs))
