"""The lines of a NAV, unrounded: every balance, position and manual item, priced, at its node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from truenav.calc.ledger.book import WalletKey, quantities
from truenav.calc.nav.context import Context, items_in_force, unassigned_node
from truenav.calc.nav.flows import Flows, fund_of_node, node_of
from truenav.calc.nav.model import CoverageClass, LineKind, NavLine
from truenav.calc.nav.prices import Prices
from truenav.calc.nav.snapshots import Snapshot
from truenav.calc.portfolio.measures import (
    NotAPositionError,
    exposure,
    unrealised_in_settle,
    value_in_settle,
)
from truenav.calc.portfolio.subbooks import Part, split
from truenav.calc.pricing.marks import Mark, MarkOrigin, MarkQuality
from truenav.core.account import Account
from truenav.core.asset import AssetKind
from truenav.core.facts import Fact, PositionLine, PositionSnapshot
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import AccountId, InstrumentId, NodeId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ZERO, AssetId, divided, to_text

UNEXPOSED = frozenset({AssetKind.FIAT, AssetKind.STABLECOIN})
"""Kinds of asset whose balances are cash, not exposure."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines by fund, sorted, and what could not be valued or assigned."""

    by_fund: Mapping[NodeId, tuple[NavLine, ...]]
    failures: tuple[Failure, ...]


def build_lines(
    context: Context, snapshots: Mapping[WalletKey, Snapshot], flows: Flows, prices: Prices
) -> Lines:
    """All lines but holdings. Under ``exact()``."""
    builder = _Builder(context, flows, prices)
    by_fund: dict[NodeId, list[NavLine]] = {fund: [] for fund in context.funds}
    for snapshot in snapshots.values():
        if snapshot.fact is not None:
            for fund, line in builder.of_snapshot(snapshot, snapshot.fact):
                by_fund[fund].append(line)
    for fund, line in builder.of_manual_items():
        by_fund[fund].append(line)
    return Lines(
        {fund: tuple(sorted(lines, key=line_order)) for fund, lines in by_fund.items()},
        tuple(builder.failures),
    )


def line_order(line: NavLine) -> tuple[str, ...]:
    """Sort key: node, account, wallet, kind, subject, tag, and quantity for two legs of one position."""
    return (
        line.node,
        line.account,
        line.wallet,
        line.kind,
        line.subject,
        line.tag or "",
        to_text(line.quantity),
        to_text(line.entry_price or ZERO),
    )


