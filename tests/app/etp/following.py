"""The follower of a tenant's products, told its prices by a test, in a house that trades at a simulator."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tests.app.trading.desk import USDT, Trading

from truenav.access.policy import Principal
from truenav.app.etp import instructions
from truenav.app.etp.live.follower import TenantProducts
from truenav.app.etp.live.hedging import Hedger, SystemTrader
from truenav.app.etp.live.product import RunningProduct
from truenav.app.sight import Sight
from truenav.connect.contract import Payload
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Fact
from truenav.core.ids import Sha256, UserId
from truenav.core.instruction import Wish
from truenav.core.listing import Listing
from truenav.store import definitions, evidence, products
from truenav.store.definitions import Kind
from truenav.store.instructions import Instruction, get
from truenav.store.products import Chapter

from .listings import quote


class Market:
    """Stands in for the streams of a venue: a test tells the prices itself."""

    def __init__(self, house, venue, source, context, take, keep):
        self.venue, self.plans = venue, source.market_streams(context)
        del house, take, keep

    async def close(self) -> None:
        return None


@dataclass
class Following:
    """One tenant's products, their follower, and the people who want something of them."""

    trading: Trading
    products: TenantProducts

    def list(self, listed: Listing) -> None:
        with self.trading.house.database.transaction(self.trading.tenant) as session:
            definitions.put(session, Kind.LISTING, listed.id, listed, by="max", at=self.trading.clock.now())
        asyncio.run(self.products.look())

    def ends(self, id: str = "btc3l") -> None:
        with self.trading.house.database.transaction(self.trading.tenant) as session:
            definitions.delete(session, Kind.LISTING, id, by="max", at=self.trading.clock.now())
        asyncio.run(self.products.look())

    def listing(self, id: str = "btc3l") -> Listing:
        return next(one.body for one in self.products.known.listings if one.id == id)

    def running(self, id: str = "btc3l") -> RunningProduct:
        return self.products.running[id]

    def told(self, price: object, seconds: float) -> Sha256:
        """A price arrives with the message that states it, so many seconds after the opening."""
        at = self.listing().opened_at + timedelta(seconds=seconds)
        self.trading.clock.set(max(self.trading.clock.now(), at))
        body = f"{price} at {seconds}".encode()
        sha, now = Sha256(sha256_hex(body)), self.trading.clock.now()
        asked = Request("GET", "wss://venue.test/markPrice")
        meta = Evidence(sha, len(body), "binance", "1", "marks", "", asked, now, now, 200)
        self.products._keep(Payload(meta, body))
        self.products._take([price_fact(price, at, sha)])
        return sha

    def tended(self) -> None:
        """What people want is carried out, and what can be traded now is."""

        async def tend() -> None:
            hedger = self.hedger()
            for _ in range(4):
                await self.products.tend(hedger)
                await hedger.idle()
            await hedger.close()

        asyncio.run(tend())

    def hedger(self) -> Hedger:
        house = self.trading.house
        return self.products.hedger(SystemTrader(house, self.trading.tenant, self.trading.network(house)))

    def written(self) -> None:
        asyncio.run(self.products._write())

    def restarted(self) -> Following:
        """Another process, which knows what was written and nothing else."""
        again = Following(self.trading, TenantProducts(self.trading.house, self.trading.tenant))
        asyncio.run(again.products.look())
        return again

    def chapters(self, id: str = "btc3l") -> tuple[Chapter, ...]:
        with self.trading.house.database.transaction(self.trading.tenant) as session:
            return tuple(products.every(session, id))

    def archived(self, hashes) -> set[Sha256]:
        with self.trading.house.database.transaction(self.trading.tenant) as session:
            return set(evidence.meta_many(session, list(hashes)))

    def person(self, name: str, *roles: str) -> Principal:
        return Principal(UserId(name), self.trading.tenant, frozenset(roles), name)

    def asks(self, wish: Wish, *, who: str = "max", id: str = "btc3l") -> str:
        house = self.trading.house
        with house.database.transaction(self.trading.tenant) as session:
            principal = self.person(who, "manager")
            return instructions.request(session, house, principal, Sight(), id, wish).id

    def approves(self, id: str, *, who: str = "fay") -> None:
        house = self.trading.house
        with house.database.transaction(self.trading.tenant) as session:
            instructions.approve(session, house, self.person(who, "finance"), Sight(), id)

    def instruction(self, id: str) -> Instruction:
        with self.trading.house.database.transaction(self.trading.tenant) as session:
            return get(session, id)


def price_fact(price: object, at: datetime, sha: str = "a" * 64) -> Fact:
    """A mark of the perpetual as the venue states it."""
    told = quote(str(price), 0)
    body = replace(told.body, quote=USDT)
    return replace(told, source="binance", occurred_at=at, evidence=Sha256(sha), body=body)
