"""Binance's leverage brackets: by value in what a contract settles in (``cum`` is their deduction)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from truenav.connect.cefi.binance.client import COINM, USDM, Futures
from truenav.connect.contract import ParseContext
from truenav.connect.document import Node, read_json
from truenav.connect.tiers import ReadTiers
from truenav.core.evidence import Evidence
from truenav.core.instrument import instrument_id
from truenav.core.leverage import LeverageTier, LeverageTiers, Measure
from truenav.core.money import ONE, divided


def _reader(futures: Futures) -> ReadTiers:
    unit = "qty" if futures is COINM else "notional"

    def read(evidence: Evidence, body: bytes, context: ParseContext) -> Iterator[LeverageTiers]:
        del evidence
        for row in read_json(body).items():
            name = instrument_id(futures.namespace, row.text("symbol"))
            if name in context.instruments.instruments:
                brackets = sorted(row.field("brackets").items(), key=lambda one: one.decimal(f"{unit}Floor"))
                steps = tuple(_step(one, f"{unit}Floor") for one in brackets)
                limit: Decimal | None = max((one.decimal(f"{unit}Cap") for one in brackets), default=None)
                yield LeverageTiers(name, Measure.VALUE, steps, limit)

    return read


def _step(row: Node, floor: str) -> LeverageTier:
    return LeverageTier(
        row.decimal(floor),
        row.decimal("maintMarginRatio"),
        divided(ONE, row.decimal("initialLeverage")),
        row.decimal("cum"),
    )


TIERS = {futures.tiers.name: _reader(futures) for futures in (USDM, COINM)}
