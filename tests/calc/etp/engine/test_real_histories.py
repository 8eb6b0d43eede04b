"""Tokens as they traded beside the same rules on their underlying.

Tokens have trade prices, not NAVs, and their issuers' marks and hedges are not known: what must agree is the
size and sign of days and of decay, not digits. Days are judged where both have them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from tests.calc.etp.histories import D

from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.many_paths import Path as Marks
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.engine.simulate_many import simulate_many
from truenav.calc.etp.explain.attribution import explain, explain_daily
from truenav.calc.etp.explain.continuous import simulate_continuously
from truenav.core.money import rounded
from truenav.core.product import DailyTimes, Fee, Product, Schedule, Terms, Trigger

DATA = Path(__file__).parents[5] / "shared" / "data"
HOUR = 3_600_000_000
DAY = 24 * HOUR

pytestmark = pytest.mark.skipif(not (DATA / "leveraged_tokens").exists(), reason="no recorded histories here")


def made(target: str, **rules: Any) -> Product:
    return Product("X", "", "", "", (Terms(datetime(2019, 1, 1, tzinfo=UTC), D(target), **rules),))


def ftx(target: str) -> Product:
    """00:02 UTC each day, and as soon as leverage is 4 (a third above 3)."""
    return made(target, trigger=Trigger(above=D(4)), schedules=(Schedule(DailyTimes(("00:02",))),))


def up_down(target: str) -> Product:
    """Binance UP and DOWN: within 1.25x to 4x, the target hidden (2.2 is the slope of their prices)."""
    fee = Fee(D("0.0001"), DailyTimes(("00:00",)))
    return made(target, trigger=Trigger(above=D(4), below=D("1.25")), fees=(fee,))


def bars(name: str, symbol: str) -> pl.DataFrame:
    """Instants of the bars' opening (microseconds) and closes."""
    found = pl.read_parquet(DATA / name).filter(pl.col("symbol").cast(pl.String) == symbol).sort("ts")
    return found.select(pl.col("ts").cast(pl.Datetime("us")).to_physical().alias("at"), pl.col("close"))


def nav_at_marks(product: Product, times: NDArray[Any], prices: NDArray[Any]) -> NDArray[Any]:
    """NAV at each mark after its events, issued at 100."""
    events = simulate_many([product], [Marks(times, prices)], events=True).events
    assert events is not None
    target = float(product.terms[0].target)
    position = np.concatenate(([target * 100 / prices[0]], events.position))
    cash = np.concatenate(([(1 - target) * 100], events.cash))
    last = np.searchsorted(events.index, np.arange(len(prices)), side="right")
    return position[last] * prices + cash[last]


@pytest.mark.parametrize(
    ("token", "underlying", "target", "decay_apart"),
    [
        ("BULL", "BTCUSDT", "3", 0.2),
        ("BEAR", "BTCUSDT", "-3", 0.05),
        ("BNBBULL", "BNBUSDT", "3", 0.2),
        ("BNBBEAR", "BNBUSDT", "-3", 0.2),
        ("ETHBULL", "ETHUSDT", "3", 0.4),  # one day's close of this token stands out
    ],
)
def test_ftx_tokens_move_and_decay_as_their_rules_do(token, underlying, target, decay_apart):
    traded = pl.read_csv(DATA / "leveraged_tokens/ftx_tokens_daily_2020.csv.gz", try_parse_dates=True)
    traded = traded.filter(pl.col("symbol") == token).sort("date")
    hourly = bars("ohlcv_binance_spot_1h/spot_2019-06_2021-04.parquet", underlying)
    closes = traded["date"].cast(pl.Datetime("us")).to_physical().to_numpy() + DAY
    times, prices = hourly["at"].to_numpy() + HOUR, hourly["close"].to_numpy().astype(float)
    within = (times >= closes[0]) & (times <= closes[-1])
    times, prices = times[within].copy(), prices[within].copy()
    nav = nav_at_marks(ftx(target), times, prices)
    place = np.searchsorted(times, closes)
    ours, spot, theirs = nav[place], prices[place], traded["close"].to_numpy()

    neighbours = np.diff(closes) == DAY
    our_days, spot_days, their_days = (
        np.diff(one)[neighbours] / one[:-1][neighbours] for one in (ours, spot, theirs)
    )
    assert len(our_days) > 270
    assert np.corrcoef(our_days, their_days)[0, 1] > 0.9
    assert np.median(np.abs(our_days - their_days)) < 0.01
    large = np.abs(spot_days) > 0.02
    leverage = float(target)
    assert abs(np.median(their_days[large] / spot_days[large]) / leverage - 1) < 0.05
    assert abs(np.median(our_days[large] / spot_days[large]) / leverage - 1) < 0.01
    assert (np.sign(our_days[large]) == np.sign(their_days[large])).mean() > 0.95
    straight = leverage * np.log(spot[-1] / spot[0])
    our_decay, their_decay = (np.log(one[-1] / one[0]) - straight for one in (ours, theirs))
    assert our_decay < 0
    assert their_decay < 0
    assert abs(our_decay / their_decay - 1) < decay_apart


