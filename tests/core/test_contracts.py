"""One option has many names; each is read, or refused, and never guessed."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from truenav.core.asset import BTC, USD, USDC
from truenav.core.contracts import (
    DatedName,
    OptionName,
    UnreadableNameError,
    contract_key,
    dated_name,
    option_name,
    quarter_day,
)
from truenav.core.instrument import Instrument, InstrumentKind, OptionRight, instrument_id

DAY = date(2025, 12, 26)
CALL = OptionName("BTC", "", "", DAY, Decimal(100000), OptionRight.CALL)
OPTION = Instrument(
    id=instrument_id("deribit", "BTC-26DEC25-100000-C"),
    venue="deribit",
    code="BTC-26DEC25-100000-C",
    kind=InstrumentKind.OPTION,
    base=BTC,
    quote=USD,
    settle=BTC,
    multiplier=Decimal(1),
    expiry_at=datetime(2025, 12, 26, 8, tzinfo=UTC),
    strike=Decimal(100000),
    right=OptionRight.CALL,
)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("BTC-26DEC25-100000-C", CALL),
        ("BTC-251226-100000-C", CALL),
        ("BTC-20251226-100000-C", CALL),
        ("C-BTC-100000-261225", CALL),
        ("btc-26dec25-100000-call", CALL),
        ("BTC-26DEC25-100000-C-USDT", replace(CALL, settle="USDT")),
        ("BTC-USD-251226-100000-C", replace(CALL, quote="USD")),
        ("BTC-USD-26DEC25-100000-C", replace(CALL, quote="USD")),
        ("BTC_USDT-20251226-100000-C", replace(CALL, quote="USDT")),
        ("BTC/USD:BTC-251226-100000-C", replace(CALL, quote="USD", settle="BTC")),
        (
            "BTC_USDC-5DEC25-100000-P",
            OptionName("BTC", "USDC", "", date(2025, 12, 5), Decimal(100000), OptionRight.PUT),
        ),
        ("XRP_USDC-26DEC25-0d55-P", OptionName("XRP", "USDC", "", DAY, Decimal("0.55"), OptionRight.PUT)),
        ("DOGE-251226-0.075-P", OptionName("DOGE", "", "", DAY, Decimal("0.075"), OptionRight.PUT)),
    ],
)
def test_each_venues_way_of_writing_is_read(name, read):
    assert option_name(name) == read


@pytest.mark.parametrize(
    "name",
    [
        "",
        "BTC-PERPETUAL",
        "BTC-USDT-SWAP",
        "BTC-26DEC25",
        "BTC-31NOV25-100000-C",
        "BTC-26DES25-100000-C",
        "BTC-251326-100000-C",
        "BTC-26DEC25--100000-C",
        "BTC-26DEC25-1e5-C",
        "BTC-26DEC25-100000-X",
        "\u0412TC-26DEC25-100000-C",
        "BTC-26DEC25-\u0661\u0662-C",
        "BTC-USD-EUR-26DEC25-100000-C",
    ],
)
def test_what_is_no_options_name_is_refused(name):
    with pytest.raises(UnreadableNameError, match="BTC-26DEC25"):
        option_name(name)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("BTC-26DEC25", "BTC"),
        ("BTC_USDC-26DEC25", "BTC_USDC"),
        ("BTCUSDT-26DEC25", "BTCUSDT"),
        ("BTC-USD-251226", "BTC-USD"),
        ("BTCUSD_251226", "BTCUSD"),
        ("BTC_USDT-20251226", "BTC_USDT"),
    ],
)
def test_a_dated_futures_name_tells_its_family_and_day(name, family):
    assert dated_name(name) == DatedName(family, DAY)


@pytest.mark.parametrize(
    "name", ["BTCUSDT", "BTC-PERPETUAL", "BTCUSD_PERP", "BTC-31NOV25", "BTC_USDC", "251226"]
)
def test_what_has_no_day_is_no_dated_name(name):
    assert dated_name(name) is None


def test_one_contract_on_two_venues_has_one_key():
    at_okx = replace(
        OPTION,
        id=instrument_id("okx", "BTC-USD-251226-100000-C"),
        venue="okx",
        code="BTC-USD-251226-100000-C",
        multiplier=Decimal("0.01"),
        strike=Decimal("1.00000E+5"),
    )
    assert contract_key(at_okx) == contract_key(OPTION)


@pytest.mark.parametrize(
    "other",
    [
        replace(OPTION, right=OptionRight.PUT),
        replace(OPTION, strike=Decimal(100001)),
        replace(OPTION, settle=USDC),
        replace(OPTION, quote=USDC),
        replace(OPTION, expiry_at=datetime(2025, 12, 26, 9, tzinfo=UTC)),
        replace(OPTION, kind=InstrumentKind.FUTURE, strike=None, right=None),
        replace(OPTION, inverse=True),
    ],
)
def test_what_pays_otherwise_is_another_contract(other):
    assert contract_key(other) != contract_key(OPTION)


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("H26", date(2026, 3, 27)),
        ("M24", date(2024, 6, 28)),
        ("U25", date(2025, 9, 26)),
        ("Z25", DAY),
        ("Z27", date(2027, 12, 31)),
        ("F26", None),
        ("H2026", None),
        ("", None),
    ],
)
def test_a_quarter_is_named_by_its_last_month_and_ends_on_a_friday(code, day):
    assert quarter_day(code) == day
