"""Instructions for the products that are run here, and how their hedges stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Path, Query

from truenav.app.etp import instructions
from truenav.app.etp.hedge import Hedge, hedge_of
from truenav.app.etp.reading import find_listing
from truenav.app.exports.wire import TableQueryDep
from truenav.app.http.context import HouseDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.pages import Page
from truenav.app.http.problems import refusals
from truenav.app.http.records import Record
from truenav.app.http.routes import Router, requires
from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.live.disclosure import PLACES
from truenav.core.instruction import (
    ApproveProposal,
    ChangeUnits,
    CloseProposal,
    CreateUnits,
    HaltDealing,
    InstructionState,
    RedeemUnits,
    Wish,
)
from truenav.core.money import rounded
from truenav.store.instructions import Instruction

router = Router(tags=["products"])

IdPath = Annotated[str, Path(max_length=64)]
_READ = [requires("product:read", sight="narrowed")]


@dataclass(frozen=True, slots=True)
class InstructionBody:
    """What is wanted of a listing."""

    listing: str
    wish: CreateUnits | RedeemUnits | ChangeUnits | HaltDealing


@dataclass(frozen=True, slots=True)
class DecisionBody:
    """What is decided about the open rebalance of a listing."""

    listing: str
    wish: ApproveProposal | CloseProposal


@dataclass(frozen=True, slots=True)
class DealtAmounts:
    """What a creation or redemption came to, in the quote asset: at ``nav`` a unit, with the ``fee``.

    ``true_up`` is by how much the final ``total`` differs from the estimate, paid by the participant where it
    is positive; none while the hedge is being traded.
    """

    at: datetime
    nav: Decimal
    fee: Decimal
    total: Decimal
    true_up: Decimal | None


@dataclass(frozen=True, slots=True)
class InstructionAnswer:
    """What somebody wants of a product, and what became of it; ``outcome`` says why it was not done."""

    id: str
    listing: str
    wish: Wish
    state: InstructionState
    made_by: str
    made_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    outcome: str
    dealt: DealtAmounts | None
    chapter: int | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class WithdrawBody:
    """Why an instruction is taken back."""

    why: str


@router.get("/product-hedges/{listing}", dependencies=_READ, responses=refusals(409))
def get_hedge(
    listing: IdPath, principal: PrincipalDep, session: SessionDep, sight: SightDep
) -> Record[Hedge]:
    """What a product holds beside what its rules say, and the rebalance that is open."""
    return hedge_of(session, find_listing(session, principal, sight, listing))


@router.get("/product-instructions", dependencies=_READ)
def list_instructions(
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    query: TableQueryDep,
    listing: Annotated[str | None, Query(max_length=64)] = None,
) -> Page[Record[InstructionAnswer]]:
    """What was wanted of the products and what became of it, newest first."""
    rows = instructions.list_page(
        session, principal, sight, listing=listing, after=query.after, limit=query.limit + 1
    )
    return query.page(rows, key=lambda row: row.id, show=_answer)


@router.post(
    "/product-instructions", status_code=201, dependencies=[requires("product:deal", sight="narrowed")]
)
def request_instruction(
    body: Record[InstructionBody],
    principal: PrincipalDep,
    session: SessionDep,
    house: HouseDep,
    sight: SightDep,
) -> Record[InstructionAnswer]:
    """Ask for something. Creations, redemptions, merges and splits wait for a second person."""
    return _answer(instructions.request(session, house, principal, sight, body.listing, body.wish))


@router.post(
    "/product-decisions", status_code=201, dependencies=[requires("product:approve", sight="narrowed")]
)
def decide_proposal(
    body: Record[DecisionBody],
    principal: PrincipalDep,
    session: SessionDep,
    house: HouseDep,
    sight: SightDep,
) -> Record[InstructionAnswer]:
    """Approve the open rebalance, or close it, done or not; carried out at the next moment."""
    return _answer(instructions.request(session, house, principal, sight, body.listing, body.wish))


@router.post(
    "/product-instructions/{id}/approve",
    dependencies=[requires("product:approve", sight="narrowed")],
    responses=refusals(409),
)
def approve_instruction(
    id: IdPath, principal: PrincipalDep, session: SessionDep, house: HouseDep, sight: SightDep
) -> Record[InstructionAnswer]:
    """Approve what somebody else asked for; it is carried out at its dealing time, or at once."""
    return _answer(instructions.approve(session, house, principal, sight, id))


@router.post(
    "/product-instructions/{id}/withdraw",
    dependencies=[requires("product:deal", sight="narrowed")],
    responses=refusals(409),
)
def withdraw_instruction(
    id: IdPath,
    body: Record[WithdrawBody],
    principal: PrincipalDep,
    session: SessionDep,
    house: HouseDep,
    sight: SightDep,
) -> Record[InstructionAnswer]:
    """Take back what was asked for, before it is carried out."""
    return _answer(instructions.withdraw(session, house, principal, sight, id, why=body.why))


def _answer(found: Instruction) -> InstructionAnswer:
    return InstructionAnswer(
        id=found.id,
        listing=found.listing,
        wish=found.wish,
        state=found.state,
        made_by=found.made_by,
        made_at=found.made_at,
        approved_by=found.approved_by,
        approved_at=found.approved_at,
        outcome=found.outcome,
        dealt=_dealt(found),
        chapter=found.chapter,
        ended_at=found.ended_at,
    )


def _dealt(found: Instruction) -> DealtAmounts | None:
    estimate, final = found.estimate, found.settlement
    if estimate is None:
        return None
    return DealtAmounts(
        at=instant_of(estimate.at),
        nav=rounded(estimate.nav, PLACES),
        fee=rounded((final or estimate).fee, PLACES),
        total=rounded((final or estimate).total, PLACES),
        true_up=None if final is None else rounded(final.true_up, PLACES),
    )
