"""What the products that are run here went through: marks, steps, and the state that they led to.

A chapter is written whole or not at all, and the next number can be written once: of two who run one product,
the second learns that it is not the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.live.state import LiveProduct, Step
from truenav.core.canonical import encode, restore
from truenav.core.failure import ConflictError
from truenav.core.ids import Sha256
from truenav.store.database import Session
from truenav.store.tables import product_chapter


class ChapterWrittenError(ConflictError):
    """Somebody else runs the product and has written its next chapter."""

    code = "chapter-written"
    title = "Somebody else runs this product"


@dataclass(frozen=True, slots=True)
class UsedMark:
    """A price that a product was marked at (microseconds since 1970), and the payload that stated it."""

    at: int
    price: Decimal
    evidence: Sha256


@dataclass(frozen=True, slots=True)
class Chapter:
    """All marks of a product between two writings, what happened at some of them, and the state at the end.

    ``source`` gave the marks. Chapters count from 1; the first holds the mark that the product opened at.
    """

    number: int
    source: str
    marks: tuple[UsedMark, ...]
    steps: tuple[Step, ...]
    live: LiveProduct


def append(session: Session, listing: str, chapter: Chapter) -> None:
    """Write the next chapter; `ChapterWrittenError` where its number was written by somebody else."""
    row = {
        "listing": listing,
        "number": chapter.number,
        "from_at": instant_of(chapter.marks[0].at),
        "until_at": instant_of(chapter.marks[-1].at),
        "steps": len(chapter.steps),
        "body": encode(chapter),
    }
    try:
        with session.begin_nested():
            session.execute(insert(product_chapter), [row])
    except IntegrityError as error:
        raise ChapterWrittenError(
            f"Chapter {chapter.number} of {listing} is written already; somebody else runs it.",
            listing=listing,
        ) from error


def latest(session: Session, listing: str) -> Chapter | None:
    """The newest chapter; None where the product did not open yet."""
    table = product_chapter
    query = select(table.c.body).where(table.c.listing == listing).order_by(table.c.number.desc()).limit(1)
    body = session.scalar(query)
    return None if body is None else restore(Chapter, body)


def with_steps(session: Session, listing: str, *, before: int | None, limit: int) -> tuple[Chapter, ...]:
    """Chapters in which something happened, newest first, of those with a lower number than ``before``."""
    table = product_chapter
    query = select(table.c.body).where(table.c.listing == listing, table.c.steps > 0)
    if before is not None:
        query = query.where(table.c.number < before)
    rows = session.scalars(query.order_by(table.c.number.desc()).limit(limit))
    return tuple(restore(Chapter, body) for body in rows)


def between(
    session: Session, listing: str, since: datetime, until: datetime, *, most: int | None = None
) -> tuple[bool, Iterator[Chapter]]:
    """Chapters that reach into a span of time, oldest first, and whether they are all of them.

    Of more than ``most`` only so many are read, evenly apart, the last one among them.
    """
    table = product_chapter
    reaching = (table.c.listing == listing, table.c.until_at >= since, table.c.from_at <= until)
    count, last = session.execute(select(func.count(), func.max(table.c.number)).where(*reaching)).one()
    every = 1 if most is None or not count else -(-count // most)
    chosen = select(table.c.body).where(*reaching, table.c.number % every == (last or 0) % every)
    bodies = session.scalars(chosen.order_by(table.c.number))
    return every == 1, (restore(Chapter, body) for body in bodies)
