"""What all readers of Gate's answers share: lists, wallets that are noted, and names of markets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from truenav.connect.cefi.gate.manifest import MANIFEST
from truenav.connect.contract import ParseContext, Parsed, Parser, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading
from truenav.core.contracts import DatedName, dated_name, expiry_day
from truenav.core.evidence import Evidence
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import AssetId, exact

VENUE = MANIFEST.name
CONTRACTS = f"{VENUE}-contract"
"""Namespace of perpetuals, futures and options: ``BTC_USDT`` is a pair and a perpetual, too."""
SPOT, UNIFIED, FUTURES = MANIFEST.wallets
MARGIN, DELIVERY, OPTIONS, EARN = MANIFEST.more_wallets
WALLET = "local:wallet"
"""Name of the note on an answer that does not say which wallet it is about: a unified account has one."""
CLASSIC = "classic"
OPTION_COIN = "USDT"
"""What all options are settled in."""
_SETTLE = re.compile(r"/(?:futures|delivery)/([a-z]{2,10})/", re.ASCII)


def spot_id(code: str) -> InstrumentId:
    """Id of a pair."""
    return instrument_id(VENUE, code)


def contract_id(code: str) -> InstrumentId:
    """Id of a perpetual, future or option."""
    return instrument_id(CONTRACTS, code)


def rows(body: bytes) -> Iterator[Node]:
    """The rows of a list, or of the lists of which it is joined."""
    for one in read_json(body).items():
        yield from one.items() if isinstance(one.value, list) else (one,)


def rows_parser(read: Callable[[Reading, Node], None]) -> Parser:
    """A parser that hands each row of a list to ``read``."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        with exact():
            for row in rows(body):
                read(reading, row)
        return reading.done()

    return parse


def noted_wallet(reading: Reading) -> str:
    """The wallet that was noted on the answer."""
    for name, value in reading.evidence.request.params:
        if name == WALLET and value in (*MANIFEST.wallets, *MANIFEST.more_wallets):
            return value
    raise Node(None, "$").wrong("it is not noted which wallet this is about")


def settle_code(reading: Reading) -> str:
    """The coin whose contracts an address is about, as it stands in it; of options USDT."""
    found = _SETTLE.search(reading.evidence.request.url)
    return found[1].upper() if found else OPTION_COIN


def settle_asset(reading: Reading) -> AssetId:
    """The same as an asset."""
    return reading.asset(settle_code(reading), reading.evidence.answered_at)


def tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    """Note what a person must know, once."""
    where = f"{reading.venue} {reading.evidence.endpoint}"
    reading.problems.setdefault((subject, message), Problem(where, message, mend, subject=subject))


def contract_terms(reading: Reading, code: str) -> Instrument | None:
    """Terms of a contract; of an expired one, which is listed no more, from its name and a listed sibling."""
    name = contract_id(code)
    known, dated = reading.terms(name), _dated(code)
    if known is None and dated is not None:
        known = reading.expired(name, dated, _family(reading, dated))
    return known or reading.instrument(name, lost=True)


def _dated(code: str) -> DatedName | None:
    """Name of an option (``BTC_USDT-20230602-26500-C``) or of a future (``BTC_USDT_20200814``)."""
    family, _, day = code.rpartition("_")
    expires_on = expiry_day(day) if family and len(day) == 8 else None
    return DatedName(family, expires_on) if expires_on is not None else dated_name(code)


def _family(reading: Reading, dated: DatedName) -> Iterator[Instrument]:
    """Listed contracts of the same kind on the same underlying, which are of one size."""
    kind = InstrumentKind.FUTURE if dated.strike is None else InstrumentKind.OPTION
    start = f"{contract_id(dated.family)}{'_' if dated.strike is None else '-'}"
    for name, one in reading.context.instruments.instruments.items():
        if one.kind is kind and name.startswith(start):
            yield one
