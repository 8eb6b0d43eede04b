"""The vendor's prices as quotes: ``{"prices": [{"pair": "BTC-USD", "price": "…", "at": "…"}]}``."""

from __future__ import annotations

from collections.abc import Mapping

from truenav.connect.contract import ParseContext, Parsed, Parser, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.reading import Reading
from truenav.core.clock import parse_instant
from truenav.core.evidence import Evidence
from truenav.core.facts import Quote, QuoteKind
from truenav.core.failure import FailureKind, InvalidInputError


def parse_prices(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Each pair's price; pairs that the vendor does not know become problems, never zeros."""
    reading = Reading(evidence, context)
    document = read_json(body)
    for row in document.field("prices").items():
        _price(reading, row)
    unknown = document.maybe("unknown")
    names = [str(node.value)[:60] for node in unknown.items()] if unknown is not None else []
    problems = tuple(_unknown(name) for name in names)
    done = reading.done()
    return Parsed(done.facts, done.instruments, (*done.problems, *problems))


def _price(reading: Reading, row: Node) -> None:
    pair, price = row.text("pair"), row.decimal("price")
    base_code, hyphen, quote_code = pair.partition("-")
    base, quote = reading.known_asset(base_code), reading.known_asset(quote_code)
    if not hyphen or price <= 0:
        raise row.wrong(f"{pair[:40]!r} at {price} is no price of a pair")
    if base is None or quote is None:
        return
    try:
        at = parse_instant(row.text("at"), what=f"{row.path}.at")
    except InvalidInputError as error:
        raise MalformedPayloadError(error.message) from error
    source = row.text_or("source")
    name = f"{pair}/{source}" if source else pair
    origin = row.text_or("origin")
    reading.quote(name, at, Quote(base, quote, QuoteKind.LAST, price, reason=origin))


def _unknown(pair: str) -> Problem:
    return Problem(
        where="vendor prices/1",
        message=f"The vendor knows no price of {pair}.",
        mend="Choose another source for it in the pricing policy, or enter a manual quote.",
        subject=pair,
        kind=FailureKind.UNPRICED,
    )


PARSERS: Mapping[str, Parser] = {"prices/1": parse_prices}
