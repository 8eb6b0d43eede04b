"""What all readers of HTX's answers share: the envelope, wallets, and names of markets."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from truenav.connect.cefi.htx.errors import is_answer
from truenav.connect.cefi.htx.manifest import MANIFEST
from truenav.connect.contract import ParseContext, Parsed, Parser, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading
from truenav.core.contracts import DatedName, dated_name
from truenav.core.evidence import Evidence
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, instrument_id
from truenav.core.money import exact

VENUE = MANIFEST.name
CONTRACTS = f"{VENUE}-contract"
"""Namespace of contracts: ``BTC-USDT`` (linear), ``BTC-USD`` (swap), ``BTC251226`` (coin-margined future)."""
SPOT, USDTM = MANIFEST.wallets
COINSWAP, COINFUTURES, CROSS, ISOLATED, OTC = MANIFEST.more_wallets
_COIN_FUTURE = re.compile(r"(?P<base>[A-Z]{2,10})(?P<day>\d{6})", re.ASCII)

_FEE_TAKES = timedelta(days=1)

ReadRow = Callable[[Reading, Node], None]


def spot_id(symbol: str) -> InstrumentId:
    """Id of a pair, in small letters as the venue writes it."""
    return instrument_id(VENUE, symbol)


def contract_id(code: str) -> InstrumentId:
    """Id of a swap or future."""
    return instrument_id(CONTRACTS, code)


def answered(document: Node) -> Node | None:
    """What an answer holds, None where it holds null; a refusal holds nothing and is refused."""
    if not is_answer(document):
        raise document.wrong("the answer is a refusal")
    return document.maybe("data")


def listed(data: Node | None) -> list[Node]:
    """The rows of an answer; some lists are null where they are empty."""
    return [] if data is None else list(data.items())


def rows_parser(read: ReadRow) -> Parser:
    """A parser that hands each row of an answer to ``read``."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        with exact():
            for row in listed(answered(read_json(body))):
                read(reading, row)
        return reading.done()

    return parse


def transfer_id(node: Node) -> str:
    """A transfer, whose number may be zero: with its instant, coin, kind and amount."""
    names = ("transactTime", "transactId", "currency", "transferType", "transactAmt")
    return ":".join(node.text(name) for name in names)


def fee_runs(row: Node, told_at: datetime) -> bool:
    """Whether the fee of a fill is still being taken in another coin, so that it is not known yet.

    That takes moments; after a day it is not waited for.
    """
    return row.text_or("fee-deduct-state") == "ongoing" and told_at - row.instant("created-at") < _FEE_TAKES


def contract_terms(reading: Reading, code: str) -> Instrument | None:
    """Terms of a contract; of a delivered future from its name and the listed contracts of its family.

    Without one of them the contract is unknown, and told.
    """
    name, dated = contract_id(code), _dated(code)
    known = reading.terms(name)
    if known is None and dated is not None:
        book = reading.context.instruments.instruments
        family = [one for key, one in book.items() if _is_of(key, dated.family)]
        known = reading.expired(name, dated, family)
    return known or reading.instrument(name, lost=True)


def _dated(code: str) -> DatedName | None:
    """The name of a dated future; a coin-margined one has no hyphen before its day."""
    future = _COIN_FUTURE.fullmatch(code)
    return dated_name(f"{future['base']}-{future['day']}" if future else code)


def _is_of(name: InstrumentId, family: str) -> bool:
    """Whether a contract is of a family: the perpetual of that name and its futures, or futures of a coin."""
    namespace, _, code = name.partition(":")
    if namespace != CONTRACTS:
        return False
    if "-" in family:
        return code == family or code.startswith(f"{family}-")
    future = _COIN_FUTURE.fullmatch(code)
    return future is not None and future["base"] == family


def tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    """Note something that a person should see; nothing is lost by it."""
    problem = Problem(f"{reading.venue} {reading.evidence.endpoint}", message, mend, subject=subject)
    reading.problems.setdefault((subject, message), problem)
