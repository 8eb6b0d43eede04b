"""Each fault is seen by the client as the real thing would be."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Running
from .test_dialects import binance_get, okx_get


def inject(http: httpx.Client, **fault: Any) -> None:
    assert http.post("/_simulator/faults", json=fault).status_code == 200


def test_a_status_fault_strikes_as_often_as_told_and_says_when_to_come_back(http: httpx.Client) -> None:
    inject(http, kind="status", venue="binance", path="ticker", status=503, retry_after=2, times=1)
    answer = http.get("/api/v3/ticker/price")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert http.get("/api/v3/ticker/price").status_code == 200


def test_a_hanging_venue_times_out(http: httpx.Client) -> None:
    inject(http, kind="hang", venue="okx")
    with pytest.raises(httpx.ReadTimeout):
        http.get("/api/v5/public/time", timeout=0.1)
    assert http.get("/api/v3/time").status_code == 200


def test_an_html_page_comes_instead_of_json(http: httpx.Client) -> None:
    inject(http, kind="html", status=200)
    answer = http.get("/fapi/v1/time")
    assert answer.headers["content-type"] == "text/html"
    assert "<html>" in answer.text


def test_half_a_body_is_not_json(http: httpx.Client) -> None:
    inject(http, kind="truncate", path="instruments")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        http.get("/api/v5/public/instruments?instType=SPOT").json()


def test_a_skewed_clock_refuses_honest_timestamps(simulator: Running, http: httpx.Client) -> None:
    before = http.get("/api/v3/time").json()["serverTime"]
    inject(http, kind="skew", venue="binance", milliseconds=120_000)
    assert http.get("/api/v3/time").json()["serverTime"] - before >= 120_000
    assert binance_get(simulator, http, "binance-basis", "/api/v3/account").json()["code"] == -1021


def test_a_revoked_key_is_unknown(simulator: Running, http: httpx.Client) -> None:
    inject(http, kind="revoked", account="okx-trend")
    assert okx_get(simulator, http, "okx-trend", "/api/v5/account/balance").json()["code"] == "50111"
    assert okx_get(simulator, http, "okx-options", "/api/v5/account/balance").json()["code"] == "0"


def test_an_empty_page_and_a_page_given_twice(simulator: Running, http: httpx.Client) -> None:
    def fills(**cursor: str) -> list[str]:
        rows = okx_get(simulator, http, "okx-trend", "/api/v5/trade/fills-history", limit=2, **cursor)
        return [row["billId"] for row in rows.json()["data"]]

    first = fills()
    inject(http, kind="duplicate_page", path="fills-history", times=1)
    assert fills(after=first[-1]) == first
    inject(http, kind="empty_page", path="fills-history", times=1)
    assert fills(after=first[-1]) == []
    assert len(fills(after=first[-1])) == 2


def test_a_fault_that_cannot_be_understood_is_refused(http: httpx.Client) -> None:
    for fault in ({"kind": "earthquake"}, {"kind": "hang", "path": "("}, {"kind": "status", "status": 99}):
        answer = http.post("/_simulator/faults", json=fault)
        assert answer.status_code == 422
        assert answer.json()["error"]
    assert http.post("/_simulator/faults", content=b"{").status_code == 422


def test_faults_are_listed_and_cleared(http: httpx.Client) -> None:
    inject(http, kind="latency", milliseconds=1)
    assert [fault["kind"] for fault in http.get("/_simulator/faults").json()] == ["latency"]
    assert http.delete("/_simulator/faults").json() == []


def test_a_hidden_price_is_missing_and_a_stale_one_is_old(simulator: Running, http: httpx.Client) -> None:
    mark = {"venue": "okx", "instrument": "ETH-USDT-SWAP"}
    path = "/api/v5/public/mark-price?instType=SWAP&instId=ETH-USDT-SWAP"
    fresh = http.get(path).json()["data"][0]
    http.post("/_simulator/mark", json=mark | {"hidden": True})
    assert http.get(path).json()["data"] == []
    http.post("/_simulator/mark", json=mark | {"stale_seconds": 86400, "price": "2000.5"})
    stale = http.get(path).json()["data"][0]
    assert stale["markPx"] == "2000.5"
    assert int(fresh["ts"]) - int(stale["ts"]) > 86_000_000
    http.post("/_simulator/mark", json=mark)
    assert http.get(path).json()["data"][0]["markPx"] == fresh["markPx"]
    assert http.post("/_simulator/mark", json={"venue": "okx", "instrument": "NO"}).status_code == 422


def test_rows_come_in_another_order_and_a_coin_by_another_name(http: httpx.Client) -> None:
    path = "/api/v5/public/instruments?instType=SPOT"
    rows = http.get(path).json()["data"]
    inject(http, kind="reordered_page", path="instruments", times=1)
    spoiled = http.get(path).json()["data"]
    assert spoiled != rows
    assert sorted(spoiled, key=str) == sorted(rows, key=str)
    inject(http, kind="renamed", path="instruments", times=1)
    names = {row["instId"] for row in http.get(path).json()["data"]}
    assert {"XBC-USDT", "ETH-USDT"} <= names
    assert http.get(path).json()["data"] == rows


def test_a_connection_that_ends_in_the_body_is_an_error_of_the_connection(http: httpx.Client) -> None:
    inject(http, kind="cut", path="exchangeInfo", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/api/v3/exchangeInfo")
    assert http.get("/api/v3/exchangeInfo").status_code == 200
