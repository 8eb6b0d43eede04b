"""Hyperliquid's margin tables: half the initial margin of a step's highest leverage, of the part within it.

A market without a table has one step, with its own highest leverage.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from truenav.connect.cefi.hyperliquid.answers import hyperliquid_id
from truenav.connect.contract import ParseContext
from truenav.connect.document import Node, read_json
from truenav.connect.tiers import ReadTiers
from truenav.core.evidence import Evidence
from truenav.core.leverage import LeverageTier, LeverageTiers, Measure, of_parts
from truenav.core.money import ONE, ZERO, divided


def _read(evidence: Evidence, body: bytes, context: ParseContext) -> Iterator[LeverageTiers]:
    del evidence
    meta, _ = read_json(body).parts(2)
    given = meta.maybe("marginTables")
    pairs = [] if given is None else [row.parts(2) for row in given.items()]
    tables = {str(number.value): list(table.field("marginTiers").items()) for number, table in pairs}
    for row in meta.field("universe").items():
        name = hyperliquid_id(row.text("name"))
        if name in context.instruments.instruments and row.flag("isDelisted") is not True:
            steps = sorted(map(_step, tables.get(row.text_or("marginTableId"), ())), key=_floor)
            yield LeverageTiers(name, Measure.VALUE, of_parts(steps or [_at(ZERO, row)]))


def _step(row: Node) -> LeverageTier:
    return _at(row.decimal("lowerBound"), row)


def _at(floor: Decimal, row: Node) -> LeverageTier:
    leverage = row.decimal("maxLeverage")
    return LeverageTier(floor, divided(ONE, 2 * leverage), divided(ONE, leverage))


def _floor(one: LeverageTier) -> Decimal:
    return one.floor


TIERS: dict[str, ReadTiers] = {"perps/1": _read}
