"""The fund of these tests: a small one with two venue accounts and cold storage, on a simulator."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import text

from truenav.access.bootstrap import create_tenant
from truenav.access.policy import Principal
from truenav.access.users import NewUser, add_user
from truenav.app.house import House, object_store, open_vault
from truenav.app.nav import runs
from truenav.app.nav.archived import read_bundle
from truenav.app.portfolio.catalogues import NODES, RULES, SHARE_CLASSES
from truenav.app.proof.archive import read_archive
from truenav.app.proof.signer import tenant_signer
from truenav.app.proof.verify import Verdict, verify_bundle
from truenav.app.settings import Settings
from truenav.app.sources.catalogues import ACCOUNTS
from truenav.app.sources.connections import add_connection
from truenav.app.sources.model import Connection
from truenav.connect.contract import Credentials
from truenav.core.ids import AccountId, ConnectionId, NodeId, RunId, TenantId, UserId
from truenav.simulator.export import COLUMNS, statement_rows
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World
from truenav.store import audit, migrate
from truenav.store import runs as store
from truenav.store.database import Database
from truenav.store.postgres import DATABASE, EmbeddedPostgres, Role, grant_database
from truenav.store.sealing import SealedObjects

from ..conftest import LOOPBACK

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
SCENARIO = Path(__file__).with_name("reef.toml")
TENANT = TenantId("reef")
FUND = NodeId("reef")
MAKER, CHECKER, ADMIN = ("mara", "manager"), ("finn", "finance"), ("ada", "administrator")
STAGES = {"import": MAKER, "gather": MAKER, "strike": MAKER, "approve": CHECKER, "publish": CHECKER}
"""The stages of a NAV in their order, and who does each."""
PASSWORD = "violet otter climbs 7 stairs"
COLD = "reef-cold"

_ACCOUNTS = [
    {"id": "reef-binance", "venue": "binance", "kind": "exchange", "wallets": ["spot", "usdm"]},
    {"id": "reef-okx", "venue": "okx", "kind": "exchange", "wallets": ["trading", "funding"]},
    {"id": COLD, "venue": "custodian", "kind": "custodian", "wallets": ["main"]},
]
_CLASS = {
    "id": "reef-a",
    "fund": "reef",
    "name": "Reef A",
    "currency": "iso4217:USD",
    "management_fee_rate": "0.02",
}

_numbers = count(1)


@dataclass(frozen=True)
class Ended:
    """How a stage's process ended, what it had acknowledged by then, and what it said."""

    exit_code: int
    acknowledged: tuple[str, ...]
    said: str

    @property
    def steps(self) -> int:
        return int(self.acknowledged[-1].removeprefix("steps "))


