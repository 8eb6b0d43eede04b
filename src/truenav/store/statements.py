"""Facts as the journal keeps them: their statements, read back, and the columns that are searched by."""

from __future__ import annotations

import json

from truenav.core.canonical import decode, sha256_hex
from truenav.core.facts import BalanceSnapshot, Fact, NavRecord, PositionSnapshot, Quote
from truenav.core.failure import InvalidInputError, TruenavError


class BadFactError(InvalidInputError):
    """A fact cannot be recorded as it is."""

    code = "bad-fact"
    title = "The fact cannot be recorded"


class FactDamagedError(TruenavError):
    """A recorded fact is not what was recorded."""

    code = "fact-damaged"
    title = "A recorded fact is damaged"


def read_statement(statement: str, content_hash: bytes, evidence: bytes) -> Fact:
    """The fact of a statement; `FactDamagedError` when the text does not have its hash."""
    if sha256_hex(statement.encode()) != content_hash.hex():
        raise FactDamagedError(
            f"The fact {content_hash.hex()} changed in the archive. Restore it from a backup."
        )
    return decode(Fact, {**json.loads(statement), "evidence": evidence.hex()})


def subject_of(fact: Fact) -> str:
    """What a fact is the latest word about: a wallet, a quoted price, a share class; else empty."""
    match fact.body:
        case BalanceSnapshot(wallet=wallet) | PositionSnapshot(wallet=wallet):
            return wallet
        case Quote(base=base, quote=quote, kind=kind):
            return f"{fact.source} {base} {quote} {kind.value}"
        case NavRecord(share_class=share_class):
            return share_class
        case _:
            return ""
