"""Refusals and missing things.

A *refusal* is an exception: somebody asked for what cannot be done. A *failure* is a value: something
could not be read or priced, and travels with the result so that missing is never shown as zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class TruenavError(Exception):
    """Base of every refusal.

    The message is one or two sentences: what was refused, where, and how to mend it. ``context`` holds
    the values a program may want (row, column, account, ...) and never a secret.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request could not be served"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.message = message
        self.context = context


class InvalidInputError(TruenavError):
    """What came in is malformed: wrong type, range, form or encoding."""

    code = "invalid-input"
    title = "The input is not valid"
    status = 422
    exit_code = 2


class NotFoundError(TruenavError):
    """The named thing does not exist, or the caller may not know that it does."""

    code = "not-found"
    title = "Not found"
    status = 404
    exit_code = 3


class ConflictError(TruenavError):
    """The request contradicts the present state (already published, edited meanwhile, ...)."""

    code = "conflict"
    title = "The request conflicts with the present state"
    status = 409
    exit_code = 4


class ForbiddenError(TruenavError):
    """The caller is known but may not do this."""

    code = "forbidden"
    title = "Not allowed"
    status = 403
    exit_code = 5


class UnauthenticatedError(TruenavError):
    """No valid session or token came with the request."""

    code = "unauthenticated"
    title = "Log in first"
    status = 401
    exit_code = 5


class UnavailableError(TruenavError):
    """Something outside (database, venue, disk) does not answer; trying again later may help."""

    code = "unavailable"
    title = "A needed service does not answer"
    status = 503
    exit_code = 6


class FailureKind(StrEnum):
    """Why a part of a result is missing or doubtful."""

    ACCOUNT_UNREAD = "account_unread"
    ACCOUNT_STALE = "account_stale"
    PRICES_UNREAD = "prices_unread"
    UNPRICED = "unpriced"
    PRICE_STALE = "price_stale"
    PRICE_CONFLICT = "price_conflict"
    UNKNOWN_ASSET = "unknown_asset"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    TERMS_CHANGED = "terms_changed"
    RECONCILIATION_BREAK = "reconciliation_break"
    UNIT_COUNT = "unit_count"
    UNASSIGNED = "unassigned"
    INVARIANT = "invariant"


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that could not be read, priced or explained, and what mends it.

    ``subject`` names the account, asset, instrument or node. ``blocking`` failures keep a NAV
    provisional; others are notes.
    """

    kind: FailureKind
    subject: str
    message: str
    mend: str
    blocking: bool = True
    since_at: datetime | None = None
