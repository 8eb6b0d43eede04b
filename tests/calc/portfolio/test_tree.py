from decimal import Decimal

import pytest

from truenav.calc.portfolio.tree import Tree, TreeError
from truenav.core.ids import NodeId
from truenav.core.portfolio import Node, NodeKind


def node(name: str, parent: str | None = None, kind: NodeKind = NodeKind.BOOK) -> Node:
    return Node(NodeId(name), name, kind, NodeId(parent) if parent else None)


NODES = [
    node("b2", "s1"),
    node("fof", None, NodeKind.FUND_OF_FUNDS),
    node("s1", "f1", NodeKind.STRATEGY),
    node("f2", "fof", NodeKind.FUND),
    node("f1", "fof", NodeKind.FUND),
    node("b1", "s1"),
]


def test_order_does_not_depend_on_the_order_given() -> None:
    expected = ("fof", "f1", "s1", "b1", "b2", "f2")
    assert Tree(NODES).order == Tree(NODES[::-1]).order == expected
    assert Tree(NODES).leaves() == ("b1", "b2", "f2")
    assert Tree(NODES).subtree(NodeId("s1")) == ("s1", "b1", "b2")
    assert Tree(NODES).children(NodeId("fof")) == ("f1", "f2")


def test_parents_come_before_their_children_for_the_bulk_kernel() -> None:
    assert Tree(NODES).to_parents() == (-1, 0, 1, 2, 2, 0)


def test_a_book_belongs_to_its_nearest_fund() -> None:
    tree = Tree([*NODES, node("loose")])
    assert tree.fund_of(NodeId("b1")) == "f1"
    assert tree.fund_of(NodeId("fof")) == "fof"
    assert tree.fund_of(NodeId("loose")) is None


def test_roll_up_sums_every_level() -> None:
    values = {NodeId("b1"): Decimal(1), NodeId("b2"): Decimal(2), NodeId("f2"): Decimal(4)}
    assert Tree(NODES).roll_up(values) == {"fof": 7, "f1": 3, "s1": 3, "b1": 1, "b2": 2, "f2": 4}


def test_a_tree_ten_thousand_deep_is_walked() -> None:
    chain = [node("n0"), *(node(f"n{i}", f"n{i - 1}") for i in range(1, 10_000))]
    assert len(Tree(chain).order) == 10_000


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("a"), node("a")], "twice"),
        ([node("a", "b")], "does not exist"),
        ([node("a", "b"), node("b", "a")], "circle"),
        ([node("a", "a")], "circle"),
    ],
)
def test_what_is_no_tree_is_refused(nodes: list[Node], message: str) -> None:
    with pytest.raises(TreeError, match=message):
        Tree(nodes)
