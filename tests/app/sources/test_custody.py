"""A custodian from its mapping to recorded facts, and a desk whose settlements are held against them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.connect.custody.standin import SINCE, START
from tests.connect.custody.standin_rest import KEY, SECRET, Acme
from tests.connect.custody.test_rest import mapping

from truenav.access.bootstrap import create_tenant
from truenav.access.policy import Principal
from truenav.access.users import NewUser
from truenav.app.house import House
from truenav.app.settings import Settings
from truenav.app.sources.connections import add_connection, check_connection
from truenav.app.sources.custody import list_approvals, list_vaults
from truenav.app.sources.desk_statements import import_statement, match_desk
from truenav.app.sources.gather import gather
from truenav.app.sources.model import Connection
from truenav.connect.contract import Credentials
from truenav.connect.custody.rest.mapping import BadMappingError
from truenav.connect.errors import ImportRefusedError, KeyForbiddenError
from truenav.core.account import Account, AccountKind
from truenav.core.ids import AccountId, ConnectionId, TenantId, UserId
from truenav.simulator.times import VirtualClock
from truenav.store import definitions, migrate
from truenav.store.database import Database
from truenav.store.definitions import Kind
from truenav.store.journal import FactQuery, Journal
from truenav.store.postgres import Role

TENANT = TenantId("acme")
ROOT = Principal(UserId("root"), TENANT, frozenset({"administrator", "manager", "finance"}))
CUSTODY, DESK = AccountId("custody"), AccountId("desk-x")
HEADER = "kind,id,occurred_at,asset,amount,txid\n"


@contextmanager
def served(acme: Acme) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body, _ = acme.reply(path, query, headers)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


@pytest.fixture
def house(fresh_database, tmp_path) -> House:
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    settings = Settings(data_dir=tmp_path, private_hosts=frozenset({"127.0.0.1"}))
    opened = House.of(settings, database, VirtualClock(START))
    now = opened.clock.now()
    root = NewUser("root", "Root", "root@acme.test", ("administrator",), "violet otter climbs 7 stairs")
    create_tenant(database, TENANT, name="Acme", administrator=root, now=now)
    with database.transaction(TENANT) as session:
        for account in (
            Account(CUSTODY, "Custody", "rest", AccountKind.CUSTODIAN, ("main", "cold")),
            Account(DESK, "Desk X", "statement", AccountKind.OTC, ("desk",)),
        ):
            definitions.put(session, Kind.ACCOUNT, account.id, account, by=ROOT.user, at=now)
    return opened


def facts(house: House, account: AccountId) -> dict[str, str]:
    with house.database.transaction(TENANT) as session:
        journal = Journal(session, house.objects, TENANT)
        found = journal.facts(FactQuery(accounts=(account,)))
        return {one.fact.external_id: one.fact.kind for one in found}


def test_a_mapped_custodian_is_checked_kept_gathered_and_matched(house: House) -> None:
    acme = Acme("header")
    key = Credentials(KEY, SECRET)
    with served(acme) as url:
        settings = mapping("header", base_url=url)
        wanted = Connection(ConnectionId("acme"), "rest", CUSTODY, SINCE, settings=settings)
        assert [one.id for one in list_vaults(house, ROOT, wanted, key)] == ["main", "cold"]
        with house.database.transaction(TENANT) as session:
            kept = add_connection(session, house, ROOT, wanted, key)
            assert kept.check is not None
            assert check_connection(session, house, ROOT, "acme").check == kept.check
        (first,) = gather(house, TENANT)
        assert not first.failures
        before = facts(house, CUSTODY)
        assert {"tx:in:in", "tx:out:out", "tx:there:out", "tx:here:in", "tx:last:in"} <= before.keys()
        acme.moves[4]["state"] = "OK"
        (second,) = gather(house, TENANT)
        assert "tx:asked:out" in facts(house, CUSTODY)
        assert second.facts == 1  # what was approved; the clock stands, so the snapshots are known
        acme.moves[4]["state"] = "SIGN"
        with house.database.transaction(TENANT) as session:
            assert [one.id for one in list_approvals(session, house, ROOT, "acme")] == ["asked"]
            elsewhere = Connection(
                ConnectionId("acme"),
                "rest",
                CUSTODY,
                SINCE,
                settings=settings.replace(url, "http://127.1.1.1"),
            )
            with pytest.raises(KeyForbiddenError, match="needs a key"):
                add_connection(session, house, ROOT, elsewhere, None)
            torn = Connection(
                ConnectionId("torn"), "rest", CUSTODY, SINCE, settings=json.dumps({"name": "x"})
            )
            with pytest.raises(BadMappingError):
                add_connection(session, house, ROOT, torn, key)
    _statement(house)


def _statement(house: House) -> None:
    """The desk says what it delivered; the custodian's transfer of that day and hash is what settled it."""
    day = acme_day(house)
    good = f"settlement,S1,{day}T08:00:00Z,BTC,5,EE01\nsettlement,S2,{day}T08:00:00Z,USD,-450000,\n"
    with house.database.transaction(TENANT) as session:
        bad = HEADER + good + f"trade,T1,{day}T08:00:00Z,FOO,1,\n"
        with pytest.raises(ImportRefusedError, match=r"bad\.csv: .*line 4, counter_asset"):
            import_statement(session, house, ROOT, DESK, "bad.csv", bad.encode())
    assert not facts(house, DESK)
    with house.database.transaction(TENANT) as session:
        copied = Connection(ConnectionId("copy"), "fix", DESK, SINCE)
        definitions.put(session, Kind.CONNECTION, copied.id, copied, by=ROOT.user, at=house.clock.now())
        traded = "kind,id,occurred_at,asset,amount,counter_asset,counter_amount\n"
        traded += f"trade,T1,{day}T08:00:00Z,BTC,1,USD,-90000\n"
        with pytest.raises(ImportRefusedError, match="count twice"):
            import_statement(session, house, ROOT, DESK, "trades.csv", traded.encode())
    with house.database.transaction(TENANT) as session:
        brought = import_statement(session, house, ROOT, DESK, "good.csv", (HEADER + good).encode())
        again = import_statement(session, house, ROOT, DESK, "good.csv", (HEADER + good).encode())
        assert (brought.facts, brought.duplicates) == (2, 0)
        assert (again.facts, again.duplicates) == (0, 2)
        asked = date.fromisoformat(day)
        found = match_desk(session, house, ROOT, DESK, since=asked, until=asked)
    assert [(one.line.id, one.transfer.external_id, one.by.value) for one in found.matched] == [
        ("settlement:S1", "tx:in:in", "txid")
    ]
    assert [one.reason.value for one in found.unmatched] == ["no-amount"]


def acme_day(house: House) -> str:
    """The day of the custodian's deposit."""
    with house.database.transaction(TENANT) as session:
        journal = Journal(session, house.objects, TENANT)
        found = journal.facts(FactQuery(accounts=(CUSTODY,)))
        deposit = next(one.fact for one in found if one.fact.external_id == "tx:in:in")
        return deposit.occurred_at.date().isoformat()
