"""Cross margin: debt counts once, interest is cash, and histories begin where an account does."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.connect.cefi.binance import history
from truenav.connect.cefi.binance.client import CROSS, interest_row
from truenav.connect.cefi.binance.windows import History, read_history
from truenav.connect.contract import Cursor
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import whole
from truenav.core.asset import BTC, ETH, USDT
from truenav.core.clock import to_milliseconds
from truenav.core.facts import BalanceSnapshot, CashKind, Transfer
from truenav.core.money import Amount

from .standin import NOW, asked_of

T = datetime(2026, 1, 1, tzinfo=UTC)


def test_what_is_borrowed_is_owed_once_with_its_interest(read):
    (fact,) = read("margin.account/1", "margin-account-owing").facts
    assert fact.body.wallet == "margin"
    assert {line.asset: (line.total, line.locked) for line in fact.body.lines} == {
        USDT: (Decimal("-10001.25"), Decimal(5000)),
        BTC: (Decimal("0.5"), Decimal("0.1")),
        ETH: (Decimal(0), Decimal(0)),
    }
    documented = read("margin.account/1", "margin-account")
    totals = {line.asset: line.total for line in documented.facts[0].body.lines}
    assert totals == {BTC: Decimal("0.004995"), "binance:BNB": Decimal("2144.83333328")}  # its netAsset


def test_fills_cost_price_times_quantity(read):
    found = {f.external_id: f.body for f in read("margin.trades/1", "margin-trades", "11=mm1,12=").facts}
    bought = found["margin:binance:BTCUSDT:34"]
    assert (bought.wallet, bought.quantity, bought.tag) == ("margin", Decimal("0.5"), "mm1")
    assert bought.cost == Amount(Decimal("-43500.005"), USDT)
    assert bought.fees == (Amount(Decimal("-0.0005"), BTC),)
    assert found["margin:binance:BTCUSDT:35"].cost == Amount(Decimal(8710), USDT)


def test_interest_is_cash_that_leaves(read):
    facts = read("margin.interest/1", "margin-interest").facts
    assert {fact.body.kind for fact in facts} == {CashKind.INTEREST}
    assert [fact.body.amount for fact in facts] == [Amount(Decimal("-0.625"), USDT)] * 2
    assert len({fact.external_id for fact in facts}) == 2


def test_interest_charged_in_bnb_is_owed_by_the_margin_wallet_too(read):
    """The venue counts it as interest of BNB there, whatever BNB the wallet holds; a pair's own is its."""
    converted, isolated = read("margin.interest/1", "margin-interest-bnb").facts
    assert (converted.body.wallet, converted.body.amount) == (
        "margin",
        Amount(Decimal("-0.001"), "binance:BNB"),
    )
    assert (isolated.body.wallet, isolated.body.amount.number) == ("isolated", Decimal("-0.0025"))


def test_a_transfer_has_the_sides_that_no_income_tells(read):
    facts = read("wallet.transfers/1", "transfers-margin").facts
    told = [(one.body.wallet, one.body.amount.number, one.body.counterpart) for one in facts]
    assert sorted(told) == [
        ("margin", Decimal(-250), "usdm"),
        ("margin", Decimal(15000), "spot"),
        ("spot", Decimal(-15000), "margin"),
    ]
    assert len({fact.external_id for fact in facts}) == 3


def charges(path, params):
    """A charge every ten days since the year began."""
    del path
    span = range(int(params["startTime"]), int(params["endTime"]) + 1)
    at = [int((T + timedelta(days=10 * n)).timestamp() * 1000) for n in range(7)]
    rows = [{"txId": one, "interestAccuredTime": one, "asset": "USDT", "interest": "0.5"} for one in at]
    found = [row for row in rows if row["txId"] in span]
    return {"rows": found[::-1], "total": len(found)}


def interest(client, cursor, since):
    return whole(read_history(client, History(CROSS.interest, interest_row), cursor, since))


