"""Kraken Futures' margin levels: by contracts, or by value where a contract has no size of its own.

A level's rate is taken of the whole position, which is never less than the venue asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from truenav.connect.cefi.krakenfutures.terms import contract_id
from truenav.connect.contract import ParseContext
from truenav.connect.document import Node, read_json
from truenav.connect.tiers import ReadTiers
from truenav.core.evidence import Evidence
from truenav.core.leverage import LeverageTier, LeverageTiers, Measure

_MEASURES = {"contracts": Measure.CONTRACTS, "numNonContractUnits": Measure.VALUE}


def _read(evidence: Evidence, body: bytes, context: ParseContext) -> Iterator[LeverageTiers]:
    del evidence
    for row in read_json(body).field("instruments").items():
        name, levels = contract_id(row.text("symbol")), row.maybe("marginLevels")
        if name not in context.instruments.instruments or levels is None:
            continue
        for field, measure in _MEASURES.items():
            steps = [_step(one, field) for one in levels.items() if one.maybe(field) is not None]
            if steps:
                yield LeverageTiers(name, measure, tuple(sorted(steps, key=_floor)))
                break


def _step(row: Node, field: str) -> LeverageTier:
    return LeverageTier(row.decimal(field), row.decimal("maintenanceMargin"), row.decimal("initialMargin"))


def _floor(one: LeverageTier) -> Decimal:
    return one.floor


TIERS: dict[str, ReadTiers] = {"instruments/1": _read}
