"""The instrument master of a tenant: what venues list is kept, with the dates for which it holds."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.app.sources.context import keep_instruments, parse_context, terms_id
from truenav.core.asset import BTC, USDT
from truenav.core.ids import TenantId
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.store import issues, migrate
from truenav.store.database import Database
from truenav.store.postgres import Role

TENANT = TenantId("acme")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SWAP = Instrument(
    id=instrument_id("okx", "BTC-USDT-SWAP"),
    venue="okx",
    code="BTC-USDT-SWAP",
    kind=InstrumentKind.PERPETUAL,
    base=BTC,
    quote=USDT,
    settle=USDT,
    multiplier=Decimal("0.01"),
)
OTHER = replace(SWAP, id=instrument_id("okx", "ETH-USDT-SWAP"), code="ETH-USDT-SWAP")
SMALLER = replace(SWAP, multiplier=Decimal("0.001"))


@pytest.fixture
def session(fresh_database):
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    with database.transaction(TENANT) as session:
        yield session
    database.close()


def test_another_contract_under_a_known_name_leaves_the_old_terms_to_old_facts_and_is_told(session):
    assert keep_instruments(session, [SWAP], at=NOW) == 1
    assert keep_instruments(session, [SWAP], at=NOW + DAY) == 0
    assert issues.list_issues(session) == ()
    for _ in range(2):
        keep_instruments(session, [SMALLER], at=NOW + DAY)
    book = parse_context(session).instruments
    assert [terms_id(one) for one in book.versions] == [SWAP.id, f"{SWAP.id}@2026-03-02T00:00:00Z"]
    assert book.get(SWAP.id, NOW).multiplier == SWAP.multiplier
    assert book.get(SWAP.id, NOW + DAY).multiplier == SMALLER.multiplier
    (told,) = issues.list_issues(session)
    assert (told.kind, told.subject, told.blocking) == ("terms_changed", SWAP.id, False)


def test_terms_that_two_gatherings_learn_at_once_are_written_once_and_neither_is_refused(fresh_database):
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    begun = threading.Event()

    def second():
        with database.transaction(TENANT) as session:
            begun.set()
            return keep_instruments(session, [SWAP, OTHER], at=NOW)

    with ThreadPoolExecutor(1) as other:
        with database.transaction(TENANT) as session:
            assert keep_instruments(session, [SWAP], at=NOW) == 1
            found = other.submit(second)
            begun.wait(5)
            time.sleep(0.2)  # it has looked, and waits
            assert not found.done()
        assert found.result(5) == 1
    database.close()


def test_a_market_that_is_not_listed_any_more_stays(session):
    keep_instruments(session, [SWAP], at=NOW)
    keep_instruments(session, [], at=NOW + DAY)
    assert parse_context(session).instruments.get(SWAP.id) == SWAP
