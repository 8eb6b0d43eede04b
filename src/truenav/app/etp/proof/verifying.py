"""What was written of a product, computed again from its marks, rates and deeds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import tee

from truenav.app.etp.live.product import replayed
from truenav.core.canonical import canonical_json
from truenav.core.failure import TruenavError
from truenav.core.listing import Listing
from truenav.store import definitions, products
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.products import Chapter


@dataclass(frozen=True, slots=True)
class Verification:
    """How much of a product's journal was computed again, and the first thing that differs; None where
    every chapter is the same, byte for byte.
    """

    listing: str
    chapters: int
    marks: int
    deeds: int
    steps: int
    difference: str | None

    @property
    def is_identical(self) -> bool:
        """Whether nothing differs."""
        return self.difference is None


def verify(session: Session, listing: str) -> Verification:
    """Compute every chapter of a listing again, from the first on, and compare."""
    versions = definitions.history(session, Kind.LISTING, listing, Listing)
    listings = {one.version: one.body for one in versions}
    written, marks = tee(products.every(session, listing))
    return _compared(listing, written, replayed(marks, listings))


def _compared(listing: str, written: Iterator[Chapter], computed: Iterable[Chapter]) -> Verification:
    chapters = marks = deeds = steps = 0
    difference = None
    try:
        for again in computed:
            chapter = next(written)
            chapters, marks = chapters + 1, marks + len(chapter.marks)
            deeds, steps = deeds + len(chapter.deeds), steps + len(chapter.steps)
            if names := [
                field.name
                for field in fields(Chapter)
                if canonical_json(getattr(chapter, field.name)) != canonical_json(getattr(again, field.name))
            ]:
                difference = f"Chapter {chapter.number} has other {', '.join(names)}."
                break
    except TruenavError as error:
        difference = f"Chapter {chapters + 1} cannot be computed: {error.message}"
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
        # What no follower of ours writes: another one put it there.
        difference = f"Chapter {chapters + 1} cannot be computed ({type(error).__name__}: {error})."
    return Verification(listing, chapters, marks, deeds, steps, difference)
