"""What a custodian's rows state: vaults that the account follows, and both sides of a transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from truenav.connect.contract import ParseContext, Payload, Problem
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.asset import AmbiguousTickerError, UnknownAssetError
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, CashFlow, CashKind, Transfer, TransferKind
from truenav.core.money import Amount, AssetId

if TYPE_CHECKING:  # parsing needs no network client
    from truenav.connect.transport import Transport

FOLLOWED = "local:vaults"
"""Name of the note on a custodian's answer: the vaults of the account, as a JSON list.

An answer speaks of all vaults of the key; which of them are the account's is known to us alone, and noted in
the evidence so that the same bytes state the same facts wherever they are read again.
"""


async def noted(api: Transport, payload: Payload, vaults: Iterable[str]) -> Payload:
    """The answer with the account's vaults noted."""
    return await api.note(payload, FOLLOWED, json.dumps(sorted(vaults), separators=(",", ":")))


def followed(evidence: Evidence) -> frozenset[str]:
    """The vaults that the note names; none without it."""
    for name, value in evidence.request.params:
        if name == FOLLOWED:
            return frozenset(map(str, json.loads(value)))
    return frozenset()


@dataclass(frozen=True, slots=True)
class Move:
    """A completed movement of a positive ``amount``; ``source`` and ``destination`` are vaults, "" outside.

    ``sender`` and ``recipient`` say who stands outside. ``fee`` is positive, paid by ``source`` beyond the
    amount.
    """

    id: str
    at: datetime
    amount: Amount
    source: str = ""
    destination: str = ""
    sender: str = ""
    recipient: str = ""
    txid: str = ""
    fee: Amount | None = None


def state_move(reading: Reading, move: Move) -> None:
    """State the sides of a movement that lie in followed vaults; between own vaults it is internal.

    A movement that changes nothing but the fee (a contract call, a transfer to itself) states the fee.
    """
    ours = followed(reading.evidence)
    stays = move.source == move.destination and bool(move.source)
    kind = TransferKind.INTERNAL if move.source and move.destination else TransferKind.EXTERNAL
    fee = None if move.fee is None or not move.fee.number else -move.fee
    if stays or not move.amount.number:
        if fee is not None and move.source in ours:
            reading.state(f"{move.id}:fee", move.at, CashFlow(move.source, CashKind.FEE, fee))
        return
    if move.source in ours:
        to = move.destination or move.recipient
        body = Transfer(move.source, -move.amount, kind, to, move.txid, fee)
        reading.state(f"{move.id}:out", move.at, body)
    if move.destination in ours:
        body = Transfer(move.destination, move.amount, kind, move.source or move.sender, move.txid)
        reading.state(f"{move.id}:in", move.at, body)


def state_one_side(reading: Reading, wallet: str, move: Move) -> None:
    """State a row's own side alone: the other wallet has a row of its own."""
    before = len(reading.facts)
    state_move(reading, move)
    sides = [fact for fact in reading.facts[before:] if getattr(fact.body, "wallet", "") == wallet]
    reading.facts[before:] = sides


@dataclass(frozen=True, slots=True)
class Holding:
    """What a vault holds of one asset, by the custodian's own code; ``locked`` is part of ``total``."""

    code: str
    total: Decimal
    locked: Decimal


def state_vault(reading: Reading, vault: str, name: str, holdings: Iterable[Holding]) -> None:
    """State a followed vault's balances; one that is not followed is told where it holds something."""
    held = [one for one in holdings if one.total]
    if vault not in followed(reading.evidence):
        if held:
            tell(
                reading,
                f"{reading.venue}:{vault}",
                f"The vault {vault[:60]!r} ({name[:60]}) holds assets and is no wallet of this account.",
                "Add it to the wallets of the account, or leave it where another account has it.",
            )
        return
    at = reading.evidence.answered_at
    lines = [BalanceLine(reading.asset(one.code, at), one.total, one.locked) for one in held]
    lines.sort(key=lambda line: line.asset)
    reading.snapshot(vault, BalanceSnapshot(vault, tuple(lines)))


def asset_named(context: ParseContext, venue: str, code: str, at: datetime) -> AssetId:
    """The asset that a custodian calls ``code``, or that name itself: for what is only shown."""
    try:
        return context.assets.resolve(venue, code, at)
    except (UnknownAssetError, AmbiguousTickerError):
        return AssetId(f"{venue}:{code}")


def pages_of(document: Node) -> Iterable[Node]:
    """The pages of a list that were joined; in evidence of earlier versions they stand under ``pages``."""
    return (document.field("pages") if isinstance(document.value, dict) else document).items()


def tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    """Note something that needs a look and stops nothing."""
    where = f"{reading.venue} {reading.evidence.endpoint}"
    reading.problems.setdefault((subject, message), Problem(where, message, mend, subject=subject))
