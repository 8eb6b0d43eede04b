"""Exact valuation up a tree: every path equals Python integers, and doubt is refused by name."""

from __future__ import annotations

import random
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.calc.portfolio import valuation
from truenav.calc.portfolio.columns import WIDE, DecimalColumn
from truenav.calc.portfolio.valuation import (
    TreeInputError,
    TreeValueOverflowError,
    TreeValues,
    value_tree,
    warm_up,
)

PATHS = ("python", "numba")
LARGEST = 10**38 - 1
PLAUSIBLE = 10**28


def wide(numbers: list[int], scale: int = 18) -> DecimalColumn:
    data = b"".join(n.to_bytes(16, "little", signed=True) for n in numbers)
    return DecimalColumn(np.frombuffer(data, WIDE), scale)


def narrow(numbers: list[int], scale: int = 8) -> DecimalColumn:
    return DecimalColumn(np.array(numbers, np.int64), scale)


def plain_sums(quantities: list[int], prices: list[int], nodes: list[int], parents: list[int]) -> list[int]:
    """The definition, by walking from each position to its root."""
    sums = [0] * len(parents)
    for quantity, price, node in zip(quantities, prices, nodes, strict=True):
        here = node
        while here >= 0:
            sums[here] += quantity * price
            here = parents[here]
    return sums


