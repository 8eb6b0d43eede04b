"""The portfolio tree: checked once, then walked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from truenav.core.failure import InvalidInputError
from truenav.core.ids import NodeId
from truenav.core.money import ZERO, exact
from truenav.core.portfolio import Node, NodeKind

FUND_KINDS = frozenset({NodeKind.FUND, NodeKind.FUND_OF_FUNDS})


class TreeError(InvalidInputError):
    """The nodes do not form a tree."""

    code = "bad-tree"
    title = "The portfolio tree is not a tree"


class Tree:
    """Nodes in one fixed order: parents before children, siblings by id. Several roots are allowed.

    Raises ``TreeError`` on a duplicate id, a parent that does not exist, or a circle.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes: dict[NodeId, Node] = {}
        for node in nodes:
            if node.id in self.nodes:
                raise TreeError(f"Node {node.id!r} is defined twice; give each node its own id.")
            self.nodes[node.id] = node
        self._children: dict[NodeId | None, list[NodeId]] = {}
        for node in sorted(self.nodes.values(), key=lambda one: one.id):
            if node.parent is not None and node.parent not in self.nodes:
                raise TreeError(
                    f"Node {node.id!r} hangs below {node.parent!r}, which does not exist; add it first."
                )
            self._children.setdefault(node.parent, []).append(node.id)
        self.order: tuple[NodeId, ...] = tuple(
            one for root in self._children.get(None, []) for one in self.subtree(root)
        )
        if lost := sorted(self.nodes.keys() - set(self.order)):
            raise TreeError(f"Nodes {', '.join(lost)} run in a circle; give one of them another parent.")

    def get(self, node: NodeId) -> Node:
        """The node, or ``TreeError``."""
        try:
            return self.nodes[node]
        except KeyError:
            raise TreeError(f"Node {node!r} does not exist; check the id.") from None

    def children(self, node: NodeId) -> tuple[NodeId, ...]:
        """The nodes directly below, by id."""
        return tuple(self._children.get(node, ()))

    def subtree(self, node: NodeId) -> tuple[NodeId, ...]:
        """The node and everything below it, parents before children."""
        found: list[NodeId] = []
        waiting = [node]
        while waiting:
            found.append(waiting.pop())
            waiting.extend(reversed(self._children.get(found[-1], ())))
        return tuple(found)

    def leaves(self) -> tuple[NodeId, ...]:
        """The nodes without children, in tree order."""
        return tuple(node for node in self.order if node not in self._children)

    def fund_of(self, node: NodeId) -> NodeId | None:
        """The nearest fund (or fund of funds) at or above a node; None above all funds."""
        at: NodeId | None = node
        while at is not None and self.get(at).kind not in FUND_KINDS:
            at = self.nodes[at].parent
        return at

    def to_parents(self) -> tuple[int, ...]:
        """Of each node of ``order`` the position of its parent in ``order``; -1 for a root."""
        position = {node: place for place, node in enumerate(self.order)}
        parents = (self.nodes[node].parent for node in self.order)
        return tuple(-1 if parent is None else position[parent] for parent in parents)

    def roll_up(self, values: Mapping[NodeId, Decimal]) -> Mapping[NodeId, Decimal]:
        """The sum of each node's own value and all values below it; a node without a value adds nothing."""
        totals = {node: values.get(node, ZERO) for node in self.order}
        with exact():
            for node in reversed(self.order):
                parent = self.nodes[node].parent
                if parent is not None:
                    totals[parent] += totals[node]
        return totals
