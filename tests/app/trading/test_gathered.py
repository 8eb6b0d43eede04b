"""Fills of orders that gathering did not bring are data issues, and are closed when it brings them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from truenav.app.completeness.orders import ORDER_DIFFERENCE
from truenav.app.sources import gather as gathering
from truenav.connect.transport import Network
from truenav.core.account import Account
from truenav.core.canonical import canonical_json
from truenav.core.facts import Fact, Trade
from truenav.core.ids import Sha256
from truenav.core.orders import Side
from truenav.store import audit, definitions, issues
from truenav.store.definitions import Kind
from truenav.store.issues import Issue, IssueState
from truenav.store.journal import FactQuery, Journal

from .desk import DESK, Trading, limit, request


@pytest.fixture
def desk(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> Trading:
    """An account with a reading key, whose gathering goes to the simulated venue of the test."""

    @asynccontextmanager
    async def inside(**given: object) -> AsyncIterator[Network]:
        del given
        yield trading.network(trading.house)

    monkeypatch.setattr(gathering, "open_network", inside)
    key = canonical_json({"key": "binance", "secret": "s", "passphrase": ""})
    with trading.house.database.transaction(trading.tenant) as session:
        trading.house.vault.put(session, "connection/binance", key, at=trading.clock.now())
    return trading


def gather(desk: Trading, *wallets: str) -> list[Issue]:
    """Read these wallets of the account; gives every issue about its orders."""
    with desk.house.database.transaction(desk.tenant) as session:
        account = definitions.get(session, Kind.ACCOUNT, DESK, Account)
        changed = replace(account, wallets=wallets)
        definitions.put(session, Kind.ACCOUNT, DESK, changed, by="anna", at=desk.clock.now())
    (outcome,) = gathering.gather(desk.house, desk.tenant, prices=False)
    assert not outcome.failures
    with desk.house.database.transaction(desk.tenant) as session:
        return list(issues.list_issues(session, None, kind=ORDER_DIFFERENCE))


def test_fills_that_facts_know_are_no_issue(desk: Trading) -> None:
    desk.run(request(), request(1, "0.3", Side.SELL), limit(desk.mark() - 900, 2), request(3, "0.1"))
    desk.later(minutes=5)
    assert gather(desk, "usdm") == []


def test_fills_that_no_fact_knows_are_an_issue_until_they_are_gathered(desk: Trading) -> None:
    bought, sold = desk.run(request(), request(1, "0.3", Side.SELL))
    desk.later(minutes=5)
    found = gather(desk, "spot")
    assert {one.state for one in found} == {IssueState.OPEN}
    assert all(one.blocking and one.subject == DESK for one in found)
    told = {json.loads(one.detail)["order"]: one for one in found}
    assert bought.venue is not None
    assert sold.venue is not None
    assert set(told) == {bought.venue.venue_id, sold.venue.venue_id}
    assert "no fact tells of its fills, -0.3 contracts" in told[sold.venue.venue_id].message
    desk.later(minutes=5)
    assert {one.id for one in gather(desk, "spot")} == {one.id for one in found}
    assert [one.state for one in gather(desk, "usdm")] == [IssueState.FIXED] * 2
    with desk.house.database.transaction(desk.tenant) as session:
        closed = [one for one in audit.entries(session) if one.action == "issue.fixed"]
    assert {one.subject for one in closed} == {one.id for one in found}


def test_a_fill_that_facts_tell_otherwise_names_each_figure(desk: Trading) -> None:
    (bought,) = desk.run(request())
    desk.later(minutes=5)
    gather(desk, "spot")
    with desk.house.database.transaction(desk.tenant) as session:
        # As a file of somebody's would state it: half a coin, dearer by one, without its fee.
        assert bought.venue is not None
        assert bought.fills is not None
        first = bought.fills[0]
        trade = Trade(
            "usdm",
            bought.request.instrument,
            Decimal("0.5"),
            first.price + 1,
            None,
            None,
            (),
            order_id=bought.venue.venue_id,
        )
        journal = Journal(session, desk.house.objects, desk.tenant)
        fact = Fact("file:x", DESK, "1", first.at, trade, Sha256("a" * 64))
        journal.append([fact], recorded_at=desk.clock.now())
    desk.later(minutes=5)
    states = {one.state: one for one in gather(desk, "spot")}
    assert set(states) == {IssueState.OPEN, IssueState.FIXED}
    figures = json.loads(states[IssueState.OPEN].detail)["figures"]
    assert [one["what"].partition(" ")[0] for one in figures] == ["value", "fee"]
    assert Decimal(figures[0]["gathered"]) - Decimal(figures[0]["executed"]) == Decimal("0.5")


def test_an_order_that_settled_a_moment_ago_is_judged_by_the_next_gathering(desk: Trading) -> None:
    desk.run(request())
    assert gather(desk, "spot") == []
    desk.later(minutes=2)
    assert len(gather(desk, "spot")) == 1


def test_each_order_is_judged_once(desk: Trading) -> None:
    desk.run(request())
    desk.later(minutes=5)
    assert gather(desk, "usdm") == []
    with desk.house.database.transaction(desk.tenant) as session:
        journal = Journal(session, desk.house.objects, desk.tenant)
        assert list(journal.facts(FactQuery(kinds=(Trade.TAG,))))
    desk.run(request(1))
    desk.clock.advance(timedelta(minutes=5))
    (issue,) = gather(desk, "spot")
    assert "0.5 contracts" in issue.message
