"""Lists of basket products, and their indicative values, in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.calc.etp.baskets.samples import CLOSE, DAY, closes, holdings, product

from truenav.calc.etp.baskets.basket import creation_list
from truenav.core.basket import BasketClose, CreationList, ListDocument
from truenav.core.ids import Sha256
from truenav.store import baskets, definitions
from truenav.store.baskets import InavPoint, ListState, ListStateError
from truenav.store.definitions import Kind

NOW = datetime(2026, 11, 24, 21, 5, tzinfo=UTC)


def document() -> ListDocument:
    held, prices = holdings(), closes()
    listed = creation_list(product(), DAY, held, prices)
    assert isinstance(listed, CreationList)
    close = BasketClose(
        listed.product, listed.previous_day, CLOSE, NOW, held, prices, None, None, Sha256("0" * 64)
    )
    return ListDocument(close, listed, None)


def test_only_the_newest_draft_of_a_day_is_decided(database, tenant):
    with database.transaction(tenant) as session:
        first = baskets.add_list(session, document(), by="ola", at=NOW)
        second = baskets.add_list(session, document(), by="ola", at=NOW)
    assert (first.version, second.version) == (1, 2)
    with (
        database.transaction(tenant) as session,
        pytest.raises(ListStateError, match="version 2 stands there"),
    ):
        baskets.decide(session, first, ListState.APPROVED, by="fay", at=NOW)
    with database.transaction(tenant) as session:
        approved = baskets.decide(session, second, ListState.APPROVED, by="fay", at=NOW)
    assert (approved.version, approved.state) == (2, ListState.APPROVED)


def test_a_list_that_was_decided_meanwhile_is_not_decided_again(database, tenant):
    with database.transaction(tenant) as session:
        seen = baskets.add_list(session, document(), by="ola", at=NOW)
    with database.transaction(tenant) as session:
        baskets.decide(session, seen, ListState.REJECTED, by="fay", at=NOW, note="a wrong price")
    with (
        database.transaction(tenant) as session,
        pytest.raises(ListStateError, match="is rejected, and cannot become approved"),
    ):
        baskets.decide(session, seen, ListState.APPROVED, by="max", at=NOW)


def test_a_published_list_stands_until_its_correction_is_published(database, tenant):
    day = document().listed.trade_day

    def decided(kept, state, minutes, by="fay"):
        return baskets.decide(session, kept, state, by=by, at=NOW + timedelta(minutes=minutes))

    with database.transaction(tenant) as session:
        first = baskets.add_list(session, document(), by="ola", at=NOW)
        first = decided(decided(first, ListState.APPROVED, 1), ListState.PUBLISHED, 2)
        with pytest.raises(ListStateError, match="is published: say why"):
            baskets.add_list(session, document(), by="ola", at=NOW)
        refused = baskets.add_list(session, document(), by="ola", at=NOW, reason="a stale price")
        refused = decided(refused, ListState.REJECTED, 3)
        assert (refused.version, refused.state) == (2, ListState.REJECTED)
        assert baskets.find_list(session, "trio", day) == first
        second = baskets.add_list(session, document(), by="ola", at=NOW, reason="a stale price")
        assert baskets.find_list(session, "trio", day) == second
        second = decided(second, ListState.APPROVED, 4)
        with pytest.raises(ListStateError, match="is approved: reject it"):
            baskets.add_list(session, document(), by="ola", at=NOW, reason="another one")
        assert baskets.standing_list(session, "trio", day) == first
        assert baskets.latest_list(session, "trio") == first
        second = decided(second, ListState.PUBLISHED, 5)
        assert baskets.standing_list(session, "trio", day) == second
        assert baskets.latest_list(session, "trio") == second
        assert baskets.lists(session, "trio", limit=5) == (second,)
        old = baskets.find_list(session, "trio", day, version=1)
        assert (old.state, old.document_sha) == (ListState.SUPERSEDED, first.document_sha)
        with pytest.raises(ListStateError, match="version 3 stands there"):
            decided(old, ListState.PUBLISHED, 6)
        versions = []
        for minutes in (1, 2, 4.9, 5):
            found = baskets.published_list(session, "trio", day, at=NOW + timedelta(minutes=minutes))
            versions.append(found and found.version)
    assert versions == [None, 1, 1, 3]


def points(database, tenant, product, since, until):
    with database.transaction(tenant) as session:
        found = baskets.inav_points(session, product, since, until, most=1_000_000)
    return [one.at for one in found]


def test_old_values_are_thinned_to_one_a_minute_and_then_to_one_an_hour(database, tenant):
    now = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
    hour = timedelta(hours=1)
    year, month = now.replace(minute=0) - timedelta(days=365), now.replace(minute=0) - timedelta(days=30)
    with database.transaction(tenant) as session:
        definitions.put(session, Kind.BASKET, "trio", {}, by="max", at=NOW)
        for begin in (year - 2 * hour, month - hour, now - hour):
            for number in range(8 * 60):  # two hours, a value every 15 seconds
                at = begin + number * timedelta(seconds=15)
                point = InavPoint(at, Decimal(50), Decimal(1), None)
                baskets.write_inav(session, "trio", point)
        assert baskets.thin_inav(session, now=now) == 478 + 180
        assert baskets.thin_inav(session, now=now) == 0
    assert points(database, tenant, "trio", year - 3 * hour, year) == [
        year - hour - timedelta(seconds=15),
        year - timedelta(seconds=15),
    ]
    minutes = points(database, tenant, "trio", month - hour, month - timedelta(seconds=1))
    assert minutes == [month - hour + timedelta(minutes=n, seconds=45) for n in range(60)]
    assert len(points(database, tenant, "trio", month, month + hour)) == 240
    assert len(points(database, tenant, "trio", now - hour, now + hour)) == 480
