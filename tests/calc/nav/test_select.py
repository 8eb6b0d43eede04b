"""Which facts belong to a NAV: how far an account's history is read."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.calc.nav.conftest import DAY, SPOT, START, House

from truenav.calc.nav.model import NavInputs
from truenav.calc.nav.select import FIRST_DAYS, flows_since, select_facts
from truenav.calc.nav.strike import strike_nav
from truenav.core.asset import USD
from truenav.core.facts import CashKind
from truenav.core.ids import AccountId
from truenav.core.portfolio import ByShare, ByTag, NodeKind

NOW = START + 100 * DAY
LONG_AGO = NOW - FIRST_DAYS * DAY


@pytest.fixture
def old() -> House:
    """An account with a cash flow on each of a hundred days, and a balance of today."""
    house = House()
    house.fund()
    house.whole("bank", "alpha")
    for day in range(100):
        house.cash("bank", START + day * DAY, CashKind.INTEREST, "1", USD)
    house.balances("bank", NOW, {USD: "100"})
    return house


def days_read(inputs: NavInputs, house: House) -> int:
    return sum(fact.kind == "cash_flow" for fact in select_facts(house.facts, inputs))


def test_a_first_nav_looks_back_a_month(old):
    inputs = old.inputs("alpha", NOW)
    assert flows_since(inputs) == {AccountId("bank"): LONG_AGO}
    assert days_read(inputs, old) == FIRST_DAYS - 1  # what happened at that very instant is before


def test_the_next_nav_reads_what_came_after_the_snapshots_of_the_last(old):
    first = strike_nav(old.inputs("alpha", NOW))
    old.cash("bank", NOW + DAY, CashKind.INTEREST, "1", USD)
    inputs = old.inputs("alpha", NOW + 2 * DAY, previous=first.funds)
    assert flows_since(inputs) == {AccountId("bank"): NOW}
    assert days_read(inputs, old) == 1


def test_tags_are_built_up_from_the_first_trade_on(old):
    old.node("book", NodeKind.BOOK, "alpha")
    old.account("desk", ("book", ByTag("a")), ("alpha", ByShare(Decimal(1))))
    old.trade("desk", START, SPOT, "1", "50000", tag="a")
    inputs = old.inputs("alpha", NOW)
    assert flows_since(inputs) == {AccountId("bank"): LONG_AGO, AccountId("desk"): None}
    assert "trade" in {fact.kind for fact in select_facts(old.facts, inputs)}


def test_an_account_that_the_last_nav_did_not_know_is_read_from_that_nav_on(old):
    first = strike_nav(old.inputs("alpha", NOW))
    old.whole("new", "alpha")
    later = NOW + 60 * DAY
    old.cash("new", NOW - DAY, CashKind.INTEREST, "1", USD)
    old.cash("new", NOW + DAY, CashKind.INTEREST, "1", USD)
    inputs = old.inputs("alpha", later, previous=first.funds)
    assert flows_since(inputs) == {AccountId("bank"): NOW, AccountId("new"): NOW}
    assert days_read(inputs, old) == 1
    soon = old.inputs("alpha", NOW + DAY, previous=first.funds)
    assert flows_since(soon)[AccountId("new")] == LONG_AGO + DAY


def test_an_account_of_which_a_wallet_was_not_read_is_read_from_the_snapshots_of_its_others(old):
    """However long ago that NAV was: its other wallets go on where their snapshots were taken, before it."""
    old.whole("half", "alpha", wallets=("main", "vault"))
    old.balances("half", NOW - DAY / 2, {USD: "5"})
    last = strike_nav(old.inputs("alpha", NOW))
    moved = old.cash("half", NOW - DAY / 4, CashKind.INTEREST, "1", USD)
    inputs = old.inputs("alpha", NOW + 60 * DAY, previous=last.funds)
    assert flows_since(inputs)[AccountId("half")] == NOW - DAY / 2
    assert moved in select_facts(old.facts, inputs)


def test_the_first_method_reads_everything_and_can_still_be_computed(old):
    inputs = replace(old.inputs("alpha", NOW), method="nav/1")
    assert flows_since(inputs) == {AccountId("bank"): None}
    assert days_read(inputs, old) == 100
    assert strike_nav(inputs).method == "nav/1"
    assert strike_nav(inputs).root.nav_usd == strike_nav(old.inputs("alpha", NOW)).root.nav_usd
