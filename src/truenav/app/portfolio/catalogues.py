"""Nodes, sub-book rules and share classes; a change that breaks the tree is refused whole."""

from __future__ import annotations

from collections.abc import Sequence

from truenav.app.catalogue import Catalogue
from truenav.app.sources.context import parse_context
from truenav.calc.portfolio.subbooks import ordered_rules
from truenav.calc.portfolio.tree import FUND_KINDS, Tree
from truenav.core.account import Account
from truenav.core.failure import InvalidInputError
from truenav.core.ids import AccountId, parse_slug
from truenav.core.portfolio import Node, ShareClass, SubBookRule
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import Kind


class BrokenPortfolioError(InvalidInputError):
    """The change would leave a rule or class that points nowhere."""

    code = "broken-portfolio"
    title = "The portfolio would not hold together"


def _check_whole(session: Session, body: object) -> None:
    """The tree is a tree; every rule feeds a node from an account; every class belongs to a fund."""
    if isinstance(body, Node | ShareClass):
        parse_slug(body.id, what="id")
    nodes = definitions.bodies(session, Kind.NODE, Node)
    rules = definitions.bodies(session, Kind.RULE, SubBookRule)
    classes = definitions.bodies(session, Kind.SHARE_CLASS, ShareClass)
    if isinstance(body, Node) and body.id not in {node.id for node in nodes}:
        _refuse_orphans(body, nodes, rules, classes)
    tree = Tree(nodes)
    accounts = {one.id for one in definitions.bodies(session, Kind.ACCOUNT, Account)}
    by_account: dict[AccountId, list[SubBookRule]] = {}
    for rule in rules:
        tree.get(rule.node)
        if rule.account not in accounts:
            raise BrokenPortfolioError(
                f"A rule feeds {rule.node!r} from {rule.account!r}, which is no account."
            )
        by_account.setdefault(rule.account, []).append(rule)
    for own in by_account.values():
        ordered_rules(own)
    assets = parse_context(session).assets.assets
    for share_class in classes:
        if tree.get(share_class.fund).kind not in FUND_KINDS:
            raise BrokenPortfolioError(
                f"Class {share_class.id!r} is of {share_class.fund!r}, which is no fund."
            )
        if share_class.currency not in assets:
            raise BrokenPortfolioError(
                f"Class {share_class.id!r} deals in an unknown asset {share_class.currency!r}."
            )


def _refuse_orphans(
    gone: Node, nodes: Sequence[Node], rules: Sequence[SubBookRule], classes: Sequence[ShareClass]
) -> None:
    hanging: dict[str, list[str]] = {
        "the nodes": [node.id for node in nodes if node.parent == gone.id],
        "the share classes": [one.id for one in classes if one.fund == gone.id],
        "the rules": [rule_id(rule) for rule in rules if rule.node == gone.id],
    }
    named = "; ".join(f"{what} {', '.join(sorted(ids))}" for what, ids in hanging.items() if ids)
    if named:
        raise BrokenPortfolioError(f"{gone.id!r} still carries {named}. Move or delete them first.")


def rule_id(rule: SubBookRule) -> str:
    """``account#rank``: one rule for each rank of an account."""
    return f"{rule.account}#{rule.rank}"


NODES = Catalogue(
    Kind.NODE,
    Node,
    "portfolio:read",
    "portfolio:write",
    lambda node: node.id,
    _check_whole,
    lambda sight, node: sight.reaches(node.id),
)
RULES = Catalogue(
    Kind.RULE,
    SubBookRule,
    "portfolio:read",
    "portfolio:write",
    rule_id,
    _check_whole,
    lambda sight, rule: sight.sees(rule.node),
)
SHARE_CLASSES = Catalogue(
    Kind.SHARE_CLASS,
    ShareClass,
    "portfolio:read",
    "portfolio:write",
    lambda one: one.id,
    _check_whole,
    lambda sight, share_class: sight.sees(share_class.fund),
)
