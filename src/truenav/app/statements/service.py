"""A run as a printed statement: for the house, or for one investor."""

from __future__ import annotations

import re
from dataclasses import dataclass

from truenav.access.policy import Principal, authorize
from truenav.app.house import House
from truenav.app.statements.book import house_document
from truenav.app.statements.document import Data, Desk
from truenav.app.statements.holdings import investor_document
from truenav.app.statements.reading import Subject, read_subject
from truenav.app.statements.render import render_pdf
from truenav.app.statements.words import Language
from truenav.core.ids import RunId
from truenav.store.database import Session


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

    Raises ``RunNotFoundError``, ``RunConflictError`` while nothing is calculated, ``NoHoldingError``.
    """
    authorize(principal, "nav:read")
    return statement_of(read_subject(session, house, principal, run_id), language, investor)


def statement_of(subject: Subject, language: Language, investor: str | None = None) -> Statement:
    """The statement of a run that was read."""
    document, missing = document_of(subject, language, investor)
    suffix = "" if investor is None else "-holdings"
    name = f"{safe_name(subject.run.id)}{suffix}-{language}.pdf"
    return Statement(name, render_pdf(document), missing)


def document_of(
    subject: Subject, language: Language, investor: str | None = None
) -> tuple[Data, tuple[str, ...]]:
    """What is printed, and the characters that the fonts lack."""
    desk = Desk.of(subject, language)
    document = house_document(desk) if investor is None else investor_document(desk, investor)
    return document, desk.printer.missing


def safe_name(text: str) -> str:
    """A file name of letters, digits, dots, dashes and underscores, that does not begin with a dot."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")[:80] or "statement"
