"""BitMEX from end to end: signatures, pages that repeat, lists that come back falsely empty, refusals."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from truenav.connect.cefi.bitmex import client
from truenav.connect.cefi.bitmex.errors import refusal
from truenav.connect.cefi.bitmex.streams import market_streams
from truenav.connect.contract import Right
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueStoppedError,
    VenueUnavailableError,
)
from truenav.connect.margins import read_margin_ratio
from truenav.connect.registry import connector
from truenav.core.facts import PositionSnapshot, Trade
from truenav.core.money import divided

START = datetime(2026, 11, 1, tzinfo=UTC)


def gathered(lab, venue, *cursors, **more):
    """Gatherings one after the other, each from the cursors of the last."""

    async def run():
        found = []
        async with lab.line(venue) as line:
            for change in (lambda: None, *cursors):
                change()
                known = found[-1].cursors if found else {}
                found.append(await line.gather(lab.known(), known, **more))
        return found

    return asyncio.run(run())


def trades(found):
    return [fact.external_id for fact in found.facts if isinstance(fact.body, Trade)]


def fills(lab, count, at=lambda n: START + timedelta(seconds=n)):
    """Fills and the wallet rows that repeat them."""
    execution = next(one for one in lab.saved("executions") if one["symbol"] == "XBTUSD")
    wallet = next(one for one in lab.saved("wallet-history") if one["transactType"] == "RealisedPNL")
    rows, moved = [], []
    for n in range(count):
        when = at(n).isoformat().replace("+00:00", "Z")
        again = {"timestamp": when, "transactTime": when, "orderID": f"o{n}"}
        rows.append({**execution, "execID": f"e{n}", **again})
        moved.append({**wallet, "transactID": f"w{n}", "amount": -1, "walletBalance": 10**9 - n, **again})
    return rows, moved[::-1]


@pytest.fixture
def short_pages(monkeypatch):
    monkeypatch.setattr(client, "PAGE", 50)
    monkeypatch.setattr(client, "LEDGER_PAGE", 60)


@pytest.mark.parametrize("apart", [1, 0])
def test_long_histories_are_read_page_by_page_and_then_only_what_is_new(lab, short_pages, apart):
    venue = lab.venue()
    rows, moved = fills(lab, 123, lambda n: START + timedelta(seconds=n * apart))
    venue.tables |= {"/execution/tradeHistory": rows[:120], "/user/walletHistory": moved[3:]}

    def trade():
        venue.tables |= {"/execution/tradeHistory": rows, "/user/walletHistory": moved}
        venue.asked.clear()

    first, second = gathered(lab, venue, trade, since=START - timedelta(days=1))
    assert first.failures == second.failures == ()
    assert sorted(trades(first)) == sorted(f"exec:e{n}" for n in range(120))
    assert set(trades(second)) >= {"exec:e120", "exec:e121", "exec:e122"}
    assert second.cursors["executions/1"].id == "e122"
    assert second.cursors["wallet-history/1"].at == datetime.fromisoformat(moved[0]["timestamp"])


def test_a_history_longer_than_one_gathering_is_read_in_several(lab, monkeypatch):
    """The wallet's rows wait for their executions, and those of each gathering go further."""
    monkeypatch.setattr(client, "PAGE", 25)
    monkeypatch.setattr(client, "MAX_PAGES", 3)
    venue = lab.venue()
    rows, moved = fills(lab, 150, lambda n: START + timedelta(hours=2 * n))
    deposit = {**moved[0], "transactType": "Deposit", "transactID": "d", "orderID": "", "amount": 5}
    late = {"timestamp": moved[1]["timestamp"], "transactTime": moved[1]["timestamp"]}
    moved.insert(1, {**deposit, **late})
    venue.tables |= {"/execution/tradeHistory": rows, "/user/walletHistory": moved}
    found = gathered(lab, venue, *[lambda: None] * 3, since=START - timedelta(days=1))
    assert [one.failures for one in found] == [()] * 4
    assert [bool(one.unfinished) for one in found] == [True, True, True, False]
    assert {name for one in found for name in trades(one)} == {f"exec:e{n}" for n in range(150)}
    told = [n for n, one in enumerate(found) if any(f.external_id == "wallet:d" for f in one.facts)]
    assert told == [3]
    ends = [one.cursors["wallet-history/1"].at for one in found]
    assert ends == sorted(set(ends))
    assert found[-1].cursors["executions/1"].id == "e149"


def test_a_page_that_does_not_repeat_its_row_moves_no_cursor(lab, short_pages):
    venue = lab.venue()
    rows, moved = fills(lab, 70)
    venue.tables |= {"/execution/tradeHistory": rows, "/user/walletHistory": moved}

    def lose():
        venue.tables["/execution/tradeHistory"] = [one for one in rows if one["execID"] != "e69"]

    first, second = gathered(lab, venue, lose, since=START - timedelta(days=1))
    assert first.failures == ()
    assert [one.message.partition(":")[0] for one in second.failures] == ["executions/1", "wallet-history/1"]
    assert second.cursors == {}


def test_a_trade_that_only_the_wallet_tells_is_a_gap(lab):
    venue = lab.venue()
    venue.tables["/execution/tradeHistory"] = venue.tables["/execution/tradeHistory"][:-1]
    (found,) = gathered(lab, venue)
    assert "of which no execution is told" in found.failures[0].message
    assert "wallet-history/1" not in found.cursors
    venue.empty.add("/execution/tradeHistory")
    (found,) = gathered(lab, venue)
    assert (len(found.failures), found.cursors) == (1, {})


