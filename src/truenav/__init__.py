"""truenav: a fund's net asset value that anyone can check.

The names below are loaded when they are first used: the pure functions need no server and no database.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from truenav.app.nav.bundle import Verdict, Verification, verify_bundle
    from truenav.calc.nav.judge import differences
    from truenav.calc.nav.model import NavInputs, NavResult
    from truenav.calc.nav.strike import strike_nav
    from truenav.calc.portfolio.valuation import value_tree
    from truenav.calc.pricing.defaults import default_policy
    from truenav.client import Client
    from truenav.core.canonical import canonical_json, decode, encode
    from truenav.core.facts import Fact
    from truenav.core.failure import Failure, TruenavError
    from truenav.core.money import Amount, Price, exact, parse_decimal

__version__ = "0.1.0"

__all__ = [
    "Amount",
    "Client",
    "Fact",
    "Failure",
    "NavInputs",
    "NavResult",
    "Price",
    "TruenavError",
    "Verdict",
    "Verification",
    "__version__",
    "canonical_json",
    "decode",
    "default_policy",
    "differences",
    "encode",
    "exact",
    "parse_decimal",
    "strike_nav",
    "value_tree",
    "verify_bundle",
]

_HOMES = {
    "truenav.app.nav.bundle": ("Verdict", "Verification", "verify_bundle"),
    "truenav.calc.nav.judge": ("differences",),
    "truenav.calc.nav.model": ("NavInputs", "NavResult"),
    "truenav.calc.nav.strike": ("strike_nav",),
    "truenav.calc.portfolio.valuation": ("value_tree",),
    "truenav.calc.pricing.defaults": ("default_policy",),
    "truenav.client": ("Client",),
    "truenav.core.canonical": ("canonical_json", "decode", "encode"),
    "truenav.core.facts": ("Fact",),
    "truenav.core.failure": ("Failure", "TruenavError"),
    "truenav.core.money": ("Amount", "Price", "exact", "parse_decimal"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'truenav' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
