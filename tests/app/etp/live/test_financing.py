"""Products that are financed at the rates that their venue publishes."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from truenav.app.etp.live.financing import FundingRates
from truenav.app.etp.live.product import replayed
from truenav.calc.etp.engine.calendar import instant_of
from truenav.core.canonical import canonical_json
from truenav.core.money import exact

from ..listings import listing

HOUR = 3600


def _opened(following):
    """Opened at 12:30; the venue charges funding at 16:00 and at midnight."""
    trading = following.trading
    following.list(listing(opened_at=trading.clock.now(), published_rates=True))
    following.told(trading.mark(), 0)
    network = trading.network(trading.house)
    following.products.rates = FundingRates(trading.house, trading.tenant, network)
    return following


def _read(following):
    asyncio.run(following.products.read_rates(following.products.rates))


def test_a_published_rate_is_charged_once_at_the_first_mark_that_knows_of_it(following):
    _opened(following)
    following.told(following.trading.mark(), 3.5 * HOUR + 5)  # 16:00:05, and nobody has read the rate yet
    _read(following)
    held = following.running().live.model
    mark = following.trading.mark()
    following.told(mark, 3.5 * HOUR + 10)
    following.told(mark, 3.5 * HOUR + 20)
    following.written()
    chapters = following.chapters()
    (rate,) = [one for chapter in chapters for one in chapter.rates]
    assert instant_of(rate.at).hour == 16
    (charged,) = [step.event for chapter in chapters for step in chapter.steps]
    with exact():
        assert charged.financing == held.position * mark * rate.rate
    assert rate.rate != 0
    assert following.archived({rate.evidence}) == {rate.evidence}
    computed = list(replayed(chapters, {1: following.listing()}))
    assert [canonical_json(one) for one in computed] == [canonical_json(one) for one in chapters]


def test_rates_of_an_absence_are_charged_late_and_none_twice(following):
    _opened(following)
    following.written()
    again = following.restarted()
    network = following.trading.network(following.trading.house)
    again.products.rates = FundingRates(following.trading.house, following.trading.tenant, network)
    following.trading.later(hours=20)
    _read(again)
    again.told(following.trading.mark(), 20 * HOUR)
    following.trading.later(minutes=2)
    _read(again)
    again.told(following.trading.mark(), 20 * HOUR + 150)
    again.written()
    rates = [instant_of(one.at).hour for chapter in again.chapters() for one in chapter.rates]
    assert rates == [16, 0, 8]


def test_a_venue_that_does_not_answer_delays_rates_and_nothing_else(following):
    _opened(following)
    following.trading.later(hours=4)
    following.trading.fault("status", path="/fapi/v1/fundingRate", times=None, status=503)
    _read(following)
    following.told(following.trading.mark(), 4 * HOUR + 1)
    assert following.running().live.mark.price == Decimal(following.trading.mark())
    following.written()
    assert [one for chapter in following.chapters() for one in chapter.rates] == []