@pytest.mark.parametrize(("token", "target"), [("BTCUP", "2.2"), ("BTCDOWN", "-2.2")])
def test_a_hidden_target_in_a_range_moves_and_decays_as_the_range_rule_does(token, target):
    traded = bars("leveraged_tokens/binance_blvt_1h_2021-04_2023-12.parquet", f"{token}USDT")
    spot = bars("ohlcv_binance_spot_1h/spot_2021-04_2023-12.parquet", "BTCUSDT").rename({"close": "spot"})
    both = traded.join(spot, on="at").sort("at")
    times, prices = both["at"].to_numpy().copy(), both["spot"].to_numpy().astype(float).copy()
    theirs, ours = both["close"].to_numpy().astype(float), nav_at_marks(up_down(target), times, prices)
    our_hours, their_hours, spot_hours = (np.diff(np.log(one)) for one in (ours, theirs, prices))
    assert len(our_hours) > 20_000
    assert np.corrcoef(our_hours, their_hours)[0, 1] > 0.93
    assert abs(np.polyfit(our_hours, their_hours, 1)[0] - 1) < 0.1
    slopes = [np.polyfit(spot_hours, one, 1)[0] for one in (our_hours, their_hours)]
    assert all(1.25 < slope * np.sign(float(target)) < 4 for slope in slopes)
    straight = float(target) * np.log(prices[-1] / prices[0])
    our_decay, their_decay = (np.log(one[-1] / one[0]) - straight for one in (ours, theirs))
    assert our_decay < -1
    assert their_decay < -1
    assert abs(our_decay / their_decay - 1) < 0.3


@pytest.mark.parametrize(
    ("token", "underlying", "target"),
    [
        ("BTCUP", "BTC", "2.2"),
        ("BTCDOWN", "BTC", "-2.2"),
        ("BNBUP", "BNB", "2.2"),
        ("BNBDOWN", "BNB", "-2.2"),
        ("XRPUP", "XRP", "2.2"),
        ("XRPDOWN", "XRP", "-2.2"),
    ],
)
def test_minutes_of_november_2022_fit_a_leverage_within_the_range(token, underlying, target):
    name = "ohlcv_binance_spot_1m_ftx/spot_1m_20221108_09.parquet"
    spot = bars(name, f"{underlying}USDT").rename({"close": "spot"})
    both = bars(name, f"{token}USDT").join(spot, on="at").sort("at")
    times, prices = both["at"].to_numpy().copy(), both["spot"].to_numpy().astype(float).copy()
    theirs = both["close"].to_numpy()
    (nav,) = simulate_many([up_down(target)], [Marks(times, prices)], nav=1.0).nav
    move = prices[-1] / prices[0] - 1
    assert 1.25 < (theirs[-1] / theirs[0] - 1) / move * np.sign(float(target)) < 4
    assert abs((nav - 1) - (theirs[-1] / theirs[0] - 1)) < 0.035


