"""One parser for all mapped custodians: what an answer means is in the mapping noted beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.custody.moves import Holding, Move, followed, pages_of, state_one_side, state_vault
from truenav.connect.custody.rest.mapping import (
    RestMapping,
    TimeForm,
    TransactionList,
    read_mapping,
)
from truenav.connect.document import Node, read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.reading import Reading
from truenav.core.clock import parse_instant
from truenav.core.evidence import Evidence
from truenav.core.failure import InvalidInputError
from truenav.core.money import ZERO, Amount, AssetId, exact

VENUE = "rest"
ENDPOINT = "custody.rest/1"
MAPPING = "local:mapping"
LIST = "local:list"
"""Names of the notes: the mapping's canonical JSON, and which of its lists an answer is."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    notes = dict(evidence.request.params)
    if MAPPING not in notes:
        raise MalformedPayloadError("no mapping is noted beside the answer, so it cannot be read.")
    mapping = read_mapping(notes[MAPPING])
    reading, document = Reading(evidence, context), read_json(body)
    with exact():
        if notes.get(LIST) == "balances":
            _balances(reading, mapping, document)
        elif notes.get(LIST) == "transactions" and mapping.transactions is not None:
            for row in rows_of(document, mapping.transactions.rows):
                _transaction(reading, mapping, mapping.transactions, row)
    return reading.done()


def _balances(reading: Reading, mapping: RestMapping, document: Node) -> None:
    """All pages of the list, by vault; the one vault that was asked for alone may have no row."""
    want = mapping.balances
    sums: dict[str, dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(lambda: [ZERO, ZERO]))
    vaults = followed(reading.evidence)
    alone = next(iter(vaults)) if not want.vault and len(vaults) == 1 else ""
    for page in pages_of(document):
        for row in rows_of(page, want.rows):
            code = text(row, want.asset)
            entry = sums[alone or text(row, want.vault)][mapping.assets.get(code, code)]
            entry[0] += _sum(row, want.total)
            entry[1] += _sum(row, want.locked)
    for vault in sorted({*sums, alone} - {""}):
        held = [Holding(code, total, locked) for code, (total, locked) in sums[vault].items()]
        state_vault(reading, vault, "", held)


def _sum(row: Node, paths: Iterable[str]) -> Decimal:
    return sum((number(row, path) for path in paths), ZERO)


def _transaction(reading: Reading, mapping: RestMapping, want: TransactionList, row: Node) -> None:
    status, name = text(row, want.status.field), text(row, want.id)
    known = (*want.status.under_way, *want.status.approval, *want.status.dead)
    if status not in want.status.done:
        if status not in known:
            reading.lost(
                f"{mapping.name}:{status[:60]}",
                f"The status {status[:60]!r} of the transaction {name[:60]} is not in the mapping.",
                "Add the word to a list of transactions.status in the connection's mapping.",
            )
        return
    amount = number(row, want.amount)
    incoming = _incoming(want, row, amount)
    if incoming is None:
        reading.lost(
            f"{mapping.name}:{name[:60]}",
            f"The mapping does not tell whether the transaction {name[:60]} came in or went out.",
            "Add its word to transactions.direction in the connection's mapping.",
        )
        return
    at, vault = instant(row, want.time, want.time_form), text(row, want.vault)
    other, outside = optional(row, want.other_vault), optional(row, want.counterpart)
    code = asset(reading, mapping, text(row, want.asset))
    state_one_side(
        reading,
        vault,
        Move(
            id=f"tx:{name}",
            at=at,
            amount=Amount(abs(amount), code),
            source=other if incoming else vault,
            destination=vault if incoming else other,
            sender=outside,
            recipient=outside,
            txid=optional(row, want.txid),
            fee=None if incoming else _fee(reading, mapping, want, row, code),
        ),
    )


def _incoming(want: TransactionList, row: Node, amount: Decimal) -> bool | None:
    if want.direction is None:
        return amount > 0
    word = text(row, want.direction.field)
    if word in want.direction.incoming:
        return True
    return False if word in want.direction.outgoing else None


def _fee(
    reading: Reading, mapping: RestMapping, want: TransactionList, row: Node, moved: AssetId
) -> Amount | None:
    if not optional(row, want.fee):
        return None
    paid = optional(row, want.fee_asset)
    return Amount(abs(number(row, want.fee)), asset(reading, mapping, paid) if paid else moved)


def asset(reading: Reading, mapping: RestMapping, code: str) -> AssetId:
    """What a code means by the mapping, else by the house's aliases."""
    return reading.asset(mapping.assets.get(code, code), reading.evidence.answered_at)


def place(node: Node, path: str) -> Node | None:
    """The value at a path of field names and list numbers joined by points; "" is the value itself."""
    found: Node | None = node
    for part in path.split(".") if path else ():
        if found is None:
            return None
        if isinstance(found.value, list) and part.isascii() and part.isdigit() and len(part) < 6:
            items = list(found.items())
            found = items[int(part)] if int(part) < len(items) else None
        else:
            found = found.maybe(part)
    return found


def rows_of(document: Node, path: str) -> list[Node]:
    """The rows of a list."""
    found = place(document, path)
    if found is None:
        raise document.wrong(f"the rows at {path!r} are missing")
    return list(found.items())


def text(row: Node, path: str) -> str:
    """A field with text or a number; it must be there."""
    found = place(row, path)
    if found is None or not isinstance(found.value, str) or not found.value:
        raise row.wrong(f"the text at {path!r} is missing")
    return str(found.value)


def optional(row: Node, path: str) -> str:
    """A field with text or a number, or "" where the mapping names none or the row has none."""
    found = place(row, path) if path else None
    return str(found.value) if found is not None and isinstance(found.value, str) else ""


def number(row: Node, path: str) -> Decimal:
    """A field with an exact number."""
    return Node({"number": text(row, path)}, f"{row.path}.{path}").decimal("number")


def instant(row: Node, path: str, form: TimeForm) -> datetime:
    """A field with an instant of the form that the mapping names."""
    written = text(row, path)
    try:
        if form is TimeForm.RFC3339:
            return parse_instant(written, what=f"{row.path}.{path}")
        seconds = number(row, path) / (1000 if form is TimeForm.MILLISECONDS else 1)
        return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
    except (InvalidInputError, OverflowError) as error:
        raise row.wrong(f"{written[:40]!r} at {path!r} is no time of the form {form.value}") from error


PARSERS: Mapping[str, Parser] = {ENDPOINT: _parse}
