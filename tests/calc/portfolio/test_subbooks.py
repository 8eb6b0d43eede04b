from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.portfolio.subbooks import Part, SubBookRuleError, ordered_rules, split
from truenav.core.asset import BTC, ETH
from truenav.core.ids import AccountId, InstrumentId, NodeId
from truenav.core.money import exact
from truenav.core.portfolio import ByAsset, ByInstrument, ByShare, ByTag, Selector, SubBookRule


def rules(*selectors: Selector) -> tuple[SubBookRule, ...]:
    return ordered_rules(
        SubBookRule(AccountId("a"), rank, NodeId(f"n{rank}"), one) for rank, one in enumerate(selectors)
    )


def divide(book: tuple[SubBookRule, ...], quantity: str, **tags: str) -> list[tuple[str | None, Decimal]]:
    tagged = {tag: Decimal(number) for tag, number in tags.items()}
    parts = split(book, "okx:P", Decimal(quantity), is_position=True, tagged=tagged)
    return [(one.node, one.quantity) for one in parts]


def test_each_rule_takes_from_what_the_earlier_ones_left() -> None:
    book = rules(ByTag("arb"), ByShare(Decimal("0.25")), ByShare(Decimal(1)))
    assert divide(book, "10", arb="2") == [("n0", 2), ("n1", 2), ("n2", 6)]


def test_a_tag_may_hold_more_than_the_whole() -> None:
    assert divide(rules(ByTag("arb"), ByShare(Decimal(1))), "5", arb="8") == [("n0", 8), ("n1", -3)]


def test_a_tag_after_a_share_gets_only_what_the_share_left_of_it() -> None:
    book = rules(ByShare(Decimal("0.5")), ByTag("arb"), ByShare(Decimal(1)))
    assert divide(book, "10", arb="4") == [("n0", 5), ("n1", 2), ("n2", 3)]


def test_what_was_taken_whole_is_gone() -> None:
    book = rules(ByInstrument((InstrumentId("okx:P"),)), ByTag("arb"), ByShare(Decimal(1)))
    assert divide(book, "10", arb="4") == [("n0", 10)]


def test_balances_and_positions_are_not_mixed_up() -> None:
    book = rules(ByInstrument((InstrumentId("okx:P"),)), ByAsset((BTC,)), ByShare(Decimal(1)))
    parts = split(book, BTC, Decimal(1), is_position=False, tagged={})
    assert parts == (Part(NodeId("n1"), None, Decimal(1)),)
    parts = split(book, ETH, Decimal(1), is_position=False, tagged={})
    assert parts == (Part(NodeId("n2"), None, Decimal(1)),)


def test_what_no_rule_takes_has_no_node() -> None:
    assert divide(rules(ByShare(Decimal("0.4"))), "10") == [("n0", 4), (None, 6)]


def test_a_share_out_of_range_and_a_double_rank_are_refused() -> None:
    with pytest.raises(SubBookRuleError, match="between 0 and 1"):
        rules(ByShare(Decimal("1.1")))
    one = SubBookRule(AccountId("a"), 0, NodeId("n"), ByShare(Decimal(1)))
    with pytest.raises(SubBookRuleError, match="two rules of rank"):
        ordered_rules([one, one])


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**15), max_value=10**15)
selectors = st.one_of(
    st.sampled_from([ByTag("x"), ByTag("y"), ByInstrument((InstrumentId("okx:P"),)), ByAsset((BTC,))]),
    st.decimals(min_value=0, max_value=1, places=30).map(ByShare),
)


@given(st.lists(selectors, max_size=6), numbers, numbers, numbers)
def test_the_parts_sum_exactly_to_the_whole(
    chosen: list[Selector], whole: Decimal, x: Decimal, y: Decimal
) -> None:
    for is_position, subject in ((True, "okx:P"), (False, BTC)):
        parts = split(rules(*chosen), subject, whole, is_position=is_position, tagged={"x": x, "y": y})
        with exact():
            assert sum((one.quantity for one in parts), Decimal(0)) == whole


@given(st.lists(selectors, max_size=4), numbers, numbers, numbers)
def test_the_division_is_linear(chosen: list[Selector], one: Decimal, two: Decimal, x: Decimal) -> None:
    def by_node(whole: Decimal, tagged: Decimal) -> dict[str | None, Decimal]:
        parts = split(rules(*chosen), "okx:P", whole, is_position=True, tagged={"x": tagged})
        found: dict[str | None, Decimal] = {}
        for part in parts:
            found[part.node] = found.get(part.node, Decimal(0)) + part.quantity
        return found

    with exact():
        first, second, both = by_node(one, x), by_node(two, Decimal(0)), by_node(one + two, x)
        for node in first.keys() | second.keys() | both.keys():
            apart = first.get(node, Decimal(0)) + second.get(node, Decimal(0))
            assert abs(apart - both.get(node, Decimal(0))) < Decimal("1e-30")
