"""What a balance says of positions, when the list of them comes back empty."""

import pytest

from truenav.connect.cefi.okx.connector import speaks_of_positions
from truenav.connect.document import Node

COIN = {"ccy": "BTC", "cashBal": "2", "eq": "2", "upl": "0", "isoEq": "0", "stgyEq": "0"}
NONE = {"notionalUsdForSwap": "0", "notionalUsdForFutures": "0", "notionalUsdForOption": "0"}
FUTURES_MODE = dict.fromkeys(NONE, "")
"""OKX leaves these empty in futures mode."""


def balance(account, **coin):
    return Node({**account, "details": [{**COIN, "ccy": "USDT"}, {**COIN, **coin}]}, "$")


@pytest.mark.parametrize(
    "row",
    [
        balance({**NONE, "notionalUsdForOption": "41.5"}),
        balance({**NONE, "notionalUsdForSwap": "1000"}),
        balance(NONE, upl="-0.00000001"),
        balance(FUTURES_MODE, upl="0.01"),
        balance(FUTURES_MODE, mmr="0.02"),
        balance(FUTURES_MODE, isoEq="0.5", eq="2.5"),
        balance(FUTURES_MODE, eq="2.07"),
    ],
    ids=["options", "swaps", "profit", "profit, futures mode", "margin", "isolated", "long options"],
)
def test_a_balance_that_shows_something_open_is_believed(row):
    assert speaks_of_positions(row)


@pytest.mark.parametrize(
    "row",
    [
        balance(NONE),
        balance(NONE, eq="1.5", mmr="0.02"),
        balance(FUTURES_MODE),
        balance(FUTURES_MODE, eq="2.5", stgyEq="0.5"),
        balance(FUTURES_MODE, eq="", mmr="", isoEq="", stgyEq=""),
    ],
    ids=["nothing", "a loan, multi-currency mode", "nothing, futures mode", "a trading bot", "empty fields"],
)
def test_a_balance_without_positions_confirms_the_empty_list(row):
    assert not speaks_of_positions(row)
