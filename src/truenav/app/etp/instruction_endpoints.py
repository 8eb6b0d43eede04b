"""Instructions for the products that are run here, and how their hedges stand."""

from __future__ import annotations

from dataclasses import dataclass
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
from truenav.core.instruction import (
    ApproveProposal,
    ChangeUnits,
    CloseProposal,
    CreateUnits,
    HaltDealing,
    RedeemUnits,
)
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
) -> Page[Record[Instruction]]:
    """What was wanted of the products and what became of it, newest first."""
    rows = instructions.list_page(
        session, principal, sight, listing=listing, after=query.after, limit=query.limit + 1
    )
    return query.page(rows, key=lambda row: row.id, show=lambda row: row)


@router.post(
    "/product-instructions", status_code=201, dependencies=[requires("product:deal", sight="narrowed")]
)
def request_instruction(
    body: Record[InstructionBody],
    principal: PrincipalDep,
    session: SessionDep,
    house: HouseDep,
    sight: SightDep,
) -> Record[Instruction]:
    """Ask for something. Creations, redemptions, merges and splits wait for a second person."""
    return instructions.request(session, house, principal, sight, body.listing, body.wish)


@router.post(
    "/product-decisions", status_code=201, dependencies=[requires("product:approve", sight="narrowed")]
)
def decide_proposal(
    body: Record[DecisionBody],
    principal: PrincipalDep,
    session: SessionDep,
    house: HouseDep,
    sight: SightDep,
) -> Record[Instruction]:
    """Approve the open rebalance, or close it, done or not; carried out at the next moment."""
    return instructions.request(session, house, principal, sight, body.listing, body.wish)


@router.post(
    "/product-instructions/{id}/approve",
    dependencies=[requires("product:approve", sight="narrowed")],
    responses=refusals(409),
)
def approve_instruction(
    id: IdPath, principal: PrincipalDep, session: SessionDep, house: HouseDep, sight: SightDep
) -> Record[Instruction]:
    """Approve what somebody else asked for; it is carried out at its dealing time, or at once."""
    return instructions.approve(session, house, principal, sight, id)


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
) -> Record[Instruction]:
    """Take back what was asked for, before it is carried out."""
    return instructions.withdraw(session, house, principal, sight, id, why=body.why)
