"""Fills read column by column are the facts that the careful parser states, or are left to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.connect.bulk import LARGE
from truenav.connect.cefi.coinbase.fills import fills
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.money import exact

from .standin import PAYLOADS
from .test_payloads import KNOWN, T0, stated

FUTURE, IN_QUOTE, _, ROW = json.loads((PAYLOADS / "fills.json").read_text())["fills"]


def page(*rows):
    return json.dumps({"fills": rows, "cursor": "c"}, separators=(",", ":")).encode()


def columns(said):
    request = Request("GET", "https://venue.test")
    evidence = Evidence(sha256_hex(said), len(said), "coinbase", "1", "fills/1", "a", request, T0, T0, 200)
    with exact():
        found = fills(evidence, said, KNOWN)
    return None if found is None else tuple(found.facts(evidence))


def careful(said):
    return tuple(stated("fills/1", said, KNOWN).facts)


number = st.builds("{}.{:09d}".format, st.integers(-(10**12), 10**12), st.integers(0, 10**9 - 1))
rows = st.fixed_dictionaries(
    {
        **{name: st.just(one) for name, one in ROW.items()},
        "size": number,
        "price": st.builds("{}.{:09d}".format, st.integers(1, 10**6), st.integers(0, 10**9 - 1)),
        "commission": number | st.just("") | st.just("0"),
        "product_id": st.sampled_from(["BTC-USD", "ETH-USD", "USDC-USD"]),
        "side": st.sampled_from(["BUY", "SELL"]),
        "size_in_quote": st.booleans(),
        "trade_time": st.builds(
            "2026-02-{:02d}T{:02d}:00:59{}{}".format,
            st.integers(1, 28),
            st.integers(0, 23),
            st.sampled_from(["", ".1", ".123", ".123456", ".123456789"]),
            st.sampled_from(["Z", "+00:00", "-05:00"]),
        ),
    }
)


@settings(max_examples=30)
@given(st.lists(rows, min_size=1, max_size=5))
def test_both_readings_state_the_same(several):
    said = page(*several)
    assert len(said) < LARGE  # so that the parser reads it with care
    assert columns(said) == careful(said)


def test_a_large_page_is_read_in_columns_with_the_same_facts():
    said = page(*({**one, "trade_id": f"{n}"} for n, one in enumerate([ROW, IN_QUOTE] * 30)))
    assert len(said) >= LARGE
    assert columns(said) == careful(said)


@pytest.mark.parametrize(
    "change",
    [
        FUTURE,
        {"size": "1e3"},
        {"price": "0"},
        {"side": "buy"},
        {"trade_type": "REVERSAL"},
        {"product_id": "NO-SUCH"},
        {"product_id": "BTC-PERP-INTX"},
        {"trade_time": "2026-02-01T00:00:00"},
        {"trade_time": "2026-02-01"},
        {"trade_time": "0001-01-01T00:00:00Z"},
        {"trade_time": "9999-12-31T23:59:59Z"},
        {"trade_time": "soon"},
        {"size_in_quote": None},
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_parser(change):
    assert columns(page(ROW, {**ROW, **change})) is None


def test_a_key_that_stands_twice_and_joined_pages_are_left_to_it_too():
    for key in (b'"price":"9",', b'"pr\\u0069ce":"9",'):
        assert columns(page(ROW).replace(b'"price":', key + b'"price":')) is None
    for odd in (b"[%b]" % page(ROW), page(), page(ROW)[:-9]):
        assert columns(odd) is None
