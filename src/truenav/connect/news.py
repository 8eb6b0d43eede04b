"""How kept messages of private streams read: they tell that something changed, requests tell what."""

from __future__ import annotations

from truenav.connect.contract import ParseContext, Parsed
from truenav.connect.document import read_json
from truenav.core.evidence import Evidence

PRIVATE = "stream.private/1"
"""What an account's stream told between two gatherings: a JSON array of its messages as they came."""


def private_news(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Nothing: whatever such a message holds is stated by the answers to the requests that follow it."""
    del evidence, context
    read_json(body).items()
    return Parsed()
