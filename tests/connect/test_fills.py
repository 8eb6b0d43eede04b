"""A page of fills read column by column states what the careful parser states, or is left to it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.connect import registry
from truenav.connect.cefi.binance import parse as binance
from truenav.connect.cefi.binance.fills import spot_trades
from truenav.connect.cefi.okx import parse as okx
from truenav.connect.cefi.okx.fills import fills
from truenav.connect.contract import ParseContext, Parsed
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.reading import TAGS
from truenav.core.asset import BTC, BUILTIN_ALIASES, BUILTIN_ASSETS, USDT, AssetAlias, AssetBook
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind, OptionRight
from truenav.core.money import ONE, exact

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SPOT = Instrument("binance:BTCUSDT", "binance", "BTCUSDT", InstrumentKind.SPOT, BTC, USDT, USDT, ONE)
OKX_SPOT = Instrument("okx:BTC-USDT", "okx", "BTC-USDT", InstrumentKind.SPOT, BTC, USDT, USDT, ONE)
OKX_SWAP = Instrument(
    "okx:BTC-USDT-SWAP",
    "okx",
    "BTC-USDT-SWAP",
    InstrumentKind.PERPETUAL,
    BTC,
    USDT,
    USDT,
    multiplier=Decimal("0.01"),
)
OKX_OPTION = Instrument(
    "okx:BTC-USD-261218-40000-C",
    "okx",
    "BTC-USD-261218-40000-C",
    InstrumentKind.OPTION,
    BTC,
    USDT,
    BTC,
    multiplier=Decimal("0.01"),
    expiry_at=T0,
    strike=Decimal(40000),
    right=OptionRight.CALL,
)
CONTEXT = ParseContext(
    AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook([SPOT, OKX_SPOT, OKX_SWAP, OKX_OPTION])
)
CAREFUL = {
    "binance": binance._parser(binance._spot_trades),
    "okx": okx._parser(okx._fill),
}
QUICK = {"binance": spot_trades, "okx": fills}
ENDPOINTS = {"binance": "spot.trades/1", "okx": "fills/1"}

BINANCE_ROW = {
    "symbol": "BTCUSDT",
    "id": 28457,
    "orderId": 7,
    "orderListId": -1,
    "price": "4.00000100",
    "qty": "12.00000000",
    "quoteQty": "48.000012",
    "commission": "10.10000000",
    "commissionAsset": "BTC",
    "time": 1499865549590,
    "isBuyer": True,
    "isMaker": False,
    "isBestMatch": True,
}
OKX_ROW = {
    "side": "buy",
    "fillSz": "0.00192834",
    "fillPx": "51858",
    "fillPxVol": "",
    "fillFwdPx": "",
    "fee": "-0.00000192834",
    "fillPnl": "0",
    "ordId": "680800019749904384",
    "feeRate": "-0.001",
    "instType": "SPOT",
    "fillPxUsd": "",
    "instId": "BTC-USDT",
    "clOrdId": "",
    "posSide": "net",
    "billId": "680800019754098688",
    "subType": "1",
    "fillMarkVol": "",
    "tag": "",
    "fillTime": "1708587373361",
    "execType": "T",
    "fillIdxPx": "",
    "tradeId": "744876980",
    "fillMarkPx": "",
    "feeCcy": "BTC",
    "ts": "1708587373362",
}
ROWS = {"binance": BINANCE_ROW, "okx": OKX_ROW}


def page(venue, rows):
    return json.dumps(rows if venue == "binance" else {"code": "0", "data": rows, "msg": ""}).encode()


def evidence(venue, body):
    tags = ",".join(f"{number}=mm" for number in range(1, 50))
    request = Request("GET", "https://venue.test", ((TAGS, tags),))
    return Evidence(sha256_hex(body), len(body), venue, "1", ENDPOINTS[venue], "a", request, T0, T0, 200)


def both(venue, body, context=CONTEXT):
    """What the quick reading gives (None: it leaves the page to the other), and what the careful one does."""
    about = evidence(venue, body)
    with exact():
        quick = QUICK[venue](about, body, context)
    return None if quick is None else Parsed(quick.facts(about)), CAREFUL[venue](about, body, context)


whole = st.integers(-(10**12), 10**12).map(str)
number = whole | st.builds("{}.{:09d}".format, whole, st.integers(0, 10**9 - 1))
binance_rows = st.fixed_dictionaries(
    {
        **{name: st.just(value) for name, value in BINANCE_ROW.items()},
        "id": st.integers(0, 10**18),
        "orderId": st.integers(1, 49),
        **dict.fromkeys(("price", "qty", "quoteQty", "commission"), number),
        "commissionAsset": st.sampled_from(["BTC", "USDT"]),
        "time": st.integers(0, 4 * 10**12),
        "isBuyer": st.booleans(),
    }
)
okx_rows = st.fixed_dictionaries(
    {
        **{name: st.just(value) for name, value in OKX_ROW.items()},
        **dict.fromkeys(("fillPx", "fillSz"), number),
        **dict.fromkeys(("fee", "fillPnl"), number | st.just("")),
        "instId": st.sampled_from([OKX_SPOT.code, OKX_SWAP.code, OKX_OPTION.code]),
        "side": st.sampled_from(["buy", "sell"]),
        "tag": st.sampled_from(["", "arb"]),
        "clOrdId": st.sampled_from(["", "mm-1", "plain"]),
        "ts": st.integers(0, 4 * 10**12).map(str),
    }
)


@settings(max_examples=30)
@given(rows=st.lists(binance_rows, min_size=1, max_size=5))
def test_spot_trades_in_columns_are_the_careful_parsers_facts(rows):
    quick, careful = both("binance", page("binance", rows))
    assert quick == careful
    assert [one.content_hash for one in quick.facts] == [one.content_hash for one in careful.facts]


@settings(max_examples=30)
@given(rows=st.lists(okx_rows, min_size=1, max_size=5))
def test_fills_in_columns_are_the_careful_parsers_facts(rows):
    quick, careful = both("okx", page("okx", rows))
    assert quick == careful
    assert [one.content_hash for one in quick.facts] == [one.content_hash for one in careful.facts]


ODD = {
    "binance": [
        {"price": "1e-5"},
        {"price": "+1"},
        {"price": " 1"},
        {"price": 1.5},
        {"price": "1" * 40},
        {"price": "0." + "1" * 39},
        {"id": -0.0},
        {"id": "28457"},
        {"id": -3},
        {"time": -1},
        {"time": 10**15},
        {"isBuyer": "true"},
        {"symbol": "ETHUSDT"},
        {"orderId": 51},
        {"commissionAsset": "FOO"},
        {"more": 1},
        {"isMaker": None},
    ],
    "okx": [
        {"fillPx": "1e-5"},
        {"fillPx": ""},
        {"fillPx": 51858},
        {"ts": ""},
        {"ts": "1.5"},
        {"ts": "9" * 15},
        {"side": "BUY"},
        {"instId": "ETH-USDT"},
        {"feeCcy": "FOO"},
        {"more": ""},
        {"tag": None},
    ],
}


@pytest.mark.parametrize(
    ("venue", "change"), [(venue, change) for venue, changes in ODD.items() for change in changes]
)
def test_what_is_not_as_documented_is_left_to_the_careful_parser(venue, change):
    body = page(venue, [ROWS[venue], {**ROWS[venue], **change}])
    about = evidence(venue, body)
    with exact():
        assert QUICK[venue](about, body, CONTEXT) is None
    try:
        expected = CAREFUL[venue](about, body, CONTEXT)
    except MalformedPayloadError:
        with pytest.raises(MalformedPayloadError):
            registry.parse(about, body, CONTEXT)
    else:
        assert registry.parse(about, body, CONTEXT) == expected


@pytest.mark.parametrize(
    ("venue", "body"),
    [
        ("binance", page("binance", [BINANCE_ROW]).replace(b'"qty"', b'"price": "1", "qty"')),
        ("okx", page("okx", [OKX_ROW]).replace(b'"side"', b'"fee": "1", "side"')),
        ("okx", page("okx", [OKX_ROW]).replace(b'"msg"', b'"code": "0", "msg"')),
        ("okx", page("okx", [OKX_ROW]).replace(b'"code": "0"', b'"code": "50011"')),
        ("binance", b"[]"),
        ("binance", b"<html>"),
        ("binance", page("binance", [BINANCE_ROW])[:-40]),
    ],
)
def test_a_key_that_stands_twice_a_refusal_and_half_a_page_are_left_to_the_careful_parser(venue, body):
    with exact():
        assert QUICK[venue](evidence(venue, body), body, CONTEXT) is None


def test_a_ticker_that_meant_something_else_at_other_times_is_left_to_the_careful_parser():
    aliases = (*BUILTIN_ALIASES, AssetAlias("binance", "BTC", USDT, valid_to=T0))
    context = replace(CONTEXT, assets=AssetBook(BUILTIN_ASSETS, aliases))
    body = page("binance", [BINANCE_ROW])
    quick, careful = both("binance", body, context)
    assert quick is None
    assert careful.facts[0].body.fees[0].asset == USDT
