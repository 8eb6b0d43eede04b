"""Orders against the simulated Binance: what is placed, once, and what is known of it afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from truenav.app.sources.context import keep_instruments
from truenav.app.trading import executor, service
from truenav.app.trading.catalogues import LIMITS as TRADING_LIMITS
from truenav.app.trading.clocks import VENUE_CLOCK
from truenav.connect.cefi.binance.orders import UsdmOrders
from truenav.connect.errors import KeyForbiddenError, KeyMayWithdrawError
from truenav.core.failure import ForbiddenError
from truenav.core.instrument import UnknownInstrumentError
from truenav.core.orders import (
    BadOrderError,
    Order,
    OrderRequest,
    OrderState,
    OrderType,
    Reason,
    Side,
    VenueOrder,
    Window,
    filled_quantity,
)
from truenav.store import evidence, issues, orders
from truenav.store.orders import ExecutorBusyError, OrderConflictError, StaleExecutorError

from .desk import BTC, DESK, LIMITS, NOW, PERP, PERPETUAL, D, Trading, limit, request

WIDE = replace(LIMITS, order_notional=D(10**9), day_notional=D(10**9), position_notional=D(10**9))
"""Limits that leave everything to the venue."""


def test_a_market_order_is_placed_once_and_its_fills_with_fees_are_known(trading: Trading) -> None:
    asked = request()
    (done,) = trading.run(asked)
    (held,) = trading.at_venue()
    assert (done.state, done.filled, done.settled) == (OrderState.FILLED, D("0.5"), True)
    assert done.venue is not None
    assert (done.venue.venue_id, held.terms.client_id) == (str(held.id), asked.client_id)
    assert trading.position() == D("0.5")
    fills = trading.world.books(DESK).fills
    assert [(one.quantity, one.price) for one in done.fills or ()] == [(one.size, one.price) for one in fills]
    assert [one.fee.number for one in done.fills or () if one.fee] == [one.fee for one in fills]
    assert trading.trail(asked) == ["intended", "sent", "filled", "filled"]
    assert [one["newClientOrderId"] for one in trading.posts] == [asked.client_id]


def test_a_market_order_goes_out_with_the_collars_edge_as_its_price(trading: Trading) -> None:
    mark = trading.mark()
    trading.run(request(), request(1, side=Side.SELL))
    bought, sold = trading.posts
    assert (bought["type"], bought["timeInForce"]) == ("LIMIT", "IOC")
    assert mark * D("1.0199") < D(bought["price"]) <= mark * D("1.02")
    assert mark * D("0.98") <= D(sold["price"]) < mark * D("0.9801")


def test_raw_request_and_answer_are_evidence_and_hold_no_secret(trading: Trading) -> None:
    (done,) = trading.run(asked := request())
    with trading.house.database.transaction(trading.tenant) as session:
        _, _, filled, _ = orders.events(session, DESK, asked.client_id)
        assert filled.evidence is not None
        (meta,) = evidence.meta(session, filled.evidence)
        body = evidence.read(session, trading.house.blobs(trading.tenant), filled.evidence)
    told = dict(meta.request.params)
    assert (meta.request.method, meta.endpoint) == ("POST", "usdm.order.place/1")
    assert (told["newClientOrderId"], told["quantity"]) == (asked.client_id, "0.5")
    assert not {"signature", "timestamp"} & told.keys()
    assert done.venue is not None
    assert f'"orderId":{done.venue.venue_id}'.encode() in body.replace(b": ", b":")


def test_a_step_names_the_answer_that_told_it_and_no_older_one(trading: Trading) -> None:
    """Two sendings are lost; that the venue has no such order told of the second one, not what came of it."""
    losses = [60.0, 60.0]
    trading.hold = lambda: losses.pop(0) if losses else None
    trading.run(asked := request(), seconds=60)
    with trading.house.database.transaction(trading.tenant) as session:
        steps = orders.events(session, DESK, asked.client_id)
    told = [(str(one.state), one.evidence is not None) for one in steps]
    assert told == [
        ("intended", False), ("sent", False), ("unknown", False),
        ("sent", True), ("unknown", False),
        ("sent", True), ("filled", True), ("filled", True),
    ]  # fmt: skip


def test_asked_again_the_same_decision_is_the_same_order(trading: Trading) -> None:
    first = trading.run(request())
    assert trading.run(request()) == first
    assert len(trading.at_venue()) == len(trading.posts) == 1
    with pytest.raises(OrderConflictError, match="asked for another order 0 before"):
        trading.run(request(quantity="0.6"))


def test_an_order_that_takes_what_is_there_leaves_nothing_behind(trading: Trading) -> None:
    trading.put_limits(WIDE)
    ask = trading.mark() + D("0.1")
    (done,) = trading.run(request(quantity="119", type=OrderType.TAKE, price=ask))
    (held,) = trading.at_venue()
    assert (done.state, done.settled) == (OrderState.EXPIRED, True)
    assert 0 < done.filled == held.filled == filled_quantity(done.fills or ()) < 119
    assert not trading.world.books(DESK).working


def test_a_resting_order_is_followed_and_taken_out_at_its_deadline(trading: Trading) -> None:
    (done,) = trading.run(asked := limit(trading.mark() - 500), seconds=5)
    assert (done.state, done.filled, done.settled) == (OrderState.CANCELLED, D(0), True)
    assert trading.trail(asked) == ["intended", "sent", "open", "cancelled"]
    assert not trading.world.books(DESK).working
    assert timedelta(seconds=5) <= trading.clock.now() - NOW < timedelta(seconds=10)


def test_the_rest_of_an_order_that_was_filled_in_part_is_taken_out_at_its_deadline(trading: Trading) -> None:
    trading.put_limits(WIDE)
    asked = request(quantity="119", type=OrderType.LIMIT, price=trading.mark() + D("0.1"))
    (done,) = trading.run(asked, seconds=3)
    (held,) = trading.at_venue()
    assert (done.state, done.settled, done.rest) == (OrderState.CANCELLED, True, 0)
    assert 0 < done.filled == held.filled == filled_quantity(done.fills or ()) < 119
    assert trading.trail(asked) == ["intended", "sent", "partly_filled", "cancelled", "cancelled"]
    assert trading.position() == done.filled


def test_a_working_order_that_the_venue_has_forgotten_is_ended_a_day_after_its_deadline(
    trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Binance drops what was cancelled without a fill after three days, and this was cancelled by hand."""

    async def nothing(port: UsdmOrders, asked: OrderRequest) -> VenueOrder | None:
        return None

    async def away(port: UsdmOrders, asked: OrderRequest) -> None:
        return None

    monkeypatch.setattr(UsdmOrders, "look_up", nothing)
    monkeypatch.setattr(UsdmOrders, "cancel", away)
    asked = limit(trading.mark() - 500)
    (early,) = trading.run(asked, seconds=5)
    assert (early.state, early.settled) == (OrderState.OPEN, False)
    trading.later(days=1, seconds=10)
    (done,) = trading.run(asked, seconds=5)
    assert (done.state, done.filled, done.settled) == (OrderState.CANCELLED, D(0), True)
    assert done.note == "The venue has it no more."


