"""Orders on the replayed prices: what is taken, what rests, what is filled when, and what is remembered."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.simulator.deribit.rules import token
from truenav.simulator.entry import RefusedError
from truenav.simulator.errors import ScenarioError
from truenav.simulator.market import Leg
from truenav.simulator.numbers import exact
from truenav.simulator.orders import Terms, is_beyond, reached, taken
from truenav.simulator.server import create_app
from truenav.simulator.times import VirtualClock, milliseconds
from truenav.simulator.truth import truth
from truenav.simulator.world import World

from .trading import NOW, account, trading_world

PERP = "BTC-USDT-SWAP"
SPOT = "BTC-USDT"
D = Decimal
DERIBIT_ORDER = {"instrument_name": "BTC-PERPETUAL", "amount": 100, "type": "market"}


def quote(world: World, key: str, venue: str = "binance"):  # type: ignore[no-untyped-def]
    found = world.quote(world.market.instrument(venue, key))
    assert found is not None
    return found


def later(world: World, **span: float) -> None:
    world.clock.advance(timedelta(**span))  # type: ignore[attr-defined]


def test_a_market_order_takes_the_ask_and_pays_the_takers_fee(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    ask = quote(world, SPOT).ask
    order = world.place("binance", Terms(SPOT, "buy", D("0.5"), client_id="one"))
    books = world.books("binance")
    assert (order.status, order.filled, order.average) == ("filled", D("0.5"), ask)
    assert books.balance("spot", "BTC") == 20 + D("0.5") * D("0.999")
    assert books.balance("spot", "USDT") == 500_000 - D("0.5") * ask
    assert books.fills[-1].order_id == order.id
    assert not books.fills[-1].maker


def test_a_market_order_larger_than_the_book_is_filled_in_parts_and_its_rest_expires(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    order = world.place("binance", Terms(SPOT, "sell", D(20)))
    fills = world.books("binance").fills
    assert order.status == "expired"
    assert 0 < order.filled < 20
    assert fills[0].price - fills[1].price == D("0.01"), "a tick behind the touch"


def test_an_order_takes_what_the_published_book_shows(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    (best, first), (behind, second) = world.levels(quote(world, SPOT), "buy")
    order = world.place("binance", Terms(SPOT, "sell", first + second + 1))
    fills = world.books("binance").fills
    assert [(fill.price, fill.size) for fill in fills] == [(best, first), (behind, second)]
    assert order.filled == first + second


def test_a_resting_order_is_filled_at_its_price_when_the_bar_carries_the_book_there(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    low = min(bar.low for _, bar in world.market.bars["binance", SPOT].between(NOW, NOW + timedelta(days=2)))
    price = low + D(100)
    order = world.place("binance", Terms(SPOT, "buy", D("0.1"), price))
    assert order.status == "open"
    later(world, days=3)
    filled = world.books("binance").orders[order.id]
    fill = world.books("binance").fills[-1]
    assert (filled.status, filled.average, fill.maker) == ("filled", price, True)
    assert fill.fee == D("0.1") * D("0.001")
    leg = next(
        one
        for one in world.market.way("binance", SPOT, fill.at, since=order.at)
        if one.begins <= fill.at < one.ends
    )
    assert leg.price(fill.at) <= price - D("0.01") < leg.price(fill.at - timedelta(milliseconds=1))


def test_nobodys_looking_changes_when_an_order_is_filled(tmp_path: Path) -> None:
    told = []
    for steps in (1, 37):
        world = trading_world(tmp_path / str(steps)) if (tmp_path / str(steps)).mkdir() is None else None
        assert world is not None
        for level in range(1, 9):
            price = quote(world, SPOT).last - 60 * level
            world.place("binance", Terms(SPOT, "buy", D("1.3"), price))
        for _ in range(steps):
            later(world, seconds=3 * 86_400 / steps)
            world.books("binance")
        world.clock.set(NOW + timedelta(days=3))  # type: ignore[attr-defined]
        told.append([(fill.id, fill.at, fill.size, fill.price) for fill in world.books("binance").fills])
    assert told[0] == told[1]
    assert told[0]


def test_a_restarted_simulator_remembers_every_order(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    last = quote(world, PERP).last
    world.place("binance", Terms(PERP, "sell", D(2), client_id="short"))
    resting = world.place("binance", Terms(PERP, "buy", D(1), last - 500, reduce_only=True))
    gone = world.place("binance", Terms(PERP, "buy", D(1), last - 900))
    later(world, minutes=5)
    world.cancel("binance", gone.id)
    later(world, days=4)
    with (tmp_path / "orders.jsonl").open("ab") as file:
        file.write(b'{"scenario":"trading","acc')  # killed while it wrote
    again = trading_world(tmp_path, world.clock)
    assert again.books("binance") == world.books("binance")
    assert truth(again, "binance") == truth(world, "binance")
    assert again.books("binance").orders[gone.id].status == "cancelled"
    assert again.books("binance").orders[resting.id].status in ("open", "filled")


def test_orders_of_an_account_that_was_removed_are_told_by_file_and_line(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    for name in ("okx", "binance"):
        world.place(name, Terms(PERP, "buy", D(1)))
    with pytest.raises(ScenarioError, match=r"orders\.jsonl line 2 .*'binance'"):
        trading_world(tmp_path, accounts=account("okx", "okx"))
    assert trading_world(tmp_path).books("binance").positions[PERP].size == 1


def test_an_order_that_may_not_rest_or_not_take_does_not(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    ask, bid = quote(world, PERP).ask, quote(world, PERP).bid
    away = world.place("binance", Terms(PERP, "buy", D(1), bid, duration="ioc"))
    whole = world.place("binance", Terms(PERP, "buy", D(200), ask, duration="fok"))
    maker = world.place("okx", Terms(PERP, "buy", D(1), quote(world, PERP, "okx").ask, post_only=True))
    assert [one.status for one in (away, whole, maker)] == ["expired"] * 3
    assert not world.books("binance").fills
    with pytest.raises(RefusedError, match="post_only"):
        world.place("binance", Terms(PERP, "buy", D(1), ask, post_only=True))


def test_a_stop_waits_for_its_price_and_sells_only_what_is_held(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    world.place("binance", Terms(PERP, "buy", D("0.5")))
    trigger = quote(world, PERP).last - 300
    stop = world.place("binance", Terms(PERP, "sell", D(1), trigger=trigger, reduce_only=True))
    assert stop.status == "waiting"
    world.print(world.market.instrument("binance", PERP), trigger - 5)
    books = world.books("binance")
    assert books.orders[stop.id].filled == D("0.5")
    assert PERP not in books.positions
    assert books.fills[-1].price == trigger - D("0.1"), "a tick of slippage"
    with pytest.raises(RefusedError, match="reduce_only"):
        world.place("binance", Terms(PERP, "sell", D(1), reduce_only=True))


def test_what_an_account_does_not_have_it_cannot_order(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    last = quote(world, SPOT).last
    world.place("binance", Terms(SPOT, "buy", D(10), last - 1000))
    with pytest.raises(RefusedError, match="balance"):
        world.place("binance", Terms(SPOT, "buy", D(10), last - 1000))
    with pytest.raises(RefusedError, match="margin"):
        world.place("binance", Terms(PERP, "buy", D(400)))
    for terms, reason in (
        (Terms(SPOT, "buy", D("0.000001")), "size"),
        (Terms(SPOT, "buy", D("0.100001")), "lot"),
        (Terms(SPOT, "buy", D("0.1"), D("30000.001")), "tick"),
        (Terms(SPOT, "buy", D("0.0001"), D("300")), "notional"),
    ):
        with pytest.raises(RefusedError, match=reason):
            world.place("binance", terms)


@pytest.mark.parametrize(
    ("venue", "again"), [("binance", True), ("okx", False), ("bybit", False), ("deribit", True)]
)
def test_a_client_id_is_taken_again_only_where_the_venue_does(
    venue: str, again: bool, tmp_path: Path
) -> None:
    world = trading_world(tmp_path)
    item = world.market.instrument(world.account(venue).venue.prices, PERP)
    price = quote(world, PERP, item.venue).last - 1000
    terms = Terms(PERP, "buy", D(1), price, client_id="mine")
    first = world.place(venue, terms)
    if venue != "deribit":
        with pytest.raises(RefusedError, match="duplicate"):
            world.place(venue, terms)
    world.cancel(venue, first.id)
    if again:
        world.place(venue, terms)
    else:
        with pytest.raises(RefusedError, match="duplicate"):
            world.place(venue, terms)


prices = st.decimals(min_value=1, max_value=1000, places=2)


@settings(max_examples=60, deadline=None)
@given(start=prices, end=prices, level=prices, rising=st.booleans(), split=st.integers(0, 28_799_999))
def test_a_level_is_reached_at_one_instant_however_the_way_is_looked_at(
    start: Decimal, end: Decimal, level: Decimal, rising: bool, split: int
) -> None:
    hours = timedelta(hours=8)
    leg = Leg(NOW, NOW + hours, start, end)
    with exact():
        whole = reached(leg, level, rising, NOW, NOW + hours)
        middle = NOW + timedelta(milliseconds=split)
        parts = reached(leg, level, rising, NOW, middle) or reached(leg, level, rising, middle, NOW + hours)
        assert whole == parts
        if whole is not None:
            assert is_beyond(leg.price(whole), level, rising)
        elif start != end:
            assert not is_beyond(leg.price(NOW + hours - timedelta(milliseconds=1)), level, rising)


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 1000),
    level=st.integers(1, 400),
    side=st.sampled_from(["buy", "sell"]),
    limit=st.none() | st.integers(90, 110),
)
def test_an_order_never_takes_more_than_it_wants_nor_worse_than_its_limit(
    size: int, level: int, side: str, limit: int | None
) -> None:
    terms = Terms("K", side, D(size), None if limit is None else D(limit))  # type: ignore[arg-type]
    parts = taken(terms, D(size), D(99), D(101), D(1), D(level))
    assert sum(part for part, _ in parts) <= size
    assert all(part <= level for part, _ in parts)
    for _, price in parts:
        assert limit is None or (price <= limit if side == "buy" else price >= limit)


class Ticking(VirtualClock):
    """A clock on which a millisecond passes whenever one looks."""

    def now(self) -> datetime:
        self.advance(timedelta(milliseconds=1))
        return super().now()


def signed(world: World, method: str, path: str, **params: object) -> httpx.Request:
    """A request of the account at Binance."""
    query = urlencode({**params, "timestamp": milliseconds(world.now()), "recvWindow": 60_000})
    signature = hmac.new(b"s", query.encode(), hashlib.sha256).hexdigest()
    url = f"http://venue{path}?{query}&signature={signature}"
    return httpx.Request(method, url, headers={"X-MBX-APIKEY": "binance"})


def answers(world: World, *requests: httpx.Request) -> list[httpx.Response]:
    """What the venue says when the requests arrive together."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=create_app(world, latency=0.01))
        async with httpx.AsyncClient(transport=transport) as client:
            return list(await asyncio.gather(*(client.send(one) for one in requests)))

    return asyncio.run(ask())


