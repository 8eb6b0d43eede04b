"""Maintenance margin in steps, and what happens to an account that has too little."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from truenav.core.failure import TruenavError
from truenav.simulator.entry import RefusedError
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import exact
from truenav.simulator.orders import Terms
from truenav.simulator.scenario import TierTerms
from truenav.simulator.tiers import Tiers, ladder
from truenav.simulator.world import World

from .conftest import make_world
from .trading import account, trading_world

D = Decimal
STEPS = [(D(0), D("0.004"), D(125)), (D(50_000), D("0.005"), D(100)), (D(600_000), D("0.0065"), D(75))]


def linear(world: World, venue: str) -> Instrument:
    return world.market.instrument(venue, "BTC-USDT-SWAP")


def test_deductions_make_the_steps_continuous() -> None:
    """Against the venue's published brackets of October 2024: 0, 50, 950 USDT."""
    tiers = ladder(STEPS)
    assert [tier.deduction for tier in tiers] == [0, 50, 950]
    for below, above in pairwise(tiers):
        assert below.cap * below.rate - below.deduction == above.floor * above.rate - above.deduction


def test_each_venue_measures_in_its_own_way(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    own = Tiers([TierTerms("binance", "BTC-USDT-SWAP", *step) for step in STEPS])
    with exact():
        perp = linear(world, "binance")
        assert own.maintenance("binance", perp, D(-20), D(40_000)) == 800_000 * D("0.0065") - 950
        okx = linear(world, "okx")
        tenfold = world.tiers.maintenance("okx", okx, D(200) / okx.multiplier, D(40_000))
        assert tenfold == 8_000_000 * D("0.005"), "all of it at the rate of its step"
        inverse = world.market.instrument("okx", "BTC-USD-SWAP")
        contracts = D(4_000_000) / inverse.multiplier
        assert world.tiers.maintenance("deribit", inverse, contracts, D(40_000)) == 100 * D("0.015")


@pytest.mark.parametrize(
    ("name", "floor", "told"),
    [
        (
            "BTC-USDT-SWAP",
            "100000",
            'tiers of binance BTC-USDT-SWAP: the lowest step must have the floor "0"',
        ),
        ("BTCUSDT", "0", "binance lists no instrument 'BTCUSDT'"),
    ],
)
def test_a_table_that_says_nothing_of_small_positions_or_of_no_contract_is_refused(
    name: str, floor: str, told: str, tmp_path: Path
) -> None:
    step = f'venue = "binance"\ninstrument = "{name}"\nfloor = "{floor}"\nrate = "0.5"\nleverage = "2"\n'
    with pytest.raises(TruenavError, match=told):
        trading_world(tmp_path, accounts=f"{account('binance', 'a')}[[tiers]]\n{step}")


def test_an_account_that_lost_its_margin_is_brought_down_step_by_step(tmp_path: Path) -> None:
    short = (
        'tag = "s", price = "38600", fee_rate = "0", instrument = "BTC-USDT-SWAP", sell = "SIZE", '
        'at = "+0d02:00"'
    )
    for venue, size in (("binance", "170"), ("okx", "30000"), ("bybit", "300")):
        held = account(venue, venue).replace("\n]\n", f",\n{{ {short.replace('SIZE', size)} }}\n]\n")
        folder = tmp_path / venue
        folder.mkdir()
        world = trading_world(folder, accounts=held)
        books = world.books(venue, world.inception + timedelta(days=9))
        forced = [fill for fill in books.fills if fill.forced]
        assert forced, venue
        assert all(fill.side == "buy" for fill in forced)
        prices = [world.market.price(venue, "BTC-USDT-SWAP", fill.at) for fill in forced]
        assert [fill.price for fill in forced] == prices
        if venue == "binance":
            assert "BTC-USDT-SWAP" not in books.positions
            assert len(forced) > 1
            assert books.orders[forced[0].order_id].terms.client_id.startswith("autoclose-")
        unforced = sum((entry.amount for entry in books.entries if entry.asset == "USDT"), D(0))
        assert unforced == sum(
            (books.balance(wallet, "USDT") for wallet, asset in books.balances if asset == "USDT"), D(0)
        )


def test_nobody_opens_more_than_the_step_allows_at_the_leverage_in_use(tmp_path: Path) -> None:
    rich = account("okx", "okx").replace('"1000000 USDT"', '"900000000 USDT"').replace("500000", "800000000")
    world = trading_world(tmp_path, accounts=rich)
    size = 70_000 / linear(world, "okx").multiplier
    with pytest.raises(RefusedError, match="limit"):
        world.place("okx", Terms("BTC-USDT-SWAP", "buy", size))


def test_nobody_in_the_demo_fund_is_liquidated() -> None:
    world = make_world()
    for name in world.scenario.accounts:
        assert not any(fill.forced for fill in world.books(name).fills)
