"""The cheapest pairing against an independent solver, and its rivals against all pairings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from truenav.calc.ledger.assignment import assign

Costs = list[dict[int, int]]
tables = st.lists(st.dictionaries(st.integers(0, 4), st.integers(0, 3), max_size=5), min_size=1, max_size=5)


def every_pairing(costs: Costs, taken: frozenset[int] = frozenset()) -> Iterator[tuple[int | None, ...]]:
    if not costs:
        yield ()
        return
    for right in (None, *sorted(costs[0].keys() - taken)):
        more = taken if right is None else taken | {right}
        for rest in every_pairing(costs[1:], more):
            yield (right, *rest)


def worth(costs: Costs, mates: tuple[int | None, ...]) -> tuple[int, int]:
    pairs = [(left, right) for left, right in enumerate(mates) if right is not None]
    return -len(pairs), sum(costs[left][right] for left, right in pairs)


@given(tables)
def test_as_many_as_possible_at_the_least_cost_and_rivals_are_all_equal_pairings(costs: Costs) -> None:
    found = assign(costs)
    assert found is not None
    pairings = list(every_pairing(costs))
    best = min(worth(costs, one) for one in pairings)
    assert worth(costs, found.mates) == best
    equal = [one for one in pairings if worth(costs, one) == best]
    disputed = {left for lefts, _ in found.rivals for left in lefts}
    assert disputed == {left for left in range(len(costs)) if len({one[left] for one in equal}) > 1}


@given(st.integers(1, 30), st.integers(0, 2**31))
@settings(max_examples=40)
def test_a_full_table_costs_what_another_solver_says(size: int, seed: int) -> None:
    table = np.random.default_rng(seed).integers(0, 1000, (size, size))
    found = assign([dict(enumerate(map(int, row))) for row in table])
    assert found is not None
    rows, columns = linear_sum_assignment(table)
    assert worth([dict(enumerate(map(int, row))) for row in table], found.mates) == (
        -size,
        int(table[rows, columns].sum()),
    )


def test_a_crowd_that_is_too_large_is_given_up() -> None:
    crowd = dict.fromkeys(range(1000), 1)
    assert assign([crowd] * 1000) is None
