"""What the products that are run here went through: marks, deeds, steps, and the state that they led to.

A chapter is written whole or not at all, and the next number can be written once: of two who run one product,
the second learns that it is not the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.exc import IntegrityError

from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.live.deeds import Deed
from truenav.calc.etp.live.state import LiveProduct, Rebalance, Step
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
class UsedRate:
    """A published financing rate of ``at``, charged at the mark of ``charged_at``, the first that knew of it
    (microseconds since 1970), and the payload that stated it.
    """

    at: int
    rate: Decimal
    evidence: Sha256
    charged_at: int


@dataclass(frozen=True, slots=True)
class Chapter:
    """All marks of a product between two writings, what happened meanwhile, and the state at the end.

    ``version`` is that of the listing whose rules held, ``source`` gave the marks. ``steps`` happened at
    marks, ``deeds`` between them; ``rebalances`` are what became of proposals that deeds closed. Chapters
    count from 1; the first holds the mark that the product opened at. One may be without marks.
    """

    number: int
    version: int
    source: str
    marks: tuple[UsedMark, ...]
    rates: tuple[UsedRate, ...]
    deeds: tuple[Deed, ...]
    steps: tuple[Step, ...]
    rebalances: tuple[Rebalance, ...]
    live: LiveProduct


def append(session: Session, listing: str, chapter: Chapter) -> None:
    """Write the next chapter; `ChapterWrittenError` where its number was written by somebody else."""
    row = {
        "listing": listing,
        "number": chapter.number,
        "from_at": instant_of(chapter.marks[0].at if chapter.marks else chapter.live.mark.at),
        "until_at": instant_of(chapter.live.mark.at),
        "steps": len(chapter.steps),
        "deeds": len(chapter.deeds),
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


def last_live(session: Session, listing: str) -> LiveProduct | None:
    """The product as the newest chapter left it, without the rest of the chapter."""
    table = product_chapter
    query = select(table.c.body["live"]).where(table.c.listing == listing)
    live = session.scalar(query.order_by(table.c.number.desc()).limit(1))
    return None if live is None else restore(LiveProduct, live)


def last_number(session: Session, listing: str) -> int | None:
    """The number of the newest chapter; None where the product did not open yet."""
    table = product_chapter
    found: int | None = session.scalar(select(func.max(table.c.number)).where(table.c.listing == listing))
    return found


def steps(session: Session, listing: str) -> tuple[Step, ...]:
    """Everything that happened at the marks of a product, oldest first."""
    here = product_chapter.c.steps > 0
    return tuple(restore(Step, one) for one in _items(session, listing, "steps", here))


def rebalances(session: Session, listing: str) -> tuple[Rebalance, ...]:
    """What became of all proposals that deeds closed, oldest first."""
    here = product_chapter.c.deeds > 0
    return tuple(restore(Rebalance, one) for one in _items(session, listing, "rebalances", here))


def deeds(session: Session, listing: str) -> tuple[Deed, ...]:
    """Everything that happened to a product beside its marks, oldest first."""
    here = product_chapter.c.deeds > 0
    return tuple(restore(Deed, one) for one in _items(session, listing, "deeds", here))


def every(session: Session, listing: str) -> Iterator[Chapter]:
    """All chapters, oldest first, read a few at a time."""
    query = select(product_chapter.c.body).where(product_chapter.c.listing == listing)
    found = session.execute(query.order_by(product_chapter.c.number).execution_options(yield_per=100))
    return (restore(Chapter, body) for body in found.scalars())


def _items(session: Session, listing: str, name: str, here: ColumnElement[bool]) -> Iterator[Any]:
    """The items under one name of the chapters that have any; nothing else of them is read."""
    table = product_chapter
    query = select(table.c.body[name]).where(table.c.listing == listing, here).order_by(table.c.number)
    return (item for items in session.scalars(query) for item in items)


def eventful(session: Session, listing: str, *, after: int, until: int) -> tuple[Chapter, ...]:
    """Chapters numbered above ``after`` up to ``until`` in which something happened, at marks or between."""
    table = product_chapter
    here = (table.c.listing == listing, table.c.number > after, table.c.number <= until)
    query = select(table.c.body).where(*here, (table.c.steps > 0) | (table.c.deeds > 0))
    return tuple(restore(Chapter, body) for body in session.scalars(query.order_by(table.c.number)))


def begun_by(session: Session, listing: str, at: datetime) -> Chapter | None:
    """The newest chapter that begins at or before an instant; None where there is none."""
    table = product_chapter
    query = select(table.c.body).where(table.c.listing == listing, table.c.from_at <= at)
    body = session.scalar(query.order_by(table.c.number.desc()).limit(1))
    return None if body is None else restore(Chapter, body)


def ending_from(session: Session, listing: str, at: datetime) -> Chapter | None:
    """The oldest chapter that ends at or after an instant; None where there is none."""
    table = product_chapter
    query = select(table.c.body).where(table.c.listing == listing, table.c.until_at >= at)
    body = session.scalar(query.order_by(table.c.number).limit(1))
    return None if body is None else restore(Chapter, body)


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
