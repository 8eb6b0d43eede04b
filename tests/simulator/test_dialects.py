"""Paging, limits, errors and signatures as the venues' documents describe them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from .conftest import Running


def binance_get(
    simulator: Running, http: httpx.Client, account: str, path: str, **params: Any
) -> httpx.Response:
    plan = simulator.world.account(account)
    query = urlencode({"timestamp": int(time.time() * 1000)} | params)
    signature = hmac.new(plan.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    return http.get(f"{path}?{query}&signature={signature}", headers={"X-MBX-APIKEY": plan.api_key})


def okx_get(simulator: Running, http: httpx.Client, account: str, path: str, **params: Any) -> httpx.Response:
    plan = simulator.world.account(account)
    target = f"{path}?{urlencode(params)}" if params else path
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    digest = hmac.new(plan.secret.encode(), f"{stamp}GET{target}".encode(), hashlib.sha256).digest()
    headers = {
        "OK-ACCESS-KEY": plan.api_key,
        "OK-ACCESS-SIGN": base64.b64encode(digest).decode(),
        "OK-ACCESS-TIMESTAMP": stamp,
        "OK-ACCESS-PASSPHRASE": plan.passphrase,
    }
    return http.get(target, headers=headers)


def test_paging_my_trades_by_from_id_gives_every_fill_once(simulator: Running, http: httpx.Client) -> None:
    found: list[int] = []
    cursor = 0
    while True:
        rows = binance_get(
            simulator,
            http,
            "binance-market-making",
            "/api/v3/myTrades",
            symbol="BTCUSDT",
            fromId=cursor,
            limit=7,
        ).json()
        found += [row["id"] for row in rows]
        if len(rows) < 7:
            break
        cursor = rows[-1]["id"] + 1
    fills = simulator.world.books("binance-market-making").fills
    assert found == [fill.id for fill in fills if fill.instrument.key == "BTC-USDT"]


def test_paging_income_gives_every_entry_once(simulator: Running, http: httpx.Client) -> None:
    start = int(simulator.world.inception.timestamp() * 1000)
    rows: list[dict[str, Any]] = []
    for page in range(1, 100):
        part = binance_get(
            simulator,
            http,
            "binance-market-making",
            "/fapi/v1/income",
            startTime=start,
            limit=50,
            page=page,
        ).json()
        rows += part
        if len(part) < 50:
            break
    entries = simulator.world.books("binance-market-making").entries
    assert [row["tranId"] for row in rows] == [entry.id for entry in entries if entry.wallet == "usdm"]
    assert {row["incomeType"] for row in rows} == {"TRANSFER", "REALIZED_PNL", "FUNDING_FEE"}


def test_paging_okx_bills_backwards_gives_every_balance_change(
    simulator: Running, http: httpx.Client
) -> None:
    bills: list[dict[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        simulator.world.meter.reset()
        rows = okx_get(
            simulator, http, "okx-arbitrage", "/api/v5/account/bills-archive", limit=20, **cursor
        ).json()["data"]
        bills += rows
        if len(rows) < 20:
            break
        cursor = {"after": rows[-1]["billId"]}
    assert len({bill["billId"] for bill in bills}) == len(bills)
    books = simulator.world.books("okx-arbitrage")
    for coin in ("BTC", "USDT"):
        change = sum(float(bill["balChg"]) for bill in bills if bill["ccy"] == coin)
        assert change == pytest.approx(float(books.balance("trading", coin)), abs=1e-6)
    assert {bill["type"] for bill in bills} == {"1", "2", "8"}


def test_okx_tells_what_positions_are_worth_by_kind(simulator: Running, http: httpx.Client) -> None:
    (row,) = okx_get(simulator, http, "okx-trend", "/api/v5/account/balance").json()["data"]
    names = ("notionalUsdForSwap", "notionalUsdForFutures", "notionalUsdForOption")
    swaps, *others = (Decimal(row[name]) for name in names)
    assert swaps > 0
    assert sum(others, swaps) == Decimal(row["notionalUsd"])


def test_expiries_are_billed_as_exercised_or_worthless(simulator: Running, http: httpx.Client) -> None:
    rows = okx_get(simulator, http, "okx-options", "/api/v5/account/bills-archive", type=3).json()["data"]
    billed = {(row["instId"][-1], row["subType"], row["sz"], row["balChg"] == "0") for row in rows}
    assert billed == {("C", "170", "6000", False), ("P", "172", "6000", True)}


def test_deposits_withdrawals_and_transfers_are_listed(simulator: Running, http: httpx.Client) -> None:
    account = "binance-directional"
    deposits = binance_get(simulator, http, account, "/sapi/v1/capital/deposit/hisrec").json()
    assert [(row["coin"], row["amount"]) for row in deposits] == [("USDT", "52000000")]
    withdrawals = binance_get(simulator, http, account, "/sapi/v1/capital/withdraw/history").json()
    assert [(row["amount"], row["transactionFee"]) for row in withdrawals] == [("1500000", "4.25")]
    start = int(simulator.world.inception.timestamp() * 1000)
    moved = binance_get(
        simulator, http, account, "/sapi/v1/asset/transfer", type="MAIN_UMFUTURE", startTime=start
    ).json()
    assert (moved["total"], moved["rows"][0]["amount"]) == (1, "12000000")
    back = binance_get(
        simulator, http, account, "/sapi/v1/asset/transfer", type="UMFUTURE_MAIN", startTime=start
    ).json()
    assert back == {"total": 0, "rows": []}
    okx = okx_get(simulator, http, "okx-trend", "/api/v5/asset/withdrawal-history").json()["data"]
    assert [(row["amt"], row["fee"]) for row in okx] == [("250000", "3.5")]


def test_rights_of_a_key_are_told(simulator: Running, http: httpx.Client) -> None:
    rights = binance_get(simulator, http, "binance-basis", "/sapi/v1/account/apiRestrictions").json()
    assert rights["enableReading"] is True
    assert rights["enableWithdrawals"] is False
    config = okx_get(simulator, http, "okx-trend", "/api/v5/account/config").json()["data"][0]
    assert config["perm"] == "read_only"


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"timestamp": 1}, 400, -1021),
        ({"timestamp": int(time.time() * 1000) + 3_600_000}, 400, -1021),
        ({"timestamp": "x"}, 400, -1100),
        ({"recvWindow": 70_000}, 400, -1131),
    ],
)
def test_binance_refuses_bad_times(
    simulator: Running, http: httpx.Client, params: dict[str, Any], status: int, code: int
) -> None:
    answer = binance_get(simulator, http, "binance-basis", "/api/v3/account", **params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_binance_names_what_is_missing(simulator: Running, http: httpx.Client) -> None:
    assert http.get("/api/v3/account").json()["code"] == -2014
    key = {"X-MBX-APIKEY": simulator.world.account("binance-basis").api_key}
    assert http.get("/api/v3/account?timestamp=1", headers=key).json()["code"] == -1102
    trades = binance_get(simulator, http, "binance-basis", "/api/v3/myTrades")
    assert trades.json()["code"] == -1102
    unknown = binance_get(simulator, http, "binance-basis", "/api/v3/myTrades", symbol="XYZUSDT")
    assert unknown.json()["code"] == -1121
    week = binance_get(
        simulator, http, "binance-basis", "/fapi/v1/userTrades", symbol="BTCUSDT", startTime=0, endTime=10**12
    )
    assert week.json()["code"] == -4165


def test_okx_names_what_is_wrong(simulator: Running, http: httpx.Client) -> None:
    assert http.get("/api/v5/account/balance").json()["code"] == "50103"
    assert http.get("/api/v5/public/instruments").json()["code"] == "51000"
    assert http.get("/api/v5/public/instruments?instType=OPTION").json()["code"] == "50014"
    assert http.get("/api/v5/market/ticker?instId=XYZ-USDT").json()["code"] == "51001"
    assert http.get("/api/v5/nothing").status_code == 404


def test_binance_counts_weight_then_refuses_then_bans(simulator: Running, http: httpx.Client) -> None:
    first = http.get("/api/v3/ticker/24hr")
    assert first.headers["x-mbx-used-weight-1m"] == "80"

    def until(status: int) -> httpx.Response:
        """Weight is counted by the minute: where one ends on the way, the counting begins again."""
        for _ in range(220):
            answer = http.get("/api/v3/ticker/24hr")
            if answer.status_code == status:
                break
        return answer

    refused = until(429)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 61
    assert until(418).status_code == 418


def test_okx_refuses_too_many_requests(simulator: Running, http: httpx.Client) -> None:
    answers = [okx_get(simulator, http, "okx-trend", "/api/v5/account/config") for _ in range(7)]
    assert answers[-1].status_code == 429
    assert answers[-1].json()["code"] == "50011"


def test_a_key_of_one_venue_is_unknown_to_the_other(simulator: Running, http: httpx.Client) -> None:
    key = simulator.world.account("okx-trend").api_key
    answer = http.get("/api/v3/account?timestamp=1", headers={"X-MBX-APIKEY": key})
    assert answer.json()["code"] == -2015
