"""A small stand-in of the venue: it pages by offset, counts, numbers requests, refuses, and lies."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

import httpx
import pytest

from truenav.connect.cefi.kraken import history
from truenav.connect.cefi.kraken.client import signature
from truenav.connect.cefi.kraken.errors import refusal
from truenav.connect.contract import Credentials, Errand, Right, refuse_unsafe_key
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyMayTradeError,
    KeyMayWithdrawError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueStoppedError,
    VenueUnavailableError,
)
from truenav.connect.registry import connector
from truenav.connect.transport import Network
from truenav.core.account import Account, AccountKind
from truenav.core.facts import BalanceSnapshot, PositionSnapshot, Trade, Transfer
from truenav.core.ids import AccountId

from .conftest import EMPTY, T0, market, payload

KEY = Credentials(
    "key", "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
)
NOTHING = {"eb": "0.0", "m": "0.0", "n": "0.0", "c": "0.0", "v": "0.0", "e": "0.0"}


@dataclass
class Clock:
    """A clock that is set."""

    at: datetime = T0 + timedelta(days=3)

    def now(self) -> datetime:
        return self.at


@dataclass
class Venue:
    """What the venue holds, and how it misbehaves."""

    clock: Clock = field(default_factory=Clock)
    ledger: dict[str, dict] = field(default_factory=dict)
    trades: dict[str, dict] = field(default_factory=dict)
    withdrawals: dict[str, str] = field(default_factory=dict)
    answers: dict[str, object] = field(default_factory=dict)
    lies: Counter = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    nonces: list[int] = field(default_factory=list)

    def buy(self, at: datetime, number: int, price: str = "100.0") -> None:
        """One unit of ETH for euros, with a fee of a tenth."""
        trade, when = f"T{number:06}", at.timestamp()
        base = {"refid": trade, "time": when, "type": "trade", "subtype": "", "aclass": "currency"}
        for asset, amount, fee in (("XETH", "1.0000000000", "0.0"), ("ZEUR", f"-{price}", "0.1")):
            self.ledger[f"L{number:06}{asset}"] = {
                **base, "asset": asset, "amount": amount, "fee": fee, "balance": "0"
            }  # fmt: skip
        self.trades[trade] = {
            "ordertxid": f"O{number:06}", "pair": "XETHZEUR", "time": when, "type": "buy", "price": price,
            "cost": price, "fee": "0.1", "vol": "1.0", "margin": "0", "misc": "",
            "ledgers": [f"L{number:06}XETH", f"L{number:06}ZEUR"],
        }  # fmt: skip

    def close(self, at: datetime, number: int) -> None:
        """A position on margin of one ETH is sold with a profit of ten euros and a fee of a tenth."""
        self.buy(at, number)
        self.ledger.pop(f"L{number:06}XETH")
        self.ledger[f"L{number:06}ZEUR"].update(type="margin", amount="10.0")
        self.trades[f"T{number:06}"].update(type="sell", misc="closing", ledgers=[f"L{number:06}ZEUR"])

    def allocate(self, at: datetime, number: int) -> None:
        """One ETH goes into an earn product, where it is another code."""
        for code, amount in (("XETH", "-1.0"), ("ETH.B", "1.0")):
            self.ledger[f"L{number:06}E{code}"] = {
                "refid": f"E{number:06}", "time": at.timestamp(), "type": "earn", "subtype": "allocation",
                "aclass": "currency", "asset": code, "amount": amount, "fee": "0", "balance": "0",
            }  # fmt: skip

    def withdraw(self, at: datetime, number: int, status: str) -> None:
        self.ledger[f"L{number:06}W"] = {
            "refid": f"A{number:06}", "time": at.timestamp(), "type": "withdrawal", "subtype": "",
            "aclass": "currency", "asset": "XETH", "amount": "-1.0", "fee": "0.01", "balance": "0",
        }  # fmt: skip
        self.withdrawals[f"A{number:06}"] = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        form = dict(parse_qsl(request.content.decode()))
        self.asked.append(name)
        if "nonce" in form:
            nonce = int(form["nonce"])
            if self.nonces and nonce <= self.nonces[-1]:
                return self.says(error="EAPI:Invalid nonce")
            self.nonces.append(nonce)
        if name in self.answers:
            return self.says(self.answers[name])
        if name == "Ledgers":
            self.keep_balances()
            return self.page("ledger", self.ledger, form)
        if name == "TradesHistory":
            return self.page("trades", self.trades, form)
        if name == "WithdrawStatus":
            rows = [
                {"asset": "XETH", "refid": one, "txid": f"0x{one}", "info": "0xto", "status": status}
                for one, status in self.withdrawals.items()
            ]
            first, rest = rows[:1], rows[1:]
            more = {"withdrawals": first, "next_cursor": "more"} if rest else {"withdrawals": first}
            return self.says(more if form["cursor"] == "true" else {"withdrawals": rest})
        if name == "QueryOrders":
            return self.says({one: {"cl_ord_id": f"mm-{one}"} for one in form["txid"].split(",")})
        return self.says({"unixtime": int(self.clock.at.timestamp())} if name == "Time" else {})

    def keep_balances(self) -> None:
        """Write the balance after each entry, as the venue does."""
        held: dict[str, Decimal] = {}
        for row in sorted(self.ledger.values(), key=lambda one: one["time"]):
            moved = Decimal(row["amount"]) - Decimal(row["fee"])
            held[row["asset"]] = held.get(row["asset"], Decimal(0)) + moved
            row["balance"] = str(held[row["asset"]])

    def page(self, name: str, rows: dict[str, dict], form: dict[str, str]) -> httpx.Response:
        start, end, offset = int(form["start"]), int(form["end"]), int(form["ofs"])
        known = {one: row for one, row in rows.items() if start < row["time"] <= end}
        found = sorted(known, key=lambda one: (known[one]["time"], one), reverse=True)
        if self.lies[name] > 0:
            self.lies[name] -= 1
            return self.says({name: {}, "count": 0})
        if self.lies[f"{name} half"] > 0 and offset:
            self.lies[f"{name} half"] -= 1
            return self.says({name: {}, "count": len(found)})
        shown = found[offset : offset + 50]
        return self.says({name: {one: known[one] for one in shown}, "count": len(found)})

    def says(self, result: object = None, error: str = "") -> httpx.Response:
        if isinstance(result, httpx.Response):
            return result
        body = {"error": [error]} if error else {"error": [], "result": result}
        return httpx.Response(200, json=body)


async def archive(payload):
    del payload


def speak(venue, act):
    """Run ``act(connector, transport)`` against the venue."""

    async def run():
        ticks = [0.0]

        async def sleep(seconds):
            ticks[0] += seconds

        async with httpx.AsyncClient(transport=httpx.MockTransport(venue)) as http:
            network = Network([http], clock=venue.clock, seed=7, sleep=sleep, monotonic=lambda: ticks[0])
            source = connector("kraken")
            api = network.transport(source, archive, account="a", base_url="http://venue.test")
            return await act(source, api)

    return asyncio.run(run())


def gather(venue, cursors=None, *, history=True, context=None):
    account = Account(AccountId("a"), "a", "kraken", AccountKind.EXCHANGE, ("main",))

    async def act(source, api):
        venue.clock.at += timedelta(seconds=1)
        return await source.gather_account(
            api, Errand(account, KEY, context or market(), cursors or {}, since=T0, history=history)
        )

    return speak(venue, act)


def quiet(**more) -> Venue:
    return Venue(answers={"BalanceEx": {}, "TradeBalance": NOTHING, "OpenPositions": {}, **more})


# -- keys and refusals ----------------------------------------------------------------------------


def test_the_signature_is_the_one_of_the_venues_own_example():
    body = "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
    told = signature(KEY.secret, "/0/private/AddOrder", "1616492376594", body)
    assert told == "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="


def check(*permissions, **more):
    told = json.loads(payload("key"))["result"]
    venue = Venue(answers={"GetApiKeyInfo": {**told, "permissions": list(permissions), **more}})
    kept = []

    async def act(source, api):
        async def keep(payload):
            kept.append(payload)

        api._archive = keep
        return await source.check_key(api, KEY)

    found = speak(venue, act)
    assert not any(b"EXAMPLE" in one.body for one in kept)  # the answer repeats the key
    return found


READS = ("query-funds", "query-open-trades", "query-closed-trades", "query-ledger", "create-ws-token")


def test_a_key_tells_whose_it_is_and_what_it_may():
    found = check(*READS)
    assert (found.read, found.trade, found.withdraw) == (Right.YES, Right.NO, Right.NO)
    assert (found.identity, found.clock_offset) == ("AA88 N84G WOAK NMOI", timedelta(0))
    assert refuse_unsafe_key(found) == ()
    limited = check("query-funds", queryFrom="1767000000")
    assert len(limited.notes) == 5


def test_keys_that_may_do_more_are_refused():
    with pytest.raises(KeyMayTradeError):
        refuse_unsafe_key(check(*READS, "modify-trades"))
    with pytest.raises(KeyMayWithdrawError):
        refuse_unsafe_key(check(*READS, "withdraw-funds"), read_only=False)
    assert check(*READS, "something-new").trade is Right.UNVERIFIED


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("EAPI:Invalid key", KeyRevokedError),
        ("EAPI:Invalid signature", KeyRevokedError),
        ("EAPI:Invalid nonce", ClockSkewError),
        ("EGeneral:Permission denied", KeyForbiddenError),
        ("EAPI:Rate limit exceeded", RateLimitedError),
        ("EGeneral:Temporary lockout", VenueStoppedError),
        ("EService:Unavailable", VenueUnavailableError),
        ("EService: Busy", VenueUnavailableError),
        ("EQuery:Unknown asset pair", VenueError),
    ],
)
def test_texts_become_refusals(text, error):
    assert type(refusal(200, json.dumps({"error": [text]}).encode())) is error


def test_a_warning_is_no_refusal_and_half_an_answer_is_malformed():
    assert refusal(200, b'{"error":["WService:Slow"],"result":{}}') is None
    assert isinstance(refusal(200, b'{"error":['), MalformedPayloadError)


def test_a_nonce_that_another_program_used_up_is_told_after_one_more_try():
    venue = quiet()
    venue.nonces = [10**18]
    got = gather(venue, history=False)
    assert all("nonce" in failure.message for failure in got.failures)
    assert venue.asked.count("Time") == 2  # once for each of the requests


def test_requests_of_a_key_are_numbered_upwards_however_many_are_under_way():
    venue = quiet()
    assert not gather(venue).failures
    assert venue.nonces == sorted(set(venue.nonces))


# -- state ----------------------------------------------------------------------------------------


def test_an_account_without_anything_is_read_and_empty():
    got = gather(quiet(), history=False)
    assert not got.failures
    assert {type(fact.body) for fact in got.facts} == {BalanceSnapshot, PositionSnapshot}
    assert (got.requests, got.weight) == (3, 3)


@pytest.mark.parametrize(("name", "left"), [("eb", PositionSnapshot), ("m", BalanceSnapshot)])
def test_an_empty_list_is_not_believed_where_the_trade_balance_speaks_of_more(name, left):
    got = gather(quiet(TradeBalance={**NOTHING, name: "12.5"}), history=False)
    assert len(got.failures) == 1
    assert {type(fact.body) for fact in got.facts} == {left}


def test_the_market_is_not_read_from_an_empty_list():
    async def act(source, api):
        return await source.gather_market(api, EMPTY)

    answers = {"AssetPairs": json.loads(payload("pairs"))["result"], "Ticker": {}}
    told = [one.message for one in speak(Venue(answers=answers), act).failures]
    assert any("tickers/1: the list is empty" in one for one in told)
    answers["Ticker"] = json.loads(payload("tickers"))["result"]
    got = speak(Venue(answers=answers), act)
    assert not got.failures
    assert len(got.facts) == 6


# -- the past -------------------------------------------------------------------------------------


def sums(*gathered):
    """What all facts together moved, each counted once; of one event all syncs say the same."""
    bodies = {}
    for fact in (fact for got in gathered for fact in got.facts):
        assert bodies.setdefault((fact.kind, fact.external_id), fact.body) == fact.body
    moved = Counter()
    for body in bodies.values():
        if isinstance(body, Trade):
            moved["ETH"] += body.quantity
            moved["EUR"] += body.cost.number + sum(fee.number for fee in body.fees)
        if isinstance(body, Transfer):
            moved["ETH"] += body.amount.number + body.fee.number
    return dict(moved)


def busy(count=60, every=timedelta(minutes=3)) -> Venue:
    venue = quiet()
    for number in range(count):
        venue.buy(T0 + timedelta(hours=1) + number * every, number)
    return venue


def test_a_past_of_several_pages_is_read_once_and_the_next_sync_overlaps():
    venue = busy()
    got = gather(venue)
    assert not got.failures
    assert not got.problems
    assert sums(got) == {"ETH": Decimal(60), "EUR": Decimal(-6006)}
    trade = next(fact.body for fact in got.facts if fact.external_id == "trade:T000000")
    assert (trade.order_id, trade.tag) == ("O000000", "mm")
    venue.clock.at += timedelta(hours=1)
    venue.buy(venue.clock.at - timedelta(minutes=1), 999)
    again = gather(venue, got.cursors)
    assert not again.failures
    assert 1 <= sum(isinstance(fact.body, Trade) for fact in again.facts) <= 3
    assert sums(got, again) == {"ETH": Decimal(61), "EUR": Decimal("-6106.1")}
    assert again.cursors["ledgers/1"].at > got.cursors["ledgers/1"].at


def test_a_long_past_comes_in_parts_from_its_oldest_page_on(monkeypatch):
    monkeypatch.setattr(history._window, "__kwdefaults__", {"known": "", "most": 2})
    monkeypatch.setattr(history, "PARTS_A_GATHERING", 2)
    venue = busy(110)
    first = gather(venue)
    assert not first.failures
    assert first.unfinished == ("ledgers/1",)
    second = gather(venue, first.cursors)
    assert not second.failures
    assert not second.unfinished
    assert sums(first)["ETH"] < sums(first, second)["ETH"] == 110
    assert not first.problems + second.problems


def test_a_burst_of_more_rows_than_a_part_has_is_passed(monkeypatch):
    monkeypatch.setattr(history._window, "__kwdefaults__", {"known": "", "most": 2})
    venue, cursors, all_of_it = busy(5), {}, []
    for number in range(100, 300):
        venue.buy(T0 + timedelta(hours=2, milliseconds=number), number)
    for _ in range(4):
        all_of_it.append(gather(venue, cursors))
        assert not all_of_it[-1].failures
        cursors = all_of_it[-1].cursors
        number += 1
        venue.buy(T0 + timedelta(hours=2, seconds=number), number)
    assert not all_of_it[-1].unfinished
    assert sums(*all_of_it)["ETH"] == 5 + 200 + 3


@pytest.mark.parametrize("lie", ["ledger", "ledger half", "trades half"])
def test_a_list_that_comes_back_empty_moves_no_cursor(lie):
    venue = busy()
    first = gather(venue)
    venue.clock.at += timedelta(hours=1)
    for number in range(200, 260):
        venue.buy(venue.clock.at - timedelta(minutes=30) + timedelta(seconds=number), number)
    venue.lies[lie] = 1
    broken = gather(venue, first.cursors)
    assert [failure.message.partition(":")[0] for failure in broken.failures] == ["ledgers/1"]
    assert not broken.cursors
    healed = gather(venue, first.cursors)
    assert not healed.failures
    assert sums(first, healed) == {"ETH": Decimal(120), "EUR": Decimal(-12012)}


def test_trades_that_come_back_empty_are_asked_for_twice():
    venue = busy(5)
    venue.lies["trades"] = 1
    got = gather(venue)
    assert not got.failures
    assert sums(got) == {"ETH": Decimal(5), "EUR": Decimal("-500.5")}


def test_an_entry_whose_trade_is_not_listed_yet_waits_and_holds_the_cursor():
    venue = busy(5)
    late = venue.clock.at - timedelta(minutes=10)
    venue.buy(late, 900)
    hidden = venue.trades.pop("T000900")
    got = gather(venue)
    assert sums(got) == {"ETH": Decimal(5), "EUR": Decimal("-500.5")}
    assert got.cursors["ledgers/1"].at < late
    venue.trades["T000900"] = hidden
    assert sums(got, gather(venue, got.cursors)) == {"ETH": Decimal(6), "EUR": Decimal("-600.6")}


def test_a_trade_on_margin_that_is_listed_before_it_is_booked_waits_and_holds_the_cursor():
    venue = busy(5)
    venue.close(venue.clock.at - timedelta(minutes=10), 900)
    hidden = venue.ledger.pop("L000900ZEUR")
    first = gather(venue)
    assert not any(fact.external_id == "trade:T000900" for fact in first.facts)
    assert not first.cursors
    venue.ledger["L000900ZEUR"] = hidden
    (closed,) = (f.body for f in gather(venue, first.cursors).facts if f.external_id == "trade:T000900")
    assert (closed.instrument, closed.realised.number) == ("kraken-margin:XETHZEUR", Decimal(10))
    assert [fee.number for fee in closed.fees] == [Decimal("-0.1")]


def test_what_becomes_its_own_variant_moves_nothing_however_pages_and_parts_fall(monkeypatch):
    monkeypatch.setattr(history._window, "__kwdefaults__", {"known": "", "most": 2})
    venue, cursors, facts = quiet(), {}, []
    for number in range(150):
        venue.allocate(T0 + timedelta(hours=1, minutes=number), number)
    for _ in range(3):
        got = gather(venue, cursors)
        assert not got.failures + got.problems
        cursors, facts = got.cursors, [*facts, *got.facts]
    assert not got.unfinished
    assert {type(fact.body) for fact in facts} == {BalanceSnapshot, PositionSnapshot}


def test_a_withdrawal_under_way_waits_and_holds_the_cursor():
    venue = busy(5)
    at = venue.clock.at - timedelta(minutes=10)
    venue.withdraw(at, 901, "Success")
    venue.withdraw(at + timedelta(minutes=1), 902, "Pending")
    got = gather(venue)
    moves = {fact.external_id: fact.body for fact in got.facts if isinstance(fact.body, Transfer)}
    assert {key: (one.txid, one.counterpart) for key, one in moves.items()} == {
        "ledger:L000901W": ("0xA000901", "0xto")
    }
    assert got.cursors["ledgers/1"].at == at
    venue.withdrawals["A000902"] = "Success"
    assert sums(got, gather(venue, got.cursors))["ETH"] == Decimal("2.98")


def test_a_row_of_the_last_sync_that_is_gone_is_a_gap():
    venue = busy(5)
    got = gather(venue)
    venue.ledger.pop(got.cursors["ledgers/1"].id)
    broken = gather(venue, got.cursors)
    assert any("is gone" in failure.message for failure in broken.failures)
    assert not broken.cursors


def test_what_is_younger_than_a_second_is_left_to_the_next_sync():
    venue = busy(1)
    venue.buy(venue.clock.at + timedelta(milliseconds=900), 903)
    assert sums(gather(venue))["ETH"] == 1


def test_the_clock_tells_whole_seconds():
    clock = Clock(datetime(2026, 1, 2, 3, 4, 5, 900_000, tzinfo=UTC))

    async def offset(source, api):
        return await source.clock_offset(api)

    assert speak(Venue(clock=clock), offset) == timedelta(0)
    behind = Venue(clock=clock, answers={"Time": {"unixtime": int(clock.at.timestamp()) + 8}})
    assert speak(behind, offset) == timedelta(seconds=7.1)


@pytest.mark.parametrize(
    "seed", [*range(6), *(pytest.param(n, marks=pytest.mark.nightly) for n in range(6, 200))]
)
def test_whatever_happens_meanwhile_all_is_stated_once_in_the_end(seed, monkeypatch):
    """Trades come in bursts, withdrawals are slow, lists lie, trades are listed late."""
    rng = random.Random(seed)
    monkeypatch.setattr(history._window, "__kwdefaults__", {"known": "", "most": rng.randint(2, 4)})
    monkeypatch.setattr(history, "PARTS_A_GATHERING", rng.randint(1, 3))
    venue, cursors, all_of_it, hidden, number = quiet(), {}, [], {}, 0
    for _ in range(rng.randint(3, 8)):
        at = venue.clock.at
        for _ in range(rng.choice([0, 1, 5, 80])):
            at += timedelta(seconds=rng.choice([0, 0.25, 1, 90]))
            number += 1
            venue.buy(at, number)
            if rng.random() < 0.05:
                hidden[f"T{number:06}"] = venue.trades.pop(f"T{number:06}")
            if rng.random() < 0.1:
                venue.allocate(at, number)
            if rng.random() < 0.05:
                venue.withdraw(at, number, rng.choice(["Success", "Pending", "Initial"]))
        venue.clock.at = at + timedelta(seconds=rng.choice([0, 2, 600]))
        venue.lies = Counter({rng.choice(["ledger", "ledger half", "trades", "trades half", "none"]): 1})
        all_of_it.append(gather(venue, cursors))
        cursors = {**cursors, **all_of_it[-1].cursors}
    venue.lies, venue.clock.at = Counter(), venue.clock.at + timedelta(hours=1)
    venue.trades.update(hidden)
    venue.withdrawals = dict.fromkeys(venue.withdrawals, "Success")
    whole = False
    while not whole:
        got = gather(venue, cursors)
        whole, cursors = not got.unfinished and not got.failures, {**cursors, **got.cursors}
        all_of_it.append(got)
    gone = len(venue.withdrawals)
    told = {"ETH": number - gone * Decimal("1.01"), "EUR": -number * Decimal("100.1")}
    assert sums(*all_of_it) == {key: one for key, one in told.items() if one or number}
