"""A product is hedged only where it can be, and what has opened stays as it opened."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.app.trading.desk import DESK

from truenav.app.etp.catalogues import LISTINGS, BadListingError
from truenav.core.ids import AccountId, NodeId
from truenav.core.portfolio import Node, NodeKind
from truenav.core.product import Exposure
from truenav.store import definitions
from truenav.store.definitions import Kind

from .listings import listing, terms


@pytest.fixture
def put(following):
    """Lists products as a manager would."""
    trading = following.trading
    with trading.house.database.transaction(trading.tenant) as session:
        fund = Node(NodeId("carry"), "Carry", NodeKind.FUND)
        definitions.put(session, Kind.NODE, fund.id, fund, by="max", at=trading.clock.now())

    def put(**changed) -> None:
        values = {"opened_at": trading.clock.now(), **changed}
        with trading.house.database.transaction(trading.tenant) as session:
            LISTINGS.put(session, trading.house, following.person("max", "manager"), listing(**values))

    return put


def test_two_products_are_not_hedged_with_one_contract_in_one_account(put):
    put(hedge_account=DESK)
    with pytest.raises(BadListingError, match="btc3l is hedged with"):
        put(id="btc5l", hedge_account=DESK)
    put(id="btc5l")
    put(hedge_account=DESK, automatic_up_to=Decimal(5))


def test_whether_a_product_is_hedged_stays_as_it_was_when_it_opened(put, following):
    trading = following.trading
    following.list(listing(opened_at=trading.clock.now(), hedge_account=DESK))
    following.told(trading.mark(), 0)
    following.written()
    with pytest.raises(BadListingError, match="whether it is hedged stays as it is"):
        put()
    with pytest.raises(BadListingError, match="whether published rates are charged stays"):
        put(hedge_account=DESK, published_rates=True)
    with pytest.raises(BadListingError, match="these stay, as its position does"):
        put(hedge_account=AccountId("other"))
    with pytest.raises(BadListingError, match="It has opened with binance-usdm:BTCUSDT, in USDT"):
        put(hedge_account=DESK, product=replace(listing().product, quote="USDC"))
    put(hedge_account=DESK, automatic_up_to=Decimal(1000))


def test_a_product_that_has_opened_is_not_made_another_one(put, following):
    trading = following.trading
    opened = listing(opened_at=trading.clock.now())
    following.list(opened)
    following.told(trading.mark(), 0)
    following.written()
    for other in ({"id": "ETH3L"}, {"underlying": "ETH"}):
        with pytest.raises(BadListingError, match="its id and its underlying stay"):
            put(product=replace(opened.product, **other))
    put(product=replace(opened.product, issuer="Somebody"))


def test_what_nobody_trades_here_is_not_hedged_here(put):
    product = replace(listing().product, terms=(terms(exposure=Exposure.SPOT),))
    with pytest.raises(BadListingError, match="Nothing is traded here for products that hold spot"):
        put(product=product, hedge_account=DESK)
