"""Limits, trading keys and orders by command, against the simulator."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.app.trading.desk import BTC, PERPETUAL
from tests.simulator.conftest import run_in_thread
from tests.simulator.trading import account, trading_world

from truenav.access.policy import Principal
from truenav.app.house import open_house
from truenav.app.settings import Settings
from truenav.app.sources.model import Connection
from truenav.app.trading import service
from truenav.core.account import Account, AccountKind
from truenav.core.ids import AccountId, ConnectionId, TenantId, UserId
from truenav.core.orders import Order, OrderRequest, Side
from truenav.simulator.server import create_app
from truenav.simulator.times import WallClock
from truenav.simulator.world import World
from truenav.store import definitions, orders, users
from truenav.store.definitions import Kind

from .conftest import Shell

DESK = AccountId("binance")
KEY = '{"key": "binance", "secret": "s"}'
LIMITS = {
    "account": "binance",
    "instruments": [str(BTC)],
    "quote": str(PERPETUAL.quote),
    "order_notional": "500000",
    "day_notional": "2000000",
    "position_notional": "1000000",
    "collar": "0.02",
}


@dataclass
class Served:
    """A venue that runs on the clock of this machine."""

    world: World
    url: str


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("venue")
    accounts = account("binance", "binance") + account("binance", "reader", '"read"')
    world = trading_world(folder, WallClock(), accounts=accounts, anchor=datetime.now(UTC).date())
    server, thread, url = run_in_thread(create_app(world))
    yield Served(world, url)
    server.should_exit = True
    thread.join(timeout=5)


@pytest.fixture
def desk(shell: Shell, venue: Served) -> Shell:
    """An account at the venue, a person who sets limits, and a manager who is logged in."""
    now = datetime.now(UTC)
    with (
        open_house(Settings(data_dir=shell.data_dir)) as house,
        house.database.transaction(shell.tenant) as s,
    ):
        hashed = users.get_user(s, UserId("manager")).password_hash
        email = f"risk@{shell.tenant}.test"
        users.create_user(s, users.User(UserId("risk"), "risk", email, hashed, ("risk",), None, now))
        kept = Account(DESK, "Desk", "binance", AccountKind.EXCHANGE, ("usdm",))
        link = Connection(ConnectionId("binance"), "binance", DESK, now, base_url=venue.url)
        definitions.put(s, Kind.ACCOUNT, kept.id, kept, by="max", at=now)
        definitions.put(s, Kind.CONNECTION, link.id, link, by="max", at=now)
        definitions.put(s, Kind.INSTRUMENT, BTC, PERPETUAL, by="venue", at=now)
    shell.log_in("manager")
    return shell


@pytest.fixture
def ready(desk: Shell) -> Shell:
    """The same, with limits and a key."""
    desk.log_in("risk")
    desk.ok("trade", "limits", "put", "-", stdin=json.dumps(LIMITS))
    desk.log_in("manager")
    desk.ok("trade", "key", "put", "binance", "--key-file", "-", stdin=KEY)
    return desk


def buy(desk: Shell, quantity: str = "0.5", *, leg: int = 0) -> Order:
    """What a product that is run would do."""
    request = OrderRequest(DESK, "etp/btc3l/1", leg, BTC, Side.BUY, Decimal(quantity))
    person = Principal(UserId("max"), TenantId(desk.tenant), frozenset({"manager"}), "Max")
    private = frozenset({"127.0.0.1"})
    with open_house(Settings(data_dir=desk.data_dir, private_hosts=private)) as house:
        until = house.clock.now() + timedelta(seconds=10)
        return service.execute(house, person, DESK, [request], good_until=until)[0]


def test_limits_are_put_shown_and_removed_by_who_sends_no_orders(desk: Shell) -> None:
    refused = desk("trade", "limits", "put", "-", stdin=json.dumps(LIMITS))
    assert refused.code == 5
    desk.log_in("risk")
    desk.ok("trade", "limits", "put", "-", "--dry-run", stdin=json.dumps(LIMITS))
    assert json.loads(desk.ok("trade", "limits", "list", "--output", "json")) == []
    desk.ok("trade", "limits", "put", "-", stdin=json.dumps(LIMITS))
    assert json.loads(desk.ok("trade", "limits", "show", "binance")) == LIMITS
    wide = desk("trade", "limits", "put", "-", stdin=json.dumps({**LIMITS, "collar": "1"}))
    assert (wide.code, "collar" in wide.err) == (2, True)
    (row,) = json.loads(desk.ok("trade", "accounts", "--output", "json"))
    assert (row["limits"], row["key"], row["unsettled"]) == (1, None, 0)
    desk.ok("trade", "limits", "remove", "binance")
    assert desk("trade", "limits", "show", "binance").code == 3


def test_a_key_is_checked_kept_removed_and_never_shown(desk: Shell) -> None:
    assert desk("trade", "key", "check", "binance").code == 2
    dry = desk("trade", "key", "put", "binance", "--key-file", "-", "--dry-run", stdin=KEY)
    assert (dry.code, "trade: yes" in dry.err, "not kept" in dry.err) == (0, True, True)
    assert desk("trade", "key", "check", "binance").code == 2
    entered = desk("trade", "key", "put", "binance", "--key-file", "-", stdin=KEY)
    assert (entered.code, "withdraw: no" in entered.err, entered.out) == (0, True, "")
    assert "withdraw: no" in desk("trade", "key", "check", "binance").err
    assert json.loads(desk.ok("trade", "accounts", "--output", "json"))[0]["key"] is not None
    desk.ok("trade", "key", "remove", "binance", "--dry-run")
    desk.ok("trade", "key", "remove", "binance")
    assert desk("trade", "key", "remove", "binance").code == 3


def test_a_key_that_may_not_trade_is_refused(desk: Shell) -> None:
    read = desk("trade", "key", "put", "binance", "--key-file", "-", stdin=KEY.replace("binance", "reader"))
    assert (read.code, "may not trade" in read.err) == (6, True)
    assert desk("trade", "key", "put", "nobody", "--key-file", "-", stdin=KEY).code == 2


def test_orders_are_listed_and_each_has_its_trail(ready: Shell) -> None:
    done = buy(ready)
    (row,) = json.loads(ready.ok("trade", "orders", "--account", "binance", "--output", "json"))
    assert (row["state"], row["filled"], row["by"]) == ("filled", "0.5", "max")
    assert ready.ok("trade", "orders", "--state", "open", "--output", "json").strip() == "[]"
    (told,) = csv.DictReader(ready.ok("trade", "orders", "--output", "csv").splitlines())
    assert told["average_price"] == row["average_price"]
    trail = json.loads(ready.ok("trade", "order", done.request.client_id, "--output", "json"))
    assert trail["trail"][0]["state"] == "intended"
    assert trail["fills"]
    assert "intended" in ready.ok("trade", "order", done.request.client_id)
    assert ready("trade", "order", "truenav-" + "0" * 24).code == 3


def test_what_a_run_left_is_finished_by_command(ready: Shell, venue: Served) -> None:
    assert ready("trade", "finish", "binance").code == 0
    with open_house(Settings(data_dir=ready.data_dir)) as house:
        now = house.clock.now()
        with house.database.transaction(ready.tenant) as session:
            office = orders.take_office(session, DESK, actor="max", at=now)
            request = OrderRequest(DESK, "etp/btc3l/9", 0, BTC, Side.BUY, Decimal("0.1"))
            orders.add(session, office, Order(request, now, now, now))
    dry = ready("trade", "finish", "binance", "--dry-run", "--output", "json")
    assert (dry.code, json.loads(dry.out)[0]["state"]) == (0, "intended")
    (ended,) = json.loads(ready.ok("trade", "finish", "binance", "--output", "json"))
    assert (ended["state"], ended["reason"], ended["settled"]) == ("rejected", "deadline", True)
    ready.log_in("auditor")
    assert ready("trade", "finish", "binance").code == 5
