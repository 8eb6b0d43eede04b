"""A house with an account that may trade at the simulated Binance, on a clock that moves only when told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from tests.simulator.trading import NOW, account, trading_world

from truenav.access.policy import Principal
from truenav.app.house import House
from truenav.app.settings import Settings
from truenav.app.sources.context import keep_instruments
from truenav.app.sources.model import Connection
from truenav.app.trading import service
from truenav.app.trading.catalogues import LIMITS as TRADING_LIMITS
from truenav.app.trading.limits import TradingLimits
from truenav.connect.transport import Network
from truenav.core.account import Account, AccountKind
from truenav.core.canonical import canonical_json
from truenav.core.ids import AccountId, ConnectionId, InstrumentId, TenantId, UserId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import AssetId
from truenav.core.orders import Order, OrderRequest, OrderType, Side
from truenav.proving.inside import Inside
from truenav.simulator.server import FOREVER, create_app
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World
from truenav.store import definitions, orders
from truenav.store.database import Database
from truenav.store.definitions import Kind

D = Decimal
DESK = AccountId("binance")
BTC = InstrumentId("binance-usdm:BTCUSDT")
USDT = AssetId("eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7")
PERP = "BTC-USDT-SWAP"
PERPETUAL = Instrument(
    BTC,
    "binance",
    "BTCUSDT",
    InstrumentKind.PERPETUAL,
    AssetId("bip122:000000000019d6689c085ae165831e93/slip44:0"),
    USDT,
    USDT,
    D(1),
)
LIMITS = TradingLimits(DESK, (BTC,), USDT, D(500_000), D(2_000_000), D(1_000_000), D("0.02"))
ORDER = "/fapi/v1/order"
_tenants = count(1)


def request(leg: int = 0, quantity: str = "0.5", side: Side = Side.BUY, **more: object) -> OrderRequest:
    """An order of the decision that the tests make."""
    return OrderRequest(DESK, "etp/btc3l/1", leg, BTC, side, D(quantity), **more)  # type: ignore[arg-type]


def limit(price: Decimal, leg: int = 0, side: Side = Side.BUY, **more: object) -> OrderRequest:
    """A limit order of half a coin."""
    return request(leg, side=side, type=OrderType.LIMIT, price=price, **more)


@dataclass
class Trading:
    """House, venue, and the one clock of both."""

    house: House
    tenant: TenantId
    world: World
    clock: VirtualClock
    lagging: list[Callable[[], None]] = field(default_factory=list)
    """Done once, one each, when the executor next pauses."""
    posts: list[dict[str, str]] = field(default_factory=list)
    hold: Callable[[], float | None] = lambda: None
    """Seconds for which the next thing that is posted is held up on its way; None: it is not."""
    held: list[tuple[datetime, httpx.Request]] = field(default_factory=list)

    def principal(self, *roles: str) -> Principal:
        return Principal(UserId("anna"), self.tenant, frozenset(roles or ("manager", "risk")), "Anna")

    def run(
        self, *requests: OrderRequest, seconds: float = 10, clock: VirtualClock | None = None
    ) -> list[Order]:
        """Execute with a network of its own, as each process has one."""
        return asyncio.run(self.running(*requests, seconds=seconds, clock=clock))

    async def running(
        self, *requests: OrderRequest, seconds: float = 10, clock: VirtualClock | None = None
    ) -> list[Order]:
        house = self.house if clock is None else replace(self.house, clock=clock)
        until = house.clock.now() + timedelta(seconds=seconds)
        found = await service.execute_on(
            house, self.principal(), DESK, requests, good_until=until, network=self.network(house)
        )
        return list(found)

    def later(self, **span: float) -> None:
        """Let time pass; what was held up arrives on its way."""
        asyncio.run(self.wait(timedelta(**span)))

    async def wait(self, span: timedelta) -> None:
        """`later`, inside a run."""
        target = self.clock.now() + span
        while due := [at for at, _ in self.held if at <= target]:
            self.clock.set(max(min(due), self.clock.now()))
            await Line.of(self).deliver()
        self.clock.set(target)

    def network(self, house: House) -> Network:
        begun = self.clock.now()

        async def sleep(seconds: float) -> None:
            await self.wait(timedelta(seconds=max(seconds, 0.001)))  # less is no time on this clock
            if self.lagging:
                self.lagging.pop(0)()

        def monotonic() -> float:
            return (self.clock.now() - begun).total_seconds()

        return Network(
            [Line.of(self)],
            clock=house.clock,
            seed=3,
            sleep=sleep,
            monotonic=monotonic,
        )

    def fault(self, kind: str, path: str = ORDER, times: int | None = 1, **more: object) -> None:
        self.world.faults.add({"kind": kind, "path": path, "times": times, **more})

    def at_venue(self) -> list[object]:
        """Every order that the venue ever took, oldest first."""
        return list(self.world.books(DESK).orders.values())

    def position(self) -> Decimal:
        held = self.world.books(DESK).positions.get(PERP)
        return held.size if held else D(0)

    def mark(self) -> Decimal:
        quote = self.world.quote(self.world.market.instrument("binance", PERP))
        assert quote is not None
        return quote.mark

    def put_limits(self, limits: TradingLimits) -> None:
        with self.house.database.transaction(self.tenant) as session:
            TRADING_LIMITS.put(session, self.house, self.principal(), limits)

    def trail(self, asked: OrderRequest) -> list[str]:
        with self.house.database.transaction(self.tenant) as session:
            return [str(one.state) for one in orders.events(session, DESK, asked.client_id)]

    def journal(self) -> dict[str, Order]:
        with self.house.database.transaction(self.tenant) as session:
            return {
                one.request.client_id: one for one in orders.since(session, DESK, NOW - timedelta(days=9))
            }


class Line(Inside):
    """Writes down what is posted, and may hold it up: the client hears nothing, the venue gets it later."""

    trading: Trading

    @classmethod
    def of(cls, trading: Trading) -> Line:
        """A line to the venue on which a client waits 20 s for an answer."""

        async def passing(seconds: float) -> None:
            await trading.wait(timedelta(seconds=min(seconds, 20)))
            if seconds >= FOREVER:
                raise httpx.ReadTimeout("The venue does not answer.")

        line = cls(create_app(trading.world, pause=passing))
        line.trading = trading
        return line

    async def request(self, method: str, url: httpx.URL | str, **more: Any) -> httpx.Response:
        await self.deliver()
        if method == "POST":
            self.trading.posts.append(dict(httpx.URL(url).params))
            if (seconds := self.trading.hold()) is not None:
                due = self.trading.clock.now() + timedelta(seconds=seconds)
                self.trading.held.append((due, httpx.Request(method, url, headers=more["headers"])))
                raise httpx.ReadError("The connection was lost.")
        return await super().request(method, url, **more)

    async def deliver(self) -> None:
        """Hand over what was held up for long enough."""
        due = [one for one in self.trading.held if one[0] <= self.trading.clock.now()]
        self.trading.held[:] = [one for one in self.trading.held if one not in due]
        for _, late in due:
            with suppress(httpx.HTTPError):
                await super().request(late.method, late.url, headers=dict(late.headers))


def furnish(house: House, tenant: TenantId, base_url: str, at: datetime) -> None:
    """Account, connection, trading key, terms and limits."""
    with house.database.transaction(tenant) as session:
        kept = Account(DESK, "Desk", "binance", AccountKind.EXCHANGE, ("usdm",))
        definitions.put(session, Kind.ACCOUNT, kept.id, kept, by="anna", at=at)
        link = Connection(ConnectionId("binance"), "binance", DESK, at, base_url=base_url)
        definitions.put(session, Kind.CONNECTION, link.id, link, by="anna", at=at)
        keep_instruments(session, [PERPETUAL], at=at)
        house.vault.put(session, "trading/binance", canonical_json({"key": "binance", "secret": "s"}), at=at)
        definitions.put(session, Kind.TRADING_LIMITS, DESK, LIMITS, by="anna", at=at)


def furnished(
    database: Database, folder: Path, *, rights: str = '"read", "trade"', more: str = ""
) -> Trading:
    """A new world, a new tenant; ``more``: other accounts at the venue."""
    clock = VirtualClock(NOW)
    folder.mkdir(exist_ok=True)
    world = trading_world(folder, clock, accounts=account("binance", "binance", rights) + more)
    house = House.of(Settings(data_dir=folder), database, clock)
    tenant = TenantId(f"desk-{next(_tenants)}")
    furnish(house, tenant, "http://venue.test", NOW)
    return Trading(house, tenant, world, clock)
