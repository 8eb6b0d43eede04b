"""Hyperliquid's answers as facts, each thing stated by one endpoint only.

====================  =================================================================================
balances              mode, spot balances and perpetuals, joined: cash without open profit, positions
fills                 trades with their fees, what they realised, settlements of delisted markets
funding               funding payments
ledger                deposits, withdrawals, transfers, staking, vaults, rewards, costs, interest
rewards               what staking paid
====================  =================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from truenav.connect.bulk import in_bulk
from truenav.connect.cefi.hyperliquid.fills import read_fills, read_funding
from truenav.connect.cefi.hyperliquid.ledger import read_ledger, read_rewards
from truenav.connect.cefi.hyperliquid.market import read_pairs, read_perps, read_stream
from truenav.connect.cefi.hyperliquid.state import read_balances, read_dexes, read_staking, read_vaults
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.money import exact


def _reader(read: Callable[[Reading, Node], None]) -> Parser:
    """A parser that hands the whole document to ``read``."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        with exact():
            read(reading, read_json(body))
        return reading.done()

    return parse


def _nothing(reading: Reading, document: Node) -> None:
    """Kept as evidence; it states no facts of its own."""
    del reading, document


PARSERS: Mapping[str, Parser] = {
    "role/1": _reader(_nothing),
    "mode/1": _reader(_nothing),
    "spot-state/1": _reader(_nothing),
    "perp-state/1": _reader(_nothing),
    "perp-dexes/1": _reader(_nothing),
    "orders/1": _reader(_nothing),
    "perps/1": _reader(read_perps),
    "pairs/1": _reader(read_pairs),
    "stream.context/1": _reader(read_stream),
    PRIVATE: private_news,
    "balances/1": _reader(read_balances),
    "staking/1": _reader(read_staking),
    "vaults/1": _reader(read_vaults),
    "dexes/1": _reader(read_dexes),
    "fills/1": in_bulk("truenav.connect.cefi.hyperliquid.columns:fills", _reader(read_fills)),
    "funding/1": _reader(read_funding),
    "ledger/1": _reader(read_ledger),
    "rewards/1": _reader(read_rewards),
}
