"""The bulk simulation does what the exact one does, in floats, compiled or not."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.calc.etp.live.worlds import START, D, any_product, product, three_long

from truenav.calc.etp.engine.calendar import instant_of, microseconds
from truenav.calc.etp.engine.history import BadMarkError, History
from truenav.calc.etp.engine.many_paths import Path, SimulationInputError
from truenav.calc.etp.engine.many_results import Simulations
from truenav.calc.etp.engine.simulate import Simulation, simulate
from truenav.calc.etp.engine.simulate_many import simulate_many
from truenav.calc.etp.engine.stepping import CHARGED, RUINED, SCHEDULED, TRIGGERED
from truenav.core.product import (
    Aim,
    DailyTimes,
    Fee,
    Product,
    ProductRulesError,
    Schedule,
    ShareMerge,
    Trigger,
)

MINUTE = 60_000_000
KINDS = {"charge": CHARGED, "scheduled": SCHEDULED, "triggered": TRIGGERED, "ruined": RUINED}
NUMBERS = ("position", "cash", "financing", "fees", "costs", "gap", "deficit")


def times_of(count: int, *, every: int = MINUTE) -> np.ndarray:
    return microseconds(START) + np.arange(count) * every


def path_of(prices: list[Decimal], times: np.ndarray, **charges: object) -> Path:
    return Path(times, np.array([float(price) for price in prices]), **charges)  # type: ignore[arg-type]


def exactly(rules: Product, prices: list[Decimal], times: np.ndarray, **charges: object) -> Simulation:
    return simulate(rules, History(times.tolist(), prices, **charges))  # type: ignore[arg-type]


def both_accelerators(rules: Product, path: Path) -> Simulations:
    """The compiled run, which equals that on Python's floats bit by bit."""
    plain = simulate_many([rules], [path], events=True, accelerator="python")
    compiled = simulate_many([rules], [path], events=True, accelerator="numba")
    for name in Simulations.__slots__:
        one, other = getattr(plain, name), getattr(compiled, name)
        if name == "events":
            for column in one.__slots__:
                np.testing.assert_array_equal(getattr(one, column), getattr(other, column), err_msg=column)
        elif name == "merges":
            assert one == other
        else:
            np.testing.assert_array_equal(one, other, err_msg=name)
    return compiled


def close(found: object, exact: object, scale: float = 1.0) -> None:
    np.testing.assert_allclose(
        np.asarray(found, float), np.asarray(exact, float), rtol=1e-10, atol=1e-10 * scale
    )


def deepest_fall(found: Simulations, prices: list[Decimal], target: float) -> float:
    """The drawdown of the only run, from what it held and each mark: no extremes, no bounds."""
    events = found.events
    assert events is not None
    ended = events.index[events.kind == RUINED]
    marks = np.array([float(price) for price in prices])[: ended[0] + 1 if ended.size else None]
    held = np.searchsorted(events.index, np.arange(marks.size))  # how many events there were before a mark
    position = np.concatenate([[target * 100 / marks[0]], events.position])[held]
    cash = np.concatenate([[(1 - target) * 100], events.cash])[held]
    nav = position * marks + cash
    return max(float(np.min(nav / np.maximum.accumulate(nav))) - 1, -1.0)


def assert_same(rules: Product, prices: list[Decimal], times: np.ndarray, **charges: object) -> Simulation:
    """Exact, plain and compiled simulation agree in all that they tell."""
    exact = exactly(rules, prices, times, **charges)
    found = both_accelerators(rules, path_of(prices, times, **charges))
    events = found.events
    assert events is not None
    ours = zip(events.index.tolist(), events.kind.tolist(), strict=True)
    assert list(ours) == [(event.place, KINDS[event.kind]) for event in exact.events]
    assert (found.scheduled[0], found.triggered[0]) == (exact.scheduled, exact.triggered)
    largest = max([100.0, *(float(abs(event.cash)) for event in exact.events)])
    for name in NUMBERS:
        close(getattr(events, name), [getattr(event, name) for event in exact.events], largest)
        if name not in ("position", "cash"):
            close(getattr(found, name)[0], sum(getattr(event, name) for event in exact.events), largest)
    close(events.before, [event.nav_before for event in exact.events], largest)
    close(found.nav[0], exact.nav, largest)
    close(found.worst[0], exact.worst)
    close(found.worst[0], deepest_fall(found, prices, float(exact.opening.position * prices[0] / 100)))
    assert found.ruined[0] == (exact.closing.position == 0)
    instants, navs = found.published_by(0)
    assert instants.tolist() == [at for at, _ in exact.published]
    close(navs, [nav for _, nav in exact.published], largest)
    assert [merge for _, merge in found.merges] == list(exact.merges)
    return exact


