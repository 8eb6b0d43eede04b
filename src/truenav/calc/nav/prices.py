"""All prices that a NAV run needs, from one pricing policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Self

from truenav.calc.ledger.book import WalletKey
from truenav.calc.ledger.deltas import Delta
from truenav.calc.nav.context import Context, in_period, items_in_force
from truenav.calc.nav.model import LineKind
from truenav.calc.nav.snapshots import Snapshot
from truenav.calc.pricing.marks import Asked, Marks, Selection, Subject
from truenav.calc.pricing.numeraires import numeraire_prices_usd, numeraire_subjects
from truenav.calc.pricing.quotes import QuoteBook, quote_key
from truenav.core.facts import BalanceSnapshot, Dealing, Fact, FeePayment, PositionSnapshot
from truenav.core.failure import Failure
from truenav.core.ids import AccountId
from truenav.core.money import AssetId
from truenav.core.policy import Numeraire


@dataclass(frozen=True, slots=True)
class Prices:
    """``marks`` of everything asked; ``failures`` only about what is valued, shown or dealt in."""

    marks: Marks
    numeraires: Mapping[str, Decimal | None]
    failures: tuple[Failure, ...]
    _selection: Selection
    _quotes: QuoteBook
    _valued: Asked
    _stated_in: tuple[Numeraire, ...]

    @classmethod
    def of(
        cls, selection: Selection, quotes: QuoteBook, valued: Asked, numeraires: tuple[Numeraire, ...]
    ) -> Self:
        """The prices of a selection; what is wrong with those of ``valued`` and of numeraires is told."""
        marks = selection.marks(valued)
        by_code = numeraire_prices_usd(numeraires, marks)
        notes = [replace(one, blocking=False) for one in by_code.values() if isinstance(one, Failure)]
        return cls(
            marks,
            {code: None if isinstance(one, Failure) else one for code, one in sorted(by_code.items())},
            (*marks.failures, *notes),
            selection,
            quotes,
            valued,
            numeraires,
        )

    def renewed(self, facts: Iterable[Fact], as_of: datetime) -> Self:
        """The prices of the same things at a later instant, with these quotes in the place of former ones."""
        given = tuple(facts)
        quotes = self._quotes.replaced(given)
        changed = {key for fact in given if (key := quote_key(fact)) is not None}
        selection = self._selection.renewed(quotes, changed, as_of)
        return self.of(selection, quotes, self._valued, self._stated_in)

    @property
    def changed(self) -> Set[Subject]:
        """The subjects whose mark is not what it was before the renewal."""
        return self._selection.changed

    def usd(self, asset: AssetId, venue: str | None = None) -> Decimal | None:
        """USD for one unit of an asset as held on a venue; None where it is unpriced."""
        price = self.marks.usd(asset, venue)
        return None if isinstance(price, Failure) else price


def price_run(
    context: Context, snapshots: Mapping[WalletKey, Snapshot], changes: tuple[Delta, ...]
) -> Prices:
    """Marks of all holdings, and of what the bridge, dealings, fees and numeraires need."""
    inputs = context.inputs
    quotes = QuoteBook(inputs.facts)
    held = {Subject(*one) for one in set(_held(context, snapshots))}
    valued = held | set(_stated(context))
    numeraires = set(numeraire_subjects(inputs.numeraires))
    others = numeraires | set(_moved(context, changes))

    selection = Selection.of(
        Asked.of(valued | others, context.instruments),
        quotes,
        inputs.pricing,
        assets=context.assets,
        instruments=context.instruments,
        as_of=inputs.as_of,
    )
    return Prices.of(selection, quotes, Asked.of(valued, context.instruments), inputs.numeraires)


def _held(
    context: Context, snapshots: Mapping[WalletKey, Snapshot]
) -> Iterable[tuple[str] | tuple[str, str]]:
    for (account, _, _), snapshot in snapshots.items():
        body = snapshot.fact.body if snapshot.fact is not None else None
        if isinstance(body, BalanceSnapshot):
            venue = context.accounts[AccountId(account)].venue
            yield from ((line.asset, venue) for line in body.lines if line.total)
        elif isinstance(body, PositionSnapshot):
            known = context.instruments.instruments
            yield from (
                (line.instrument,) for line in body.lines if line.quantity and line.instrument in known
            )


def _stated(context: Context) -> Iterable[Subject]:
    """What people state: manual items in force, dealings and payments of the period, class currencies."""
    yield from (Subject(item.amount.asset) for _, item in items_in_force(context))
    for fact in context.dealings:
        if in_period(context, fact) and isinstance(fact.body, Dealing | FeePayment):
            yield Subject(fact.body.amount.asset)
    for classes in context.classes.values():
        yield from (Subject(one.currency) for one in classes)


def _moved(context: Context, changes: tuple[Delta, ...]) -> Iterable[Subject]:
    """What moved or was held before, perhaps no longer: only the bridge and closed tags ask for it."""
    for change in changes:
        if change.is_position:
            yield Subject(change.subject)
        else:
            yield Subject(change.subject, context.accounts[AccountId(change.account)].venue)
    for fund in context.opening.funds.values():
        for line in fund.lines:
            account = context.accounts.get(AccountId(line.account))
            if line.kind is LineKind.BALANCE and account is not None:
                yield Subject(line.subject, account.venue)
            elif line.kind is LineKind.POSITION:
                yield Subject(line.subject)
