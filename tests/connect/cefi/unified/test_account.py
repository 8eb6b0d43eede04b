"""One venue from end to end, as ccxt speaks to it: a spot exchange that gives its newest rows first."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from truenav.connect.contract import AccountConnector, Credentials, Errand, Right, refuse_unsafe_key
from truenav.connect.errors import KeyRevokedError
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BTC, EUR
from truenav.core.canonical import canonical_json
from truenav.core.clock import to_milliseconds
from truenav.core.facts import BalanceSnapshot, Quote, Trade, Transfer

VENUE = "bitvavo"
ACCOUNT = Account("desk", "Desk", VENUE, AccountKind.EXCHANGE, ("main",))
START = datetime(2026, 11, 1, tzinfo=UTC)
BEFORE = START - timedelta(days=1)


def trade(number, at=None):
    return {
        "id": f"t{number}",
        "orderId": f"o{number}",
        "timestamp": to_milliseconds(at or START + timedelta(minutes=number)),
        "market": "BTC-EUR",
        "side": "buy" if number % 3 else "sell",
        "amount": "0.100000000000000000000001",
        "price": "50000.5",
        "taker": True,
        "fee": "12.50012499999999999",
        "feeCurrency": "EUR",
        "settled": True,
    }


@dataclass
class Exchange:
    """The venue: its trades and movements, at most 100 a page, the newest first."""

    trades: list = field(default_factory=list)
    deposits: list = field(default_factory=list)
    refuse: tuple[int, dict] | None = None
    page: int = 100

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v2")
        if self.refuse is not None and request.headers.get("bitvavo-access-key"):
            return httpx.Response(self.refuse[0], json=self.refuse[1])
        answers = {
            "/time": {"time": to_milliseconds(datetime(2026, 11, 22, tzinfo=UTC)) + 250},
            "/assets": [{"symbol": "BTC", "decimals": 8, "networks": []}],
            "/markets": [
                {"market": f"{base}-EUR", "status": "trading", "base": base, "quote": "EUR"}
                for base in ("BTC", "DOGE")
            ],
            "/balance": [
                {"symbol": "BTC", "available": "1.000000000000000000001", "inOrder": "0.5"},
                {"symbol": "DOGE", "available": "7", "inOrder": "0"},
            ],
            "/ticker/24h": [
                {"market": "BTC-EUR", "last": "50001.1", "volume": "3", "timestamp": 1795305600000}
            ],
            "/trades": self.newest(self.trades, request),
            "/depositHistory": self.newest(self.deposits, request),
            "/withdrawalHistory": [],
        }
        return httpx.Response(200, json=answers.get(path, {"items": []}))

    def newest(self, rows, request):
        start, end = (
            int(request.url.params.get(name, default)) for name, default in (("start", 0), ("end", 9e14))
        )
        found = [row for row in rows if start <= row["timestamp"] <= end]
        return sorted(found, key=lambda row: -row["timestamp"])[: self.page]


KEY = Credentials("canary-key-1234567890", "canary-secret-1234567890")


async def market(one, empty):
    return empty.with_instruments((await one.connector.gather_market(one.transport(""), empty)).instruments)


async def gather(one, context, cursors=None):
    return await one.connector.gather_account(
        one.transport(), Errand(ACCOUNT, KEY, context, cursors or {}, since=BEFORE)
    )


def fills(gathered):
    return [fact for fact in gathered.facts if isinstance(fact.body, Trade)]


def test_a_venue_that_nobody_built_a_connector_for_is_read_exactly(line, empty):
    venue = Exchange([trade(n) for n in range(250)])
    venue.deposits = [
        {"timestamp": 1795000000000, "symbol": "BTC", "amount": "2", "status": "completed", "txId": "0xab"}
    ]

    async def run():
        async with line(VENUE, venue) as one:
            listed = await one.connector.gather_market(one.transport(""), empty)
            context = empty.with_instruments(listed.instruments)
            return one, listed, await gather(one, context)

    one, listed, found = asyncio.run(run())
    assert isinstance(one.connector, AccountConnector)
    assert (listed.failures, found.failures) == ((), ())
    assert [item.id for item in listed.instruments] == ["bitvavo:BTC-EUR"]
    quotes = [fact.body for fact in listed.facts]
    assert [(quote.base, quote.quote, quote.price) for quote in quotes if isinstance(quote, Quote)] == [
        (BTC, EUR, Decimal("50001.1"))
    ]
    assert len(fills(found)) == 250
    first = fills(found)[1].body
    assert (first.quantity, first.price, first.wallet) == (
        Decimal("0.100000000000000000000001"),
        Decimal("50000.5"),
        "main",
    )
    assert first.cost.number == Decimal("-5000.0500000000000000000500005")
    assert [(fee.number, fee.asset) for fee in first.fees] == [(Decimal("-12.50012499999999999"), EUR)]
    balance = next(fact.body for fact in found.facts if isinstance(fact.body, BalanceSnapshot))
    assert [(line.asset, line.total) for line in balance.lines] == [
        (BTC, Decimal("1.500000000000000000001")),
        ("bitvavo:DOGE", Decimal(7)),
    ]
    moved = next(fact for fact in found.facts if isinstance(fact.body, Transfer))
    assert (moved.external_id, moved.body.amount.number) == ("deposit:0xab", 2)
    assert [problem.subject for problem in found.problems] == ["bitvavo transfers", "bitvavo:DOGE"]


def test_every_fact_is_of_archived_rows_that_name_the_answers_they_were_made_of(line, empty):
    async def run():
        async with line(VENUE, Exchange([trade(1)])) as one:
            return one, await gather(one, await market(one, empty))

    one, found = asyncio.run(run())
    archived = {payload.evidence.sha256: payload for payload in one.archived}
    for fact in found.facts:
        evidence = archived[fact.evidence].evidence
        assert evidence.request.method == "UNIFIED"
        assert evidence.connector_version.startswith("1+ccxt-")
        named = [value for name, value in evidence.request.params if name == "raw"]
        assert named
        assert all(archived[value].evidence.endpoint == "raw/1" for value in named)
    assert {one.sha256 for one in found.evidence} <= archived.keys()


def test_no_secret_is_written_down(line, empty):
    async def run():
        async with line(VENUE, Exchange([trade(1)])) as one:
            await gather(one, await market(one, empty))
            return one

    one = asyncio.run(run())
    sent = [request for request in one.asked if KEY.key in request.headers.values()]
    assert sent, "the venue was asked with the key"
    kept = b"".join(canonical_json(one.evidence) + one.body for one in one.archived).decode()
    for secret in (KEY.key, KEY.secret, *(request.headers["bitvavo-access-signature"] for request in sent)):
        assert secret not in kept


def test_the_next_sync_begins_with_the_last_row_and_repeats_no_fact(line, empty):
    venue = Exchange([trade(n) for n in range(120)])

    async def run():
        async with line(VENUE, venue) as one:
            context = await market(one, empty)
            first = await gather(one, context)
            venue.trades += [trade(n) for n in range(120, 150)]
            return first, await gather(one, context, first.cursors)

    first, second = asyncio.run(run())
    assert {fact.key_hash for fact in fills(second)} - {fact.key_hash for fact in fills(first)} == {
        fact.key_hash for fact in fills(second) if int(fact.external_id.rpartition("t")[2]) >= 120
    }
    assert len({fact.key_hash for fact in (*fills(first), *fills(second))}) == 150
    name = "unified.trades/1?BTC/EUR"
    assert (first.cursors[name].id, second.cursors[name].id) == ("spot:BTC-EUR:t119", "spot:BTC-EUR:t149")


@pytest.mark.parametrize("gone", ["the cursor's row", "rows between the pages and the newest"])
def test_a_gap_is_a_failure_and_the_cursor_stays(gone, line, empty):
    venue = Exchange([trade(n) for n in range(50)])

    async def run():
        async with line(VENUE, venue) as one:
            context = await market(one, empty)
            first = await gather(one, context)
            if gone == "the cursor's row":
                del venue.trades[49]
            else:
                venue.trades += [trade(n) for n in range(1000, 1250)]
            return await gather(one, context, first.cursors)

    second = asyncio.run(run())
    assert fills(second) == []
    assert [failure.message.partition(":")[0] for failure in second.failures] == ["unified.trades/1?BTC/EUR"]
    assert "unified.trades/1?BTC/EUR" not in second.cursors


def test_a_movement_under_way_holds_the_cursor_back(line, empty):
    row = {"symbol": "BTC", "amount": "2", "txId": "0x1", "status": "completed"}
    venue = Exchange()
    venue.deposits = [
        {**row, "timestamp": 1795000000000},
        {**row, "timestamp": 1795000060000, "txId": "0x2", "status": "sending"},
        {**row, "timestamp": 1795000120000, "txId": "0x3"},
    ]

    async def run():
        async with line(VENUE, venue) as one:
            return await gather(one, await market(one, empty))

    found = asyncio.run(run())
    status = {fact.external_id for fact in found.facts if isinstance(fact.body, Transfer)}
    assert status == {"deposit:0x1", "deposit:0x3"}
    assert found.cursors["unified.deposits/1"].id.endswith("0x2")


def test_a_key_reads_and_its_other_rights_are_unverified(line):
    async def run():
        async with line(VENUE, Exchange()) as one:
            return await one.connector.check_key(one.transport(), KEY)

    check = asyncio.run(run())
    assert (check.read, check.trade, check.withdraw) == (Right.YES, Right.UNVERIFIED, Right.UNVERIFIED)
    assert check.clock_offset == timedelta(milliseconds=250)
    assert len(refuse_unsafe_key(check)) == 2


def test_a_revoked_key_is_told_as_such(line, empty):
    venue = Exchange()

    async def run():
        async with line(VENUE, venue) as one:
            context = await market(one, empty)
            venue.refuse = (403, {"errorCode": 305, "error": "No active API key found."})
            with pytest.raises(KeyRevokedError) as raised:
                await one.connector.check_key(one.transport(), KEY)
            return raised.value, await gather(one, context)

    error, found = asyncio.run(run())
    assert KEY.key not in error.message
    assert found.facts == ()
    assert all("key is not accepted" in failure.message for failure in found.failures)


def test_a_venue_that_refuses_our_time_is_asked_by_its_own(line):
    venue = Exchange()
    early = (403, {"errorCode": 304, "error": "Request was not received in time."})

    def answer(request: httpx.Request) -> httpx.Response:
        stamp = int(request.headers.get("bitvavo-access-timestamp", 0))
        now = to_milliseconds(datetime(2026, 11, 22, tzinfo=UTC)) + 250
        return httpx.Response(early[0], json=early[1]) if 0 < stamp < now else venue(request)

    async def run():
        async with line(VENUE, answer) as one:
            return await one.connector.check_key(one.transport(), KEY)

    assert asyncio.run(run()).read is Right.YES


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b'{"a":', b"<html>", b"", b'[{"market": 5}]', b'"x"'])
def test_a_venue_that_answers_nonsense_is_a_failure_and_never_an_error(body, line, empty):
    def nonsense(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body)

    async def run():
        async with line(VENUE, nonsense) as one:
            listed = await one.connector.gather_market(one.transport(""), empty)
            return listed, await gather(one, empty)

    listed, found = asyncio.run(run())
    assert (listed.facts, found.facts) == ((), ())
    assert found.failures


def test_markets_are_listed_once_a_round_and_forgotten_with_it(line, empty):
    async def run():
        async with line(VENUE, Exchange()) as one:
            await gather(one, await market(one, empty))
            listed = [request for request in one.asked if request.url.path.endswith("/markets")]
            return one.connector, len(listed)

    connector, listed = asyncio.run(run())
    gc.collect()
    assert (listed, len(connector._listed)) == (1, 0)


def test_a_connection_of_its_own_address_asks_nobody_else(line, empty):
    async def run():
        async with line(VENUE, Exchange([trade(1)])) as one:
            api = one.transport(base_url="http://proxy.test/bitvavo")
            await one.connector.gather_market(api, empty)
            return {f"{one.url.host}{one.url.path}" for one in one.asked}

    asked = asyncio.run(run())
    assert "proxy.test/bitvavo/v2/markets" in asked
    assert all(place.startswith("proxy.test/bitvavo/v2/") for place in asked)
