"""Hyperliquid's refusals as ours; it tells them by status, with words that are no JSON."""

from __future__ import annotations

from truenav.connect.document import read_json
from truenav.connect.errors import MalformedPayloadError, VenueError


def refusal(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer; None where it carries a result, which may be a list, an object or a text.

    Too many requests and outages are told by their status, before anybody asks here.
    """
    if status == 422:
        return VenueError("refused (422): the request has not the documented form; check the address.")
    if status >= 400:
        return VenueError(f"refused (HTTP {status}).")
    try:
        document = read_json(body)
    except MalformedPayloadError as malformed:
        return MalformedPayloadError(f"status {status}: {malformed.message}")
    if isinstance(document.value, dict) and document.text_or("status") == "err":
        return VenueError(f"refused ({document.text_or('response')[:200]}).")
    return None
