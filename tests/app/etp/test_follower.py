"""The follower of a tenant's products: what it writes, and what it does when it cannot."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from truenav.app.etp import follower as module
from truenav.app.etp.follower import TenantProducts
from truenav.app.etp.running import RunningProduct
from truenav.connect.contract import Payload
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import Sha256
from truenav.store import definitions, evidence, products
from truenav.store.database import DatabaseUnavailableError
from truenav.store.definitions import Kind

from ..trading.conftest import USDT
from .listings import listing, quote


class Market:
    """Stands in for the streams of a venue: a test tells the prices itself."""

    def __init__(self, house, venue, source, context, take, keep):
        self.venue, self.plans = venue, source.market_streams(context)
        del house, take, keep

    async def close(self) -> None:
        return None


@pytest.fixture
def products_of(trading, monkeypatch):
    """The follower of the tenant's products, without streams."""
    monkeypatch.setattr(module, "LiveMarket", Market)
    listed = listing(opened_at=trading.clock.now())
    with trading.house.database.transaction(trading.tenant) as session:
        definitions.put(session, Kind.LISTING, listed.id, listed, by="max", at=trading.clock.now())
    found = TenantProducts(trading.house, trading.tenant)
    asyncio.run(_listed(found))
    return found


async def _listed(found: TenantProducts) -> None:
    await found._adjust(found._read())


def _told(found, trading, price, seconds):
    """A price arrives with the message that states it."""
    trading.clock.set(max(trading.clock.now(), _opened(found) + timedelta(seconds=seconds)))
    body = f"{price} at {seconds}".encode()
    sha = Sha256(sha256_hex(body))
    at = trading.clock.now()
    asked = Request("GET", "wss://venue.test/markPrice")
    found._keep(Payload(Evidence(sha, len(body), "binance", "1", "marks", "", asked, at, at, 200), body))
    found._take([_quote(price, _opened(found) + timedelta(seconds=seconds), sha)])
    return sha


def _quote(price, at, sha="a" * 64):
    told = quote(price, 0)
    return replace(told, source="binance", occurred_at=at, evidence=sha, body=replace(told.body, quote=USDT))


def _opened(found):
    return found.known.listings[0].body.opened_at


def _written(found):
    asyncio.run(found._write())


def _chapters(trading):
    with trading.house.database.transaction(trading.tenant) as session:
        return tuple(products.every(session, "btc3l"))


def _archived(trading, hashes):
    with trading.house.database.transaction(trading.tenant) as session:
        return set(evidence.meta_many(session, list(hashes)))


def test_the_first_mark_of_a_chapter_keeps_its_message_whatever_else_was_told_meanwhile(products_of, trading):
    first = _told(products_of, trading, "50000", 0)
    for number in range(3000):
        last = _told(products_of, trading, "50000", 1 + number / 1000)
    _written(products_of)
    assert _archived(trading, {first, last}) == {first, last}
    assert products_of.messages == {}


def test_marks_between_the_first_and_the_last_keep_theirs_only_where_something_happened(products_of, trading):
    told = [
        _told(products_of, trading, price, seconds)
        for price, seconds in (("50000", 0), ("50010", 1), ("44000", 2), ("44010", 3), ("44020", 4))
    ]
    _written(products_of)
    assert _archived(trading, told) == {told[0], told[2], told[4]}


def test_what_cannot_be_written_is_written_later_with_its_evidence(products_of, trading, monkeypatch):
    first = _told(products_of, trading, "50000", 0)
    append = products.append

    def fails(*_: object) -> None:
        raise DatabaseUnavailableError("The database does not answer.")

    monkeypatch.setattr(products, "append", fails)
    _written(products_of)
    assert (_chapters(trading), set(products_of.messages)) == ((), {first})
    monkeypatch.setattr(products, "append", append)
    last = _told(products_of, trading, "50100", 5)
    _written(products_of)
    (chapter,) = _chapters(trading)
    assert len(chapter.marks) == 2
    assert _archived(trading, {first, last}) == {first, last}


def test_who_learns_that_another_runs_a_product_goes_on_from_what_was_written(products_of, trading):
    _told(products_of, trading, "50000", 0)
    _written(products_of)
    other = RunningProduct(products_of.known.listings[0].body, 1, _chapters(trading)[0])
    at = _opened(products_of) + timedelta(seconds=7)
    other.see(_quote("50700", at), at=at)
    with trading.house.database.transaction(trading.tenant) as session:
        products.append(session, "btc3l", other.chapter())
    _told(products_of, trading, "50100", 5)
    _written(products_of)
    assert products_of.running["btc3l"].live == other.live
    _told(products_of, trading, "50800", 9)
    _written(products_of)
    assert [chapter.live.mark.price for chapter in _chapters(trading)] == [50000, 50700, 50800]


def test_changed_rules_go_on_from_the_last_chapter_and_name_their_version(products_of, trading):
    _told(products_of, trading, "50000", 0)
    changed = replace(products_of.known.listings[0].body, tick=Decimal(1))
    with trading.house.database.transaction(trading.tenant) as session:
        definitions.put(session, Kind.LISTING, changed.id, changed, by="max", at=trading.clock.now())
    asyncio.run(_listed(products_of))
    _told(products_of, trading, "50100", 5)
    _written(products_of)
    assert [chapter.version for chapter in _chapters(trading)] == [1, 2]
