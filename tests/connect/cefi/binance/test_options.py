"""European options: premiums are cash once, expiries pay once, and an empty list is confirmed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from truenav.connect.contract import Errand
from truenav.connect.margins import read_margin_ratio
from truenav.connect.registry import connector
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BTC, USDT
from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    CashKind,
    PositionSnapshot,
    QuoteKind,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.ids import AccountId
from truenav.core.instrument import InstrumentKind, OptionRight
from truenav.core.money import Amount, exact

from .conftest import EMPTY, body_of, open_lab, stated
from .standin import NOW, Venue

SCENARIO = Path(__file__).with_name("options.toml")
MIDWAY = datetime(2026, 11, 16, 3, 17, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
CALL, PUT = "binance-options:BTC-260327-90000-C", "binance-options:BTC-260327-80000-P"
KNOWN = EMPTY.with_instruments(stated("options.exchangeInfo/1", body_of("options-exchange-info")).instruments)


def read(endpoint, name, tags="", params=()):
    return stated(f"options.{endpoint}/1", body_of(f"options-{name}"), KNOWN, tags, params)


def test_terms_of_options_on_known_assets():
    call, put = KNOWN.instruments.instruments.values()
    assert (call.id, call.kind, call.right, call.strike) == (
        CALL,
        InstrumentKind.OPTION,
        OptionRight.CALL,
        Decimal(90000),
    )
    assert (call.base, call.quote, call.settle, call.multiplier) == (BTC, USDT, USDT, 1)
    assert (put.right, put.expiry_at) == (OptionRight.PUT, datetime(2026, 3, 27, 8, tzinfo=UTC))


def test_marks_and_the_index_of_the_underlying_that_was_asked_for():
    found = [(one.body.base, one.body.quote, one.body.price) for one in read("mark", "marks").facts]
    assert found == [(CALL, USDT, Decimal("4121.5")), (PUT, USDT, Decimal(0))]
    (fact,) = read("index", "index", params=(("underlying", "BTCUSDT"),)).facts
    assert (fact.body.kind, fact.body.base, fact.body.quote) == (QuoteKind.INDEX, BTC, USDT)
    assert read("index", "index", params=(("underlying", "ETHUSDT"),)).facts == ()


def test_a_balance_has_all_premiums_and_a_short_option_is_negative():
    (held,) = read("marginAccount", "account").facts
    assert [(line.asset, line.total) for line in held.body.lines] == [(USDT, Decimal("10099.448"))]
    (open_,) = read("position", "positions").facts
    assert [(line.instrument, line.quantity, line.entry_price) for line in open_.body.lines] == [
        (PUT, Decimal("2.50"), Decimal("27.7")),
        (CALL, Decimal("-0.1"), Decimal(1000)),
    ]
    assert read_margin_ratio("binance", "options.marginAccount", body_of("options-account")) == Decimal(
        "0.025"
    )


def test_a_fill_is_premium_and_fee_and_the_bills_that_repeat_them_state_nothing():
    sold, bought = (one.body for one in read("userTrades", "trades", "71=vol,72=").facts)
    assert (sold.quantity, sold.cost, sold.tag) == (Decimal("-0.1"), Amount(Decimal(100), USDT), "vol")
    assert sold.fees == (Amount(Decimal("-0.552"), USDT),)
    assert (bought.instrument, bought.cost.number) == (
        "binance-options:BTC-251226-100000-C",
        Decimal("-10.659"),
    )
    parsed = read("bill", "bills")
    assert [one.body for one in parsed.facts] == [
        Transfer("options", Amount(Decimal(10000), USDT), TransferKind.INTERNAL),
        CashFlow("options", CashKind.REWARD, Amount(Decimal("1.5"), USDT)),
    ]
    assert [problem.subject for problem in parsed.problems] == ["SOMETHING_NEW"]


def test_an_expiry_pays_the_long_side_and_closes_both():
    found = {
        one.external_id.rpartition("8970")[2]: one.body for one in read("exerciseRecord", "exercises").facts
    }
    long, short = found["36"], found["38"]
    assert (long.quantity, long.cash) == (Decimal("-0.57"), Amount(Decimal("2422.90632446"), USDT))
    assert long.price == Decimal("104250.71284993")
    assert found["36:fee"].amount.number == Decimal("-8.25")
    assert (short.quantity, short.cash.number) == (Decimal(1), Decimal("-9250.71284993"))
    assert (found["37"].quantity, found["37"].cash.number) == (Decimal(3), Decimal(0))


@pytest.mark.parametrize("shown", [{"maintMargin": "5"}, {"unrealizedPNL": "-0.1"}])
def test_an_empty_list_of_positions_is_believed_where_the_balance_shows_none_open(shown):
    calm = {"asset": "USDT", "marginBalance": "5", "maintMargin": "0.000", "unrealizedPNL": "0"}
    routes = {"/eapi/v1/position": [], "/eapi/v1/openOrders": []}
    got = Venue({**routes, "/eapi/v1/marginAccount": {"asset": [calm]}}).gather("options", history=False)
    assert not got.failures
    assert PositionSnapshot("options", ()) in [fact.body for fact in got.facts]
    got = Venue({**routes, "/eapi/v1/marginAccount": {"asset": [calm | shown]}}).gather(
        "options", history=False
    )
    assert [failure.message.partition(":")[0] for failure in got.failures] == ["options.position/1"]


def test_a_tag_is_looked_up_once_and_an_order_that_the_venue_forgot_has_none():
    at = int(NOW.timestamp() * 1000) - 5000
    row = json.loads(body_of("options-trades"))[0]
    rows = [row | {"id": n, "orderId": 71 + n // 2, "time": at + n} for n in range(4)]

    def orders(params):
        return {"orderId": params["orderId"], "clientOrderId": "vol-1"}

    routes = {
        "/eapi/v1/marginAccount": {"asset": []},
        "/eapi/v1/position": [],
        "/eapi/v1/openOrders": [],
        "/eapi/v1/userTrades": rows,
        "/eapi/v1/order": orders,
        "/eapi/v1/exerciseRecord": [],
        "/eapi/v1/bill": [],
    }
    venue = Venue(routes)
    got = venue.gather("options", context=KNOWN, since=NOW - timedelta(days=1))
    assert not got.failures
    assert {fact.body.tag for fact in got.facts if isinstance(fact.body, Trade)} == {"vol"}
    assert sum(path.endswith("/order") for _, path, _ in venue.asked) == 2
    assert got.cursors["options.userTrades/1"].id == "3"


# -- against the simulator's truth ------------------------------------------------------------------


def account():
    wallets = ("spot", "usdm", "options")
    return Account(AccountId("binance-vol"), "vol", "binance", AccountKind.EXCHANGE, wallets)


async def gather(world, context, cursors):
    api = world.transport("binance", "binance-vol")
    return await connector("binance").gather_account(
        api,
        Errand(account(), world.credentials("binance-vol"), context, cursors, since=world.world.inception),
    )


def moved(facts, context):
    sums = defaultdict(Decimal)
    for fact in facts:
        body = fact.body
        if isinstance(body, Trade):
            terms = context.instruments.get(body.instrument)
            for amount in filter(None, (body.cost, body.realised, *body.fees)):
                sums[body.wallet, amount.asset] += amount.number
            if terms.kind is InstrumentKind.SPOT:
                sums[body.wallet, terms.base] += body.quantity
        elif isinstance(body, Transfer | CashFlow):
            sums[body.wallet, body.amount.asset] += body.amount.number
        elif isinstance(body, Settlement):
            sums[body.wallet, body.cash.asset] += body.cash.number
    return {key: number for key, number in sums.items() if number}


def assert_true(world, facts, context):
    books, book = world.world.books("binance-vol"), context.assets
    snapshots = [fact.body for fact in facts if isinstance(fact.body, BalanceSnapshot)]
    held = {(one.wallet, line.asset): line.total for one in snapshots for line in one.lines}
    with exact():
        assert moved(facts, context) == held
    assert {(wallet, book.symbol(asset)): number for (wallet, asset), number in held.items()} == {
        key: number for key, number in books.balances.items() if number
    }
    lines = [line for fact in facts if isinstance(fact.body, PositionSnapshot) for line in fact.body.lines]
    assert sorted((line.quantity, line.entry_price) for line in lines) == sorted(
        (position.size, position.entry) for position in books.positions.values()
    )
    fills = [fact.body for fact in facts if isinstance(fact.body, Trade)]
    assert Counter(
        (abs(one.quantity), one.price, -sum(fee.number for fee in one.fees), one.tag) for one in fills
    ) == Counter((one.size, one.price, one.fee, one.tag) for one in books.fills)
    expired = [fact.body for fact in facts if isinstance(fact.body, Settlement)]
    assert Counter((one.quantity, one.price, one.cash.number) for one in expired) == Counter(
        (-one.tie.size, one.tie.price, one.amount) for one in books.entries if one.cause == "settlement"
    )
    assert len(expired) == 3


def test_an_account_of_options_gathered_in_steps_is_the_truth():
    async def run():
        async with open_lab(MIDWAY, SCENARIO) as world:
            context = await world.market("binance")
            facts, cursors = {}, {}
            for instant in (MIDWAY, LATER):
                world.clock.set(instant)
                got = await gather(world, context, cursors)
                assert not got.failures
                assert not got.problems
                context, cursors = context.with_instruments(got.instruments), cursors | got.cursors
                facts = {key: one for key, one in facts.items() if "snapshot" not in one.kind}
                for fact in got.facts:
                    known = facts.setdefault(fact.key_hash, fact)
                    assert known.content_hash == fact.content_hash
            assert_true(world, list(facts.values()), context)

    asyncio.run(run())


def test_after_false_empty_pages_nothing_is_missing():
    async def run():
        async with open_lab(LATER, SCENARIO) as world:
            context = await world.market("binance")
            for path in ("userTrades", "exerciseRecord", "bill", "position"):
                world.world.faults.add({"kind": "empty_page", "path": path, "times": 1})
            first = await gather(world, context, {})
            assert [one.message.partition(":")[0] for one in first.failures] == ["options.position/1"]
            world.world.faults.clear()
            second = await gather(world, context, first.cursors)
            assert not second.failures
            facts = {one.key_hash: one for one in first.facts if "snapshot" not in one.kind}
            facts |= {one.key_hash: one for one in second.facts}
            assert_true(world, list(facts.values()), context.with_instruments(second.instruments))

    asyncio.run(run())
