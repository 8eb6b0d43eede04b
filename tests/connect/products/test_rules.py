"""Rule files: what is written is what is read, and what cannot be meant is refused with file and line."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.connect.products.rules import families, family_text, read_family, read_products
from truenav.connect.products.tree import LARGEST_FILE, MOST_TOLD, ProductFileError
from truenav.connect.products.writing import write_products
from truenav.core.failure import InvalidInputError
from truenav.core.product import (
    Aim,
    DailyTimes,
    Dealing,
    Exposure,
    Fee,
    FeeBasis,
    Financing,
    Fractions,
    Halt,
    Product,
    Schedule,
    ShareMerge,
    ShareSplit,
    Source,
    Terms,
    Trigger,
)

D = Decimal

SMALL = """\
issuer: Our house
products:
  - id: BTC3L
    underlying: BTC
    quote: USDT
    target: 3
    terms:
      - since: 2024-01-01
        schedules:
          - at: 00:02
        trigger: {above: 4}
        fees:
          - {rate: 0.0003, at: 00:02}
"""


def only(text):
    (product,) = read_products(text, name="rules.yaml")
    return product


# --- reading ---------------------------------------------------------------------------------------------


def test_times_and_numbers_are_read_as_they_are_written():
    (terms,) = only(SMALL).terms
    assert terms.schedules == (Schedule(DailyTimes(("00:02",))),)
    assert terms.fees == (Fee(D("0.0003"), DailyTimes(("00:02",))),)
    assert str(terms.fees[0].rate) == "0.0003"
    assert terms.since == datetime(2024, 1, 1, tzinfo=UTC)
    assert (terms.target, terms.trigger) == (D(3), Trigger(above=D(4)))


def test_a_file_of_every_field_is_read_whole():
    text = """\
