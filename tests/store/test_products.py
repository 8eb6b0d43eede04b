"""Chapters of a product in the journal: in order, once, and seen by their tenant only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.live.product import advance, issue, watch
from truenav.calc.etp.live.state import Mark
from truenav.core.ids import Sha256, TenantId
from truenav.core.product import DailyTimes, Product, Schedule, Terms
from truenav.store import products
from truenav.store.products import Chapter, ChapterWrittenError, UsedMark

T0 = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000
RULES = Product(
    "BTC3L", "House", "BTC", "USDT", (Terms(T0, Decimal(3), schedules=(Schedule(DailyTimes(("00:02",))),)),)
)


def chapters():
    """Three chapters of a mark each; something happens in the second."""
    start = microseconds(T0)
    first = Mark("BTC", start, Decimal(100), "x")
    watched, found = watch(RULES, issue(RULES, first, nav=Decimal(100), units=Decimal(7))), []
    for number in range(3):
        mark = Mark("BTC", start + 2 * number * MINUTE, Decimal(100 + number), "x")
        step = None
        if number:
            watched, step = advance(watched, mark, now=mark.at)
        used = UsedMark(mark.at, mark.price, Sha256(f"{number}" * 64))
        steps = () if step is None else (step,)
        found.append(Chapter(number + 1, 1, "x", (used,), (), (), steps, (), watched.live))
    return found


@pytest.fixture
def session(database, tenant):
    with database.transaction(tenant) as opened:
        yield opened


def test_what_was_written_is_read_as_it_was(session):
    assert products.latest(session, "btc3l") is None
    for chapter in (written := chapters()):
        products.append(session, "btc3l", chapter)
    assert products.latest(session, "btc3l") == written[-1]
    assert products.steps(session, "btc3l") == written[1].steps
    assert tuple(products.every(session, "btc3l")) == tuple(written)
    minutes = [T0 + timedelta(minutes=number) for number in range(10)]
    whole, found = products.between(session, "btc3l", minutes[1], minutes[3])
    assert (whole, tuple(found)) == (True, (written[1],))
    whole, found = products.between(session, "btc3l", minutes[0], minutes[9], most=2)
    assert (whole, tuple(found)) == (False, (written[0], written[2]))
    whole, found = products.between(session, "btc3l", minutes[8], minutes[9], most=2)
    assert (whole, tuple(found)) == (True, ())
    assert products.latest(session, "eth3l") is None


def test_the_second_who_writes_a_chapter_learns_it_and_harms_nothing(session):
    first, second, _ = chapters()
    products.append(session, "btc3l", first)
    with pytest.raises(ChapterWrittenError, match="somebody else runs it"):
        products.append(session, "btc3l", first)
    products.append(session, "btc3l", second)
    assert products.latest(session, "btc3l") == second


def test_another_tenant_sees_no_chapter(database, session, tenant):
    products.append(session, "btc3l", chapters()[0])
    session.commit()
    with database.transaction(TenantId(f"{tenant}-other")) as other:
        assert products.latest(other, "btc3l") is None
