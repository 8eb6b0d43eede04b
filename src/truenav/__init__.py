"""truenav: a fund's net asset value that anyone can check.

The names below are loaded when they are first used: the pure functions need no server and no database.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from truenav.app.proof.verify import Verdict, Verification, verify_bundle
    from truenav.calc.etp.engine.history import History
    from truenav.calc.etp.engine.many_paths import Path as PricePath
    from truenav.calc.etp.engine.simulate import simulate as simulate_product
    from truenav.calc.etp.engine.simulate_many import simulate_many
    from truenav.calc.etp.explain.attribution import explain as explain_return
    from truenav.calc.etp.explain.decay import decay as volatility_decay
    from truenav.calc.etp.explain.outlook import outlook_of
    from truenav.calc.etp.explain.path import nav_path
    from truenav.calc.nav.judge import differences
    from truenav.calc.nav.model import NavInputs, NavResult
    from truenav.calc.nav.strike import strike_nav
    from truenav.calc.portfolio.valuation import value_tree
    from truenav.calc.pricing.defaults import default_policy
    from truenav.client import Client
    from truenav.connect.products.marks import Reading, read_history
    from truenav.connect.products.rules import families, read_family, read_products
    from truenav.core.canonical import canonical_json, decode, encode
    from truenav.core.facts import Fact
    from truenav.core.failure import Failure, TruenavError
    from truenav.core.money import Amount, Price, exact, parse_decimal
    from truenav.core.product import Product

__version__ = "0.1.0"

__all__ = [
    "Amount",
    "Client",
    "Fact",
    "Failure",
    "History",
    "NavInputs",
    "NavResult",
    "Price",
    "PricePath",
    "Product",
    "Reading",
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
    "explain_return",
    "families",
    "nav_path",
    "outlook_of",
    "parse_decimal",
    "read_family",
    "read_history",
    "read_products",
    "simulate_many",
    "simulate_product",
    "strike_nav",
    "value_tree",
    "verify_bundle",
    "volatility_decay",
]

_HOMES = {
    "truenav.app.proof.verify": ("Verdict", "Verification", "verify_bundle"),
    "truenav.calc.etp.engine.history": ("History",),
    "truenav.calc.etp.explain.outlook": ("outlook_of",),
    "truenav.calc.etp.explain.path": ("nav_path",),
    "truenav.calc.etp.engine.simulate_many": ("simulate_many",),
    "truenav.calc.nav.judge": ("differences",),
    "truenav.calc.nav.model": ("NavInputs", "NavResult"),
    "truenav.calc.nav.strike": ("strike_nav",),
    "truenav.calc.portfolio.valuation": ("value_tree",),
    "truenav.calc.pricing.defaults": ("default_policy",),
    "truenav.client": ("Client",),
    "truenav.connect.products.marks": ("Reading", "read_history"),
    "truenav.connect.products.rules": ("families", "read_family", "read_products"),
    "truenav.core.canonical": ("canonical_json", "decode", "encode"),
    "truenav.core.facts": ("Fact",),
    "truenav.core.failure": ("Failure", "TruenavError"),
    "truenav.core.money": ("Amount", "Price", "exact", "parse_decimal"),
    "truenav.core.product": ("Product",),
}

_LONGER_NAMES = {
    "PricePath": ("truenav.calc.etp.engine.many_paths", "Path"),
    "explain_return": ("truenav.calc.etp.explain.attribution", "explain"),
    "simulate_product": ("truenav.calc.etp.engine.simulate", "simulate"),
    "volatility_decay": ("truenav.calc.etp.explain.decay", "decay"),
}
"""What has a name that says enough only in its own module."""


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    if name in _LONGER_NAMES:
        home, shorter = _LONGER_NAMES[name]
        return getattr(importlib.import_module(home), shorter)
    raise AttributeError(f"module 'truenav' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
