"""A venue's page of fills, and what either reading of it needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import ccxt

from truenav.connect.bulk import ReadFills
from truenav.connect.cefi.deribit.ledger import profits_noted
from truenav.connect.contract import ParseContext
from truenav.connect.fills import Fills
from truenav.connect.reading import noted_tags
from truenav.connect.registry import parse
from truenav.core.asset import BTC, BUILTIN_ALIASES, BUILTIN_ASSETS, USDT, AssetBook
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Fact
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind, instrument_id
from truenav.core.money import ONE, exact

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAIR = {"symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "baseId": "BTC", "quoteId": "USDT"}
SPOT = {**PAIR, "type": "spot", "spot": True}
SWAP = {"base": "BTC", "baseId": "BTC", "type": "swap", "swap": True, "contract": True}
INVERSE = {
    **SWAP,
    "symbol": "BTC/USD:BTC",
    "quote": "USD",
    "quoteId": "USD",
    "settle": "BTC",
    "settleId": "BTC",
    "inverse": True,
    "linear": False,
    "contractSize": 10,
}
LINEAR = {
    **SWAP,
    "id": "BTC/USDC:USDC",  # by which ccxt looks Hyperliquid's markets up, so that it finds this one at once
    "symbol": "BTC/USDC:USDC",
    "quote": "USDC",
    "quoteId": "USDC",
    "settle": "USDC",
    "settleId": "USDC",
    "inverse": False,
    "linear": True,
    "contractSize": 1,
}


@dataclass(frozen=True)
class Page:
    """One venue's page of fills; ``name`` makes our name of a fill from the venue's row."""

    venue: str
    body: bytes
    evidence: Evidence
    context: ParseContext
    read: ReadFills
    name: str
    rows_of: Callable[[Any], list[Any]]
    exchange: Any
    market: Any
    size: Decimal

    def columns(self) -> Fills:
        """Ours, the page in one part."""
        with exact():
            found = self.read(self.evidence, self.body, self.context)
        assert found is not None, "the page is as documented"
        return found

    def facts(self) -> Sequence[Fact]:
        """Ours, as a gathering hands them to the journal: a sequence of facts in columns.

        What was noted on the page before is forgotten first: a gathering meets each page once.
        """
        for noted in (noted_tags, profits_noted):
            noted.cache_clear()
        return parse(self.evidence, self.body, self.context).facts

    def rows(self) -> list[dict[str, Any]]:
        """ccxt's, as dictionaries."""
        rows = self.rows_of(json.loads(self.body))
        found: list[dict[str, Any]] = self.exchange.parse_trades(rows, self.market)
        return found


def spot(venue: str, code: str) -> Instrument:
    """Terms of BTC for USDT, which the venue calls ``code``."""
    return Instrument(instrument_id(venue, code), venue, code, InstrumentKind.SPOT, BTC, USDT, USDT, ONE)


def page_of(
    venue: str,
    endpoint: str,
    terms: Instrument,
    document: object,
    read: ReadFills,
    name: str,
    rows_of: Callable[[Any], list[Any]],
    *notes: tuple[str, str],
) -> Page:
    """A page of ``document``, whose rows ``rows_of`` finds, with what was noted on it."""
    body = json.dumps(document, separators=(",", ":")).encode()
    request = Request("GET", "https://venue.test", notes)
    evidence = Evidence(
        Sha256(sha256_hex(body)), len(body), venue, "1", endpoint, "a", request, NOW, NOW, 200
    )
    exchange = getattr(ccxt, venue)({"number": str})
    spot_like = terms.kind is InstrumentKind.SPOT
    market = {"id": terms.code, **(SPOT if spot_like else INVERSE if terms.inverse else LINEAR)}
    exchange.set_markets([exchange.safe_market_structure(market)])
    context = ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook([terms]))
    return Page(
        venue,
        body,
        evidence,
        context,
        read,
        name,
        rows_of,
        exchange,
        exchange.market(market["symbol"]),
        terms.multiplier,
    )
