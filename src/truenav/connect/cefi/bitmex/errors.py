"""BitMEX's errors as our refusals; it tells them by status and in words."""

from __future__ import annotations

import re

from truenav.connect.document import read_json
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueStoppedError,
    VenueUnavailableError,
)

_PATIENCE_SECONDS = 1.0
_REFUSED_SECONDS = 600
"""Who is refused without a word asks again only after this."""
_BUSY = ("overloaded", "maintenance", "unavailable", "downtime", "try again later")
_CLOCK = ("expired", "`expires`", "api-expires")
_RETRY = re.compile(r"retry in (\d{1,5}) second", re.ASCII | re.IGNORECASE)


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer; None where it carries a result."""
    try:
        message = _message(body)
    except MalformedPayloadError as malformed:
        if status == 403:
            return VenueStoppedError(
                "the venue refuses this address (HTTP 403: a country it does not serve, or too many "
                f"requests); it rests {_REFUSED_SECONDS} s.",
                seconds=_REFUSED_SECONDS,
            )
        return MalformedPayloadError(f"status {status}: {malformed.message}")
    if message is None:
        return None if status < 400 else MalformedPayloadError(f"status {status} without an error.")
    return refused(status, message)


def refused(status: int, message: str) -> VenueError:
    """A refusal by its status and words, as requests and streams tell it."""
    words, told = message.lower(), f"{status}: {message}"
    if "rate limit" in words:
        found = _RETRY.search(message)
        seconds = int(found[1]) if found else _PATIENCE_SECONDS
        return RateLimitedError(f"too many requests ({told}).", seconds=seconds)
    if any(part in words for part in _BUSY):
        return VenueUnavailableError(f"the venue is busy ({told}).")
    if any(part in words for part in _CLOCK) and status in (400, 401, 403):
        return ClockSkewError(f"our clock differs too much ({told}); synchronise it by NTP.")
    if status == 401:
        return KeyRevokedError(
            f"the key is not accepted ({told}); check key, secret, whether it is enabled, and its addresses."
        )
    if status == 403:
        return KeyForbiddenError(f"the key may not read this, or not from this address ({told}).")
    return VenueError(f"refused ({told}).")


def _message(body: bytes) -> str | None:
    """The words of an error; None where the answer is none. Raises ``MalformedPayloadError``."""
    document = read_json(body)
    error = document.maybe("error") if isinstance(document.value, dict) else None
    return None if error is None else error.text_or("message")[:200]