MOVES = ["0.9", "1.1", "0.95", "1.01", "0.99", "1.0037", "0.9961", "1.25", "0.8", "1", "1.6", "0.65"]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Product, list[Decimal], np.ndarray, dict[str, object]]:
    """Rules, prices with moves that fall on limits, times, and charges.

    Prices have few digits, so that they lie on a limit or clearly beside it, as real ones do.
    """
    count = draw(st.integers(2, 400))
    every = draw(st.sampled_from([MINUTE, 10 * MINUTE, 60 * MINUTE, 500 * MINUTE]))
    times = times_of(count, every=every)
    random = draw(st.randoms(use_true_random=False))
    prices, wild = [D(100)], draw(st.sampled_from([0.02, 0.3, 1.0]))
    for _ in range(count - 1):
        move = D(random.choice(MOVES)) if random.random() < wild else 1 + D(random.randint(-30, 30)) / 10_000
        prices.append(max(min(D(f"{prices[-1] * move:.5g}"), D(10**6)), D("0.01")))
    charges: dict[str, object] = {}
    span = int(times[-1] - times[0])
    if draw(st.booleans()):
        at = sorted({int(times[0]) + draw(st.integers(0, span)) for _ in range(3)})
        charges["rates"] = tuple((one, D(draw(st.integers(-30, 30))) / 10_000) for one in at)
    if draw(st.booleans()):
        at = sorted({int(times[0]) + draw(st.integers(0, span)) for _ in range(2)})
        charges["rolls"] = tuple((one, D(draw(st.integers(98, 102))) / 100) for one in at)
    span_hours = count * every / 3.6e9
    ages = [START + timedelta(hours=hours) for hours in (-24, span_hours / 3, span_hours / 2)]
    return draw(any_product(ages)), prices, times, charges


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_exact_plain_and_compiled_runs_agree_whatever_the_rules_and_the_path(world) -> None:
    rules, prices, times, charges = world
    assert_same(rules, prices, times, **charges)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@settings(max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_exact_plain_and_compiled_runs_agree_in_thousands_of_worlds(world) -> None:
    rules, prices, times, charges = world
    assert_same(rules, prices, times, **charges)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["3", "-3", "0.5"]), st.sampled_from([3, 30]), st.booleans())
def test_the_deepest_fall_is_that_of_all_marks_where_little_else_happens(seed, target, size, is_charged):
    steps = np.random.default_rng(seed).integers(-size, size + 1, 1000)
    prices = [D(10_000 + int(level)) for level in np.cumsum(steps)]
    fees = (Fee(D("0.0003"), DailyTimes(("20:03", "21:47", "03:31"))),) if is_charged else ()
    assert_same(product(three_long(target=D(target), fees=fees)), prices, times_of(1000))


@pytest.mark.parametrize("target", ["3", "-3"])
@pytest.mark.parametrize("fall", ["99.5", "100.5", "90"])
def test_a_fall_below_a_high_of_the_same_block_of_marks_counts(target, fall):
    sign = 1 if target == "3" else -1
    moves = [D(100)] * 30 + [D(99)] * 34 + [D(110)] * 32 + [D(fall)] * 32 + [D(105)] * 72
    prices = [100 + sign * (price - 100) for price in moves]
    assert_same(product(three_long(target=D(target))), prices, times_of(len(prices)))


TIES = [
    ("adverse move of a tenth", "3", Trigger(adverse_move=D("0.1")), ["100", "90", "81", "72.9"], 3),
    ("adverse move of a short", "-3", Trigger(adverse_move=D("0.1")), ["100", "110", "121", "133.1"], 3),
    ("favourable move", "2", Trigger(favourable_move=D("0.07")), ["0.3", "0.321", "0.34347"], 2),
    ("three long at four times", "3", Trigger(above=D(4)), ["90", "80"], 1),
    ("three short at four times", "-3", Trigger(above=D(4)), ["150", "160"], 1),
    ("three short at five times", "-3", Trigger(above=D(5)), ["90", "100"], 1),
    ("one short at four times", "-1", Trigger(above=D(4)), ["10", "16"], 1),
    ("a quarter over the target", "2", Trigger(over_target=D(1) / 4), ["60", "50"], 1),
    ("below 1.5 times of two", "2", Trigger(below=D("1.5")), ["100", "150"], 1),
    ("on the edge it is not left yet", "2", Trigger(above=D("2.5"), aim=Aim.EDGE), ["60", "50", "45"], 1),
]


