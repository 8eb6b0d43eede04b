"""Market streams speak as the venues document them, and tell a changed price at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from .conftest import Running, make_world
from .test_faults import inject


@contextmanager
def stream(simulator: Running, path: str) -> Iterator[ClientConnection]:
    with connect(simulator.url.replace("http", "ws") + path, proxy=None) as opened:
        yield opened


def heard(opened: ClientConnection, seconds: float = 5) -> Any:
    return json.loads(opened.recv(timeout=seconds))


def move(http: httpx.Client, venue: str, name: str, price: str) -> None:
    body = {"venue": venue, "instrument": name, "price": price}
    assert http.post("/_simulator/mark", json=body).status_code == 200


def read_on(opened: ClientConnection, seconds: float) -> None:
    while True:
        opened.recv(timeout=seconds)


def subscribe(opened: ClientConnection, *wanted: tuple[str, str]) -> None:
    args = [{"channel": channel, "instId": name} for channel, name in wanted]
    opened.send(json.dumps({"op": "subscribe", "args": args}))


def test_a_mini_ticker_has_the_documented_fields(simulator: Running) -> None:
    with stream(simulator, "/stream?streams=btcusdt@miniTicker") as opened:
        told = heard(opened)
    assert told["stream"] == "btcusdt@miniTicker"
    assert list(told["data"]) == ["e", "E", "s", "c", "o", "h", "l", "v", "q"]
    assert (told["data"]["e"], told["data"]["s"]) == ("24hrMiniTicker", "BTCUSDT")


def test_all_marks_come_as_one_array(simulator: Running) -> None:
    with stream(simulator, "/market/ws/!markPrice@arr@1s") as opened:
        rows = heard(opened)
    assert {"BTCUSDT", "ETHUSDT"} <= {row["s"] for row in rows}
    assert list(rows[0]) == ["e", "E", "s", "p", "i", "P", "r", "T"]


def test_subscriptions_are_added_and_removed_by_message(simulator: Running) -> None:
    with stream(simulator, "/ws") as opened:
        opened.send(json.dumps({"method": "SUBSCRIBE", "params": ["ethusdt@markPrice@1s"], "id": 1}))
        assert heard(opened) == {"result": None, "id": 1}
        assert heard(opened)["s"] == "ETHUSDT"
        opened.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": 2}))
        answer = heard(opened)
        while "result" not in answer:
            answer = heard(opened)
        assert answer["result"] == ["ethusdt@markPrice@1s"]


def test_okx_answers_each_argument_pings_and_unknown_names(simulator: Running) -> None:
    with stream(simulator, "/ws/v5/public") as opened:
        opened.send("ping")
        assert opened.recv(timeout=5) == "pong"
        subscribe(opened, ("mark-price", "BTC-USDT-SWAP"), ("tickers", "NO-SUCH"))
        answers = [heard(opened) for _ in range(3)]
    assert answers[0]["event"] == "subscribe"
    assert answers[1]["code"] == "60018"
    assert answers[2]["arg"] == {"channel": "mark-price", "instId": "BTC-USDT-SWAP"}
    assert list(answers[2]["data"][0]) == ["instType", "instId", "markPx", "ts"]


def test_a_mark_that_the_operator_changes_is_told_at_once(simulator: Running, http: httpx.Client) -> None:
    with stream(simulator, "/ws/v5/public") as opened:
        subscribe(opened, ("mark-price", "ETH-USDT-SWAP"))
        heard(opened), heard(opened)
        began = time.monotonic()
        move(http, "okx", "ETH-USDT-SWAP", "2345.67")
        assert heard(opened)["data"][0]["markPx"] == "2345.67"
        assert time.monotonic() - began < 0.3


def test_a_stream_is_dropped_stalls_or_talks_nonsense_when_told_to(
    simulator: Running, http: httpx.Client
) -> None:
    path = "/stream?streams=btcusdt@miniTicker"
    inject(http, kind="garbage", path="stream", times=1)
    with stream(simulator, path) as opened:
        assert "<html>" in opened.recv(timeout=5)
        inject(http, kind="stall", path="stream", times=1)
        with pytest.raises(TimeoutError):
            read_on(opened, seconds=1.6)
    inject(http, kind="drop", path="stream", times=1)
    with stream(simulator, path) as opened, pytest.raises(ConnectionClosed):
        opened.recv(timeout=5)


def test_faults_of_requests_are_not_used_up_by_streams(simulator: Running, http: httpx.Client) -> None:
    with stream(simulator, "/stream?streams=btcusdt@miniTicker") as opened:
        heard(opened)
        inject(http, kind="truncate", path="", times=1)
        heard(opened)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        http.get("/api/v3/ticker/price").json()


def test_an_address_that_no_venue_has_is_refused(simulator: Running) -> None:
    with pytest.raises(InvalidStatus), stream(simulator, "/nowhere"):
        pass


def test_walking_prices_go_from_open_to_open_within_their_bar() -> None:
    start = datetime(2026, 11, 21, 8, tzinfo=UTC)
    market = make_world(start).market
    bar = market.bar("binance", "BTC-USDT", start)
    walked = [
        market.walked("binance", "BTC-USDT", start + timedelta(minutes=minute), since=start)
        for minute in range(480)
    ]
    assert walked[0] == bar.open
    after = market.price("binance", "BTC-USDT", start + timedelta(hours=8))
    assert min(bar.low, after) <= min(walked) <= max(walked) <= max(bar.high, after)
    assert {bar.low, bar.high} <= set(walked)
    assert all(price % Decimal("0.01") == 0 for price in walked)


def test_prices_rest_until_they_are_told_to_walk(simulator: Running, http: httpx.Client) -> None:
    path = "/api/v3/ticker/price?symbol=BTCUSDT"
    resting = http.get(path).json()["price"]
    assert http.post("/_simulator/walk", json={"on": True}).json() == {"on": True}
    assert simulator.world.walking_since is not None
    simulator.world.walking_since -= timedelta(minutes=10)
    walking = http.get(path).json()["price"]
    assert http.post("/_simulator/walk", json={"on": False}).json() == {"on": False}
    assert http.get(path).json()["price"] == resting != walking
    assert http.post("/_simulator/walk", json={}).status_code == 422
