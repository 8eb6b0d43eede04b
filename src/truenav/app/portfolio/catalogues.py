"""Nodes, sub-book rules and share classes; a change that breaks the tree is refused whole."""

from __future__ import annotations

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
    tree = Tree(definitions.bodies(session, Kind.NODE, Node))
    accounts = {one.id for one in definitions.bodies(session, Kind.ACCOUNT, Account)}
    by_account: dict[AccountId, list[SubBookRule]] = {}
    for rule in definitions.bodies(session, Kind.RULE, SubBookRule):
        tree.get(rule.node)
        if rule.account not in accounts:
            raise BrokenPortfolioError(
                f"A rule feeds {rule.node!r} from {rule.account!r}, which is no account."
            )
        by_account.setdefault(rule.account, []).append(rule)
    for rules in by_account.values():
        ordered_rules(rules)
    assets = parse_context(session).assets.assets
    for share_class in definitions.bodies(session, Kind.SHARE_CLASS, ShareClass):
        if tree.get(share_class.fund).kind not in FUND_KINDS:
            raise BrokenPortfolioError(
                f"Class {share_class.id!r} is of {share_class.fund!r}, which is no fund."
            )
        if share_class.currency not in assets:
            raise BrokenPortfolioError(
                f"Class {share_class.id!r} deals in an unknown asset {share_class.currency!r}."
            )


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
