"""Ready rule files over real prices of the underlying, against what the tokens themselves traded at.

The simulated NAV has neither funding nor the cost of trading, and tokens trade at a premium or discount:
daily and hourly returns agree closely, levels over a year only where longs did not pay for them.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.connect.products.support import product

from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain.path import nav_path

DATA = Path(__file__).parents[4] / "shared" / "data"
TOKENS = DATA / "leveraged_tokens"
SPOT = DATA / "ohlcv_binance_spot_1h"

pytestmark = pytest.mark.skipif(not TOKENS.exists(), reason="the real histories are not on this machine")


def hourly(path, symbol, name):
    """Closes of hourly bars at the instants at which the bars end."""
    bars = pl.read_parquet(path).with_columns(pl.col("symbol").cast(pl.String))
    found = bars.filter(pl.col("symbol") == symbol).unique("ts", keep="first").sort("ts")
    return found.select(at=pl.col("ts") + timedelta(hours=1), close="close").rename({"close": name})


def simulated(family, id, marks):
    """The marks with the NAV of a product over them."""
    times = marks["at"].dt.epoch("us").to_list()
    prices = [Decimal(str(price)) for price in marks["price"]]
    result = simulate(product(family, id), History(times, prices))
    return marks.with_columns(
        nav=pl.Series([float(point.nav_adjusted) for point in nav_path(result)])
    ), result


def returns(column):
    return np.diff(np.log(column.to_numpy()))


@pytest.mark.parametrize(("id", "symbol", "longs_pay"), [("BULL", "BTC", True), ("BEAR", "BTC", False)])
def test_ftx_tokens_of_2020_moved_day_by_day_as_their_rules_say(id, symbol, longs_pay):
    spot = hourly(SPOT / "spot_2019-06_2021-04.parquet", f"{symbol}USDT", "price")
    marks, result = simulated("ftx", id, spot.filter(pl.col("at") >= pl.datetime(2020, 1, 1)))
    traded = pl.read_csv(TOKENS / "ftx_tokens_daily_2020.csv.gz").filter(pl.col("symbol") == id)
    traded = traded.select(
        at=pl.col("date").str.to_datetime(time_unit="us") + timedelta(days=1), token="close"
    )
    both = marks.with_columns(pl.col("at").cast(pl.Datetime("us"))).join(traded, on="at").sort("at")
    token, nav = returns(both["token"]), returns(both["nav"])
    assert len(both) > 300
    assert result.triggered > 5  # March 2020 lies within
    assert np.corrcoef(token, nav)[0, 1] > 0.98
    large = np.abs(returns(both["price"])) > 0.02
    assert np.median(np.expm1(token[large]) / np.expm1(nav[large])) == pytest.approx(1, abs=0.06)
    level = (token.sum() - nav.sum()) / len(nav)
    assert (-0.0015 < level < 0) if longs_pay else abs(level) < 0.0005


@pytest.mark.parametrize(("id", "symbol"), [("BTCUP", "BTC"), ("BTCDOWN", "BTC"), ("BNBUP", "BNB")])
def test_binance_tokens_kept_within_the_published_range_and_near_the_assumed_target(id, symbol):
    file = "binance_blvt_1h_2021-04_2023-12.parquet"
    spot = hourly(SPOT / "spot_2021-04_2023-12.parquet", f"{symbol}USDT", "price")
    token = hourly(TOKENS / file, f"{id}USDT", "token")
    both = spot.join(token, on="at").sort("at")
    assert len(both) > 20_000
    terms = product("binance", id).terms[0]
    made, moved = returns(both["token"]), returns(both["price"])
    whole = len(made) // 48 * 48
    made, moved = made[:whole].reshape(-1, 48), moved[:whole].reshape(-1, 48)
    leverage = np.sign(float(terms.target)) * (made * moved).sum(axis=1) / (moved**2).sum(axis=1)
    busy = leverage[moved.std(axis=1) > 0.003]  # in quiet days the spread of the token hides its leverage
    assert np.quantile(busy, 0.02) > float(terms.trigger.below)
    assert np.quantile(busy, 0.98) < float(terms.trigger.above)
    assert np.median(busy) == pytest.approx(abs(float(terms.target)), abs=0.25)
    marks, _ = simulated("binance", id, both)
    assert np.corrcoef(returns(marks["token"]), returns(marks["nav"]))[0, 1] > 0.92