def test_a_resting_order_that_the_price_reaches_is_filled(trading: Trading) -> None:
    price = (trading.mark() - 500).quantize(D(1))
    item = trading.world.market.instrument("binance", PERP)
    trading.lagging.append(lambda: trading.world.print(item, price - 1))
    (done,) = trading.run(asked := limit(price), seconds=30)
    assert (done.state, done.filled) == (OrderState.FILLED, D("0.5"))
    assert [one.price for one in done.fills or ()] == [price]
    assert all(one.maker for one in done.fills or ())
    assert trading.trail(asked) == ["intended", "sent", "open", "filled", "filled"]


def test_quantities_and_prices_are_rounded_to_the_side_of_less(trading: Trading) -> None:
    price = trading.mark() - 300 + D("0.07")
    trading.run(
        request(0, "0.50099"),
        request(1, type=OrderType.LIMIT, price=price),
        request(2, type=OrderType.LIMIT, price=price + 700, side=Side.SELL),
        seconds=1,
    )
    market, bought, sold = trading.posts
    assert market["quantity"] == "0.5"
    assert price - D("0.1") < D(bought["price"]) <= price
    assert price + 700 <= D(sold["price"]) < price + 700 + D("0.1")


@pytest.mark.parametrize("quantity", ["0.0004", "0.001"])
def test_less_than_the_venue_trades_is_refused_and_not_sent(trading: Trading, quantity: str) -> None:
    (done,) = trading.run(request(quantity=quantity))
    assert (done.state, done.reason) == (OrderState.REJECTED, Reason.TOO_SMALL)
    assert not trading.posts


