"""How a hedged product stands: what it holds beside what its rules say, and the rebalance that is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.app.etp.reading import last_chapter
from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.live.disclosure import PLACES
from truenav.calc.etp.live.hedged import remaining, tracking
from truenav.calc.etp.live.state import LiveProduct, ProposalKind
from truenav.core.ids import AccountId
from truenav.core.listing import Listing
from truenav.core.money import exact, rounded
from truenav.store.database import Session


@dataclass(frozen=True, slots=True)
class OpenProposal:
    """A rebalance that waits: to be approved, or to be traded.

    Positions are in underlying, of all units together; ``rest`` is what is still to be bought (sold is
    negative), ``notional`` the order's at the ``price`` it fell due at. ``trouble`` says why its execution
    stopped and waits for a person; empty where it did not.
    """

    number: int
    kind: ProposalKind
    at: datetime
    price: Decimal
    held: Decimal
    wanted: Decimal
    rest: Decimal
    notional: Decimal
    cost_estimate: Decimal
    is_approved: bool
    trouble: str


@dataclass(frozen=True, slots=True)
class Hedge:
    """A product at its last written mark; where the model is the product, nothing of it is hedged.

    NAVs are of one present unit, positions of all units. ``difference`` is actual less model NAV.
    ``unexplained`` is what the account holds beyond the product, as last compared.
    """

    listing: str
    as_of: datetime
    account: AccountId | None
    automatic_up_to: Decimal | None
    is_halted: bool
    is_hedged: bool
    model_nav: Decimal | None
    actual_nav: Decimal | None
    difference: Decimal | None
    relative: Decimal | None
    model_position: Decimal | None
    actual_position: Decimal | None
    unexplained: Decimal | None
    proposal: OpenProposal | None


def hedge_of(session: Session, listing: Listing) -> Hedge:
    """How a product's hedge stands; `NotOpenError` before it opened."""
    live = last_chapter(session, listing).live
    found = tracking(live)
    return Hedge(
        listing=listing.id,
        as_of=instant_of(live.mark.at),
        account=listing.hedge_account,
        automatic_up_to=listing.automatic_up_to,
        is_halted=live.halted,
        is_hedged=found is not None,
        model_nav=None if found is None else _shown(found.model_nav),
        actual_nav=None if found is None else _shown(found.actual_nav),
        difference=None if found is None else _shown(found.difference),
        relative=None if found is None or found.relative is None else _shown(found.relative),
        model_position=None if found is None else _shown(found.model_position),
        actual_position=None if found is None else _shown(found.actual_position),
        unexplained=None if found is None else _shown(live.unexplained),
        proposal=_open(live),
    )


def _open(live: LiveProduct) -> OpenProposal | None:
    one = live.proposal
    if one is None:
        return None
    with exact():
        notional = abs(one.order) * one.price
    return OpenProposal(
        number=one.number,
        kind=one.kind,
        at=instant_of(one.at),
        price=_shown(one.price),
        held=_shown(one.held),
        wanted=_shown(one.wanted),
        rest=_shown(remaining(live)),
        notional=_shown(notional),
        cost_estimate=_shown(one.cost_estimate),
        is_approved=live.approved == one.number,
        trouble=live.trouble,
    )


def _shown(number: Decimal) -> Decimal:
    return rounded(number, PLACES)
