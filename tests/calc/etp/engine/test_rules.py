"""Rules that contradict themselves are refused, each with what is wrong; those at the brink are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.calc.etp.engine.rules import as_if_always, check_product, trigger_leverages
from truenav.core.product import (
    Aim,
    DailyTimes,
    Dealing,
    Exposure,
    Fee,
    Financing,
    Product,
    ProductRulesError,
    Schedule,
    ShareMerge,
    ShareSplit,
    Terms,
    Trigger,
)

D = Decimal
AT = DailyTimes(("00:02",))
SINCE = datetime(2024, 1, 1, tzinfo=UTC)
TERMS = Terms(since=SINCE, target=D(3))


def checked(terms, *later, until=None):
    return check_product(Product("P", "us", "BTC", "USD", (terms, *later), until=until))


WRONG = {
    "a target of 0": (replace(TERMS, target=D(0)), "target leverage of 0"),
    "a target of 101": (replace(TERMS, target=D(101)), "beyond 100"),
    "a target of -101": (replace(TERMS, target=D(-101)), "beyond 100"),
    "a cost that eats the NAV": (replace(TERMS, trading_cost=D("0.34")), "trading cost"),
    "a negative cost": (replace(TERMS, trading_cost=D("-0.001")), "trading cost"),
    "a trigger at the target": (replace(TERMS, trigger=Trigger(above=D(3))), "not above the target"),
    "a lower trigger at the target": (replace(TERMS, trigger=Trigger(below=D(3))), "below 3"),
    "a lower trigger at 0": (replace(TERMS, trigger=Trigger(below=D(0))), "above 0"),
    "no deviation over": (replace(TERMS, trigger=Trigger(over_target=D(0))), "deviation over"),
    "a whole deviation under": (replace(TERMS, trigger=Trigger(under_target=D(1))), "deviation under"),
    "leverage of a product that has none": (
        replace(TERMS, target=D(1), trigger=Trigger(above=D(2))),
        "never moves",
    ),
    "1x of a product below 1x": (
        replace(TERMS, target=D("0.5"), trigger=Trigger(above=D(1))),
        "never reaches",
    ),
    "no move": (replace(TERMS, trigger=Trigger(favourable_move=D(0))), "price move"),
    "a move that leaves nothing": (
        replace(TERMS, trigger=Trigger(adverse_move=D("0.34"))),
        "nothing is left",
    ),
    "the edge of a move": (replace(TERMS, trigger=Trigger(adverse_move=D("0.1"), aim=Aim.EDGE)), "no edge"),
    "a negative sleep": (replace(TERMS, trigger=Trigger(rearm_seconds=-1)), "negative time"),
    "no time": (replace(TERMS, schedules=(Schedule(DailyTimes(())),)), "names no time"),
    "a time twice": (
        replace(TERMS, schedules=(Schedule(DailyTimes(("00:02", "00:02"))),)),
        "same time twice",
    ),
    "25 o'clock": (replace(TERMS, schedules=(Schedule(DailyTimes(("25:00",))),)), "no time of day"),
    "a zone nobody knows": (
        replace(TERMS, schedules=(Schedule(DailyTimes(("00:02",), "UTC+8")),)),
        "UTC\\+8",
    ),
    "too many times": (
        replace(TERMS, schedules=(Schedule(DailyTimes(("00:00",) * 1_441)),)),
        "1440 times of day",
    ),
    "no batch": (replace(TERMS, schedules=(Schedule(AT, batches=0),)), "at least one batch"),
    "batches at once": (replace(TERMS, schedules=(Schedule(AT, batches=2),)), "lie apart"),
    "batches beyond the day": (
        replace(TERMS, schedules=(Schedule(AT, batches=25, batch_seconds=3_600),)),
        "within a day",
    ),
    "endless batches": (
        replace(TERMS, schedules=(Schedule(AT, batches=1_441, batch_seconds=1),)),
        "1440 batches",
    ),
    "no speed": (replace(TERMS, schedules=(Schedule(AT, speed=D(0)),)), "speed of a schedule"),
    "a schedule above the target": (
        replace(TERMS, schedules=(Schedule(AT, above=D(3)),)),
        "above the target",
    ),
    "a schedule below the target": (
        replace(TERMS, schedules=(Schedule(AT, below=D(3)),)),
        "below the target",
    ),
    "a schedule that waits for nothing": (
        replace(TERMS, schedules=(Schedule(AT, moved=D(0)),)),
        "price move",
    ),
    "a floor above the target": (replace(TERMS, schedules=(Schedule(AT, floor=D(4)),)), "enclose"),
    "a ceiling below it": (replace(TERMS, schedules=(Schedule(AT, ceiling=D(2)),)), "enclose"),
    "a negative fee": (replace(TERMS, fees=(Fee(D("-0.0003"), AT),)), "share between 0 and 1"),
    "a fee of everything": (replace(TERMS, fees=(Fee(D(1), AT),)), "share between 0 and 1"),
    "a rate at no time": (replace(TERMS, financing=Financing(rate=D("0.0001"))), "needs the times"),
    "times without a rate": (replace(TERMS, financing=Financing(at=AT)), "needs the times"),
    "a rate of everything": (replace(TERMS, financing=Financing(D(1), AT)), "between -1 and 1"),
    "a financed future": (
        replace(TERMS, exposure=Exposure.FUTURE, financing=Financing(D("0.0001"), AT)),
        "not financed",
    ),
    "a merge 1 to 1": (replace(TERMS, merge=ShareMerge(D("0.05"), 1)), "ratio of at least 2"),
    "a merge at 0": (replace(TERMS, merge=ShareMerge(D(0), 20)), "NAV above 0"),
    "a split 1 to 1": (replace(TERMS, split=ShareSplit(D(1000), 1)), "ratio of at least 2"),
    "a merge that is split again": (
        replace(TERMS, merge=ShareMerge(D("0.05"), 20), split=ShareSplit(D("0.9"), 10)),
        "leads to a split",
    ),
    "a creation that costs all": (
        replace(TERMS, dealing=Dealing(creation_fee=D(1))),
        "creation and redemption",
    ),
    "a cap of 0": (replace(TERMS, dealing=Dealing(daily_cap=D(0))), "daily cap"),
    "a unit size of 0": (replace(TERMS, dealing=Dealing(unit_size=D(0))), "unit size"),
    "a band of all": (replace(TERMS, price_band=D(1)), "price band"),
    "a NAV that is stale at once": (replace(TERMS, stale_after_seconds=0), "stale"),
}


@pytest.mark.parametrize(("terms", "message"), WRONG.values(), ids=WRONG)
def test_rules_that_cannot_be_followed_are_refused(terms, message):
    with pytest.raises(ProductRulesError, match=message) as refused:
        checked(terms)
    assert refused.value.context["wrong"]


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (replace(TERMS, target=D("NaN")), "target is NaN, no finite number"),
        (replace(TERMS, trading_cost=D("Infinity")), "trading_cost is Infinity, no finite number"),
        (replace(TERMS, fees=(Fee(D("sNaN"), AT),)), "rate is sNaN, no finite number"),
        (replace(TERMS, merge=ShareMerge(D("NaN"), 10)), "at_or_below is NaN"),
        (replace(TERMS, since=SINCE.replace(tzinfo=None)), "since 2024-01-01T00:00:00 has no time zone"),
    ],
)
def test_what_is_no_number_or_no_instant_is_named(terms, message):
    with pytest.raises(ProductRulesError, match=message):
        checked(terms)


def test_all_that_is_wrong_is_told_at_once():
    terms = replace(TERMS, fees=(Fee(D(-1), AT),), price_band=D(2), stale_after_seconds=-1)
    with pytest.raises(ProductRulesError) as refused:
        checked(terms)
    assert len(refused.value.context["wrong"]) == 3


def test_terms_follow_each_other_and_end_before_the_product_does():
    later = replace(TERMS, since=datetime(2024, 2, 1, tzinfo=UTC))
    checked(TERMS, later, until=datetime(2024, 3, 1, tzinfo=UTC))
    with pytest.raises(ProductRulesError, match="begin no earlier"):
        checked(later, TERMS)
    with pytest.raises(ProductRulesError, match="begin no earlier"):
        checked(TERMS, TERMS)
    with pytest.raises(ProductRulesError, match="ended before"):
        checked(TERMS, later, until=later.since)
    with pytest.raises(ProductRulesError, match="no terms"):
        check_product(Product("P", "us", "BTC", "USD", ()))


def test_a_product_of_1x_may_follow_a_schedule_or_a_price_move():
    terms = replace(TERMS, target=D(1), schedules=(Schedule(AT),), trigger=Trigger(adverse_move=D("0.5")))
    assert checked(terms).terms == (terms,)


def test_of_a_leverage_and_a_deviation_the_one_that_fires_first_counts():
    both = Trigger(above=D(4), over_target=D("0.5"), below=D(2), under_target=D("0.1"))
    assert trigger_leverages(replace(TERMS, trigger=both)) == (D(4), D("2.7"))
    nearer = Trigger(above=D(5), over_target=D("0.5"))
    assert trigger_leverages(replace(TERMS, target=D(-3), trigger=nearer)) == (D("4.5"), D(0))


def test_rules_of_an_instant_can_be_followed_as_if_they_had_always_held():
    later = replace(TERMS, since=SINCE + timedelta(days=30), target=D(2))
    ended = Product("P", "us", "BTC", "USD", (TERMS, later), until=SINCE + timedelta(days=60))
    for instant, terms in ((SINCE, TERMS), (later.since, later)):
        always = as_if_always(ended, instant)
        assert always.until is None
        assert always.terms == (replace(terms, since=datetime(1970, 1, 1, tzinfo=UTC)),)
    for instant in (SINCE - timedelta(seconds=1), SINCE + timedelta(days=60)):
        with pytest.raises(ProductRulesError, match="No rules of P held at"):
            as_if_always(ended, instant)
