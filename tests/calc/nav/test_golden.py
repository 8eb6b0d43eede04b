"""A small fund recomputed with fractions; nothing of the product's arithmetic is used for the expectation.

Every expected text in the golden file is the exact fraction rounded once, half-even, to 18 decimals.
"""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.calc.nav.conftest import CALL, DAY, INVERSE, PERP, START, House

from truenav.calc.nav.model import FundNav
from truenav.core.asset import BTC, ETH, EUR, USD, USDT
from truenav.core.money import to_text

GOLDEN = Path(__file__).parents[2] / "golden/nav/small_fund.json"
ASSETS = {"BTC": BTC, "ETH": ETH, "USDT": USDT, "EUR": EUR, "USD": USD}
CONTRACTS = {"PERP": PERP, "INVERSE": INVERSE, "CALL": CALL}
YEAR = 365


def text(value: Fraction) -> str:
    """Rounded half-even to 18 decimals by integers alone."""
    whole, rest = divmod(value.numerator * 10**18, value.denominator)
    twice = 2 * rest
    up = twice > value.denominator or (twice == value.denominator and whole % 2 == 1)
    return to_text(Decimal(whole + up).scaleb(-18))


def gross(golden: dict[str, Any], day: int) -> Fraction:
    price = {name: Fraction(one) for name, one in golden["prices"][day].items()}
    total = sum((Fraction(n) * price[name] for name, n in golden["balances"][day].items()), Fraction(0))
    total += Fraction(golden["manual"]["number"]) * price[golden["manual"]["asset"]]
    size, entry = map(Fraction, golden["positions"][day]["PERP"])
    total += size * (price["PERP"] - entry) * price["USDT"]
    size, entry = map(Fraction, golden["positions"][day]["INVERSE"])
    total += size * 100 * (1 / entry - 1 / price["INVERSE"]) * price["BTC"]
    size, _ = map(Fraction, golden["positions"][day]["CALL"])
    return total + size * Fraction(1, 10) * price["CALL"] * price["BTC"]


def expected(golden: dict[str, Any]) -> list[dict[str, Any]]:
    """Both days; the second opens with the first day's published, rounded figures."""
    found: list[dict[str, Any]] = []
    for day, prices in enumerate(golden["prices"]):
        classes = golden["classes"]
        usd = {"USD": Fraction(1), "EUR": Fraction(prices["EUR"])}
        if day == 0:
            capital = {c: Fraction(one["paid_in"]) * usd[one["currency"]] for c, one in classes.items()}
            owed = dict.fromkeys(classes, Fraction(0))
        else:
            nav = {c: Fraction(found[0][c]["nav_usd"]) for c in classes}
            before = {c: Fraction(found[0][c]["accrued_fee_usd"]) for c in classes}
            capital = {c: nav[c] + before[c] for c in classes}
            owed = {c: before[c] + nav[c] * Fraction(one["rate"]) / YEAR for c, one in classes.items()}
        value, total = gross(golden, day), sum(capital.values())
        figures: dict[str, Any] = {"gross_asset_value_usd": text(value)}
        for c, one in classes.items():
            owned = capital[c] * value / total - owed[c]
            per_unit = owned / Fraction(one["units"])
            figures[c] = {
                "nav_usd": text(owned),
                "accrued_fee_usd": text(owed[c]),
                "nav_per_unit_usd": text(per_unit),
                "nav_per_unit_currency": text(per_unit / usd[one["currency"]]),
                "nav_btc": text(owned / Fraction(prices["BTC"])),
            }
        found.append(figures)
    return found


def shown(fund: FundNav) -> dict[str, Any]:
    figures: dict[str, Any] = {"gross_asset_value_usd": to_text(fund.gross_asset_value_usd)}
    for one in fund.classes:
        btc = next(shown for shown in one.numeraires if shown.code == "BTC").nav
        values = {
            "nav_usd": one.nav_usd,
            "accrued_fee_usd": one.accrued_fee_usd,
            "nav_per_unit_usd": one.nav_per_unit_usd,
            "nav_per_unit_currency": one.nav_per_unit_currency,
            "nav_btc": btc,
        }
        figures[one.share_class] = {name: to_text(value or Decimal(0)) for name, value in values.items()}
    return figures


def struck(golden: dict[str, Any]) -> list[dict[str, Any]]:
    house = House()
    house.fund()
    house.whole("okx-1", "alpha")
    for name, one in golden["classes"].items():
        currency = ASSETS[one["currency"]]
        house.share_class(name, "alpha", one["rate"], currency)
        house.deal("alpha", START, one["units"], one["paid_in"], share_class=name, asset=currency)
    house.manual("alpha", START, golden["manual"]["number"], ASSETS[golden["manual"]["asset"]])
    previous: tuple[FundNav, ...] = ()
    found = []
    for day in range(2):
        at = START + day * DAY
        for name, price in golden["prices"][day].items():
            if name in CONTRACTS:
                house.mark(at, CONTRACTS[name], price)
            else:
                house.prices(at, {ASSETS[name]: price}, "ecb" if name == "EUR" else "vendor")
        house.balances("okx-1", at, {ASSETS[name]: n for name, n in golden["balances"][day].items()})
        lines = golden["positions"][day]
        house.positions("okx-1", at, *((CONTRACTS[name], *lines[name]) for name in lines))
        previous = house.strike("alpha", at, previous).funds
        found.append(shown(previous[-1]))
    return found


def test_every_figure_equals_the_fractions_digit_for_digit() -> None:
    golden = json.loads(GOLDEN.read_text())
    assert golden["expected"] == expected(golden)
    assert struck(golden) == golden["expected"]
