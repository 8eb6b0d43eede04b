"""BitMEX's risk limits: up to a base limit the base margins, and for each step beyond it the base maintenance
margin more, of the whole position, as the venue documents them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from truenav.connect.cefi.bitmex.answers import bitmex_id
from truenav.connect.cefi.bitmex.units import units_noted
from truenav.connect.contract import ParseContext
from truenav.connect.document import Node, read_json
from truenav.connect.tiers import ReadTiers
from truenav.core.evidence import Evidence
from truenav.core.leverage import LeverageTier, LeverageTiers, Measure
from truenav.core.money import ONE, ZERO

_MOST = 200
"""Steps of one contract; the venue's own end where the initial margin is the whole value."""


def _read(evidence: Evidence, body: bytes, context: ParseContext) -> Iterator[LeverageTiers]:
    document = read_json(body)
    units = units_noted(evidence, document)
    for row in document.items():
        name = bitmex_id(row.text("symbol"))
        if name in context.instruments.instruments and row.decimal_or("maintMargin", ZERO) > 0:
            unit = units.unit(row.text("settlCurrency"), row).size
            limit, step = (row.decimal_or(field, ZERO) * unit for field in ("riskLimit", "riskStep"))
            steps = [_step(row, 0)]
            while limit > 0 < step and len(steps) < _MOST and (steps[-1].initial or ONE) < ONE:
                steps.append(_step(row, len(steps), floor=limit + (len(steps) - 1) * step))
            yield LeverageTiers(name, Measure.VALUE, tuple(steps))


def _step(row: Node, number: int, floor: Decimal = ZERO) -> LeverageTier:
    base = row.decimal("maintMargin")
    return LeverageTier(
        floor, min(ONE, base * (number + 1)), min(ONE, row.decimal("initMargin") + number * base)
    )


TIERS: dict[str, ReadTiers] = {"instruments/1": _read, "active/1": _read}