def test_interest_is_read_month_by_month_and_goes_on_where_it_ended():
    pages, questions = asked_of(charges, lambda client: interest(client, None, T))
    assert len(questions) == 3
    found = [row["txId"] for page in pages.payloads for row in json.loads(page.body)["rows"]]
    assert len(found) == len(set(found)) == 7
    assert pages.cursor.at == T + timedelta(days=60)
    again, questions = asked_of(charges, lambda client: interest(client, pages.cursor, T))
    assert (len(questions), again.cursor) == (1, pages.cursor)


def test_interest_that_is_not_whole_is_not_taken():
    def short(path, params):
        return charges(path, params) | {"total": 50}

    with pytest.raises(IncompletePagesError):
        asked_of(short, lambda client: interest(client, None, T))
    gone = Cursor("1:USDT", T + timedelta(days=1))
    with pytest.raises(IncompletePagesError):
        asked_of(charges, lambda client: interest(client, gone, T))


def trade(number):
    at = int((T + timedelta(minutes=number - 1500)).timestamp() * 1000)
    return {"id": number, "orderId": number, "symbol": "BTCUSDT", "time": at, "clientOrderId": "mm1-1"}


def executions(path, params):
    """Two thousand fills, one a minute; the year begins with number 1500."""
    first = int(params["orderId" if path.endswith("allOrders") else "fromId"])
    return [trade(number) for number in range(max(first, 1), 2001)][: int(params["limit"])]


def test_fills_are_sought_from_the_oldest_and_stated_since_the_account_began():
    ask = lambda client: whole(history.margin_trades(client, CROSS, "BTCUSDT", None, T))  # noqa: E731 - one question
    pages, questions = asked_of(executions, ask)
    sought = [params["fromId"] for name, params in questions if name == "myTrades"]
    assert sought == ["0", "1000", "1500"]
    fills = [page for page in pages.payloads if page.evidence.endpoint == "margin.trades/1"]
    assert json.loads(fills[0].body)[0]["id"] == 1500
    assert pages.cursor.id == "2000"
    later = lambda client: whole(history.margin_trades(client, CROSS, "BTCUSDT", None, NOW))  # noqa: E731 - as above
    none, questions = asked_of(executions, later)
    assert (none.payloads, none.cursor, len(questions)) == ((), None, 3)


def test_of_fills_at_the_instant_at_which_an_account_began_none_is_left_out():
    """Numbers are ordered as numbers: 1000 comes after 999."""

    def answer(path, params):
        first = int(params["orderId" if path.endswith("allOrders") else "fromId"])
        at = to_milliseconds(T)
        return [trade(number) | {"time": at} for number in (998, 999, 1000) if number >= first]

    ask = lambda client: whole(history.margin_trades(client, CROSS, "BTCUSDT", None, T))  # noqa: E731 - one question
    pages, _ = asked_of(answer, ask)
    fills = [page for page in pages.payloads if page.evidence.endpoint == "margin.trades/1"]
    assert [row["id"] for row in json.loads(fills[0].body)] == [998, 999, 1000]


def test_money_that_rests_in_the_margin_wallet_is_read_with_both_its_transfers(lab):
    async def run():
        async with lab() as world:
            return await world.gather("binance-busy", await world.market("binance"))

    got = asyncio.run(run())
    assert not got.failures
    (held,) = (
        fact.body
        for fact in got.facts
        if isinstance(fact.body, BalanceSnapshot) and fact.body.wallet == "margin"
    )
    assert {line.asset: line.total for line in held.lines} == {USDT: Decimal("900.5"), BTC: Decimal("0.25")}
    moved = [fact.body for fact in got.facts if isinstance(fact.body, Transfer)]
    own = [one.amount for one in moved if one.wallet == "margin"]
    assert sum(one.number for one in own if one.asset == USDT) == Decimal("900.5")
