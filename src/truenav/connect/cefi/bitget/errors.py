"""Bitget's error codes as our refusals."""

from __future__ import annotations

from truenav.connect.document import Node, read_json
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

DONE = "00000"
_CLOCK = {"40004", "40005", "40008", "30013", "30014"}
_BAD_KEY = {"40001", "40002", "40003", "40006", "40009", "40011", "40012", "40031", "40037"}
_BAD_LOGIN = {"30004", "30005", "30011", "30012", "30015"}
_BAD_ADDRESS = "40018"
_FORBIDDEN = {"40013", "40014", "40016", "40029", "40068", "40301", "40401"}
_UNIFIED = "40085"
_SLOW_DOWN = {"429", "1001", "30006", "30007", "40429"}
_BUSY = {"40010", "40015", "40200", "40308", "40725", "45001", "500"}
_UNKNOWN_MARKET = {"40034", "40102", "40309"}
_BAD_TIME = {"40408", "40409", "40705"}
_PATIENCE_SECONDS = 1.0
_BAN_SECONDS = 300
"""The venue leaves an address out for five minutes that asked too much."""


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer; Bitget tells errors by ``code``, whatever the status."""
    try:
        document = read_json(body)
        code, message = document.text("code"), document.text_or("msg")[:200]
    except MalformedPayloadError as error:
        if status == 403:
            return VenueStoppedError(
                f"the venue refuses this address (HTTP 403: too many requests, or a country it does not "
                f"serve); it rests {_BAN_SECONDS} s.",
                seconds=_BAN_SECONDS,
            )
        return MalformedPayloadError(f"status {status}: {error.message}")
    if code == DONE and status < 400:
        return None
    return _of_key(code, message) or _of_venue(code, message)


def stream_refusal(told: Node) -> VenueError:
    """The refusal in a message of a stream, which has a code, too."""
    code, message = told.text_or("code"), told.text_or("msg")[:200]
    return _of_key(code, message) or _of_venue(code, message)


def _of_key(code: str, message: str) -> VenueError | None:
    if code in _CLOCK:
        return ClockSkewError(f"our clock differs too much ({message}); synchronise it by NTP.", code=code)
    if code in _BAD_KEY | _BAD_LOGIN:
        return KeyRevokedError(
            f"the key is not accepted ({code}: {message}); check key, secret and passphrase.", code=code
        )
    if code == _BAD_ADDRESS:
        return KeyRevokedError(
            f"the key is not accepted from this address ({code}: {message}); add it to the key's list.",
            code=code,
        )
    if code == _UNIFIED:
        return KeyForbiddenError(
            "this is a unified trading account, and only classic accounts are read; its statements can be "
            "imported as files.",
            code=code,
        )
    if code in _FORBIDDEN:
        return KeyForbiddenError(
            f"the key may not read this ({code}: {message}); give it reading rights for this part of the "
            "account, or take the wallet out of the account.",
            code=code,
        )
    return None


def _of_venue(code: str, message: str) -> VenueError:
    if code in _SLOW_DOWN:
        return RateLimitedError(f"too many requests ({code}).", code=code, seconds=_PATIENCE_SECONDS)
    if code in _BUSY:
        return VenueUnavailableError(
            f"the venue is busy or under maintenance ({code}: {message}).", code=code
        )
    if code in _UNKNOWN_MARKET:
        return VenueError(f"the venue knows no such market ({code}: {message}).", code=code)
    if code in _BAD_TIME:
        return VenueError(f"the venue does not accept this window of time ({code}: {message}).", code=code)
    return VenueError(f"refused ({code}: {message}).", code=code)
