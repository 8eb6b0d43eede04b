"""Answers as the venue documents them, and what each states to the last digit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.connect.cefi.krakenfutures.connector import shows_positions
from truenav.connect.cefi.krakenfutures.log import NOTE, LogNotes, write_notes
from truenav.connect.document import Node
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.margins import read_margin_ratio
from truenav.core.asset import BTC, ETH, EUR, USD, USDT
from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    CashKind,
    PositionSnapshot,
    QuoteKind,
    Settlement,
    Trade,
    Transfer,
)
from truenav.core.instrument import InstrumentKind
from truenav.core.money import Amount

from .conftest import EMPTY, T0, market, payload, stated

assert NOTE == "local:fills"
BOUGHT = "a59b8e24-89d8-4553-a084-b2de96dba5d3"
ORDERS = write_notes(LogNotes({BOUGHT: ("c18f0c17-0001", "mm1-000123")}))


def by_id(parsed):
    found = {fact.external_id: fact.body for fact in parsed.facts}
    assert len(found) == len(parsed.facts)
    return found


# -- market ---------------------------------------------------------------------------------------


def test_terms_of_inverse_and_linear_contracts_and_nothing_of_unknown_assets(read):
    known = {one.code: one for one in read("instruments/1", "instruments").instruments}
    inverse = known["PI_XBTUSD"]
    assert (inverse.id, inverse.kind, inverse.settle, inverse.inverse, inverse.multiplier) == (
        "krakenfutures:PI_XBTUSD",
        InstrumentKind.PERPETUAL,
        BTC,
        True,
        1,
    )
    dated = known["FI_XBTUSD_260925"]
    assert (dated.kind, dated.expiry_at) == (
        InstrumentKind.FUTURE,
        datetime(2026, 9, 25, 15, tzinfo=UTC),
    )
    linear = known["PF_ETHUSD"]
    assert (linear.base, linear.quote, linear.settle, linear.inverse) == (ETH, USD, USD, False)
    vanilla = known["PV_ETHXBT"]
    assert (vanilla.base, vanilla.quote, vanilla.settle, vanilla.inverse) == (ETH, BTC, BTC, False)
    assert not any("NOTOURS" in code or code.startswith("IN_") for code in known)


def test_marks_and_indices_of_requests_and_of_the_stream(read):
    told = {(f.body.kind, f.body.base): f.body.price for f in read("tickers/1", "tickers").facts}
    assert told[QuoteKind.MARK, "krakenfutures:PI_XBTUSD"] == Decimal("87005.13")
    assert told[QuoteKind.INDEX, BTC] == Decimal("87010.55")
    mark, index = read("stream.ticker/1", "stream-ticker").facts
    assert (mark.body.base, mark.body.price) == ("krakenfutures:PF_XBTUSD", Decimal("87006.25"))
    assert (index.body.kind, index.body.price) == (QuoteKind.INDEX, Decimal("87010.55"))
    assert mark.occurred_at == T0 + timedelta(seconds=5, milliseconds=123)


@pytest.mark.parametrize(
    "said",
    [
        b'{"event":"info","version":1}',
        b'{"event":"subscribed","feed":"ticker","product_ids":["PI_XBTUSD"]}',
        b'{"feed":"heartbeat","time":1767225600000}',
        b'{"event":"error","message":"Invalid product id"}',
    ],
)
def test_what_else_is_said_on_the_stream_states_nothing(said):
    assert stated("stream.ticker/1", said).facts == ()


def test_a_refused_subscription_is_refused():
    with pytest.raises(MalformedPayloadError):
        stated("stream.ticker/1", b'{"event":"alert","message":"Bad request"}')


# -- state ----------------------------------------------------------------------------------------


def test_the_accounts_of_a_key_are_three_wallets(read):
    parsed = read("accounts/1", "accounts")
    assert all(isinstance(fact.body, BalanceSnapshot) for fact in parsed.facts)
    held = {fact.body.wallet: {one.asset: one.total for one in fact.body.lines} for fact in parsed.facts}
    assert held == {
        "cash": {BTC: Decimal("0.25"), USD: Decimal("1000.5")},
        "flex": {USD: Decimal("-250.75"), BTC: Decimal("1.5"), USDT: Decimal("5000.25")},
        "single": {BTC: Decimal("0.75"), ETH: Decimal("2.5")},  # pi_xbtusd there is a position
    }
    with pytest.raises(MalformedPayloadError):
        stated("accounts/1", b'{"result":"success","accounts":{}}')


def test_the_margin_ratio_is_that_of_the_account_nearest_to_its_liquidation():
    body = payload("accounts")
    assert read_margin_ratio("krakenfutures", "accounts/1", body) == Decimal("0.0125")  # 1740 / 139200
    assert read_margin_ratio("krakenfutures", "accounts/1", body.replace(b'"139200.0"', b'"-1"')) == 1


def test_positions_are_held_in_the_wallet_of_their_kind(read):
    facts = read("positions/1", "positions").facts
    assert all(isinstance(fact.body, PositionSnapshot) for fact in facts)
    held = {
        fact.body.wallet: [(one.instrument, one.quantity, one.entry_price) for one in fact.body.lines]
        for fact in facts
    }
    assert held == {
        "flex": [
            ("krakenfutures:PF_ETHUSD", Decimal("-3.5"), Decimal(2950)),
            ("krakenfutures:PF_XBTUSD", Decimal("1.2345"), Decimal("86970.5")),
        ],
        "single": [("krakenfutures:PI_XBTUSD", Decimal(-10000), Decimal("87100.25"))],
    }


def test_a_position_that_goes_both_ways_is_refused():
    row = b'{"side":"long","symbol":"PI_XBTUSD","price":27500.5,"size":-1000}'
    with pytest.raises(MalformedPayloadError):
        stated("positions/1", b'{"result":"success","openPositions":[' + row + b"]}")


def test_accounts_speak_of_positions_or_confirm_that_there_are_none():
    accounts = json.loads(payload("accounts"))["accounts"]
    spoken = {name: shows_positions(Node(account, "$")) for name, account in accounts.items()}
    assert spoken == {"cash": False, "flex": True, "fi_xbtusd": True, "fi_ethusd": False}


# -- the log --------------------------------------------------------------------------------------


def test_a_fill_is_its_position_and_its_cash_together(read):
    found = by_id(read("log/1", "log", local_fills=ORDERS))
    assert found["log:4"] == Trade(
        wallet="flex",
        instrument="krakenfutures:PF_XBTUSD",
        quantity=Decimal("1.5"),
        price=Decimal(87000),
        cost=None,
        realised=Amount(Decimal(0), USD),
        fees=(Amount(Decimal("-65.25"), USD),),
        order_id="c18f0c17-0001",
        tag="mm1",
    )
    inverse = found["log:8"]
    assert (inverse.wallet, inverse.quantity, inverse.realised) == (
        "single",
        Decimal(-4000),
        Amount(Decimal(0), BTC),
    )
    assert inverse.fees == (Amount(Decimal("-0.00000919"), BTC),)
    liquidation = found["log:10"]
    assert (liquidation.quantity, liquidation.realised) == (Decimal("-0.5"), Amount(Decimal(500), USD))
    assert liquidation.fees == (Amount(Decimal(-25), USD),)  # with the liquidation's own
    assert found["log:11:funding"].amount == Amount(Decimal("-0.2502"), USD)
    credited = found["log:12"]
    assert (credited.fees, credited.realised) == ((), Amount(Decimal(0), USD))


def test_every_other_line_is_stated_once(read):
    parsed = read("log/1", "log", local_fills=ORDERS)
    found = by_id(parsed)
    moves = {key: (one.wallet, one.counterpart, one.amount.number) for key, one in found.items()
             if isinstance(one, Transfer)}  # fmt: skip
    assert moves == {
        "log:1": ("cash", "kraken", Decimal(1000)),
        "log:2": ("cash", "", Decimal(-500)),
        "log:3": ("flex", "", Decimal(500)),
        "log:18": ("cash", "sub-account", Decimal(-100)),
    }
    cash = {key: (one.kind, one.amount) for key, one in found.items() if isinstance(one, CashFlow)}
    assert cash == {
        "log:5": (CashKind.REALISED, Amount(Decimal(-25), USDT)),
        "log:6": (CashKind.REALISED, Amount(Decimal("24.99"), USD)),
        "log:11:funding": (CashKind.FUNDING, Amount(Decimal("-0.2502"), USD)),
        "log:14": (CashKind.FUNDING, Amount(Decimal("-0.0002"), USD)),
        "log:15": (CashKind.INTEREST, Amount(Decimal("-0.5"), USD)),
        "log:19": (CashKind.REWARD, Amount(Decimal(5), USD)),
    }
    settled = found["log:16"]
    assert isinstance(settled, Settlement)
    assert (settled.quantity, settled.price, settled.cash) == (
        Decimal(-1000),
        Decimal(86900),
        Amount(Decimal("0.0012"), BTC),
    )
    assert [problem.subject for problem in parsed.problems] == ["admin transfer"]


def changed(row, **more):
    """What a page of one line says, which is that of ``log.json`` with other fields."""
    (line,) = (one for one in json.loads(payload("log"))["logs"] if one["id"] == row)
    body = {"accountUid": "u", "logs": [{**line, **more}]}
    return by_id(stated("log/1", json.dumps(body).encode(), market()))


@pytest.mark.parametrize(
    ("account", "wallet"),
    [("cash", "cash"), ("USD", "cash"), ("flex", "flex"), ("MC", "flex"), ("f-xbt:usd", "single")],
)
def test_the_log_calls_the_cash_account_by_its_currency(account, wallet):
    assert changed(2, margin_account=account)["log:2"].wallet == wallet


@pytest.mark.parametrize("kind", ["liquidation", "assignor", "assignee", "unwind bankrupt", "rfq"])
def test_a_position_that_the_venue_closes_is_a_fill_by_its_longer_and_its_shorter_name(kind):
    assert changed(4, info=kind)["log:4"].quantity == Decimal("1.5")


def test_an_expired_contract_gets_its_terms_from_the_perpetual_of_its_kind(read):
    (terms,) = read("log/1", "log").instruments
    assert (terms.id, terms.expiry_at, terms.inverse, terms.settle) == (
        "krakenfutures:FI_XBTUSD_251226",
        datetime(2025, 12, 26, 16, tzinfo=UTC),
        True,
        BTC,
    )
    nothing = stated("log/1", payload("log"), EMPTY)
    assert {one.subject for one in nothing.problems if one.lost} >= {"krakenfutures:FI_XBTUSD_251226"}


def test_the_facts_of_each_wallet_are_the_change_of_its_balance(read):
    """The independent oracle is the log's own balance before its first and after its last line."""
    moved = {}
    for fact in read("log/1", "log").facts:
        one = fact.body
        parts = [getattr(one, name, None) for name in ("amount", "fee", "realised", "cash")]
        parts += getattr(one, "fees", ())
        for part in filter(None, parts):
            key = one.wallet, part.asset
            moved[key] = moved.get(key, Decimal(0)) + part.number
    assert moved == {
        ("cash", USD): Decimal(405),
        ("flex", USD): Decimal("933.9896"),
        ("flex", USDT): Decimal(-25),
        ("single", BTC): Decimal("0.7512") - Decimal("0.75000919"),
    }


