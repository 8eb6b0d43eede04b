"""Faults of an answer that was made: half of it, its rows in another order, a coin under another name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec

from truenav.simulator.protocol import Reply

_READ = msgspec.json.Decoder(float_hook=Decimal)
_WRITE = msgspec.json.Encoder(decimal_format="number")
NAME, OTHER_NAME = b"BTC", b"XBC"


def spoiled(reply: Reply, kinds: Collection[str]) -> Reply:
    """The answer after the faults that struck it."""
    if "reordered_page" in kinds and "json" in reply.media:
        reply = replace(reply, body=_WRITE.encode(_reordered(_READ.decode(reply.body))))
    if "renamed" in kinds:
        reply = replace(reply, body=reply.body.replace(NAME, OTHER_NAME))
    half = len(reply.body) // 2
    if "truncate" in kinds:
        return replace(reply, body=reply.body[:half])
    if "cut" in kinds:
        return replace(reply, body=reply.body[:half], missing=len(reply.body) - half)
    return reply


def _reordered(document: Any) -> Any:
    """The same with the rows of each list told from the middle on."""
    if isinstance(document, dict):
        return {name: _reordered(value) for name, value in document.items()}
    if isinstance(document, list) and all(isinstance(row, dict) for row in document):
        middle = len(document) // 2
        return [*document[middle:], *document[:middle]]
    return document
