"""Notices of products: each state that wants somebody is told once, to those whom it concerns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from truenav.app.notices.events import Event, collect
from truenav.calc.etp.engine.adjustments import UnitChange
from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.live.state import Proposal, ProposalKind
from truenav.store import products

from .conftest import state_instrument
from .test_products import _run

PRODUCT_EVENTS = [one.value for one in Event if one.value.startswith("product-")]


@pytest.fixture
def house(fund):
    """A product whose last mark is of now, and a manager who wants to be told of products."""
    state_instrument(fund.installation, fund.tenant)
    opened_at = fund.installation.clock.now() - timedelta(minutes=4)
    _run(fund, opened_at=opened_at.isoformat())
    mine = {"kind": "mail", "target": f"max@{fund.tenant}.test", "events": PRODUCT_EVENTS}
    assert fund.maker.post("/api/v1/notices/channels", json=mine).status_code == 201
    return fund


def _becomes(house, **changed):
    """The product is found in another state."""
    with house.installation.house.database.transaction(house.tenant) as session:
        last = products.latest(session, "zz3l")
        live = replace(last.live, **changed)
        products.append(session, "zz3l", replace(last, number=last.number + 1, live=live))


def _told(house):
    """The events that are new since the last look."""
    before = {one["id"] for one in house.maker.get("/api/v1/notices").json()}
    with house.installation.house.database.transaction(house.tenant) as session:
        collect(session, now=house.installation.clock.now())
    return [one["event"] for one in house.maker.get("/api/v1/notices").json() if one["id"] not in before]


def test_a_product_that_runs_is_no_news(house):
    assert _told(house) == []


def test_a_nav_that_grew_old_is_told_once_an_outage(house):
    clock = house.installation.clock
    clock.advance(seconds=89)
    assert _told(house) == []
    clock.advance(seconds=2)
    assert (_told(house), _told(house)) == (["product-nav-stale"], [])
    with house.installation.house.database.transaction(house.tenant) as session:
        mark = products.latest(session, "zz3l").live.mark
    _becomes(house, mark=replace(mark, at=microseconds(clock.now())))
    assert _told(house) == []
    clock.advance(minutes=5)
    assert _told(house) == ["product-nav-stale"]


def test_ruin_is_told_once_and_nothing_else_any_more(house):
    _becomes(house, ruined=True)
    assert _told(house) == ["product-ruined"]
    house.installation.clock.advance(minutes=10)
    assert _told(house) == []


def test_a_merge_that_falls_due_is_told_once(house):
    _becomes(house, changes=(UnitChange(10, 1),), published_at=7)
    assert (_told(house), _told(house)) == (["product-merge-due"], [])


def _proposal(house, number):
    at = microseconds(house.installation.clock.now())
    price = Decimal(100)
    return Proposal(
        number=number,
        kind=ProposalKind.SCHEDULED,
        reached=(),
        at=at,
        price=price,
        source="x",
        units=price,
        held=price,
        wanted=2 * price,
        goal=Decimal(3),
        leverage_before=None,
        cost_estimate=Decimal(0),
        replaces=None,
    )


def test_a_rebalance_is_told_once_it_waits_for_people_and_again_where_it_stopped(house):
    proposal = _proposal(house, 4)
    _becomes(house, proposal=proposal)
    assert _told(house) == []  # it may still be approved by itself
    house.installation.clock.advance(seconds=31)
    assert (_told(house), _told(house)) == (["product-rebalance-waits"], [])
    _becomes(house, proposal=proposal, approved=4)
    assert _told(house) == []
    _becomes(house, proposal=proposal, approved=4, trouble="The day's limit is reached.")
    assert (_told(house), _told(house)) == (["product-rebalance-waits"], [])


def test_of_a_module_that_is_off_nothing_is_told(house):
    _becomes(house, ruined=True)
    admin = house.installation.logged_in(house.tenant, "ada", "administrator")
    assert admin.put("/api/v1/modules", json={"switches": {"etp": False}}).status_code == 200
    assert _told(house) == []
