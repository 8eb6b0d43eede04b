"""Deribit's error codes as our refusals; it tells them with status 400 and with 200."""

from __future__ import annotations

from truenav.connect.document import read_json
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueUnavailableError,
)

_BAD_KEY = {"10000", "13000", "13001", "13002", "13004", "13005", "13007", "13009"}
_FORBIDDEN = {"13003", "13012", "13021"}
_BUSY = {"10040", "10041", "11051", "11094", "13025", "13028", "13503", "13888"}
_SLOW_DOWN = {"10028", "10047", "10066"}
_PATIENCE_SECONDS = 2.0


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer; None where it carries a result."""
    try:
        document = read_json(body)
        error = document.maybe("error")
        if error is None:
            document.field("result")
            return None if status < 400 else MalformedPayloadError(f"status {status} with a result.")
        code, message = error.text("code"), error.text_or("message")[:200]
        data = error.maybe("data")
        reason = data.text_or("reason")[:200] if data is not None and isinstance(data.value, dict) else ""
    except MalformedPayloadError as malformed:
        return MalformedPayloadError(f"status {status}: {malformed.message}")
    told = f"{code}: {message}{', ' if reason else ''}{reason}"
    if code in _BAD_KEY and "timestamp" in reason:
        return ClockSkewError(f"our clock differs too much ({told}); synchronise it by NTP.", code=code)
    if code in _BAD_KEY:
        return KeyRevokedError(
            f"the key is not accepted ({told}); check client id, secret and address list.", code=code
        )
    if code in _FORBIDDEN:
        return KeyForbiddenError(f"the key may not read this ({told}).", code=code)
    if code in _SLOW_DOWN:
        return RateLimitedError(f"too many requests ({code}).", code=code, seconds=_PATIENCE_SECONDS)
    if code in _BUSY:
        return VenueUnavailableError(f"the venue is busy ({told}).", code=code)
    return VenueError(f"refused ({told}).", code=code)
