"""A long history is recorded while it is read: who is killed on the way goes on behind what was recorded."""

from __future__ import annotations

import socket
import threading
import time
from datetime import date

import pytest
import uvicorn
from tests.connect.conftest import SCENARIO, START

from truenav.app.completeness.windows import MOVING_KINDS
from truenav.app.house import House
from truenav.app.settings import Settings
from truenav.app.sources import gather as place
from truenav.app.sources.model import Connection
from truenav.connect.cefi.binance import history
from truenav.connect.registry import connector
from truenav.core.account import Account, AccountKind
from truenav.core.canonical import canonical_json
from truenav.core.ids import AccountId, ConnectionId, TenantId
from truenav.simulator.server import create_app
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World
from truenav.store import cursors, definitions, issues, migrate
from truenav.store.database import Database
from truenav.store.definitions import Kind
from truenav.store.journal import FactQuery, Journal
from truenav.store.postgres import Role

from ...conftest import LOOPBACK

NAME = "binance-market-making"
WHOLE, BROKEN = TenantId("whole"), TenantId("broken")


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def url():
    world = World.load(SCENARIO, date(2026, 11, 21), VirtualClock(START))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(world), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", world
    server.should_exit = True
    thread.join(5)


@pytest.fixture
def house(fresh_database, tmp_path, url):
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    opened = House.of(Settings(data_dir=tmp_path, private_hosts=LOOPBACK), database, VirtualClock(START))
    address, world = url
    plan, wallets = world.account(NAME), connector("binance").manifest.wallets
    key = canonical_json({"key": plan.api_key, "secret": plan.secret})
    for tenant in (WHOLE, BROKEN):
        with database.transaction(tenant) as session:
            account = Account(AccountId(NAME), NAME, "binance", AccountKind.EXCHANGE, wallets)
            definitions.put(session, Kind.ACCOUNT, account.id, account, by="anna", at=START)
            link = Connection(ConnectionId(NAME), "binance", account.id, world.inception, base_url=address)
            definitions.put(session, Kind.CONNECTION, link.id, link, by="anna", at=START)
            opened.vault.put(session, link.secret_name, key, at=START)
    yield opened
    database.close()


def known(house, tenant):
    """What moved, how far everything was read, and what is wrong."""
    with house.database.transaction(tenant) as session:
        journal = Journal(session, house.objects, tenant)
        facts = {one.fact.content_hash for one in journal.facts(FactQuery(kinds=MOVING_KINDS))}
        open_issues = [one.message for one in issues.list_issues(session)]
        return facts, cursors.get_all(session, NAME), open_issues


def test_a_gathering_killed_between_two_parts_keeps_the_first_and_ends_as_one_that_was_not(
    house, monkeypatch
):
    monkeypatch.setattr(history, "PAGE", 40)
    (whole, *_) = place.gather(house, WHOLE)
    assert not whole.failures
    passed = []

    def kill(name):
        passed.append(name)
        if passed.count("gather.part") == 2:
            raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(place, "commit_point", kill)
        with pytest.raises(Killed):
            place.gather(house, BROKEN)
    kept, places, _ = known(house, BROKEN)
    assert 40 <= len(kept) < len(known(house, WHOLE)[0])
    assert places
    (again, *_) = place.gather(house, BROKEN)
    assert not again.failures
    assert again.facts == whole.facts - len(kept)
    assert known(house, BROKEN) == known(house, WHOLE)