class Processes:
    """Stages in processes of their own; see `stages.py`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        script = Path(__file__).with_name("stages.py")
        self._parent = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start(self, given: dict[str, Any]) -> Started:
        number = next(_numbers)
        files = {"acknowledged": self._folder / f"{number}.done", "log": self._folder / f"{number}.log"}
        for path in files.values():
            path.touch()
        paths = {name: str(path) for name, path in files.items()}
        return Started(self, self._ask({"start": {**given, **paths}}), **files)

    def wait(self, pid: int) -> int:
        return self._ask({"wait": pid})

    def close(self) -> None:
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        self._parent.wait(10)

    def _ask(self, request: dict[str, Any]) -> int:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(request) + "\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())


@dataclass(frozen=True)
class Started:
    """A running stage."""

    processes: Processes
    pid: int
    acknowledged: Path
    log: Path

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> Ended:
        code = self.processes.wait(self.pid)
        done = tuple(self.acknowledged.read_text().splitlines())
        return Ended(code, done, self.log.read_text())


@dataclass(frozen=True)
class Reef:
    """One installation of the fund: a database and a data folder."""

    server: EmbeddedPostgres
    name: str
    data_dir: Path
    processes: Processes
    address: str
    run: str = ""

    def dsn(self, role: str = Role.APP) -> str:
        return self.server.dsn(role, database=self.name)

    @contextmanager
    def house(self, now: datetime = NOW) -> Iterator[House]:
        database = Database(self.dsn())
        try:
            yield House.of(Settings(data_dir=self.data_dir, private_hosts=LOOPBACK), database, Standing(now))
        finally:
            database.close()

    def start(self, stage: str, **given: Any) -> Started:
        values = {
            "stage": stage,
            "tenant": TENANT,
            "person": STAGES.get(stage, MAKER),
            "dsn": self.dsn(),
            "data_dir": str(self.data_dir),
            "files": str(self.data_dir / "given"),
            "now": NOW.isoformat(),
            "run": self.run,
            **given,
        }
        return self.processes.start(values)

    def do(self, stage: str, **given: Any) -> Ended:
        return self.start(stage, **given).wait()

    def done(self, stage: str, **given: Any) -> Ended:
        """`do`, which must end well."""
        ended = self.do(stage, **given)
        assert ended.exit_code == 0, ended.said
        return ended

    def state(self) -> dict[str, Any]:
        """All that this installation states, without what a second attempt may add to the archive."""
        queries = {
            "facts": "SELECT evidence, series.account, content_hash FROM fact "
            "JOIN series ON series.id = series_id ORDER BY content_hash",
            "runs": "SELECT id, state, version, as_of, quality, approved_by, published_by, inputs_sha, "
            "result_sha, bundle_sha FROM nav_run ORDER BY 1",
            "events": "SELECT run_id, version, actor, state, note FROM nav_run_event ORDER BY 1, 2",
            "cursors": "SELECT account, endpoint, position FROM cursor ORDER BY 1, 2",
            "issues": "SELECT id, state FROM data_issue ORDER BY 1",
            "accounts": "SELECT kind, id, version FROM definition ORDER BY 1, 2, 3",
            # A file that is imported again is told of again, with no new fact.
            "audit": "SELECT actor, action, subject, detail FROM audit_entry "
            "WHERE action <> 'import.run' OR CAST(detail AS json)->>'facts' <> '0' ORDER BY seq",
        }
        with self.house() as house, house.database.transaction(TENANT) as session:
            found = {name: session.execute(text(query)).all() for name, query in queries.items()}
            assert audit.verify(session).ok
        return found | {"unreadable": self.damaged_files()}

    def bundle(self) -> dict[str, object]:
        """What the published bundle says, apart from how often the same bytes were received."""
        with self.house() as house, house.database.transaction(TENANT) as session:
            data = read_bundle(house.blobs(TENANT), store.get(session, RunId(self.run)))
            key = tenant_signer(session, house).public_key
        check = verify_bundle(data, key=key)
        assert check.verdict is Verdict.IDENTICAL, check.difference
        files: dict[str, object] = {entry.name: entry.data for entry in read_archive(data)}
        receipts = bytes(files.pop("evidence.jsonl")).splitlines()
        for name in ("manifest.jsonl", "signature.jsonl"):
            files.pop(name)
        return files | {"evidence": {json.loads(line)["sha256"] for line in receipts}}

    def damaged_files(self) -> list[str]:
        """Archived files whose bytes are not those that their names promise."""
        settings = Settings(data_dir=self.data_dir)
        objects = SealedObjects(object_store(settings), lambda: open_vault(settings))
        return [
            name.path
            for name, _ in objects.names("blobs", TENANT)
            if hashlib.sha256(objects.get(name)).hexdigest() != name.name.replace("/", "")
        ]


@dataclass(frozen=True)
class Standing:
    """A clock that stands still."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


def person(who: tuple[str, str], tenant: str = TENANT) -> Principal:
    user, role = who
    return Principal(UserId(user), TenantId(tenant), frozenset([role]), user.title())


def load_world(now: datetime = NOW) -> World:
    return World.load(SCENARIO, date(2026, 11, 21), VirtualClock(now))


def copy_of(origin: Reef, data_dir: Path, **changes: Any) -> Reef:
    """The same installation once more, with nothing shared."""
    name = f"reef_{next(_numbers)}"
    create_database(origin.server, name, template=origin.name)
    shutil.copytree(origin.data_dir, data_dir)
    return replace(origin, name=name, data_dir=data_dir, **changes)


