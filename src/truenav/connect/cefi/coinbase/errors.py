"""Coinbase's errors as our refusals: by HTTP status, and by the words where two meanings share one."""

from __future__ import annotations

from truenav.connect.document import looks_cut_off
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyRevokedError,
    VenueError,
    VenueUnavailableError,
)


def stream_refusal(message: str) -> VenueError:
    """The refusal in a message of a stream, by its words."""
    told = message[:200]
    if "auth" in told.lower():
        return KeyRevokedError(
            f"the key is not accepted ({told}); check its name, the private key, its allowed addresses, and "
            "this machine's clock."
        )
    return VenueError(f"refused ({told}).")


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer. Too many requests (429) and 5xx are told apart before."""
    if status < 400:
        return looks_cut_off(body)
    said = " ".join(body[:300].decode("utf-8", "replace").split())
    words = said.lower()
    if status in (401, 403) and ("timestamp" in words or "expired token" in words):
        return ClockSkewError(
            f"our clock differs too much ({said}); synchronise it by NTP.", code=str(status)
        )
    if status == 401:
        return KeyRevokedError(
            f"the key is not accepted ({said}); check its name, the private key, its allowed addresses, and "
            "this machine's clock.",
            code="401",
        )
    if status == 403 and said.startswith("<"):
        return VenueUnavailableError("a firewall before the venue refused this address (HTTP 403).")
    if status == 403:
        return KeyForbiddenError(
            f"the key may not read this ({said}); give it the right to view, and the addresses of this "
            "installation.",
            code="403",
        )
    return VenueError(f"refused (HTTP {status}: {said}).", code=str(status))