def indices(nodes: list[int], parents: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(nodes, np.int32), np.array(parents, np.int64)


@st.composite
def forests(draw: st.DrawFn) -> tuple[list[int], list[int], list[int], list[int]]:
    """Quantities, prices, nodes, parents: any signs and magnitudes, any order of positions."""
    size = draw(st.integers(1, 12))
    parents = [draw(st.integers(-1, node - 1)) for node in range(size)]
    rows = draw(st.integers(0, 40))
    bound = draw(st.sampled_from([10, 2**64, PLAUSIBLE, LARGEST]))
    price_bound = draw(st.sampled_from([10, 2**62, PLAUSIBLE]))
    lists = [
        draw(st.lists(st.integers(low, high), min_size=rows, max_size=rows))
        for low, high in ((-bound, bound), (-price_bound, price_bound), (0, size - 1))
    ]
    return lists[0], lists[1], lists[2], parents


def outcome(path: str, *args: object, **options: object) -> list[int] | type[Exception]:
    try:
        return value_tree(*args, accelerator=path, **options).integers()  # type: ignore[arg-type]
    except TreeValueOverflowError as error:
        return type(error)


@settings(deadline=None)
@given(forests(), st.integers(1, 4))
def test_any_forest_of_wide_prices_equals_python_integers_or_is_refused(forest, threads):
    quantities, prices, nodes, parents = forest
    expected = plain_sums(*forest)
    fits = all(-(2**191) <= value < 2**191 for value in expected)
    args = (wide(quantities), wide(prices), *indices(nodes, parents))
    for path in PATHS:
        result = outcome(path, *args, threads=threads)
        assert result == (expected if fits else TreeValueOverflowError), path


@settings(deadline=None)
@given(forests(), st.integers(1, 4))
def test_any_forest_of_narrow_prices_equals_python_integers_or_is_refused(forest, threads):
    quantities, prices, nodes, parents = forest
    prices = [price % 2**63 - (2**63 if price < 0 else 0) for price in prices]
    expected = plain_sums(quantities, prices, nodes, parents)
    fits = all(-(2**191) <= value < 2**191 for value in expected)
    args = (wide(quantities), narrow(prices), *indices(nodes, parents))
    for path in PATHS:
        result = outcome(path, *args, threads=threads)
        assert result == (expected if fits else TreeValueOverflowError), path


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_large_tree_gives_the_same_sums_sorted_or_shuffled_on_any_number_of_threads(ordered, threads):
    rng = random.Random(7)
    parents = [-1, *(rng.randrange(node) for node in range(1, 500))]
    nodes = [rng.randrange(500) for _ in range(5000)]
    if ordered:
        nodes.sort()
    quantities = [rng.randint(-(10**27), 10**27) for _ in nodes]
    prices = [rng.randint(0, 10**13) for _ in nodes]
    values = value_tree(
        wide(quantities),
        narrow(prices),
        *indices(nodes, parents),
        accelerator="numba",
        threads=threads,
    )
    assert values.integers() == plain_sums(quantities, prices, nodes, parents)


@pytest.mark.parametrize("path", PATHS)
def test_decimals_keep_every_digit(path):
    quantity = DecimalColumn.from_decimals([Decimal("12345678901234567890.123456789012345678")])
    price = narrow([10**18 - 1])
    values = value_tree(quantity, price, *indices([1], [-1, 0]), accelerator=path)
    assert values.scale == 26
    assert values.to_decimals() == [values.node(0)] * 2
    assert str(values.node(0)) == "123456789012345678777777778877.77777787876543210987654322"


@pytest.mark.parametrize("path", PATHS)
def test_no_positions_are_worth_zero_at_every_node(path):
    values = value_tree(wide([]), narrow([]), *indices([], [-1, 0, 0]), accelerator=path)
    assert values.to_decimals() == [Decimal(0)] * 3


@pytest.mark.parametrize("path", PATHS)
def test_an_empty_tree_has_no_values(path):
    assert len(value_tree(wide([]), narrow([]), *indices([], []), accelerator=path)) == 0


@pytest.mark.parametrize("path", PATHS)
def test_one_node_holds_the_sum_of_all_positions(path):
    values = value_tree(wide([3, -5]), narrow([7, 2]), *indices([0, 0], [-1]), accelerator=path)
    assert values.integers() == [11]


@pytest.mark.parametrize("path", PATHS)
def test_narrow_quantities_and_negative_prices_are_valued(path):
    values = value_tree(narrow([3, -5]), narrow([-7, -2]), *indices([0, 1], [-1, 0]), accelerator=path)
    assert values.integers() == [-11, 10]


def test_extremes_of_38_digits_that_cancel_are_exact_though_no_bound_proves_it():
    numbers = [LARGEST, -LARGEST, LARGEST, -LARGEST, 1]
    prices = [2**63 - 1] * 5
    values = value_tree(wide(numbers), narrow(prices), *indices([0] * 5, [-1]), accelerator="numba")
    assert values.integers() == [2**63 - 1]


@pytest.mark.parametrize("path", PATHS)
def test_a_value_beyond_192_bits_is_refused_with_its_node(path):
    args = (wide([LARGEST] * 2), wide([LARGEST] * 2), *indices([0, 1], [-1, 0]))
    with pytest.raises(TreeValueOverflowError, match="Node 0"):
        value_tree(*args, accelerator=path)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("node", [-1, 3, 2**31 - 1])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_first_row_on_a_node_outside_the_tree_is_named(path, node, threads):
    nodes = [0, 1, node, 2, node, 0]
    args = (wide([1] * 6), narrow([1] * 6), *indices(nodes, [-1, 0, 1]))
    with pytest.raises(TreeInputError, match=f"row 2 hangs on node {node}") as refusal:
        value_tree(*args, accelerator=path, threads=threads)
    assert refusal.value.context == {"row": 2}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("parent", [1, 2, 5, -2])
def test_the_first_node_whose_parent_is_not_before_it_is_named(path, parent):
    with pytest.raises(TreeInputError, match=f"Node 1 has parent {parent}"):
        value_tree(wide([]), narrow([]), *indices([], [-1, parent, 2]), accelerator=path)


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(TreeInputError, match="2 quantities, 1 prices and 2 nodes"):
        value_tree(wide([1, 2]), narrow([1]), *indices([0, 0], [-1]))


def test_an_index_of_another_type_is_refused():
    with pytest.raises(TreeInputError, match="nodes must be one-dimensional int32"):
        value_tree(wide([1]), narrow([1]), np.array([0]), np.array([-1]))  # type: ignore[arg-type]


def test_auto_takes_the_reference_in_a_cold_process_and_the_kernels_once_warm(monkeypatch):
    monkeypatch.setattr(valuation, "_KERNELS", "truenav.not_loaded")
    assert not valuation._is_compiled("auto", 1000)
    assert valuation._is_compiled("auto", valuation.COMPILED_FROM_ROWS)
    monkeypatch.undo()
    warm_up()
    assert valuation._is_compiled("auto", 1)


def test_limbs_read_as_two_s_complement_of_192_bits():
    values = TreeValues(np.array([[-1, -1, -1], [0, 0, 1]], np.int64), scale=2)
    assert values.integers() == [-1, 2**128]
    assert values.node(0) == Decimal("-0.01")