def create_database(server: EmbeddedPostgres, name: str, *, template: str = DATABASE) -> None:
    with psycopg.connect(server.dsn(Role.ADMIN, database="postgres"), autocommit=True) as admin:
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy")
        admin.execute(
            statement.format(sql.Identifier(name), sql.Identifier(Role.OWNER), sql.Identifier(template))
        )
        grant_database(admin, name)


def drop_database(server: EmbeddedPostgres, name: str) -> None:
    with psycopg.connect(server.dsn(Role.ADMIN, database="postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def build(reef: Reef, world: World) -> None:
    """People, tree, accounts and connections; and the files that wait for their import."""
    migrate.upgrade(reef.dsn(Role.OWNER))
    with reef.house() as house:
        _people(house)
        maker = person(MAKER)
        with house.database.transaction(TENANT) as session:
            accounts = [ACCOUNTS.parse({**one, "name": one["id"]}) for one in _ACCOUNTS]
            ACCOUNTS.put_many(session, house, maker, accounts)
            NODES.put_many(session, house, maker, [NODES.parse(_node("reef", None))])
            for name in ("tide-pool", "deep"):
                NODES.put(session, house, maker, NODES.parse(_node(name, "reef")))
            for one in _ACCOUNTS:
                RULES.put(session, house, maker, RULES.parse(_rule(one["id"])))
            SHARE_CLASSES.put(session, house, maker, SHARE_CLASSES.parse(_CLASS))
            tenant_signer(session, house)
        for connection, key in _connections(reef.address, world):
            with house.database.transaction(TENANT) as session:
                add_connection(session, house, maker, connection, key)
    _write_files(world, reef.data_dir / "given")


def open_run(reef: Reef) -> Reef:
    """The same installation with a run in state *collecting*."""
    with reef.house() as house, house.database.transaction(TENANT) as session:
        run = runs.start_run(session, house, person(MAKER), FUND)
    return replace(reef, run=run.id)


def _people(house: House) -> None:
    def new(who: tuple[str, str]) -> NewUser:
        name, role = who
        return NewUser(
            id=name, name=name.title(), email=f"{name}@reef.test", roles=(role,), password=PASSWORD
        )

    create_tenant(house.database, TENANT, name="Reef", administrator=new(ADMIN), now=NOW)
    with house.database.transaction(TENANT) as session:
        for who in (MAKER, CHECKER):
            add_user(session, person(ADMIN), new(who), now=NOW)


def _node(name: str, parent: str | None) -> dict[str, Any]:
    kind = "fund" if parent is None else "strategy"
    return {"id": name, "name": name.title(), "kind": kind} | ({"parent": parent} if parent else {})


def _rule(account: str) -> dict[str, Any]:
    node = "deep" if account == COLD else "tide-pool"
    return {"account": account, "rank": 1, "node": node, "selector": {"is": "share", "share": "1"}}


def _connections(address: str, world: World) -> Iterator[tuple[Connection, Credentials | None]]:
    for plan in world.scenario.accounts.values():
        if plan.api_key:
            account = AccountId(plan.id)
            key = Credentials(plan.api_key, plan.secret, plan.passphrase)
            yield (
                Connection(ConnectionId(plan.id), plan.venue.id, account, world.inception, address),
                key,
            )
    vendor = Credentials(world.scenario.vendor_key)
    for name, given in (("ecb", None), ("vendor", vendor)):
        yield Connection(ConnectionId(name), name, None, world.inception, address), given


def _write_files(world: World, folder: Path) -> None:
    """Dealings and the statement of cold storage, in the order of their names."""
    folder.mkdir(parents=True)
    rows = statement_rows(world, COLD)
    for kind in ("balances", "transfers"):
        (folder / f"{kind}.csv").write_text(_csv(COLUMNS[kind], rows[kind]))
    dealing = {
        "fund": "reef",
        "share_class": "reef-a",
        "external_id": "dealing-1",
        "occurred_at": (world.inception + timedelta(minutes=15)).isoformat(),
        "kind": "subscription",
        "investor": "Pension scheme North",
        "units": "4500",
        "amount": "4500000",
        "currency": "USD",
    }
    (folder / "dealings.csv").write_text(_csv(tuple(dealing), [dealing]))


def _csv(columns: tuple[str, ...], rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
