"""The audit chain as text, and its check. Standard library only: copy this file and verify anywhere.

Each line is JSON ``{"entry": {...}, "hash": hex, "previous_hash": hex}``. The hash is SHA-256 over the 32
bytes of the previous hash followed by the entry's canonical JSON (keys sorted, no spaces, UTF-8); the first
previous hash is 32 zero bytes; ``seq`` counts from 1. A chain cannot show that its own end was cut off:
compare with a head that was noted earlier.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last entry of a chain at some time: worth noting outside the database."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """The result: the head when all is well, else the first bad entry and what is wrong with it."""

    head: AuditHead
    first_bad: int | None = None
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether every link holds."""
        return self.first_bad is None


def entry_hash(previous_hash: bytes, entry: Mapping[str, object]) -> bytes:
    """The hash that seals an entry of plain JSON data."""
    return hashlib.sha256(previous_hash + canonical(entry)).digest()


def canonical(data: Mapping[str, object]) -> bytes:
    """Canonical JSON of plain data."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def verify_lines(lines: Iterable[bytes], known: AuditHead | None = None) -> AuditCheck:
    """Check a chain from its first entry on; with ``known``, also that it still holds that earlier head."""
    seq, previous = 0, GENESIS
    for line in lines:
        seq += 1
        head = AuditHead(seq - 1, previous.hex())
        try:
            record = json.loads(line)
            entry = record["entry"]
            number, stated = entry["seq"], record["hash"]
            link = record["previous_hash"]
            is_canonical = canonical(record) == line.rstrip(b"\n")
        except (ValueError, TypeError, KeyError):
            return AuditCheck(head, seq, "the line is not an audit entry")
        if not is_canonical:
            return AuditCheck(head, seq, "the line is not in canonical form")
        if number != seq:
            return AuditCheck(head, seq, f"entry {seq} is wanted here, {number} was found")
        if link != previous.hex():
            return AuditCheck(head, seq, "its link to the entry before does not hold")
        previous = entry_hash(previous, entry)
        if stated != previous.hex():
            return AuditCheck(head, seq, "its content does not have its hash")
        if known is not None and known.seq == seq and known.hash != previous.hex():
            return AuditCheck(head, seq, "it is not the entry that was noted earlier")
    head = AuditHead(seq, previous.hex())
    if known is not None and known.seq > seq:
        return AuditCheck(head, seq + 1, f"the chain is cut off: entry {known.seq} was noted earlier")
    return AuditCheck(head)
