"""A run as a printed statement: for the house, or for one investor."""

from __future__ import annotations

import re
from dataclasses import dataclass

from truenav.access.policy import Principal, authorize
from truenav.app.house import House
from truenav.app.sight import sight_of
from truenav.app.statements.book import house_document
from truenav.app.statements.document import Data, Desk
from truenav.app.statements.holdings import NoHoldingError, investor_document
from truenav.app.statements.reading import Subject, read_subject
from truenav.app.statements.render import render_pdf
from truenav.app.statements.words import Language
from truenav.core.ids import RunId
from truenav.store import runs
from truenav.store.database import Session
from truenav.store.runs import RunState

_FINAL = (RunState.PUBLISHED, RunState.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class Statement:
    """A printed statement: file name (ASCII), PDF, and the characters that had to be replaced."""

    name: str
    pdf: bytes
    missing_glyphs: tuple[str, ...]


def print_statement(
    session: Session,
    house: House,
    principal: Principal,
    run_id: RunId,
    *,
    language: Language = Language.EN,
    investor: str | None = None,
) -> Statement:
    """The statement of a calculated run; with ``investor`` of that investor's own holdings alone.

    Raises ``RunNotFoundError`` (also for a fund that is not wholly in sight), ``RunConflictError`` while
    nothing is calculated, ``NoHoldingError``.
    """
    authorize(principal, "nav:read")
    run = runs.get(session, run_id)
    if not sight_of(session, principal).sees(run.fund):
        raise runs.not_found(run_id)
    subject = read_subject(session, house, principal, run)
    strategies = "strategies" not in principal.masks
    return statement_of(subject, language, investor, strategies=strategies)


def print_own_statement(
    session: Session,
    house: House,
    principal: Principal,
    run_id: RunId,
    *,
    language: Language = Language.EN,
    investor: str | None = None,
) -> Statement:
    """The statement of the caller's own holdings in a published run.

    ``investor`` names one of those whose units are the caller's; needed where these are several. Raises
    ``RunNotFoundError`` for a run that is not published, ``NoHoldingError`` for units of somebody else.
    """
    authorize(principal, "holding:read")
    run = runs.get(session, run_id)
    if run.state not in _FINAL:
        raise runs.not_found(run_id)
    own = sorted(principal.investors)
    name = investor if investor is not None else own[0] if len(own) == 1 else None
    if name is None or name not in principal.investors:
        raise NoHoldingError("Name an investor whose units are yours; an administrator links them to you.")
    return statement_of(read_subject(session, house, principal, run), language, name)


def statement_of(
    subject: Subject, language: Language, investor: str | None = None, *, strategies: bool = True
) -> Statement:
    """The statement of a run that was read."""
    document, missing = document_of(subject, language, investor, strategies=strategies)
    suffix = "" if investor is None else "-holdings"
    name = f"{safe_name(subject.run.id)}{suffix}-{language}.pdf"
    return Statement(name, render_pdf(document), missing)


def document_of(
    subject: Subject, language: Language, investor: str | None = None, *, strategies: bool = True
) -> tuple[Data, tuple[str, ...]]:
    """What is printed, and the characters that the fonts lack."""
    desk = Desk.of(subject, language, strategies=strategies)
    document = house_document(desk) if investor is None else investor_document(desk, investor)
    return document, desk.printer.missing


def safe_name(text: str) -> str:
    """A file name of letters, digits, dots, dashes and underscores, that does not begin with a dot."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")[:80] or "statement"
