"""KuCoin's error codes as our refusals."""

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

GOOD = frozenset({"200000", "200"})
_CLOCK = "400002"
_BAD_KEY = frozenset({"400001", "400003", "400004", "400005", "400006"})
"""A header is missing, no such key, wrong passphrase, wrong signature, an address that is not on its list."""
_FORBIDDEN = frozenset({"400007", "411100"})
_SLOW_DOWN = frozenset({"429000", "200002"})
_BUSY = frozenset({"500000", "503000", "230003"})
_UNKNOWN = frozenset({"900001", "404000"})
_PATIENCE_SECONDS = 3.0


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer: KuCoin tells errors by ``code``, with status 200 as well."""
    try:
        document = read_json(body)
        code, message = document.text("code"), document.text_or("msg")[:200]
    except MalformedPayloadError as error:
        return MalformedPayloadError(f"status {status}: {error.message}")
    if code in GOOD and status < 400:
        return None
    if code == _CLOCK:
        return ClockSkewError(f"our clock differs too much ({message}); synchronise it by NTP.", code=code)
    if code in _BAD_KEY:
        return KeyRevokedError(
            f"the key is not accepted ({code}: {message}); check key, secret, passphrase and its addresses.",
            code=code,
        )
    if code in _FORBIDDEN:
        return KeyForbiddenError(
            f"the key may not read this ({code}: {message}); give it the right “General”, or take the wallet "
            "out of the account.",
            code=code,
        )
    if code in _SLOW_DOWN:
        return RateLimitedError(f"too many requests ({code}).", code=code, seconds=_PATIENCE_SECONDS)
    if code in _BUSY:
        return VenueUnavailableError(f"the venue is busy ({code}: {message}).", code=code)
    if code in _UNKNOWN:
        return VenueError(f"the venue has no such market or address ({code}: {message}).", code=code)
    return VenueError(f"refused ({code}: {message}).", code=code)
