"""Fireblocks' answers as facts: vault accounts as snapshots, completed transactions as transfers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.custody.moves import Holding, Move, state_move, state_vault
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.money import ZERO, Amount, exact

VENUE = "fireblocks"
DONE = "COMPLETED"
DEAD = frozenset({"CANCELLED", "REJECTED", "BLOCKED", "FAILED", "TIMEOUT"})
"""Statuses that nothing follows."""
_VAULT = "VAULT_ACCOUNT"


def _vaults(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    with exact():
        for row in read_json(body).field("accounts").items():
            assets = row.maybe("assets")
            holdings = [] if assets is None else [_holding(one) for one in assets.items()]
            state_vault(reading, row.text("id"), row.text_or("name"), holdings)
    return reading.done()


def _holding(row: Node) -> Holding:
    """``total`` holds what is staked, frozen and locked, and nothing that is still on its way in."""
    total = row.decimal("total")
    available = row.decimal_or("available", total)
    return Holding(row.text("id"), total, max(ZERO, total - available))


def _transactions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    with exact():
        for row in read_json(body).items():
            if row.text("status") == DONE:
                for move in _moves(reading, row):
                    state_move(reading, move)
            elif row.text("status") == "FAILED" and row.text_or("txHash"):
                _fee_of_a_failure(reading, row)
    return reading.done()


def _moves(reading: Reading, row: Node) -> Iterator[Move]:
    """The movements of one transaction: several destinations or a contract's transfers are several.

    A contract call without transfers moves its own amount, most often nothing. The network's fee is
    paid once, with the first.
    """
    at, fee = row.instant("lastUpdated"), _fee(reading, row)
    parts = list(_parts(row))
    if not parts:
        reading.lost(
            f"{VENUE}:{row.text('id')}",
            f"The completed transaction {row.text('id')[:60]} tells no amount.",
            "Look it up in the console and enter what moved as a manual item; report it.",
        )
    for number, (amount, code, source, destination, txid) in enumerate(parts):
        name = f"tx:{row.text('id')}" + (f"/{number}" if number else "")
        yield Move(
            id=name,
            at=at,
            amount=Amount(amount, reading.asset(code, at)),
            source=_vault(source),
            destination=_vault(destination),
            sender=_outside(source, row.text_or("sourceAddress")),
            recipient=_outside(destination, row.text_or("destinationAddress")),
            txid=txid,
            fee=None if number else fee,
        )


_Part = tuple[Decimal, str, Node | None, Node | None, str]


def _parts(row: Node) -> Iterator[_Part]:
    code, txid = row.text("assetId"), row.text_or("txHash")
    records, many = _rows(row, "networkRecords"), _rows(row, "destinations")
    source = row.maybe("source")
    if records:
        for one in records:
            if not one.flag("isDropped"):
                yield (
                    one.decimal("netAmount"),
                    one.text_or("assetId") or code,
                    one.maybe("source"),
                    one.maybe("destination"),
                    one.text_or("txHash") or txid,
                )
    elif len(many) > 1 and not row.flag("treatAsGrossAmount"):
        for one in many:
            yield one.decimal("amount"), code, source, one.maybe("destination"), txid
    elif (amount := _net(row)) is not None and len(many) < 2:
        yield amount, code, source, row.maybe("destination"), txid


def _rows(row: Node, name: str) -> list[Node]:
    found = row.maybe(name)
    return [] if found is None else list(found.items())


def _net(row: Node) -> Decimal | None:
    """What arrived, without fees; the vendor writes -1 for what it does not know."""
    info = row.maybe("amountInfo")
    for node, name in ((info, "netAmount"), (info, "amount"), (row, "netAmount")):
        if node is not None and node.text_or(name):
            number = node.decimal(name)
            return number if number >= 0 else None
    return None


def _fee(reading: Reading, row: Node) -> Amount | None:
    """The network's fee where the source's vault pays it, in the coin of the network."""
    info = row.maybe("feeInfo")
    if info is None or info.flag("paidByRelay"):
        return None
    number = info.decimal_or("networkFee", ZERO)
    code = row.text_or("feeCurrency") or row.text("assetId")
    return Amount(number, reading.asset(code, row.instant("lastUpdated"))) if number > 0 else None


def _fee_of_a_failure(reading: Reading, row: Node) -> None:
    """A transaction that failed on its chain moved nothing and cost its fee."""
    fee = _fee(reading, row)
    if fee is not None:
        vault = _vault(row.maybe("source"))
        at = row.instant("lastUpdated")
        state_move(reading, Move(f"tx:{row.text('id')}", at, Amount(ZERO, fee.asset), vault, fee=fee))


def _vault(peer: Node | None) -> str:
    return peer.text_or("id") if peer is not None and peer.text_or("type") == _VAULT else ""


def _outside(peer: Node | None, address: str) -> str:
    if peer is None or peer.text_or("type") in ("", "UNKNOWN", "ONE_TIME_ADDRESS"):
        return address
    name = peer.text_or("name") or peer.text_or("id") or address
    return f"{peer.text('type').lower()}:{name}"


def created(row: Node) -> datetime:
    """When a transaction was made: what its list is ordered by."""
    return row.instant("createdAt")


PARSERS: Mapping[str, Parser] = {"vaults/1": _vaults, "transactions/1": _transactions}
