"""COIN-M at the simulated Binance: contracts that a scenario lists, in a wallet of their own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from truenav.core.failure import TruenavError
from truenav.simulator.contracts import funding_payment
from truenav.simulator.export import price_rows, statement_rows
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World

from .conftest import SCENARIO

LIVE = date(2026, 11, 21)
CONTRACT = """
[[instruments]]
venue = "binance"
instrument = "{name}"
kind = "swap"
base = "BTC"
quote = "USD"
settle = "BTC"
contract_value = "{dollars}"
multiplier = "1"
tick = "0.1"
lot = "1"
"""
WORLD = """
name = "coins"
market = "{market}"
inception = "2023-12-02T00:00:00Z"
live_after = "9d"
[venues.binance]
dialect = "binance"
[[accounts]]
id = "a"
venue = "binance"
events = [
  {{ at = "+0d01:00", deposit = "5 BTC" }},
  {{ at = "+0d01:01", transfer = "2 BTC", from = "spot", to = "coinm" }},
  {{ at = "+0d02:00", buy = "100", instrument = "BTC-USD-SWAP", fee_rate = "0.0005" }},
]
"""


def world(folder: Path, contract: str) -> World:
    path = folder / "scenario.toml"
    path.write_text(WORLD.format(market=SCENARIO.parent / "market") + contract, encoding="utf-8")
    return World.load(path, LIVE, VirtualClock(datetime(2026, 11, 21, tzinfo=UTC)))


def test_an_inverse_contract_is_settled_in_the_wallet_of_its_coin(tmp_path: Path) -> None:
    place = world(tmp_path, CONTRACT.format(name="BTC-USD-SWAP", dollars="100"))
    at = place.inception + timedelta(hours=8)
    books = place.books("a", at)
    position = books.positions["BTC-USD-SWAP"]
    fee = (Decimal(10_000) / position.entry * Decimal("0.0005")).quantize(Decimal("1e-8"))
    mark = place.market.price("binance", "BTC-USD-SWAP", at)
    rate = place.market.funding_rate("binance", "BTC-USD-SWAP", at)
    assert rate is not None
    assert books.balance("coinm", "BTC") == 2 - fee + funding_payment(position, mark, rate.number)
    (row,) = statement_rows(place, "a")["positions"]
    assert (row["wallet"], row["instrument"]) == ("coinm", "binance-coinm:BTCUSD_PERP")
    assert "binance-coinm:BTCUSD_PERP" in {row["base"] for row in price_rows(place)}


@pytest.mark.parametrize(
    ("contract", "told"),
    [
        ("", "lists no instrument"),
        (CONTRACT.format(name="XRP-USD-SWAP", dollars="10"), "no prices"),
        (CONTRACT.format(name="BTC-USD-SWAP", dollars="a hundred"), "malformed"),
        ('[[instruments]]\nvenue = "binance"\n', "malformed"),
    ],
)
def test_a_contract_that_nothing_describes_or_prices_is_refused(
    tmp_path: Path, contract: str, told: str
) -> None:
    with pytest.raises(TruenavError, match=told):
        world(tmp_path, contract)
