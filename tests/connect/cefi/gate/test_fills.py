"""Fills read column by column are the facts that the careful parser states, or are left to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.connect.bulk import LARGE
from truenav.connect.cefi.gate.fills import fills
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.money import exact

from .conftest import T, body_of, known_markets, stated

MARKET = known_markets()
ROW = json.loads(body_of("spot-trades"))[-1]


def page(*rows):
    return json.dumps(rows, separators=(",", ":")).encode()


def columns(said, account="spot"):
    request = Request("GET", "https://venue.test", (("account", account),))
    evidence = Evidence(sha256_hex(said), len(said), "gate", "1", "spot-trades/1", "a", request, T, T, 200)
    with exact():
        found = fills(evidence, said, MARKET)
    return None if found is None else tuple(found.facts(evidence))


def careful(said, account="spot"):
    return tuple(stated("spot-trades/1", said, MARKET, account=account).facts)


number = st.builds("{}.{:09d}".format, st.integers(-(10**12), 10**12), st.integers(0, 10**9 - 1))
fees = st.one_of(
    *(
        st.fixed_dictionaries({**dict.fromkeys(("fee", "gt_fee", "point_fee"), st.just("0")), name: told})
        for name, told in (("fee", number), ("gt_fee", st.just("")), ("point_fee", st.just("0.0")))
    )
)
rows = st.builds(
    lambda row, fee: {**row, **fee},
    st.fixed_dictionaries(
        {
            **{name: st.just(one) for name, one in ROW.items()},
            **dict.fromkeys(("amount", "price"), number),
            "deal": number | st.just("0") | st.just(""),
            "id": st.integers(1, 10**18).map(str),
            "side": st.sampled_from(["buy", "sell"]),
            "fee_currency": st.sampled_from(["BTC", "USDT"]),
            "text": st.sampled_from(["t-mm1-1", "t-plain", "apiv4", "-", ""]),
            "create_time_ms": st.builds(
                "{}.{}".format,
                st.integers(10**12, 4 * 10**12),
                st.sampled_from(["071", "071999", "999999999"]),
            ),
        }
    ),
    fees,
)


@settings(max_examples=30)
@given(
    st.lists(rows, min_size=1, max_size=5),
    st.sampled_from(["spot", "margin", "unified"]),
    st.booleans(),
)
def test_both_readings_state_the_same(several, account, dealt):
    said = page(*({name: one for name, one in row.items() if dealt or name != "deal"} for row in several))
    assert len(said) < LARGE  # so that the parser reads it with care
    assert columns(said, account) == careful(said, account)


def test_fields_that_nobody_knows_state_nothing():
    said = page(*({**ROW, "a b": 1, "": [], "__slots__": {}, "other1": None} for _ in range(2)))
    assert columns(said) == careful(said)


def test_a_large_page_is_read_in_columns_with_the_same_facts():
    said = page(*({**ROW, "id": str(n)} for n in range(60)))
    assert len(said) >= LARGE
    assert columns(said) == careful(said)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "1e3"},
        {"side": "bought"},
        {"currency_pair": "NO_SUCH"},
        {"create_time_ms": "1767225605000"},
        {"create_time_ms": "soon"},
        {"fee_currency": ""},
        {"fee_currency": "NOSUCH"},
        {"gt_fee": "1"},
        {"point_fee": "1"},
        {"deal": "1"},
        {"id": 5},
        {"text": None},
        {"more": "1"},
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_parser(change):
    assert columns(page(ROW, {**ROW, **change})) is None


def test_a_key_that_stands_twice_joined_pages_and_an_account_not_noted_are_left_to_it_too():
    for key in (b'"price":"9",', b'"pr\\u0069ce":"9",'):
        assert columns(page(ROW).replace(b'"price":', key + b'"price":')) is None
    odd_keys = [page({**ROW, key: "1"}) for key in ('"', "\\", "\n")]
    for odd in (b"[%b]" % page(ROW), b"[]", page(ROW)[:-9], *odd_keys):
        assert columns(odd) is None
    assert columns(page(ROW), "") is None
