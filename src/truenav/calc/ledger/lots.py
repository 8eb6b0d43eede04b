"""Lots and realised profit of one instrument in one account: the exact reference, fill by fill.

A *lot* is what one fill opened and later fills have not closed. A fill against the holding closes lots, in
the order of a method; what is left of it opens a lot on the other side. `truenav.calc.ledger.lots_columns`
does the same in bulk.

The *value* of a quantity at a price is ``quantity * multiplier * price``, and for inverse contracts
``quantity * multiplier / price``: what the price makes of it in the money that profit is paid in. Profit is
proceeds less cost. Long and linear, the value when opened is the cost; short or inverse (not both) it is
the proceeds, so that an inverse profit is ``contracts * multiplier * (1/entry - 1/exit)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Self

from truenav.core.failure import InvalidInputError
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, ZERO, divided, summing

AVERAGE_PLACES = 8
"""Decimals that average cost is kept with where nobody says otherwise."""


class BadFillError(InvalidInputError):
    """A fill cannot be booked: out of order, booked twice, or without a usable price."""

    code = "bad-fill"
    title = "A fill cannot be booked"


class LotChoiceError(InvalidInputError):
    """The lots that a closing fill names are not those that it closes."""

    code = "lot-choice"
    title = "The chosen lots do not fit the fill"


class Method(StrEnum):
    """Which lots a fill closes first.

    ``HIFO`` takes the lot that gains least: the highest entry price when long, the lowest when short; of
    equal prices the oldest. ``SPECIFIC`` takes the lots that the fill names. ``AVERAGE`` keeps one lot.
    """

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    SPECIFIC = "specific"
    AVERAGE = "average"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a contract is worth: ``multiplier`` as in `Instrument`; spot and options are linear."""

    multiplier: Decimal = ONE
    inverse: bool = False

    @classmethod
    def of(cls, instrument: Instrument) -> Self:
        """The terms of an instrument; an option's premium is linear in its price."""
        return cls(instrument.multiplier, instrument.inverse and instrument.kind is not InstrumentKind.OPTION)

    def value(self, quantity: Decimal, price: Decimal) -> Decimal:
        """The value of a quantity at a price: a product as it is, a quotient at 78 digits, half-even."""
        size = quantity * self.multiplier
        return divided(size, price) if self.inverse else size * price

    def rounded_value(self, quantity: Decimal, price: Decimal, places: int) -> Decimal:
        """The same, rounded once, half-even, to ``places`` decimals."""
        size = Fraction(quantity * self.multiplier)
        return _half_even(size / Fraction(price) if self.inverse else size * Fraction(price), places)


