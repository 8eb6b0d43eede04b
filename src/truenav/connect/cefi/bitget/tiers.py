"""Bitget's position tiers: by value, each step's rate taken of the whole position.

The venue tells no deductions, and its examples are of contracts that are settled in the quote asset only. So
the readings are taken that ask for more: no deductions, and of coin-margined contracts, whose steps may be in
coins, steps in dollars without a limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from truenav.connect.cefi.bitget.answers import COINM, PRODUCTS, answered, contract_id, listed
from truenav.connect.contract import ParseContext
from truenav.connect.document import Node, read_json
from truenav.connect.tiers import ReadTiers, by_instrument
from truenav.core.evidence import Evidence
from truenav.core.leverage import LeverageTier, LeverageTiers, Measure
from truenav.core.money import ONE, divided


def _reader(wallet: str) -> ReadTiers:
    def read(evidence: Evidence, body: bytes, context: ParseContext) -> Iterator[LeverageTiers]:
        del evidence
        rows = ((contract_id(row.text("symbol").upper()), row) for row in listed(answered(read_json(body))))
        for name, found in by_instrument(rows, context):
            limit: Decimal | None = max(row.decimal("endUnit") for row in found)
            steps = tuple(sorted(map(_step, found), key=_floor))
            yield LeverageTiers(name, Measure.VALUE, steps, None if wallet == COINM else limit)

    return read


def _step(row: Node) -> LeverageTier:
    leverage = row.decimal("leverage")
    return LeverageTier(row.decimal("startUnit"), row.decimal("keepMarginRate"), divided(ONE, leverage))


def _floor(one: LeverageTier) -> Decimal:
    return one.floor


TIERS = {f"{one.wallet}.tiers/1": _reader(one.wallet) for one in PRODUCTS}