# -- answers that do not come -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lost", "unsure", "cut", "truncate"])
def test_an_order_that_was_taken_and_not_answered_is_looked_up_and_never_sent_again(
    trading: Trading, kind: str
) -> None:
    trading.fault(kind)
    (done,) = trading.run(asked := request())
    assert (done.state, done.filled, done.sendings) == (OrderState.FILLED, D("0.5"), 1)
    assert len(trading.at_venue()) == len(trading.posts) == 1
    assert trading.trail(asked) == ["intended", "sent", "unknown", "filled", "filled"]


def test_an_answer_that_takes_too_long_is_not_waited_for(
    trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = UsdmOrders.place

    async def slowly(self: UsdmOrders, asked: OrderRequest, window: Window) -> VenueOrder:
        placed = await place(self, asked, window)
        await asyncio.sleep(60)
        return placed

    monkeypatch.setattr(UsdmOrders, "place", slowly)
    monkeypatch.setattr(executor, "ANSWER_SECONDS", 0.1)
    (done,) = trading.run(asked := request())
    assert (done.state, len(trading.at_venue())) == (OrderState.FILLED, 1)
    assert "unknown" in trading.trail(asked)


@pytest.mark.parametrize(
    ("kind", "more"), [("hang", {}), ("status", {"status": 503}), ("html", {"status": 502})]
)
def test_an_order_that_never_arrived_is_sent_again_only_after_its_window(
    trading: Trading, kind: str, more: dict[str, object]
) -> None:
    trading.fault(kind, **more)
    (done,) = trading.run(asked := request(), seconds=60)
    assert (done.state, done.filled, done.sendings) == (OrderState.FILLED, D("0.5"), 2)
    assert len(trading.at_venue()) == 1
    first, second = trading.posts
    assert first["newClientOrderId"] == second["newClientOrderId"] == asked.client_id
    assert int(second["timestamp"]) - int(first["timestamp"]) > 5000
    assert trading.trail(asked)[:4] == ["intended", "sent", "unknown", "sent"]


def test_after_its_deadline_an_order_that_never_arrived_is_given_up(trading: Trading) -> None:
    trading.fault("status", status=503)
    (done,) = trading.run(request(), seconds=3)
    assert (done.state, done.reason, done.sendings) == (OrderState.REJECTED, Reason.NOT_PLACED, 1)
    assert len(trading.posts) == 1
    assert not trading.at_venue()


def test_while_the_venue_does_not_tell_the_fate_is_unknown_and_the_next_run_asks_first(
    trading: Trading,
) -> None:
    trading.fault("lost")
    trading.lagging.append(lambda: trading.fault("status", times=None, status=503))
    (left,) = trading.run(asked := request(), seconds=5)
    assert (left.state, left.settled) == (OrderState.UNKNOWN, False)
    trading.world.faults.clear()
    trading.clock.advance(timedelta(minutes=5))
    other = request(1, side=Side.SELL)
    (done,) = trading.run(other)
    assert done.state is OrderState.FILLED
    assert trading.journal()[asked.client_id].state is OrderState.FILLED
    assert len(trading.at_venue()) == len(trading.posts) == 2


def test_while_one_fate_is_unknown_nothing_is_added_and_reducing_goes_on(trading: Trading) -> None:
    trading.run(request(7))
    trading.fault("status", times=None, status=503)
    trading.run(request(), seconds=5)
    trading.fault("status", times=None, status=503)
    more, less = trading.run(request(1), request(2, side=Side.SELL, reduce_only=True), seconds=5)
    assert (more.state, more.reason) == (OrderState.REJECTED, Reason.UNRESOLVED)
    assert less.state is OrderState.UNKNOWN


def test_a_sending_that_comes_after_its_window_is_refused_by_the_venue(trading: Trading) -> None:
    """What makes the second sending safe: the first cannot arrive any more."""
    trading.fault("latency", milliseconds=8_000)
    (done,) = trading.run(request(), seconds=60)
    assert (done.state, done.reason) == (OrderState.REJECTED, Reason.TOO_LATE)
    assert not trading.at_venue()


@pytest.mark.parametrize(("status", "wait"), [(429, 3), (418, 20)])
def test_a_rate_limit_is_waited_out_and_the_order_is_looked_up_first(
    trading: Trading, status: int, wait: int
) -> None:
    trading.fault("status", status=status, retry_after=wait)
    (done,) = trading.run(asked := request(), seconds=60)
    assert (done.state, done.sendings) == (OrderState.FILLED, 2)
    assert len(trading.at_venue()) == 1
    assert int(trading.posts[1]["timestamp"]) - int(trading.posts[0]["timestamp"]) >= wait * 1000
    assert trading.trail(asked)[:4] == ["intended", "sent", "unknown", "sent"]


def test_a_cancel_that_is_not_answered_is_looked_up(trading: Trading) -> None:
    item = limit(trading.mark() - 500)
    trading.lagging += [lambda: None] * 3 + [lambda: trading.fault("lost")]
    (done,) = trading.run(item, seconds=3)
    assert done.state is OrderState.CANCELLED
    assert len(trading.at_venue()) == 1


# -- refusals of the venue --------------------------------------------------------------------


def test_what_the_venue_refuses_is_rejected_with_its_reason_and_not_repeated(trading: Trading) -> None:
    trading.put_limits(WIDE)
    empty, *large = trading.run(
        request(0, side=Side.SELL, reduce_only=True), *(request(leg, "119") for leg in range(1, 5))
    )
    assert (empty.state, empty.reason) == (OrderState.REJECTED, Reason.REDUCE_ONLY)
    assert (large[-1].state, large[-1].reason) == (OrderState.REJECTED, Reason.MARGIN)
    assert len(trading.posts) == len(large) + 1


def test_a_client_id_that_somebody_else_used_is_told(trading: Trading) -> None:
    from truenav.simulator.orders import Terms

    asked = request()
    theirs = Terms(PERP, "buy", D(3), trading.mark() - 900, client_id=asked.client_id)
    trading.world.place(DESK, theirs)
    (done,) = trading.run(asked)
    assert (done.state, done.reason) == (OrderState.REJECTED, Reason.OTHERS)
    assert len(trading.at_venue()) == 1


def test_reduce_only_reduces_and_never_turns_a_position(trading: Trading) -> None:
    trading.run(request())
    (done,) = trading.run(request(1, "0.8", Side.SELL, reduce_only=True))
    assert (done.filled, trading.position()) == (D("0.5"), D(0))


# -- refusals of ours -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"order_notional": D(1000)}, Reason.ORDER_NOTIONAL),
        ({"day_notional": D(1000)}, Reason.DAY_NOTIONAL),
        ({"position_notional": D(1000)}, Reason.POSITION_NOTIONAL),
        ({"instruments": ()}, Reason.NOT_ALLOWED),
        ({"quote": "iso4217:USD"}, Reason.NOT_ALLOWED),
    ],
)
def test_limits_hold_before_anything_is_sent(
    trading: Trading, change: dict[str, object], reason: Reason
) -> None:
    trading.put_limits(replace(LIMITS, **change))  # type: ignore[arg-type]
    (done,) = trading.run(request())
    assert (done.state, done.reason) == (OrderState.REJECTED, reason)
    assert not trading.posts


