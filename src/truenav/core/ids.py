"""Names of things: text with a meaning, checked once at the edge."""

from __future__ import annotations

import re
from typing import NewType

from truenav.core.failure import InvalidInputError

TenantId = NewType("TenantId", str)
UserId = NewType("UserId", str)
AccountId = NewType("AccountId", str)
ConnectionId = NewType("ConnectionId", str)
InstrumentId = NewType("InstrumentId", str)
NodeId = NewType("NodeId", str)
ShareClassId = NewType("ShareClassId", str)
RunId = NewType("RunId", str)
Sha256 = NewType("Sha256", str)

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class BadNameError(InvalidInputError):
    """An identifier chosen by a person does not have the form of one."""

    code = "bad-name"
    title = "Not a valid identifier"


def parse_slug(text: str, *, what: str) -> str:
    """An identifier that people choose: lower-case letters, digits and inner hyphens, at most 64."""
    if _SLUG.fullmatch(text) is None:
        raise BadNameError(
            f"{what}: {text[:70]!r} is not an identifier; use lower-case letters, digits and hyphens, for "
            "example 'binance-main'.",
            value=text[:70],
        )
    return text
