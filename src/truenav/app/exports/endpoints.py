"""Journals as files of other programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from truenav.app.exports.journals import MOST_ACCOUNTS, Asked, export_journal
from truenav.app.http.context import HouseDep, PrincipalDep, SessionDep
from truenav.app.http.models import Instant
from truenav.app.http.problems import refusals
from truenav.app.http.routes import Router, requires
from truenav.connect.files.out import JournalForm

router = Router(tags=["facts"])

_ANSWER = {
    200: {
        "description": "The file; an archive where the form has several",
        "content": {media: {} for media in ("text/csv", "text/plain", "application/zip")},
    },
    **refusals(404),
}


@router.get(
    "/journals/{form}",
    dependencies=[requires("fact:read", sight="narrowed")],
    response_class=StreamingResponse,
    responses=_ANSWER,
)
def get_journal(
    form: JournalForm,
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    account: Annotated[
        list[Annotated[str, Query(max_length=200)]],
        Query(min_length=1, max_length=MOST_ACCOUNTS, description="Accounts, repeatable"),
    ],
    since: Annotated[Instant | None, Query(description="What happened after it")] = None,
    until: Annotated[Instant | None, Query(description="What had happened by then")] = None,
    known_at: Annotated[Instant | None, Query(description="As we knew it then")] = None,
) -> StreamingResponse:
    """The journal of accounts for another program, or for another installation of truenav."""
    asked = Asked(form, tuple(account), since, until, known_at)
    exported = export_journal(session, house, principal, asked)
    disposition = {"Content-Disposition": f'attachment; filename="{exported.name}"'}
    return StreamingResponse(exported.pieces(), media_type=exported.media_type, headers=disposition)
