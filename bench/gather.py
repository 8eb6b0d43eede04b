"""Fifty venue accounts gathered from a simulator 50 ms away: wallets, positions, orders, marks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from bench._installation import ROOT, Installation
from bench.harness import Contender, Goal, Workload
from truenav.access.bootstrap import create_tenant
from truenav.access.policy import Principal
from truenav.access.users import NewUser, add_user
from truenav.app.house import House, open_house
from truenav.app.settings import read_settings
from truenav.app.sources.catalogues import ACCOUNTS
from truenav.app.sources.connections import add_connection
from truenav.app.sources.gather import Outcome, gather
from truenav.app.sources.model import Connection
from truenav.connect.contract import Credentials
from truenav.core.account import Account, AccountKind
from truenav.core.ids import AccountId, ConnectionId, TenantId
from truenav.store.database import Session

COPIES = {
    "binance-directional": 9,
    "binance-market-making": 8,
    "binance-basis": 8,
    "okx-arbitrage": 9,
    "okx-options": 8,
    "okx-trend": 8,
}
LATENCY_MS = 50
TENANT = TenantId("bench")
WALLETS = {"binance": ("spot", "usdm"), "okx": ("trading", "funding")}
PASSWORD = "granite-lilac-tandem-09"


@dataclass
class Bench:
    """An installation with fifty connections, and what the last gathering brought."""

    place: Installation = field(default_factory=lambda: Installation("gather"))
    outcomes: tuple[Outcome, ...] = ()

    def __post_init__(self) -> None:
        self.address = self.place.simulator(self._scenario(), latency_ms=LATENCY_MS)
        self._opened = open_house(read_settings(self.place.environment))
        self.house: House = self._opened.__enter__()
        now = self.house.clock.now()
        admin = NewUser("ada", "Ada", "ada@bench.example", ("administrator",), PASSWORD)
        create_tenant(self.house.database, TENANT, name="Bench", administrator=admin, now=now)
        ada = self._log_in("ada@bench.example")
        manager = NewUser("max", "Max", "max@bench.example", ("manager",), PASSWORD)
        with self.house.database.transaction(TENANT) as session:
            add_user(session, ada, manager, now=now)
        who = self._log_in("max@bench.example")
        with self.house.database.transaction(TENANT) as session:
            for name in httpx.get(f"{self.address}/_simulator/state").json()["accounts"]:
                if name["venue"] in WALLETS:
                    self._connect(session, who, name["id"], name["venue"])

    def gather(self) -> float:
        """Seconds to gather all accounts as a strike does, each time with fresh budgets at the venues."""
        httpx.delete(f"{self.address}/_simulator/requests").raise_for_status()
        began = time.perf_counter()
        self.outcomes = gather(self.house, TENANT, history=False)
        return time.perf_counter() - began

    def check(self) -> str:
        """Every account is there, none failed, and no venue was asked beyond its limits."""
        failed = [failure for outcome in self.outcomes for failure in outcome.failures]
        accounts = {outcome.subject for outcome in self.outcomes}
        if failed or len(accounts) != 50:
            raise AssertionError(f"{len(accounts)} accounts, failures: {failed[:2]}")
        counted = httpx.get(f"{self.address}/_simulator/requests").json()
        return (
            f"50 accounts complete by {counted['total']} requests, none refused; weight that the venues "
            f"counted: {counted['weight']}, of 6,000 and 2,400 a minute."
        )

    def _scenario(self) -> Path:
        source = ROOT / "examples" / "demo_fund" / "scenario.toml"
        text = source.read_text("utf-8").replace(
            'market = "market"', f'market = "{source.parent / "market"}"'
        )
        for name, copies in COPIES.items():
            text = text.replace(f'id = "{name}"\n', f'id = "{name}"\ncopies = {copies}\n', 1)
        path = self.place.data / "scenario.toml"
        path.write_text(text, "utf-8")
        return path

    def _log_in(self, email: str) -> Principal:
        return self.house.access.log_in(email, PASSWORD, address="bench", tenant=TENANT).principal

    def _connect(self, session: Session, who: Principal, name: str, venue: str) -> None:
        account = Account(AccountId(name), name, venue, AccountKind.EXCHANGE, WALLETS[venue])
        ACCOUNTS.put(session, self.house, who, account)
        base, _, number = name.rpartition("-")
        base, suffix = (base, f"-{number}") if number.isdecimal() else (name, "")
        phrase = f"demo-{base}-phrase{suffix}" if venue == "okx" else ""
        key = Credentials(f"demo-{base}-key{suffix}", f"demo-{base}-secret{suffix}", phrase)
        since = datetime.now(UTC) - timedelta(days=30)
        connection = Connection(ConnectionId(name), venue, account.id, since, self.address)
        add_connection(session, self.house, who, connection, key)


def workload() -> Workload:
    bench = Bench()
    bench.gather()
    return Workload(
        title="Gathering 50 accounts, 50 ms away",
        items=50,
        unit="account",
        ours="truenav",
        contenders=[Contender("truenav", bench.gather, note="asked, archived, parsed, recorded")],
        goals=[Goal("seconds", lambda seconds: seconds["truenav"], at_most=2.0)],
        verify=bench.check,
    )
