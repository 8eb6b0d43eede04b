"""A small stand-in of the venue: its log comes in pages, parts fills, forgets lines, and refuses."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from truenav.connect.cefi.krakenfutures import client as futures
from truenav.connect.cefi.krakenfutures.client import signer
from truenav.connect.cefi.krakenfutures.errors import refusal
from truenav.connect.contract import Credentials, Errand, Right, StreamingConnector, refuse_unsafe_key
from truenav.connect.errors import (
    KeyForbiddenError,
    KeyMayTradeError,
    KeyMayWithdrawError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueUnavailableError,
)
from truenav.connect.registry import connector
from truenav.connect.transport import Network
from truenav.core.account import Account, AccountKind
from truenav.core.clock import from_milliseconds, parse_instant
from truenav.core.facts import BalanceSnapshot, PositionSnapshot, Trade
from truenav.core.ids import AccountId

from .conftest import EMPTY, T0, market, payload

KEY = Credentials("key", base64.b64encode(b"a secret of the venue").decode())
NOW = T0 + timedelta(days=3)
FLAT = {
    "cash": {"type": "cashAccount", "balances": {"usd": "0.0"}},
    "flex": {"type": "multiCollateralMarginAccount", "currencies": {}, "balanceValue": "0.0", "pnl": "0.0",
             "initialMargin": "0.0", "maintenanceMargin": "0.0", "unrealizedFunding": "0.0"},
}  # fmt: skip


@dataclass
class Clock:
    """A clock that is set."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Venue:
    """What the venue holds, and how it misbehaves."""

    clock: Clock = field(default_factory=Clock)
    empty: int = 0
    log: list[dict] = field(default_factory=list)
    fills: list[dict] = field(default_factory=list)
    answers: dict[str, object] = field(default_factory=dict)
    asked: list[tuple[str, dict]] = field(default_factory=list)
    dollars: Decimal = Decimal(0)
    position: Decimal = Decimal(0)

    def line(self, at: datetime, asset: str, old: Decimal, new: Decimal, **more: object) -> None:
        self.log.append({
            "id": len(self.log) + 1, "date": text(at), "asset": asset, "info": "futures trade",
            "contract": "pf_xbtusd", "margin_account": "flex", "execution": None,
            "old_balance": float(old), "new_balance": float(new), "fee": None, "realized_pnl": None,
            "realized_funding": None, "trade_price": 100, "mark_price": None, "liquidation_fee": None,
            **more,
        })  # fmt: skip

    def buy(self, at: datetime) -> None:
        """One contract, with a fee of a half; a conversion stands between the two lines."""
        fill = f"fill-{len(self.fills)}"
        self.line(at, "pf_xbtusd", self.position, self.position + 1, execution=fill)
        self.line(at, "usdt", Decimal(5), Decimal(5), info="conversion", contract=None)
        self.line(at, "usd", self.dollars, self.dollars - Decimal("0.5"), execution=fill, fee=0.5)
        self.position += 1
        self.dollars -= Decimal("0.5")
        self.fills.append(
            {"fill_id": fill, "order_id": f"order-{fill}", "cliOrdId": "mm-1", "fillTime": text(at)}
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name, asked = request.url.path.rpartition("/")[2], dict(request.url.params)
        self.asked.append((name, asked))
        if name in self.answers:
            return self.says(self.answers[name])
        if name == "account-log":
            return httpx.Response(200, json={"accountUid": "u", "logs": self.page(asked)})
        if name == "fills":
            until = parse_instant(asked["lastFillTime"])
            older = [one for one in self.fills if parse_instant(one["fillTime"]) < until]
            return self.says({"fills": sorted(older, key=lambda one: one["fillTime"], reverse=True)[:3]})
        return self.says({})

    def page(self, asked: dict[str, str]) -> list[dict]:
        if self.empty > 0:
            self.empty -= 1
            return []
        end = from_milliseconds(int(asked["before"]))
        since = from_milliseconds(int(asked.get("since", "0")))
        found = [
            one
            for one in self.log
            if one["id"] >= int(asked.get("from", "0")) and since <= parse_instant(one["date"]) < end
        ]
        return found[: int(asked["count"])]

    def says(self, result: object) -> httpx.Response:
        if isinstance(result, httpx.Response):
            return result
        return httpx.Response(200, json={"result": "success", "serverTime": text(NOW), **result})


def flat(**more) -> Venue:
    return Venue(answers={"accounts": {"accounts": FLAT}, "openpositions": {"openPositions": []}, **more})


async def archive(payload):
    del payload


def speak(venue, act):
    async def run():
        async with httpx.AsyncClient(transport=httpx.MockTransport(venue)) as http:
            network = Network([http], clock=venue.clock, seed=7, monotonic=lambda: 0.0)
            source = connector("krakenfutures")
            api = network.transport(source, archive, account="a", base_url="http://venue.test")
            return await act(source, api)

    return asyncio.run(run())


def gather(venue, cursors=None, *, history=True):
    wallets = connector("krakenfutures").manifest.wallets
    account = Account(AccountId("a"), "a", "krakenfutures", AccountKind.EXCHANGE, wallets)

    async def act(source, api):
        return await source.gather_account(
            api, Errand(account, KEY, market(), cursors or {}, since=T0, history=history)
        )

    return speak(venue, act)


# -- keys and refusals ----------------------------------------------------------------------------


def test_a_request_is_signed_by_its_query_and_the_path_behind_derivatives():
    """The independent oracle is the documented recipe, written out."""
    signed = signer(KEY)(
        "GET", "/derivatives/api/v3/fills", (("lastFillTime", "2026-01-01T00:00:00.000Z"),), NOW
    )
    query = "lastFillTime=2026-01-01T00%3A00%3A00.000Z"
    assert signed.query == query
    digest = hashlib.sha256(f"{query}/api/v3/fills".encode()).digest()
    mark = hmac.new(b"a secret of the venue", digest, hashlib.sha512).digest()
    assert signed.headers == {"APIKey": "key", "Authent": base64.b64encode(mark).decode()}
    with pytest.raises(KeyRevokedError):
        signer(Credentials("key", "no base64!"))("GET", "/x", (), NOW)


def check(**levels):
    told = {**json.loads(payload("key")), "permissions": levels}
    venue = Venue(answers={"check": httpx.Response(200, json=told)})

    async def act(source, api):
        return await source.check_key(api, KEY)

    return speak(venue, act)


def test_a_key_tells_whose_it_is_and_what_it_may():
    found = check(general="READ_ONLY", transfer="NO_ACCESS")
    assert (found.read, found.trade, found.withdraw) == (Right.YES, Right.NO, Right.NO)
    assert (found.identity, found.clock_offset) == (
        "f92fc7de-2fce-4265-b806-4f3c1efb37ee",
        timedelta(0),
    )
    assert refuse_unsafe_key(found) == ()
    with pytest.raises(KeyMayTradeError):
        refuse_unsafe_key(check(general="FULL_ACCESS", transfer="NO_ACCESS"))
    with pytest.raises(KeyMayWithdrawError):
        refuse_unsafe_key(check(general="READ_ONLY", transfer="FULL_ACCESS"), read_only=False)
    assert check(general="READ_ONLY").withdraw is Right.UNVERIFIED


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, {"result": "error", "error": "authenticationError"}, KeyRevokedError),
        (401, {"status": "unauthorized", "reason": "You are not authorized."}, KeyRevokedError),
        (401, {"error": "unauthorized", "message": "key", "suberror": None}, KeyRevokedError),
        (403, {"error": "forbidden"}, KeyForbiddenError),
        (200, {"result": "error", "error": "accountInactive"}, KeyForbiddenError),
        (200, {"result": "error", "error": "apiLimitExceeded"}, RateLimitedError),
        (200, {"result": "error", "error": "Unavailable"}, VenueUnavailableError),
        (400, {"result": "error", "errors": [{"code": 0, "message": "400 BAD_REQUEST"}]}, VenueError),
        (200, {"result": "error", "error": "invalidArgument: symbol"}, VenueError),
    ],
)
def test_errors_of_all_three_shapes_become_refusals(status, body, error):
    assert type(refusal(status, json.dumps(body).encode())) is error


