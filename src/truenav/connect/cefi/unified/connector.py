"""A venue through ccxt: key check, market and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from weakref import WeakKeyDictionary

from truenav.connect.cefi.unified import errors, rows
from truenav.connect.cefi.unified.account import Reader
from truenav.connect.cefi.unified.catalogue import Venue
from truenav.connect.cefi.unified.client import Listing, UnifiedClient, load
from truenav.connect.cefi.unified.manifest import manifest
from truenav.connect.cefi.unified.parse import PARSERS
from truenav.connect.cefi.unified.symbols import market_id, market_name
from truenav.connect.contract import (
    Credentials,
    Errand,
    Gathered,
    KeyCheck,
    Manifest,
    ParseContext,
    Parser,
    Right,
)
from truenav.connect.errors import ClockSkewError, KeyForbiddenError, VenueError
from truenav.connect.gathering import Harvest, Pages, Step
from truenav.connect.limits import VenueGate
from truenav.connect.transport import Transport
from truenav.core.clock import from_milliseconds
from truenav.core.failure import FailureKind
from truenav.core.instrument import InstrumentBook

_CONTRACTS = ("swap", "future", "option")
_SIDE_BY_SIDE = 8
"""Steps at a time: a venue that lets little through would refuse the last of many."""


class UnifiedConnector:
    """Reads one venue of ccxt."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.manifest: Manifest = manifest(venue)
        self.parsers: Mapping[str, Parser] = PARSERS
        self._listed: WeakKeyDictionary[VenueGate, Listing] = WeakKeyDictionary()

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """The refusal in an answer by its status alone; ccxt's own judgement goes with each request."""
        return errors.refusal(self.venue.id, status, body, VenueError("")) if status >= 400 else None

    async def clock_offset(self, api: Transport) -> timedelta:
        """The venue's clock less ours; raises ``ClockSkewError`` where the venue does not tell its time."""
        if "fetchTime" not in self.venue.has:
            raise ClockSkewError(f"{self.venue.title} does not tell its time; synchronise ours by NTP.")
        answer = await (await self._open(api, None)).call("fetch_time")
        return from_milliseconds(int(answer.value)) - answer.heard[-1].evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Whether a key reads balances, and the clock where the venue tells it; ccxt tells no rights."""
        if self.venue.unfit:
            raise KeyForbiddenError(
                f"{self.venue.title} also wants {', '.join(self.venue.unfit)}, for which a key has no place; "
                "import its statements instead."
            )
        client = await self._client(api, credentials)
        told = "fetchTime" in self.venue.has
        offset = await self.clock_offset(api) if told else timedelta(0)
        await client.call("fetch_balance")
        return KeyCheck(
            read=Right.YES,
            trade=Right.UNVERIFIED,
            withdraw=Right.UNVERIFIED,
            clock_offset=offset,
            account_types=self.venue.types,
            notes=() if told else ("The venue does not tell its time: its clock is not compared with ours.",),
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms of the markets of known assets, then last prices of spot and marks of contracts."""
        del credentials
        harvest = Harvest(api, context, self.venue.id, FailureKind.UNPRICED)
        client = await self._open(api, None)
        await harvest.run([("unified.markets/1", self._list(client))])
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        await _run(harvest, _price_steps(client, harvest.context.instruments))
        return harvest.gathered()

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances and positions, then what happened since the cursors, as far as ccxt can read it."""
        harvest = Harvest.of(api, errand)
        clients: list[UnifiedClient] = []

        async def enter() -> Pages:
            clients.append(await self._client(api, errand.credentials))
            return Pages(())

        await harvest.run([("unified.markets/1", enter())])
        if not clients:
            return harvest.gathered()
        reader = Reader(clients[0], errand.account, errand.context, errand.cursors, errand.since)
        await _run(harvest, reader.state_steps())
        if errand.history:
            await _run(harvest, reader.history_steps(harvest.facts))
        return harvest.gathered()

    async def _client(self, api: Transport, credentials: Credentials) -> UnifiedClient:
        """A client that knows the venue's markets, which one of this round has listed or this one lists."""
        client = await self._open(api, credentials)
        if api.gate not in self._listed:
            await self._list(await self._open(api, None))
        client.know(self._listed[api.gate])
        return client

    async def _open(self, api: Transport, credentials: Credentials | None) -> UnifiedClient:
        await asyncio.to_thread(load, self.venue.id)
        return UnifiedClient(self.venue, api, credentials)

    async def _list(self, client: UnifiedClient) -> Pages:
        """All markets; they are remembered as long as the round's network stands."""
        answer = await client.call("load_markets")
        self._listed[client.api.gate] = client.listing()
        body = {"rows": rows.market_rows(answer.value)}
        return Pages(
            (
                *answer.heard,
                await rows.payload_of(client, "unified.markets/1", "fetchMarkets", [answer], body),
            )
        )


async def _run(harvest: Harvest, steps: Iterable[Step]) -> None:
    """Run steps, a few side by side."""
    waiting = list(steps)
    while waiting:
        part, waiting = waiting[:_SIDE_BY_SIDE], waiting[_SIDE_BY_SIDE:]
        await harvest.run(part)


def _price_steps(client: UnifiedClient, book: InstrumentBook) -> Iterable[Step]:
    """Prices of the known markets: for each type at once where the venue can, else one by one."""
    groups: dict[tuple[str, str], list[str]] = {}
    for symbol, market in sorted((client.exchange.markets or {}).items()):
        if market_id(client.venue.id, market_name(market)) in book.instruments:
            groups.setdefault((market["type"], market.get("subType") or ""), []).append(symbol)
    for (kind, sub), symbols in groups.items():
        name = f"unified.tickers/1?{kind}{sub}"
        if client.has("fetchTickers"):
            yield name, _tickers(client, "fetch_tickers", symbols)
            if kind in _CONTRACTS and client.has("fetchFundingRates") and kind == "swap":
                yield f"{name}&marks", _tickers(client, "fetch_funding_rates", symbols)
        elif client.has("fetchTicker"):
            for symbol in symbols:
                yield f"unified.tickers/1?{symbol}", _ticker(client, symbol)


async def _tickers(client: UnifiedClient, method: str, symbols: list[str]) -> Pages:
    answer = await client.call(method, symbols)
    columns = rows.TICKERS if method == "fetch_tickers" else rows.FUNDING_RATES
    found = rows.plain_rows(client, answer.value, columns, "ticker")
    payload = await rows.payload_of(client, "unified.tickers/1", method, [answer], {"rows": found})
    return Pages((*answer.heard, payload))


async def _ticker(client: UnifiedClient, symbol: str) -> Pages:
    answer = await client.call("fetch_ticker", symbol)
    found = rows.plain_rows(client, [answer.value], rows.TICKERS, "ticker")
    payload = await rows.payload_of(client, "unified.tickers/1", "fetch_ticker", [answer], {"rows": found})
    return Pages((*answer.heard, payload))
