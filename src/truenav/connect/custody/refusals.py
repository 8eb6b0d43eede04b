"""Refusals that all custodians tell by the status of their answer."""

from __future__ import annotations

from truenav.connect.document import looks_cut_off, read_json
from truenav.connect.errors import KeyForbiddenError, KeyRevokedError, MalformedPayloadError, VenueError


def refusal(status: int, body: bytes, *, says: str = "message") -> VenueError | None:
    """The refusal in an answer; ``says`` is the field that words it."""
    if status < 400:
        return looks_cut_off(body)
    words = _words(body, says)
    if status == 401:
        return KeyRevokedError(f"the key is not accepted ({words}); check key, secret and address list.")
    if status == 403:
        return KeyForbiddenError(f"the key may not read this ({words}); give it the right to view.")
    return VenueError(f"refused with status {status} ({words}).", status=status)


def _words(body: bytes, says: str) -> str:
    try:
        return read_json(body).text_or(says)[:200] or "no reason given"
    except MalformedPayloadError:
        return "no reason given"