SPOT = Terms()
"""One unit is one unit."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade: ``quantity`` in contracts (units of base for spot), bought positive.

    ``fee`` is in the money that profit is paid in, negative when paid; a fee in another asset is a
    disposal of that asset, and belongs to its own lots. ``closes`` names lots and how much of each this
    fill closes, without sign: for `Method.SPECIFIC` alone.
    """

    id: str
    at: datetime
    quantity: Decimal
    price: Decimal
    fee: Decimal = ZERO
    closes: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of what one fill opened; ``id`` is that fill's, ``quantity`` is negative if short.

    ``value`` is the value of what is left, as it was opened (the cost of a long linear lot); ``fee`` the
    part of the opening fee that belongs to it. With average cost, ``id`` and ``opened_at`` are of the fill
    that opened the holding, and ``price`` is the average entry.
    """

    id: str
    opened_at: datetime
    quantity: Decimal
    price: Decimal
    value: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class Realised:
    """A part of a lot that a fill closed. ``quantity`` has the sign of the lot.

    ``profit`` is ``proceeds - cost``, without fees; ``fee`` is what opening and closing this part cost
    (negative when paid), so that ``profit + fee`` is the profit after fees.
    """

    lot: str
    fill: str
    opened_at: datetime
    closed_at: datetime
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    profit: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class LotBook:
    """All that fills realised, in their order, and the lots that are left, oldest first."""

    realised: tuple[Realised, ...]
    lots: tuple[Lot, ...]


def lots(
    fills: Iterable[Fill],
    terms: Terms = SPOT,
    *,
    method: Method = Method.FIFO,
    places: int = AVERAGE_PLACES,
) -> LotBook:
    """Book the fills of one instrument in one account, in order of time.

    What is rounded: the value of an inverse fill, that of a part of one, and a part of a fee are quotients
    of 78 digits, half-even, once each. The last part is the rest of the whole, so parts always sum to what
    they are parts of. Everything else of FIFO, LIFO, HIFO and specific lots is exact. With average cost the
    value of each fill, and that of each part of the holding that is closed, are rounded half-even to
    ``places`` decimals.

    Raises ``BadFillError`` for a time without a zone or before the fill ahead, an id that comes twice, or
    an inverse fill whose price is not positive; ``LotChoiceError`` where named lots do not fit.
    """
    book = _Book(terms, method, places)
    with summing():
        for fill in fills:
            book.add(fill)
    return LotBook(tuple(book.realised), tuple(book.held.values()))


def unrealised(lot: Lot, price: Decimal, terms: Terms = SPOT) -> Decimal:
    """The profit that closing a lot at a price would realise, without fees."""
    with summing():
        cost, proceeds = _sides(lot.quantity, terms, lot.value, terms.value(abs(lot.quantity), price))
        return proceeds - cost


class _Book:
    """The state between two fills."""

    def __init__(self, terms: Terms, method: Method, places: int) -> None:
        self.terms = terms
        self.method = method
        self.places = places
        self.held: dict[str, Lot] = {}
        self.realised: list[Realised] = []
        self.quantity = ZERO
        self._seen: set[str] = set()
        self._now: datetime | None = None

    def add(self, fill: Fill) -> None:
        self._check(fill)
        size = abs(fill.quantity)
        whole = _Part(size, self._value(size, fill.price), fill.fee)
        if self.quantity * fill.quantity < 0:
            closing = self._split(whole, min(size, abs(self.quantity)), fill.price)
            self._close(fill, closing)
            whole = whole.less(closing)
        elif fill.closes:
            raise LotChoiceError(f"Fill {fill.id!r} names lots, but closes none; leave them out.")
        if whole.quantity:
            self._open(fill, whole)
        self.quantity += fill.quantity

    def _check(self, fill: Fill) -> None:
        if fill.at.utcoffset() is None:
            raise BadFillError(f"Fill {fill.id!r} has a time without a zone; give it in UTC.")
        if self._now is not None and fill.at < self._now:
            raise BadFillError(f"Fill {fill.id!r} is earlier than the one ahead of it; sort fills by time.")
        if fill.id in self._seen:
            raise BadFillError(f"Fill {fill.id!r} comes twice; book each fill once.")
        if self.terms.inverse and fill.price <= 0:
            raise BadFillError(f"Fill {fill.id!r} of an inverse contract needs a positive price.")
        self._seen.add(fill.id)
        self._now = fill.at

    def _value(self, quantity: Decimal, price: Decimal) -> Decimal:
        if self.method is Method.AVERAGE:
            return self.terms.rounded_value(quantity, price, self.places)
        return self.terms.value(quantity, price)

    def _split(self, whole: _Part, quantity: Decimal, price: Decimal) -> _Part:
        """A part of a fill or of a lot at its price; all of it when the quantity is all."""
        if quantity == whole.quantity:
            return whole
        fee = divided(whole.fee * quantity, whole.quantity)
        return _Part(quantity, self._value(quantity, price), fee)

    def _taken(self, lot: Lot, quantity: Decimal) -> _Part:
        """What a quantity closed takes out of a lot."""
        whole = _Part(abs(lot.quantity), lot.value, lot.fee)
        if self.method is not Method.AVERAGE or quantity == whole.quantity:
            return self._split(whole, quantity, lot.price)
        share = Fraction(quantity) / Fraction(whole.quantity)
        value = _half_even(Fraction(lot.value) * share, self.places)
        return _Part(quantity, value, divided(whole.fee * quantity, whole.quantity))

    def _open(self, fill: Fill, part: _Part) -> None:
        signed = part.quantity.copy_sign(fill.quantity)
        if self.method is not Method.AVERAGE or not self.held:
            self.held[fill.id] = Lot(fill.id, fill.at, signed, fill.price, part.value, part.fee)
            return
        (lot,) = self.held.values()
        quantity, value = lot.quantity + signed, lot.value + part.value
        self.held[lot.id] = replace(
            lot, quantity=quantity, value=value, price=self._entry(quantity, value), fee=lot.fee + part.fee
        )

    def _entry(self, quantity: Decimal, value: Decimal) -> Decimal:
        """The price at which a quantity has a value, at 78 digits."""
        size = abs(quantity) * self.terms.multiplier
        if not self.terms.inverse:
            return divided(value, size)
        return divided(size, value) if value else ZERO

    def _close(self, fill: Fill, closing: _Part) -> None:
        for lot, quantity in list(_chosen(self.method, list(self.held.values()), fill, closing.quantity)):
            received = self._split(closing, quantity, fill.price)
            taken = self._taken(lot, quantity)
            closing = closing.less(received)
            cost, proceeds = _sides(lot.quantity, self.terms, taken.value, received.value)
            self.realised.append(
                Realised(
                    lot=lot.id,
                    fill=fill.id,
                    opened_at=lot.opened_at,
                    closed_at=fill.at,
                    quantity=quantity.copy_sign(lot.quantity),
                    cost=cost,
                    proceeds=proceeds,
                    profit=proceeds - cost,
                    fee=taken.fee + received.fee,
                )
            )
            self._keep(lot, _Part(abs(lot.quantity), lot.value, lot.fee).less(taken))

    def _keep(self, lot: Lot, rest: _Part) -> None:
        if rest.quantity:
            signed = rest.quantity.copy_sign(lot.quantity)
            self.held[lot.id] = replace(lot, quantity=signed, value=rest.value, fee=rest.fee)
        else:
            del self.held[lot.id]


@dataclass(frozen=True, slots=True)
class _Part:
    """A quantity without sign, its value and its fee."""

    quantity: Decimal
    value: Decimal
    fee: Decimal

    def less(self, other: _Part) -> _Part:
        return _Part(self.quantity - other.quantity, self.value - other.value, self.fee - other.fee)


def _sides(quantity: Decimal, terms: Terms, opened: Decimal, closed: Decimal) -> tuple[Decimal, Decimal]:
    """Cost and proceeds, of the values when opened and when closed."""
    return (opened, closed) if (quantity > 0) is not terms.inverse else (closed, opened)


def _chosen(method: Method, held: list[Lot], fill: Fill, quantity: Decimal) -> Iterator[tuple[Lot, Decimal]]:
    """The lots that a fill closes, and how much of each."""
    if method is Method.SPECIFIC:
        yield from _named(held, fill, quantity)
        return
    for lot in _in_order(method, held):
        part = min(quantity, abs(lot.quantity))
        if part:
            yield lot, part
        quantity -= part


def _in_order(method: Method, held: list[Lot]) -> Iterable[Lot]:
    if method is Method.LIFO:
        return reversed(held)
    if method is Method.HIFO:
        return sorted(held, key=lambda lot: lot.price.copy_negate() if lot.quantity > 0 else lot.price)
    return held


def _named(held: list[Lot], fill: Fill, quantity: Decimal) -> Iterator[tuple[Lot, Decimal]]:
    found = {lot.id: lot for lot in held}
    for name, part in fill.closes:
        lot = found.pop(name, None)
        if lot is None or not 0 < part <= abs(lot.quantity):
            raise LotChoiceError(
                f"Fill {fill.id!r} closes {part} of lot {name!r}, which is not open to that extent; name an "
                "open lot once, and no more than is left of it."
            )
        yield lot, part
        quantity -= part
    if quantity:
        raise LotChoiceError(
            f"The lots that fill {fill.id!r} names differ by {quantity} from what it closes; name lots for "
            "all of it."
        )


def _half_even(number: Fraction, places: int) -> Decimal:
    return Decimal(round(number * 10**places)).scaleb(-places)
