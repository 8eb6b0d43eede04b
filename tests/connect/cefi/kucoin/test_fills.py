"""Fills read column by column are the facts that the careful parser states, or are left to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.connect.bulk import LARGE
from truenav.connect.cefi.kucoin.fills import fills
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.money import exact

from .conftest import T, body_of, known_markets, stated

MARKET = known_markets()
ROW = json.loads(body_of("fills"))["data"]["items"][-1]


def page(*rows, code="200000"):
    return json.dumps({"code": code, "data": {"items": rows, "lastId": 41}}, separators=(",", ":")).encode()


def columns(said, kind="TRADE"):
    request = Request("GET", "https://venue.test", (("tradeType", kind),))
    evidence = Evidence(sha256_hex(said), len(said), "kucoin", "1", "fills/1", "a", request, T, T, 200)
    with exact():
        found = fills(evidence, said, MARKET)
    return None if found is None else tuple(found.facts(evidence))


def careful(said, kind="TRADE"):
    return tuple(stated("fills/1", said, MARKET, tradeType=kind).facts)


number = st.builds("{}.{:09d}".format, st.integers(-(10**12), 10**12), st.integers(0, 10**9 - 1))
rows = st.fixed_dictionaries(
    {
        **{name: st.just(one) for name, one in ROW.items()},
        **dict.fromkeys(("price", "size", "funds"), number),
        "fee": number | st.just("") | st.just("0"),
        "tradeId": st.integers(1, 10**17) | st.integers(1, 10**17).map(str),
        "side": st.sampled_from(["buy", "sell"]),
        "feeCurrency": st.sampled_from(["BTC", "XBT", "USDT", ""]),
        "createdAt": st.integers(1, 4 * 10**12),
    }
)


@settings(max_examples=30)
@given(
    st.lists(rows, min_size=1, max_size=5),
    st.sampled_from(["", "TRADE", "MARGIN_TRADE", "MARGIN_ISOLATED_TRADE"]),
    st.booleans(),
)
def test_both_readings_state_the_same(several, kind, taxed):
    said = page(*({name: one for name, one in row.items() if taxed or name != "tax"} for row in several))
    assert len(said) < LARGE  # so that the parser reads it with care
    assert columns(said, kind) == careful(said, kind)


def test_a_large_page_is_read_in_columns_with_the_same_facts():
    said = page(*({**ROW, "tradeId": n} for n in range(1, 61)))
    assert len(said) >= LARGE
    assert columns(said) == careful(said)


@pytest.mark.parametrize(
    "change",
    [
        {"size": "1e3"},
        {"side": "bought"},
        {"symbol": "NO-SUCH"},
        {"createdAt": "1767225641000"},
        {"createdAt": -0.0},
        {"createdAt": 10**15},
        {"tradeId": -1},
        {"feeCurrency": "NOSUCH"},
        {"tax": "1"},
        {"tax": None},
        {"funds": None},
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_parser(change):
    assert columns(page(ROW, {**ROW, **change})) is None


def test_keys_that_stand_twice_refusals_joined_pages_and_unknown_kinds_are_left_to_it_too():
    for key in (b'"price":"9",', b'"pr\\u0069ce":"9",'):
        assert columns(page(ROW).replace(b'"price":', key + b'"price":')) is None
    for odd in (b"[%b]" % page(ROW), page(), page(ROW)[:-9], page(ROW, code="400100")):
        assert columns(odd) is None
    assert columns(page(ROW), "OTHER") is None
