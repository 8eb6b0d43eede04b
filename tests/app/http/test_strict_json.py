import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.app.http.errors import MalformedRequestError
from truenav.app.http.strict_json import MAX_DEPTH, parse_json

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('abc"\\[{', max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
def test_everything_without_floats_is_read_as_the_standard_library_reads_it(data):
    assert parse_json(json.dumps(data).encode()) == data


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_our_refusal(body):
    with suppress(MalformedRequestError):
        parse_json(body)


def test_nesting_is_counted_outside_of_texts():
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None
    assert parse_json(json.dumps(["[" * 100 + '"{']).encode()) == ["[" * 100 + '"{']
    with pytest.raises(MalformedRequestError, match="nested"):
        parse_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
