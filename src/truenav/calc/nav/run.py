"""A NAV run before anything is priced: all that stays as it is while only prices change."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Self, TypeVar

from truenav.calc.ledger.book import WalletKey
from truenav.calc.ledger.deltas import Delta
from truenav.calc.nav.bridge import Start, ThingKey, thing_key
from truenav.calc.nav.context import Context, prepare
from truenav.calc.nav.coverage import LastKnown, last_known, missing_wallets, weight_gone
from truenav.calc.nav.flows import allocate_flows, known_deltas
from truenav.calc.nav.model import LineKind, NavInputs, Reconciled, ReconciliationStatus, SnapshotUse
from truenav.calc.nav.pieces import Piece, take_apart
from truenav.calc.nav.reconcile import reconcile, reconciliation_notes
from truenav.calc.nav.snapshots import Snapshot, choose_snapshots
from truenav.calc.nav.totals import Income, income_of
from truenav.calc.pricing.marks import Subject
from truenav.core.facts import ManualItem
from truenav.core.failure import Failure
from truenav.core.ids import AccountId, NodeId
from truenav.core.instrument import InstrumentBook

_FOREVER = datetime.max.replace(tzinfo=UTC)
_TICK = timedelta(microseconds=1)

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True)
class FundRun:
    """What one fund brings to a run: its pieces in the order of its lines, and what they are found by.

    ``start`` is None on its first NAV. ``gone`` is the last known value, by node, of what wallets without
    a snapshot held.
    """

    fund: NodeId
    pieces: tuple[Piece, ...]
    snapshots: tuple[SnapshotUse, ...]
    rows: tuple[Reconciled, ...]
    notes: tuple[Failure, ...]
    start: Start | None
    income: Income
    last: LastKnown
    gone: Mapping[NodeId, Decimal]
    instruments: InstrumentBook

    @cached_property
    def readers(self) -> Mapping[Subject, tuple[int, ...]]:
        """The places of the pieces that are priced from each mark."""
        return _grouped(
            (subject, place)
            for place, piece in enumerate(self.pieces)
            for subject in piece.subjects(self.instruments)
        )

    @cached_property
    def by_kind(self) -> Mapping[LineKind, tuple[int, ...]]:
        """The places of the pieces of each kind."""
        return _grouped((piece.kind, place) for place, piece in enumerate(self.pieces))

    @cached_property
    def things(self) -> Mapping[ThingKey, tuple[int, ...]]:
        """The places of the pieces of each thing that the bridge explains."""
        return _grouped((thing_key(piece), place) for place, piece in enumerate(self.pieces))

    @cached_property
    def ended(self) -> Mapping[Subject, tuple[ThingKey, ...]]:
        """The things of which no piece is left, by the mark that explains their end."""
        if self.start is None:
            return {}
        return _grouped(
            (subject, key)
            for key in self.start.things - self.things.keys()
            if (subject := self.start.mark_of_ended(key)) is not None
        )


@dataclass(frozen=True, slots=True)
class Run:
    """All funds of a run. It stays the same with other quotes, and at later instants before ``until``."""

    context: Context
    snapshots: Mapping[WalletKey, Snapshot]
    changes: tuple[Delta, ...]
    funds: Mapping[NodeId, FundRun]
    failures: tuple[Failure, ...]
    breaks: int
    until: datetime

    @classmethod
    def of(cls, inputs: NavInputs) -> Self:
        """Make a run ready. Under ``exact()``; raises where the inputs contradict each other."""
        context = prepare(inputs)
        changes, unbooked = known_deltas(context)
        snapshots, unread = choose_snapshots(context, _positions_expected(context, changes))
        flows = allocate_flows(context, changes, snapshots)
        pieces = take_apart(context, snapshots, flows)
        rows = reconcile(context, snapshots, flows.all)
        used: dict[NodeId, list[SnapshotUse]] = {fund: [] for fund in context.funds}
        for one in snapshots.values():
            used[context.home[AccountId(one.key[0])]].append(one.use)
        missing = missing_wallets(snapshots)
        funds = {}
        for fund in context.funds:
            last = last_known(context.opening.funds.get(fund))
            funds[fund] = FundRun(
                fund=fund,
                pieces=pieces.by_fund[fund],
                snapshots=tuple(used[fund]),
                rows=rows[fund],
                notes=reconciliation_notes(rows[fund]),
                start=Start.of(context, fund, flows.by_fund[fund]),
                income=income_of(context, fund, flows.by_fund[fund]),
                last=last,
                gone=weight_gone(last, missing),
                instruments=context.instruments,
            )
        return cls(
            context=context,
            snapshots=snapshots,
            changes=changes,
            funds=funds,
            failures=(*inputs.unread, *unbooked, *unread, *pieces.failures),
            breaks=sum(row.status is ReconciliationStatus.BREAK for some in rows.values() for row in some),
            until=_until(context, snapshots),
        )

    def at(self, inputs: NavInputs) -> Self:
        """The run with inputs that differ in their quotes and their instant alone."""
        return replace(self, context=replace(self.context, inputs=inputs))


def _positions_expected(context: Context, changes: Iterable[Delta]) -> set[WalletKey]:
    """Wallets that must have a position snapshot: they had one at the last NAV, or traded since."""
    expected = {key for key in context.opening.instants if key[2]}
    for change in changes:
        if change.is_position:
            expected.add((change.account, change.wallet, True))
    return expected


def _until(context: Context, snapshots: Mapping[WalletKey, Snapshot]) -> datetime:
    """When time alone changes the run: a fact comes, an item ends, or a snapshot grows too old."""
    inputs = context.inputs
    turns = [fact.occurred_at for fact in inputs.facts]
    turns += [
        fact.body.until for fact in inputs.facts if isinstance(fact.body, ManualItem) and fact.body.until
    ]
    limits = (inputs.policy.snapshot_stale_seconds, inputs.policy.snapshot_unusable_seconds)
    for one in snapshots.values():
        if one.fact is not None:
            turns += [one.fact.occurred_at + timedelta(seconds=limit) + _TICK for limit in limits]
    return min((turn for turn in turns if turn > inputs.as_of), default=_FOREVER)


def _grouped(pairs: Iterable[tuple[Key, Value]]) -> Mapping[Key, tuple[Value, ...]]:
    found: dict[Key, list[Value]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}
