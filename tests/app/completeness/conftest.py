"""A house with one account whose wallet is read now and then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from truenav.app.completeness.windows import check_windows, note_late
from truenav.app.house import House
from truenav.app.settings import Settings
from truenav.core.account import Account, AccountKind
from truenav.core.asset import USDT
from truenav.core.facts import BalanceLine, BalanceSnapshot, Body, Fact, Transfer, TransferKind
from truenav.core.ids import AccountId, Sha256, TenantId
from truenav.core.instrument import InstrumentBook
from truenav.core.money import Amount
from truenav.store import definitions, issues, migrate
from truenav.store.database import Database
from truenav.store.definitions import Kind
from truenav.store.issues import Issue
from truenav.store.journal import Journal
from truenav.store.postgres import DATABASE, EmbeddedPostgres, Role, grant_database

START = datetime(2026, 1, 1, tzinfo=UTC)
MAIN = AccountId("main")
_numbers = count(1)


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def fact(minutes: float, body: Body, *, name: str | None = None, account: str = MAIN) -> Fact:
    when = at(minutes)
    return Fact("okx", account, name or f"{body.TAG}@{minutes}", when, body, Sha256("0" * 64))


def held(minutes: float, number: str, wallet: str = "spot", account: str = MAIN) -> Fact:
    line = BalanceLine(USDT, Decimal(number))
    body = BalanceSnapshot(wallet, (line,))
    return fact(minutes, body, name=f"{wallet}@{minutes}", account=account)


def moved(
    minutes: float,
    number: str,
    *,
    wallet: str = "spot",
    account: str = MAIN,
    kind: TransferKind = TransferKind.EXTERNAL,
    txid: str = "",
) -> Fact:
    body = Transfer(wallet, Amount(Decimal(number), USDT), kind, txid=txid)
    return fact(minutes, body, name=f"{number}@{minutes}", account=account)


@dataclass
class Desk:
    """One tenant of the house, and what is done in it."""

    house: House
    tenant: TenantId
    clock: Clock
    seen: list[Fact] = field(default_factory=list)

    def gather(self, minutes: float, *facts: Fact, history: bool = True) -> None:
        """Record facts as one gathering of the account at that time does."""
        self.clock.instant = at(minutes)
        with self.house.database.transaction(self.tenant) as session:
            journal = Journal(session, self.house.objects, self.tenant)
            journal.append(facts, recorded_at=self.clock.now())
            if history:
                check_windows(session, journal, InstrumentBook(()), MAIN, facts, now=self.clock.now())

    def record(self, minutes: float, *facts: Fact) -> None:
        """Record facts as a part of a gathering at that time, which then does not come to its end."""
        self.clock.instant = at(minutes)
        with self.house.database.transaction(self.tenant) as session:
            journal = Journal(session, self.house.objects, self.tenant)
            journal.append(facts, recorded_at=self.clock.now())
            note_late(session, journal, MAIN, facts, now=self.clock.now())

    def learn(self, *facts: Fact) -> None:
        """Record facts from elsewhere: a file, a person, another account."""
        with self.house.database.transaction(self.tenant) as session:
            Journal(session, self.house.objects, self.tenant).append(facts, recorded_at=self.clock.now())

    def issues(self) -> list[Issue]:
        with self.house.database.transaction(self.tenant) as session:
            return list(issues.list_issues(session, None))

    def states(self) -> list[str]:
        return [one.state for one in self.issues()]


@pytest.fixture(scope="module")
def database(postgres_server: EmbeddedPostgres) -> Iterator[Database]:
    name = f"reconciliation_{next(_numbers)}"
    with psycopg.connect(postgres_server.dsn(Role.ADMIN, database="postgres"), autocommit=True) as admin:
        command = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy")
        parts = (sql.Identifier(one) for one in (name, Role.OWNER, DATABASE))
        admin.execute(command.format(*parts))
        grant_database(admin, name)
    migrate.upgrade(postgres_server.dsn(Role.OWNER, database=name))
    opened = Database(postgres_server.dsn(Role.APP, database=name))
    yield opened
    opened.close()


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    clock, tenant = Clock(), TenantId(f"house-{next(_numbers)}")
    made = Desk(House.of(Settings(data_dir=tmp_path), database, clock), tenant, clock)
    with database.transaction(tenant) as session:
        for name in (MAIN, "vault"):
            account = Account(AccountId(name), name, "okx", AccountKind.EXCHANGE, ("spot", "usdm"))
            definitions.put(session, Kind.ACCOUNT, name, account, by="anna", at=clock.now())
    return made