def test_a_price_outside_of_the_collar_is_refused_on_the_side_that_hurts(trading: Trading) -> None:
    mark = trading.mark()
    dear, cheap = trading.run(limit(mark * D("1.03")), limit(mark * D("0.97"), 1), seconds=1)
    assert (dear.state, dear.reason) == (OrderState.REJECTED, Reason.COLLAR)
    assert cheap.state is OrderState.CANCELLED


def test_the_days_orders_add_up_over_runs_and_begin_anew_at_midnight(trading: Trading) -> None:
    worth = trading.mark() / 2
    trading.put_limits(replace(LIMITS, day_notional=worth * D("2.2")))
    states = [
        trading.run(request(leg, side=side))[0].reason for leg, side in enumerate(["buy", "sell", "buy"])
    ]
    assert states == [None, None, Reason.DAY_NOTIONAL]
    trading.clock.advance(timedelta(hours=12))
    (done,) = trading.run(request(9))
    assert done.state is OrderState.FILLED


def test_an_order_of_yesterday_that_is_filled_today_counts_today(trading: Trading) -> None:
    trading.clock.advance(timedelta(hours=11, minutes=29, seconds=55))
    trading.put_limits(replace(LIMITS, day_notional=trading.mark()))
    price = (trading.mark() * D("0.9")).quantize(D(1))
    item = trading.world.market.instrument("binance", PERP)

    def reach_after_midnight() -> None:
        if trading.clock.now().day == NOW.day:
            trading.lagging.append(reach_after_midnight)
        else:
            trading.world.print(item, price - 1)

    trading.lagging.append(reach_after_midnight)
    (done,) = trading.run(limit(price), seconds=30)
    assert (done.state, done.created_at.day, done.updated_at.day) == (OrderState.FILLED, 21, 22)
    (more,) = trading.run(request(1, "0.6"))
    assert more.reason is Reason.DAY_NOTIONAL


