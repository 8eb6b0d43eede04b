"""What the executor learned and what gathering brought are two ways to the same fills."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from truenav.calc.ledger.executions import differences, executed
from truenav.connect.contract import Credentials, Errand, ParseContext
from truenav.connect.registry import connector
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, AssetBook
from truenav.core.facts import Trade
from truenav.core.instrument import InstrumentBook
from truenav.core.orders import Order, Side

from .desk import DESK, NOW, PERPETUAL, D, Trading, limit, request


def gathered(trading: Trading) -> list[Trade]:
    """The account's trades as its connector reads them, by pages of history."""
    network = trading.network(trading.house)
    known = ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook([PERPETUAL]))
    account = Account(DESK, "Desk", "binance", AccountKind.EXCHANGE, ("usdm",))

    async def forget(payload: object) -> None:
        del payload

    async def read() -> list[Trade]:
        source = connector("binance")
        api = network.transport(source, forget, account=DESK, base_url="http://venue.test")
        errand = Errand(account, Credentials("binance", "s"), known, {}, since=NOW - timedelta(days=1))
        found = await source.gather_account(api, errand)  # type: ignore[attr-defined]
        assert not found.failures
        return [one.body for one in found.facts if isinstance(one.body, Trade)]

    return asyncio.run(read())


def orders(trading: Trading) -> list[Order]:
    trading.fault("unsure")
    return trading.run(
        request(),
        request(1, "0.3", Side.SELL),
        limit(trading.mark() - 900, 2),
        request(3, "0.1", tag="hedge"),
    )


def test_executed_and_gathered_fills_agree_to_the_last_digit(trading: Trading) -> None:
    done, trades = orders(trading), gathered(trading)
    assert [str(one.state) for one in done] == ["filled", "filled", "cancelled", "filled"]
    assert differences(done, trades) == ()
    assert {one.tag for one in trades} == {"truenav", "hedge"}
    bought = executed(done[0])
    assert (bought.quantity, *bought.fees.values()) == (D("0.5"), -trading.world.books(DESK).fills[0].fee)


def test_what_gathering_lacks_or_tells_otherwise_is_named(trading: Trading) -> None:
    done, trades = orders(trading), gathered(trading)
    first, second, third = trades
    wrong = replace(second, price=second.price + 1, fees=())
    found = {(one.venue_id, one.what): one for one in differences(done, [first, wrong])}
    assert found[third.order_id, "quantity"].gathered is None
    told = found[second.order_id, "value"]
    assert told.gathered is not None
    assert told.gathered - told.executed == second.quantity
    assert {what.partition(" in ")[0] for name, what in found if name == second.order_id} == {
        "value",
        "fee",
    }
