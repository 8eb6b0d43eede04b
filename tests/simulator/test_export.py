"""Statements call markets as the connectors of their venues do, so that both meet in one book."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from truenav.connect.cefi.binance.options import id_of
from truenav.connect.cefi.bybit.answers import contract_id, spot_id
from truenav.simulator.export import price_rows, statement_name, statement_rows
from truenav.simulator.market import Market, load_market
from truenav.simulator.scenario import load_scenario
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World

from .conftest import SCENARIO, make_world

CONNECT = Path(__file__).parents[1] / "connect" / "cefi"
NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def market() -> Market:
    scenario = load_scenario(SCENARIO)
    live = (scenario.inception + scenario.live_after).date()
    return load_market(scenario.market_folder, date(2026, 11, 21) - live)


@pytest.mark.parametrize(
    ("dialect", "prices", "key", "name"),
    [
        ("binance", "binance", "BTC-USDT", "binance:BTCUSDT"),
        ("binance", "binance", "BTC-USDT-SWAP", "binance-usdm:BTCUSDT"),
        ("binance", "bybit", "BTC-USDT-231229", "binance-usdm:BTCUSDT_261209"),
        ("binance", "bybit", "BTC-USD-SWAP", "binance-coinm:BTCUSD_PERP"),
        ("binance", "bybit", "BTC-USD-231229", "binance-coinm:BTCUSD_261209"),
        ("binance", "bybit", "BTC-USDT-231229-42000-C", str(id_of("BTC-261209-42000-C"))),
        ("bybit", "bybit", "BTC-USDT", str(spot_id("BTCUSDT"))),
        ("bybit", "bybit", "BTC-USD-231229", str(contract_id("BTCUSDZ26"))),
        ("bybit", "bybit", "BTC-USDT-231229-42000-C", str(contract_id("BTC-9DEC26-42000-C-USDT"))),
        ("deribit", "okx", "BTC-USD-SWAP", "deribit:BTC-PERPETUAL"),
        ("deribit", "okx", "BTC-USDT-240329", "deribit:BTC_USDT-10MAR27"),
        ("deribit", "okx", "BTC-USDT", "deribit:BTC_USDT"),
        ("okx", "okx", "BTC-USD-231229", "okx:BTC-USD-261209"),
        ("file", "binance", "ETH-USDT-SWAP", "binance-usdm:ETHUSDT"),
    ],
)
def test_a_market_has_the_connector_s_name(
    market: Market, dialect: str, prices: str, key: str, name: str
) -> None:
    assert statement_name(dialect, market.instrument(prices, key)) == name


def test_positions_trades_and_prices_of_options_agree_on_names() -> None:
    scenario = CONNECT / "binance" / "options.toml"
    world = World.load(scenario, date(2026, 11, 21), VirtualClock(NOW))
    rows = statement_rows(world, "binance-vol")
    held = {row["instrument"] for row in rows["positions"] if row["wallet"] == "options"}
    assert held == {"binance-options:BTC-261209-42000-C", "binance-options:BTC-261209-46000-C"}
    assert held < {row["instrument"] for row in rows["trades"]}
    assert held < {row["base"] for row in price_rows(world)}


def test_each_contract_is_priced_once_for_all_that_share_prices() -> None:
    world = make_world()
    names = [row["base"] for row in price_rows(world) if row["kind"] == "mark"]
    assert len(names) == len(set(names))
    assert {name.partition(":")[0] for name in names} == {"binance-usdm", "okx"}