def crash(symbol: str) -> History:
    """10 and 11 October 2025 in half hours: open, high, low, close of each, in this order."""
    found = pl.read_parquet(DATA / "ohlcv_binance_usdm_30m/perp_2024-01_2026-03.parquet").filter(
        (pl.col("symbol").cast(pl.String) == symbol)
        & pl.col("ts").is_between(datetime(2025, 10, 10), datetime(2025, 10, 12))  # noqa: DTZ001 - naive UTC
    )
    times, prices = [], []
    for at, *bar in found.sort("ts").select("ts", "open", "high", "low", "close").iter_rows():
        begin = int(at.replace(tzinfo=UTC).timestamp()) * 1_000_000
        for minute, price in zip((0, 10, 20, 29), bar, strict=True):
            times.append(begin + minute * 60_000_000)
            prices.append(D(repr(price)))
    return History(times, prices)


@pytest.mark.parametrize("coin", ["BTC", "ETH", "SOL", "BNB", "XRP", "DOGE"])
def test_the_night_of_october_2025_is_explained_to_the_last_digit(coin):
    history = crash(f"{coin}USDT-PERP")
    long = made(
        "3",
        trigger=Trigger(above=D(4)),
        schedules=(Schedule(DailyTimes(("00:02",))),),
        trading_cost=D("0.001"),
    )
    seen, watched = simulate(long, history), simulate_continuously(long, history)
    for run in (seen, watched):
        found = explain(run)
        assert found.parts.total() == found.product
        assert found.product < D("-0.3")
        assert found.parts.costs < 0
    # Half hours with a low far below the trigger: what a mark seen late costs is the gap.
    assert explain(seen).parts.gap < 0
    assert seen.triggered > 0 or explain(seen).parts.deficit > 0
    # Watched without pause nobody has to bear a deficit, and more rebalances take place.
    assert watched.nav > 0
    assert explain(watched).parts.deficit == 0
    assert watched.triggered >= max(seen.triggered, 1)


def test_a_short_product_gained_that_night_without_a_trigger():
    short = made("-3", trigger=Trigger(above=D(5)), schedules=(Schedule(DailyTimes(("00:02",))),))
    found = explain(simulate(short, crash("BTCUSDT-PERP")))
    assert found.parts.total() == found.product
    assert found.product > D("0.2")
    assert found.parts.gap == found.parts.deficit == 0


def test_the_published_examples_come_out_as_printed():
    """The recorded pages' own figures, rounded as they print them."""
    pages = json.loads((DATA / "leveraged_tokens/published_examples.json").read_text(encoding="utf-8"))
    for case in pages["ftx_faq_daily_rebalance"]["cases"]:
        found = explain(simulate(ftx("3"), _days(case["prices"])))
        printed = D(str(case["token_return_pct_published"]))
        assert rounded(found.product * 100, -int(printed.as_tuple().exponent)) == printed
        assert rounded(found.underlying * 100, 0) == case["btc_return_pct"]
        static = explain(simulate(made("3"), _days(case["prices"])))
        assert rounded(static.product * 100, 0) == case["static_3x_return_pct"]

    pages_steps = pages["threshold_rebalance_example_10pct"]
    prices = [pages_steps["start"]["btc"], *(one["btc"] for one in pages_steps["steps"])]
    ten = Trigger(adverse_move=D("0.1"), favourable_move=D("0.1"))
    for target, name in (("3", "btcup"), ("-3", "btcdown")):
        run = simulate(made(target, trigger=ten), _days(prices))
        for step, day in zip(pages_steps["steps"], explain_daily(run), strict=True):
            assert rounded(day.nav_after, 2) == D(str(step[name]))
            assert day.triggered == step["rebalanced"]

    for case in pages["leverage_drift_example"]["cases"]:
        run = simulate(made("3"), _days([100, 100 + case["underlying_move_pct"]]))
        assert run.nav == case["nav"]
        assert run.events[-1].leverage_before == D(str(case["leverage_before_rebalance"]))


def _days(prices: list[float]) -> History:
    """Marks a day apart at 00:02 UTC."""
    opened = int(datetime(2020, 1, 1, 0, 2, tzinfo=UTC).timestamp()) * 1_000_000
    return History(
        [opened + DAY * place for place in range(len(prices))], [D(str(price)) for price in prices]
    )
