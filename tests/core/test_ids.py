"""Identifiers that people choose."""

import pytest

from truenav.core.ids import BadNameError, parse_slug


@pytest.mark.parametrize("text", ["a", "7", "binance-main", "a--b", "x" * 64])
def test_a_plain_identifier_is_taken(text: str) -> None:
    assert parse_slug(text, what="account") == text


@pytest.mark.parametrize(
    "text", ["", "-a", "a-", "A", "a b", "a\n", "a_b", "ä", "x" * 65, "a/b", "../a", "a\0"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadNameError, match="'binance-main'"):
        parse_slug(text, what="account")
