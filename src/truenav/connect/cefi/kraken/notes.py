"""Rows of Kraken's histories, and what is noted beside a page of them.

The ledger books every movement of money, but neither the pair, price and order of a trade nor the chain of a
deposit. So a page of trades is noted with what the ledger booked for each, and a page of the ledger with the
entries that trades state and with the chain's numbers of its deposits and withdrawals.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from truenav.connect.cefi.kraken.names import entries
from truenav.connect.contract import Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.core.clock import instant_text, parse_instant
from truenav.core.evidence import Evidence

NOTE = "local:ledger"
"""Name of the note on a page of trades or of the ledger."""
TRADED = frozenset({"trade", "margin"})
"""Types of entries that a trade states."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Booked:
    """What one entry of the ledger moved: ``amount`` as the venue signs it, ``fee`` positive when paid."""

    type: str
    asset: str
    amount: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class TradeNotes:
    """Beside a page of trades: what was booked for each, and from when on trades are stated."""

    since: datetime
    booked: Mapping[str, tuple[Booked, ...]]


@dataclass(frozen=True, slots=True)
class LedgerNotes:
    """Beside a page of the ledger.

    Entries before ``since`` were stated by the sync before, those ``traded`` are stated by trades, those
    ``waiting`` by a later sync. ``within`` gives the codes of both sides of a move into an earn product or
    out of it, which moves nothing where they are one asset. ``chains`` gives transaction and address of
    deposits and withdrawals.
    """

    since: datetime = _EPOCH
    traded: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    within: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    chains: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def seconds(row: Node, name: str) -> datetime:
    """A field with seconds since 1970 and their fraction, to the microsecond."""
    number = row.decimal(name)
    if not 0 <= number <= _LAST_SECOND:
        raise row.wrong(f"field {name!r} does not hold seconds since 1970")
    return _EPOCH + timedelta(microseconds=int(number * 1_000_000))


def answered(document: Node) -> Node:
    """What an answer holds; a refusal holds nothing."""
    errors = [str(one.value) for one in document.field("error").items()]
    if any(not one.startswith("W") for one in errors):
        raise document.wrong(f"the answer is the refusal {errors[0][:100]}")
    return document.field("result")


def result(payload: Payload) -> Node:
    """What an answer holds; a malformed one is refused with its endpoint."""
    try:
        return answered(read_json(payload.body))
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"kraken {payload.evidence.endpoint}: {error.message}") from error


def rows_of(payload: Payload, name: str) -> list[tuple[str, Node]]:
    """As ``rows``; a malformed page is refused with its endpoint."""
    return entries(result(payload).field(name))


def rows(body: bytes, name: str) -> list[tuple[str, Node]]:
    """The rows under ``name`` (``ledger``, ``trades``) with their ids, in the venue's order."""
    return entries(answered(read_json(body)).field(name))


def booked(row: Node) -> Booked:
    """An entry's type, code of the asset, amount and fee."""
    return Booked(row.text("type"), row.text("asset"), row.decimal("amount"), row.decimal("fee"))


def write_trade_notes(since: datetime, found: Mapping[str, Iterable[Node]]) -> str:
    """The note of a page of trades, in the venue's own digits."""
    names = ("type", "asset", "amount", "fee")
    told = {trade: [[row.text(one) for one in names] for row in found[trade]] for trade in sorted(found)}
    return _text({"since": instant_text(since), "booked": told})


def write_ledger_notes(notes: LedgerNotes) -> str:
    """The note of a page of the ledger."""
    return _text(
        {
            "since": instant_text(notes.since),
            "traded": sorted(notes.traded),
            "waiting": sorted(notes.waiting),
            "within": {entry: list(notes.within[entry]) for entry in sorted(notes.within)},
            "chains": {refid: list(notes.chains[refid]) for refid in sorted(notes.chains)},
        }
    )


def trade_notes(evidence: Evidence) -> TradeNotes | None:
    """What is noted beside a page of trades; None where nothing is."""
    note = _noted(evidence)
    if note is None:
        return None
    found = {
        trade: tuple(_booked(line) for line in lines.items())
        for trade, lines in entries(note.field("booked"))
    }
    return TradeNotes(parse_instant(note.text("since")), found)


def ledger_notes(evidence: Evidence) -> LedgerNotes | None:
    """What is noted beside a page of the ledger; None where nothing is."""
    note = _noted(evidence)
    if note is None:
        return None
    chains = {}
    for refid, pair in entries(note.field("chains")):
        parts = [str(one.value) for one in pair.items()]
        if len(parts) != 2:
            raise pair.wrong("a transaction and an address are expected")
        chains[refid] = (parts[0], parts[1])
    traded, waiting = (
        frozenset(str(one.value) for one in note.field(name).items()) for name in ("traded", "waiting")
    )
    moved = note.maybe("within")  # which older notes do not have
    within = {
        entry: tuple(str(one.value) for one in codes.items())
        for entry, codes in (entries(moved) if moved is not None else ())
    }
    return LedgerNotes(parse_instant(note.text("since")), traded, waiting, within, chains)


def _booked(line: Node) -> Booked:
    parts = list(line.items())
    if len(parts) != 4:
        raise line.wrong("a booked entry has a type, an asset, an amount and a fee")
    kind, asset, amount, fee = (str(one.value) for one in parts)
    numbers = Node({"amount": amount, "fee": fee}, line.path)
    return Booked(kind, asset, numbers.decimal("amount"), numbers.decimal("fee"))


def _noted(evidence: Evidence) -> Node | None:
    for name, value in evidence.request.params:
        if name == NOTE:
            return read_json(value.encode())
    return None


def _text(note: object) -> str:
    return json.dumps(note, separators=(",", ":"), sort_keys=True)
