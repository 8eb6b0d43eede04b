"""The ECB's XML as fixings: units of a currency for one euro, at 15:00 UTC of their day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from xml.parsers import expat

from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.reading import Reading
from truenav.core.asset import EUR
from truenav.core.evidence import Evidence
from truenav.core.facts import Quote, QuoteKind
from truenav.core.failure import InvalidInputError
from truenav.core.money import parse_decimal

PUBLISHED_AT = time(15, tzinfo=UTC)
"""The ECB publishes around 16:00 in Frankfurt; summer or winter, by 15:00 UTC the rates are out."""
MAX_BYTES = 16 * 1024 * 1024
_CUBE = "http://www.ecb.int/vocabulary/2002-08-01/eurofxref Cube"


def parse_rates(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Every rate of a currency that the house knows."""
    reading = Reading(evidence, context)
    for day, currency, text in _rates(body):
        asset = reading.known_asset(currency)
        if asset is None:
            continue
        try:
            rate = parse_decimal(text, what=f"{day} {currency}")
        except InvalidInputError as error:
            raise MalformedPayloadError(error.message) from error
        if rate <= 0:
            raise MalformedPayloadError(f"{day} {currency}: the rate {text} is not positive.")
        at = datetime.combine(day, PUBLISHED_AT)
        reading.quote(f"EUR-{currency}", at, Quote(EUR, asset, QuoteKind.FIXING, rate))
    return reading.done()


def _rates(body: bytes) -> list[tuple[date, str, str]]:
    """Day, currency and rate of each cube; document types and entities are refused unread."""
    if len(body) > MAX_BYTES:
        raise MalformedPayloadError(f"{len(body)} bytes are more than a rate file has.")
    found: list[tuple[date, str, str]] = []
    days: list[date] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name != _CUBE:
            return
        if "time" in attributes:
            try:
                days.append(date.fromisoformat(attributes["time"]))
            except ValueError:
                raise MalformedPayloadError(f"{attributes['time'][:20]!r} is no day.") from None
        elif "currency" in attributes:
            if not days or "rate" not in attributes:
                raise MalformedPayloadError("a rate without day or number.")
            found.append((days[-1], attributes["currency"], attributes["rate"]))

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise MalformedPayloadError(
            f"not the ECB's XML at line {error.lineno} ({error}); the file may be cut off."
        ) from error
    if not found:
        raise MalformedPayloadError("the file names no rate; it is not the ECB's.")
    return found


def _refuse_doctype(*_: object) -> None:
    raise MalformedPayloadError("a document type stands in the file; it is not the ECB's.")


PARSERS: Mapping[str, Parser] = {"rates/1": parse_rates}