class _Builder:
    """Walks the snapshots; the failures it meets pile up beside the lines."""

    def __init__(self, context: Context, flows: Flows, prices: Prices) -> None:
        self.context = context
        self.flows = flows
        self.prices = prices
        self.failures: list[Failure] = []

    def of_snapshot(self, snapshot: Snapshot, fact: Fact) -> Iterator[tuple[NodeId, NavLine]]:
        account = self.context.accounts[AccountId(snapshot.key[0])]
        if isinstance(fact.body, PositionSnapshot):
            yield from self._positions(account, snapshot, fact.body.lines)
            return
        for asset, quantity in sorted(quantities(fact).items()):
            for fund, bare in self._parts(account, snapshot, asset, quantity):
                yield fund, self._priced_asset(bare, account.venue)

    def of_manual_items(self) -> Iterator[tuple[NodeId, NavLine]]:
        for fact, item in items_in_force(self.context):
            part = Part(item.node, None, item.amount.number)
            bare = _bare(
                ("", item.kind),
                item.amount.asset,
                LineKind.MANUAL,
                part,
                fact=fact,
                coverage=CoverageClass.MANUAL,
            )
            bare = replace(bare, notes=(item.reason,))
            yield self.context.fund_of[item.node], self._priced_asset(bare, None)

    def _positions(
        self, account: Account, snapshot: Snapshot, lines: tuple[PositionLine, ...]
    ) -> Iterator[tuple[NodeId, NavLine]]:
        """One line a leg; of a hedged pair only the first leg is divided by tags.

        A position that is closed while tags still hold offsetting parts of it has no entry price; its
        parts are valued as if entered at the mark.
        """
        seen: set[str] = set()
        for line in sorted(lines, key=lambda one: (one.instrument, one.quantity, one.entry_price)):
            first = line.instrument not in seen
            seen.add(line.instrument)
            for fund, bare in self._parts(account, snapshot, line.instrument, line.quantity, tags=first):
                whole = (line.entry_price, line.quantity, line.delta)
                yield fund, self._priced_position(bare, line.instrument, *whole)
        for name, wallet, subject, is_position in sorted(self.flows.tagged):
            if is_position and (name, wallet) == snapshot.key[:2] and subject not in seen:
                for fund, bare in self._parts(account, snapshot, subject, ZERO):
                    yield fund, self._priced_position(bare, InstrumentId(subject), None, ZERO, None)

    def _parts(
        self, account: Account, snapshot: Snapshot, subject: str, quantity: Decimal, *, tags: bool = True
    ) -> Iterator[tuple[NodeId, NavLine]]:
        """The parts of one quantity that belong to funds of this run, as lines without a price."""
        _, wallet, is_position = snapshot.key
        key = (account.id, wallet, subject, is_position)
        tagged = self.flows.tagged.get(key, {}) if tags else {}
        kind = LineKind.POSITION if is_position else LineKind.BALANCE
        rules = self.context.rules[account.id]
        assert snapshot.fact is not None
        for part in split(rules, subject, quantity, is_position=is_position, tagged=tagged):
            if part.node is None:
                self._note_unassigned(account, wallet, subject, part.quantity)
            fund = fund_of_node(self.context, account.id, part)
            if fund is not None:
                placed = replace(part, node=node_of(self.context, account.id, part))
                place = (account.id, wallet)
                yield (
                    fund,
                    _bare(place, subject, kind, placed, fact=snapshot.fact, coverage=snapshot.coverage),
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

    def _priced_asset(self, bare: NavLine, venue: str | None) -> NavLine:
        mark = self.prices.marks.of(bare.subject, venue)
        if isinstance(mark, Failure):
            return _unpriced(bare, mark.message)
        known = self.context.assets.assets.get(AssetId(bare.subject))
        exposed = known is None or known.kind not in UNEXPOSED
        value = bare.quantity * mark.price_usd
        return replace(
            _marked(bare, mark, ()),
            price=mark.price,
            quote=mark.quote,
            value_usd=value,
            exposure_usd=value if exposed else ZERO,
            gross_exposure_usd=abs(value) if exposed else ZERO,
        )

    def _priced_position(
        self,
        bare: NavLine,
        instrument: InstrumentId,
        entry: Decimal | None,
        whole: Decimal,
        whole_delta: Decimal | None,
    ) -> NavLine:
        """``whole`` and ``whole_delta`` are of the snapshot's line, of which this part may be a share."""
        bare = replace(bare, entry_price=entry)
        terms = self.context.instruments.instruments.get(instrument)
        if terms is None:
            return self._unknown_instrument(bare)
        mark = self.prices.marks.of(instrument)
        settle = self.prices.marks.of(terms.settle, terms.venue)
        for failed in (mark, settle):
            if isinstance(failed, Failure):
                return _unpriced(bare, failed.message)
        assert isinstance(mark, Mark)
        assert isinstance(settle, Mark)
        natural = terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote
        price = self._price_in(natural, mark, terms)
        if price is None:
            return _unpriced(bare, f"{natural} has no price, in which {instrument} is valued.")
        cost = price if entry is None else entry
        try:
            value = value_in_settle(terms, bare.quantity, cost, price) * settle.price_usd
            unrealised = unrealised_in_settle(terms, bare.quantity, cost, price) * settle.price_usd
        except NotAPositionError as error:
            self.failures.append(
                Failure(FailureKind.INVARIANT, instrument, error.message, "Correct the snapshot.")
            )
            return _unpriced(bare, error.message)
        delta = divided(whole_delta * bare.quantity, whole) if whole_delta is not None and whole else None
        exposed, note = self._exposure_usd(terms, bare.quantity, price, delta)
        return replace(
            _marked(bare, mark, (settle,)),
            price=price,
            quote=natural,
            value_usd=value,
            exposure_usd=exposed,
            gross_exposure_usd=None if exposed is None else abs(exposed),
            unrealised_usd=unrealised,
            notes=(*bare.notes, *note, *(("entry unknown: valued at the mark",) if entry is None else ())),
        )

    def _price_in(self, natural: AssetId, mark: Mark, terms: Instrument) -> Decimal | None:
        """The mark in the asset that the contract's terms are stated in."""
        if mark.quote == natural:
            return mark.price
        unit = self.prices.usd(natural, terms.venue)
        return None if unit is None else divided(mark.price_usd, unit)

    def _exposure_usd(
        self, terms: Instrument, quantity: Decimal, price: Decimal, delta: Decimal | None
    ) -> tuple[Decimal | None, tuple[str, ...]]:
        number, asset = exposure(terms, quantity, price, delta)
        unit = self.prices.usd(asset, terms.venue)
        if unit is None:
            return None, (f"exposure unknown: {asset} has no price",)
        unknown_delta = terms.kind is InstrumentKind.OPTION and delta is None
        return number * unit, (("delta unknown: full notional",) if unknown_delta else ())

    def _unknown_instrument(self, bare: NavLine) -> NavLine:
        message = f"{bare.subject} is not in the instrument master; its position cannot be valued."
        self.failures.append(
            Failure(
                FailureKind.UNKNOWN_INSTRUMENT,
                bare.subject,
                message,
                "Sync the venue's instruments and strike again.",
            )
        )
        return _unpriced(bare, message)


def _bare(
    place: tuple[str, str], subject: str, kind: LineKind, part: Part, *, fact: Fact, coverage: CoverageClass
) -> NavLine:
    """A line with its quantity and place, and everything that needs a price unknown."""
    assert part.node is not None
    return NavLine(
        node=part.node,
        account=place[0],
        wallet=place[1],
        subject=subject,
        kind=kind,
        tag=part.tag,
        quantity=part.quantity,
        entry_price=None,
        price=None,
        quote=None,
        price_usd=None,
        value_usd=None,
        exposure_usd=None,
        gross_exposure_usd=None,
        unrealised_usd=None,
        coverage=coverage,
        price_source="",
        snapshot_at=fact.occurred_at,
        quoted_at=None,
        evidence=(fact.evidence,),
    )


def _unpriced(bare: NavLine, why: str) -> NavLine:
    return replace(bare, coverage=CoverageClass.MISSING, notes=(*bare.notes, why))


def _marked(bare: NavLine, mark: Mark, path: tuple[Mark, ...]) -> NavLine:
    """The line with the source, time, quality and evidence of the marks that value it."""
    used = (mark, *path)
    coverage = bare.coverage
    if any(one.quality is MarkQuality.STALE for one in used):
        coverage = CoverageClass.STALE
    elif coverage is not CoverageClass.STALE and any(one.origin is MarkOrigin.MANUAL for one in used):
        coverage = CoverageClass.MANUAL
    return replace(
        bare,
        price_usd=mark.price_usd,
        coverage=coverage,
        price_source=f"{mark.source} {mark.kind}",
        quoted_at=min(one.quoted_at for one in used),
        evidence=tuple(sorted({*bare.evidence, *(sha for one in used for sha in one.evidence)})),
    )
