"""What all readers of KuCoin's answers share: the envelope, joined answers, names of coins and markets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime

from truenav.connect.cefi.kucoin.errors import GOOD
from truenav.connect.cefi.kucoin.manifest import MANIFEST
from truenav.connect.contract import ParseContext, Parsed, Parser, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading
from truenav.core.contracts import DatedName, quarter_day
from truenav.core.evidence import Evidence
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, instrument_id
from truenav.core.money import AssetId, exact

VENUE = MANIFEST.name
CONTRACTS = f"{VENUE}-contract"
"""Namespace of perpetuals and dated futures."""
MAIN, TRADE, FUTURES = MANIFEST.wallets
MARGIN, ISOLATED, EARN = MANIFEST.more_wallets
PLAIN_TRADES, CROSS_TRADES, ISOLATED_TRADES = "TRADE", "MARGIN_TRADE", "MARGIN_ISOLATED_TRADE"
"""What the venue calls the fills of the trade account and of both margin accounts."""
_DATED = re.compile(r"(?P<coin>[A-Z]{2,10})M(?P<quarter>[HMUZ]\d{2})", re.ASCII)
CODES = {"XBT": "BTC"}
"""The futures host's own names of coins."""


def spot_id(code: str) -> InstrumentId:
    """Id of a pair."""
    return instrument_id(VENUE, code)


def contract_id(code: str) -> InstrumentId:
    """Id of a contract."""
    return instrument_id(CONTRACTS, code)


def contract_terms(reading: Reading, symbol: str) -> Instrument | None:
    """Terms of a contract; of a future that expired, which is listed no more, from its name (``XBTMH26``)
    and a listed contract of the same coin.
    """
    name, dated = contract_id(symbol), _DATED.fullmatch(symbol)
    known = reading.terms(name)
    if known is None and dated is not None and (day := quarter_day(dated["quarter"])) is not None:
        coin = known_asset(reading, dated["coin"])
        listed = reading.context.instruments.instruments.items()
        family = [
            one
            for id, one in listed
            if id.startswith(f"{CONTRACTS}:") and one.inverse and (one.base, one.settle) == (coin, coin)
        ]
        known = reading.expired(name, DatedName(dated["coin"], day), family)
    return known or reading.instrument(name, lost=True)


def asset(reading: Reading, code: str, at: datetime) -> AssetId:
    """The asset that the venue calls ``code`` on either host."""
    return reading.asset(CODES.get(code, code), at)


def known_asset(reading: Reading, code: str) -> AssetId | None:
    """The same, or None: for lists that name more than we hold."""
    return reading.known_asset(CODES.get(code, code))


def answered(document: Node) -> Node:
    """What an answer holds; a refusal holds nothing."""
    if document.text("code") not in GOOD:
        raise document.wrong(f"the answer is the refusal {document.text('code')}")
    return document.field("data")


def answers(body: bytes) -> Iterator[Node]:
    """What the answer in ``body`` holds, or those of which it is joined."""
    document = read_json(body)
    for one in document.items() if isinstance(document.value, list) else [document]:
        yield answered(one)


def rows(data: Node) -> list[Node]:
    """The rows of an answer: a list, or a page that calls them ``items`` or ``dataList``."""
    if isinstance(data.value, list):
        return list(data.items())
    found = data.maybe("items") or data.maybe("dataList")
    return [] if found is None else list(found.items())


def rows_parser(read: Callable[[Reading, Node], None]) -> Parser:
    """A parser that hands each row to ``read``."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        with exact():
            for data in answers(body):
                for row in rows(data):
                    read(reading, row)
        return reading.done()

    return parse


def asked(reading: Reading, name: str) -> str:
    """A parameter of the request that got this answer, or empty text."""
    return dict(reading.evidence.request.params).get(name, "")


def tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    """Note what a person must know, once."""
    where = f"{reading.venue} {reading.evidence.endpoint}"
    reading.problems.setdefault((subject, message), Problem(where, message, mend, subject=subject))
