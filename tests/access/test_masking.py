import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.access.masking import (
    MASKED,
    MASKS,
    ROLE_MASKS,
    MaskedError,
    mask,
    masks_of,
    parse_masks,
    refuse_raw,
)
from truenav.core.failure import InvalidInputError

ALL = frozenset(MASKS)
texts = st.text("abc", max_size=3)
json = st.recursive(
    st.none() | st.booleans() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["node", "kind", "id", "txid", "tag", "value", "body"]), inner)
    ),
    max_leaves=12,
)


def _values(data, name):
    """Every value under a field name, wherever it is."""
    if isinstance(data, list):
        return [value for one in data for value in _values(one, name)]
    if not isinstance(data, dict):
        return []
    here = [data[name]] if name in data else []
    return here + [value for one in data.values() for value in _values(one, name)]


def test_a_line_of_a_strategy_keeps_its_figures_and_loses_its_place():
    line = {"fund": "alpha", "node": "carry", "tag": "basis", "value_usd": "12.5", "evidence": ["ab"]}
    assert mask(line, {"strategies"}, funds={"alpha"}) == {**line, "node": MASKED, "tag": MASKED}
    assert mask({"node": "alpha"}, {"strategies"}, funds={"alpha"}) == {"node": "alpha"}


def test_a_node_below_a_fund_has_no_name_and_a_fund_has():
    strategy = {"id": "carry", "version": 1, "body": {"id": "carry", "kind": "strategy", "name": "Carry"}}
    assert "arry" not in str(mask(strategy, ALL))
    fund = {"id": "alpha", "body": {"id": "alpha", "kind": "fund", "name": "Alpha"}}
    assert mask(fund, ALL) == fund


def test_a_transfer_shows_neither_hash_nor_counterpart():
    fact = {"external_id": "0xabc", "body": {"is": "transfer", "txid": "0xabc", "counterpart": "0xdef"}}
    assert "0x" not in str(mask(fact, {"addresses"}))
    trade = {"external_id": "77", "body": {"is": "trade"}}
    assert mask(trade, {"addresses"}) == trade


def test_a_manual_item_lies_under_no_strategy_by_name():
    body = {"is": "manual_item", "node": "btc-basis", "reason": "late"}
    shown = mask({"account": "btc-basis", "body": body}, {"strategies"}, funds={"alpha"})
    assert shown == {"account": MASKED, "body": body | {"node": MASKED}}
    of_fund = {"account": "alpha", "body": body | {"node": "alpha"}}
    assert mask(of_fund, {"strategies"}, funds={"alpha"}) == of_fund


def test_lists_and_objects_are_masked_whole():
    data = {"request": {"url": "https://venue/0xabc"}, "txid": ["0x1", "0x2"], "counterpart": None}
    assert mask(data, {"addresses"}) == {"request": {"masked": True}, "txid": [MASKED], "counterpart": None}


@given(json)
def test_nothing_below_a_masked_name_is_left_whatever_the_form(data):
    shown = mask(data, ALL)
    for name in ("txid", "tag", "node"):
        assert all(one in (MASKED, None, [], [MASKED], {"masked": True}) for one in _values(shown, name))


@given(json)
def test_without_a_mask_nothing_changes_and_masking_twice_is_once(data):
    assert mask(data, ()) == data
    assert mask(mask(data, ALL), ALL) == mask(data, ALL)


def test_who_has_several_roles_sees_what_one_of_them_shows():
    assert masks_of([ALL, frozenset({"keys"})]) == {"keys"}
    assert masks_of([ROLE_MASKS["finance"], frozenset()]) == frozenset()
    assert masks_of([]) == frozenset()


def test_raw_bytes_are_refused_with_what_they_hold():
    refuse_raw((), "This file")
    with pytest.raises(MaskedError, match="holds addresses and keys"):
        refuse_raw({"keys", "addresses"}, "This file")


def test_an_unknown_mask_is_refused():
    assert parse_masks(["keys", "keys", "addresses"]) == ("addresses", "keys")
    with pytest.raises(InvalidInputError, match="not a mask"):
        parse_masks(["everything"])