def test_a_confirmation_has_the_fills_however_long_it_took(tmp_path: Path) -> None:
    world = trading_world(tmp_path, Ticking(NOW))
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.5"}
    bearer = {"Authorization": f"Bearer {token(world.account('deribit'))}"}
    bought = f"http://venue/api/v2/private/buy?{urlencode(DERIBIT_ORDER)}"
    binance, deribit = answers(
        world,
        signed(world, "POST", "/api/v3/order", **terms),
        httpx.Request("GET", bought, headers=bearer),
    )
    assert [one["qty"] for one in binance.json()["fills"]] == ["0.50000000"]
    assert [one["amount"] for one in deribit.json()["result"]["trades"]] == [100]


def test_the_margin_wallet_shows_every_coin_that_it_holds(tmp_path: Path) -> None:
    moves = (
        'at = "+0d00:20", deposit = "5 SOL"',
        'at = "+0d00:21", transfer = "2 SOL", from = "spot", to = "margin"',
    )
    events = "".join(f"{{ {one} }},\n" for one in moves)
    held = account("binance", "binance").replace("events = [\n", f"events = [\n{events}")
    world = trading_world(tmp_path, accounts=held)
    (answer,) = answers(world, signed(world, "GET", "/sapi/v1/margin/account"))
    coins = {row["asset"]: row["free"] for row in answer.json()["userAssets"]}
    assert coins["SOL"] == "2.00000000"