def test_working_orders_count_as_if_they_were_filled(trading: Trading) -> None:
    trading.put_limits(replace(LIMITS, position_notional=trading.mark()))
    first, second, third = trading.run(
        *(limit(trading.mark() - 100 - leg, leg) for leg in range(3)), seconds=2
    )
    assert (first.state, second.state) == (OrderState.CANCELLED, OrderState.CANCELLED)
    assert third.reason is Reason.POSITION_NOTIONAL


def test_once_its_key_is_removed_a_run_sends_nothing_more_and_follows_what_it_sent(trading: Trading) -> None:
    """The first order works, the answer to the second is lost, and the key goes before it is sent again."""

    def remove() -> None:
        with trading.house.database.transaction(trading.tenant) as session:
            trading.house.vault.delete(session, "trading/binance")

    trading.lagging.append(remove)
    losses = [None, 60.0]
    trading.hold = lambda: losses.pop(0) if losses else None
    working, lost = trading.run(limit(trading.mark() - 500), request(1), seconds=30)
    assert (working.state, working.settled) == (OrderState.CANCELLED, True)
    assert (lost.state, lost.reason, lost.sendings) == (OrderState.REJECTED, Reason.KEY, 1)
    assert len(trading.posts) == 2


@pytest.mark.parametrize("broken", ["limits", "position", "old mark", "mark of the future"])
def test_with_the_limiter_down_only_what_reduces_goes_out(trading: Trading, broken: str) -> None:
    trading.run(request())
    if broken == "limits":
        with trading.house.database.transaction(trading.tenant) as session:
            from truenav.store import definitions
            from truenav.store.definitions import Kind

            definitions.put(session, Kind.TRADING_LIMITS, DESK, {"account": "binance"}, by="anna", at=NOW)
    elif broken == "position":
        trading.fault("status", path="positionRisk", times=None, status=503)
    else:
        from truenav.simulator.world import Override

        trading.world.overrides["binance", trading.world.market.instrument("binance", PERP).id] = Override(
            stale=timedelta(minutes=5 if broken == "old mark" else -5)
        )
    more, less = trading.run(request(1), request(2, "0.2", Side.SELL, reduce_only=True))
    assert (more.state, more.reason) == (OrderState.REJECTED, Reason.LIMITER_DOWN)
    assert (less.state, less.filled) == (OrderState.FILLED, D("0.2"))


