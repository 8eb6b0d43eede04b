"""Kraken's error texts (``EAPI:Invalid key``) as our refusals."""

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

_PATIENCE_SECONDS = 15.0
"""In which the slowest counter loses what a few requests cost."""
_LOCKOUT_SECONDS = 900
"""After many refused keys the venue asks for a quarter of an hour without a request."""
_BAD_KEY = ("EAPI:Invalid key", "EAPI:Invalid signature", "ESession:Invalid session")
_FORBIDDEN = (
    "EGeneral:Permission denied",
    "EAccount:Invalid permissions",
    "EAPI:Feature disabled",
    "ETrade:User Locked",
)
_SLOW_DOWN = ("EAPI:Rate limit exceeded", "EGeneral:Too many requests", "EService:Throttled")
_BUSY = ("EService:", "EGeneral:Internal error", "EDatabase:Internal error")


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer; Kraken tells errors as texts, with status 200 as well."""
    try:
        document = read_json(body)
        told = [str(one.value)[:200] for one in document.field("error").items()]
    except MalformedPayloadError as error:
        return MalformedPayloadError(f"status {status}: {error.message}")
    errors = [one for one in told if not one.startswith("W")]  # a warning comes with its answer
    if not errors and status < 400:
        return None
    return named(errors[0] if errors else f"status {status}")


def named(text: str) -> VenueError:
    """The refusal that a text names."""
    said = text.replace(": ", ":", 1)
    if said.startswith("EAPI:Invalid nonce"):
        return ClockSkewError(
            f"the nonce is not accepted ({text}); synchronise this machine's clock by NTP, and give this "
            "connection a key that nothing else uses.",
            code=text,
        )
    if said.startswith(_BAD_KEY):
        return KeyRevokedError(
            f"the key is not accepted ({text}); check key, private key, its expiry and its addresses.",
            code=text,
        )
    if said.startswith("EGeneral:Temporary lockout"):
        return VenueStoppedError(
            f"the venue has locked this address out for a while ({text}); it rests {_LOCKOUT_SECONDS} s.",
            seconds=_LOCKOUT_SECONDS,
        )
    if said.startswith(_FORBIDDEN):
        return KeyForbiddenError(
            f"the key may not read this ({text}); give it the rights to query funds, open and closed orders "
            "and trades, and ledger entries, from this address.",
            code=text,
        )
    if said.startswith(_SLOW_DOWN):
        return RateLimitedError(f"too many requests ({text}).", code=text, seconds=_PATIENCE_SECONDS)
    if said.startswith(_BUSY):
        return VenueUnavailableError(f"the venue is busy ({text}).", code=text)
    return VenueError(f"refused ({text}).", code=text)
