"""Bybit's error codes as our refusals."""

from __future__ import annotations

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

_BAD_KEY = {"10003", "10004", "10007", "10009", "10010", "33004", "-2015"}
"""Unknown key, wrong signature, missing sign, banned address, address not on the key's list, expired key."""
_CLOCK = {"10002", "-1"}
_FORBIDDEN = {"10005", "10008", "10024", "10027", "10028"}
_SLOW_DOWN = {"10006", "10018", "10429", "429"}
_BUSY = {"10000", "10016", "10019", "10404"}
_PATIENCE_SECONDS = 1.0
_BAN_SECONDS = 600
"""The venue asks for ten minutes without a request."""


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer; Bybit tells errors by ``retCode``, with status 200 as well.

    Status 403 means too many requests from one address, or a country that is not served: both end only when
    nothing is asked for a while.
    """
    if status == 403:
        return VenueStoppedError(
            f"the venue refuses this address (HTTP 403: too many requests, or a country it does not serve); "
            f"it rests {_BAN_SECONDS} s.",
            seconds=_BAN_SECONDS,
        )
    try:
        document = read_json(body)
        code, message = document.text("retCode"), document.text_or("retMsg")[:200]
    except MalformedPayloadError as error:
        return MalformedPayloadError(f"status {status}: {error.message}")
    if code == "0" and status < 400:
        return None
    if code in _CLOCK:
        return ClockSkewError(f"our clock differs too much ({message}); synchronise it by NTP.", code=code)
    if code in _BAD_KEY:
        return KeyRevokedError(
            f"the key is not accepted ({code}: {message}); check key, secret, its expiry and its addresses.",
            code=code,
        )
    if code in _FORBIDDEN:
        return KeyForbiddenError(
            f"the key may not read this ({code}: {message}); give it reading rights for all of the account, "
            "or take the wallet out of the account.",
            code=code,
        )
    if code in _SLOW_DOWN:
        return RateLimitedError(f"too many requests ({code}).", code=code, seconds=_PATIENCE_SECONDS)
    if code in _BUSY:
        return VenueUnavailableError(f"the venue is busy ({code}: {message}).", code=code)
    return VenueError(f"refused ({code}: {message}).", code=code)


def stream_refusal(verb: str, message: str) -> VenueError:
    """The refusal in a message of a stream, which has no code: what was asked tells what it means."""
    told = message[:200]
    if verb == "auth" and "expire" in told.lower():
        return ClockSkewError(f"our clock differs too much ({told}); synchronise it by NTP.")
    if verb == "auth":
        return KeyRevokedError(
            f"the key is not accepted ({told}); check key, secret, its expiry and its addresses."
        )
    return VenueError(f"refused ({verb}: {told}).")
