"""What is read of a product that nobody holds a unit of any more."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from truenav.app.etp import reading
from truenav.core.instruction import RedeemUnits

from .listings import listing

D = Decimal


def test_a_product_that_is_its_model_has_a_series_also_after_its_last_unit(following):
    following.list(listing(opened_at=following.trading.clock.now(), opening_units=D(1000)))
    following.told("50000", 0)
    following.approves(following.asks(RedeemUnits("maker", D(1000))))
    following.trading.later(seconds=1)
    following.told("50500", 5)
    following.tended()
    following.written()
    assert following.running().live.units == 0
    now, hour = following.trading.clock.now(), timedelta(hours=1)
    with following.trading.house.database.transaction(following.trading.tenant) as session:
        found = reading.points(session, "btc3l", now - hour, now + hour, most=10)
    assert [one.nav for one in found] == [100, 103]
