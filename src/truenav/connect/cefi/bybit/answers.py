"""What all readers of Bybit's answers share: the envelope, joined answers, and names of markets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from truenav.connect.cefi.bybit.manifest import MANIFEST
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading
from truenav.core.contracts import UnreadableNameError, option_name
from truenav.core.evidence import Evidence
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import exact

VENUE = MANIFEST.name
CONTRACTS = f"{VENUE}-contract"
"""Namespace of perpetuals, futures and options: ``BTCUSDT`` is a pair and a perpetual, too."""
SPOT = "spot"
UNIFIED, FUNDING, EARN = MANIFEST.wallets
_EXPIRY_TIME = time(8, tzinfo=UTC)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DATED = re.compile(
    r"(?P<base>[A-Z0-9]{1,20}?)(?P<settle>USDT|USDC)?-(?P<day>\d{1,2})(?P<month>[A-Z]{3})(?P<year>\d{2})",
    re.ASCII,
)
_QUARTER = re.compile(r"(?P<base>[A-Z0-9]{1,20})USD(?P<quarter>[HMUZ])(?P<year>\d{2})", re.ASCII)
_QUARTER_ENDS = {"H": 3, "M": 6, "U": 9, "Z": 12}


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
    known = reading.context.instruments.instruments
    if contract_id(symbol) in known:
        return known[contract_id(symbol)]
    derived = next((one for one in reading.instruments if one.code == symbol), None)
    if derived is not None:
        return derived
    terms = _expired_option(reading, symbol) or _expired_future(reading, symbol)
    if terms is None:
        return reading.instrument(contract_id(symbol), lost=True)
    reading.instruments.append(terms)
    return terms


def _expired_option(reading: Reading, symbol: str) -> Instrument | None:
    try:
        name = option_name(symbol)
    except UnreadableNameError:
        return None
    settle = reading.known_asset(name.settle or "USDC")
    sibling = _sibling(reading, name.base, {InstrumentKind.OPTION}, inverse=False, settle=settle)
    if sibling is None:
        return None
    return replace(
        sibling,
        id=contract_id(symbol),
        code=symbol,
        expiry_at=datetime.combine(name.expires_on, _EXPIRY_TIME),
        strike=name.strike,
        right=name.right,
    )


def _expired_future(reading: Reading, symbol: str) -> Instrument | None:
    kinds = {InstrumentKind.PERPETUAL, InstrumentKind.FUTURE}
    if (match := _DATED.fullmatch(symbol)) is not None:
        settle = reading.known_asset(match["settle"] or "USDC")
        sibling = _sibling(reading, match["base"], kinds, inverse=False, settle=settle)
        day = _day(match["day"], match["month"], match["year"])
    elif (match := _QUARTER.fullmatch(symbol)) is not None:
        sibling = _sibling(reading, match["base"], kinds, inverse=True)
        day = _last_friday(2000 + int(match["year"]), _QUARTER_ENDS[match["quarter"]])
    else:
        return None
    if sibling is None or day is None:
        return None
    expiry_at = datetime.combine(day, _EXPIRY_TIME)
    return replace(
        sibling, id=contract_id(symbol), code=symbol, kind=InstrumentKind.FUTURE, expiry_at=expiry_at
    )


def _sibling(
    reading: Reading,
    base_code: str,
    kinds: set[InstrumentKind],
    *,
    inverse: bool,
    settle: str | None = None,
) -> Instrument | None:
    base = reading.known_asset(base_code)
    prefix = f"{CONTRACTS}:"
    found = [
        one
        for name, one in reading.context.instruments.instruments.items()
        if name.startswith(prefix)
        and one.kind in kinds
        and one.inverse is inverse
        and one.base == base
        and one.settle == (base if inverse else settle)
    ]
    return min(found, key=lambda one: one.id, default=None)


def _day(day: str, month: str, year: str) -> date | None:
    try:
        return date(2000 + int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError:
        return None


def _last_friday(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    last = following - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - 4) % 7)
