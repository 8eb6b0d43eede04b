"""Layouts are data: one canonical text, refused where they say nothing or two things."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from truenav.connect.errors import ImportRefusedError
from truenav.connect.files import layout_from_json, layout_to_json, layouts
from truenav.connect.files.mapping import BadLayoutError, Field, Layout, Meaning, column_names, places_of

from .support import facts

OWN = {
    "name": "my-bank",
    "title": "My bank",
    "columns": {"time": "When", "amount": "Sum", "asset": "Cur", "type": "What"},
    "words": {"in": "deposit", "out": "withdrawal"},
    "times": {"zone": "UTC"},
}


def layout(**changes: object) -> Layout:
    return layout_from_json(json.dumps({**OWN, **changes}))


@pytest.mark.parametrize("name", sorted(layouts()))
def test_a_built_in_layout_is_the_same_after_its_json(name):
    one = layouts()[name]
    text = layout_to_json(one)
    assert layout_from_json(text) == one
    assert layout_to_json(layout_from_json(text)) == text
    assert one.headers


def test_a_mapping_of_ones_own_states_facts_like_a_built_in_one():
    text = "When,What,Sum,Cur\n2024-01-01 10:00:00,in,5,BTC\n2024-01-02 10:00:00,out,2,BTC\n"
    assert [fact.body.amount.number for fact in facts(text, layout())] == [5, -2]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "No Slug"}, "not an identifier"),
        ({"title": ""}, "empty"),
        ({"columns": {"amount": "Sum", "asset": "Cur"}}, "time"),
        ({"columns": {"time": "When"}}, "amount"),
        ({"columns": {"time": "When", "amount": "Sum"}}, "has no asset"),
        ({"columns": {"time": "When", "amount": "Sum", "asset": "Cur", "colour": "X"}}, "no field"),
        ({"columns": {"time": "When", "amount": "Sum", "asset": " "}}, "names no column"),
        ({"columns": {"time": "When", "quantity": "Sum", "price": "P"}}, "market"),
        ({"columns": {"time": "When", "quantity": "Sum", "market": "M"}}, "price"),
        ({"columns": {"time": "When", "amount": "Sum", "asset": "Cur"}}, "what a row means"),
        ({"columns": {**OWN["columns"], "fee_amount": "F"}}, "fee has no asset"),
        ({"words": {}}, "no words"),
        ({"words": {"in": "magic"}}, "not one of"),
        ({"delimiter": "x"}, "delimiter"),
        ({"encoding": "ebcdic"}, "encoding"),
        ({"decimal": ""}, "Decimals"),
        ({"decimal": ",", "thousands": ","}, "same sign"),
        ({"times": {"formats": []}}, "form of times"),
        ({"times": {"zone": "Nowhere"}}, "time zone"),
        ({"unknown": 1}, "unknown field"),
        ({"signed": "yes"}, "bool"),
    ],
)
def test_a_layout_that_cannot_be_used_is_refused_with_what_to_mend(changes, says):
    with pytest.raises(BadLayoutError, match=says):
        layout(**changes)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"name": "x"}', " " * 70_000])
def test_a_text_that_is_no_layout_is_refused(text):
    with pytest.raises(BadLayoutError):
        layout_from_json(text)


def test_columns_are_found_whatever_their_case_and_signs_and_the_second_by_number():
    header = column_names(["\ufeffWhen?", "cur.", "SUM", "what", "Cur."])
    assert header == ("When?", "cur.", "SUM", "what", "Cur.#2")
    places = places_of(layout(), header)
    assert {field.value: place for field, place in places.items()} == {
        "time": 0,
        "amount": 2,
        "asset": 1,
        "type": 3,
    }
    second = replace(layout(), columns={**OWN["columns"], "asset": "Cur#2"})
    assert places_of(second, header)["asset"] == 4
    with pytest.raises(ImportRefusedError, match="'Sum'"):
        places_of(layout(), ("When", "Cur", "What"))


def test_a_constant_stands_for_a_column_that_the_file_does_not_have():
    own = layout(
        columns={"time": "When", "amount": "Sum"}, constants={"asset": "BTC"}, words={}, meaning="reward"
    )
    (fact,) = facts("When,Sum\n2024-01-01 10:00:00,5\n", own)
    assert (fact.kind, fact.body.amount.number) == ("cash_flow", 5)


def test_the_reference_names_every_layout_field_and_meaning():
    text = (Path(__file__).parents[3] / "docs" / "reference" / "file-layouts.md").read_text()
    for name in (*layouts(), *Field, *Meaning):
        assert f"`{name}`" in text
    assert f"{len(layouts())} layouts" in text