@pytest.mark.parametrize(("target", "trigger", "prices", "fired"), [tie[1:] for tie in TIES])
def test_a_price_exactly_on_a_bound_counts_everywhere(target, trigger, prices, fired) -> None:
    rules = product(three_long(target=D(target), trigger=trigger))
    exact = assert_same(rules, [D(price) for price in prices], times_of(len(prices)))
    assert exact.triggered == fired


@pytest.mark.parametrize(
    ("condition", "first", "last"),
    [
        ({"moved": D("0.01")}, "100", "101"),
        ({"moved": D("0.07")}, "100", "107"),
        ({"moved": D("0.07")}, "0.3", "0.279"),
        ({"above": D("3.75")}, "11", "10"),
        ({"below": D("2.5")}, "9", "10"),
    ],
)
def test_a_condition_of_a_schedule_that_is_just_met_counts_everywhere(condition, first, last) -> None:
    rules = product(three_long(schedules=(Schedule(DailyTimes(("20:01",)), **condition),)))
    assert assert_same(rules, [D(first), D(last)], times_of(2)).scheduled == 1


def test_a_merge_at_its_very_limit_takes_place_everywhere() -> None:
    rules = product(three_long(merge=ShareMerge(D(10), 20), fees=(Fee(D(0), DailyTimes(("20:01",))),)))
    exact = assert_same(rules, [D(100), D(70), D(71)], times_of(3))
    assert [merge.ratio for merge in exact.merges] == [D(20)]


def test_ruin_between_two_marks_ends_a_run_and_is_published() -> None:
    rules = product(three_long(schedules=(Schedule(DailyTimes(("20:03",))),)))
    exact = assert_same(rules, [D(100), D(60), D(90), D(95)], times_of(4))
    assert exact.nav == 0
    assert exact.events[-1].deficit == 20
    assert exact.worst == -1


def test_runs_name_their_product_and_path_and_do_not_depend_on_threads() -> None:
    times, later = times_of(3000), times_of(2000, every=7 * MINUTE)
    random = np.random.default_rng(5)
    paths = [
        Path(when, 100 * np.exp(np.cumsum(random.standard_normal(when.size) * 0.004)))
        for when in (times, later, times)
    ]
    rules = [
        product(three_long(target=D(target), trigger=Trigger(above=abs(D(target)) * 4 / 3)))
        for target in ("3", "-3", "0.5")
    ]
    pairs = [(2, 1), (0, 0), (1, 2), (0, 1), (1, 2)]
    found = simulate_many(rules, paths, pairs, events=True, threads=3, accelerator="numba")
    assert found.runs.tolist() == [list(pair) for pair in pairs]
    assert found.events is not None
    for run, (one, path) in enumerate(pairs):
        alone = simulate_many([rules[one]], [paths[path]], events=True, accelerator="python")
        assert alone.nav[0] == found.nav[run]
        assert alone.triggered[0] == found.triggered[run]
        np.testing.assert_array_equal(alone.published_by(0), found.published_by(run))
        assert alone.events is not None
        start, stop = found.events.starts[run : run + 2]
        np.testing.assert_array_equal(alone.events.cash, found.events.cash[start:stop])
    assert len(simulate_many(rules, paths, accelerator="python")) == 9
    assert len(simulate_many(rules, paths, [], events=True)) == 0


def test_more_events_than_foreseen_are_all_kept() -> None:
    prices = [D(100) if place % 2 else D(108) for place in range(500)]
    rules = product(three_long(trigger=Trigger(adverse_move=D("0.05"), favourable_move=D("0.05"))))
    assert assert_same(rules, prices, times_of(500)).triggered > 400


def test_the_runs_of_one_path_may_be_shared_by_threads_and_have_more_events_than_foreseen() -> None:
    prices = np.where(np.arange(600) % 2, 100.0, 108.0)
    busy = Trigger(adverse_move=D("0.05"), favourable_move=D("0.05"))
    rules = [
        product(three_long(target=D(target), trigger=trigger))
        for target in ("3", "2", "-1")
        for trigger in (busy, Trigger())
    ]
    path = Path(times_of(600), prices)
    plain = simulate_many(rules, [path], events=True, accelerator="python")
    assert plain.triggered.tolist() == [599, 0, 599, 0, 599, 0]
    for threads in (1, 2, 5):
        found = simulate_many(rules, [path], events=True, accelerator="numba", threads=threads)
        assert found.events is not None
        assert plain.events is not None
        np.testing.assert_array_equal(found.nav, plain.nav)
        for column in found.events.__slots__:
            np.testing.assert_array_equal(getattr(found.events, column), getattr(plain.events, column))


