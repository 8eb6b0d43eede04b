"""A page of trades read column by column states what the careful parser states, or is left to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.connect.cefi.deribit.fills import fills
from truenav.connect.cefi.deribit.ledger import PROFITS
from truenav.connect.cefi.deribit.parse import _trades
from truenav.connect.contract import Parsed
from truenav.connect.errors import MalformedPayloadError
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.money import exact

from .test_parse import MARKET, result

T0 = datetime(2025, 11, 29, 12, tzinfo=UTC)
PERPETUAL, _, OPTION, _ = (
    {name: str(one) if name in ("amount", "price", "fee") else one for name, one in row.items()}
    for row in json.loads(json.dumps(result("get_user_trades.json")["trades"], default=float))
)
NUMBERS = ("amount", "price", "fee")


def page(*rows):
    """A page whose numbers are written as they are given."""
    texts = []
    for row in rows:
        plain = json.dumps({name: one for name, one in row.items() if name not in NUMBERS})
        numbers = ", ".join(f'"{name}": {row[name]}' for name in NUMBERS if name in row)
        texts.append(f"{plain[:-1]}, {numbers}}}")
    return f'{{"jsonrpc": "2.0", "result": {{"trades": [{", ".join(texts)}], "has_more": false}}}}'.encode()


def both(body, noted="0.00123"):
    """What the quick reading gives (None: it leaves the page to the other), and what the careful one does."""
    notes = ",".join(f"BTC-{n}={noted}" for n in range(600) if n != 13)
    request = Request("GET", "https://venue.test", ((PROFITS, notes),))
    about = Evidence(sha256_hex(body), len(body), "deribit", "1", "trades/1", "a", request, T0, T0, 200)
    with exact():
        quick = fills(about, body, MARKET)
    return None if quick is None else Parsed(quick.facts(about)), lambda: _trades(about, body, MARKET)


number = st.builds("{}.{:09d}".format, st.integers(-(10**12), 10**12), st.integers(0, 10**9 - 1))
rows = st.fixed_dictionaries(
    {
        **{name: st.just(one) for name, one in PERPETUAL.items()},
        **dict.fromkeys(NUMBERS, number | st.integers(0, 10**9).map(str) | st.just("-2.1e-7")),
        "trade_id": st.integers(500, 599).map("BTC-{}".format),
        "instrument_name": st.sampled_from([one.code for one in MARKET.instruments.instruments.values()]),
        "direction": st.sampled_from(["buy", "sell"]),
        "label": st.sampled_from(["", "mm-1", "plain"]),
        "fee_currency": st.sampled_from(["BTC", "USDC"]),
        "timestamp": st.integers(1, 4 * 10**12),
    }
)


@settings(max_examples=30)
@given(st.lists(rows, min_size=1, max_size=5))
def test_trades_in_columns_are_the_careful_parsers_facts(several):
    quick, careful = both(page(*several))
    assert quick == careful()
    assert [one.content_hash for one in quick.facts] == [one.content_hash for one in careful().facts]


@pytest.mark.parametrize(
    "change",
    [
        {"price": "1e-50"},
        {"price": "1E5"},
        {"price": '"NaN"'},
        {"price": '" 1"'},
        {"price": "1" * 39},
        {"amount": "null"},
        {"amount": "-0." + "1" * 37},
        {"timestamp": -1},
        {"timestamp": "1764428400000"},
        {"timestamp": 10**15},
        {"direction": "zero"},
        {"instrument_name": "BTC-FS-26DEC25_PERP"},
        {"instrument_name": "NOBODY-PERPETUAL"},
        {"instrument_name": "BTC-28NOV25"},
        {"trade_id": "BTC-13"},
        {"trade_id": 501},
        {"fee_currency": "FOO"},
        {"label": None},
        {"legs": [{"price": 1}]},
    ],
)
def test_what_is_not_as_documented_is_left_to_the_careful_parser(change):
    assert both(page(OPTION, PERPETUAL | change))[0] is None


@pytest.mark.parametrize(
    "body",
    [
        page(PERPETUAL).replace(b'"price"', b'"fee": 1, "price"'),
        page(PERPETUAL).replace(b'"fee_currency"', b'"other"'),
        page(PERPETUAL).replace(b'"result"', b'"error": {"code": 1}, "result"'),
        page(PERPETUAL)[:-40],
        b"<html>",
        page(),
    ],
)
def test_a_key_that_stands_twice_or_not_at_all_and_half_a_page_are_left_to_the_careful_parser(body):
    assert both(body)[0] is None


def test_fields_that_state_nothing_may_come_and_go():
    bare = {name: one for name, one in OPTION.items() if name not in ("iv", "underlying_price", "liquidity")}
    quick, careful = both(page(OPTION | {"news": {"any": [1]}}, bare))
    assert quick == careful()


def test_a_profit_that_is_no_number_is_refused():
    quick, careful = both(page(PERPETUAL), noted="much")
    assert quick is None
    with pytest.raises(Exception, match="much"):
        careful()


def test_a_key_twice_is_refused_by_the_careful_parser():
    with pytest.raises(MalformedPayloadError, match="twice"):
        both(page(PERPETUAL).replace(b'"price"', b'"fee": 1, "price"'))[1]()