issuer: Everything
sources:
  - {address: https://example.com/rules, note: read on 2024-05-01}
conflicts: ["page A says 1 %, page B 2 %"]
assumptions: [the cost of trading]
terms:
  - since: 2024-01-01T08:00:00+08:00
    exposure: inverse
    target_is_published: false
    trading_cost: 0.0005
    stale_after_seconds: 15
products:
  - id: X
    underlying: BTC
    quote: USD
    until: 2026-01-01
    sources:
      - address: https://example.com/x
    conflicts: [of X]
    assumptions: [about X]
    target: -2
    schedules:
      - {at: 00:00 08:30:15 Asia/Shanghai, below: 1.5, above: 3, moved: 0.01}
      - {at: 12:00, batches: 3, batch_seconds: 60, speed: 0.5, floor: 1.8, ceiling: 2.2}
    trigger:
      above: 3
      below: 1.5
      over_target: 0.4
      under_target: 0.3
      adverse_move: 0.1
      favourable_move: 0.2
      rearm_seconds: 600
    fees:
      - {rate: 0.001, at: 23:55 +08:00, basis: notional, name: platform}
    financing: {rate: 0.0001, at: 00:00 08:00 16:00, issuer_bears: true}
    merge: {at_or_below: 0.05, ratio: 20, fractions: cashed}
    split: {at_or_above: 1000, ratio: 10}
    dealing:
      creation_fee: 0.001
      redemption_fee: 0.002
      at: 00:00
      daily_cap: 30000
      unit_size: 100
      in_kind: true
      halt: {at: 23:50, seconds: 900}
      halts_while_rebalancing: true
    price_band: 0.05
"""
    schedules = (
        Schedule(
            DailyTimes(("00:00", "08:30:15"), "Asia/Shanghai"), below=D("1.5"), above=D(3), moved=D("0.01")
        ),
        Schedule(
            DailyTimes(("12:00",)),
            batches=3,
            batch_seconds=60,
            speed=D("0.5"),
            floor=D("1.8"),
            ceiling=D("2.2"),
        ),
    )
    terms = Terms(
        since=datetime(2024, 1, 1, tzinfo=UTC),
        target=D(-2),
        exposure=Exposure.INVERSE,
        target_is_published=False,
        schedules=schedules,
        trigger=Trigger(
            D(3), D("1.5"), D("0.4"), D("0.3"), D("0.1"), D("0.2"), aim=Aim.TARGET, rearm_seconds=600
        ),
        fees=(Fee(D("0.001"), DailyTimes(("23:55",), "+08:00"), FeeBasis.NOTIONAL, "platform"),),
        financing=Financing(D("0.0001"), DailyTimes(("00:00", "08:00", "16:00")), issuer_bears=True),
        trading_cost=D("0.0005"),
        merge=ShareMerge(D("0.05"), 20, Fractions.CASHED),
        split=ShareSplit(D(1000), 10),
        dealing=Dealing(
            D("0.001"),
            D("0.002"),
            DailyTimes(("00:00",)),
            D(30_000),
            D(100),
            in_kind=True,
            halt=Halt(DailyTimes(("23:50",)), 900),
            halts_while_rebalancing=True,
        ),
        price_band=D("0.05"),
        stale_after_seconds=15,
    )
    product = only(text)
    assert product.terms == (terms,)
    assert product == Product(
        "X",
        "Everything",
        "BTC",
        "USD",
        (terms,),
        until=datetime(2026, 1, 1, tzinfo=UTC),
        sources=(
            Source("https://example.com/rules", "read on 2024-05-01"),
            Source("https://example.com/x"),
        ),
        conflicts=("page A says 1 %, page B 2 %", "of X"),
        assumptions=("the cost of trading", "about X"),
    )
    assert read_products(write_products([product]), name="written") == (product,)


def test_an_entry_tells_what_changes_and_all_else_stays():
    text = """\
issuer: Our house
terms:
  - since: 2024-01-01
    price_band: 0.05
    merge: {at_or_below: 0.05, ratio: 20}
  - since: 2024-03-01
    merge: none
  - since: 2024-05-01
    price_band: 0.1
products:
  - {id: A, underlying: BTC, quote: USDT, target: 3}
  - id: B
    underlying: BTC
    quote: USDT
    target: 2
    price_band: 0.02
    terms:
      - since: 2024-02-01
      - since: 2024-04-01
        target: 5
        price_band: none
"""
    first, second = read_products(text, name="rules.yaml")
    merge = ShareMerge(D("0.05"), 20)
    assert [(one.since.month, one.target, one.price_band, one.merge) for one in first.terms] == [
        (1, 3, D("0.05"), merge),
        (3, 3, D("0.05"), None),
        (5, 3, D("0.1"), None),
    ]
    assert [(one.since.month, one.target, one.price_band, one.merge) for one in second.terms] == [
        (2, 2, D("0.02"), merge),
        (3, 2, D("0.02"), None),
        (4, 5, None, None),
        (5, 5, None, None),
    ]


def test_common_terms_that_come_after_the_end_of_a_product_are_not_its_own():
    text = SMALL.replace("issuer: Our house", "issuer: Our house\nterms: [{since: 2025-01-01, target: 4}]")
    assert len(only(text).terms) == 2
    assert len(only(text.replace("target: 3", "target: 3\n    until: 2024-12-01")).terms) == 1


def test_json_is_read_too():
    text = json.dumps(
        {
            "issuer": "Our house",
            "products": [
                {
                    "id": "BTC3L",
                    "underlying": "BTC",
                    "quote": "USDT",
                    "target": 3,
                    "terms": [
                        {
                            "since": "2024-01-01T00:00:00Z",
                            "schedules": [{"at": "00:02"}],
                            "trigger": {"above": 4},
                            "fees": [{"rate": 0.0003, "at": "00:02"}],
                        }
                    ],
                }
            ],
        },
        indent=2,
    )
    assert only(text) == only(SMALL)


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_a_byte_order_mark_and_other_line_ends_do_no_harm(change):
    assert only(change(SMALL)) == only(SMALL)


def test_each_time_zone_reads_as_it_is_called():
    for zone in ("UTC", "+08:00", "-03:30", "Asia/Shanghai", "America/New_York"):
        product = only(SMALL.replace("- at: 00:02", f"- at: 00:02 {zone}"))
        assert product.terms[0].schedules[0].at == DailyTimes(("00:02",), zone)


# --- refusing --------------------------------------------------------------------------------------------

REFUSED = {
    "an empty file": ("", 1, "is empty"),
    "only comments": ("# nothing\n", 1, "is empty"),
    "a list": ("- a\n", 1, "mapping is wanted"),
    "a text": ("hello", 1, "mapping is wanted"),
    "no YAML": ("issuer: [", 2, "no YAML"),
    "a NUL": ("issuer: \0", 1, "no YAML"),
    "half a surrogate pair": ("issuer: \ud800", 1, "surrogate"),
    "two documents": (SMALL + "---\n" + SMALL, 14, "second document"),
    "an alias": (SMALL.replace("issuer: Our house", "issuer: &a Our house\nconflicts: [*a]"), 2, "alias"),
    "a tag": (SMALL.replace("target: 3", "target: !!float 3"), 6, "tag"),
    "a key twice": (SMALL.replace("target: 3", "target: 3\n    target: 2"), 7, "'target' is given twice"),
    "a list as a key": ("? [a]\n: b", 1, "cannot be a key"),
    "an unknown field": (SMALL.replace("above: 4", "abvoe: 4"), 11, "unknown field 'abvoe'"),
    "an unknown field of the file": ("isuser: Our house\n", 1, "unknown field 'isuser'"),
    "no issuer": (SMALL.replace("issuer: Our house\n", ""), 1, "'issuer' is missing"),
    "no products": ("issuer: Our house\n", 1, "'products' is missing"),
    "an empty list of products": ("issuer: Our house\nproducts: []\n", 2, "give at least one"),
    "no id": (SMALL.replace("- id: BTC3L\n    underlying", "- underlying"), 3, "'id' is missing"),
    "no target": (SMALL.replace("    target: 3\n", ""), 3, "'target' is missing"),
    "no since": (
        SMALL.replace("- since: 2024-01-01\n        schedules", "- schedules"),
        8,
        "'since' is missing",
    ),
    "no terms": ("issuer: A\nproducts:\n  - {id: X, underlying: A, quote: B, target: 3}", 3, "no terms say"),
    "a fee without a time": (SMALL.replace(", at: 00:02}", "}"), 13, "'at' is missing"),
    "a list for a number": (SMALL.replace("target: 3", "target: [3]"), 6, "single value"),
    "a number for a list": (
        SMALL.replace("terms:", "terms: 3 #").split("      - since")[0],
        7,
        "a list is wanted",
    ),
    "an expanded list": (SMALL.replace("{above: 4}", "[above, 4]"), 11, "mapping is wanted"),
    "a word for a number": (
        SMALL.replace("target: 3", "target: three"),
        6,
        "'three' is not a finite decimal",
    ),
    "percent": (SMALL.replace("0.0003", "0.03 %"), 13, "finite decimal"),
    "NaN": (SMALL.replace("target: 3", "target: NaN"), 6, "finite decimal"),
    "infinity": (SMALL.replace("above: 4", "above: .inf"), 11, "finite decimal"),
    "minus infinity": (SMALL.replace("target: 3", "target: -Infinity"), 6, "finite decimal"),
    "a number of 79 digits": (SMALL.replace("target: 3", f"target: {'3' * 79}"), 6, "79 digits"),
    "a number with a huge exponent": (SMALL.replace("target: 3", "target: 1e999"), 6, "digits"),
    "a number with an endless exponent": (
        SMALL.replace("target: 3", "target: 1e999999999"),
        6,
        "finite decimal",
    ),
    "a number of 39 decimals": (SMALL.replace("0.0003", f"0.{'0' * 38}1"), 13, "38 decimals"),
    "a huge target": (SMALL.replace("target: 3", "target: 1000000"), 3, "beyond 100"),
    "a target of 0": (SMALL.replace("target: 3", "target: 0"), 3, "target leverage of 0"),
    "a target of 1 with a trigger": (SMALL.replace("target: 3", "target: 1"), 3, "never moves"),
    "a negative fee": (SMALL.replace("0.0003", "-0.0003"), 3, "share between 0 and 1"),
    "a trigger below the target": (SMALL.replace("above: 4", "above: 2"), 3, "not above the target"),
    "half a unit": (SMALL + "    merge: {at_or_below: 0.05, ratio: 2.5}\n", 14, "no whole number"),
    "a ratio of 1": (SMALL + "    merge: {at_or_below: 0.05, ratio: 1}\n", 3, "ratio of at least 2"),
    "a ratio of ten digits": (SMALL + "    merge: {at_or_below: 0.05, ratio: 1234567890}\n", 14, "9 digits"),
    "yes for true": (SMALL + "    target_is_published: yes\n", 14, "neither true nor false"),
    "an unknown exposure": (SMALL + "    exposure: swap\n", 14, "none of spot, perpetual, inverse, future"),
    "an unknown aim": (SMALL.replace("above: 4", "above: 4, aim: middle"), 11, "none of target, edge"),
    "an unknown zone": (SMALL.replace("- at: 00:02", "- at: 00:02 UTC+8"), 10, "no time zone 'UTC\\+8'"),
    "a zone that leads out": (
        SMALL.replace("- at: 00:02", "- at: 00:02 ../../etc/passwd"),
        10,
        "no time zone",
    ),
    "25 o'clock": (SMALL.replace("- at: 00:02", "- at: 25:00"), 10, "no time of day"),
    "a zone alone": (SMALL.replace("- at: 00:02", "- at: UTC"), 10, "names no time of day"),
    "no time": (SMALL.replace("- at: 00:02", "- at: ''"), 10, "names no time of day"),
    "a time twice": (SMALL.replace("- at: 00:02", "- at: 00:02 00:02"), 3, "same time twice"),
    "a time that clocks skip": (
        SMALL.replace("- at: 00:02", "- at: 02:30 Europe/Berlin"),
        3,
        "do not show 02:30 on 2024-03-31",
    ),
    "a time that clocks show twice": (
        SMALL.replace("- at: 00:02", "- at: 01:30 America/New_York"),
        3,
        "show twice 01:30 on 2024-11-03",
    ),
    "a since without a zone": (SMALL.replace("2024-01-01", "2024-01-01T00:00:00"), 8, "no time zone"),
    "a since that is no day": (SMALL.replace("2024-01-01", "2024-13-01"), 8, "RFC 3339"),
    "a since before there were computers": (SMALL.replace("2024-01-01", "0001-01-01"), 8, "1970 to 2999"),
    "an end before the start": (
        SMALL.replace("target: 3", "target: 3\n    until: 2023-01-01"),
        3,
        "ended before",
    ),
    "eras that overlap": (
        SMALL + "      - since: 2024-01-01\n        target: 2\n",
        14,
        "no later than the entry",
    ),
    "eras out of order": (
        SMALL + "      - since: 2023-01-01\n        target: 2\n",
        14,
        "no later than the entry",
    ),
    "a product twice": (SMALL + SMALL.partition("products:\n")[2], 14, "given twice, first on line 3"),
    "a product quoted in itself": (SMALL.replace("USDT", "BTC"), 5, "its own underlying"),
    "an empty id": (SMALL.replace("BTC3L", "''"), 3, "the text is empty"),
    "a control character": (SMALL.replace("BTC3L", '"BTC\\x01"'), 3, "control character"),
    "a long name": (SMALL.replace("BTC3L", "B" * 201), 3, "201 characters"),
    "an empty conflict": (
        SMALL.replace("issuer: Our house", "issuer: A\nconflicts: ['']"),
        2,
        "text is empty",
    ),
    "a source without an address": (
        SMALL.replace("issuer: Our house", "issuer: A\nsources: [{note: x}]"),
        2,
        "'address' is missing",
    ),
}


@pytest.mark.parametrize(("text", "line", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_line(text, line, message):
    with pytest.raises(ProductFileError, match=message) as refused:
        read_products(text, name="rules.yaml")
    assert refused.value.message.startswith(f"rules.yaml, line {line}: ")
    first = refused.value.problems[0]
    assert refused.value.context == {"file": "rules.yaml", "line": line, "problems": refused.value.problems}
    assert refused.value.message.partition("\n")[0] == f"rules.yaml, line {line}: {first.reason}"


def told(text: str) -> list[tuple[int, str]]:
    with pytest.raises(ProductFileError) as refused:
        read_products(text, name="rules.yaml")
    assert refused.value.message.splitlines() == [
        f"rules.yaml, line {line}: {reason}" for line, reason in refused.value.problems
    ]
    return [*refused.value.problems]


SEVERAL = """\
isuer: Our house
terms:
  - {since: 2024-01-01, trigger: {above: four, beneath: 2}}
  - {since: yesterday}
products:
  - {id: A, underlying: BTC, target: 3, colour: red}
  - id: B
    underlying: BTC
    quote: BTC
    target: 3x
    fees:
      - {rate: 0.03 %}
      - {at: 25:00}
"""


def assert_told(text: str, expected: list[tuple[int, str]]) -> None:
    """The lines of all problems, and how each begins."""
    found = told(text)
    assert [line for line, _ in found] == [line for line, _ in expected]
    assert [reason[: len(start)] for (_, reason), (_, start) in zip(found, expected, strict=True)] == [
        start for _, start in expected
    ]


def test_all_that_cannot_be_read_is_told_at_once_each_with_its_line():
    assert_told(
        SEVERAL,
        [
            (1, "the file: unknown field 'isuer'; known: issuer, sources, "),
            (1, "the file: the field 'issuer' is missing"),
            (3, "terms[0].trigger.above: 'four' is not a finite decimal"),
            (3, "terms[0].trigger: unknown field 'beneath'"),
            (4, "terms[1].since: 'yesterday' is not an RFC 3339 time"),
            (6, "products[0]: unknown field 'colour'; known: id, underlying, "),
            (6, "products[0]: the field 'quote' is missing"),
            (9, "products[1].quote: the product is quoted in its own underlying"),
            (10, "products[1].target: '3x' is not a finite decimal"),
            (12, "products[1].fees[0].rate: '0.03 %' is not a finite decimal"),
            (12, "products[1].fees[0]: the field 'at' is missing"),
            (13, "products[1].fees[1].at: '25:00' is no time of day"),
            (13, "products[1].fees[1]: the field 'rate' is missing"),
        ],
    )


def test_contradictions_of_all_products_are_told_at_once_beside_what_cannot_be_read():
    text = (
        SMALL.replace("above: 4", "above: 2").replace("0.0003", "-1").replace("00:02}", "02:30 Europe/Oslo}")
    )
    text += "  - {id: ETH3L, underlying: ETH, quote: USDT, target: x}\n"
    text += "  - {id: BTC3L, underlying: ETH, quote: USDT, target: 3, terms: [{since: 2024-01-01}]}\n"
    text += "  - {id: ZERO, underlying: ETH, quote: USDT, target: 0, terms: [{since: 2024-01-01}]}\n"
    cannot = "cannot be followed: "
    assert_told(
        text,
        [
            (3, f"The rules of BTC3L {cannot}Terms since 2024-01-01: the trigger's leverage 2 is not above"),
            (3, f"The rules of BTC3L {cannot}Terms since 2024-01-01: a fee of -1 is not a share between"),
            (
                3,
                f"The rules of BTC3L {cannot}the clocks of Europe/Oslo do not show 02:30 on 2024-03-31; name",
            ),
            (14, "products[1].target: 'x' is not a finite decimal"),
            (15, "the product BTC3L is given twice, first on line 3."),
            (16, f"The rules of ZERO {cannot}Terms since 2024-01-01: a target leverage of 0 has no exposure"),
        ],
    )


def test_of_very_many_problems_the_first_are_told_and_the_others_counted():
    wrong = "".join(f"  - {{id: X{n}, underlying: A, quote: B, target: x}}\n" for n in range(60))
    with pytest.raises(ProductFileError) as refused:
        read_products(f"issuer: A\nproducts:\n{wrong}", name="many.yaml")
    assert len(refused.value.problems) == 60
    *first, last = refused.value.message.splitlines()
    assert len(first) == MOST_TOLD
    assert last == "many.yaml: 10 more problems are not told here."


def test_a_refusal_of_what_all_share_names_the_line_where_it_stands():
    shared = "terms:\n  - since: 2024-01-01\n    target: x\n"
    text = f"issuer: A\n{shared}products:\n  - {{id: X, underlying: A, quote: B}}\n"
    with pytest.raises(ProductFileError, match=r"line 4: .*target: 'x'"):
        read_products(text, name="rules.yaml")


def test_laughs_that_double_with_each_line_end_at_the_first_alias():
    lines = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    with pytest.raises(ProductFileError, match=r"line 2: .*alias"):
        read_products("\n".join(lines), name="laughs.yaml")


def test_a_file_is_neither_too_large_nor_too_deep():
    with pytest.raises(ProductFileError, match="bytes are too many"):
        read_products("#" * (LARGEST_FILE + 1), name="large.yaml")
    with pytest.raises(ProductFileError, match="deep"):
        read_products("issuer: " + "[" * 5_000, name="deep.yaml")


def test_more_terms_than_anyone_writes_are_refused():
    entries = "".join(f"  - since: {1970 + year}-01-01\n" for year in range(101))
    head = f"issuer: A\nterms:\n{entries}products:\n"
    with pytest.raises(ProductFileError, match="101 items"):
        read_products(f"{head}  - {{id: X, underlying: A, quote: B, target: 3}}\n", name="many.yaml")
    fewer = head.replace("  - since: 2070-01-01\n", "")
    products = "".join(f"  - {{id: X{n}, underlying: A, quote: B, target: 3}}\n" for n in range(21))
    with pytest.raises(ProductFileError, match="2000 terms"):
        read_products(fewer + products, name="many.yaml")


def test_clocks_that_change_at_another_hour_do_no_harm():
    product = only(SMALL.replace("- at: 00:02", "- at: 17:00 Europe/Berlin"))
    assert product.terms[0].schedules[0].at.zone == "Europe/Berlin"
    only(SMALL.replace("- at: 00:02", "- at: 02:30 +01:00"))


@given(st.text(max_size=200))
def test_no_text_leads_to_any_other_error(text):
    with pytest.raises(ProductFileError):
        read_products(text, name="any.yaml")


@given(st.data())
def test_no_change_of_a_ready_file_leads_to_any_other_error(data):
    text = family_text(data.draw(st.sampled_from(families())))
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 30))
    changed = text[:start] + data.draw(st.text(max_size=10)) + text[start + length :]
    with suppress(ProductFileError):
        assert read_products(changed, name="changed.yaml")


# --- there and back --------------------------------------------------------------------------------------

_shares = st.decimals("0.0001", "0.9", places=6)
_at = st.builds(
    DailyTimes,
    st.lists(st.sampled_from(["00:00", "00:02", "08:00", "23:55:30"]), min_size=1, unique=True).map(tuple),
    st.sampled_from(["UTC", "+08:00", "Asia/Shanghai"]),
)
_schedules = st.builds(
    Schedule,
    _at,
    below=st.none() | st.decimals("0.1", "1.9", places=2),
    above=st.none() | st.decimals("5.1", "9", places=2),
    moved=st.none() | _shares,
    batches=st.just(1),
    speed=_shares | st.just(D(1)),
    floor=st.none() | st.decimals("0.1", "1.9", places=2),
    ceiling=st.none() | st.decimals("5.1", "9", places=2),
)
_triggers = st.builds(
    Trigger,
    above=st.none() | st.decimals("5.1", "9", places=2),
    adverse_move=st.none() | st.decimals("0.01", "0.19", places=4),
    rearm_seconds=st.integers(0, 999_999_999),
)
_dealings = st.builds(
    Dealing,
    creation_fee=_shares,
    at=st.none() | _at,
    daily_cap=st.none() | st.decimals("0.01", "1000000", places=2),
    in_kind=st.booleans(),
    halt=st.none() | st.builds(Halt, _at, st.integers(1, 86_399)),
    halts_while_rebalancing=st.booleans(),
)
_texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Cs"]), min_size=1, max_size=40
)
_sentences = _texts.filter(str.strip)
_terms = st.builds(
    Terms,
    since=st.integers(0, 32_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    target=st.decimals("2", "5", places=3) | st.decimals("-5", "-2", places=3),
    exposure=st.sampled_from([Exposure.SPOT, Exposure.PERPETUAL, Exposure.INVERSE]),
    target_is_published=st.booleans(),
    schedules=st.lists(_schedules, max_size=2).map(tuple),
    trigger=_triggers,
    fees=st.lists(st.builds(Fee, _shares, _at, st.sampled_from(FeeBasis), _sentences), max_size=2).map(tuple),
    financing=st.builds(Financing, st.none(), st.none(), st.booleans()) | st.builds(Financing, _shares, _at),
    trading_cost=st.decimals("0", "0.01", places=5),
    merge=st.none() | st.builds(ShareMerge, _shares, st.integers(2, 999_999_999), st.sampled_from(Fractions)),
    dealing=_dealings,
    price_band=st.none() | _shares,
    stale_after_seconds=st.integers(1, 999_999_999),
)
_products = st.builds(
    Product,
    id=_sentences,
    issuer=st.just("Issuer: 'x' # y"),
    underlying=st.just("none"),
    quote=st.sampled_from(["USD", "~", "true", "00:02"]),
    terms=st.lists(_terms, min_size=1, max_size=3, unique_by=lambda one: one.since).map(
        lambda found: tuple(sorted(found, key=lambda one: one.since))
    ),
    until=st.none() | st.just(datetime(2999, 1, 1, tzinfo=UTC)),
    sources=st.lists(st.builds(Source, _sentences, st.just("") | _sentences), max_size=2).map(tuple),
    conflicts=st.lists(_sentences, max_size=2).map(tuple),
    assumptions=st.lists(_sentences, max_size=2).map(tuple),
)


@given(st.lists(_products, min_size=1, max_size=3, unique_by=lambda one: one.id))
def test_products_that_are_written_read_as_themselves(products):
    text = write_products(products)
    assert read_products(text, name="written.yaml") == tuple(products)


def test_what_is_written_says_nothing_that_goes_without_saying():
    product = only(SMALL)
    changed = replace(product.terms[0], since=datetime(2025, 1, 1, tzinfo=UTC), trigger=Trigger())
    assert (
        write_products([replace(product, terms=(*product.terms, changed))])
        == """\
issuer: Our house
products:
- id: BTC3L
  underlying: BTC
  quote: USDT
  terms:
  - since: 2024-01-01T00:00:00Z
    target: 3
    schedules:
    - at: 00:02
    trigger:
      above: 4
    fees:
    - rate: 0.0003
      at: 00:02
  - since: 2025-01-01T00:00:00Z
    trigger: {}
"""
    )


def test_a_file_holds_the_products_of_one_issuer():
    with pytest.raises(InvalidInputError, match="one issuer, not of 2"):
        write_products([*read_family("ftx"), *read_family("hbtc")])
    with pytest.raises(InvalidInputError, match="one issuer, not of 0"):
        write_products([])
