"""Terms that contradict themselves are refused with all that is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from tests.calc.etp.baskets.samples import CONSTITUENTS, SHARE, product, terms

from truenav.calc.etp.baskets.rules import check_basket_product
from truenav.core.basket import BasketInputError, Constituent, FailTerms, OrderFee

D = Decimal


def test_terms_that_can_be_followed_pass():
    assert check_basket_product(product()) == product()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"zone": "Mars/Olympus"}, "time zone"),
        ({"cut_off": "4 pm"}, "time of day"),
        ({"unit_size": 0}, "at least one share"),
        ({"weekdays": ()}, "weekdays"),
        ({"weekdays": (7,)}, "weekdays"),
        ({"settlement_days": -1}, "settlement"),
        ({"day_count": 0}, "fee year"),
        ({"order_limit": 0}, "at least one creation unit"),
        ({"constituents": ()}, "at least one"),
        ({"constituents": (CONSTITUENTS[0], CONSTITUENTS[0])}, "different assets"),
        ({"constituents": (Constituent(SHARE, 8),)}, "neither the share"),
        ({"constituents": (replace(CONSTITUENTS[0], decimals=39),)}, "39 decimals"),
        (
            {"constituents": (replace(CONSTITUENTS[0], redemption_discount=D("1.01")),)},
            "premium and discount",
        ),
        ({"places": -1}, "decimals"),
        ({"expense_rate": D(1)}, "expense rate"),
        ({"fail": FailTerms(D("-0.1"))}, "fail fee"),
        ({"fail": FailTerms(buy_in_after_days=-1)}, "bought in"),
        ({"creation_fee": OrderFee(D(-1))}, "not negative"),
        ({"max_cash_ratio": D("1.1")}, "most cash"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_terms_that_cannot_be_followed(changes, told):
    with pytest.raises(BasketInputError, match=told):
        check_basket_product(product(**changes))


def test_terms_out_of_order_and_none_at_all():
    with pytest.raises(BasketInputError, match="order of their first days"):
        check_basket_product(product(terms(), terms(since=date(2025, 1, 1))))
    with pytest.raises(BasketInputError, match="none"):
        check_basket_product(replace(product(), terms=()))


def test_all_faults_are_told_at_once():
    with pytest.raises(BasketInputError) as refusal:
        check_basket_product(product(unit_size=0, cut_off="never"))
    assert len(refusal.value.context["wrong"]) == 2
