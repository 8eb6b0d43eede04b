"""An open first page: the overview of a fund with 100,000 positions, over HTTP, while nothing changes."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal

import httpx

from bench._installation import Installation
from bench.harness import Contender, Goal, Workload
from truenav.access.bootstrap import create_tenant
from truenav.access.users import NewUser
from truenav.api.server import make_server
from truenav.app.house import House, open_house
from truenav.app.settings import Settings
from truenav.core.account import Account, AccountKind
from truenav.core.asset import USD, Asset, AssetKind
from truenav.core.facts import BalanceLine, BalanceSnapshot, Fact, Quote, QuoteKind
from truenav.core.ids import AccountId, NodeId, Sha256, ShareClassId, TenantId
from truenav.core.money import AssetId
from truenav.core.policy import PriceSource, PricingPolicy, PricingRule
from truenav.core.portfolio import ByShare, Node, NodeKind, ShareClass, SubBookRule
from truenav.store import definitions
from truenav.store.definitions import Kind
from truenav.store.journal import Journal

TENANT = TenantId("bench")
BOOKS, ASSETS = 100, 1_000
REQUESTS = 100
PASSWORD = "slate heron counts 9 bridges"
EVIDENCE = Sha256("0" * 64)


class Bench:
    """A house of many positions, its server, and somebody who looks."""

    def __init__(self, books: int = BOOKS, assets: int = ASSETS) -> None:
        self.positions = books * assets
        place = Installation("overview")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = Settings(data_dir=place.data, port=port, log_level="error")
        self._stack = ExitStack()
        house = self._stack.enter_context(open_house(settings))
        _people(house)
        _portfolio(house, books, assets)
        _facts(house, books, assets)
        server = make_server(settings, house=house)
        threading.Thread(target=server.run, daemon=True).start()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600)
        self._log_in()
        began = time.perf_counter()
        self.page = self._ask().json()
        self.first = time.perf_counter() - began

    def p99(self) -> float:
        """The 99th percentile of a hundred requests one after the other, in seconds."""
        times = []
        for _ in range(REQUESTS):
            began = time.perf_counter()
            self._ask()
            times.append(time.perf_counter() - began)
        return sorted(times)[math.ceil(0.99 * REQUESTS) - 1]

    def check(self) -> str:
        """The page shows every position."""
        lines = self.page["tree"][0]["lines"]
        if lines != self.positions or self.page["worth"]["nav"] is None:
            raise AssertionError(f"{lines} lines, NAV {self.page['worth']['nav']}")
        return f"The page counts {lines:,} lines. Valuing them the first time took {self.first:.1f} s."

    def _ask(self) -> httpx.Response:
        answer = self.client.get("/api/v1/overview/alpha")
        answer.raise_for_status()
        return answer

    def _log_in(self) -> None:
        body = {"email": "ada@bench.test", "password": PASSWORD}
        for _ in range(200):
            try:
                self.client.post("/api/v1/login", json=body).raise_for_status()
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("the server does not answer")


def _people(house: House) -> None:
    ada = NewUser("ada", "Ada", "ada@bench.test", ("administrator",), PASSWORD)
    create_tenant(house.database, TENANT, name="Bench", administrator=ada, now=house.clock.now())


def _portfolio(house: House, books: int, assets: int) -> None:
    nodes = [Node(NodeId("alpha"), "Alpha", NodeKind.FUND)]
    nodes += [Node(NodeId(f"n{i}"), f"Book {i}", NodeKind.BOOK, NodeId("alpha")) for i in range(books)]
    accounts = [
        Account(AccountId(f"a{i}"), f"Account {i}", f"venue-{i % 10}", AccountKind.BANK, ("main",))
        for i in range(books)
    ]
    rules = [SubBookRule(AccountId(f"a{i}"), 0, NodeId(f"n{i}"), ByShare(Decimal(1))) for i in range(books)]
    coins = [Asset(_asset(i), f"X{i}", f"X{i}", AssetKind.CRYPTO, 8) for i in range(assets)]
    source = PriceSource("file:prices", QuoteKind.LAST, USD)
    policy = PricingPolicy("alpha", (PricingRule("*", (source,), 86_400, 7 * 86_400),))
    share_class = ShareClass(ShareClassId("alpha-a"), NodeId("alpha"), "A", USD, Decimal(0))
    with house.database.transaction(TENANT) as session:
        written: tuple[tuple[Kind, Mapping[str, object]], ...] = (
            (Kind.NODE, {one.id: one for one in nodes}),
            (Kind.ACCOUNT, {one.id: one for one in accounts}),
            (Kind.RULE, {f"{one.account}#0": one for one in rules}),
            (Kind.ASSET, {one.id: one for one in coins}),
            (Kind.SHARE_CLASS, {share_class.id: share_class}),
            (Kind.PRICING_POLICY, {policy.id: policy}),
        )
        for kind, bodies in written:
            definitions.put_many(session, kind, bodies, by="bench", at=house.clock.now())


def _facts(house: House, books: int, assets: int) -> None:
    now = house.clock.now()
    at = now - timedelta(seconds=5)
    held = tuple(BalanceLine(_asset(i), Decimal(i + 1)) for i in range(assets))
    facts = [
        Fact("file:balances", f"a{i}", "main", at, BalanceSnapshot("main", held), EVIDENCE)
        for i in range(books)
    ]
    facts += [
        Fact(
            "file:prices",
            "",
            f"X{i}",
            at,
            Quote(_asset(i), USD, QuoteKind.LAST, Decimal(i + 1) / 8),
            EVIDENCE,
        )
        for i in range(assets)
    ]
    with house.database.transaction(TENANT) as session:
        Journal(session, house.objects, TENANT).append(facts, now)


def _asset(number: int) -> AssetId:
    return AssetId(f"bench:X{number}")


def workload() -> Workload:
    bench = Bench()
    return Workload(
        title="The overview of 100,000 positions",
        items=1,
        unit="request",
        ours="p99 of 100 requests",
        contenders=[
            Contender("p99 of 100 requests", bench.p99, note="HTTP, one after the other; nothing changes")
        ],
        goals=[Goal("seconds", lambda seconds: seconds["p99 of 100 requests"], at_most=0.06)],
        verify=bench.check,
    )
