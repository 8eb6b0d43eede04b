"""A tenant with people who may connect accounts, on an installation of a workload's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from bench._installation import ROOT, Installation
from truenav.access.bootstrap import create_tenant
from truenav.access.policy import Principal
from truenav.access.users import NewUser, add_user
from truenav.app.house import House, open_house
from truenav.app.settings import read_settings
from truenav.app.sources.catalogues import ACCOUNTS
from truenav.app.sources.connections import add_connection
from truenav.app.sources.model import Connection
from truenav.connect.contract import Credentials
from truenav.core.account import Account, AccountKind
from truenav.core.ids import AccountId, ConnectionId, TenantId
from truenav.store.database import Session

TENANT = TenantId("bench")
WALLETS = {"binance": ("spot", "usdm"), "okx": ("trading", "funding")}
PASSWORD = "granite-lilac-tandem-09"


class BenchHouse:
    """The house of an installation, its tenant, and a manager who is logged in."""

    def __init__(self, place: Installation) -> None:
        self._opened = open_house(read_settings(place.environment))
        self.house: House = self._opened.__enter__()
        now = self.house.clock.now()
        admin = NewUser("ada", "Ada", "ada@bench.example", ("administrator",), PASSWORD)
        create_tenant(self.house.database, TENANT, name="Bench", administrator=admin, now=now)
        ada = self._log_in("ada@bench.example")
        manager = NewUser("max", "Max", "max@bench.example", ("manager",), PASSWORD)
        with self.house.database.transaction(TENANT) as session:
            add_user(session, ada, manager, now=now)
        self.manager = self._log_in("max@bench.example")

    def connect(
        self,
        session: Session,
        name: str,
        venue: str,
        *,
        wallets: tuple[str, ...],
        key: Credentials,
        since: datetime,
        address: str,
    ) -> None:
        """An account at a venue and the connection that reads it, both called ``name``."""
        account = Account(AccountId(name), name, venue, AccountKind.EXCHANGE, wallets)
        ACCOUNTS.put(session, self.house, self.manager, account)
        connection = Connection(ConnectionId(name), venue, account.id, since, address)
        add_connection(session, self.house, self.manager, connection, key)

    def connect_all(self, address: str) -> None:
        """Connect a simulator's accounts at the venues of ``WALLETS``, with a month of history."""
        since = self.house.clock.now() - timedelta(days=30)
        with self.house.database.transaction(TENANT) as session:
            for one in httpx.get(f"{address}/_simulator/state").json()["accounts"]:
                name, venue = one["id"], one["venue"]
                if venue in WALLETS:
                    key = demo_key(name, venue)
                    self.connect(
                        session, name, venue, wallets=WALLETS[venue], key=key, since=since, address=address
                    )

    def _log_in(self, email: str) -> Principal:
        return self.house.access.log_in(email, PASSWORD, address="bench", tenant=TENANT).principal


def demo_key(name: str, venue: str) -> Credentials:
    """The key of a simulated account; copies of an account are numbered in its key as in its name."""
    base, _, number = name.rpartition("-")
    base, suffix = (base, f"-{number}") if number.isdecimal() else (name, "")
    phrase = f"demo-{base}-phrase{suffix}" if venue == "okx" else ""
    return Credentials(f"demo-{base}-key{suffix}", f"demo-{base}-secret{suffix}", phrase)


def scenario_of(place: Installation, copies: Mapping[str, int]) -> Path:
    """The demo fund's scenario with some of its accounts copied, its market found from anywhere."""
    source = ROOT / "examples" / "demo_fund" / "scenario.toml"
    folder = source.parent
    text = source.read_text("utf-8").replace('market = "market"', f'market = "{folder}/market"')
    for name, count in copies.items():
        text = text.replace(f'id = "{name}"\n', f'id = "{name}"\ncopies = {count}\n', 1)
    path = place.data / "scenario.toml"
    path.write_text(text, "utf-8")
    return path
