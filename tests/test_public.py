"""The names that a notebook uses."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import truenav
from truenav.calc.nav.strike import strike_nav


def test_every_public_name_is_there():
    for name in truenav.__all__:
        assert getattr(truenav, name) is not None, name
    assert set(truenav.__all__) <= set(dir(truenav))
    assert truenav.strike_nav is strike_nav
    assert not hasattr(truenav, "nothing")


def test_importing_truenav_loads_no_server_and_no_numbers():
    heavy = "{'httpx', 'fastapi', 'sqlalchemy', 'polars', 'numpy', 'cryptography'}"
    code = f"import sys, truenav, truenav.client; print(sorted({heavy} & sys.modules.keys()))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_notebook_replays_a_product_without_a_server(tmp_path):
    """FTX's example of a rise and a fall: 10,000, 11,000, 10,000 is -5.45 % at 3x; here with a fee a day."""
    path = tmp_path / "prices.csv"
    path.write_text("date,close\n2022-01-01,10000\n2022-01-02,11000\n2022-01-03,10000\n", "utf-8")
    history = truenav.read_history(path, truenav.Reading(zone="UTC"), now=datetime(2026, 1, 1, tzinfo=UTC))
    product = next(one for one in truenav.read_family("hbtc") if one.id == "BTC3L")
    simulation = truenav.simulate_product(product, history)
    explained = truenav.explain_return(simulation)
    assert round(simulation.nav / Decimal("0.9997") ** 2 - 100, 2) == Decimal("-5.45")
    assert explained.parts.total() == explained.product
    assert [point.nav for point in truenav.nav_path(simulation)][-1] == simulation.nav
    assert truenav.outlook_of(simulation).triggers
    assert "hbtc" in truenav.families()
    assert round(truenav.volatility_decay(Decimal(3), Decimal("0.8"), Decimal(1)), 6) == Decimal("-0.853393")
