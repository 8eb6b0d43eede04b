"""Lists come in pages; ``next`` of one page is the ``cursor`` of the following."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query

from truenav.app.http.models import Answer
from truenav.core.failure import InvalidInputError

T = TypeVar("T")
R = TypeVar("R")

LARGEST_PAGE = 500


class BadCursorError(InvalidInputError):
    """The cursor is not one that a list of ours gave."""

    code = "bad-cursor"
    title = "The cursor is not valid"


class Page(Answer, Generic[T]):
    """Some items of a list, and where the next ones begin (absent on the last page)."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class PageQuery:
    """What the caller wants: at most ``limit`` items after the position ``after`` (None: from the start)."""

    limit: int
    after: str | None

    def page(self, rows: Sequence[R], *, key: Callable[[R], str], show: Callable[[R], T]) -> Page[T]:
        """A page of ``rows``, asked for with ``limit + 1``: one too many shows that there is more."""
        kept = rows[: self.limit]
        more = len(rows) > self.limit
        return Page(items=[show(row) for row in kept], next=write_cursor(key(kept[-1])) if more else None)


async def read_page_query(
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Most items in a page")] = 100,
    cursor: Annotated[str | None, Query(max_length=600, description="`next` of the page before")] = None,
) -> PageQuery:
    """The dependency behind `PageQueryDep`."""
    return PageQuery(limit, None if cursor is None else read_cursor(cursor))


PageQueryDep = Annotated[PageQuery, Depends(read_page_query)]


def write_cursor(position: str) -> str:
    """Opaque, URL-safe text of a position in a list."""
    return base64.urlsafe_b64encode(json.dumps([position]).encode()).decode().rstrip("=")


def read_cursor(text: str) -> str:
    """The position in a cursor, or ``BadCursorError``."""
    try:
        data: Any = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        (position,) = data
    except (ValueError, TypeError, binascii.Error) as error:
        raise bad_cursor() from error
    if not isinstance(position, str) or "\x00" in position or not position.isprintable():
        raise bad_cursor()
    return position


def read_number(position: str | None) -> int:
    """The position of a list that is ordered by a number, 0 at its start."""
    if position is None:
        return 0
    if not (position.isascii() and position.isdigit() and len(position) <= 18):
        raise bad_cursor()
    return int(position)


def bad_cursor() -> BadCursorError:
    """The refusal of a cursor that no list gave."""
    return BadCursorError("The cursor is not one that a list gave; start again without a cursor.")
