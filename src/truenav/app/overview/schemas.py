"""Forms of the first page on the wire."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from truenav.app.http.models import Answer, Instant, Number
from truenav.app.http.records import Record
from truenav.app.overview.history import History
from truenav.app.overview.lines import HeldLine
from truenav.app.overview.model import (
    Attention,
    Changed,
    Figures,
    Hurt,
    Liveness,
    Row,
    Site,
    Unknown,
    Worth,
)
from truenav.app.overview.view import View
from truenav.core.canonical import canonical_json


class OverviewAnswer(Answer):
    """The four answers, the tree, where it sits, and what needs attention.

    A figure that is null is unknown, never zero; ``missing`` of its section names the field and the reason.
    ``refreshing``: something changed and a newer valuation is computed; the event ``valued`` tells when.
    """

    fund: str
    name: str
    as_of: Instant
    numeraire: str
    refreshing: bool
    live: Record[Liveness]
    worth: Record[Worth]
    changed: Record[Changed]
    hurt: Record[Hurt]
    unknown: Record[Unknown]
    tree: list[Record[Row]]
    sits: list[Record[Site]]
    attention: list[Record[Attention]]


def overview_bytes(
    figures: bytes, attention: tuple[Attention, ...], live: Liveness, *, refreshing: bool
) -> bytes:
    """The JSON of an `OverviewAnswer` around figures whose canonical JSON is at hand already."""
    rest = canonical_json({"attention": attention, "live": live, "refreshing": refreshing})
    return figures[:-1] + b"," + rest[1:]


class TreeAnswer(Answer):
    """The nodes of a fund that the caller sees, parents before children, in one numeraire."""

    fund: str
    as_of: Instant
    numeraire: str
    tree: list[Record[Row]]

    @classmethod
    def of(cls, figures: Figures, rows: tuple[Row, ...]) -> Self:
        """These rows of a fund's figures as the API shows them."""
        return cls(fund=figures.fund, as_of=figures.as_of, numeraire=figures.numeraire, tree=list(rows))


class LinesAnswer(Answer):
    """The lines at and below a node of a fund, in one numeraire."""

    fund: str
    node: str
    as_of: Instant
    numeraire: str
    lines: list[Record[HeldLine]]

    @classmethod
    def of(cls, view: View, node: str, numeraire: str, lines: tuple[HeldLine, ...]) -> Self:
        """The lines as the API shows them."""
        result = view.result
        return cls(fund=result.fund, node=node, as_of=result.as_of, numeraire=numeraire, lines=list(lines))


class HistoryPoint(Answer):
    """One NAV. ``per_unit`` is of the class that the history follows; null where it is not known.

    ``drawdown`` is measured on ``basis`` of the whole history: 0 at a high, -0.25 a quarter below it.
    """

    at: Instant
    kind: Literal["published", "provisional", "imported"]
    run: str | None
    quality: str | None
    nav: Number | None
    per_unit: Number | None
    drawdown: Number | None


class HistoryAnswer(Answer):
    """NAVs of a fund in one numeraire, oldest first; of one instant the published one stands."""

    fund: str
    numeraire: str
    share_class: Annotated[str | None, Field(description="The class whose NAV per unit is followed")]
    basis: Literal["per_unit", "nav"]
    worst_drawdown: Number | None
    points: list[HistoryPoint]

    @classmethod
    def of(cls, fund: str, numeraire: str, history: History) -> Self:
        """A history as the API shows it."""
        known = [one for one in history.drawdowns if one is not None]
        return cls(
            fund=fund,
            numeraire=numeraire,
            share_class=history.share_class,
            basis=history.basis,
            worst_drawdown=min(known, default=None),
            points=[
                HistoryPoint(
                    at=point.at,
                    kind=point.kind,
                    run=point.run,
                    quality=point.quality,
                    nav=point.nav,
                    per_unit=point.per_unit,
                    drawdown=fall,
                )
                for point, fall in zip(history.points, history.drawdowns, strict=True)
            ],
        )
