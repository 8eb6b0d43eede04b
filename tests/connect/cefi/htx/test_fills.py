"""Fills read column by column are the facts that the careful parser states, or are left to it."""

from __future__ import annotations

import json

import pytest

from truenav.connect.bulk import LARGE
from truenav.connect.cefi.htx import fills as bulk
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.money import exact

from .conftest import T0, body, market, stated


def page(count=2, **changes):
    """A page of fills as documented; ``changes`` are of the second."""
    document = json.loads(body("spot-fills"))
    row = document["data"][4]
    rows = [{**row, "id": 100 + n, "type": "sell-limit" if n % 3 else "buy-limit"} for n in range(count)]
    rows[1] |= {name.replace("_", "-"): value for name, value in changes.items()}
    return json.dumps({**document, "data": rows}, separators=(",", ":")).encode()


def columns(said):
    request = Request("GET", "https://venue.test")
    evidence = Evidence(sha256_hex(said), len(said), "htx", "1", "spot.fills/1", "a", request, T0, T0, 200)
    with exact():
        found = bulk.fills(evidence, said, market())
    return None if found is None else tuple(found.facts(evidence))


@pytest.mark.parametrize("changes", [{}, {"filled_fees": "0"}, {"filled_fees": "-0.25"}, {"source": "api"}])
def test_both_readings_state_the_same(changes):
    said = page(**changes)
    assert len(said) < LARGE  # so that it is read with care
    assert columns(said) == tuple(stated("spot.fills/1", said, market()).facts)


def test_a_large_page_is_read_in_columns_with_the_same_facts():
    said = page(100)
    assert len(said) >= LARGE
    assert columns(said) == tuple(stated("spot.fills/1", said, market()).facts)


@pytest.mark.parametrize(
    "changes",
    [
        {"filled_amount": "1e3"},
        {"type": "burn-limit"},
        {"symbol": "nosuch"},
        {"created_at": -1},
        {"created_at": "soon"},
        {"source": "super-margin-api"},
        {"source": "fl-sys"},
        {"fee_currency": "ht"},
        {"filled_points": "2.5"},
        {"fee_deduct_state": "ongoing"},
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_parser(changes):
    assert columns(page(**changes)) is None


def test_a_key_that_stands_twice_and_a_refusal_are_left_to_the_careful_parser():
    assert columns(page().replace(b'"price":', b'"price":"9","price":', 1)) is None
    assert columns(page().replace(b'"ok"', b'"error"')) is None
