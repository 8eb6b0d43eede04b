"""Bybit's risk limits: by value in what a contract settles in (``mmDeduction`` is their deduction).

Where the venue tells no deduction, the rate is of the whole position, which is never less than it asks for.
Rates are fractions; the vendor's own example has them in percent, which is known by the highest leverage. The
fee of closing, which the venue adds to an account's maintenance margin, is in no tier.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from truenav.connect.cefi.bybit.answers import answers, contract_id, listed
from truenav.connect.contract import ParseContext
from truenav.connect.document import Node
from truenav.connect.tiers import ReadTiers, by_instrument
from truenav.core.evidence import Evidence
from truenav.core.leverage import LeverageTier, LeverageTiers, Measure
from truenav.core.money import ONE, ZERO, divided

_PERCENT = Decimal(100)
_MOST = Decimal(10)
"""Initial rate times highest leverage is about 1 in fractions and about 100 in percent."""


def _read(evidence: Evidence, body: bytes, context: ParseContext) -> Iterator[LeverageTiers]:
    del evidence
    told = (one for result in answers(body) for one in listed(result, "list"))
    for name, rows in by_instrument(((contract_id(row.text("symbol")), row) for row in told), context):
        rows.sort(key=_limit)
        limits = [_limit(row) for row in rows]
        steps = tuple(_step(floor, row) for floor, row in zip([ZERO, *limits], rows, strict=False))
        yield LeverageTiers(name, Measure.VALUE, steps, limits[-1])


def _step(floor: Decimal, row: Node) -> LeverageTier:
    initial = row.decimal("initialMargin")
    unit = _PERCENT if initial * row.decimal("maxLeverage") > _MOST else ONE
    return LeverageTier(
        floor,
        divided(row.decimal("maintenanceMargin"), unit),
        divided(initial, unit),
        row.decimal_or("mmDeduction", ZERO),
    )


def _limit(row: Node) -> Decimal:
    return row.decimal("riskLimitValue")


TIERS: dict[str, ReadTiers] = {"risk-limit/1": _read}
