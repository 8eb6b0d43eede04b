"""Exact numbers: one decimal context, parsing at the edge, one rounding at output."""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import NewType

from truenav.core.failure import InvalidInputError

AssetId = NewType("AssetId", str)

PRECISION = 78
"""Significant digits of every intermediate result; 2**256 - 1 has 78."""

MAX_SCALE = 38
"""Digits after the point that the edge accepts in one number."""

COMPUTED_SCALE = 2 * PRECISION
"""Digits after the point that a number of ours may have, which was computed and written down in full."""

_TRAPS = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
_CONTEXT = decimal.Context(
    prec=PRECISION, rounding=decimal.ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, traps=_TRAPS
)

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")

# Room for any sum of numbers of 78 digits, and to round one for output with every whole digit kept.
_WIDE = decimal.Context(
    prec=4 * PRECISION, rounding=decimal.ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, traps=_TRAPS
)

ZERO = Decimal(0)
ONE = Decimal(1)


class NotANumberError(InvalidInputError):
    """A text that should be an exact, finite decimal number is not."""

    code = "not-a-number"
    title = "Not an exact number"


@contextmanager
def exact() -> Iterator[None]:
    """Compute with 78 digits, half-even, every invalid operation an error.

    Public functions of ``calc`` open this once; helpers below them rely on it.
    """
    with decimal.localcontext(_CONTEXT):
        yield


@contextmanager
def summing() -> Iterator[None]:
    """Add and subtract without rounding, so that a sum does not depend on the order of its parts.

    Only for sums of numbers that were computed under ``exact()``: products here could grow without end.
    """
    with decimal.localcontext(_WIDE):
        yield


def parse_decimal(value: object, *, what: str = "number", scale: int = MAX_SCALE) -> Decimal:
    """Read an exact number from outside: text, ``int`` or ``Decimal``.

    Floats, NaN, infinities, more than 78 significant digits and more than ``scale`` decimals are refused;
    ``what`` names the field in the refusal.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise NotANumberError(
            f'{what}: {value!r} is not an exact number; send a decimal as text, for example "1234.5600".',
            value=repr(value)[:100],
        )
    if isinstance(value, str):
        text = value.strip()
        if len(text) > 200 or _NUMBER.fullmatch(text) is None or not text.isascii():
            raise NotANumberError(
                f"{what}: {text[:60]!r} is not a finite decimal number; use digits, one point and an "
                "optional sign.",
                value=text[:100],
            )
        number = Decimal(text)
        if len(text) <= MAX_SCALE and "e" not in text and "E" not in text:
            return number or ZERO  # nearly every number: too short to break a limit below
    else:
        number = Decimal(value)
    if not number.is_finite():
        raise NotANumberError(f"{what}: {number} is not finite.", value=str(number))
    if not number:
        return ZERO
    _, digits, exponent = number.as_tuple()
    significant = len("".join(map(str, digits)).rstrip("0"))
    whole = number.adjusted() + 1
    if significant > PRECISION or whole > PRECISION:
        raise NotANumberError(
            f"{what}: {max(significant, whole)} digits are more than the {PRECISION} that a number may "
            "have; check the unit.",
            value=str(number)[:100],
        )
    assert isinstance(exponent, int)
    if -(exponent + len(digits) - significant) > scale:
        raise NotANumberError(
            f"{what}: more than {scale} decimals; give the number in a larger unit.",
            value=str(number)[:100],
        )
    return number


def to_text(number: Decimal) -> str:
    """The canonical text of a number: plain notation, no trailing zeros, no negative zero.

    NaN and infinities have none and are refused.
    """
    if not number.is_finite():
        raise NotANumberError(f"{number} has no canonical text; only finite numbers have.")
    if not number:
        return "0"
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def rounded(number: Decimal, places: int) -> Decimal:
    """Round once, half-even, to ``places`` decimals: for output only."""
    return number.quantize(_last_place(places), context=_WIDE)


@cache
def _last_place(places: int) -> Decimal:
    return Decimal((0, (1,), -places))


def divided(numerator: Decimal, denominator: Decimal) -> Decimal:
    """A quotient at 78 digits, whatever context the caller is in."""
    return _CONTEXT.divide(numerator, denominator)


class AssetMismatchError(InvalidInputError):
    """Two amounts of different assets were combined."""

    code = "asset-mismatch"
    title = "Amounts of different assets cannot be combined"


@dataclass(frozen=True, slots=True)
class Amount:
    """An exact number of one asset: ``Amount(Decimal("1.5"), BTC)``."""

    number: Decimal
    asset: AssetId

    def __add__(self, other: Amount) -> Amount:
        """The sum of two amounts of the same asset."""
        if other.asset != self.asset:
            raise AssetMismatchError(f"cannot add {other.asset} to {self.asset}")
        return Amount(_CONTEXT.add(self.number, other.number), self.asset)

    def __neg__(self) -> Amount:
        """The amount with its sign turned."""
        return Amount(_CONTEXT.minus(self.number), self.asset)

    def __mul__(self, price: Price) -> Amount:
        """Value in the quote asset: BTC times USD per BTC gives USD."""
        if price.base != self.asset:
            raise AssetMismatchError(f"a price of {price.base} cannot value {self.asset}")
        return Amount(_CONTEXT.multiply(self.number, price.number), price.quote)


@dataclass(frozen=True, slots=True)
class Price:
    """Units of ``quote`` for one unit of ``base``."""

    number: Decimal
    base: AssetId
    quote: AssetId
