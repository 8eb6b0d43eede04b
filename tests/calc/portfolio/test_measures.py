from decimal import Decimal

import pytest

from truenav.calc.portfolio.measures import (
    NotAPositionError,
    exposure,
    unrealised_in_settle,
    value_in_settle,
)
from truenav.core.asset import BTC, ETH, USD, USDT
from truenav.core.instrument import Instrument, InstrumentKind, OptionRight, instrument_id
from truenav.core.money import rounded


def terms(kind: InstrumentKind, **changes: object) -> Instrument:
    given: dict[str, object] = {
        "base": BTC,
        "quote": USDT,
        "settle": USDT,
        "multiplier": Decimal(1),
        **changes,
    }
    return Instrument(instrument_id("v", "x"), "v", "x", kind, **given)  # type: ignore[arg-type]


LINEAR = terms(InstrumentKind.PERPETUAL)
INVERSE = terms(InstrumentKind.PERPETUAL, quote=USD, settle=BTC, multiplier=Decimal(100), inverse=True)
QUANTO = terms(InstrumentKind.PERPETUAL, base=ETH, quote=USD, settle=BTC, multiplier=Decimal("0.000001"))
"""Priced in dollars and paid in bitcoin, a millionth of one for each dollar of the price."""
CALL = terms(InstrumentKind.OPTION, settle=BTC, multiplier=Decimal("0.1"), right=OptionRight.CALL)
PUT = terms(InstrumentKind.OPTION, settle=BTC, multiplier=Decimal("0.1"), right=OptionRight.PUT)


def test_pl05_linear_profit() -> None:
    assert value_in_settle(LINEAR, Decimal(3), Decimal(20000), Decimal(21500)) == 4500
    assert value_in_settle(LINEAR, Decimal(-3), Decimal(20000), Decimal(21500)) == -4500


def test_pl06_inverse_profit_in_coin_and_in_dollars() -> None:
    coin = value_in_settle(INVERSE, Decimal(1000), Decimal(50000), Decimal(60000))
    assert rounded(coin, 7) == Decimal("0.3333333")
    assert rounded(coin * 60000, 6) == 20000


def test_option_is_worth_its_mark_and_has_earned_the_rest() -> None:
    assert value_in_settle(CALL, Decimal(20), Decimal("0.05"), Decimal("0.08")) == Decimal("0.16")
    assert unrealised_in_settle(CALL, Decimal(20), Decimal("0.05"), Decimal("0.08")) == Decimal("0.06")


@pytest.mark.parametrize(
    ("contract", "quantity", "delta", "expected"),
    [
        (LINEAR, "-2", None, (Decimal(-100), USDT)),
        (INVERSE, "5", None, (Decimal(500), USD)),
        (QUANTO, "2000", None, (Decimal("0.1"), BTC)),
        (CALL, "10", "0.4", (Decimal("0.4"), BTC)),
        (CALL, "10", None, (Decimal("1.0"), BTC)),
        (PUT, "10", None, (Decimal("-1.0"), BTC)),
    ],
)
def test_exposure(contract: Instrument, quantity: str, delta: str | None, expected: object) -> None:
    given = None if delta is None else Decimal(delta)
    assert exposure(contract, Decimal(quantity), Decimal(50), given) == expected


def test_spot_and_senseless_prices_are_refused() -> None:
    with pytest.raises(NotAPositionError, match="spot"):
        value_in_settle(terms(InstrumentKind.SPOT), Decimal(1), Decimal(1), Decimal(1))
    with pytest.raises(NotAPositionError, match="positive prices"):
        value_in_settle(INVERSE, Decimal(1), Decimal(0), Decimal(1))
