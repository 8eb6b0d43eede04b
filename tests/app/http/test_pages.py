import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.app.http.etags import etag, matches
from truenav.app.http.pages import BadCursorError, PageQuery, read_cursor, write_cursor


@given(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40))
def test_a_cursor_leads_back_to_its_position(position):
    assert read_cursor(write_cursor(position)) == position


@pytest.mark.parametrize(
    "text", ["", "!", "YQ", "bm90IGpzb24", "WzFd", "WyJhIiwgImIiXQ", "WyJcdTAwMDAiXQ", "é"]
)
def test_any_other_text_is_no_cursor(text):
    with pytest.raises(BadCursorError):
        read_cursor(text)


@given(st.integers(0, 30), st.integers(1, 7))
def test_pages_give_every_item_once_and_in_order(count, limit):
    rows = [f"{number:03}" for number in range(count)]
    seen, after = [], None
    while True:
        found = [row for row in rows if row > (after or "")][: limit + 1]
        page = PageQuery(limit, after).page(found, key=str, show=str)
        seen += page.items
        if page.next is None:
            break
        after = read_cursor(page.next)
    assert seen == rows


def test_tags_match_in_lists_and_as_stars():
    tag = etag(b"x")
    assert matches(f'"other", W/{tag}', tag)
    assert matches("*", tag)
    assert not matches('"other"', tag)
    assert not matches(None, tag)
