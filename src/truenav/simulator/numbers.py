"""Exact decimals: the context, the venues' rounding, and their texts."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from fractions import Fraction

_NUMBER = re.compile(r"\d{1,20}(\.\d{1,20})?")
EIGHT_PLACES = Decimal("0.00000001")
CONTEXT = Context(prec=78, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


def exact() -> AbstractContextManager[Context]:
    """The context of all arithmetic here: 78 digits, half-even, traps on."""
    return localcontext(CONTEXT)


def round8(number: Decimal) -> Decimal:
    """`number` as a venue books it: 8 decimals, half-even."""
    return number.quantize(EIGHT_PLACES, context=CONTEXT)


def plain(number: Decimal) -> str:
    """Shortest text without exponent: ``1.5``, ``0``, ``-120``."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def fixed(number: Decimal, places: int = 8) -> str:
    """Text with exactly `places` decimals, half-even: ``1.50000000``."""
    text = format(number.quantize(Decimal(1).scaleb(-places), context=CONTEXT), "f")
    return text.removeprefix("-") if not number else text


def fraction_text(number: Fraction, places: int = 18) -> str:
    """A rational number rounded once, half-even, to `places` decimals, in shortest text."""
    scaled = round(number * 10**places)
    with exact():
        return plain(Decimal(scaled).scaleb(-places))


def trimmed(number: Decimal) -> Decimal:
    """The same number without trailing zeros after the point."""
    return Decimal(plain(number))


def told_number(text: object) -> Decimal | None:
    """A number as a client tells it, not negative and without exponent; None where it is no such number."""
    told = str(text)
    return Decimal(told) if _NUMBER.fullmatch(told) else None
