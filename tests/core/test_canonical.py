"""One byte form for each value, and values back from it unchanged."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.core.canonical import (
    DecodeError,
    canonical_json,
    canonical_lines,
    decode,
    encode,
    restore,
    sha256_hex,
)
from truenav.core.evidence import Request
from truenav.core.facts import Body, CashFlow, CashKind, Fact, Quote, QuoteKind, Transfer, TransferKind, Void
from truenav.core.failure import InvalidInputError
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.money import Amount, AssetId, NotANumberError, exact
from truenav.core.policy import Numeraire


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Left:
    TAG: ClassVar[str] = "left"
    number: Decimal


@dataclass(frozen=True, slots=True)
class Right:
    TAG: ClassVar[str] = "right"
    number: int


@dataclass(frozen=True, slots=True)
class Everything:
    text: str
    number: Decimal
    count: int
    yes: bool
    at: datetime
    on: date
    colour: Colour
    side: Left | Right
    pairs: tuple[tuple[str, Decimal], ...]
    table: Mapping[str, int]
    maybe: Decimal | None = None
    names: frozenset[str] = field(default_factory=frozenset)


AT = datetime(2026, 1, 31, 8, tzinfo=UTC)
THING = Everything(
    "ü", Decimal("1.50"), 3, True, AT, AT.date(), Colour.RED, Left(Decimal(2)), (("a", Decimal(1)),), {"k": 1}
)


def changed(**fields: Any) -> dict[str, Any]:
    return {**encode(THING), **fields}


def test_the_canonical_text_is_sorted_compact_utf8() -> None:
    assert canonical_json(THING).decode() == (
        '{"at":"2026-01-31T08:00:00Z","colour":"red","count":3,"maybe":null,"names":[],"number":"1.5",'
        '"on":"2026-01-31","pairs":[["a","1"]],"side":{"is":"left","number":"2"},"table":{"k":1},'
        '"text":"ü","yes":true}'
    )


def test_equal_numbers_and_instants_have_equal_bytes() -> None:
    assert canonical_json([Decimal("1.0"), Decimal("-0")]) == canonical_json([Decimal(1), Decimal("0E+3")])
    assert canonical_json({"b": 1, "a": 2}) == canonical_json({"a": 2, "b": 1})
    assert canonical_json(frozenset({"b", "a"})) == b'["a","b"]'


def test_lines_are_each_ended() -> None:
    assert canonical_lines([{"a": 1}, []]) == b'{"a":1}\n[]\n'
    assert canonical_lines([]) == b""


@pytest.mark.parametrize("value", [1.0, {"a": 0.1}, {1: "a"}, b"bytes", object(), {1, 2}])
def test_what_has_no_canonical_form_is_an_error(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), datetime(2026, 1, 1)])  # noqa: DTZ001
def test_values_without_a_meaning_are_refused(value: object) -> None:
    with pytest.raises(InvalidInputError):
        canonical_json(value)


def test_a_value_comes_back_equal() -> None:
    assert decode(Everything, json.loads(canonical_json(THING))) == THING


def test_the_hash_is_that_of_the_standard() -> None:
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (None, "Everything: dict is wanted"),
        ([], "Everything: dict is wanted"),
        ({}, "is missing"),
        (changed(more=1), "unknown field 'more'"),
        (changed(text=5), r"Everything\.text: str"),
        (changed(text="a\0b"), "NUL"),
        (changed(text="\ud800"), "surrogate"),
        (changed(number=1.5), "not an exact number"),
        (changed(number="NaN"), "not a finite"),
        (changed(count=True), "int is wanted"),
        (changed(count="3"), "int is wanted"),
        (changed(yes=1), "bool is wanted"),
        (changed(at="2026-01-31T08:00:00"), "no time zone"),
        (changed(at=5), r"Everything\.at: str"),
        (changed(on="2026-02-30"), "not a day"),
        (changed(colour="blue"), r"not one of \['red'\]"),
        (changed(colour=[]), "not one of"),
        (changed(side={"is": "up"}), r"'up' is not one of \['left', 'right'\]"),
        (changed(side={"is": []}), "not one of"),
        (changed(side={"number": "1"}), "None is not one of"),
        (changed(side=None), r"Everything\.side: dict"),
        (changed(pairs=[["a"]]), r"Everything\.pairs\[0\]: 2 items are wanted, 1"),
        (changed(pairs=[["a", "1"], ["b", "x"]]), r"Everything\.pairs\[1\]\[1\]"),
        (changed(table={"k": "1"}), r"Everything\.table\.k"),
        (changed(table={"\0": 1}), "NUL"),
        (changed(names="a"), r"Everything\.names: list"),
    ],
)
def test_data_of_another_form_is_refused_with_its_place(data: object, complaint: str) -> None:
    with pytest.raises(InvalidInputError, match=complaint):
        decode(Everything, data)


def test_a_union_is_read_by_its_tag_alone() -> None:
    numeraire = {"is": "asset", "code": "BTC", "asset": "iso4217:USD"}
    assert encode(decode(Numeraire, numeraire)) == numeraire  # type: ignore[arg-type]
    with pytest.raises(DecodeError):
        decode(Left, {"is": "right", "number": "1"})


def test_request_parameters_are_pairs() -> None:
    request = Request("GET", "https://example.org", (("a", "1"),))
    assert decode(Request, encode(request)) == request
    with pytest.raises(DecodeError, match="2 items"):
        decode(Request, {**encode(request), "params": [["a", "1", "2"]]})


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
decimals = st.decimals(
    allow_nan=False, allow_infinity=False, places=18, min_value=-(10**30), max_value=10**30
)
assets = st.builds(AssetId, texts)
amounts = st.builds(Amount, decimals, assets)
instants = st.datetimes(timezones=st.just(UTC))
bodies = st.one_of(
    st.builds(Quote, texts, assets, st.sampled_from(QuoteKind), decimals, st.none() | decimals, texts),
    st.builds(Transfer, texts, amounts, st.sampled_from(TransferKind), texts, texts, st.none() | amounts),
    st.builds(
        CashFlow, texts, st.sampled_from(CashKind), amounts, st.none() | st.builds(InstrumentId, texts)
    ),
    st.builds(Void, texts),
)
hashes = st.builds(Sha256, st.text("0123456789abcdef", min_size=64, max_size=64))
facts = st.builds(Fact, texts, texts, texts, instants, bodies, hashes, st.none() | hashes)


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])) | decimals,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def by_plain_data(value: object) -> bytes:
    """The same text as Python's own writer makes it of plain data."""
    return json.dumps(
        encode(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


@given(value=trees)
def test_what_is_written_directly_is_what_plain_data_give(value: object) -> None:
    assert canonical_json(value) == by_plain_data(value)
    assert canonical_json(THING) == by_plain_data(THING)


@given(facts)
def test_every_fact_comes_back_equal_with_the_same_bytes(fact: Fact) -> None:
    again = decode(Fact, json.loads(canonical_json(fact)))
    assert again == fact
    assert canonical_json(again) == canonical_json(fact)
    assert (again.key_hash, again.content_hash) == (fact.key_hash, fact.content_hash)
    assert canonical_json(fact) == by_plain_data(fact)


@given(bodies)
def test_a_body_is_found_again_among_all_bodies(body: Body) -> None:
    assert decode(Body, encode(body)) == body  # type: ignore[arg-type]


json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*Fact.__dataclass_fields__, "is", "x"]), inner, max_size=8)
    ),
    max_leaves=20,
)


@given(json_data)
def test_any_json_is_a_fact_or_a_refusal(data: object) -> None:
    with pytest.raises(InvalidInputError):
        decode(Fact, data)


@given(facts, hashes)
def test_the_content_hash_ignores_evidence_and_the_key_hash_all_but_identity(
    fact: Fact, other: Sha256
) -> None:
    moved = Fact(
        fact.source, fact.account, fact.external_id, fact.occurred_at, fact.body, other, fact.supersedes
    )
    assert moved.content_hash == fact.content_hash
    corrected = Fact(
        fact.source, fact.account, fact.external_id, AT, fact.body, other, Sha256(fact.content_hash)
    )
    assert corrected.key_hash == fact.key_hash
    assert corrected.content_hash != fact.content_hash


def test_what_was_computed_is_restored_with_all_its_digits_which_the_edge_refuses():
    with exact():
        third = Left(Decimal(1) / 3 / 10**20)
    written = encode(third)
    assert restore(Left, written) == third
    with pytest.raises(NotANumberError, match="more than 38 decimals"):
        decode(Left, written)
    with pytest.raises(NotANumberError, match="more than 156 decimals"):
        restore(Left, {"is": "left", "number": "0." + "0" * 156 + "1"})
