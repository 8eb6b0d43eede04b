"""What people want of the products that are run here, and what became of it.

The follower of the products carries an instruction out; it says so in the transaction of the chapter that
holds the deed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Select, insert, select, update

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.live.dealing import DealingQuote, Settlement
from truenav.core.canonical import encode, restore
from truenav.core.failure import ConflictError, NotFoundError
from truenav.core.instruction import WAITING, InstructionState, Wish
from truenav.core.money import ZERO, exact
from truenav.store.database import Session
from truenav.store.tables import product_instruction


class InstructionNotFoundError(NotFoundError):
    """There is no such instruction."""

    code = "instruction-not-found"


class InstructionOverError(ConflictError):
    """The instruction is not in the state that this needs: somebody else was first."""

    code = "instruction-over"
    title = "The instruction is in another state by now"


@dataclass(frozen=True, slots=True)
class Instruction:
    """A person's wish and what became of it.

    ``wish`` is what ``made_by`` wants of a listing. ``estimate`` are the amounts of a creation or redemption
    at its dealing time, while its hedge is traded; ``settlement`` the final ones. ``outcome`` says why it was
    refused or withdrawn. ``chapter`` holds the deed.
    """

    id: str
    listing: str
    wish: Wish
    state: InstructionState
    made_by: str
    made_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    estimate: DealingQuote | None = None
    settlement: Settlement | None = None
    outcome: str = ""
    chapter: int | None = None
    ended_at: datetime | None = None
    version: int = 1


def add(session: Session, instruction: Instruction) -> None:
    """Write down a new instruction."""
    row = {"id": instruction.id, "listing": instruction.listing, "made_at": instruction.made_at}
    session.execute(insert(product_instruction).values({**row, **_columns(instruction)}))


def get(session: Session, id: str) -> Instruction:
    """One instruction; `InstructionNotFoundError` where there is none."""
    table = product_instruction
    body = session.scalar(select(table.c.body).where(table.c.id == id))
    if body is None:
        raise not_found(id)
    return restore(Instruction, body)


def not_found(id: str) -> InstructionNotFoundError:
    """What is raised for an instruction that does not exist, or that the caller may not know of."""
    return InstructionNotFoundError(f"There is no instruction {id[:60]!r}.")


def save(session: Session, before: Instruction, after: Instruction) -> Instruction:
    """Write the next state; `InstructionOverError` where somebody else wrote one meanwhile."""
    table = product_instruction
    following = replace(after, version=before.version + 1)
    here = (table.c.id == before.id, table.c.version == before.version)
    if session.execute(update(table).where(*here).values(_columns(following))).rowcount == 0:
        raise InstructionOverError(f"Instruction {before.id} was changed meanwhile. Read it again.")
    return following


def waiting(session: Session, state: InstructionState) -> tuple[Instruction, ...]:
    """All in one of the `WAITING` states, oldest first."""
    table = product_instruction
    query = select(table.c.body).where(table.c.state.in_(WAITING), table.c.state == state)
    return _read(session, query.order_by(table.c.made_at, table.c.id))


def dealt_since(session: Session, listing: str, at: datetime, *, also: Iterable[Instruction] = ()) -> Decimal:
    """What creations and redemptions of a listing came to since an instant, in its quote asset; those whose
    hedge is being traded count, and of ``also`` those that are not written yet, or are as they were before.
    """
    table = product_instruction
    alive = (InstructionState.APPROVED, InstructionState.DONE)
    query = select(table.c.body).where(
        table.c.listing == listing, table.c.state.in_(alive), table.c.body["estimate"].astext.isnot(None)
    )
    found = {one.id: one for one in _read(session, query.order_by(table.c.made_at, table.c.id))}
    found |= {one.id: one for one in also if one.listing == listing}
    since = microseconds(at)
    with exact():
        amounts = (one.estimate.amount for one in found.values() if one.estimate and one.estimate.at >= since)
        return sum(amounts, ZERO)


def list_page(
    session: Session, listings: Collection[str], *, after: Instruction | None, limit: int
) -> tuple[Instruction, ...]:
    """Instructions for some listings, newest first, of those before ``after``."""
    table = product_instruction
    query = select(table.c.body).where(table.c.listing.in_(listings))
    if after is not None:
        earlier = (table.c.made_at < after.made_at) | (
            (table.c.made_at == after.made_at) & (table.c.id < after.id)
        )
        query = query.where(earlier)
    return _read(session, query.order_by(table.c.made_at.desc(), table.c.id.desc()).limit(limit))


def _read(session: Session, query: Select[tuple[object]]) -> tuple[Instruction, ...]:
    return tuple(restore(Instruction, body) for body in session.scalars(query))


def _columns(instruction: Instruction) -> dict[str, object]:
    return {"state": instruction.state, "version": instruction.version, "body": encode(instruction)}
