"""Deribit as its documents describe it: envelopes, sessions, log, channels; an unmodified client works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import ccxt
import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from truenav.simulator.server import create_app
from truenav.simulator.times import WallClock
from truenav.simulator.truth import truth
from truenav.simulator.world import World

from .conftest import Running, run_in_thread

SCENARIO = Path(__file__).parents[1] / "connect" / "cefi" / "deribit" / "scenario.toml"
PUBLIC = "/api/v2/public"
PRIVATE = "/api/v2/private"


@pytest.fixture(scope="module")
def venue() -> Iterator[Running]:
    """On the wall clock, since clients sign with theirs."""
    world = World.load(SCENARIO, datetime.now(UTC).date(), WallClock())
    server, thread, url = run_in_thread(create_app(world))
    yield Running(world, url)
    server.should_exit = True
    thread.join(timeout=5)


@pytest.fixture
def client(venue: Running) -> Iterator[httpx.Client]:
    venue.world.meter.reset()
    venue.world.faults.clear()
    with httpx.Client(base_url=venue.url) as opened:
        yield opened


def log_in(client: httpx.Client, **changes: str) -> dict[str, Any]:
    params = {
        "grant_type": "client_credentials",
        "client_id": "deribit-key",
        "client_secret": "deribit-canary-secret",
    }
    answer: dict[str, Any] = client.get(f"{PUBLIC}/auth", params=params | changes).json()
    return answer


def asked(client: httpx.Client, method: str, **params: Any) -> Any:
    token = log_in(client)["result"]["access_token"]
    answer = client.get(f"{PRIVATE}/{method}", params=params, headers={"Authorization": f"Bearer {token}"})
    return json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)["result"]


def exchange(venue: Running) -> Any:
    made = ccxt.deribit({"apiKey": "deribit-key", "secret": "deribit-canary-secret"})
    made.urls["api"] = {"rest": venue.url}
    return made


def test_results_and_errors_come_in_an_envelope(client: httpx.Client) -> None:
    answer = client.get(f"{PUBLIC}/get_time").json()
    assert {"jsonrpc", "result", "usIn", "usOut", "usDiff", "testnet"} == answer.keys()
    refused = client.get(f"{PRIVATE}/get_positions")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 13009)
    assert log_in(client, client_secret="wrong")["error"]["code"] == 13004
    assert log_in(client, client_id="nobody")["error"]["code"] == 13004
    assert client.get(f"{PUBLIC}/nothing").json()["error"]["code"] == -32601
    missing = client.get(f"{PUBLIC}/get_book_summary_by_currency").json()["error"]
    assert (missing["code"], missing["data"]["reason"]) == (-32602, "currency is missing")
    assert client.get(f"{PUBLIC}/ticker", params={"instrument_name": "X"}).json()["error"]["code"] == 13020


def test_a_token_tells_its_scope(client: httpx.Client) -> None:
    told = log_in(client)["result"]
    assert told["scope"] == "account:read block_trade:none connection trade:read wallet:read"
    assert told["token_type"] == "bearer"


def test_too_many_requests_are_refused(client: httpx.Client) -> None:
    answers = [client.get(f"{PUBLIC}/get_time").json() for _ in range(101)]
    assert answers[-1]["error"]["code"] == 10028


def test_equity_is_settled_cash_the_sessions_profit_and_options(client: httpx.Client) -> None:
    told = asked(client, "get_account_summaries")["summaries"]
    for row in told:
        parts = (row["balance"], row["futures_session_rpl"], row["futures_session_upl"], row["options_value"])
        assert sum(parts) == row["equity"]
    assert {row["currency"] for row in told} >= {"BTC", "ETH", "USDC", "USDT"}


def test_the_log_leads_to_the_balance_page_by_page(client: httpx.Client) -> None:
    balance = {row["currency"]: row["balance"] for row in asked(client, "get_account_summaries")["summaries"]}
    rows: list[dict[str, Any]] = []
    params: dict[str, Any] = {"currency": "BTC", "count": 20}
    while True:
        page = asked(client, "get_transaction_log", **params)
        rows += page["logs"]
        if page["continuation"] is None:
            break
        params["continuation"] = page["continuation"]
    assert len({row["id"] for row in rows}) == len(rows) > 60
    assert rows[0]["balance"] == balance["BTC"] == sum(row["change"] for row in rows)
    for later, earlier in pairwise(rows):
        assert later["balance"] - later["change"] == earlier["balance"]
    kinds = {row["type"] for row in rows}
    assert kinds == {"deposit", "withdrawal", "transfer", "trade", "settlement", "delivery"}
    for row in rows:
        if row["type"] == "settlement":
            assert row["change"] == row["session_rpl"] + row["session_upl"]


def test_equity_recomputed_from_what_deribit_publishes_is_the_truth(
    venue: Running, client: httpx.Client
) -> None:
    equity = {
        row["currency"]: Fraction(row["balance"]) + Fraction(row["futures_session_rpl"])
        for row in asked(client, "get_account_summaries")["summaries"]
    }
    books = venue.world.books("main")
    entries = {one.instrument.id: one.entry for one in books.positions.values()}
    assert entries
    for position in books.positions.values():
        item, mark = position.instrument, Fraction(venue.world.mark(position.instrument))
        contracts, entry = Fraction(position.size) * Fraction(item.multiplier), Fraction(position.entry)
        if item.kind == "option":
            equity[item.settle] += contracts * mark
        else:
            gain = contracts * (1 / entry - 1 / mark) if item.inverse else contracts * (mark - entry)
            equity[item.settle] += gain
    true = truth(venue.world, "main")["equity"]
    assert {coin: str(number) for coin, number in equity.items() if number} == {
        coin: row["exact"] for coin, row in true.items()
    }


def test_an_unmodified_client_reads_markets_balances_positions_and_trades(venue: Running) -> None:
    venue.world.meter.reset()
    made = exchange(venue)
    markets = made.load_markets()
    assert {"swap", "future", "option", "spot"} == {market["type"] for market in markets.values()}
    books = venue.world.books("main")
    balance = made.fetch_balance()
    told = next(row for row in balance["info"]["summaries"] if row["currency"] == "BTC")
    assert balance["BTC"]["total"] == pytest.approx(float(told["equity"]))
    assert made.fetch_time() > 0
    positions = made.fetch_positions()
    assert {row["side"] for row in positions} == {"long", "short"}
    assert len(positions) == len(books.positions)
    trades = made.fetch_my_trades("BTC/USD:BTC", limit=1000)
    assert len(trades) == sum(fill.instrument.key == "BTC-USD-SWAP" for fill in books.fills)
    assert trades[0]["fee"]["currency"] == "BTC"
    assert [row["amount"] for row in made.fetch_deposits("BTC")] == [90.5]
    assert [row["amount"] for row in made.fetch_withdrawals("BTC")] == [1.5]
    assert {row["amount"] for row in made.fetch_transfers("BTC")} == {2.25, 0.75}
    assert made.fetch_ticker("BTC/USD:BTC")["last"] > 0


# -- over WebSocket -------------------------------------------------------------------------------


@contextmanager
def channel(venue: Running) -> Iterator[ClientConnection]:
    with connect(venue.url.replace("http", "ws") + "/ws/api/v2", proxy=None) as opened:
        yield opened


def say(opened: ClientConnection, method: str, **params: Any) -> Any:
    opened.send(json.dumps({"jsonrpc": "2.0", "id": 9, "method": method, "params": params}))
    while True:
        told = json.loads(opened.recv(timeout=5))
        if told.get("id") == 9:
            return told


def test_channels_tell_tickers_and_indices_and_a_heartbeat_asks(venue: Running, client: httpx.Client) -> None:
    names = ["ticker.BTC-PERPETUAL.100ms", "deribit_price_index.btc_usd", "ticker.NO-SUCH.100ms"]
    with channel(venue) as opened:
        assert say(opened, "public/test")["result"] == {"version": "1.2.26"}
        assert say(opened, "public/subscribe", channels=names)["result"] == names[:2]
        ticker, index = (json.loads(opened.recv(timeout=5))["params"] for _ in range(2))
        assert ticker["data"]["mark_price"] > 0
        assert index["data"]["index_name"] == "btc_usd"
        assert say(opened, "public/set_heartbeat", interval=10)["result"] == "ok"
        assert json.loads(opened.recv(timeout=5))["params"] == {"type": "test_request"}
        body = {"venue": "okx", "instrument": "BTC-USD-SWAP", "price": "43210.5"}
        assert client.post("/_simulator/mark", json=body).status_code == 200
        moved = json.loads(opened.recv(timeout=5))["params"]["data"]
        assert moved["mark_price"] == 43210.5
        assert say(opened, "public/unsubscribe", channels=names)["result"] == names[:2]
    venue.world.overrides.clear()


def test_a_malformed_request_is_answered_and_the_stream_stays(venue: Running) -> None:
    with channel(venue) as opened:
        for told in ("often", "30", True, None, [30]):
            error = say(opened, "public/set_heartbeat", interval=told)["error"]
            assert (error["code"], error["data"]) == (-32602, {"reason": "invalid interval"})
        for method in ("public/subscribe", "public/unsubscribe"):
            assert say(opened, method, channels=5)["error"]["data"] == {"reason": "invalid channels"}
        assert say(opened, "public/set_heartbeat", interval=30)["result"] == "ok"


def test_a_log_in_holds_for_the_connection(venue: Running) -> None:
    key = {"client_id": "deribit-key", "client_secret": "deribit-canary-secret"}
    with channel(venue) as opened:
        assert say(opened, "private/get_positions", currency="any")["error"]["code"] == 13009
        assert "result" in say(opened, "public/auth", grant_type="client_credentials", **key)
        assert say(opened, "private/get_positions", currency="any")["result"]
        assert say(opened, "public/nothing")["error"]["code"] == -32601
        opened.send("no json")
        assert json.loads(opened.recv(timeout=5))["error"]["code"] == -32700
