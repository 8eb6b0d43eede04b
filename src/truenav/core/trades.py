"""Trades in columns: a sequence of facts that makes each only when it is looked at.

A history has millions of fills and most of them go from a venue's bytes to the journal without anybody
looking at one; the journal writes the columns themselves (`truenav.store.frames`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any, overload

from truenav.core.facts import Fact, Trade
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.money import Amount, AssetId

MILLISECOND = timedelta(milliseconds=1)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class Trades(Sequence[Fact]):
    """Trades that one source states in one payload: element ``n`` of each column is of trade ``n``.

    Signs and units are those of ``Trade``. An amount that is None has no asset; of fees there is at most
    one. Equal to any sequence of the same facts.
    """

    source: str
    evidence: Sha256
    account: Sequence[str]
    external_id: Sequence[str]
    occurred_at: Sequence[datetime]
    wallet: Sequence[str]
    instrument: Sequence[InstrumentId]
    quantity: Sequence[Decimal]
    price: Sequence[Decimal]
    cost: Sequence[Decimal | None]
    cost_asset: Sequence[AssetId | None]
    realised: Sequence[Decimal | None]
    realised_asset: Sequence[AssetId | None]
    fee: Sequence[Decimal | None]
    fee_asset: Sequence[AssetId | None]
    order_id: Sequence[str]
    tag: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.external_id)

    @overload
    def __getitem__(self, place: int) -> Fact: ...

    @overload
    def __getitem__(self, place: slice) -> Trades: ...

    def __getitem__(self, place: int | slice) -> Fact | Trades:
        if isinstance(place, slice):
            return Trades(self.source, self.evidence, *(column[place] for column in self.columns))
        return self._fact(*(column[place] for column in self.columns))

    def __iter__(self) -> Iterator[Fact]:
        return map(self._fact, *self.columns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as of a list: it may be large

    @property
    def columns(self) -> tuple[Sequence[Any], ...]:
        """The columns in the order of the fields."""
        return tuple(getattr(self, name) for name in COLUMNS)

    def kept(self, wanted: Sequence[object]) -> Trades:
        """The trades whose element in ``wanted`` is true."""
        places = [n for n, one in enumerate(wanted) if one]
        columns: tuple[list[Any], ...] = tuple([column[n] for n in places] for column in self.columns)
        return Trades(self.source, self.evidence, *columns)

    def _fact(
        self,
        account: str,
        external_id: str,
        at: datetime,
        wallet: str,
        instrument: InstrumentId,
        quantity: Decimal,
        price: Decimal,
        cost: Decimal | None,
        cost_asset: AssetId | None,
        realised: Decimal | None,
        realised_asset: AssetId | None,
        fee: Decimal | None,
        fee_asset: AssetId | None,
        order_id: str,
        tag: str | None,
    ) -> Fact:
        body = Trade(
            wallet,
            instrument,
            quantity,
            price,
            _amount(cost, cost_asset),
            _amount(realised, realised_asset),
            () if fee is None or fee_asset is None else (Amount(fee, fee_asset),),
            order_id,
            tag,
        )
        return Fact(self.source, account, external_id, at, body, self.evidence)


class Instants(Sequence[datetime]):
    """Instants given as steps since 1970 (milliseconds, or ``step``), each made only when it is looked at."""

    __slots__ = ("step", "steps")

    def __init__(self, steps: Sequence[int], step: timedelta = MILLISECOND) -> None:
        self.steps = steps
        self.step = step

    def __len__(self) -> int:
        return len(self.steps)

    @overload
    def __getitem__(self, place: int) -> datetime: ...

    @overload
    def __getitem__(self, place: slice) -> Instants: ...

    def __getitem__(self, place: int | slice) -> datetime | Instants:
        if isinstance(place, slice):
            return Instants(self.steps[place], self.step)
        return _EPOCH + self.steps[place] * self.step


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

COLUMNS = tuple(one.name for one in fields(Trades))[2:]
"""Names of the columns: all but the source and the evidence, which are of all trades."""


def joined(parts: Sequence[Trades]) -> Trades:
    """Parts of one payload's trades as one; there is at least one part."""
    first = parts[0]
    if len(parts) == 1:
        return first
    columns = (_joined([getattr(part, name) for part in parts]) for name in COLUMNS)
    return Trades(first.source, first.evidence, *columns)


def _joined(parts: Sequence[Sequence[Any]]) -> Sequence[Any]:
    instants = [part for part in parts if isinstance(part, Instants)]
    if len(instants) == len(parts) and len({part.step for part in instants}) == 1:
        return Instants(_joined([part.steps for part in instants]), instants[0].step)
    return list(chain.from_iterable(parts))


def _amount(number: Decimal | None, asset: AssetId | None) -> Amount | None:
    return None if number is None or asset is None else Amount(number, asset)
