"""Debt of unified accounts: what an hour of it costs, and where the venues tell it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from truenav.simulator.entry import RefusedError
from truenav.simulator.errors import ScenarioError
from truenav.simulator.orders import Terms

from .trading import account, trading_world

D = Decimal


@pytest.mark.parametrize("venue", ["okx", "bybit"])
def test_an_account_that_borrows_owes_and_pays_every_hour(venue: str, tmp_path: Path) -> None:
    world = trading_world(tmp_path, accounts=account(venue, venue, more="borrows = true\n"))
    order = world.place(venue, Terms("BTC-USDT", "buy", D(1)))
    while world.books(venue).balance(world_wallet(venue), "USDT") > -50_000:
        order = world.place(venue, Terms("BTC-USDT", "buy", D(4)))
    owed = -world.books(venue).balance(world_wallet(venue), "USDT")
    hour = order.at.replace(minute=0) + timedelta(hours=1)
    entries = world.books(venue, hour + timedelta(hours=1)).entries[-2:]
    first = (owed * D("0.00001")).quantize(D("1e-8"))
    second = ((owed + first) * D("0.00001")).quantize(D("1e-8"))
    assert [(one.cause, one.at, one.amount) for one in entries] == [
        ("interest", hour, -first),
        ("interest", hour + timedelta(hours=1), -second),
    ]


def world_wallet(venue: str) -> str:
    return "trading" if venue == "okx" else "unified"


def test_only_a_venue_that_lends_can_be_borrowed_from(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="account a: binance lends nothing"):
        trading_world(tmp_path, accounts=account("binance", "a", more="borrows = true\n"))


def test_who_does_not_borrow_owes_nothing_and_is_charged_nothing(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    with pytest.raises(RefusedError, match="balance"):
        world.place("okx", Terms("BTC-USDT", "buy", D(100)))
    assert not any(one.cause == "interest" for one in world.books("okx").entries)
