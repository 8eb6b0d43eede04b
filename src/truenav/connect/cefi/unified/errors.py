"""ccxt's exceptions and the venues' own codes as our refusals.

The venue's code is looked at first: ccxt's class misleads where it calls a refused key a busy venue
(Binance's -2015) or a wrong clock a bad request. Nothing of ccxt's own message is told, for it quotes
the signed address.
"""

from __future__ import annotations

from collections.abc import Mapping

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

PATIENCE_SECONDS = 5.0


class NotReadError(VenueError):
    """ccxt cannot read this of the venue, or only with something that a connection does not have."""

    code = "not-read"
    title = "The venue cannot be asked this through ccxt"


_CLASSES: Mapping[str, type[VenueError]] = {
    "ArgumentsRequired": NotReadError,
    "NotSupported": NotReadError,
    "PermissionDenied": KeyForbiddenError,
    "RestrictedLocation": KeyForbiddenError,
    "AccountSuspended": KeyForbiddenError,
    "AuthenticationError": KeyRevokedError,
    "InvalidNonce": ClockSkewError,
    "RateLimitExceeded": RateLimitedError,
    "DDoSProtection": RateLimitedError,
    "BadResponse": MalformedPayloadError,
    "NetworkError": VenueUnavailableError,
    "OperationFailed": VenueUnavailableError,
}
"""By the name of the class or of the nearest of its parents."""
_CODES: Mapping[str, Mapping[str, type[VenueError]]] = {
    "backpack": {"MAINTENANCE": VenueUnavailableError},
    "binance": {"-2015": KeyRevokedError, "-1022": KeyRevokedError, "-1021": ClockSkewError},
    "bitget": {"30008": ClockSkewError},
    "bitrue": {"-2015": KeyRevokedError},
    "bitvavo": {"302": ClockSkewError, "304": ClockSkewError},
    "blofin": {"152429": ClockSkewError},
    "bybit": {"-1021": ClockSkewError},
    "bydfi": {"501": VenueUnavailableError},
    "coinsph": {"-1021": ClockSkewError, "-1022": KeyRevokedError, "-2014": KeyRevokedError},
    "deribit": {"13025": VenueUnavailableError},
    "derive": {"14030": KeyRevokedError},
    "extended": {"1010": VenueUnavailableError},
    "foxbit": {"2004": ClockSkewError},
    "gate": {"REQUEST_EXPIRED": ClockSkewError},
    "grvt": {"2002": KeyRevokedError},
    "hibachi": {"2": KeyRevokedError},
    "lbank": {"10600": ClockSkewError},
    "mexc": {"10072": KeyRevokedError},
    "modetrade": {"2": ClockSkewError},
    "okx": {"50112": ClockSkewError, "60004": ClockSkewError, "50061": RateLimitedError},
    "paradex": {"INVALID_TOKEN": KeyRevokedError, "INVALID_TIMESTAMP": ClockSkewError},
    "tokocrypto": {"-2015": KeyRevokedError},
    "toobit": {"-1021": ClockSkewError, "-1022": KeyRevokedError},
    "weex": {"-1043": ClockSkewError, "-1046": ClockSkewError},
    "woo": {"317179": ClockSkewError},
    "woofipro": {"2": ClockSkewError},
}
"""Where ccxt's class would mislead: venue to its code to what it means."""
_FAMILIES: Mapping[str, str] = {
    "binancecoinm": "binance",
    "binanceus": "binance",
    "binanceusdm": "binance",
    "bybiteu": "bybit",
    "bybitid": "bybit",
    "gateeu": "gate",
    "myokx": "okx",
    "okxus": "okx",
}
"""Venues that speak another one's codes."""
_WORDS: Mapping[type[VenueError], str] = {
    NotReadError: "ccxt does not read this of the venue, or wants more than a key for it",
    ClockSkewError: "our clock differs too much; synchronise it by NTP",
    KeyForbiddenError: "the key may not read this from here; check its rights and its address list",
    KeyRevokedError: "the key is not accepted; check key, secret, passphrase and the key's address list",
    RateLimitedError: "too many requests",
    VenueUnavailableError: "the venue is busy or under maintenance",
    MalformedPayloadError: "the answer has not the documented form",
}
_CODE_FIELDS = (
    "code",
    "retCode",
    "ret_code",
    "err_code",
    "err-code",
    "error_code",
    "errorCode",
    "errno",
    "label",
    "reason",
    "error",
)
_REFUSING = {401: KeyRevokedError, 403: KeyForbiddenError, 407: KeyRevokedError, 451: KeyForbiddenError}
"""Statuses that refuse us. ccxt takes all but the first for a venue that is away."""


def refusal(venue: str, status: int, body: bytes, error: BaseException) -> VenueError:
    """What ccxt's ``error`` about an answer means: by the venue's own code, the HTTP status, or its class."""
    code = venue_code(body)
    known = _CODES.get(_FAMILIES.get(venue, venue), {}).get(code)
    return _refused(known or _by_status(status, error) or _by_class(error), code, type(error).__name__)


def without_answer(error: BaseException) -> VenueError:
    """What an ``error`` means that ccxt raised before or after asking."""
    return _refused(_by_class(error), "", type(error).__name__)


def _refused(kind: type[VenueError], code: str, name: str) -> VenueError:
    words = _WORDS.get(kind, "refused")
    told = f"{code}, {name}" if code else name
    seconds = {"seconds": PATIENCE_SECONDS} if kind is RateLimitedError else {}
    return kind(f"{words} ({told}).", code=code, **seconds)


def _by_status(status: int, error: BaseException) -> type[VenueError] | None:
    """A status of the 4xx kind that ccxt takes for a venue that is away; None where its class says more."""
    if not 400 <= status < 500 or type(error).__name__ not in ("ExchangeNotAvailable", "ExchangeError"):
        return None
    return _REFUSING.get(status, VenueError)


def _by_class(error: BaseException) -> type[VenueError]:
    names = (parent.__name__ for parent in type(error).__mro__)
    return next((_CLASSES[name] for name in names if name in _CLASSES), VenueError)


def venue_code(body: bytes) -> str:
    """The venue's own code in an answer, at most 60 characters; empty where none is found."""
    try:
        return _code_of(read_json(body))
    except MalformedPayloadError:
        return ""


def _code_of(node: Node) -> str:
    if not isinstance(node.value, dict):
        return ""
    for name in _CODE_FIELDS:
        found = node.maybe(name)
        value = found.value if found is not None else None
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and value:
            return value[:60]
        if found is not None and isinstance(value, dict) and (inner := _code_of(found)):
            return inner
    return ""
