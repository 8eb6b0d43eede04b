"""The cheapest way to pair as many as possible of two sets, and which of its pairs have no equal rival.

Successive shortest paths with potentials over the pairs that are possible at all (Ahuja, Magnanti and Orlin,
*Network Flows*, 1993, chapter 9; the dense form is the Hungarian method). Costs are whole numbers, so nothing
is rounded and ties are ties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

LARGEST_WORK = 200_000
"""Pairs looked at before a crowd is given up as too large to be told apart."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """``mates``: of each left one its right one, or None. ``rivals``: groups within which others are as good.

    A group has the left and the right ones that could be paired otherwise at the same number and cost.
    """

    mates: tuple[int | None, ...]
    rivals: tuple[tuple[frozenset[int], frozenset[int]], ...]


def assign(costs: Sequence[Mapping[int, int]]) -> Assignment | None:
    """Pair as many as possible, at the least sum of costs; None where that is too much work.

    ``costs[left][right]`` is zero or more, and says that the two may be paired. Of equal solutions the one
    is taken that prefers earlier ones.
    """
    solver = _Solver(costs)
    for left in range(len(costs)):
        if not solver.add(left):
            return None
    return Assignment(tuple(solver.mates), _rivals(solver))


class _Solver:
    """Holds an optimal assignment of the left ones added so far, and the potentials that prove it."""

    def __init__(self, costs: Sequence[Mapping[int, int]]) -> None:
        self.costs = costs
        largest = max((cost for row in costs for cost in row.values()), default=0)
        self.alone = (largest + 1) * (len(costs) + 1)
        """What staying alone costs: more than any other pairing could save."""
        self.left_potential = [0] * len(costs)
        self.right_potential = {right: 0 for row in costs for right in row}
        self.mates: list[int | None] = [None] * len(costs)
        self.owners: dict[int, int] = {}
        self.work = 0

    def add(self, root: int) -> bool:
        """Bring in one more left one along the cheapest path; False where the work is too much."""
        reached = {root: 0}
        settled: dict[int, int] = {}
        parents: dict[int, int] = {}
        best: dict[int, int] = {}
        queue: list[tuple[int, int, int]] = []
        left, far = root, 0
        while True:
            self.work += len(self.costs[left]) + 1
            if self.work > LARGEST_WORK:
                return False
            heappush(queue, (far + self.alone - self.left_potential[left], 1, left))
            for right, cost in self.costs[left].items():
                distance = far + cost - self.left_potential[left] - self.right_potential[right]
                if right not in settled and distance < best.get(right, distance + 1):
                    best[right], parents[right] = distance, left
                    heappush(queue, (distance, 0, right))
            far, is_alone, found = heappop(queue)
            while not is_alone and found in settled:
                far, is_alone, found = heappop(queue)
            if is_alone or found not in self.owners:
                break
            settled[found] = far
            left = self.owners[found]
            reached[left] = far
        for one, distance in reached.items():
            self.left_potential[one] += far - distance
        for one, distance in settled.items():
            self.right_potential[one] -= far - distance
        self._augment(root, found, parents, alone=bool(is_alone))
        return True

    def _augment(self, root: int, found: int, parents: Mapping[int, int], *, alone: bool) -> None:
        """Move each mate along the path to its end."""
        if alone:
            left, freed = found, self.mates[found]
            self.mates[left] = None
            if freed is None:
                return
            found = freed
        while True:
            left = parents[found]
            freed = self.mates[left]
            self.mates[left], self.owners[found] = found, left
            if left == root or freed is None:
                return
            found = freed


_SINK = -1


def _rivals(solver: _Solver) -> tuple[tuple[frozenset[int], frozenset[int]], ...]:
    """Cycles of pairs without cost: along one, pairs can be exchanged and nothing gets worse."""
    count = len(solver.costs)
    rights = {right: count + place for place, right in enumerate(sorted(solver.right_potential))}
    lonely = count + len(rights)
    ahead: dict[int, list[int]] = {}
    for left, row in enumerate(solver.costs):
        mate, potential = solver.mates[left], solver.left_potential[left]
        ahead[left] = [
            rights[right]
            for right, cost in row.items()
            if right != mate and cost == potential + solver.right_potential[right]
        ]
        if mate is None:
            ahead[lonely + left] = [left]
            ahead.setdefault(_SINK, []).append(lonely + left)
        elif potential == solver.alone:
            ahead[left].append(lonely + left)
            ahead[lonely + left] = [_SINK]
    for right, node in rights.items():
        owner = solver.owners.get(right)
        ahead[node] = [_SINK] if owner is None else [owner]
        if owner is not None and solver.right_potential[right] == 0:
            ahead.setdefault(_SINK, []).append(node)
    names = {node: right for right, node in rights.items()}
    found = []
    for group in _cycles(ahead):
        lefts = frozenset(node for node in group if 0 <= node < count)
        found.append((lefts, frozenset(names[node] for node in group if node in names)))
    return tuple(one for one in found if one[0] and one[1])


def _cycles(ahead: Mapping[int, Sequence[int]]) -> list[set[int]]:
    """The strongly connected groups of more than one node (Kosaraju)."""
    order: list[int] = []
    seen: set[int] = set()
    for start in sorted(ahead):
        stack = [(start, iter(ahead[start]))] if start not in seen else []
        seen.add(start)
        while stack:
            node, rest = stack[-1]
            following = next((one for one in rest if one not in seen), None)
            if following is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(ahead.get(following, ()))))
    behind: dict[int, list[int]] = {}
    for node, nexts in ahead.items():
        for one in nexts:
            behind.setdefault(one, []).append(node)
    groups, placed = [], set[int]()
    for node in reversed(order):
        group, waiting = set[int](), [node]
        while waiting:
            one = waiting.pop()
            if one not in placed:
                placed.add(one)
                group.add(one)
                waiting += behind.get(one, ())
        if len(group) > 1:
            groups.append(group)
    return groups
