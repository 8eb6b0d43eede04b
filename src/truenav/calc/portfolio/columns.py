"""Columns of exact decimals: the bulk form of money and quantities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from truenav.calc.portfolio import _arrow
from truenav.core.failure import InvalidInputError

DIGITS = 38
"""Significant digits of a decimal128 value."""

WIDE = np.dtype([("low", "<i8"), ("high", "<i8")])
"""One decimal128 value as Arrow and polars store it: two limbs, two's complement."""


class DecimalColumnError(InvalidInputError):
    """A column is not one of exact decimals of 64 or 128 bits, or a value does not fit it."""

    code = "decimal-column"
    title = "Not a column of exact decimals"


class UnknownValueError(DecimalColumnError):
    """A column holds a null: unknown is not zero, and nothing is summed over it."""

    code = "unknown-value"
    title = "A value is unknown"


@dataclass(frozen=True, slots=True, eq=False)
class DecimalColumn:
    """Exact decimals ``values[i] * 10**-scale``, none of them null.

    ``values`` is one-dimensional, contiguous and read-only: ``int64`` (narrow) or :data:`WIDE`.
    """

    values: NDArray[Any]
    scale: int

    def __post_init__(self) -> None:
        if self.values.ndim != 1 or self.values.dtype not in (np.dtype(np.int64), WIDE):
            raise DecimalColumnError(
                f"Decimal limbs must be one-dimensional int64 or (low, high) pairs of int64, got "
                f"{self.values.dtype} of shape {self.values.shape}."
            )
        if not 0 <= self.scale <= DIGITS:
            raise DecimalColumnError(f"A scale is 0 to {DIGITS} digits, got {self.scale}.")
        values = np.ascontiguousarray(self.values).view()
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    @classmethod
    def from_arrow(cls, source: object) -> Self:
        """View a polars ``Series``, pyarrow array or other Arrow column of decimals.

        Nothing is copied unless the column comes in several chunks. Nulls, and types other than
        decimals of 64 or 128 bits, are refused.
        """
        try:
            pieces = list(_arrow.chunks(source))
        except TypeError as error:
            raise DecimalColumnError(f"{error} is not an Arrow column; use from_decimals.") from error
        except ValueError as error:
            raise DecimalColumnError(f"The Arrow column could not be read: {error}.") from error
        row = 0
        for piece in pieces:
            limbs = _arrow.limbs_per_value(piece.format)
            if not limbs:
                raise DecimalColumnError(
                    f"Arrow type {piece.format!r} is not a decimal of 64 or 128 bits; cast it first."
                )
            if piece.first_null is not None:
                raise _unknown(row + piece.first_null)
            row += piece.limbs.size // limbs
        if not pieces:
            return cls(np.empty(0, WIDE), scale=0)
        joined = pieces[0].limbs if len(pieces) == 1 else np.concatenate([p.limbs for p in pieces])
        scale = int(pieces[0].format[2:].split(",")[1])
        wide = _arrow.limbs_per_value(pieces[0].format) == 2
        return cls(joined.view(WIDE) if wide else joined, scale)

    @classmethod
    def from_decimals(cls, numbers: Iterable[Decimal | None], *, scale: int = 18) -> Self:
        """Build a wide column; ``None``, NaN, infinity, lost digits and overflow are refused."""
        packed = (_integer(x, scale, row) for row, x in enumerate(numbers))
        data = b"".join(n.to_bytes(16, "little", signed=True) for n in packed)
        return cls(np.frombuffer(data, WIDE), scale)

    def __len__(self) -> int:
        return int(self.values.size)

    @property
    def is_wide(self) -> bool:
        """Whether a value takes two limbs."""
        return self.values.dtype == WIDE

    def widened(self) -> DecimalColumn:
        """The same numbers with two limbs each; itself when it is wide already."""
        if self.is_wide:
            return self
        wide = np.empty(len(self), WIDE)
        wide["low"], wide["high"] = self.values, self.values >> 63
        return DecimalColumn(wide, self.scale)

    def integers(self) -> list[int]:
        """The unscaled numbers as Python integers."""
        if not self.is_wide:
            return list(self.values.tolist())
        low, high = self.values["low"].astype(np.uint64).tolist(), self.values["high"].tolist()
        return [(h << 64) | x for x, h in zip(low, high, strict=True)]


def _integer(number: Decimal | None, scale: int, row: int) -> int:
    if number is None:
        raise _unknown(row)
    if not number.is_finite():
        raise DecimalColumnError(f"Row {row} holds {number}, which is not a number.", row=row)
    numerator, denominator = number.as_integer_ratio()
    unscaled: int
    unscaled, lost = divmod(numerator * 10**scale, denominator)
    if lost or abs(unscaled) >= 10**DIGITS:
        raise DecimalColumnError(
            f"Row {row} holds {number}, which does not fit Decimal({DIGITS}, {scale}); choose another scale.",
            row=row,
        )
    return unscaled


def _unknown(row: int) -> UnknownValueError:
    return UnknownValueError(
        f"Row {row} is null. Unknown is not zero: leave the row out and report it as a failure.",
        row=row,
    )
