"""Products, holdings, lists and participants are stored as canonical text and come back equal."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from tests.calc.etp.baskets.samples import DAY, closes, holdings, product, terms

from truenav.calc.etp.baskets.basket import creation_list
from truenav.core.asset import BTC, ETH
from truenav.core.basket import (
    AuthorisedParticipant,
    BasketProduct,
    CreationList,
    FailTerms,
    Holdings,
    NotPublishable,
    OrderFee,
    UnitHolding,
)
from truenav.core.canonical import canonical_json, decode
from truenav.core.failure import Failure, FailureKind
from truenav.core.product import Source

UNREAD = Failure(FailureKind.ACCOUNT_UNREAD, "vault", "The vault did not answer.", "Try again.")
RICH = terms(
    since=date(2026, 6, 1),
    holidays=(date(2026, 12, 25),),
    creation_fee=OrderFee(Decimal(500), Decimal("0.001")),
    order_limit=10,
    expense_rate=Decimal("0.025"),
    fail=FailTerms(Decimal("0.0005"), 4),
)


@pytest.mark.parametrize(
    "value",
    [
        product(terms(), RICH, index="CoinDesk 5", sources=(Source("https://example.com", "2026"),)),
        holdings(units=(UnitHolding("inner", Decimal("1.5")),), failures=(UNREAD,)),
        creation_list(product(), DAY, holdings(), closes(), previous_cash=Decimal("-1.25")),
        creation_list(product(), DAY, holdings(failures=(UNREAD,)), closes()),
        AuthorisedParticipant("desk", "Desk", frozenset({BTC, ETH}), 5, 20),
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_comes_back_equal(
    value: BasketProduct | Holdings | CreationList | NotPublishable | AuthorisedParticipant,
) -> None:
    assert decode(type(value), json.loads(canonical_json(value))) == value
