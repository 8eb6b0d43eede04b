"""Refusals that only exist on the wire."""

from __future__ import annotations

from truenav.core.failure import ConflictError, ForbiddenError, InvalidInputError, TruenavError


class MalformedRequestError(InvalidInputError):
    """The request cannot be read at all: not UTF-8, not JSON, a NUL character, nested too deeply."""

    code = "malformed-request"
    title = "The request cannot be read"
    status = 400


class BodyTooLargeError(TruenavError):
    """The body is larger than this endpoint takes."""

    code = "body-too-large"
    title = "The body is too large"
    status = 413


class CrossSiteError(ForbiddenError):
    """A browser session sent a change without proof that our own page asked for it."""

    code = "cross-site"
    title = "The request may come from another site"


class EditedMeanwhileError(ConflictError):
    """Somebody changed the thing since the caller read it (``If-Match``)."""

    code = "edited-meanwhile"
    title = "It was changed meanwhile"
    status = 412


class SecretShownOnceError(ConflictError):
    """A repeated request whose first answer held a secret, which is not kept."""

    code = "secret-shown-once"
    title = "The secret was shown once"
