"""HTX's risk limits of USDT-margined perpetuals in cross margin: by contracts.

The venue tells no deductions, so a step's rate is taken of the whole position, which is never less than it
asks for. Rows of another margin mode are left, and those of dated futures, which have the perpetual's code.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from truenav.connect.cefi.htx.answers import answered, contract_id, listed
from truenav.connect.contract import ParseContext
from truenav.connect.document import Node, read_json
from truenav.connect.tiers import ReadTiers, by_instrument
from truenav.core.evidence import Evidence
from truenav.core.leverage import LeverageTier, LeverageTiers, Measure
from truenav.core.money import ONE, ZERO, divided


def _read(evidence: Evidence, body: bytes, context: ParseContext) -> Iterator[LeverageTiers]:
    del evidence
    told = (row for row in listed(answered(read_json(body))) if _is_cross_perpetual(row))
    rows = ((contract_id(row.text("contract_code")), row) for row in told)
    for name, found in by_instrument(rows, context):
        found.sort(key=lambda row: row.decimal("max_volume"))
        caps = [row.decimal("max_volume") for row in found]
        steps = (_step(row, floor) for row, floor in zip(found, [ZERO, *caps], strict=False))
        yield LeverageTiers(name, Measure.CONTRACTS, tuple(steps), caps[-1])


def _is_cross_perpetual(row: Node) -> bool:
    kind, mode = row.text_or("contract_type", "swap"), row.text_or("margin_mode", "cross")
    return (kind, mode) == ("swap", "cross")


def _step(row: Node, floor: Decimal) -> LeverageTier:
    if row.text_or("volume_unit", "cont").lower() not in ("", "cont"):
        raise row.wrong("volume_unit is not contracts")
    return LeverageTier(floor, row.decimal("maintenance_margin_rate"), divided(ONE, row.decimal("max_lever")))


TIERS: dict[str, ReadTiers] = {"usdtm.tiers/1": _read}
