"""What all readers of Bitget's answers share: the envelope, the wallets of its products, names of markets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from truenav.connect.cefi.bitget.errors import DONE
from truenav.connect.cefi.bitget.manifest import MANIFEST
from truenav.connect.contract import ParseContext, Parsed, Parser, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading
from truenav.core.contracts import dated_name
from truenav.core.evidence import Evidence
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, instrument_id
from truenav.core.money import ZERO, exact

VENUE = MANIFEST.name
CONTRACTS = f"{VENUE}-contract"
"""Namespace of perpetuals and futures: ``BTCUSDT`` is a pair and a perpetual, too."""
SPOT, USDTM, USDCM, COINM = MANIFEST.wallets
CROSS, ISOLATED, FUNDING, EARN = MANIFEST.more_wallets


@dataclass(frozen=True, slots=True)
class Product:
    """One of Bitget's futures wallets; ``type`` is what the venue calls it in requests and streams."""

    wallet: str
    type: str


PRODUCTS = (
    Product(USDTM, "USDT-FUTURES"),
    Product(USDCM, "USDC-FUTURES"),
    Product(COINM, "COIN-FUTURES"),
)


def spot_id(symbol: str) -> InstrumentId:
    """Id of a pair."""
    return instrument_id(VENUE, symbol)


def contract_id(symbol: str) -> InstrumentId:
    """Id of a perpetual or future."""
    return instrument_id(CONTRACTS, symbol)


def answered(document: Node) -> Node | None:
    """What an answer holds, None where it holds null; a refusal holds nothing and is refused."""
    if document.text("code") != DONE:
        raise document.wrong(f"the answer is the refusal {document.text('code')}")
    return document.maybe("data")


def listed(data: Node | None, name: str = "") -> list[Node]:
    """The rows of an answer, or those in its field ``name``; some lists are null where they are empty."""
    found = data.maybe(name) if data is not None and name else data
    return [] if found is None else list(found.items())


def rows_parser(name: str, read: Callable[[Reading, Node], None]) -> Parser:
    """A parser that hands each row of the list called ``name`` (empty: of the answer) to ``read``."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        with exact():
            for row in listed(answered(read_json(body)), name):
                read(reading, row)
        return reading.done()

    return parse


def contract_terms(reading: Reading, symbol: str) -> Instrument | None:
    """Terms of a contract; of a delivered future from its name and the listed contracts of its pair.

    Without one of them the contract is unknown, and told.
    """
    name, dated = contract_id(symbol), dated_name(symbol)
    known = reading.terms(name)
    if known is None and dated is not None:
        pair = contract_id(dated.family)
        book = reading.context.instruments.instruments
        family = [one for key, one in book.items() if key == pair or key.startswith(f"{pair}_")]
        known = reading.expired(name, dated, family)
    return known or reading.instrument(name, lost=True)


def open_profit(row: Node) -> Decimal:
    """Unrealised profit of a futures account; where it is not told as one, of both margin modes."""
    if row.text_or("unrealizedPL"):
        return row.decimal("unrealizedPL")
    return row.decimal_or("crossedUnrealizedPL", ZERO) + row.decimal_or("isolatedUnrealizedPL", ZERO)


def tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    """Note something that a person should see; nothing is lost by it."""
    problem = Problem(f"{reading.venue} {reading.evidence.endpoint}", message, mend, subject=subject)
    reading.problems.setdefault((subject, message), problem)
