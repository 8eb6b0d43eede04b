"""The journal of orders: one row an intention, a trail, and one executor an account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.core.orders import (
    Order,
    OrderFill,
    OrderRequest,
    OrderState,
    Reason,
    Side,
    VenueOrder,
    Window,
)
from truenav.store import orders

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
D = Decimal


def request(leg: int = 0, quantity: str = "0.5") -> OrderRequest:
    return OrderRequest("desk", "etp/btc3l/1", leg, "binance-usdm:BTCUSDT", Side.BUY, D(quantity))


def intended(asked: OrderRequest) -> Order:
    return Order(asked, NOW + timedelta(minutes=1), NOW, NOW)


def filled(asked: OrderRequest) -> VenueOrder:
    quantity = asked.quantity
    return VenueOrder(
        "77", asked.client_id, asked.instrument, asked.side, quantity, quantity, OrderState.FILLED, NOW
    )


def test_an_order_is_written_step_by_step_with_its_trail(database, tenant):
    asked = request()
    with database.transaction(tenant) as session:
        office = orders.take_office(session, "desk", actor="anna", at=NOW)
        first = orders.add(session, office, intended(asked))
    sent = first.sending(asked, Window(NOW, NOW + timedelta(seconds=5)), D("45000"), at=NOW)
    told = sent.told(filled(asked), at=NOW)
    done = told.with_fills([OrderFill("1", NOW, D("0.5"), D("90000"), None, maker=False)], at=NOW)
    for before, after in ((first, sent), (sent, told), (told, done)):
        with database.transaction(tenant) as session:
            assert orders.unsettled(session, "desk") == (before,)
            orders.save(session, office, before, after, evidence="ab" * 32 if after is told else None)
    with database.transaction(tenant) as session:
        assert orders.unsettled(session, "desk") == ()
        assert orders.get(session, "desk", asked.client_id) == done
        assert orders.since(session, "desk", NOW) == (done,)
        assert orders.since(session, "desk", NOW + timedelta(seconds=1)) == ()
        trail = orders.events(session, "desk", asked.client_id)
    assert [(one.version, one.state, one.actor) for one in trail] == [
        (1, "intended", "anna"),
        (2, "sent", "anna"),
        (3, "filled", "anna"),
        (4, "filled", "anna"),
    ]
    assert [one.evidence for one in trail] == [None, None, "ab" * 32, None]


def test_the_same_decision_is_the_same_order_and_another_wish_under_its_name_is_refused(database, tenant):
    with database.transaction(tenant) as session:
        office = orders.take_office(session, "desk", actor="anna", at=NOW)
        first = orders.add(session, office, intended(request()))
        assert orders.add(session, office, intended(request())) == first
        with pytest.raises(orders.OrderConflictError, match="asked for another order 0 before"):
            orders.add(session, office, intended(request(quantity="0.6")))
        orders.add(session, office, intended(request(leg=1)))
        assert len(orders.unsettled(session, "desk")) == 2


def test_an_executor_that_another_followed_writes_no_more(database, tenant):
    with database.transaction(tenant) as session:
        old = orders.take_office(session, "desk", actor="anna", at=NOW)
        first = orders.add(session, old, intended(request()))
    with database.transaction(tenant) as session:
        new = orders.take_office(session, "desk", actor="ben", at=NOW)
        other = orders.take_office(session, "other-desk", actor="ben", at=NOW)
    assert (old.fence, new.fence, other.fence) == (1, 2, 1)
    rejected = first.rejected(Reason.DEADLINE, "too late", at=NOW)
    with pytest.raises(orders.StaleExecutorError), database.transaction(tenant) as session:
        orders.save(session, old, first, rejected)
    with database.transaction(tenant) as session:
        orders.save(session, new, first, rejected)
    with (
        pytest.raises(orders.OrderConflictError, match="changed meanwhile"),
        database.transaction(tenant) as s,
    ):
        orders.save(s, new, first, rejected)


def test_an_order_of_another_tenant_is_not_there(database, tenant):
    with database.transaction(tenant) as session:
        office = orders.take_office(session, "desk", actor="anna", at=NOW)
        orders.add(session, office, intended(request()))
    with database.transaction(f"{tenant}-other") as session:
        assert orders.unsettled(session, "desk") == ()
        with pytest.raises(orders.OrderNotFoundError):
            orders.get(session, "desk", request().client_id)
