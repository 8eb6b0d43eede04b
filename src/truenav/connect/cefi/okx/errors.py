"""OKX's error codes as our refusals."""

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

_BAD_KEY = {"50100", "50101", "50103", "50104", "50105", "50106", "50110", "50111", "50113", "50119"}
_BAD_LOGIN = {"60005", "60007", "60009", "60022", "60024", "60031", "60032"}
_CLOCK = {"50102", "50107", "50112", "60004", "60006"}
_FORBIDDEN = {"50030", "50114", "50120", "50121", "60029", "60030"}
_BUSY = {"50001", "50004", "50005", "50013", "50026", "63999", "64008"}
_SLOW_DOWN = {"50011", "50040", "50061", "60014", "60023"}
_PATIENCE_SECONDS = 2.0


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer; OKX tells errors by ``code``, with status 200 as well."""
    try:
        document = read_json(body)
        code, message = document.text("code"), document.text_or("msg")[:200]
    except MalformedPayloadError as error:
        return MalformedPayloadError(f"status {status}: {error.message}")
    if code == "0" and status < 400:
        return None
    return _named(code, message)


def stream_refusal(told: Node) -> VenueError:
    """The refusal in a message of a stream, which has a code, too."""
    return _named(told.text_or("code"), told.text_or("msg")[:200])


def _named(code: str, message: str) -> VenueError:
    if code in _CLOCK:
        return ClockSkewError(f"our clock differs too much ({message}); synchronise it by NTP.", code=code)
    if code in _BAD_KEY | _BAD_LOGIN:
        return KeyRevokedError(
            f"the key is not accepted ({code}: {message}); check key, secret, passphrase and address list.",
            code=code,
        )
    if code in _FORBIDDEN:
        return KeyForbiddenError(f"the key may not read this ({code}: {message}).", code=code)
    if code in _SLOW_DOWN:
        return RateLimitedError(f"too many requests ({code}).", code=code, seconds=_PATIENCE_SECONDS)
    if code in _BUSY:
        return VenueUnavailableError(f"the venue is busy ({code}: {message}).", code=code)
    return VenueError(f"refused ({code}: {message}).", code=code)
