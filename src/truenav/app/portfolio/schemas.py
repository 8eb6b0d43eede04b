"""Forms of the portfolio on the wire."""

from __future__ import annotations

from typing import Self

from truenav.app.http.models import Answer, Instant
from truenav.app.http.records import Record
from truenav.app.portfolio.figures import NodeFigures, Valuation


class PortfolioAnswer(Answer):
    """The nodes of a fund, parents before children, in one numeraire.

    ``run`` is the NAV run that the figures are of; absent where they were computed for this answer.
    """

    fund: str
    as_of: Instant
    numeraire: str
    quality: str
    run: str | None
    nodes: list[Record[NodeFigures]]

    @classmethod
    def of(cls, valuation: Valuation, numeraire: str, nodes: tuple[NodeFigures, ...]) -> Self:
        """The figures as the API shows them."""
        result = valuation.result
        return cls(
            fund=result.fund,
            as_of=result.as_of,
            numeraire=numeraire,
            quality=result.quality,
            run=valuation.run,
            nodes=list(nodes),
        )
