"""Fills read column by column are the facts that the careful parser states, or are left to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.connect.bulk import LARGE
from truenav.connect.cefi.hyperliquid.columns import fills
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.money import exact

from .conftest import ADDRESS, NOW, known, saved, stated

MARKET = known()
MARKETS = [one.code for one in MARKET.instruments.instruments.values()]
ROW = next(row for row in saved("fills") if row["coin"] == "BTC")


def page(*rows):
    return json.dumps(rows, separators=(",", ":")).encode()


def columns(said):
    request = Request("POST", "https://venue.test/info", (("user", ADDRESS),))
    evidence = Evidence(
        sha256_hex(said), len(said), "hyperliquid", "1", "fills/1", "a", request, NOW, NOW, 200
    )
    with exact():
        found = fills(evidence, said, MARKET)
    return None if found is None else tuple(found.facts(evidence))


def careful(said):
    return tuple(stated("fills/1", said, MARKET).facts)


number = st.builds("{}.{:09d}".format, st.integers(-(10**12), 10**12), st.integers(0, 10**9 - 1))
rows = st.fixed_dictionaries(
    {
        **{name: st.just(one) for name, one in ROW.items() if name not in ("cloid", "builderFee")},
        **dict.fromkeys(("px", "sz", "closedPnl"), number),
        "fee": number | st.just("0.0"),
        "coin": st.sampled_from(MARKETS),
        "side": st.sampled_from(["A", "B"]),
        **dict.fromkeys(("tid", "oid"), st.integers(1, 10**15)),
        "time": st.integers(1, 4 * 10**12),
        "feeToken": st.sampled_from(["USDC", "HYPE"]),
    },
    optional={"cloid": st.sampled_from(["mm-1", "0x1f"]), "builderFee": st.just("0.01")},
)


@settings(max_examples=30)
@given(st.lists(rows, min_size=1, max_size=5), st.booleans())
def test_both_readings_state_the_same(several, named):
    said = page(*({name: one for name, one in row.items() if named or name != "feeToken"} for row in several))
    assert len(said) < LARGE  # so that the parser reads it with care
    assert columns(said) == careful(said)


def test_a_large_page_is_read_in_columns_with_the_same_facts():
    said = page(*({**ROW, "tid": n, "coin": MARKETS[n % len(MARKETS)]} for n in range(1, 80)))
    assert len(said) >= LARGE
    assert columns(said) == careful(said)


@pytest.mark.parametrize(
    "change",
    [
        {"sz": "1e3"},
        {"side": "buy"},
        {"coin": "NOSUCH"},
        {"coin": "xyz:TSLA"},
        {"coin": "#14730"},
        {"dir": "Settlement"},
        {"tid": 0},
        {"oid": "5"},
        {"time": -1},
        {"time": 10**15},
        {"feeToken": "NOSUCH"},
        {"feeToken": None},
        {"cloid": None},
        {"fee": None},
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_parser(change):
    assert columns(page(ROW, {**ROW, **change})) is None


def test_a_key_that_stands_twice_and_odd_pages_are_left_to_it_too():
    for key in (b'"px":"9",', b'"p\\u0078":"9",'):
        assert columns(page(ROW).replace(b'"px":', key + b'"px":')) is None
    for odd in (b"[%b]" % page(ROW), b"[]", page(ROW)[:-9], b"null"):
        assert columns(odd) is None
