"""The lines below one node of a view, down to the position: what, where, how much, and on what word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.app.overview.view import View
from truenav.calc.nav.model import CoverageClass, LineKind, NavLine
from truenav.calc.portfolio.tree import FUND_KINDS, Tree
from truenav.calc.pricing.numeraires import convert
from truenav.core.ids import NodeId, Sha256
from truenav.core.money import AssetId, exact, rounded

PLACES = 18


@dataclass(frozen=True, slots=True)
class HeldLine:
    """One line of a node; ``name`` and ``venue`` are for people.

    ``quantity`` is in units of the asset, contracts, or units of the class; ``price`` in ``quote``; the
    other figures in the numeraire. None is unknown, never zero. A holding has the fund whose units they are
    as ``account``. Each of ``evidence`` is at ``/api/v1/evidence/{sha256}``; a live mark, which is newer than
    anything gathered, has none.
    """

    node: NodeId
    kind: LineKind
    subject: str
    name: str
    account: str
    venue: str
    wallet: str
    tag: str | None
    quantity: Decimal
    price: Decimal | None
    quote: str | None
    value: Decimal | None
    exposure: Decimal | None
    gross: Decimal | None
    unrealised: Decimal | None
    coverage: CoverageClass | None
    price_source: str
    snapshot_at: datetime | None
    quoted_at: datetime | None
    evidence: tuple[Sha256, ...]
    notes: tuple[str, ...]


def held_lines(view: View, node: NodeId, numeraire_usd: Decimal | None) -> tuple[HeldLine, ...]:
    """The lines that the fund of ``node`` owns at it and below it; funds further down show as holdings.

    ``numeraire_usd`` is the price of the numeraire in USD; None where it has none, and then its figures are
    unknown.
    """
    names = _Names(view)
    tree = Tree(view.inputs.nodes)
    below = set(tree.subtree(node))
    owner = _fund_of(tree, node)

    def shown(usd: Decimal | None) -> Decimal | None:
        return None if usd is None or numeraire_usd is None else rounded(convert(usd, numeraire_usd), PLACES)

    with exact():
        return tuple(
            HeldLine(
                node=line.node,
                kind=line.kind,
                subject=line.subject,
                name=names.of(line),
                account=line.account,
                venue=names.venue(line),
                wallet=line.wallet,
                tag=line.tag,
                quantity=line.quantity,
                price=line.price,
                quote=None if line.quote is None else names.asset(line.quote),
                value=shown(line.value_usd),
                exposure=shown(line.exposure_usd),
                gross=shown(line.gross_exposure_usd),
                unrealised=shown(line.unrealised_usd),
                coverage=line.coverage,
                price_source=line.price_source,
                snapshot_at=line.snapshot_at,
                quoted_at=line.quoted_at,
                evidence=tuple(sha for sha in line.evidence if sha not in view.unarchived),
                notes=line.notes,
            )
            for fund in view.result.funds
            if fund.fund == owner
            for line in fund.lines
            if line.node in below
        )


def _fund_of(tree: Tree, node: NodeId) -> NodeId:
    """The nearest fund at or above a node, which owns what lies there."""
    at = tree.get(node)
    while at.kind not in FUND_KINDS and at.parent is not None:
        at = tree.get(at.parent)
    return at.id


class _Names:
    """What people call the ids of a view."""

    def __init__(self, view: View) -> None:
        self._assets = {one.id: one.symbol for one in view.inputs.assets}
        self._classes = {str(one.id): one.name for one in view.inputs.share_classes}
        self._venues = {str(one.id): one.venue for one in view.inputs.accounts}

    def asset(self, asset: AssetId) -> str:
        return self._assets.get(asset, asset)

    def venue(self, line: NavLine) -> str:
        return self._venues.get(line.account, "")

    def of(self, line: NavLine) -> str:
        if line.kind is LineKind.POSITION:
            return line.subject.partition(":")[2] or line.subject
        if line.kind is LineKind.HOLDING:
            return self._classes.get(line.subject, line.subject)
        return self.asset(AssetId(line.subject))
