"""What fills come to: average price and fees, by hand and as invariants."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.ledger.executions import average_price, fees
from truenav.core.money import Amount, AssetId
from truenav.core.orders import OrderFill

D = Decimal
NOW = datetime(2026, 11, 21, tzinfo=UTC)
USDT, BNB = AssetId("x:usdt"), AssetId("x:bnb")


def fill(quantity: str, price: str, fee: Amount | None = None) -> OrderFill:
    return OrderFill("1", NOW, D(quantity), D(price), fee, maker=False)


def test_the_average_price_is_weighted_by_contracts_and_rounded_once() -> None:
    assert average_price([fill("1", "100"), fill("3", "104")]) == D(103)
    assert average_price([fill("1", "1"), fill("2", "2")]) == D("1.666666666666666667")
    assert average_price([]) is None


def test_fees_add_up_by_asset_and_a_rebate_is_negative() -> None:
    paid = [
        fill("1", "1", Amount(D("0.3"), USDT)),
        fill("1", "1", Amount(D("-0.5"), USDT)),
        fill("1", "1", Amount(D("0.001"), BNB)),
        fill("1", "1"),
    ]
    assert fees(paid) == (Amount(D("0.001"), BNB), Amount(D("-0.2"), USDT))


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**12)), min_size=1, max_size=20))
def test_the_average_lies_between_the_lowest_and_the_highest_price(rows: list[tuple[int, int]]) -> None:
    prices = [D(price) for _, price in rows]
    average = average_price([fill(str(quantity), str(price)) for quantity, price in rows])
    assert average is not None
    assert min(prices) <= average <= max(prices)
