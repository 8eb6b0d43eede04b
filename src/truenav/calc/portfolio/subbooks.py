"""Sub-books: one account's quantities divided among nodes, so that the parts sum exactly to the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from truenav.core.failure import InvalidInputError
from truenav.core.ids import NodeId
from truenav.core.money import MAX_SCALE, ONE, ZERO, exact, rounded
from truenav.core.portfolio import ByAsset, ByInstrument, ByShare, ByTag, SubBookRule


class SubBookRuleError(InvalidInputError):
    """The rules of an account cannot divide it."""

    code = "sub-book-rule"
    title = "The sub-book rules are not valid"


@dataclass(frozen=True, slots=True)
class Part:
    """What one node gets; ``node`` None: what no rule took. ``tag``: the strategy tag that took it."""

    node: NodeId | None
    tag: str | None
    quantity: Decimal


def ordered_rules(rules: Iterable[SubBookRule]) -> tuple[SubBookRule, ...]:
    """The rules of one account by rank; two of one rank, or a share outside 0 to 1, are refused."""
    ordered = tuple(sorted(rules, key=lambda rule: (rule.rank, rule.node)))
    for rule, following in pairwise(ordered):
        if rule.rank == following.rank:
            raise SubBookRuleError(
                f"Account {rule.account!r} has two rules of rank {rule.rank}; give each its own rank."
            )
    for rule in ordered:
        if isinstance(rule.selector, ByShare) and not ZERO <= rule.selector.share <= ONE:
            raise SubBookRuleError(
                f"Account {rule.account!r}, rank {rule.rank}: the share {rule.selector.share} is not "
                "between 0 and 1."
            )
    return ordered


def split(
    rules: tuple[SubBookRule, ...],
    subject: str,
    quantity: Decimal,
    *,
    is_position: bool,
    tagged: Mapping[str, Decimal],
) -> tuple[Part, ...]:
    """Divide one quantity by rules in order of rank; the parts sum exactly to ``quantity``.

    ``tagged`` is how much of it each strategy tag built up (signs may differ). Each rule takes from what
    the rules before it left. A share is rounded to 38 decimals; the rule after it gets the exact rest.
    Parts of zero are left out. The division is linear: splitting two quantities and splitting their
    sum give the same nodes the same totals (up to that rounding).
    """
    parts: list[Part] = []
    left, untouched = quantity, ONE
    with exact():
        for rule in rules:
            tag: str | None = None
            match rule.selector:
                case ByInstrument(instruments) if is_position and subject in instruments:
                    taken, untouched = left, ZERO
                case ByAsset(assets) if not is_position and subject in assets:
                    taken, untouched = left, ZERO
                case ByTag(wanted):
                    taken, tag = _storable(untouched * tagged.get(wanted, ZERO)), wanted
                case ByShare(share):
                    taken, untouched = _storable(left * share), untouched * (ONE - share)
                case _:
                    continue
            left -= taken
            if taken:
                parts.append(Part(rule.node, tag, taken))
        if left:
            parts.append(Part(None, None, left))
    return tuple(parts)


def _storable(quantity: Decimal) -> Decimal:
    """The quantity with no more decimals than the canonical text carries."""
    exponent = quantity.as_tuple().exponent
    return quantity if isinstance(exponent, int) and exponent >= -MAX_SCALE else rounded(quantity, MAX_SCALE)
