"""Kraken Futures' errors as our refusals; they come with status 200, too, and in three shapes."""

from __future__ import annotations

from truenav.connect.document import Node, read_json
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueUnavailableError,
)

_PATIENCE_SECONDS = 10.0
"""The window in which the venue counts."""
_BAD_KEY = ("authenticationError", "unauthorized", "invalidApiKey")
_FORBIDDEN = ("accountInactive", "insufficientPermissions", "forbidden")
_CLOCK = ("nonceBelowThreshold", "nonceDuplicate")
_BUSY = ("unavailable", "server error", "unknownerror", "marketunavailable", "internal")


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer."""
    try:
        told = _told(read_json(body))
    except MalformedPayloadError as error:
        return MalformedPayloadError(f"status {status}: {error.message}")
    if not told and status < 400:
        return None
    return _named(status, told or f"status {status}")


def _told(document: Node) -> str:
    """What an answer refuses with: a word, the first of a list, or a status with its reason."""
    if not isinstance(document.value, dict):
        return ""
    errors = document.maybe("errors")
    for one in errors.items() if errors is not None else ():
        return one.text_or("message", "error") if isinstance(one.value, dict) else str(one.value)
    word = document.text_or("error") or (document.text_or("status") if document.maybe("reason") else "")
    return word or ("error" if document.text_or("result") == "error" else "")


def _named(status: int, text: str) -> VenueError:
    said = text[:200]
    if said.startswith("apiLimitExceeded"):
        return RateLimitedError(f"too many requests ({said}).", code=said, seconds=_PATIENCE_SECONDS)
    if said.startswith(_CLOCK):
        return ClockSkewError(
            f"the nonce is not accepted ({said}); synchronise this clock by NTP.", code=said
        )
    if said.startswith(_FORBIDDEN) or status == 403:
        return KeyForbiddenError(
            f"the key may not read this ({said}); it needs read-only access to the general API, and an "
            "account on which futures are switched on.",
            code=said,
        )
    if said.startswith(_BAD_KEY) or status == 401:
        return KeyRevokedError(
            f"the key is not accepted ({said}); check key and secret; Kraken spot has others.",
            code=said,
        )
    if said.lower().startswith(_BUSY):
        return VenueUnavailableError(f"the venue is busy ({said}).", code=said)
    return VenueError(f"refused ({said}).", code=said)
