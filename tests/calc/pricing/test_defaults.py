"""The policies to start from, on a small market of their own sources."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.calc.pricing.defaults import default_policy, venue_policy
from truenav.calc.pricing.marks import Mark, MarkQuality, Marks, QuoteBook, Subject, select_marks
from truenav.core.asset import (
    BTC,
    BUILTIN_ALIASES,
    BUILTIN_ASSETS,
    CNY,
    ETH,
    EUR,
    GBP,
    HKD,
    JPY,
    SGD,
    USD,
    USDC,
    USDT,
    AssetBook,
)
from truenav.core.canonical import canonical_json, decode, encode
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind
from truenav.core.money import AssetId
from truenav.core.policy import PricingPolicy

MONDAY = datetime(2026, 2, 2, 9, tzinfo=UTC)
FIXED = datetime(2026, 1, 30, 15, tzinfo=UTC)
NOW = MONDAY - timedelta(seconds=5)


def quote(source: str, base: str, counter: AssetId, kind: QuoteKind, price: str, at: datetime = NOW) -> Fact:
    body = Quote(base, counter, kind, Decimal(price))
    return Fact(source, "", f"{base} {counter} {at}", at, body, Sha256("0" * 64))


OPTION = Instrument(InstrumentId("okx:C"), "okx", "C", InstrumentKind.OPTION, BTC, USD, BTC, Decimal("0.01"))
FIXINGS = {USD: "1.25", GBP: "0.8", JPY: "160", CNY: "8", HKD: "10", SGD: "1.6"}
MARKET = [
    *(quote("ecb", EUR, asset, QuoteKind.FIXING, price, FIXED) for asset, price in FIXINGS.items()),
    quote("vendor", USDT, USD, QuoteKind.LAST, "0.9985", NOW - timedelta(hours=9)),
    quote("vendor", USDC, USD, QuoteKind.LAST, "1.0001", NOW - timedelta(hours=9)),
    quote("binance", BTC, USDT, QuoteKind.LAST, "60000"),
    quote("okx", BTC, USDT, QuoteKind.LAST, "60200"),
    quote("binance", ETH, USDT, QuoteKind.LAST, "3000"),
    quote("okx", ETH, USDT, QuoteKind.LAST, "3100"),
    quote("okx", OPTION.id, BTC, QuoteKind.MARK, "0.05"),
]


def marks(policy: PricingPolicy, *subjects: Subject, facts: list[Fact] = MARKET) -> Marks:
    return select_marks(
        subjects,
        QuoteBook(facts),
        policy,
        assets=AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES),
        instruments=InstrumentBook([OPTION]),
        as_of=MONDAY,
    )


def test_every_built_in_asset_is_priced_and_fresh_after_a_weekend() -> None:
    found = marks(default_policy(), *(Subject(asset.id) for asset in BUILTIN_ASSETS))
    assert found.failures == ()
    usd = {asset: found.usd(asset) for asset in (EUR, GBP, JPY, CNY, HKD, SGD, USDT, USDC)}
    assert usd == {
        EUR: Decimal("1.25"),
        GBP: Decimal("1.5625"),
        JPY: Decimal("0.0078125"),
        CNY: Decimal("0.15625"),
        HKD: Decimal("0.125"),
        SGD: Decimal("0.78125"),
        USDT: Decimal("0.9985"),
        USDC: Decimal("1.0001"),
    }


def test_bitcoin_is_half_the_holding_venue_and_half_the_index() -> None:
    found = marks(default_policy(), Subject(BTC), Subject(BTC, "okx"), Subject(BTC, "custodian"))
    assert found.usd(BTC) == found.usd(BTC, "custodian") == 60100 * Decimal("0.9985")
    assert found.usd(BTC, "okx") == 60150 * Decimal("0.9985")


def test_a_venue_far_from_the_index_is_clamped() -> None:
    mark = marks(default_policy(), Subject(ETH, "okx")).of(ETH, "okx")
    assert isinstance(mark, Mark)
    assert (mark.index, mark.clamped_last) == (3050, Decimal("3080.50"))
    assert mark.quality is MarkQuality.FRESH


def test_an_option_is_valued_in_coin_by_its_venue() -> None:
    mark = marks(default_policy(), Subject(OPTION.id)).of(OPTION.id)
    assert isinstance(mark, Mark)
    assert (mark.quote, mark.price) == (BTC, Decimal("0.05"))
    assert mark.price_usd == Decimal("0.05") * 60150 * Decimal("0.9985")


def test_the_venue_policy_takes_the_own_last_price_alone() -> None:
    found = marks(venue_policy(), Subject(BTC, "okx"), Subject(BTC, "binance"), Subject(BTC))
    assert found.usd(BTC, "okx") == 60200 * Decimal("0.9985")
    assert found.usd(BTC, "binance") == 60000 * Decimal("0.9985")
    assert [failure.subject for failure in found.failures] == [BTC]


def test_the_venue_policy_takes_another_stablecoin_at_the_venues_own_market() -> None:
    own = [*MARKET, quote("okx", USDC, USDT, QuoteKind.LAST, "1.001")]
    found = marks(venue_policy(), Subject(USDC, "okx"), facts=own)
    assert found.usd(USDC, "okx") == Decimal("1.001") * Decimal("0.9985")


def test_imported_and_manual_prices_fill_what_no_api_quotes() -> None:
    imported = [quote("file:prices", BTC, USD, QuoteKind.LAST, "59000")]
    manual = [quote("manual", USDT, USD, QuoteKind.MANUAL, "0.99")]
    assert marks(default_policy(), Subject(BTC), facts=imported).usd(BTC) == 59000
    assert marks(default_policy(), Subject(USDT), facts=manual).usd(USDT) == Decimal("0.99")


@pytest.mark.parametrize("policy", [default_policy(), venue_policy()], ids=["default", "venue"])
def test_a_policy_survives_its_canonical_text(policy: PricingPolicy) -> None:
    assert decode(PricingPolicy, encode(policy)) == policy
    assert canonical_json(policy) == canonical_json(decode(PricingPolicy, encode(policy)))