def test_lines_that_the_next_page_has_again_are_left_to_it(read):
    note = write_notes(LogNotes({}, until=10))
    found = by_id(read("log/1", "log", local_fills=note))
    assert "log:8" in found
    assert not any(key.startswith("log:1") and len(key) > 5 for key in found)


def test_a_balance_that_does_not_begin_where_the_last_line_left_it_is_told(read):
    broken = payload("log").replace(b'"old_balance": 934.4896', b'"old_balance": 934.4')
    parsed = stated("log/1", broken)
    assert any("begins with 934.4 usd" in problem.message for problem in parsed.problems)


@pytest.mark.parametrize("name", ["time", "orders", "fills"])
def test_what_states_nothing_is_kept_as_evidence(read, name):
    assert read(f"{name}/1", name).facts == ()


def test_a_refusal_is_no_answer():
    for endpoint in ("accounts/1", "positions/1", "instruments/1", "tickers/1"):
        with pytest.raises(MalformedPayloadError):
            stated(endpoint, b'{"result":"error","error":"authenticationError"}')


def test_the_vendors_own_examples(read):
    held = {fact.body.wallet: fact.body.lines for fact in read("accounts/1", "accounts-documented").facts}
    assert {one.asset: one.total for one in held["flex"]} == {
        BTC: Decimal("0.1185308247"),
        USD: Decimal(5000),
        EUR: Decimal("4540.5837374453"),
    }
    assert [(one.asset, one.total) for one in held["single"]] == [(BTC, Decimal("141.31756797"))]
    positions = read("positions/1", "positions-documented")
    lines = {one.instrument: one.quantity for fact in positions.facts for one in fact.body.lines}
    assert lines == {
        "krakenfutures:PI_XBTUSD": Decimal(-10000),
        "krakenfutures:FI_XBTUSD_201225": Decimal(20000),  # expired: its terms are those of its family
        "krakenfutures:PF_DEFIUSD": Decimal(1),
    }
    assert [one.subject for one in positions.problems] == ["krakenfutures:PF_DEFIUSD"]
    marks = [one.body.price for one in read("tickers/1", "tickers-documented").facts]
    assert marks == [Decimal("30209.9"), Decimal("21087.8")]
