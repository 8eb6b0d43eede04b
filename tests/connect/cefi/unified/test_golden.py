"""Answers of ten venues, read through our transport: ccxt's published figures, digit by digit, and facts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from truenav.connect import registry
from truenav.connect.cefi.unified import rows
from truenav.connect.contract import Credentials
from truenav.connect.errors import MalformedPayloadError, VenueError

DATA = Path(__file__).parents[5] / "shared" / "data" / "ccxt_static"
FILES = {"rest": "rest.json", "gct": "rest_recorded_gct.json", "nautilus": "nautilus.json"}
WALLET_KEY = Credentials("0x" + "1" * 40)
VENUES = ("binance", "bitget", "coinbase", "deribit", "gate", "htx", "hyperliquid", "kucoin", "mexc", "okx")
METHODS = {
    "fetchPositions": ("fetch_positions", rows.POSITIONS),
    "fetchMyTrades": ("fetch_my_trades", rows.TRADES),
    "fetchDeposits": ("fetch_deposits", rows.MOVEMENTS),
    "fetchWithdrawals": ("fetch_withdrawals", rows.MOVEMENTS),
    "fetchTransfers": ("fetch_transfers", rows.TRANSFERS),
    "fetchLedger": ("fetch_ledger", rows.LEDGER),
    "fetchFundingHistory": ("fetch_funding_history", rows.FUNDING),
    "fetchBorrowInterest": ("fetch_borrow_interest", rows.INTEREST),
    "fetchTickers": ("fetch_tickers", rows.TICKERS),
}
ENDPOINTS = {
    "fetchMyTrades": "unified.trades/1",
    "fetchDeposits": "unified.deposits/1",
    "fetchWithdrawals": "unified.withdrawals/1",
    "fetchTransfers": "unified.transfers/1",
    "fetchLedger": "unified.ledger/1",
    "fetchFundingHistory": "unified.funding/1",
    "fetchBorrowInterest": "unified.interest/1",
    "fetchTickers": "unified.tickers/1",
}
UNREADABLE = {
    ("coinbase", "fetchMyTrades"),  # documentation with "string" for every value
    ("coinbase", "fetchPositions"),
    ("kucoin", "fetchFundingHistory"),  # of markets that no recorded list names
    ("okx", "fetchLedger"),
}
"""Records that cannot be read as they stand: they are refused by our errors."""


class Fixtures:
    """Answers of one venue: those that a golden record names, else by path."""

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.records = {kind: self._read(name) for kind, name in FILES.items()}
        self.by_path = {
            (one["method"], "/" + one["path"].lstrip("/")): one["response"]
            for kind in ("rest", "gct")
            for one in self.records[kind].values()
        }
        self.named: dict[tuple[str, str], list[str | None]] = {}

    def _read(self, name: str) -> dict[str, Any]:
        file = DATA / self.venue / name
        return {one["name"]: one for one in json.loads(file.read_text())} if file.exists() else {}

    def expect(self, requests: list[Mapping[str, Any]]) -> None:
        self.named = {}
        for one in requests:
            self.named.setdefault((one["method"], one["path"]), []).append(one["fixture"])

    def __call__(self, request: httpx.Request) -> httpx.Response:
        key = (request.method, request.url.path)
        fixture = self.named[key].pop(0) if self.named.get(key) else None
        if fixture is None or fixture == "inline":
            return httpx.Response(200, json=self.by_path.get(key, {}))
        _, kind, name = fixture.split("/", 2)
        return httpx.Response(200, json=self.records[kind][name.removesuffix(".json")]["response"])


@pytest.mark.skipif(not DATA.exists(), reason="the venues' recorded answers are not on this machine")
@pytest.mark.parametrize("venue", VENUES)
def test_rows_are_ccxts_published_figures_digit_by_digit(venue, line, empty):
    golden = json.loads((DATA / venue / "golden_ccxt.json").read_text())["methods"]
    fixtures = Fixtures(venue)

    async def run():
        checked = 0
        async with line(venue, fixtures) as one:
            client = one.client(WALLET_KEY) if venue == "hyperliquid" else one.client()
            try:
                await client.call("load_markets")
            except VenueError:
                client.exchange.set_markets([])
            for method in sorted(METHODS.keys() & golden.keys()):
                for record in golden[method]:
                    fixtures.expect(record["requests"])
                    if (venue, method) in UNREADABLE:
                        with pytest.raises(VenueError):
                            await client.call(METHODS[method][0], *record["input"])
                        checked += 1
                        continue
                    answer = await client.call(METHODS[method][0], *record["input"])
                    checked += compare(answer.value, record["parsedResponse"], METHODS[method][1])
                    await facts_of(client, method, answer, empty)
            for record in golden.get("fetchBalance", ()):
                fixtures.expect(record["requests"])
                found = rows.balance_rows((await client.call("fetch_balance")).value)
                told = record["parsedResponse"]
                assert {row["code"]: float(row["total"]) for row in found if "total" in row} == {
                    code: total for code, total in told["total"].items() if total is not None
                }
                checked += len(found)
        return checked

    assert asyncio.run(run()) > 0


def compare(found: Any, told: Any, columns: rows.Columns) -> int:
    """Each kept field of each row is what the record says; its float is what our digits round to."""
    if isinstance(told, dict):
        found, told = list(found.values()), list(told.values())
    assert len(found) == len(told)
    for row, expected in zip(found, told, strict=True):
        ours = rows.kept(row, columns, "row")
        for name in columns.numbers:
            assert (float(ours[name]) if name in ours else None) == expected.get(name), name
        for name in (*columns.texts, *columns.instants):
            if name == "symbol":  # depends on the list of markets, of which the records hold other parts
                continue
            shown = None if expected.get(name) is None else str(expected[name]).removesuffix(".0")
            assert ours.get(name) == shown, name
    return len(told)


async def facts_of(client, method, answer, context):
    """The rows, archived and parsed by their endpoint's parser, never leave our errors."""
    endpoint = ENDPOINTS.get(method)
    if endpoint is None:
        return
    if method == "fetchMyTrades":
        found = rows.trade_rows(client, answer.value)
    elif method in ("fetchDeposits", "fetchWithdrawals"):
        found = rows.movement_rows(answer.value)
    else:
        found = rows.plain_rows(client, answer.value, METHODS[method][1], method)
    body = {"wallets": ["main"], "rows": found}
    payload = await rows.payload_of(client, endpoint, method, [answer], body)
    try:
        parsed = registry.parse(payload.evidence, payload.body, context)
    except MalformedPayloadError:
        return
    assert parsed == registry.parse(payload.evidence, payload.body, context)
