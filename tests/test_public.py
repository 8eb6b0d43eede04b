"""The names that a notebook uses."""

from __future__ import annotations

import subprocess
import sys

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
