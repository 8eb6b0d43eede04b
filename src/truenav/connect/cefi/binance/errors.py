"""Binance's error codes as our refusals."""

from __future__ import annotations

from truenav.connect.document import looks_cut_off, read_json
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyRevokedError,
    MalformedPayloadError,
    VenueError,
    VenueUnavailableError,
)

_BUSY = {"-1000", "-1001", "-1006", "-1007", "-1008", "-1016"}
_BAD_KEY = {"-2014", "-2015", "-1022"}
_FORBIDDEN = {"-1002", "-3041"}


def error_code(status: int, body: bytes) -> str:
    """The code of Binance's own error in an answer; empty where there is none that can be read."""
    if status < 400:
        return ""
    try:
        return read_json(body).text_or("code")
    except MalformedPayloadError:
        return ""


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer; Binance tells errors by status 4xx and ``{"code": ..., "msg": ...}``."""
    if status < 400:
        return looks_cut_off(body)
    try:
        document = read_json(body)
        code, message = document.text("code"), document.text_or("msg")[:200]
    except MalformedPayloadError as error:
        return MalformedPayloadError(f"status {status}: {error.message}")
    if code == "-1021":
        return ClockSkewError(f"our clock differs too much ({message}); synchronise it by NTP.", code=code)
    if code in _BAD_KEY:
        return KeyRevokedError(
            f"the key is not accepted ({code}: {message}); check key, secret and the key's address list.",
            code=code,
        )
    if code in _FORBIDDEN:
        return KeyForbiddenError(f"the key may not read this ({code}: {message}).", code=code)
    if code in _BUSY:
        return VenueUnavailableError(f"the venue is busy ({code}: {message}).", code=code)
    return VenueError(f"refused ({code}: {message}).", code=code)
