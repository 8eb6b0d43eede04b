"""Coinbase Prime: a portfolio's balance is what came, less what went, and what was traded."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.connect.custody.standin import CONTEXT, desk, held, moved
from tests.connect.custody.standin_prime import KEY, PASSPHRASE, SECRET, Prime

from truenav.connect.contract import Credentials, Right
from truenav.connect.custody.contract import Custodian
from truenav.connect.registry import connector, parse
from truenav.core.asset import BTC, USD
from truenav.core.facts import CashKind, Trade, TransferKind
from truenav.core.money import Amount

PAYLOADS = Path(__file__).parents[2] / "payloads" / "coinbase_prime"
CREDENTIALS = Credentials(KEY, SECRET, PASSPHRASE)


def documented(name):
    return json.loads((PAYLOADS / f"{name}.json").read_text())[name]


@pytest.fixture
def entity():
    lists = {name: documented(name) for name in ("transactions", "fills", "activities")}
    return Prime(lists, {"p1": documented("balances"), "p2": []})


def run(entity, scenario, credentials=CREDENTIALS):
    async def inside():
        async with desk("coinbase_prime", entity, credentials) as place:
            return await scenario(place)

    return asyncio.run(inside())


def test_balances_transactions_and_fills_of_a_portfolio_become_facts(entity):
    got = run(entity, lambda place: place.gather("p1"))
    assert not got.failures
    assert held(got) == {("p1", "BTC"): "11.5", ("p1", "USD"): "250000.25"}
    assert next(
        line.locked
        for fact in got.facts
        if fact.kind == "balance_snapshot"
        for line in fact.body.lines
        if line.asset == BTC
    ) == Decimal("1.5")
    moves = moved(got)
    assert moves["tx:deposit"].amount == Amount(Decimal("10"), BTC)
    out = moves["tx:withdrawal"]
    assert (out.amount, out.kind) == (Amount(Decimal("-0.5"), BTC), TransferKind.EXTERNAL)
    assert (out.counterpart, out.txid) == ("bc1qexchange", "cc02")
    assert out.fee == Amount(Decimal("-0.0004"), BTC)
    assert moves["tx:to-vault"].kind is TransferKind.INTERNAL
    assert moves["tx:reward"].kind is CashKind.REWARD
    assert moves["tx:stake:fee"].amount == Amount(Decimal("-0.00001"), BTC)
    trades = {fact.external_id: fact.body for fact in got.facts if isinstance(fact.body, Trade)}
    assert trades["fill:f1"].cost == Amount(Decimal("-95000.5"), USD)
    assert trades["fill:f1"].fees == (Amount(Decimal("-47.5"), USD),)
    assert trades["tx:convert"].quantity == Decimal("-1000")
    assert {one.code for one in got.instruments} == {"BTC-USD", "USDC-USD"}


def test_a_type_that_is_not_known_is_a_loss_and_holds_the_cursor(entity):
    entity.lists["transactions"][0]["type"] = "TRANSACTION_TYPE_OTHER"
    got = run(entity, lambda place: place.gather("p1"))
    assert any(one.lost for one in got.problems)
    assert set(got.cursors) == {"fills/1@p1"}


def test_what_is_under_way_is_read_again_when_it_is_done(entity):
    async def scenario(place):
        first = await place.gather("p1")
        row = next(one for one in entity.lists["transactions"] if one["id"] == "pending")
        row.update(status="TRANSACTION_DONE", completed_at="2026-11-20T08:59:00Z")
        return first, await place.gather("p1", cursors=first.cursors)

    first, second = run(entity, scenario)
    assert first.cursors["transactions/1@p1"].id == "pending"
    assert "tx:pending" in moved(second)
    assert second.cursors["transactions/1@p1"].id == "newest"


def test_a_row_that_vanished_is_a_gap(entity):
    async def scenario(place):
        first = await place.gather("p1")
        entity.lists["fills"].clear()
        return await place.gather("p1", cursors=first.cursors)

    second = run(entity, scenario)
    assert any("is gone" in one.message for one in second.failures)
    assert "fills/1@p1" not in second.cursors


@pytest.mark.parametrize(("status", "body"), [(429, b"{}"), (500, b"{}"), (200, b"<html></html>")])
def test_a_fault_is_asked_again(entity, status, body):
    async def scenario(place):
        entity.fail(status, body)
        return await place.gather("p1"), place.naps

    got, naps = run(entity, scenario)
    assert not got.failures
    assert naps


def test_a_page_that_comes_twice_is_not_taken(entity):
    async def scenario(place):
        entity.duplicate_page = True
        return await place.gather("p1")

    got = run(entity, scenario)
    assert any("came twice" in one.message for one in got.failures)
    assert set(got.cursors) == {"fills/1@p1"}


def test_what_is_under_way_is_shown_with_who_approved(entity):
    async def ask(place):
        return await place.connector.approvals(
            place.transport(), place.account("p1"), place.credentials, CONTEXT
        )

    (approval,) = run(entity, ask)
    assert (approval.id, approval.vault, approval.approved_by) == ("pending", "p1", ("user-1",))


def test_a_wrong_key_and_a_portfolio_out_of_sight_are_named(entity):
    wrong = run(entity, lambda place: place.gather("p1"), Credentials(KEY, "other", PASSPHRASE))
    assert all("not accepted" in one.message for one in wrong.failures)
    unseen = run(entity, lambda place: place.gather("p9"))
    assert any("portfolio not found" in one.message for one in unseen.failures)


def test_the_key_check_names_the_portfolios(entity):
    check = run(entity, lambda place: place.connector.check_key(place.transport(""), place.credentials))
    assert (check.read, check.account_types) == (Right.YES, ("p1", "p2"))
    assert isinstance(connector("coinbase_prime"), Custodian)


def test_archived_bytes_replay_to_the_same_facts(entity):
    async def scenario(place):
        return await place.gather("p1"), list(place.archived)

    got, archived = run(entity, scenario)
    bodies = {payload.evidence.sha256: payload.body for payload in archived}
    context = CONTEXT.with_instruments(got.instruments)
    again = [fact for one in got.evidence for fact in parse(one, bodies[one.sha256], context).facts]
    assert {fact.content_hash for fact in again} == {fact.content_hash for fact in got.facts}


def test_our_requests_are_those_of_the_vendors_package(entity):
    """The package itself, given a session that only writes down, asks the same."""
    from prime_sdk.client import Client
    from prime_sdk.credentials import Credentials as Key
    from prime_sdk.services.transactions.list_portfolio_transactions import ListPortfolioTransactionsRequest
    from prime_sdk.services.transactions.service import TransactionsService
    from prime_sdk.utils import PaginationParams

    asked = []

    class Answered:
        status_code = 200

        def json(self):
            return {"transactions": documented("transactions"), "pagination": {}}

    class Session:
        def request(self, method, url, headers, json):
            asked.append((method, url, headers))
            return Answered()

    service = TransactionsService(Client(Key(KEY, PASSPHRASE, SECRET), Session()))
    request = ListPortfolioTransactionsRequest(
        portfolio_id="p1",
        start_time="2026-11-01T00:00:00Z",
        pagination=PaginationParams(limit="500", sort_direction="ASC"),
    )
    read = service.list_portfolio_transactions(request)
    assert len(read.transactions) == len(documented("transactions"))
    run(entity, lambda place: place.gather("p1"))
    path, params = next(one for one in entity.asked if one[0].endswith("transactions"))
    method, url, _ = asked[0]
    assert (method, url.partition("?")[0]) == ("GET", f"https://api.prime.coinbase.com{path}")
    assert dict(part.split("=") for part in url.partition("?")[2].split("&")) == params