def test_orders_that_are_cancelled_twice_at_once_are_cancelled(tmp_path: Path) -> None:
    world = trading_world(tmp_path, Ticking(NOW))
    world.place("binance", Terms(PERP, "buy", D(1), quote(world, PERP).last - 1000))
    everything = [signed(world, "DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT") for _ in range(2)]
    assert [one.status_code for one in answers(world, *everything)] == [200, 200]
    assert not world.books("binance").working


NEW = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.5"}


@pytest.mark.parametrize("kind", ["lost", "unsure"])
def test_an_order_whose_answer_is_lost_was_placed_all_the_same(tmp_path: Path, kind: str) -> None:
    world, waited = trading_world(tmp_path), []
    world.faults.add({"kind": kind, "path": "/fapi/v1/order", "times": 1})

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    async def scenario() -> httpx.Response:
        app = create_app(world, pause=pause)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            placed = await client.send(signed(world, "POST", "/fapi/v1/order", **NEW, newClientOrderId="one"))
            assert (placed.status_code, waited) == (
                503 if kind == "unsure" else 200,
                [3600.0] * (kind == "lost"),
            )
            found = {"symbol": "BTCUSDT", "origClientOrderId": "one"}
            return await client.send(signed(world, "GET", "/fapi/v1/order", **found))

    assert asyncio.run(scenario()).json()["status"] == "FILLED"


def test_an_order_that_waited_longer_than_its_window_is_refused(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    world.faults.add({"kind": "latency", "milliseconds": 61_000, "times": 1})

    async def pause(seconds: float) -> None:
        later(world, seconds=seconds)

    async def scenario() -> httpx.Response:
        app = create_app(world, pause=pause)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.send(signed(world, "POST", "/fapi/v1/order", **NEW))

    assert asyncio.run(scenario()).json()["code"] == -1021
    assert not world.books("binance").fills


def test_fills_are_told_of_one_order(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    for _ in range(3):
        order = world.place("binance", Terms(PERP, "buy", D("0.5")))
    (told,) = answers(world, signed(world, "GET", "/fapi/v1/userTrades", symbol="BTCUSDT", orderId=order.id))
    assert [row["orderId"] for row in told.json()] == [order.id]
