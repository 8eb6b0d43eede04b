"""What all readers of Bybit's answers share: the envelope, joined answers, and names of markets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from truenav.connect.cefi.bybit.manifest import MANIFEST
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading
from truenav.core.contracts import DatedName, dated_name, quarter_day
from truenav.core.evidence import Evidence
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import exact

VENUE = MANIFEST.name
CONTRACTS = f"{VENUE}-contract"
"""Namespace of perpetuals, futures and options: ``BTCUSDT`` is a pair and a perpetual, too."""
SPOT = "spot"
UNIFIED, FUNDING, EARN = MANIFEST.wallets
_QUARTER = re.compile(r"(?P<family>[A-Z0-9]{1,20}USD)(?P<quarter>[HMUZ]\d{2})", re.ASCII)
_FUTURES = {InstrumentKind.PERPETUAL, InstrumentKind.FUTURE}


def spot_id(symbol: str) -> InstrumentId:
    """Id of a pair."""
    return instrument_id(VENUE, symbol)


def contract_id(symbol: str) -> InstrumentId:
    """Id of a perpetual, future or option."""
    return instrument_id(CONTRACTS, symbol)


def answered(document: Node) -> Node:
    """What an answer holds; a refusal holds nothing."""
    if document.text("retCode") != "0":
        raise document.wrong(f"the answer is the refusal {document.text('retCode')}")
    return document.field("result")


def answers(body: bytes) -> Iterator[Node]:
    """What the answer in ``body`` holds, or those of which it is joined."""
    document = read_json(body)
    for one in document.items() if isinstance(document.value, list) else [document]:
        yield answered(one)


def listed(result: Node, name: str) -> list[Node]:
    """The rows of a result; some lists are null where they are empty."""
    found = result.maybe(name)
    return [] if found is None else list(found.items())


def rows_parser(name: str, read: Callable[[Reading, Node], None]) -> Parser:
    """A parser that hands each row of the list called ``name`` to ``read``."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        with exact():
            for result in answers(body):
                for row in listed(result, name):
                    read(reading, row)
        return reading.done()

    return parse


def contract_terms(reading: Reading, symbol: str) -> Instrument | None:
    """Terms of a contract; of an expired one, which is listed no more, from its name and a listed sibling.

    A name tells base, settlement, expiry, strike and right; size and assets are those of the contracts of the
    same kind of profit on the same base. Without a sibling the contract is unknown, and told.
    """
    name = contract_id(symbol)
    known, dated = reading.terms(name), _dated(symbol)
    if known is None and dated is not None:
        known = reading.expired(name, dated, _family(reading, dated))
    return known or reading.instrument(name, lost=True)


def _dated(symbol: str) -> DatedName | None:
    """Name of an option, of a future settled in a stablecoin, or of an inverse one (``BTCUSDZ25``)."""
    if (quarter := _QUARTER.fullmatch(symbol)) is None or (day := quarter_day(quarter["quarter"])) is None:
        return dated_name(symbol)
    return DatedName(quarter["family"], day)


def _family(reading: Reading, dated: DatedName) -> Iterator[Instrument]:
    """Listed contracts of the same kind of profit on the same base, which are of the same size."""
    inverse = dated.family.endswith("USD")
    base_code, settle_code = dated.family.removesuffix("USD"), dated.settle or "USDC"
    if dated.strike is None and dated.family.endswith(("USDT", "USDC")):
        base_code, settle_code = dated.family[:-4], dated.family[-4:]
    base = reading.known_asset(base_code)
    settle = base if inverse else reading.known_asset(settle_code)
    kinds = _FUTURES if dated.strike is None else {InstrumentKind.OPTION}
    for name, one in reading.context.instruments.instruments.items():
        told = (one.base, one.settle, one.inverse) == (base, settle, inverse)
        if told and one.kind in kinds and name.startswith(f"{CONTRACTS}:"):
            yield one