def test_positions_that_come_back_falsely_empty_are_not_believed(lab):
    venue = lab.venue()
    venue.empty.add("/position")
    (found,) = gathered(lab, venue, history=False)
    assert "the margins speak of one" in found.failures[0].message
    assert not any(isinstance(fact.body, PositionSnapshot) for fact in found.facts)
    for row in venue.tables["/user/margin"]:
        row.update(grossMarkValue=0, maintMargin=0, unrealisedPnl=0)
    (found,) = gathered(lab, venue, history=False)
    (snapshot,) = (fact.body for fact in found.facts if isinstance(fact.body, PositionSnapshot))
    assert (found.failures, snapshot.lines) == ((), ())


def test_a_row_under_way_is_read_when_it_has_come_to_rest(lab):
    venue = lab.venue()
    pending = venue.tables["/user/walletHistory"][1]
    assert pending["transactStatus"] == "Pending"

    def complete():
        pending.update(
            transactStatus="Completed", timestamp="2026-11-22T10:00:00.000Z", walletBalance=141751438
        )

    first, second = gathered(lab, venue, complete)
    name = f"wallet:{pending['transactID']}"
    assert name not in {fact.external_id for fact in first.facts}
    assert name in {fact.external_id for fact in second.facts}
    assert (first.failures, second.failures) == ((), ())


def test_a_row_that_came_to_rest_late_is_read_though_it_bears_its_old_time(lab):
    venue = lab.venue()
    rows = venue.tables["/user/walletHistory"]
    pending = {**rows[1], "timestamp": "2026-09-20T08:00:00.000Z", "transactTime": "2026-09-20T08:00:00.000Z"}
    venue.tables["/user/walletHistory"] = [rows[0], *rows[2:], pending]
    first, second = gathered(lab, venue, lambda: pending.update(transactStatus="Completed"))
    name = f"wallet:{pending['transactID']}"
    assert name not in {fact.external_id for fact in first.facts}
    assert name in {fact.external_id for fact in second.facts}
    assert (first.failures, second.failures) == ((), ())


def test_the_whole_market_is_read_and_the_open_part_is_followed(lab):
    async def run():
        async with lab.line(lab.venue()) as line:
            return await connector("bitmex").gather_market(line.transport(), lab.empty)

    found = asyncio.run(run())
    assert (found.failures, found.problems, len(found.instruments)) == ((), (), 8)
    assert market_streams(lab.empty) == ()
    (plan,) = market_streams(lab.empty.with_instruments(found.instruments))
    topics = json.loads(plan.hello[0])["args"]
    assert "instrument:XBT_USDT" in topics
    assert "instrument:XBTU26" not in topics


@pytest.mark.parametrize(
    ("permissions", "trade", "withdraw"),
    [([], Right.NO, Right.NO), (["orderCancel"], Right.YES, Right.NO), (["withdraw"], Right.NO, Right.YES)],
)
def test_a_key_is_found_among_those_of_its_owner(lab, permissions, trade, withdraw):
    venue = lab.venue()
    venue.tables["/apiKey"][0]["permissions"] = permissions

    async def run():
        async with lab.line(venue) as line:
            check = await connector("bitmex").check_key(line.transport(), lab.key)
            return check, line.archived

    check, archived = asyncio.run(run())
    assert (check.read, check.trade, check.withdraw) == (Right.YES, trade, withdraw)
    assert (check.identity, check.clock_offset) == ("1234567", timedelta(milliseconds=250))
    assert [one.evidence.endpoint for one in archived] == ["time/1"]
    venue.tables["/apiKey"] = venue.tables["/apiKey"][1:]
    check, _ = asyncio.run(run())
    assert check.trade is check.withdraw is Right.UNVERIFIED


def test_the_margin_nearest_to_its_liquidation_counts(lab):
    body = json.dumps(lab.saved("balances")).encode()
    margins = {row["currency"]: row for row in lab.saved("balances")[1]}
    usdt = margins["USDt"]
    assert read_margin_ratio("bitmex", "balances/1", body) == divided(
        usdt["maintMargin"], usdt["marginBalance"]
    )


def test_a_limit_is_waited_for_and_an_outage_is_told(lab):
    venue = lab.venue()
    venue.faults = [
        httpx.Response(429, headers={"retry-after": "2"}, json={"error": {"message": "Rate limit exceeded"}}),
        httpx.Response(503, json={"error": {"message": "The system is currently overloaded."}}),
    ]
    (found,) = gathered(lab, venue, history=False)
    assert found.failures == ()
    venue.faults = [httpx.Response(200, content=b"<html>") for _ in range(9)]
    (found,) = gathered(lab, venue)
    assert (len(found.failures), found.facts) == (1, ())


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (401, "Invalid API Key.", KeyRevokedError),
        (401, "Signature not valid.", KeyRevokedError),
        (401, "This key is disabled.", KeyRevokedError),
        (
            401,
            "This request has expired - `expires` is in the past. Current time: 1795305600",
            ClockSkewError,
        ),
        (403, "Access Denied", KeyForbiddenError),
        (400, "Rate limit exceeded, retry in 7 seconds.", RateLimitedError),
        (400, "The system is currently overloaded. Please try again later.", VenueUnavailableError),
        (400, "'symbol' is invalid.", VenueError),
        (404, "Not Found", VenueError),
    ],
)
def test_a_refusal_is_known_by_its_status_and_words(status, message, error):
    found = refusal(status, json.dumps({"error": {"message": message, "name": "HTTPError"}}).encode())
    assert type(found) is error
    assert message[:20] in found.message


def test_a_result_is_no_refusal_and_anything_else_is_malformed():
    assert refusal(200, b"[]") is None
    assert isinstance(refusal(403, b"<html>"), VenueStoppedError)
    for status, body in ((500, b"[]"), (200, b"<html>"), (200, b'{"error": "x"}')):
        assert isinstance(refusal(status, body), MalformedPayloadError)
