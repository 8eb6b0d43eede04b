"""Lists of basket products, and their indicative values, in the database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.calc.etp.baskets.samples import CLOSE, DAY, closes, holdings, product

from truenav.calc.etp.baskets.basket import creation_list
from truenav.core.basket import BasketClose, CreationList, ListDocument
from truenav.core.ids import Sha256
from truenav.store import baskets
from truenav.store.baskets import ListState, ListStateError

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
