"""Gate's error labels as our refusals."""

from __future__ import annotations

from truenav.connect.document import looks_cut_off, read_json
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueUnavailableError,
)

NO_ACCOUNT = "USER_NOT_FOUND"
"""The key's owner never opened this kind of account, so nothing is there."""
_BAD_KEY = {
    "INVALID_KEY",
    "INVALID_SIGNATURE",
    "INVALID_CREDENTIALS",
    "AUTHENTICATION_FAILED",
    "MISSING_REQUIRED_HEADER",
    "IP_FORBIDDEN",
}
_FORBIDDEN = {"FORBIDDEN", "READ_ONLY", "ACCOUNT_LOCKED", "SUB_ACCOUNT_LOCKED"}
_SLOW_DOWN = {"TOO_MANY_REQUESTS", "TOO_FAST"}
_BUSY = {"INTERNAL", "SERVER_ERROR", "TOO_BUSY"}
_UNKNOWN = {"CONTRACT_NOT_FOUND", "INVALID_CURRENCY", "INVALID_CURRENCY_PAIR"}
_PATIENCE_SECONDS = 1.0


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer: Gate tells errors by status and a ``label``."""
    if status < 400:
        return looks_cut_off(body)
    try:
        document = read_json(body)
        label = document.text_or("label")
        message = (document.text_or("message") or document.text_or("detail"))[:200]
    except MalformedPayloadError as error:
        return MalformedPayloadError(f"status {status}: {error.message}")
    if label == "REQUEST_EXPIRED":
        return ClockSkewError(f"our clock differs too much ({message}); synchronise it by NTP.", code=label)
    if label in _BAD_KEY or (label == "FORBIDDEN" and "IP" in message):
        return KeyRevokedError(
            f"the key is not accepted ({label}: {message}); check key, secret, its expiry and its addresses.",
            code=label,
        )
    if label in _FORBIDDEN:
        return KeyForbiddenError(
            f"the key may not read this ({label}: {message}); give it reading rights for all of the account, "
            "or take the wallet out of the account.",
            code=label,
        )
    if label in _SLOW_DOWN:
        return RateLimitedError(f"too many requests ({label}).", code=label, seconds=_PATIENCE_SECONDS)
    if label in _BUSY:
        return VenueUnavailableError(f"the venue is busy ({label}: {message}).", code=label)
    if label in _UNKNOWN:
        return VenueError(f"the venue has no such market or coin ({label}: {message}).", code=label)
    return VenueError(f"refused ({label or status}: {message}).", code=label)
