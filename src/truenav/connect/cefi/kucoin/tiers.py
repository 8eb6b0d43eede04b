"""KuCoin's risk limits of isolated margin: by value, in what a contract settles in.

The venue tells no deductions, so a step's rate is taken of the whole position, which is never less than it
asks for. Cross margin has a formula instead of steps, and the position tells what that gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from truenav.connect.cefi.kucoin.answers import answers, contract_id
from truenav.connect.contract import ParseContext
from truenav.connect.document import Node
from truenav.connect.tiers import ReadTiers, by_instrument
from truenav.core.evidence import Evidence
from truenav.core.leverage import LeverageTier, LeverageTiers, Measure


def _read(evidence: Evidence, body: bytes, context: ParseContext) -> Iterator[LeverageTiers]:
    del evidence
    rows = ((contract_id(row.text("symbol")), row) for answer in answers(body) for row in answer.items())
    for name, found in by_instrument(rows, context):
        limit = max(row.decimal("maxRiskLimit") for row in found)
        yield LeverageTiers(name, Measure.VALUE, tuple(sorted(map(_step, found), key=_floor)), limit)


def _step(row: Node) -> LeverageTier:
    rates = (row.decimal(name) for name in ("minRiskLimit", "maintainMargin", "initialMargin"))
    return LeverageTier(*rates)


def _floor(one: LeverageTier) -> Decimal:
    return one.floor


TIERS: dict[str, ReadTiers] = {"risk-limits/1": _read}
