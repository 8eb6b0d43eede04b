"""In what a NAV is shown: assets and custom indices as numeraires.

``NAV_n = NAV_usd / P_n`` with both at the same instant; formulas in docs/methods/pricing.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from truenav.calc.pricing.marks import Marks, Subject
from truenav.core.failure import Failure, InvalidInputError
from truenav.core.money import ONE, ZERO, divided, exact
from truenav.core.policy import IndexNumeraire, Numeraire


class NumeraireError(InvalidInputError):
    """A numeraire is defined, or a conversion asked, in a way that has no meaning."""

    code = "numeraire"
    title = "The numeraire is not valid"


def numeraire_subjects(numeraires: Iterable[Numeraire]) -> tuple[Subject, ...]:
    """The things whose marks the numeraires need; for ``select_marks``. Sorted, each once."""
    assets = {
        asset
        for one in numeraires
        for asset in (
            [part.asset for part in one.components] if isinstance(one, IndexNumeraire) else [one.asset]
        )
    }
    return tuple(Subject(asset) for asset in sorted(assets))


def numeraire_prices_usd(numeraires: Iterable[Numeraire], marks: Marks) -> Mapping[str, Decimal | Failure]:
    """USD for one unit of each numeraire, by code, unrounded; a ``Failure`` where a price is missing.

    The level of a custom index is ``base_value * sum(weight * price / base_price)``, in USD. Raises
    ``NumeraireError`` if its weights are not positive or do not sum to exactly 1, if a base price or the
    base value is not positive, or if two numeraires share a code.
    """
    prices: dict[str, Decimal | Failure] = {}
    for one in numeraires:
        if one.code in prices:
            raise NumeraireError(f"Two numeraires are called {one.code!r}; give each its own code.")
        prices[one.code] = (
            _index_level_usd(one, marks) if isinstance(one, IndexNumeraire) else marks.usd(one.asset)
        )
    return prices


def convert(value_usd: Decimal, price_usd: Decimal) -> Decimal:
    """A USD value in units of what costs ``price_usd``: one quotient at 78 digits, half-even.

    A price that is not positive is refused with ``NumeraireError``.
    """
    if price_usd <= 0:
        raise NumeraireError(f"A value cannot be shown in something that costs {price_usd} USD.")
    return divided(value_usd, price_usd)


def return_in_numeraire(return_usd: Decimal, return_numeraire: Decimal) -> Decimal:
    """``(1 + r_usd) / (1 + r_n) - 1``, fractions; ``return_numeraire`` is the numeraire's own USD return."""
    with exact():
        return convert(ONE + return_usd, ONE + return_numeraire) - ONE


def check_index(index: IndexNumeraire) -> None:
    """Refuse an index that has no meaning (see ``numeraire_prices_usd``)."""
    with exact():
        total = sum((part.weight for part in index.components), ZERO)
    if total != ONE:
        raise NumeraireError(f"Index {index.code!r}: the weights sum to {total}; they must sum to exactly 1.")
    if index.base_value <= 0:
        raise NumeraireError(f"Index {index.code!r}: the base value must be positive.")
    for part in index.components:
        if part.weight <= 0 or part.base_price_usd <= 0:
            raise NumeraireError(
                f"Index {index.code!r}, {part.asset}: weight and base price must be positive.",
                asset=part.asset,
            )


def _index_level_usd(index: IndexNumeraire, marks: Marks) -> Decimal | Failure:
    check_index(index)
    level = ZERO
    with exact():
        for part in index.components:
            price = marks.usd(part.asset)
            if isinstance(price, Failure):
                return replace(price, subject=index.code)
            level += divided(index.base_value * part.weight * price, part.base_price_usd)
    return level
