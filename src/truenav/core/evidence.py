"""What was received, as received: the hash of the bytes and how they were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from truenav.core.ids import Sha256

UNIFIED = "UNIFIED"
"""Stands for the HTTP method where the bytes are no answer but rows that a library made of answers."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its secrets: no key, signature, passphrase or token is ever in here."""

    method: str
    url: str
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One payload: its bytes' SHA-256, who read it, for which account, and when.

    ``endpoint`` names the parser of ``connector`` that turns these bytes into facts; together with the
    bytes, this value is all that the parser may know, so replaying it gives the same facts.
    ``account`` is empty for public data.
    """

    sha256: Sha256
    size: int
    connector: str
    connector_version: str
    endpoint: str
    account: str
    request: Request
    asked_at: datetime
    answered_at: datetime
    status: int

    @property
    def middle(self) -> datetime:
        """Half-way between question and answer, when a venue that told its time is taken to have looked."""
        return self.asked_at + (self.answered_at - self.asked_at) / 2
