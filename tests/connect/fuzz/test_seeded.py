"""A few hundred wrong inputs on every run; the long search is in the nightly tier."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import pytest

from .corpus import files as good_files
from .corpus import fuzzed, payloads, sealed, seed
from .judge import judge_file, judge_layout, judge_payload, layout_names
from .mutate import changed, document_changed, table_changed

CASES = int(os.environ.get("TRUENAV_FUZZ_CASES", "12"))
"""Wrong inputs for each connector."""

FOUND = (
    ("fix", "fix.execution/1", b"8=FIX.4.4\x019=14\x0135=8\x013x7=o1\x01\x0110=000\x01"),
    ("hyperliquid", "dexes/1", b"[]"),
    ("binance", "portfolio.balances/1", b"[[]]"),
    ("binance", "portfolio.positions/1", b"[[],[],[]]"),
)
"""Inputs by which the search once broke a parser."""


@pytest.mark.parametrize(("connector", "endpoint", "body"), FOUND)
def test_what_was_found_once_stays_refused(connector: str, endpoint: str, body: bytes) -> None:
    judge_payload(connector, endpoint, sealed(connector, body))


@pytest.mark.parametrize("connector", fuzzed())
def test_what_a_venue_says_wrongly_never_leaves_our_errors(connector: str) -> None:
    rng = random.Random(f"seeded {connector}")
    for number in range(CASES):
        good = seed(connector, rng.choice(payloads(connector)))
        body = sealed(connector, changed(good.body, rng, document_changed))
        try:
            judge_payload(connector, good.endpoint, body)
        except Exception as error:
            pytest.fail(f"{connector} {good.endpoint}, case {number}: {error!r}; see {_kept(body)}")


def test_a_file_that_is_wrong_never_leaves_our_errors() -> None:
    rng = random.Random("seeded files")
    for number in range(CASES):
        name, data = rng.choice([one for one in good_files() if len(one[1]) < 5_000])
        body = changed(data, rng, table_changed)
        try:
            judge_file(name, body)
            judge_layout(rng.choice(layout_names()), body)
        except Exception as error:
            pytest.fail(f"{name}, case {number}: {error!r}; see {_kept(body)}")


def _kept(body: bytes) -> Path:
    """Where the input was written, so that it can be tried again."""
    with tempfile.NamedTemporaryFile(prefix="truenav-fuzz-", delete=False) as file:
        file.write(body)
    return Path(file.name)
