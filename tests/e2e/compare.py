"""The product's results and the oracle's in one form, so that a difference shows its place."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from tests.oracle.fund import GRADES, SYMBOLS, Class, Fund, rounded

from truenav.calc.nav.model import Coverage, FundNav, NumeraireNav
from truenav.core.money import exact

Figures = dict[str, Decimal | None]


def shown(fund: FundNav) -> Figures:
    """Every figure of a fund's NAV by a readable name."""
    found: Figures = {
        "nav": fund.nav_usd,
        "gross": fund.gross_asset_value_usd,
        "owed": fund.accrued_fees_usd,
        **_in_numeraires("", fund.numeraires),
    }
    for one in fund.classes:
        name = one.share_class
        found |= {
            f"{name} units": one.units,
            f"{name} nav": one.nav_usd,
            f"{name} owed": one.accrued_fee_usd,
            f"{name} per unit": one.nav_per_unit_usd,
            f"{name} own nav": one.nav_currency,
            f"{name} own per unit": one.nav_per_unit_currency,
            **_in_numeraires(f"{name} ", one.numeraires),
        }
    return found


def _in_numeraires(name: str, navs: tuple[NumeraireNav, ...]) -> Figures:
    found: Figures = {f"{name}nav in {one.code}": one.nav for one in navs}
    if name:
        found |= {f"{name}per unit in {one.code}": one.nav_per_unit for one in navs}
    return found


def expected(fund: Fund, numeraires: Mapping[str, Fraction | None]) -> Figures:
    """The same of the oracle, each figure rounded once."""
    owed = sum((one.owed for one in fund.classes.values()), Fraction(0))
    found: Figures = {"nav": rounded(fund.nav), "gross": rounded(fund.gross), "owed": rounded(owed)}
    for code, price in numeraires.items():
        found[f"nav in {code}"] = _quotient(fund.nav, price)
    for name, one in fund.classes.items():
        found |= _expected_class(name, one, numeraires)
    return found


def _expected_class(name: str, one: Class, numeraires: Mapping[str, Fraction | None]) -> Figures:
    found: Figures = {
        f"{name} units": Decimal(int(one.units)),
        f"{name} nav": rounded(one.nav),
        f"{name} owed": rounded(one.owed),
        f"{name} per unit": rounded(one.per_unit),
        f"{name} own nav": _quotient(one.nav, numeraires[one.currency]),
        f"{name} own per unit": _quotient(one.per_unit, numeraires[one.currency]),
    }
    for code, price in numeraires.items():
        found[f"{name} nav in {code}"] = _quotient(one.nav, price)
        found[f"{name} per unit in {code}"] = _quotient(one.per_unit, price)
    return found


def _quotient(usd: Fraction, price: Fraction | None) -> Decimal | None:
    return None if price is None else rounded(usd / price)


def lines_shown(fund: FundNav) -> dict[tuple[str, ...], tuple[Decimal | None, str]]:
    """Value and grade of every line by its place."""
    return {
        (
            one.node,
            one.account,
            one.wallet,
            one.kind.value,
            SYMBOLS.get(one.subject, one.subject),
            one.tag or "",
        ): (one.value_usd, one.coverage.value if one.coverage else "")
        for one in fund.lines
    }


def lines_expected(fund: Fund) -> dict[tuple[str, ...], tuple[Decimal | None, str]]:
    return {one.key: (None if one.usd is None else rounded(one.usd), one.grade) for one in fund.lines}


def assert_coverage(coverage: Coverage, fund: Fund) -> None:
    """Each share by value; the largest carries what rounding leaves, so that they sum to exactly 1."""
    shares = {grade: getattr(coverage, grade) for grade in GRADES}
    wanted = {grade: rounded(share) for grade, share in fund.shares.items()}
    with exact():
        largest = max(GRADES, key=lambda grade: fund.weights[grade])
        wanted[largest] += 1 - sum(wanted.values())
        assert shares == wanted
        assert sum(shares.values()) == 1
