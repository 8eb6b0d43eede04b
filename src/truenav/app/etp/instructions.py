"""What people want of the products that are run here: asked for, approved by a second person, withdrawn.

Nobody but the follower of the products writes what they go through. A wish waits until it carries it out.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.etp.catalogues import LISTINGS, MOST_UNITS
from truenav.app.etp.reading import find_listing
from truenav.app.house import House
from truenav.app.sight import Sight
from truenav.calc.etp.engine.adjustments import UnitChange
from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.live.deeds import Changed
from truenav.core.canonical import encode
from truenav.core.failure import InvalidInputError
from truenav.core.instruction import (
    SECOND_PERSON,
    WAITING,
    ApproveProposal,
    ChangeUnits,
    CloseProposal,
    CreateUnits,
    InstructionState,
    RedeemUnits,
    Wish,
)
from truenav.core.names import refuse_bad_texts
from truenav.store import audit, instructions, products
from truenav.store.database import Session
from truenav.store.instructions import Instruction, InstructionOverError

LONGEST_REST = timedelta(days=30)
"""For how long the trigger of a product may rest by one person's word."""


def request(
    session: Session, house: House, principal: Principal, sight: Sight, listing: str, wish: Wish
) -> Instruction:
    """Ask for something; what needs no second person is carried out at the next moment.

    A rebalance is approved or closed by who may approve (``product:approve``), all else is asked for by who
    deals (``product:deal``).
    """
    find_listing(session, principal, sight, listing)
    approves = isinstance(wish, ApproveProposal | CloseProposal)
    action = "product:approve" if approves else "product:deal"
    authorize(principal, action, Resource(principal.tenant, "listing", listing))
    refuse_bad_texts(encode(wish), what="the instruction")
    _refuse_nonsense(wish)
    now = house.clock.now()
    made = Instruction(
        id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        listing=listing,
        wish=wish,
        state=InstructionState.REQUESTED,
        made_by=principal.user,
        made_at=now,
    )
    if not isinstance(wish, SECOND_PERSON):
        made = replace(made, state=InstructionState.APPROVED, approved_by=principal.user, approved_at=now)
    instructions.add(session, made)
    _tell(session, principal.user, "product.request", made, {"wish": encode(wish)})
    return made


def approve(session: Session, house: House, principal: Principal, sight: Sight, id: str) -> Instruction:
    """Approve what somebody else asked for."""
    found = find(session, principal, sight, id)
    maker = Resource(principal.tenant, "listing", found.listing, maker=found.made_by)
    authorize(principal, "product:approve", maker)
    if found.state is not InstructionState.REQUESTED:
        raise InstructionOverError(f"Instruction {id} is {found.state}; only a requested one is approved.")
    _refuse_old_units(session, found)
    after = replace(
        found,
        state=InstructionState.APPROVED,
        approved_by=principal.user,
        approved_at=house.clock.now(),
    )
    after = instructions.save(session, found, after)
    _tell(session, principal.user, "product.approve", after, {})
    return after


def withdraw(
    session: Session, house: House, principal: Principal, sight: Sight, id: str, *, why: str
) -> Instruction:
    """Take back what was asked for, by whoever may ask; not once its hedge is being traded."""
    found = find(session, principal, sight, id)
    authorize(principal, "product:deal", Resource(principal.tenant, "listing", found.listing))
    if found.state not in WAITING or found.estimate is not None:
        raise InstructionOverError(f"Instruction {id} is {found.state}, or being carried out; too late.")
    refuse_bad_texts({"why": why}, what="the withdrawal")
    now = house.clock.now()
    after = replace(found, state=InstructionState.WITHDRAWN, outcome=why, ended_at=now)
    after = instructions.save(session, found, after)
    _tell(session, principal.user, "product.withdraw", after, {"why": why})
    return after


def find(session: Session, principal: Principal, sight: Sight, id: str) -> Instruction:
    """One instruction; one for a product out of sight does not exist."""
    found = instructions.get(session, id)
    if found.listing not in _listings(session, principal, sight):
        raise instructions.not_found(id)
    return found


def list_page(
    session: Session,
    principal: Principal,
    sight: Sight,
    *,
    listing: str | None,
    after: str | None,
    limit: int,
) -> tuple[Instruction, ...]:
    """Instructions for the products in sight, or for one of them, newest first."""
    seen = _listings(session, principal, sight)
    wanted = seen if listing is None else seen & {listing}
    before = None if after is None else find(session, principal, sight, after)
    return instructions.list_page(session, wanted, after=before, limit=limit)


def ended(session: Session, after: Instruction) -> None:
    """The audit entry of what the follower carried out or refused."""
    detail = {"outcome": after.outcome, "chapter": after.chapter}
    _tell(session, "system", f"product.{after.state}", after, detail)


def _refuse_old_units(session: Session, found: Instruction) -> None:
    """Refuse a number of units that was asked for before a merge or split: it would be dealt in new ones."""
    if not isinstance(found.wish, CreateUnits | RedeemUnits):
        return
    asked = microseconds(found.made_at)
    for deed in products.deeds(session, found.listing):
        if isinstance(deed.what, Changed) and deed.at >= asked:
            ratio = f"{deed.what.plan.change.old}:{deed.what.plan.change.new}"
            raise InstructionOverError(
                f"The units of {found.listing} were changed {ratio} since {found.id} was asked for; withdraw "
                "it and ask in the new ones."
            )


def _refuse_nonsense(wish: Wish) -> None:
    """Refuse what could not be carried out whatever the product is like, before a second person sees it."""
    match wish:
        case CreateUnits(units=units) | RedeemUnits(units=units):
            if not 0 < units < MOST_UNITS:
                raise InvalidInputError(f"Ask for units above 0 and below {MOST_UNITS:.0e}.")
        case ChangeUnits(old, new):
            UnitChange(old, new)
        case CloseProposal(rest_minutes=minutes):
            if not 0 <= minutes <= LONGEST_REST // timedelta(minutes=1):
                raise InvalidInputError(f"A trigger rests for 0 minutes to {LONGEST_REST.days} days.")


def _listings(session: Session, principal: Principal, sight: Sight) -> frozenset[str]:
    every = LISTINGS.list_all(session, principal)
    return frozenset(one.id for one in every if LISTINGS.seen(sight, one.body))


def _tell(
    session: Session, actor: str, action: str, instruction: Instruction, detail: Mapping[str, object]
) -> None:
    at = instruction.ended_at or instruction.approved_at or instruction.made_at
    detail = {"listing": instruction.listing, **detail}
    audit.append(session, actor=actor, action=action, subject=instruction.id, at=at, detail=detail)
