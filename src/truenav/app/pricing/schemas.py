"""Forms of marks on the wire."""

from __future__ import annotations

from truenav.app.http.models import Answer, Instant
from truenav.app.http.records import Record
from truenav.app.portfolio.figures import MarkRow


class MarksPage(Answer):
    """A page of the marks behind a valuation; ``run`` absent: it was computed for this answer."""

    fund: str
    as_of: Instant
    run: str | None
    items: list[Record[MarkRow]]
    next: str | None