def test_an_answer_is_no_refusal_and_half_an_answer_is_malformed():
    assert refusal(200, b'{"result":"success"}') is None
    assert refusal(200, b'{"accountUid":"u","logs":[]}') is None
    assert isinstance(refusal(200, b'{"result":'), MalformedPayloadError)


# -- state ----------------------------------------------------------------------------------------


def test_an_account_without_anything_is_read_and_empty():
    got = gather(flat(), history=False)
    assert not got.failures
    assert {type(fact.body) for fact in got.facts} == {BalanceSnapshot, PositionSnapshot}
    assert (got.requests, got.weight) == (2, 4)


def test_an_empty_list_of_positions_is_not_believed_while_an_account_shows_margin():
    accounts = json.loads(payload("accounts"))["accounts"]
    got = gather(flat(accounts={"accounts": accounts}), history=False)
    assert ["flex, fi_xbtusd" in failure.message for failure in got.failures] == [True]
    assert {type(fact.body) for fact in got.facts} == {BalanceSnapshot}


def test_a_flex_account_that_lists_nothing_but_is_worth_something_is_not_believed():
    worth = {**FLAT, "flex": {**FLAT["flex"], "balanceValue": "12.5"}}
    got = gather(flat(accounts={"accounts": worth}), history=False)
    assert any("worth something" in failure.message for failure in got.failures)
    assert {type(fact.body) for fact in got.facts} == {PositionSnapshot}


def test_each_contract_is_subscribed_to_by_itself():
    source = connector("krakenfutures")
    assert isinstance(source, StreamingConnector)
    (plan,) = source.market_streams(market())
    said = [json.loads(one) for one in plan.hello]
    assert said[0] == {"event": "subscribe", "feed": "heartbeat"}
    assert {"event": "subscribe", "feed": "ticker", "product_ids": ["PF_XBTUSD"]} in said
    assert source.market_streams(EMPTY) == ()


