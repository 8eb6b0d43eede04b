"""OKX's position tiers: by contracts, told for a family, each tier's rate of the whole position.

A tier begins where the one below it ends: ``minSz`` is one contract (or lot) later, and what lies between is
taken to the higher one. Tiers are asked for as of cross margin. Whether the venue counts several expiries of
a family together is not told by the answer; a position is measured by itself here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from truenav.connect.cefi.okx.earn import answered
from truenav.connect.contract import ParseContext
from truenav.connect.document import Node, read_json
from truenav.connect.tiers import ReadTiers
from truenav.core.evidence import Evidence
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.leverage import LeverageTier, LeverageTiers, Measure
from truenav.core.money import ZERO

TIERED = {InstrumentKind.PERPETUAL: "SWAP", InstrumentKind.FUTURE: "FUTURES"}
"""Kinds of contracts that have tiers, in the venue's words; the margin of an option follows a formula."""


def family_of(terms: Instrument) -> str:
    """Family of a perpetual or future: ``BTC-USDT`` of ``BTC-USDT-SWAP`` and of ``BTC-USDT-261225``."""
    return terms.code.rpartition("-")[0]


def _read(evidence: Evidence, body: bytes, context: ParseContext) -> Iterator[LeverageTiers]:
    asked = dict(evidence.request.params).get("instType", "")
    families: defaultdict[str, list[Node]] = defaultdict(list)
    for row in answered(read_json(body)):
        families[row.text_or("instFamily") or row.text("uly")].append(row)
    for terms in context.instruments.instruments.values():
        rows = families.get(family_of(terms)) if TIERED.get(terms.kind) == asked else None
        if rows and terms.venue == evidence.connector:
            yield _tiers(terms, sorted(rows, key=_limit))


def _tiers(terms: Instrument, rows: list[Node]) -> LeverageTiers:
    limits = [row.decimal("maxSz") for row in rows]
    steps = tuple(
        LeverageTier(floor, row.decimal("mmr"), row.decimal("imr"))
        for floor, row in zip([ZERO, *limits], rows, strict=False)
    )
    return LeverageTiers(terms.id, Measure.CONTRACTS, steps, limits[-1])


def _limit(row: Node) -> Decimal:
    return row.decimal("maxSz")


TIERS: dict[str, ReadTiers] = {"position-tiers/1": _read}
