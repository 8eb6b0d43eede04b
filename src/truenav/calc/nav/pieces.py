"""The lines of a NAV before anything is priced: what each node has, how much of it, and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.calc.ledger.book import WalletKey, quantities
from truenav.calc.nav.context import Context, Held, items_in_force, unassigned_node
from truenav.calc.nav.flows import Flows, fund_of_node, node_of
from truenav.calc.nav.model import CoverageClass, LineKind
from truenav.calc.nav.snapshots import Snapshot
from truenav.calc.portfolio.subbooks import split
from truenav.calc.pricing.marks import Subject
from truenav.core.account import Account
from truenav.core.asset import USD
from truenav.core.facts import Fact, PositionLine, PositionSnapshot
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import AccountId, InstrumentId, NodeId, Sha256
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ZERO, to_text


@dataclass(frozen=True, slots=True)
class Piece:
    """One line without a price. ``venue``: where an asset is held; of manual items None.

    Of a position ``whole`` and ``whole_delta`` are the quantity and delta of the snapshot's line, of which
    this may be a share. ``held`` are the units that a holding stands for.
    """

    node: NodeId
    account: str
    wallet: str
    subject: str
    kind: LineKind
    tag: str | None
    quantity: Decimal
    coverage: CoverageClass | None
    snapshot_at: datetime | None
    evidence: tuple[Sha256, ...]
    venue: str | None = None
    entry_price: Decimal | None = None
    whole: Decimal = ZERO
    whole_delta: Decimal | None = None
    notes: tuple[str, ...] = ()
    held: Held | None = None

    @property
    def order(self) -> tuple[str, ...]:
        """Sort key: node, account, wallet, kind, subject, tag, and quantity for two legs of one position."""
        return (
            self.node,
            self.account,
            self.wallet,
            self.kind,
            self.subject,
            self.tag or "",
            to_text(self.quantity),
            to_text(self.entry_price or ZERO),
        )

    def subjects(self, instruments: InstrumentBook) -> tuple[Subject, ...]:
        """The marks that this piece is priced from; of a holding none."""
        if self.kind is LineKind.HOLDING:
            return ()
        if self.kind is not LineKind.POSITION:
            return (Subject(self.subject, self.venue),)
        terms = instruments.instruments.get(InstrumentId(self.subject))
        if terms is None:
            return ()
        assets = {terms.settle, terms.quote, terms.base} - {USD}  # which is 1 at any time
        return (Subject(self.subject), *(Subject(one, terms.venue) for one in sorted(assets)))


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces by fund, sorted, and what no rule could assign."""

    by_fund: Mapping[NodeId, tuple[Piece, ...]]
    failures: tuple[Failure, ...]


def take_apart(context: Context, snapshots: Mapping[WalletKey, Snapshot], flows: Flows) -> Pieces:
    """Every balance, position, manual item and holding of a run, at its node. Under ``exact()``."""
    builder = _Builder(context, flows)
    by_fund: dict[NodeId, list[Piece]] = {fund: [] for fund in context.funds}
    for snapshot in snapshots.values():
        if snapshot.fact is not None:
            for fund, piece in builder.of_snapshot(snapshot, snapshot.fact):
                by_fund[fund].append(piece)
    for fund, piece in _manual_items(context):
        by_fund[fund].append(piece)
    for fund, held in context.held.items():
        by_fund[fund].extend(_holding(one) for one in held if one.units)
    return Pieces(
        {fund: tuple(sorted(pieces, key=lambda one: one.order)) for fund, pieces in by_fund.items()},
        tuple(builder.failures),
    )


