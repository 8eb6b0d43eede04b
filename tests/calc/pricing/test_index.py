"""Index prices: the domain's checked numbers, and what must hold for any venues."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from truenav.calc.pricing.index import (
    IndexInputError,
    IndexStatus,
    SizedPrice,
    VenuePrice,
    is_excluded,
    median,
    multi_venue_index,
    partitioned,
    reference_rate,
    shadow_mark,
    volume_weighted_median,
)

CUT, MINUTE = Decimal("0.05"), timedelta(seconds=60)


def venue(name: str, price: str, weight: str | None = None, age: int = 1) -> VenuePrice:
    return VenuePrice(
        name, Decimal(price), None if weight is None else Decimal(weight), timedelta(seconds=age)
    )


def sized(*rows: tuple[Any, Any]) -> tuple[SizedPrice, ...]:
    return tuple(SizedPrice(Decimal(str(price)), Decimal(str(size))) for price, size in rows)


IX_06 = [
    venue("A", "60000", "40", 1),
    venue("B", "60010", "25", 2),
    venue("C", "59990", "20", 2),
    venue("D", "60005", "10", 1),
    venue("E", "48000", "30", 1),
]


def test_a_wick_on_one_venue_is_cut_and_the_rest_weighted_by_volume() -> None:
    index = multi_venue_index(IX_06, outlier_cut=CUT, stale_after=MINUTE)
    assert index.median == 60000
    assert index.outliers == ("E",)
    assert index.status is IndexStatus.OK
    assert index.price is not None
    assert round(index.price, 4) == Decimal("60001.0526")
    assert abs(Fraction(index.price) - Fraction(5700100, 95)) < Fraction(1, 10**72)


def test_a_stale_venue_is_dropped_before_the_median_is_taken() -> None:
    venues = [
        venue("A", "60000", "40", 1),
        venue("B", "58500", "25", 400),
        venue("C", "61100", "20", 2),
        venue("D", "60500", "15", 3),
    ]
    index = multi_venue_index(venues, outlier_cut=CUT, stale_after=MINUTE)
    assert (index.median, index.stale, index.outliers) == (60500, ("B",), ())
    assert index.price is not None
    assert round(index.price, 4) == Decimal("60393.3333")


def test_the_deepest_venue_is_cut_when_the_others_disagree_with_it() -> None:
    venues = [venue("Binance", "0.65", "70"), venue("Bybit", "0.92", "10"), venue("Curve", "0.999", "20")]
    index = multi_venue_index(venues, outlier_cut=Decimal("0.1"), stale_after=MINUTE)
    assert (index.median, index.outliers) == (Decimal("0.92"), ("Binance",))
    assert index.price is not None
    assert round(index.price, 7) == Decimal("0.9726667")


def test_age_at_the_limit_is_fresh_and_deviation_at_the_cut_survives() -> None:
    venues = [venue("A", "95", age=60), venue("B", "100", age=60), venue("C", "105", age=60)]
    index = multi_venue_index(venues, outlier_cut=CUT, stale_after=MINUTE)
    assert index.survivors == ("A", "B", "C")


def test_one_survivor_is_no_index_unless_a_value_is_held() -> None:
    lonely = [venue("A", "60000"), venue("B", "60000", age=61)]
    gone = multi_venue_index(lonely, outlier_cut=CUT, stale_after=MINUTE)
    assert (gone.status, gone.price) == (IndexStatus.UNAVAILABLE, None)
    held = multi_venue_index(lonely, outlier_cut=CUT, stale_after=MINUTE, held=Decimal(59000))
    assert (held.status, held.price, held.survivors) == (IndexStatus.HELD, 59000, ("A",))
    assert multi_venue_index([], outlier_cut=CUT, stale_after=MINUTE).price is None


def test_two_survivors_further_apart_than_the_cut_are_disputed() -> None:
    apart = multi_venue_index([venue("A", "100"), venue("B", "106")], outlier_cut=CUT, stale_after=MINUTE)
    assert (apart.status, apart.price) == (IndexStatus.DISPUTED, 103)
    close = multi_venue_index([venue("A", "100"), venue("B", "105")], outlier_cut=CUT, stale_after=MINUTE)
    assert close.status is IndexStatus.OK


def test_unknown_or_zero_volumes_mean_equal_weights() -> None:
    one_unknown = [venue("A", "100", "1000"), venue("B", "102"), venue("C", "101", "1")]
    assert multi_venue_index(one_unknown, outlier_cut=CUT, stale_after=MINUTE).price == 101
    all_zero = [venue("A", "100", "0"), venue("B", "102", "0")]
    assert multi_venue_index(all_zero, outlier_cut=CUT, stale_after=MINUTE).price == 101


def test_a_cut_venue_returns_only_below_half_the_cut() -> None:
    out, states = True, []
    for deviation in ("0.12", "0.08", "0.049"):
        out = is_excluded(100 * (1 + Decimal(deviation)), Decimal(100), cut=Decimal("0.10"), was_excluded=out)
        states.append("out" if out else "in")
    assert states == ["out", "out", "in"]
    assert is_excluded(Decimal(105), Decimal(100), cut=Decimal("0.10"), was_excluded=True)
    assert not is_excluded(Decimal(110), Decimal(100), cut=Decimal("0.10"), was_excluded=False)


def test_a_venue_that_was_cut_before_stays_out_of_the_index() -> None:
    venues = [venue("A", "100"), venue("B", "100"), venue("C", "104")]
    again = multi_venue_index(venues, outlier_cut=CUT, stale_after=MINUTE, excluded_before={"C"})
    assert (again.outliers, again.price) == (("C",), 100)


@pytest.mark.parametrize(
    "venues",
    [
        [venue("A", "0"), venue("B", "1")],
        [venue("A", "-1"), venue("B", "1")],
        [venue("A", "1", "-5"), venue("B", "1")],
        [venue("A", "1"), venue("A", "2")],
    ],
    ids=["zero price", "negative price", "negative volume", "venue twice"],
)
def test_input_that_cannot_be_right_is_refused(venues: list[VenuePrice]) -> None:
    with pytest.raises(IndexInputError):
        multi_venue_index(venues, outlier_cut=CUT, stale_after=MINUTE)


def test_a_negative_cut_is_refused() -> None:
    with pytest.raises(IndexInputError, match="fraction"):
        multi_venue_index(IX_06, outlier_cut=Decimal("-0.1"), stale_after=MINUTE)


def test_volume_weighted_median_of_the_published_example() -> None:
    assert volume_weighted_median(sized((10, 100), (15, 200), (20, 300), (25, 400))) == 20


def test_volume_weighted_median_refuses_nothing_and_nonsense() -> None:
    with pytest.raises(IndexInputError):
        volume_weighted_median([])
    with pytest.raises(IndexInputError):
        volume_weighted_median(sized((10, 0)))


def test_a_reference_rate_shrugs_off_a_wick_print() -> None:
    partitions = [
        sized((60000, 1), (60010, 2), (60020, "0.5")),
        sized((60030, 1), (48000, "0.8"), (60040, "1.5")),
        sized((60005, "0.2"), (60015, "0.2"), (60025, "0.2")),
    ]
    assert [volume_weighted_median(part) for part in partitions] == [60010, 60030, 60015]
    rate = reference_rate([*partitions, ()])
    assert rate is not None
    assert round(rate, 4) == Decimal("60018.3333")
    assert reference_rate([(), ()]) is None


def test_trades_fall_into_parts_with_an_inclusive_start() -> None:
    start = datetime(2026, 1, 31, 15, tzinfo=UTC)
    five = timedelta(minutes=5)
    at = [start - timedelta(microseconds=1), start, start + five, start + 2 * five]
    trades = [(when, SizedPrice(Decimal(n + 1), Decimal(1))) for n, when in enumerate(at)]
    parts = partitioned(trades, start_at=start, length=five, parts=2)
    assert [[trade.price for trade in part] for part in parts] == [[2], [3]]


def test_shadow_mark_clamps_the_last_price_first_and_keeps_all_parts() -> None:
    shadow = shadow_mark(Decimal(61500), Decimal(60000), last_weight=Decimal("0.5"), clamp=Decimal("0.01"))
    assert (shadow.last, shadow.clamped_last, shadow.index, shadow.mark) == (61500, 60600, 60000, 60300)
    wide = shadow_mark(Decimal(61500), Decimal(60000), last_weight=Decimal("0.5"), clamp=Decimal("0.5"))
    assert wide.mark == 60750
    assert shadow_mark(Decimal(61500), Decimal(60000), last_weight=Decimal(1), clamp=Decimal(0)).mark == 60000


prices = st.decimals("0.0001", "1000000", places=4)
volumes = st.none() | st.decimals("0", "100000", places=3)
seconds = st.integers(0, 120).map(lambda age: timedelta(seconds=age))
some_venues = st.lists(
    st.builds(VenuePrice, st.sampled_from("ABCDEFGH"), prices, volumes, seconds),
    unique_by=lambda one: one.venue,
    max_size=8,
)
cuts = st.decimals("0", "1", places=3)


@given(some_venues, cuts)
def test_an_index_lies_between_its_survivors(venues: list[VenuePrice], cut: Decimal) -> None:
    index = multi_venue_index(venues, outlier_cut=cut, stale_after=MINUTE)
    by_name = {one.venue: one.price for one in venues}
    assert sorted(index.survivors + index.outliers + index.stale) == sorted(by_name)
    if index.price is not None:
        kept = [by_name[name] for name in index.survivors]
        assert min(kept) <= index.price <= max(kept)
        assert len(kept) >= 2


@given(some_venues, cuts, st.randoms(use_true_random=False))
def test_an_index_does_not_depend_on_the_order_of_venues(
    venues: list[VenuePrice], cut: Decimal, random: Any
) -> None:
    shuffled = random.sample(venues, len(venues))
    assert multi_venue_index(venues, outlier_cut=cut, stale_after=MINUTE) == multi_venue_index(
        shuffled, outlier_cut=cut, stale_after=MINUTE
    )


@given(some_venues, cuts)
def test_an_index_equals_its_formula_in_fractions(venues: list[VenuePrice], cut: Decimal) -> None:
    index = multi_venue_index(venues, outlier_cut=cut, stale_after=MINUTE)
    fresh = [one for one in venues if one.age <= MINUTE]
    assume(len(fresh) >= 2)
    ordered = sorted(Fraction(one.price) for one in fresh)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    kept = [one for one in fresh if abs(Fraction(one.price) / middle - 1) <= Fraction(cut)]
    assert index.survivors == tuple(sorted(one.venue for one in kept))
    if index.price is None:
        assert len(kept) < 2
        return
    weights = [Fraction(0) if one.volume is None else Fraction(one.volume) for one in kept]
    if any(one.volume is None for one in kept) or not sum(weights):
        weights = [Fraction(1)] * len(kept)
    exact = sum(Fraction(one.price) * w for one, w in zip(kept, weights, strict=True)) / sum(weights)
    assert abs(Fraction(index.price) / exact - 1) < Fraction(1, 10**76)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=40))
def test_the_median_agrees_with_numpy(numbers: list[int]) -> None:
    assert median([Decimal(number) for number in numbers]) == Decimal(float(np.median(numbers)))


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 50)), min_size=1, max_size=20))
def test_the_volume_weighted_median_is_that_of_the_repeated_prices(rows: list[tuple[int, int]]) -> None:
    repeated = sorted(price for price, size in rows for _ in range(size))
    assert volume_weighted_median(sized(*rows)) == repeated[(len(repeated) + 1) // 2 - 1]


@given(prices, prices, st.decimals("0", "1", places=3), st.decimals("0", "0.999", places=3))
def test_a_shadow_mark_never_leaves_the_band_around_the_index(
    last: Decimal, index: Decimal, w: Decimal, clamp: Decimal
) -> None:
    shadow = shadow_mark(last, index, last_weight=w, clamp=clamp)
    assert index * (1 - clamp) <= shadow.mark <= index * (1 + clamp)