# -- the past -------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch):
    monkeypatch.setattr(futures, "LOG_PAGE", 10)


def busy(count=20) -> Venue:
    venue = flat()
    for number in range(count):
        venue.buy(T0 + timedelta(minutes=1 + number))
    return venue


def totals(*gathered):
    """What all facts together moved, each counted once; of one event all syncs say the same."""
    facts = {}
    for fact in (fact for got in gathered for fact in got.facts):
        known = facts.setdefault((fact.kind, fact.external_id), fact.body)
        assert known == fact.body
    trades = [one for one in facts.values() if isinstance(one, Trade)]
    others = [
        one for one in facts.values() if not isinstance(one, Trade | BalanceSnapshot | PositionSnapshot)
    ]
    assert not others
    return sum(one.quantity for one in trades), sum(one.fees[0].number for one in trades)


def test_fills_that_a_page_parts_are_stated_once_and_whole():
    got = gather(busy())
    assert not got.failures
    assert not got.problems
    assert totals(got) == (20, Decimal(-10))
    trade = next(fact.body for fact in got.facts if isinstance(fact.body, Trade))
    assert (trade.order_id, trade.tag) == ("order-fill-0", "mm")


def test_the_next_sync_begins_with_the_last_burst_and_says_the_same_of_it():
    venue = busy()
    first = gather(venue)
    venue.buy(T0 + timedelta(hours=2))
    second = gather(venue, first.cursors)
    assert not second.failures
    assert totals(first, second) == (21, Decimal("-10.5"))
    assert sum(isinstance(fact.body, Trade) for fact in second.facts) == 2


def test_a_long_past_comes_in_parts(monkeypatch):
    monkeypatch.setattr(futures, "PAGES_A_GATHERING", 3)
    venue, cursors, all_of_it = busy(), {}, []
    for _ in range(4):
        all_of_it.append(gather(venue, cursors))
        cursors = all_of_it[-1].cursors
    assert [bool(one.unfinished) for one in all_of_it] == [True, True, False, False]
    assert totals(*all_of_it) == (20, Decimal(-10))


def test_a_line_of_the_last_sync_that_is_gone_is_a_gap():
    venue = busy()
    first = gather(venue)
    venue.log = [one for one in venue.log if str(one["id"]) != first.cursors["log/1"].id]
    broken = gather(venue, first.cursors)
    assert any("does not come again" in failure.message for failure in broken.failures)
    assert not broken.cursors


@pytest.mark.parametrize("said", ["2026-01-01T00:01:00", "soon"])
@pytest.mark.parametrize(
    ("name", "rows", "field"), [("account-log", "logs", "date"), ("fills", "fills", "fillTime")]
)
def test_a_time_that_is_none_is_a_failure_of_the_log_and_no_more(name, rows, field, said):
    venue = busy(3)
    told = venue.fills if name == "fills" else venue.log
    venue.answers[name] = {rows: [{**told[0], field: said}, *told[1:]]}
    got = gather(venue)
    assert [one.message.startswith("log/1: ") and field in one.message for one in got.failures] == [True]
    assert {type(fact.body) for fact in got.facts} == {BalanceSnapshot, PositionSnapshot}
    assert not got.cursors


def test_a_clock_that_tells_no_time_is_malformed():
    venue = Venue(answers={"PI_XBTUSD": httpx.Response(200, json={"result": "success", "serverTime": "now"})})

    async def offset(source, api):
        return await source.clock_offset(api)

    with pytest.raises(MalformedPayloadError):
        speak(venue, offset)


def test_what_is_younger_than_a_second_is_left_to_the_next_sync():
    venue = busy(1)
    venue.buy(NOW - timedelta(milliseconds=900))
    assert totals(gather(venue)) == (1, Decimal("-0.5"))


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(n, marks=pytest.mark.nightly) for n in range(4, 100))]
)
def test_whatever_happens_meanwhile_all_is_stated_once_in_the_end(seed, monkeypatch):
    """Fills come in bursts, pages part them, the log comes back empty, syncs come at random."""
    rng = random.Random(seed)
    monkeypatch.setattr(futures, "PAGES_A_GATHERING", rng.randint(1, 4))
    venue, cursors, all_of_it, count = flat(), {}, [], 0
    for _ in range(rng.randint(3, 8)):
        at = venue.clock.at
        for _ in range(rng.choice([0, 1, 3, 20])):
            at += timedelta(seconds=rng.choice([0.4, 1.5, 90]))
            venue.buy(at)
            count += 1
        venue.clock.at = at + timedelta(seconds=rng.choice([0, 2, 600]))
        venue.empty = rng.choice([0, 0, 1])
        all_of_it.append(gather(venue, cursors))
        cursors = {**cursors, **all_of_it[-1].cursors}
    venue.empty, venue.clock.at = 0, venue.clock.at + timedelta(hours=1)
    whole = False
    while not whole:
        got = gather(venue, cursors)
        whole, cursors = not got.unfinished and not got.failures, {**cursors, **got.cursors}
        all_of_it.append(got)
    assert totals(*all_of_it) == (count, -count * Decimal("0.5"))
