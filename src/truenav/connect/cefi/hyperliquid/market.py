"""Hyperliquid's markets: terms and prices of its own perpetuals and of pairs."""

from __future__ import annotations

import re
from decimal import Decimal

from truenav.connect.cefi.hyperliquid.answers import USDC, VENUE, hyperliquid_id
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.facts import Quote, QuoteKind
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, ZERO

_THOUSANDS = re.compile(r"k([A-Z][A-Z0-9]*)")
"""``kPEPE`` is a thousand PEPE: one contract, and its price is that of all of them."""
THOUSAND = Decimal(1000)


def read_perps(reading: Reading, document: Node) -> None:
    """Terms and marks of the venue's own perpetuals: names and contexts stand in the same order."""
    meta, contexts = _halves(document)
    names, told = list(meta.field("universe").items()), list(contexts.items())
    if len(names) != len(told):
        raise document.wrong("there are not as many contexts as markets")
    for row, context in zip(names, told, strict=True):
        terms = _perp(reading, row.text("name"))
        if terms is None:
            continue
        reading.instruments.append(terms)
        if row.flag("isDelisted") is not True:
            quote(reading, terms, context)


def _perp(reading: Reading, name: str) -> Instrument | None:
    thousands = _THOUSANDS.fullmatch(name)
    base, dollar = reading.known_asset(thousands[1] if thousands else name), reading.known_asset(USDC)
    if base is None or dollar is None:
        return None
    return Instrument(
        id=hyperliquid_id(name),
        venue=VENUE,
        code=name,
        kind=InstrumentKind.PERPETUAL,
        base=base,
        quote=dollar,
        settle=dollar,
        multiplier=THOUSAND if thousands else ONE,
    )


def read_pairs(reading: Reading, document: Node) -> None:
    """Terms and prices of pairs of known tokens; a pair names its tokens by their numbers."""
    meta, contexts = _halves(document)
    tokens = {row.text("index"): row.text("name") for row in meta.field("tokens").items()}
    prices = {row.text("coin"): row for row in contexts.items() if row.text_or("coin")}
    for row in meta.field("universe").items():
        numbers = [str(one.value) for one in row.field("tokens").items()]
        if len(numbers) != 2:
            raise row.wrong("a pair has not two tokens")
        codes = [tokens.get(number, "") for number in numbers]
        base, other = (reading.known_asset(code) if code else None for code in codes)
        if base is None or other is None:
            continue
        name = row.text("name")
        terms = Instrument(
            id=hyperliquid_id(name),
            venue=VENUE,
            code=name,
            kind=InstrumentKind.SPOT,
            base=base,
            quote=other,
            settle=other,
            multiplier=ONE,
        )
        reading.instruments.append(terms)
        if name in prices:
            quote(reading, terms, prices[name])


def quote(reading: Reading, terms: Instrument, context: Node) -> None:
    """Mark of a perpetual, or price of a pair; the venue tells no time of its own."""
    price = context.decimal_or("markPx", ZERO) / terms.multiplier
    at = reading.evidence.answered_at
    if price <= 0:
        return
    if terms.kind is InstrumentKind.SPOT:
        volume = context.decimal("dayBaseVlm") if context.text_or("dayBaseVlm") else None
        reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.LAST, price, volume))
    else:
        reading.quote(terms.id, at, Quote(terms.id, terms.quote, QuoteKind.MARK, price))


def read_stream(reading: Reading, document: Node) -> None:
    """One message of the asset contexts; answers and pongs state nothing."""
    if document.text_or("channel") not in ("activeAssetCtx", "activeSpotAssetCtx"):
        return
    data = document.field("data")
    terms = reading.terms(hyperliquid_id(data.text("coin")))
    if terms is not None:
        quote(reading, terms, data.field("ctx"))


def _halves(document: Node) -> tuple[Node, Node]:
    parts = list(document.items())
    if len(parts) != 2:
        raise document.wrong("markets and contexts are expected")
    return parts[0], parts[1]
