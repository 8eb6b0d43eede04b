"""Printed statements of NAV runs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Path, Query, Response

from truenav.app.http.context import HouseDep, PrincipalDep, SessionDep
from truenav.app.http.downloads import attachment
from truenav.app.http.problems import refusals
from truenav.app.http.routes import Router, requires
from truenav.app.statements.service import Statement, print_own_statement, print_statement
from truenav.app.statements.words import Language
from truenav.core.failure import InvalidInputError
from truenav.core.ids import RunId

MISSING_GLYPHS = "X-Truenav-Missing-Glyphs"
"""Names the characters that the document shows as boxes, because its fonts lack them."""

router = Router(tags=["statements"], module="statements")


class Audience(StrEnum):
    """Whom a statement is printed for."""

    HOUSE = "house"
    INVESTOR = "investor"


class MissingInvestorError(InvalidInputError):
    """A statement for an investor does not say for which one, or names one that is not asked for."""

    code = "missing-investor"


RunPath = Annotated[str, Path(max_length=120)]
LanguageQuery = Annotated[Language, Query(description="English, 中文, or both side by side")]
InvestorQuery = Annotated[
    str | None, Query(min_length=1, max_length=200, description="The investor's name, as in the dealings")
]

_PDF: dict[int | str, dict[str, Any]] = {
    200: {"description": "The statement", "content": {"application/pdf": {}}}
}


@router.get(
    "/nav/runs/{id}/statement",
    dependencies=[requires("nav:read", sight="narrowed")],
    response_class=Response,
    responses={**_PDF, **refusals(409)},
)
def get_statement(
    id: RunPath,
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    language: LanguageQuery = Language.EN,
    audience: Annotated[Audience, Query(alias="for")] = Audience.HOUSE,
    investor: InvestorQuery = None,
) -> Response:
    """A calculated run as a PDF: the whole book, or for one investor own units and their value alone."""
    if (audience is Audience.INVESTOR) != (investor is not None):
        raise MissingInvestorError("Give for=investor and investor=NAME together, or neither.")
    statement = print_statement(session, house, principal, RunId(id), language=language, investor=investor)
    return _file(statement)


@router.get(
    "/holdings/runs/{id}/statement",
    dependencies=[requires("holding:read", sight="narrowed")],
    response_class=Response,
    responses=_PDF,
)
def get_own_statement(
    id: RunPath,
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    language: LanguageQuery = Language.EN,
    investor: InvestorQuery = None,
) -> Response:
    """One's own holdings in a published run as a PDF; name the investor where several are yours."""
    statement = print_own_statement(
        session, house, principal, RunId(id), language=language, investor=investor
    )
    return _file(statement)


def _file(statement: Statement) -> Response:
    answer = attachment(statement.pdf, statement.name, "application/pdf")
    if statement.missing_glyphs:
        answer.headers[MISSING_GLYPHS] = " ".join(statement.missing_glyphs[:50])
    return answer
