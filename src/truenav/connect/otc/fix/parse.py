"""One message as a trade: execution reports and trade captures, their corrections and cancellations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.otc.fix.wire import Message, read_message, read_stamp
from truenav.connect.reading import Reading, tag_of
from truenav.core.evidence import Evidence
from truenav.core.facts import Fact, Trade, Void
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import ONE, Amount, exact

VENUE = "fix"
ENDPOINT = "fix.execution/1"
WALLET = "desk"
CORRECTS = "local:corrects"
"""Name of the note beside a correction: the content hash of the fact that it corrects.

A correction names the execution that it corrects by the desk's id; which fact that is, is known to whoever
has read the message before, and noted so that one message still states one fact.
"""
_PAIR = re.compile(r"([A-Za-z0-9]{1,20})[/_-]([A-Za-z0-9]{1,20})")
_HASH = re.compile(r"[0-9a-f]{64}")
_SIDES: Mapping[str, int] = {"1": 1, "2": -1}
_ABSOLUTE = "3"


@dataclass(frozen=True, slots=True)
class Execution:
    """What a message says of an execution: ``effect`` is ``new``, ``correct`` or ``cancel`` of ``corrects``.

    ``effect`` is "" where nothing was executed (an order that was taken, changed or refused).
    """

    id: str
    effect: str
    corrects: str = ""


def execution(message: Message) -> Execution:
    """The execution of a message of the kinds 8 (report) and AE (trade capture)."""
    if message.kind == "8":
        effect = {"F": "new", "G": "correct", "H": "cancel"}.get(message.get(150), "")
        return Execution(message.get(17), effect, message.get(19))
    effect = {"": "new", "0": "new", "1": "cancel", "2": "correct"}.get(message.get(487), "")
    return Execution(message.get(17) or message.get(571), effect, message.get(19) or message.get(572))


def _parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading, message = Reading(evidence, context), read_message(body)
    if message.kind not in ("8", "AE"):
        raise MalformedPayloadError(f"a message of the kind {message.kind[:4]!r} is no execution.")
    found = execution(message)
    if not found.effect:
        return reading.done()
    if not found.id:
        raise MalformedPayloadError("an execution without an id (ExecID).")
    corrected = _corrected(evidence)
    if found.effect != "new" and corrected is None:
        reading.lost(
            f"{VENUE}:{found.corrects[:60]}",
            f"The desk takes back or changes the execution {found.corrects[:60]!r}, which was never read.",
            "Ask the desk for a statement of that day and import it; then void what it takes back.",
        )
        return reading.done()
    with exact():
        _state(reading, message, found, corrected)
    return reading.done()


def _state(reading: Reading, message: Message, found: Execution, corrected: Sha256 | None) -> None:
    at = read_stamp(message.get(60))
    body: Trade | Void | None
    if found.effect == "cancel":
        body = Void(message.get(58)[:500] or f"The desk cancelled the execution {found.corrects[:60]}.")
    else:
        body = _trade(reading, message)
    if body is not None:
        reading.facts.append(
            Fact(
                source=VENUE,
                account=reading.evidence.account,
                external_id=f"exec:{found.id}",
                occurred_at=at,
                body=body,
                evidence=reading.evidence.sha256,
                supersedes=corrected,
            )
        )


def _trade(reading: Reading, message: Message) -> Trade | None:
    terms = _terms(reading, message)
    if terms is None:
        return None
    sides = [value for tag, value in message.fields if tag == 54]
    if len(sides) != 1 or sides[0] not in _SIDES:
        raise MalformedPayloadError(
            f"{len(sides)} sides, of which one is ours; one Side of 1 or 2 is expected."
        )
    sign, price = _SIDES[sides[0]], _number(message, 31)
    quantity = _number(message, 32)
    if quantity <= 0 or price < 0:
        raise MalformedPayloadError(f"an execution of {quantity} at {price}.")
    gross = _number(message, 381) if message.get(381) else quantity * price
    return Trade(
        wallet=WALLET,
        instrument=terms.id,
        quantity=sign * quantity,
        price=price,
        cost=Amount(-sign * gross, terms.quote),
        realised=None,
        fees=_fees(reading, message, terms),
        order_id=message.get(37),
        tag=tag_of(message.get(11)),
    )


def _terms(reading: Reading, message: Message) -> Instrument | None:
    """Terms of a spot pair from its symbol (``BTC/USD``), its quantity in the first asset."""
    symbol, kind = message.get(55), message.get(167)
    pair = _PAIR.fullmatch(symbol)
    if pair is None or kind in ("FUT", "OPT", "MLEG"):
        return reading.instrument(instrument_id(VENUE, symbol), lost=True)
    first = pair[1].upper()
    base, quote = reading.known_asset(first), reading.known_asset(pair[2].upper())
    if base is None or quote is None:
        return reading.instrument(instrument_id(VENUE, symbol), lost=True)
    if message.get(15) and message.get(15).upper() != first:
        reading.lost(
            f"{VENUE}:{symbol}",
            f"An execution in {symbol} tells its quantity in {message.get(15)[:10]}, not in {first}.",
            "Ask the desk to send quantities in the first currency of the pair.",
        )
        return None
    name = instrument_id(VENUE, symbol)
    terms = Instrument(name, VENUE, symbol, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE)
    reading.instruments.append(terms)
    return terms


def _fees(reading: Reading, message: Message, terms: Instrument) -> tuple[Amount, ...]:
    """The commission and the miscellaneous fees, as absolute amounts; negative when paid."""
    at, fees = reading.evidence.answered_at, []
    if message.get(12):
        if message.get(13, _ABSOLUTE) != _ABSOLUTE:
            raise MalformedPayloadError(f"a commission of the type {message.get(13)[:4]!r} is no amount.")
        fees.append((_number(message, 12), message.get(479)))
    for place, (tag, value) in enumerate(message.fields):
        if tag == 137:
            following = message.fields[place + 1 : place + 3]
            currency = next((text for number, text in following if number == 138), "")
            fees.append((Node({"fee": value}, "137").decimal("fee"), currency))
    return tuple(
        Amount(-number, reading.asset(code.upper(), at) if code else terms.quote)
        for number, code in fees
        if number
    )


def _number(message: Message, tag: int) -> Decimal:
    return Node({"field": message.get(tag)}, f"tag {tag}").decimal("field")


def _corrected(evidence: Evidence) -> Sha256 | None:
    noted = dict(evidence.request.params).get(CORRECTS, "")
    return Sha256(noted) if _HASH.fullmatch(noted) else None


PARSERS: Mapping[str, Parser] = {ENDPOINT: _parse}