@pytest.mark.parametrize(
    ("skew", "ordered"), [(4_000, True), (-4_000, True), (6_000, False), (-6_000, False)]
)
def test_with_a_clock_that_is_off_by_more_than_five_seconds_nothing_is_ordered(
    trading: Trading, skew: int, ordered: bool
) -> None:
    trading.fault("skew", path="", times=None, milliseconds=skew)
    (done,) = trading.run(request())
    assert (done.state is OrderState.FILLED) == ordered
    assert (done.reason is Reason.CLOCK) != ordered
    assert len(trading.posts) == ordered


@pytest.mark.parametrize(("skew", "told"), [(900, 0), (1_500, 1), (-4_000, 1), (6_000, 1)])
def test_a_clock_that_is_off_by_more_than_a_second_is_told_until_it_is_right(
    trading: Trading, skew: int, told: int
) -> None:
    trading.fault("skew", path="", times=None, milliseconds=skew)
    trading.run(request())
    with trading.house.database.transaction(trading.tenant) as session:
        found = issues.list_issues(session, kind=VENUE_CLOCK)
    assert [one.subject for one in found] == [DESK] * told
    assert not any(one.blocking for one in found)
    trading.world.faults.clear()
    trading.run(request(1))
    with trading.house.database.transaction(trading.tenant) as session:
        assert issues.list_issues(session, kind=VENUE_CLOCK) == ()


def test_an_instrument_that_nobody_knows_is_refused_before_anything_is_written(trading: Trading) -> None:
    with pytest.raises(UnknownInstrumentError):
        trading.run(request(), replace(request(1), instrument="binance-usdm:FOOUSDT"))
    assert not trading.journal()


def test_an_instrument_that_the_port_does_not_trade_is_rejected_and_blocks_nothing(trading: Trading) -> None:
    coinm = replace(PERPETUAL, id="binance-coinm:BTCUSD_PERP", code="BTCUSD_PERP")
    with trading.house.database.transaction(trading.tenant) as session:
        keep_instruments(session, [coinm], at=NOW)
    first, second = trading.run(replace(request(), instrument=coinm.id), request(1))
    assert (first.state, first.reason) == (OrderState.REJECTED, Reason.NOT_ALLOWED)
    assert second.state is OrderState.FILLED


def test_an_order_of_another_account_is_refused(trading: Trading) -> None:
    with pytest.raises(BadOrderError, match="belong to its account"):
        trading.run(OrderRequest("other", "x", 0, BTC, Side.BUY, D(1)))


# -- who may ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["risk", "finance", "auditor", "administrator"])
def test_who_sets_limits_or_checks_figures_sends_no_orders(trading: Trading, role: str) -> None:
    with pytest.raises(ForbiddenError):
        service.execute(
            trading.house, trading.principal(role), DESK, [request()], good_until=NOW + timedelta(seconds=5)
        )


