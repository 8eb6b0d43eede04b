"""Names and notes that people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.core.failure import InvalidInputError
from truenav.core.names import NAME_LENGTH, NOTE_LENGTH, parse_name, parse_note, refuse_bad_texts

NAMES = ["A", "Côte d'Ivoire", "北京基金", "=1+1", "<b>", "קרן", "\u202egpj.exe", "👩‍🚀", "x" * NAME_LENGTH]
CONTROLS = ["\0", "\x07", "\x1b", "\x7f", "\x85", "\u2028", "\ud800"]


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_taken_as_it_is(text):
    assert parse_name(text, what="name") == parse_note(text, what="note") == text


@pytest.mark.parametrize("text", ["", " ", "x" * (NAME_LENGTH + 1), "a\tb", "a\nb", *CONTROLS])
def test_a_name_that_fits_no_line_is_refused_with_its_place(text):
    with pytest.raises(InvalidInputError, match=r"^node carry\.name: "):
        parse_name(text, what="node carry.name")


def test_a_note_has_lines_and_an_end():
    assert parse_note("first\n\tsecond\r\n", what="reason") == "first\n\tsecond\r\n"
    assert parse_note("x" * NOTE_LENGTH, what="reason")
    for bad in ("x" * (NOTE_LENGTH + 1), *(f"a{one}b" for one in CONTROLS)):
        with pytest.raises(InvalidInputError, match=r"^reason: "):
            parse_note(bad, what="reason")


def test_every_text_of_a_document_is_looked_at_and_its_place_told():
    whole = {
        "id": "a",
        "name": "A",
        "reason": "two\nlines",
        "tags": ["x", ""],
        "more": {"k": [{"v": "y"}]},
        "n": 7,
    }
    refuse_bad_texts(whole, what="node")
    for broken, place in (
        ({"name": "a\tb"}, "node.name"),
        ({"tags": ["x", "y" * 201]}, "node.tags"),
        ({"more": {"k": [{"v": "\0"}]}}, "node.more.k.v"),
        ({"more": {"k\n": 1}}, "node.more"),
        ({"reason": "x" * 2001}, "node.reason"),
    ):
        with pytest.raises(InvalidInputError, match=f"^{place}: "):
            refuse_bad_texts({**whole, **broken}, what="node")


@given(st.text())
def test_what_is_refused_as_a_note_is_refused_as_a_name(text):
    try:
        parse_note(text, what="x")
    except InvalidInputError:
        with pytest.raises(InvalidInputError):
            parse_name(text, what="x")
