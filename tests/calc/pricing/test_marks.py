"""Which price becomes the mark: waterfall, age, path to USD, blend with an index, refusals."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.pricing.marks import Mark, MarkOrigin, MarkQuality, Marks, Subject, select_marks
from truenav.calc.pricing.quotes import QuoteBook
from truenav.calc.pricing.rules import PricingPolicyError
from truenav.core.asset import BTC, BUILTIN_ALIASES, BUILTIN_ASSETS, ETH, EUR, JPY, USD, USDC, USDT, AssetBook
from truenav.core.canonical import sha256_hex
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind, OptionRight
from truenav.core.money import AssetId
from truenav.core.policy import OWN_QUOTE, OWN_VENUE, IndexDefinition, PriceSource, PricingPolicy, PricingRule

AS_OF = datetime(2026, 1, 31, 12, tzinfo=UTC)
LAST, MARK, FIXING, MANUAL, INDEX = (
    QuoteKind.LAST,
    QuoteKind.MARK,
    QuoteKind.FIXING,
    QuoteKind.MANUAL,
    QuoteKind.INDEX,
)
ASSETS = AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES)
PERP = Instrument(
    InstrumentId("okx:BTC-USDT-SWAP"),
    "okx",
    "BTC-USDT-SWAP",
    InstrumentKind.PERPETUAL,
    BTC,
    USDT,
    USDT,
    Decimal(1),
)
INVERSE = Instrument(
    InstrumentId("okx:BTC-USD-SWAP"),
    "okx",
    "BTC-USD-SWAP",
    InstrumentKind.PERPETUAL,
    BTC,
    USD,
    BTC,
    Decimal(100),
    inverse=True,
)
OPTION = Instrument(
    InstrumentId("okx:BTC-C"),
    "okx",
    "BTC-C",
    InstrumentKind.OPTION,
    BTC,
    USD,
    BTC,
    Decimal("0.01"),
    strike=Decimal(60000),
    right=OptionRight.CALL,
)
INSTRUMENTS = InstrumentBook([PERP, INVERSE, OPTION])


def evidence(name: str) -> Sha256:
    return Sha256(sha256_hex(name.encode()))


def quote(
    source: str,
    base: str,
    counter: AssetId,
    kind: QuoteKind,
    price: str,
    *,
    age: float = 0,
    volume: str | None = None,
) -> Fact:
    body = Quote(
        base, counter, kind, Decimal(price), None if volume is None else Decimal(volume), reason="test"
    )
    name = f"{source} {base} {counter} {kind} {price} {age}"
    return Fact(source, "", name, AS_OF - timedelta(seconds=age), body, evidence(name))


USDT_USD = quote("vendor", USDT, USD, LAST, "0.9985")


def source(
    name: str, kind: QuoteKind = LAST, counter: AssetId = USD, *, inverted: bool = False
) -> PriceSource:
    return PriceSource(name, kind, counter, inverted)


def rule(
    applies_to: str,
    *waterfall: PriceSource,
    weight: str = "1",
    clamp: str = "0",
    index: str | None = None,
) -> PricingRule:
    """Stale after 60 s, unusable after 600 s."""
    return PricingRule(applies_to, waterfall, 60, 600, Decimal(weight), Decimal(clamp), index)


USDT_RULE = rule(f"asset:{USDT}", source("vendor"))


def btc_index(*venues: str, counter: AssetId = USDT) -> IndexDefinition:
    return IndexDefinition(
        "BTC", BTC, counter, tuple(source(venue, LAST, counter) for venue in venues), Decimal("0.05"), 60
    )


def policy(*rules: PricingRule, indices: Iterable[IndexDefinition] = ()) -> PricingPolicy:
    return PricingPolicy("test", rules, tuple(indices))


def marks_of(
    facts: Iterable[Fact], pricing: PricingPolicy, *subjects: Subject, as_of: datetime = AS_OF
) -> Marks:
    return select_marks(
        subjects, QuoteBook(facts), pricing, assets=ASSETS, instruments=INSTRUMENTS, as_of=as_of
    )


def mark_of(
    facts: Iterable[Fact], pricing: PricingPolicy, subject: str, venue: str | None = None
) -> Mark | Failure:
    return marks_of(facts, pricing, Subject(subject, venue)).of(subject, venue)


def priced(facts: Iterable[Fact], pricing: PricingPolicy, subject: str, venue: str | None = None) -> Mark:
    mark = mark_of(facts, pricing, subject, venue)
    assert isinstance(mark, Mark), mark
    return mark


def unpriced(
    facts: Iterable[Fact], pricing: PricingPolicy, subject: str, venue: str | None = None
) -> Failure:
    failure = mark_of(facts, pricing, subject, venue)
    assert isinstance(failure, Failure), failure
    return failure


# Which source


def test_usd_is_one_without_a_quote_or_a_rule() -> None:
    mark = priced([], policy(), USD)
    assert (mark.price_usd, mark.quality, mark.evidence) == (1, MarkQuality.FRESH, ())


def test_the_first_fresh_source_of_the_waterfall_wins() -> None:
    pricing = policy(rule("*", source("a"), source("b")))
    both = [quote("a", BTC, USD, LAST, "100", age=60), quote("b", BTC, USD, LAST, "200")]
    assert priced(both, pricing, BTC).price == 100
    late = [quote("a", BTC, USD, LAST, "100", age=61), quote("b", BTC, USD, LAST, "200")]
    mark = priced(late, pricing, BTC)
    assert (mark.price, mark.source, mark.quality) == (200, "b", MarkQuality.FRESH)


def test_if_all_are_stale_the_freshest_is_used_and_flagged() -> None:
    pricing = policy(rule("*", source("a"), source("b"), source("c")))
    facts = [
        quote("a", BTC, USD, LAST, "100", age=300),
        quote("b", BTC, USD, LAST, "200", age=100),
        quote("c", BTC, USD, LAST, "300", age=100),
    ]
    marks = marks_of(facts, pricing, Subject(BTC))
    mark = marks.of(BTC)
    assert isinstance(mark, Mark)
    assert (mark.price, mark.quality) == (200, MarkQuality.STALE)
    (note,) = marks.failures
    assert (note.kind, note.subject, note.blocking) == (FailureKind.PRICE_STALE, BTC, False)
    assert note.since_at == AS_OF - timedelta(seconds=100)


def test_beyond_the_unusable_age_a_quote_is_as_good_as_none() -> None:
    pricing = policy(rule("*", source("a")))
    assert priced([quote("a", BTC, USD, LAST, "1", age=600)], pricing, BTC).quality is MarkQuality.STALE
    assert (
        "no usable quote" in unpriced([quote("a", BTC, USD, LAST, "1", age=600.000001)], pricing, BTC).message
    )


def test_a_quote_from_after_the_valuation_is_not_known_yet() -> None:
    facts = [quote("a", BTC, USD, LAST, "1", age=1), quote("a", BTC, USD, LAST, "2", age=-1)]
    assert priced(facts, policy(rule("*", source("a"))), BTC).price == 1


def test_nothing_quoted_is_unpriced_and_never_zero() -> None:
    marks = marks_of([], policy(rule("*", source("a"))), Subject(BTC, "okx"))
    failure = marks.usd(BTC, "okx")
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.subject, failure.blocking) == (FailureKind.UNPRICED, BTC, True)
    assert marks.failures == (failure,)


def test_without_a_rule_a_thing_is_unpriced() -> None:
    facts = [quote("a", BTC, USD, LAST, "1")]
    assert "no rule" in unpriced(facts, policy(rule(f"asset:{ETH}", source("a"))), BTC).message


def test_what_was_not_asked_for_is_a_failure_not_an_error() -> None:
    assert isinstance(marks_of([], policy(rule("*", source("a")))).usd(ETH), Failure)


@pytest.mark.parametrize("price", ["0", "-1"])
def test_a_price_that_is_not_positive_is_refused_with_a_note(price: str) -> None:
    pricing = policy(rule("*", source("a"), source("b")))
    facts = [quote("a", BTC, USD, LAST, price), quote("b", BTC, USD, LAST, "7")]
    marks = marks_of(facts, pricing, Subject(BTC))
    assert marks.usd(BTC) == 7
    assert [(note.kind, note.blocking) for note in marks.failures] == [(FailureKind.PRICE_CONFLICT, False)]
    assert unpriced(facts[:1], pricing, BTC).kind is FailureKind.UNPRICED


def test_an_option_may_be_worthless_but_not_negative() -> None:
    pricing = policy(rule("contract:option", source(OWN_VENUE, MARK, OWN_QUOTE)), rule("*", source("v")))
    btc = quote("v", BTC, USD, LAST, "60000")
    assert priced([btc, quote("okx", OPTION.id, BTC, MARK, "0")], pricing, OPTION.id).price_usd == 0
    unpriced([btc, quote("okx", OPTION.id, BTC, MARK, "-0.1")], pricing, OPTION.id)


def test_the_own_venue_is_that_of_the_account_or_of_the_contract() -> None:
    pricing = policy(
        rule("contract:perpetual", source(OWN_VENUE, MARK, OWN_QUOTE)),
        USDT_RULE,
        rule("*", source(OWN_VENUE, LAST, USDT)),
    )
    facts = [
        USDT_USD,
        quote("okx", BTC, USDT, LAST, "100"),
        quote("binance", BTC, USDT, LAST, "200"),
        quote("okx", PERP.id, USDT, MARK, "300"),
    ]
    assert priced(facts, pricing, BTC, "okx").price == 100
    assert priced(facts, pricing, BTC, "binance").price == 200
    assert priced(facts, pricing, PERP.id, "binance").price == 300
    assert priced(facts, pricing, PERP.id).price == 300
    unpriced(facts, pricing, BTC)


def test_a_contract_brings_the_assets_that_value_it() -> None:
    pricing = policy(
        rule("contract:perpetual", source(OWN_VENUE, MARK, OWN_QUOTE)), rule("*", source(OWN_VENUE))
    )
    facts = [quote("okx", INVERSE.id, USD, MARK, "60000"), quote("okx", BTC, USD, LAST, "59990")]
    marks = marks_of(facts, pricing, Subject(INVERSE.id))
    assert marks.usd(BTC, "okx") == 59990
    without = marks_of(facts[:1], pricing, Subject(INVERSE.id))
    assert isinstance(without.of(INVERSE.id), Mark)
    assert [failure.subject for failure in without.failures] == [BTC]


def test_the_kind_of_an_asset_or_contract_selects_the_rule_in_order() -> None:
    pricing = policy(
        rule(f"asset:{USDC}", source("first")),
        rule("kind:stablecoin", source("second")),
        rule("*", source("third")),
    )
    facts = [
        quote(name, asset, USD, LAST, price)
        for asset in (USDC, USDT, BTC)
        for name, price in (("first", "1"), ("second", "2"), ("third", "3"))
    ]
    assert [priced(facts, pricing, asset).price for asset in (USDC, USDT, BTC)] == [1, 2, 3]


def test_manual_prices_are_used_where_the_waterfall_names_them() -> None:
    manual = quote("manual", BTC, USD, MANUAL, "5")
    facts = [manual, quote("a", BTC, USD, LAST, "6")]
    last_first = policy(rule("*", source("a"), source("manual", MANUAL)))
    assert priced(facts, last_first, BTC).price == 6
    mark = priced([manual], last_first, BTC)
    assert (mark.price, mark.origin, mark.kind) == (5, MarkOrigin.MANUAL, MANUAL)
    assert priced(facts, policy(rule("*", source("manual", MANUAL), source("a"))), BTC).price == 5
    unpriced([manual], policy(rule("*", source("a"))), BTC)


# The path to USD


def test_tether_is_not_a_dollar() -> None:
    pricing = policy(USDT_RULE, rule("*", source("okx", LAST, USDT)))
    mark = priced([USDT_USD, quote("okx", BTC, USDT, LAST, "60100")], pricing, BTC)
    assert (mark.price, mark.quote, mark.price_usd) == (60100, USDT, Decimal("60009.85"))


def test_an_inverted_fixing_goes_through_the_euro_with_one_quotient() -> None:
    pricing = policy(
        rule(f"asset:{EUR}", source("ecb", FIXING)), rule("*", source("ecb", FIXING, EUR, inverted=True))
    )
    facts = [quote("ecb", EUR, USD, FIXING, "1.085"), quote("ecb", EUR, JPY, FIXING, "155")]
    mark = priced(facts, pricing, JPY)
    assert mark.price_usd == Decimal("0.007")
    assert (mark.quote, round(mark.price, 10)) == (EUR, Decimal("0.0064516129"))


def test_a_stale_step_makes_the_whole_path_stale_and_dates_it() -> None:
    pricing = policy(USDT_RULE, rule("*", source("okx", LAST, USDT)))
    facts = [quote("vendor", USDT, USD, LAST, "1", age=90), quote("okx", BTC, USDT, LAST, "60100")]
    mark = priced(facts, pricing, BTC)
    assert (mark.quality, mark.quoted_at) == (MarkQuality.STALE, AS_OF - timedelta(seconds=90))


def test_evidence_names_every_quote_of_the_path() -> None:
    btc = quote("okx", BTC, USDT, LAST, "60100")
    mark = priced([USDT_USD, btc], policy(USDT_RULE, rule("*", source("okx", LAST, USDT))), BTC)
    assert set(mark.evidence) == {USDT_USD.evidence, btc.evidence}


def test_one_imported_or_manual_step_marks_the_whole_path() -> None:
    pricing = policy(
        rule(f"asset:{USDT}", source("file:prices"), source("manual", MANUAL)),
        rule("*", source("okx", LAST, USDT)),
    )
    btc = quote("okx", BTC, USDT, LAST, "60100")
    imported = priced([btc, quote("file:prices", USDT, USD, LAST, "1")], pricing, BTC)
    assert (imported.origin, imported.kind) == (MarkOrigin.IMPORTED, LAST)
    assert priced([btc, quote("manual", USDT, USD, MANUAL, "1")], pricing, BTC).origin is MarkOrigin.MANUAL


def test_a_missing_step_leaves_everything_above_it_unpriced() -> None:
    pricing = policy(USDT_RULE, rule("*", source("okx", LAST, USDT)))
    failure = unpriced([quote("okx", BTC, USDT, LAST, "60100")], pricing, BTC)
    assert failure.subject == BTC
    assert USDT in failure.message


def test_a_circular_path_is_a_failure_whoever_asks_first() -> None:
    pricing = policy(rule(f"asset:{BTC}", source("a", LAST, ETH)), rule("*", source("a", LAST, BTC)))
    facts = [
        quote("a", BTC, ETH, LAST, "20"),
        quote("a", ETH, BTC, LAST, "0.05"),
        quote("a", USDT, BTC, LAST, "1"),
    ]
    for asset in (BTC, ETH, USDT):
        alone = unpriced(facts, pricing, asset)
        assert "circle" in alone.message
        assert alone == marks_of(facts, pricing, *map(Subject, (BTC, ETH, USDT))).of(asset)


# Last price and index

BLEND = policy(
    USDT_RULE,
    rule("*", source(OWN_VENUE, LAST, USDT), weight="0.5", clamp="0.01", index="BTC"),
    indices=[btc_index("a", "b", "c")],
)


def venues(*prices: str, **keywords: Any) -> list[Fact]:
    return [
        quote(name, BTC, USDT, LAST, price, **keywords) for name, price in zip("abc", prices, strict=False)
    ]


def test_last_and_index_are_blended_and_all_parts_kept() -> None:
    facts = [USDT_USD, *venues("60000", "60000", "60000"), quote("okx", BTC, USDT, LAST, "61500")]
    mark = priced(facts, BLEND, BTC, "okx")
    assert (mark.last, mark.clamped_last, mark.index, mark.price) == (61500, 60600, 60000, 60300)
    assert mark.price_usd == 60300 * Decimal("0.9985")
    assert (mark.source, mark.origin, mark.quality) == ("okx", MarkOrigin.API, MarkQuality.FRESH)
    assert len(mark.evidence) == 5


def test_without_a_last_price_the_index_alone_is_not_what_the_policy_promises() -> None:
    mark = priced([USDT_USD, *venues("60000", "60000")], BLEND, BTC, "okx")
    assert (mark.price, mark.last, mark.index, mark.quality) == (60000, None, 60000, MarkQuality.STALE)
    assert (mark.origin, mark.kind) == (MarkOrigin.INDEX, INDEX)


def test_without_an_index_the_last_price_alone_is_not_what_the_policy_promises() -> None:
    facts = [USDT_USD, *venues("60000"), quote("okx", BTC, USDT, LAST, "61500")]
    mark = priced(facts, BLEND, BTC, "okx")
    assert (mark.price, mark.clamped_last, mark.index, mark.quality) == (61500, None, None, MarkQuality.STALE)


def test_without_last_price_and_index_a_thing_is_unpriced() -> None:
    unpriced([USDT_USD, *venues("60000")], BLEND, BTC, "okx")


def test_an_index_named_in_the_waterfall_is_the_mark_where_no_venue_holds_the_asset() -> None:
    pricing = policy(
        USDT_RULE,
        rule(
            "*",
            source(OWN_VENUE, LAST, USDT),
            source("index:BTC", INDEX, USDT),
            weight="0.5",
            clamp="0.01",
            index="BTC",
        ),
        indices=[btc_index("a", "b")],
    )
    mark = priced([USDT_USD, *venues("60000", "60002")], pricing, BTC)
    assert (mark.price, mark.last, mark.index, mark.quality) == (60001, None, 60001, MarkQuality.FRESH)


def test_an_index_in_another_asset_is_expressed_in_that_of_the_last_price() -> None:
    pricing = policy(
        USDT_RULE,
        rule(f"asset:{USDC}", source("vendor")),
        rule("*", source("okx", LAST, USDC), weight="0.5", clamp="1e-9", index="BTC"),
        indices=[btc_index("a", "b")],
    )
    facts = [
        quote("vendor", USDT, USD, LAST, "0.5"),
        quote("vendor", USDC, USD, LAST, "2"),
        *venues("60000", "60000"),
        quote("okx", BTC, USDC, LAST, "15000"),
    ]
    mark = priced(facts, pricing, BTC)
    assert (mark.index, mark.price, mark.price_usd) == (15000, 15000, 30000)


def test_a_contract_can_be_blended_with_the_index_of_its_underlying() -> None:
    pricing = policy(
        USDT_RULE,
        rule(
            "contract:perpetual", source(OWN_VENUE, MARK, OWN_QUOTE), weight="0.5", clamp="0.01", index="BTC"
        ),
        indices=[btc_index("a", "b")],
    )
    facts = [USDT_USD, *venues("60000", "60000"), quote("okx", PERP.id, USDT, MARK, "60100")]
    assert priced(facts, pricing, PERP.id).price == 60050


def test_an_index_of_something_else_prices_nothing() -> None:
    pricing = policy(
        USDT_RULE, rule("*", source("a", LAST, USDT), index="BTC"), indices=[btc_index("a", "b")]
    )
    failure = unpriced([USDT_USD, quote("a", ETH, USDT, LAST, "3000")], pricing, ETH)
    assert "is an index of" in failure.message


def test_a_disputed_index_makes_the_mark_stale_and_is_noted() -> None:
    facts = [USDT_USD, *venues("60000", "64000"), quote("okx", BTC, USDT, LAST, "60000")]
    marks = marks_of(facts, BLEND, Subject(BTC, "okx"))
    mark = marks.of(BTC, "okx")
    assert isinstance(mark, Mark)
    assert (mark.index, mark.quality) == (62000, MarkQuality.STALE)
    assert ("index:BTC", FailureKind.PRICE_CONFLICT) in [(one.subject, one.kind) for one in marks.failures]


def test_a_bad_constituent_is_left_out_and_noted() -> None:
    facts = [USDT_USD, *venues("60000", "60002", "-1"), quote("okx", BTC, USDT, LAST, "60001")]
    marks = marks_of(facts, BLEND, Subject(BTC, "okx"))
    assert marks.indices["BTC"].survivors == ("a", "b")
    assert [note.subject for note in marks.failures] == ["index:BTC"]
    odd = quote("c", BTC, USDT, LAST, "60000", volume="-3")
    assert marks_of([*facts[:3], odd, facts[-1]], BLEND, Subject(BTC, "okx")).indices["BTC"].survivors == (
        "a",
        "b",
    )


def test_one_wick_moves_neither_index_nor_mark() -> None:
    calm = [USDT_USD, *venues("60000", "60000", "60000"), quote("okx", BTC, USDT, LAST, "60000")]
    wick = [USDT_USD, *venues("60000", "60000", "48000"), quote("okx", BTC, USDT, LAST, "60000")]
    assert priced(wick, BLEND, BTC, "okx").price == priced(calm, BLEND, BTC, "okx").price
    assert marks_of(wick, BLEND, Subject(BTC, "okx")).indices["BTC"].outliers == ("c",)


# What must always hold


def test_a_policy_that_contradicts_itself_is_refused_before_any_mark() -> None:
    with pytest.raises(PricingPolicyError, match="not defined"):
        marks_of([], policy(rule("*", source("a"), index="NONE")))


quotes_at = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "okx"]), st.decimals("0.01", "99999", places=2), st.integers(-50, 700)
    ),
    max_size=8,
    unique_by=lambda row: (row[0], row[2]),
)


@given(quotes_at, st.randoms(use_true_random=False))
def test_marks_do_not_depend_on_the_order_of_facts(rows: list[tuple[str, Decimal, int]], random: Any) -> None:
    facts = [USDT_USD, *(quote(name, BTC, USDT, LAST, str(price), age=age) for name, price, age in rows)]
    shuffled = random.sample(facts, len(facts))
    assert mark_of(facts, BLEND, BTC, "okx") == mark_of(shuffled, BLEND, BTC, "okx")


@given(quotes_at)
def test_a_waterfall_agrees_with_its_plain_reading(rows: list[tuple[str, Decimal, int]]) -> None:
    facts = [quote(name, BTC, USD, LAST, str(price), age=age) for name, price, age in rows]
    found = mark_of(facts, policy(rule("*", source("a"), source("b"), source("okx"))), BTC)
    newest = {
        name: min(((age, price) for who, price, age in rows if who == name and age >= 0), default=None)
        for name in ("a", "b", "okx")
    }
    there = [one for one in newest.values() if one is not None and one[0] <= 600]
    fresh = [one for one in there if one[0] <= 60]
    expected = fresh[0] if fresh else min(there, key=lambda one: one[0], default=None)
    if expected is None:
        assert isinstance(found, Failure)
    else:
        assert isinstance(found, Mark)
        assert (found.price, found.quality == "fresh") == (expected[1], bool(fresh))


positive = st.decimals("0.000001", "100000", places=6)


@given(positive, positive, positive, st.decimals("0", "1", places=3), st.decimals("0", "0.5", places=3))
def test_a_blend_equals_its_formula_in_fractions(
    last: Decimal, level: Decimal, usdt: Decimal, weight: Decimal, clamp: Decimal
) -> None:
    pricing = policy(
        USDT_RULE,
        rule("*", source("okx", LAST, USDT), weight=str(weight), clamp=str(clamp), index="BTC"),
        indices=[btc_index("a", "b")],
    )
    facts = [
        quote("vendor", USDT, USD, LAST, str(usdt)),
        *venues(str(level), str(level)),
        quote("okx", BTC, USDT, LAST, str(last)),
    ]
    i, w, c = Fraction(level), Fraction(weight), Fraction(clamp)
    clamped = min(max(Fraction(last), i * (1 - c)), i * (1 + c))
    assert Fraction(priced(facts, pricing, BTC).price_usd) == (w * clamped + (1 - w) * i) * Fraction(usdt)