def test_who_sends_orders_sets_no_limits(trading: Trading) -> None:
    with (
        trading.house.database.transaction(trading.tenant) as session,
        pytest.raises(ForbiddenError),
    ):
        TRADING_LIMITS.put(session, trading.house, trading.principal("manager", "operator"), LIMITS)


@pytest.mark.parametrize(
    ("rights", "refusal"),
    [('"read"', KeyForbiddenError), ('"read", "trade", "withdraw"', KeyMayWithdrawError)],
)
def test_a_key_that_may_not_trade_or_may_withdraw_sends_nothing(  # type: ignore[no-untyped-def]
    furnish_trading, rights: str, refusal: type[Exception]
) -> None:
    trading = furnish_trading(rights=rights)
    with pytest.raises(refusal):
        trading.run(request())
    assert not trading.posts
    assert not trading.journal()


def test_two_executors_at_once_place_an_order_once(trading: Trading) -> None:
    async def both() -> list[list[Order]]:
        return await asyncio.gather(trading.running(request()), trading.running(request()))

    first, second = asyncio.run(both())
    assert first == second
    assert len(trading.at_venue()) == len(trading.posts) == 1


def test_while_one_executor_works_another_is_refused(trading: Trading) -> None:
    async def beside() -> None:
        async with orders.sole_executor(trading.house.database, trading.tenant, DESK):
            await trading.running(request())

    with pytest.raises(ExecutorBusyError):
        asyncio.run(beside())
    assert not trading.posts


@pytest.mark.parametrize(("seconds", "sendings"), [(0.5, 1), (3, 1), (4.9, 1), (5.5, 2), (30, 2)])
def test_a_sending_that_is_held_up_on_its_way_arrives_once_or_too_late(
    trading: Trading, seconds: float, sendings: int
) -> None:
    delays = [seconds]
    trading.hold = lambda: delays.pop() if delays else None
    (done,) = trading.run(request(), seconds=60)
    trading.run(request(1, side=Side.SELL), seconds=60)
    trading.later(seconds=60)
    assert (done.state, done.filled, done.sendings) == (OrderState.FILLED, D("0.5"), sendings)
    assert [one.terms.client_id for one in trading.at_venue()] == [request(leg).client_id for leg in range(2)]


def test_the_venue_is_asked_for_the_order_after_its_clock_and_not_before(trading: Trading) -> None:
    """A sending may arrive while the clock is asked for; a look-up before that would have missed it."""
    delays = [4.95]
    trading.hold = lambda: delays.pop() if delays else None
    trading.lagging.append(
        lambda: trading.fault("latency", path="fapi/v1/time", times=None, milliseconds=900)
    )
    (done,) = trading.run(request(), seconds=60)
    assert (done.state, done.sendings, len(trading.at_venue())) == (OrderState.FILLED, 1, 1)


def test_an_executor_that_slept_while_another_took_over_neither_doubles_nor_writes(
    trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes between writing down a sending and sending it; by then the window is over."""
    asked, slept = request(), []

    def sleep_through(name: str) -> None:
        if name != "orders.sent" or slept:
            return
        slept.append(name)
        trading.clock.advance(timedelta(seconds=30))
        with trading.house.database.transaction(trading.tenant) as session:
            office = orders.take_office(session, DESK, actor="ben", at=trading.clock.now())
            before = orders.get(session, DESK, asked.client_id)
            orders.save(session, office, before, before.lost("taken over", at=trading.clock.now()))

    monkeypatch.setattr(executor, "commit_point", sleep_through)
    with pytest.raises(StaleExecutorError):
        trading.run(asked, seconds=300)
    assert len(trading.posts) == 1
    assert not trading.at_venue()
    (done,) = trading.run(asked, seconds=300)
    assert (done.state, done.sendings, len(trading.at_venue())) == (OrderState.FILLED, 2, 1)
