"""Gate's risk limit tiers: by value in what a contract settles in, with the venue's own deductions.

An answer without deductions is read without: a step's rate is then taken of the whole position, which is
never less than the venue asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from truenav.connect.cefi.gate.answers import contract_id, rows
from truenav.connect.contract import ParseContext
from truenav.connect.document import Node
from truenav.connect.tiers import ReadTiers, by_instrument
from truenav.core.evidence import Evidence
from truenav.core.leverage import LeverageTier, LeverageTiers, Measure
from truenav.core.money import ZERO


def _read(evidence: Evidence, body: bytes, context: ParseContext) -> Iterator[LeverageTiers]:
    del evidence
    told = ((contract_id(row.text("contract")), row) for row in rows(body))
    for name, found in by_instrument(told, context):
        found.sort(key=_limit)
        caps = [_limit(row) for row in found]
        steps = (_step(row, floor) for row, floor in zip(found, [ZERO, *caps], strict=False))
        yield LeverageTiers(name, Measure.VALUE, tuple(steps), caps[-1])


def _limit(row: Node) -> Decimal:
    return row.decimal("risk_limit")


def _step(row: Node, floor: Decimal) -> LeverageTier:
    rates = row.decimal("maintenance_rate"), row.decimal("initial_rate")
    return LeverageTier(floor, *rates, row.decimal_or("deduction", ZERO))


TIERS: dict[str, ReadTiers] = {"risk-limits/1": _read}