class _Builder:
    """Walks the snapshots; the failures it meets pile up beside the pieces."""

    def __init__(self, context: Context, flows: Flows) -> None:
        self.context = context
        self.flows = flows
        self.failures: list[Failure] = []

    def of_snapshot(self, snapshot: Snapshot, fact: Fact) -> Iterator[tuple[NodeId, Piece]]:
        account = self.context.accounts[AccountId(snapshot.key[0])]
        if isinstance(fact.body, PositionSnapshot):
            yield from self._positions(account, snapshot, fact.body.lines)
            return
        for asset, quantity in sorted(quantities(fact).items()):
            yield from self._parts(account, snapshot, asset, quantity)

    def _positions(
        self, account: Account, snapshot: Snapshot, lines: tuple[PositionLine, ...]
    ) -> Iterator[tuple[NodeId, Piece]]:
        """One piece a leg; of a hedged pair only the first leg is divided by tags.

        A position that is closed while tags still hold offsetting parts of it has no entry price.
        """
        seen: set[str] = set()
        for line in sorted(lines, key=lambda one: (one.instrument, one.quantity, one.entry_price)):
            first = line.instrument not in seen
            seen.add(line.instrument)
            yield from self._parts(account, snapshot, line.instrument, line.quantity, line, tags=first)
        for name, wallet, subject, is_position in sorted(self.flows.tagged):
            if is_position and (name, wallet) == snapshot.key[:2] and subject not in seen:
                yield from self._parts(account, snapshot, subject, ZERO)

    def _parts(
        self,
        account: Account,
        snapshot: Snapshot,
        subject: str,
        quantity: Decimal,
        line: PositionLine | None = None,
        *,
        tags: bool = True,
    ) -> Iterator[tuple[NodeId, Piece]]:
        """The parts of one quantity that belong to funds of this run."""
        fact = snapshot.fact
        assert fact is not None
        _, wallet, is_position = snapshot.key
        key = (account.id, wallet, subject, is_position)
        tagged = self.flows.tagged.get(key, {}) if tags else {}
        rules = self.context.rules[account.id]
        for part in split(rules, subject, quantity, is_position=is_position, tagged=tagged):
            if part.node is None:
                self._note_unassigned(account, wallet, subject, part.quantity)
            fund = fund_of_node(self.context, account.id, part)
            if fund is None:
                continue
            yield (
                fund,
                Piece(
                    node=node_of(self.context, account.id, part),
                    account=account.id,
                    wallet=wallet,
                    subject=subject,
                    kind=LineKind.POSITION if is_position else LineKind.BALANCE,
                    tag=part.tag,
                    quantity=part.quantity,
                    coverage=snapshot.coverage,
                    snapshot_at=fact.occurred_at,
                    evidence=(fact.evidence,),
                    venue=account.venue,
                    entry_price=line.entry_price if line else None,
                    whole=quantity,
                    whole_delta=line.delta if line else None,
                ),
            )

    def _note_unassigned(self, account: Account, wallet: str, subject: str, quantity: Decimal) -> None:
        node = unassigned_node(self.context.home[account.id])
        self.failures.append(
            Failure(
                FailureKind.UNASSIGNED,
                f"{account.id}/{wallet}",
                f"No sub-book rule takes {to_text(quantity)} of {subject} in {account.id}/{wallet}; it is "
                f"booked to {node}.",
                "End the account's rules with one that takes the share 1 of the rest.",
            )
        )


def _manual_items(context: Context) -> Iterator[tuple[NodeId, Piece]]:
    for fact, item in items_in_force(context):
        yield (
            context.fund_of[item.node],
            Piece(
                node=item.node,
                account="",
                wallet=item.kind,
                subject=item.amount.asset,
                kind=LineKind.MANUAL,
                tag=None,
                quantity=item.amount.number,
                coverage=CoverageClass.MANUAL,
                snapshot_at=fact.occurred_at,
                evidence=(fact.evidence,),
                notes=(item.reason,),
            ),
        )


def _holding(held: Held) -> Piece:
    return Piece(
        node=held.node,
        account=held.fund,
        wallet="",
        subject=held.share_class,
        kind=LineKind.HOLDING,
        tag=None,
        quantity=held.units,
        coverage=None,
        snapshot_at=None,
        evidence=held.evidence,
        held=held,
    )
