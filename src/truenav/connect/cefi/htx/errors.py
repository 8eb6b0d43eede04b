"""HTX's error codes as our refusals; its parts write them in four different ways."""

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

DONE = "200"
_BAD_KEY = {"api-signature-not-valid", "api-signature-check-failed", "login-required", "403", "1003"}
_BAD_LOGIN = {"2001", "2002", "2003"}
_FORBIDDEN = {"1002", "1010", "1220", "4007", "operation-forbidden", "account-get-accounts-inexistent-error"}
_SLOW_DOWN = {"base-request-exceed-frequency-limit", "rate-too-many-requests", "429", "1032"}
_BUSY = {"system-maintenance", "gateway-internal-error", "timeout", "system-busy", "1000", "1001", "500"}
_UNKNOWN_MARKET = {"base-symbol-error", "invalid-symbol", "1013", "1014", "1332"}
_BAD_TIME = {"base-date-limit-error", "invalid-interval", "invalid-start-date", "invalid-end-date"}
_PATIENCE_SECONDS = 1.0
_BAN_SECONDS = 300


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer: by ``status`` and ``err-code`` or ``err_code``, or by ``code``."""
    try:
        document = read_json(body)
        if is_answer(document) and status < 400:
            return None
        code = _first(document, "err-code", "err_code", "code")
        message = _first(document, "err-msg", "err_msg", "message", "msg")[:200]
    except MalformedPayloadError as error:
        if status == 403:
            return VenueStoppedError(
                f"the venue refuses this address (HTTP 403); it rests {_BAN_SECONDS} s.", seconds=_BAN_SECONDS
            )
        return MalformedPayloadError(f"status {status}: {error.message}")
    return _of_key(code, message) or _of_venue(code, message)


def is_answer(document: Node) -> bool:
    """Whether a document is an answer and no refusal."""
    return document.text_or("status") == "ok" or document.text_or("code") == DONE


def stream_refusal(message: Node) -> VenueError:
    """What a stream's answer to a log-in or a subscription means that is no consent."""
    code = _first(message, "err-code", "code")
    words = _first(message, "err-msg", "message")[:200]
    if code in _BAD_LOGIN:
        return KeyRevokedError(
            f"the log-in to the stream is not accepted ({code}: {words}); check key, secret, its expiry and "
            "its addresses, and our clock.",
            code=code,
        )
    return _of_key(code, words) or _of_venue(code, words)


def _first(document: Node, *names: str) -> str:
    return next((text for name in names if (text := document.text_or(name))), "")


def _of_key(code: str, message: str) -> VenueError | None:
    words = message.lower()
    if code in _BAD_KEY and "timestamp" in words:
        return ClockSkewError(f"our clock differs too much ({message}); synchronise it by NTP.", code=code)
    if "no permission" in words or "permissions not" in words:
        return KeyForbiddenError(
            f"the key may not read this ({code}: {message}); give it the right to read.", code=code
        )
    if code in _BAD_KEY:
        return KeyRevokedError(
            f"the key is not accepted ({code}: {message}); check key, secret, its expiry and its addresses.",
            code=code,
        )
    if code in _FORBIDDEN:
        return KeyForbiddenError(
            f"the account does not have this part ({code}: {message}); open it, or take the wallet out of "
            "the account.",
            code=code,
        )
    return None


def _of_venue(code: str, message: str) -> VenueError:
    if code in _SLOW_DOWN or "request limit" in message.lower():
        return RateLimitedError(f"too many requests ({code}).", code=code, seconds=_PATIENCE_SECONDS)
    if code in _BUSY or "maintain" in message.lower():
        return VenueUnavailableError(
            f"the venue is busy or under maintenance ({code}: {message}).", code=code
        )
    if code in _UNKNOWN_MARKET:
        return VenueError(f"the venue knows no such market ({code}: {message}).", code=code)
    if code in _BAD_TIME:
        return VenueError(f"the venue does not accept this window of time ({code}: {message}).", code=code)
    return VenueError(f"refused ({code}: {message}).", code=code)
