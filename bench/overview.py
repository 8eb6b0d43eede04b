"""An open first page: the overview of a fund with 100,000 positions over HTTP, also while marks change."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

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
TURNS_A_SECOND = 4
"""How often the marks of some assets change; each asset is held in every book."""
PASSWORD = "slate heron counts 9 bridges"
EVIDENCE = Sha256("0" * 64)


class Bench:
    """A house of many positions, its server, and somebody who looks."""

    def __init__(self, books: int = BOOKS, assets: int = ASSETS) -> None:
        self.positions = books * assets
        self._turn = 0
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
        app: Any = server.config.app
        self._house, self._state = house, app.state
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

    def p99_live(self) -> float:
        """The same while live marks change; every change is valued."""
        before = Decimal(self._ask().json()["worth"]["nav"])
        with self._turning(self._change_marks):
            found = self.p99()
        if Decimal(self._ask().json()["worth"]["nav"]) <= before:
            raise AssertionError("the figures do not follow their marks")
        return found

    def followed(self) -> float:
        """Seconds from changed marks to the figures that follow from them, alone."""
        began = time.perf_counter()
        self._change_marks()
        return time.perf_counter() - began

    @contextmanager
    def _turning(self, change: Callable[[], None]) -> Iterator[None]:
        ended = threading.Event()

        def turn() -> None:
            while not ended.wait(1 / TURNS_A_SECOND):
                change()

        thread = threading.Thread(target=turn)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _change_marks(self) -> None:
        now = self._house.clock.now()
        self._turn += 1
        self._state.boards.of(TENANT).take([_price(self._turn % 1_000, now, self._turn)], at=now)
        self._state.views.reprice(TENANT)

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
    facts += [_price(i, at, 0) for i in range(assets)]
    with house.database.transaction(TENANT) as session:
        Journal(session, house.objects, TENANT).append(facts, now)


def _price(asset: int, at: datetime, turn: int) -> Fact:
    quote = Quote(_asset(asset), USD, QuoteKind.LAST, Decimal(asset + 1 + turn) / 8)
    return Fact("file:prices", "", f"X{asset}-{turn}", at, quote, EVIDENCE)


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
            Contender("p99 of 100 requests", bench.p99, note="HTTP, one after the other; nothing changes"),
            Contender(
                "p99 while marks change", bench.p99_live, note="400 lines a second, each change valued"
            ),
            Contender(
                "figures follow marks",
                bench.followed,
                note="100 lines, without HTTP, server in the same process",
            ),
        ],
        goals=[
            Goal("seconds", lambda seconds: seconds["p99 of 100 requests"], at_most=0.06),
            Goal(
                "seconds while marks change", lambda seconds: seconds["p99 while marks change"], at_most=0.06
            ),
        ],
        runs=3,
        verify=bench.check,
    )
