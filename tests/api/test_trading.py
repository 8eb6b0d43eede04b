"""Orders, limits and trading keys over HTTP, at a simulated venue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.app.trading.desk import DESK, PERPETUAL
from tests.simulator.conftest import run_in_thread
from tests.simulator.trading import account, trading_world

from truenav.access.masking import MASKED
from truenav.access.policy import Principal
from truenav.app.http.pages import read_cursor, write_cursor
from truenav.app.sources.model import Connection
from truenav.app.trading import service
from truenav.core.ids import AccountId, ConnectionId, UserId
from truenav.core.orders import Order, OrderRequest, Side
from truenav.simulator.server import create_app
from truenav.store import orders, roles
from truenav.store.definitions import Kind
from truenav.store.definitions import put as put_definition

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
KEY = {"key": "binance", "secret": "s"}
LIMITS = {
    "account": "binance",
    "instruments": [str(PERPETUAL.id)],
    "quote": str(PERPETUAL.quote),
    "order_notional": "500000",
    "day_notional": "2000000",
    "position_notional": "1000000",
    "collar": "0.02",
}


@pytest.fixture
def venue(installation, tmp_path) -> Iterator[str]:
    rights = ('"read", "trade"', '"read"', '"read", "trade", "withdraw"')
    names = ("binance", "reader", "thief")
    accounts = "".join(account("binance", *one) for one in zip(names, rights, strict=True))
    world = trading_world(tmp_path, installation.clock, accounts=accounts, anchor=NOW.date())
    server, thread, url = run_in_thread(create_app(world))
    yield url
    server.should_exit = True
    thread.join(timeout=5)


@pytest.fixture
def desk(fund, venue):
    """The fund with an account at the venue that nobody has entered a trading key for."""
    put = fund.maker.put
    at = {"id": "binance", "name": "Binance", "venue": "binance", "kind": "exchange", "wallets": ["usdm"]}
    rule = {"account": "binance", "rank": 0, "node": "carry", "selector": {"is": "share", "share": "1"}}
    assert put("/api/v1/accounts/binance", json=at).status_code == 200
    assert put("/api/v1/rules/binance%230", json=rule).status_code == 200
    link = Connection(ConnectionId("binance"), "binance", DESK, NOW, base_url=venue)
    with fund.installation.house.database.transaction(fund.tenant) as session:
        put_definition(session, Kind.INSTRUMENT, PERPETUAL.id, PERPETUAL, by="venue", at=NOW)
        put_definition(session, Kind.CONNECTION, link.id, link, by="max", at=NOW)
    return fund


def limit(desk, **changed):
    return desk.checker.put("/api/v1/trading-limits/binance", json={**LIMITS, **changed})


def trade(desk, *legs, seconds=5):
    """Let the executor work as whoever runs a product would."""
    house = desk.installation.house
    requests = [
        OrderRequest(DESK, "etp/btc3l/1", leg, PERPETUAL.id, side, Decimal(quantity), tag="carry")
        for leg, side, quantity in legs
    ]
    person = Principal(UserId("max"), desk.tenant, frozenset({"manager"}), "Max")
    until = house.clock.now() + timedelta(seconds=seconds)
    return service.execute(house, person, DESK, requests, good_until=until)


def test_a_key_is_checked_told_of_by_its_rights_and_removed(desk):
    (before,) = desk.checker.get("/api/v1/trading-accounts").json()["items"]
    assert (before["account"], before["venue"], before["key"]) == ("binance", "Binance", None)
    entered = desk.maker.put("/api/v1/trading-accounts/binance/key", json=KEY)
    assert entered.status_code == 200, entered.text
    assert entered.json()["check"]["withdraw"] == "no"
    told = desk.checker.get("/api/v1/trading-accounts/binance").json()["key"]
    assert (told["entered_by"], told["entered_at"]) == ("max", "2026-01-31T08:00:00Z")
    assert told["check"]["trade"] == "yes"
    assert desk.maker.post("/api/v1/trading-accounts/binance/key/check").json()["check"]["trade"] == "yes"
    assert desk.maker.delete("/api/v1/trading-accounts/binance/key").status_code == 204
    assert desk.maker.get("/api/v1/trading-accounts/binance").json()["key"] is None
    assert desk.maker.delete("/api/v1/trading-accounts/binance/key").status_code == 404


@pytest.mark.parametrize(
    ("key", "code"), [("thief", "key-may-withdraw"), ("reader", "key-forbidden"), ("nobody", "key-revoked")]
)
def test_a_key_that_may_do_too_much_or_too_little_is_refused_and_not_kept(desk, key, code):
    answer = desk.maker.put("/api/v1/trading-accounts/binance/key", json={**KEY, "key": key})
    assert 400 <= answer.status_code < 500 or answer.status_code == 502
    assert answer.json()["type"].endswith(code), answer.text
    assert desk.maker.get("/api/v1/trading-accounts/binance").json()["key"] is None


def test_who_sends_orders_sets_no_limits_and_who_sets_limits_enters_no_key(desk):
    assert desk.maker.put("/api/v1/trading-limits/binance", json=LIMITS).status_code == 403
    assert desk.checker.put("/api/v1/trading-accounts/binance/key", json=KEY).status_code == 403
    assert limit(desk).status_code == 200


def test_limits_are_changed_by_who_has_seen_them_and_without_them_one_only_reduces(desk):
    first = limit(desk)
    assert first.headers["etag"] == '"v1"'
    assert limit(desk, collar="0.01").status_code == 200
    stale = {"If-Match": '"v1"'}
    late = desk.checker.put("/api/v1/trading-limits/binance", json=LIMITS, headers=stale)
    assert late.status_code == 412
    shown = desk.maker.get("/api/v1/trading-accounts/binance").json()["limits"]
    assert (shown["version"], shown["body"]["collar"], shown["changed_by"]) == (2, "0.01", "fay")
    assert desk.checker.delete("/api/v1/trading-limits/binance").status_code == 204
    assert desk.maker.get("/api/v1/trading-accounts/binance").json()["limits"] is None


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"collar": "1"}, 422),
        ({"order_notional": "0"}, 422),
        ({"day_notional": "NaN"}, 422),
        ({"instruments": ["binance-usdm:NOPE"]}, 422),
        ({"account": "other"}, 422),
    ],
)
def test_limits_that_limit_nothing_or_name_nothing_are_refused(desk, changed, status):
    assert limit(desk, **changed).status_code == status
    assert desk.checker.get("/api/v1/trading-limits").json()["items"] == []


def test_orders_are_listed_newest_first_with_who_asked_and_what_was_paid(desk):
    limit(desk)
    desk.maker.put("/api/v1/trading-accounts/binance/key", json=KEY)
    done = trade(desk, (0, Side.BUY, "0.5"), (1, Side.SELL, "0.2"))
    desk.installation.clock.advance(minutes=1)
    (refused,) = trade(desk, (2, Side.BUY, "900"))
    rows = desk.checker.get("/api/v1/orders", params={"account": "binance"}).json()["items"]
    assert {one["leg"] for one in rows[1:]} == {0, 1}
    assert (rows[0]["leg"], rows[0]["state"], rows[0]["reason"]) == (2, "rejected", "order_notional")
    assert (rows[0]["average_price"], rows[0]["fees"], rows[0]["filled"]) == (None, [], "0")
    bought = next(one for one in rows if one["leg"] == 0)
    fills = done[0].fills
    assert (bought["by"], bought["origin"], bought["filled"]) == ("max", "etp/btc3l/1", "0.5")
    worth = sum(fill.quantity * fill.price for fill in fills)
    assert Decimal(bought["average_price"]) * Decimal("0.5") == worth
    assert [Decimal(one["number"]) for one in bought["fees"]] == [sum(fill.fee.number for fill in fills)]
    spent = Decimal(desk.checker.get("/api/v1/trading-accounts/binance").json()["spent_today"])
    assert spent == sum(one.notional for one in done)
    wanted = {"state": "rejected", "since": "2026-01-31T08:00:30Z"}
    found = desk.checker.get("/api/v1/orders", params=wanted).json()["items"]
    assert [one["client_id"] for one in found] == [refused.request.client_id]
    assert desk.checker.get("/api/v1/orders", params={"account": "desk"}).json()["items"] == []


def test_pages_of_orders_miss_and_repeat_nothing(desk):
    limit(desk)
    desk.maker.put("/api/v1/trading-accounts/binance/key", json=KEY)
    trade(desk, *((leg, Side.BUY, "0.01") for leg in range(5)))
    whole = desk.checker.get("/api/v1/orders").json()["items"]
    found, cursor = [], None
    while True:
        page = desk.checker.get(
            "/api/v1/orders", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        )
        found += page.json()["items"]
        cursor = page.json()["next"]
        if cursor is None:
            break
    assert found == whole
    assert len(whole) == 5
    assert desk.checker.get("/api/v1/orders", params={"cursor": write_cursor("x")}).status_code == 422


def test_the_place_between_two_pages_tells_no_strategy_and_survives_any_name_of_an_account(desk):
    name, database = AccountId("main desk, No 2"), desk.installation.house.database
    with database.transaction(desk.tenant) as session:
        office = orders.take_office(session, name, actor="max", at=NOW)
        for leg in range(3):
            asked = OrderRequest(name, "etp/btc3l/1", leg, PERPETUAL.id, Side.BUY, Decimal(1), tag="carry")
            orders.add(session, office, Order(asked, NOW, NOW, NOW))
    finance = desk.installation.logged_in(desk.tenant, "fin", "finance")
    legs, cursor = [], None
    while cursor or not legs:
        page = finance.get("/api/v1/orders", params={"limit": 1} | ({"cursor": cursor} if cursor else {}))
        assert page.status_code == 200, page.text
        legs += [one["leg"] for one in page.json()["items"]]
        cursor = page.json()["next"]
        assert cursor is None or "carry" not in read_cursor(cursor)
    assert sorted(legs) == [0, 1, 2]


def test_an_order_shows_each_step_with_the_answer_that_told_it(desk):
    limit(desk)
    desk.maker.put("/api/v1/trading-accounts/binance/key", json=KEY)
    (done,) = trade(desk, (0, Side.BUY, "0.5"))
    shown = desk.checker.get(f"/api/v1/orders/binance/{done.request.client_id}").json()
    assert [one["state"] for one in shown["trail"]][:3] == ["intended", "sent", "filled"]
    assert shown["sent"]["type"] == "take"
    assert Decimal(shown["sent"]["price"]) > Decimal(shown["fills"][0]["price"])
    told = next(one["evidence"] for one in shown["trail"] if one["state"] == "filled")
    payload = desk.installation.logged_in(desk.tenant, "ann", "auditor").get(
        f"/api/v1/evidence/{told}/payload"
    )
    assert done.request.client_id in payload.text
    missing = f"/api/v1/orders/binance/{done.request.client_id[:-1]}" + "g"
    assert desk.checker.get(missing).status_code == 422
    assert desk.checker.get(f"/api/v1/orders/desk/{done.request.client_id}").status_code == 404


def test_finance_sees_orders_without_strategies_and_keys_without_rights(desk):
    limit(desk)
    desk.maker.put("/api/v1/trading-accounts/binance/key", json=KEY)
    trade(desk, (0, Side.BUY, "0.5"))
    finance = desk.installation.logged_in(desk.tenant, "fin", "finance")
    answer = finance.get("/api/v1/orders")
    assert "carry" not in answer.text
    (row,) = answer.json()["items"]
    assert (row["tag"], row["client_id"], row["filled"]) == (MASKED, MASKED, "0.5")
    assert finance.get("/api/v1/trading-accounts/binance").json()["key"]["check"] == {"masked": True}


def test_who_sees_one_fund_sees_its_accounts_orders_and_no_others(desk):
    limit(desk)
    desk.maker.put("/api/v1/trading-accounts/binance/key", json=KEY)
    (done,) = trade(desk, (0, Side.BUY, "0.5"))
    assert desk.maker.put("/api/v1/nodes/beta", json={"id": "beta", "name": "B", "kind": "fund"}).is_success
    paths = ("orders", "trading-accounts", "trading-limits")
    for node, count in (("beta", 0), ("alpha", 1)):
        person = desk.installation.logged_in(desk.tenant, f"of-{node}", "auditor")
        with desk.installation.house.database.transaction(desk.tenant) as session:
            roles.put_scope(session, f"of-{node}", roles.Scope((node,)))
        assert [len(person.get(f"/api/v1/{path}").json()["items"]) for path in paths] == [count] * 3
        one = person.get(f"/api/v1/orders/binance/{done.request.client_id}")
        assert one.status_code == (200 if count else 404)


def test_with_the_module_off_nothing_is_there(desk):
    admin = desk.installation.logged_in(desk.tenant, "adm", "administrator")
    assert admin.put("/api/v1/modules", json={"switches": {"trading": False}}).status_code == 200
    for path in ("orders", "trading-accounts", "trading-limits", "trading-accounts/binance"):
        assert desk.checker.get(f"/api/v1/{path}").status_code == 404


def test_orders_and_accounts_are_files_too(desk):
    limit(desk)
    desk.maker.put("/api/v1/trading-accounts/binance/key", json=KEY)
    trade(desk, (0, Side.BUY, "0.5"))
    head, row = desk.checker.get("/api/v1/orders", params={"format": "csv"}).text.splitlines()
    assert dict(zip(head.split(","), row.split(","), strict=False))["account"] == "binance"
    head = desk.checker.get("/api/v1/trading-accounts", params={"format": "csv"}).text.splitlines()[0]
    assert "limits.body.collar" in head.split(",")