@pytest.mark.parametrize("accelerator", ["python", "numba"])
@pytest.mark.parametrize(
    ("price", "said"),
    [
        (0.0, "mark 71 (2024-03-09T21:10:00Z): the price 0 is not above 0"),
        (-1.0, "the price -1 is not above 0"),
        (np.nan, "nan is no price"),
        (np.inf, "inf is no price"),
        (1e-200, "1e-200 is no price"),
        (-0.0, "is not above 0"),
    ],
)
@pytest.mark.parametrize("place", [70, 127, 129])
def test_a_price_that_cannot_be_is_refused_with_its_place(accelerator, price, said, place) -> None:
    times = times_of(130)
    prices = np.full(130, 100.0)
    prices[place] = price
    with pytest.raises(BadMarkError) as refused:
        simulate_many(
            [product(three_long())], [Path(times, prices + 0), Path(times, prices)], accelerator=accelerator
        )
    assert f"Path 0, mark {place + 1} " in refused.value.message
    if place == 70:
        assert said in refused.value.message


@pytest.mark.parametrize("later", [0, -5])
def test_times_that_do_not_rise_are_refused_with_their_place(later) -> None:
    times = times_of(100)
    times[50] = times[49] + later
    with pytest.raises(BadMarkError, match=r"Path 1, mark 51 .* is not after"):
        simulate_many([product(three_long())], [Path(times_of(100), np.ones(100)), Path(times, np.ones(100))])


@pytest.mark.parametrize("charges", [{"rates": ((0, D(1)),)}, {"rolls": ((0, D(0)),)}])
def test_rates_and_rolls_that_cannot_be_are_refused(charges) -> None:
    with pytest.raises(BadMarkError, match=r"is no fraction|is not above 0"):
        simulate_many([product(three_long())], [Path(times_of(5), np.ones(5), **charges)])


def test_a_path_before_the_rules_or_after_the_end_is_refused() -> None:
    path = Path(times_of(5) - 60 * MINUTE, np.ones(5))
    with pytest.raises(BadMarkError, match="rules of BTC3L begin"):
        simulate_many([product(three_long())], [path])
    ended = product(three_long(), until=instant_of(int(times_of(5)[-1])))
    with pytest.raises(BadMarkError, match="BTC3L ended"):
        simulate_many([ended], [Path(times_of(5), np.ones(5))])


def test_rules_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ProductRulesError):
        simulate_many([product(three_long(trigger=Trigger(above=D(2))))], [Path(times_of(5), np.ones(5))])


@pytest.mark.parametrize(
    "path",
    [
        Path(times_of(5), np.ones(4)),
        Path(times_of(5).astype(np.int32), np.ones(5)),
        Path(times_of(5), np.ones(5, np.float32)),
        Path(times_of(1), np.ones(1)),
        Path(times_of(4).reshape(2, 2), np.ones((2, 2))),
    ],
)
def test_arrays_of_another_shape_or_kind_are_refused(path) -> None:
    with pytest.raises(SimulationInputError, match="Path 0"):
        simulate_many([product(three_long())], [path])


def test_runs_of_nothing_and_worthless_units_are_refused() -> None:
    path = Path(times_of(5), np.ones(5))
    with pytest.raises(SimulationInputError, match="product 1 on path 0"):
        simulate_many([product(three_long())], [path], [(1, 0)])
    for nav in (0, -1, float("nan"), float("inf")):
        with pytest.raises(SimulationInputError, match="NAV must be above 0"):
            simulate_many([product(three_long())], [path], nav=nav)


def test_a_short_run_does_not_load_the_compiler() -> None:
    script = (
        "import sys, numpy as np\n"
        "from decimal import Decimal\n"
        "from truenav.calc.etp.engine.calendar import instant_of\n"
        "from truenav.calc.etp.engine.simulate_many import Path, simulate_many\n"
        "from truenav.core.product import Product, Terms\n"
        "rules = Product('', '', '', '', (Terms(instant_of(0), Decimal(2)),))\n"
        "print(simulate_many([rules], [Path(np.arange(3), np.ones(3))]).nav[0], 'numba' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["100.0", "False"]
