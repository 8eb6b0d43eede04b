"""What a look at the present state alone asks: an address is counted, however many accounts share it."""

from __future__ import annotations

import pytest

from .standin import QUIET, Venue

EMPTY_FUTURES = {"assets": [], "positions": [], "totalWalletBalance": "0"}
ROUTES = {**QUIET, "/fapi/v2/account": EMPTY_FUTURES, "/fapi/v1/openOrders": [], "/fapi/v1/income": []}


@pytest.mark.parametrize("history", [False, True])
def test_open_orders_are_read_with_the_history_and_not_with_the_state_alone(history):
    venue = Venue(ROUTES)
    venue.gather("spot", "usdm", history=history)
    asked = {path for _, path, _ in venue.asked}
    assert {"/api/v3/account", "/fapi/v2/account"} <= asked
    assert ({"/api/v3/openOrders", "/fapi/v1/openOrders"} <= asked) is history
    assert history or len(asked) == 2
