"""What a node earned in a period: the change of its value less what was brought in and taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from truenav.calc.portfolio.subbooks import split
from truenav.calc.portfolio.tree import FUND_KINDS, Tree
from truenav.core.facts import Dealing, DealingKind, Fact, Transfer
from truenav.core.ids import AccountId, NodeId, ShareClassId
from truenav.core.money import ZERO, AssetId, exact
from truenav.core.portfolio import SubBookRule

NODE_INVESTOR = "node:"

PriceOf = Callable[[str, AssetId], Decimal | None]
"""``(account, asset)`` to USD a unit, None where it is unknown."""


def flows_by_node(
    facts: Iterable[Fact],
    tree: Tree,
    rules: Mapping[AccountId, tuple[SubBookRule, ...]],
    *,
    price_of: PriceOf,
    unit_prices: Mapping[ShareClassId, Decimal | None],
) -> Mapping[NodeId, Decimal | None]:
    """What came into each node (+) and left it (-) in USD, everything below it in the same fund included.

    Parameters
    ----------
    facts : of the period. Transfers count where their wallet's rules put the asset, at the present price;
        dealings count as units that came to, or left, the node that holds them. Others are ignored.
    rules : of each account, by rank.
    unit_prices : USD for one unit of a class.

    Returns
    -------
    A node that is not in it had no flow; None: it had one that cannot be priced. Transfer fees are a cost,
    not a flow.
    """
    own: dict[NodeId, Decimal | None] = {}

    def add(node: NodeId, quantity: Decimal, price: Decimal | None) -> None:
        before = own.get(node, ZERO)
        own[node] = None if before is None or price is None else before + quantity * price

    with exact():
        for fact in facts:
            match fact.body:
                case Transfer(amount=amount):
                    parts = split(
                        rules.get(AccountId(fact.account), ()),
                        amount.asset,
                        amount.number,
                        is_position=False,
                        tagged={},
                    )
                    price = price_of(fact.account, amount.asset)
                    for part in parts:
                        if part.node is not None:
                            add(part.node, part.quantity, price)
                case Dealing() as dealing if dealing.investor.startswith(NODE_INVESTOR):
                    units = dealing.units if dealing.kind is DealingKind.SUBSCRIPTION else -dealing.units
                    holder = NodeId(dealing.investor.removeprefix(NODE_INVESTOR))
                    add(holder, units, unit_prices.get(dealing.share_class))
                case _:
                    pass
        return _rolled_up(own, tree)


def _rolled_up(own: dict[NodeId, Decimal | None], tree: Tree) -> Mapping[NodeId, Decimal | None]:
    """Up to each fund and no further; unknown below is unknown above."""
    for node in reversed(tree.order):
        parent = tree.nodes[node].parent
        if node not in own or parent is None or tree.nodes[node].kind in FUND_KINDS:
            continue
        above, mine = own.get(parent, ZERO), own[node]
        own[parent] = None if above is None or mine is None else above + mine
    return own


def drawdowns(levels: Iterable[Decimal]) -> tuple[Decimal, ...]:
    """How far each level lies below the highest so far, as a fraction: 0 at a high, -0.25 a quarter below.

    Levels are in time order; before the first positive one the drawdown is 0.
    """
    found: list[Decimal] = []
    highest = ZERO
    with exact():
        for level in levels:
            highest = max(highest, level)
            found.append((level - highest) / highest if highest > 0 else ZERO)
    return tuple(found)
