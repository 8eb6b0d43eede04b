"""What somebody sees of the portfolio: some nodes with all below them, and the accounts that feed only these.

Whoever sees everything has ``nodes`` None. What is out of sight does not exist: it answers as a wrong name.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from truenav.access.policy import Principal
from truenav.calc.portfolio.tree import FUND_KINDS, Tree
from truenav.core.ids import NodeId
from truenav.core.portfolio import Node, SubBookRule
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import DefinitionNotFoundError, Kind


@dataclass(frozen=True, slots=True)
class Sight:
    """``nodes`` are seen whole; ``above`` are on the way to them and seen by name only."""

    nodes: frozenset[str] | None = None
    above: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()

    def sees(self, node: str) -> bool:
        """Whether everything of this node is in sight."""
        return self.nodes is None or node in self.nodes

    def reaches(self, node: str) -> bool:
        """Whether this node or something below it is in sight."""
        return self.sees(node) or node in self.above

    def sees_account(self, account: str) -> bool:
        """Whether all that this account holds is in sight; manual items lie under their node's name."""
        return self.nodes is None or account in self.accounts or account in self.nodes

    def refuse(self, node: str) -> None:
        """Raise ``DefinitionNotFoundError`` for a node that is not wholly in sight."""
        if not self.sees(node):
            raise _not_found(node)

    def refuse_unreached(self, node: str) -> None:
        """Raise ``DefinitionNotFoundError`` for a node without anything in sight."""
        if not self.reaches(node):
            raise _not_found(node)


def sight_of(session: Session, principal: Principal) -> Sight:
    """What the principal sees now; nothing is read for who sees everything."""
    if principal.nodes is None:
        return Sight()
    tree = Tree(definitions.bodies(session, Kind.NODE, Node))
    seen = {below for node in principal.nodes if node in tree.nodes for below in tree.subtree(NodeId(node))}
    fed: dict[str, set[str]] = {}
    for rule in definitions.bodies(session, Kind.RULE, SubBookRule):
        fed.setdefault(rule.account, set()).add(rule.node)
    accounts = frozenset(account for account, nodes in fed.items() if nodes <= seen)
    return Sight(frozenset(seen), frozenset(_above(tree, seen)), accounts)


def fund_ids(session: Session) -> frozenset[str]:
    """The nodes that are funds."""
    return frozenset(
        node.id for node in definitions.bodies(session, Kind.NODE, Node) if node.kind in FUND_KINDS
    )


def _above(tree: Tree, seen: Collection[NodeId]) -> set[str]:
    found: set[str] = set()
    for node in seen:
        parent = tree.get(node).parent
        while parent is not None and parent not in found:
            found.add(parent)
            parent = tree.get(parent).parent
    return found - set(seen)


def _not_found(node: str) -> DefinitionNotFoundError:
    return DefinitionNotFoundError(
        f"There is no node {node[:60]!r}. List those that exist, and check the name."
    )
