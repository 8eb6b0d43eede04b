"""A trigger that aims at the edge of its band: how far it goes, and which rules for it are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.rules import check_product
from truenav.calc.etp.engine.simulate import simulate
from truenav.core.product import (
    Aim,
    DailyTimes,
    Dealing,
    Halt,
    Product,
    ProductRulesError,
    Terms,
    Trigger,
)

D = Decimal
SINCE = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
BAND = Trigger(above=D("2.3"), below=D("1.7"), aim=Aim.EDGE)


def product(trigger, target="2", **more):
    terms = Terms(since=SINCE, target=D(target), trigger=trigger, **more)
    return Product("P", "us", "BTC", "USD", (terms,))


def leverage_after(trigger, price, target="2"):
    start = 1_704_110_400_000_000
    result = simulate(product(trigger, target), History([start, start + HOUR], [D(100), D(price)]))
    (event,) = result.events
    return event.leverage


def price_at(leverage, target="2"):
    """``L = T (1 + m) / (1 + T m)`` solved for the price at which a product of target T has leverage L."""
    target, leverage = D(target), D(leverage)
    return 100 * (1 + (leverage - target) / (target * (1 - leverage)))


def test_without_speed_the_edge_is_where_it_stops():
    assert leverage_after(BAND, 80) == pytest.approx(D("2.3"))
    assert leverage_after(BAND, 130) == pytest.approx(D("1.7"))


@pytest.mark.parametrize(
    ("seen", "goal"),
    [
        ("2.31", "2.2945"),  # 0.95 x 2.31 + 0.05 x 2 lies inside of the band
        ("2.35", "2.3"),  # 2.3325 does not
        ("1.69", "1.7055"),
        ("1.6", "1.7"),
    ],
)
def test_with_speed_it_goes_that_share_of_the_way_where_the_edge_is_nearer(seen, goal):
    trigger = replace(BAND, speed=D("0.05"))
    assert leverage_after(trigger, price_at(seen)) == pytest.approx(D(goal), rel=D("1e-20"))


def test_a_short_product_goes_to_its_own_edge():
    trigger = Trigger(above=D("1.3"), below=D("0.8"), aim=Aim.EDGE)
    assert leverage_after(trigger, 130, "-1") == pytest.approx(D("-1.3"))
    assert leverage_after(trigger, 80, "-1") == pytest.approx(D("-0.8"))
    faster = replace(trigger, speed=D("0.5"))
    assert leverage_after(faster, price_at("-1.4", "-1"), "-1") == pytest.approx(D("-1.2"))


@pytest.mark.parametrize(
    ("trigger", "message"),
    [
        (replace(BAND, speed=D("1.01")), "speed of a trigger"),
        (replace(BAND, speed=D("-0.1")), "speed of a trigger"),
        (replace(BAND, aim=Aim.TARGET, speed=D("0.5")), "aim at the edge"),
    ],
)
def test_a_speed_that_means_nothing_is_refused(trigger, message):
    with pytest.raises(ProductRulesError, match=message):
        check_product(product(trigger))


@pytest.mark.parametrize("seconds", [0, -1, 86_400])
def test_a_halt_of_dealing_lasts_a_part_of_a_day(seconds):
    dealing = Dealing(halt=Halt(DailyTimes(("23:50",)), seconds))
    with pytest.raises(ProductRulesError, match="halt"):
        check_product(product(BAND, dealing=dealing))
    check_product(product(BAND, dealing=replace(dealing, halt=Halt(DailyTimes(("23:50",)), 600))))


def test_a_halt_names_a_time_and_a_zone_that_exist():
    dealing = Dealing(halt=Halt(DailyTimes(("25:00",), "Mars/Olympus"), 600))
    with pytest.raises(ProductRulesError, match="Mars/Olympus"):
        check_product(product(BAND, dealing=dealing))
