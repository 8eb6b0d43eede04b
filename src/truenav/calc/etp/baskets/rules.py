"""Whether the terms of a basket product can be followed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from truenav.calc.etp.engine.calendar import time_of, zone_of
from truenav.core.basket import BasketInputError, BasketProduct, BasketTerms
from truenav.core.money import MAX_SCALE, AssetId, to_text
from truenav.core.product import ProductRulesError

MOST_DECIMALS = 30
"""Of an asset; 8 more are left for its price."""


def check_basket_product(product: BasketProduct) -> BasketProduct:
    """The product itself, if its terms can be followed; else ``BasketInputError`` with all that is wrong."""
    wrong = list(_term_faults(product))
    if wrong:
        raise BasketInputError(
            f"The terms of {product.id} cannot be followed: " + " ".join(wrong), wrong=wrong
        )
    return product


def _term_faults(product: BasketProduct) -> Iterator[str]:
    if not product.terms:
        yield "There are none."
    days = [terms.since for terms in product.terms]
    if any(later <= earlier for earlier, later in pairwise(days)):
        yield "They do not stand in the order of their first days."
    for terms in product.terms:
        for fault in _faults_of_terms(terms, {product.share, product.quote}):
            yield f"Since {terms.since}: {fault}"


def _faults_of_terms(terms: BasketTerms, own: set[AssetId]) -> Iterator[str]:
    try:
        zone_of(terms.zone)
        time_of(terms.cut_off)
    except ProductRulesError as error:
        yield error.message
    if terms.unit_size < 1:
        yield "a creation unit has at least one share."
    if not terms.weekdays or not set(terms.weekdays) <= set(range(7)):
        yield "dealing weekdays are some of 0 (Monday) to 6."
    if terms.settlement_days < 0 or terms.day_count < 1:
        yield "settlement takes no fewer than 0 days, and a fee year has at least one."
    limits = (terms.order_limit, terms.daily_limit)
    if any(limit is not None and limit < 1 for limit in limits):
        yield "a limit is at least one creation unit."
    assets = [one.asset for one in terms.constituents]
    if not assets or len(set(assets)) != len(assets) or own & set(assets):
        yield "constituents are different assets, at least one, and neither the share nor the quote asset."
    if any(not 0 <= places <= MAX_SCALE for places in (terms.places, terms.nav_places)):
        yield f"money has 0 to {MAX_SCALE} decimals."
    for one in terms.constituents:
        if not 0 <= one.decimals <= MOST_DECIMALS:
            yield f"{one.asset} cannot have {one.decimals} decimals."
        if one.creation_premium < 0 or not 0 <= one.redemption_discount <= 1:
            yield f"premium and discount of {one.asset} are shares of its value, not negative."
    for name, rate in _rates(terms):
        if not 0 <= rate < 1:
            yield f"the {name} of {to_text(rate)} is no share between 0 and 1."
    if not 0 <= terms.max_cash_ratio <= 1:
        yield "the most cash is a share between 0 and 1."
    if terms.creation_fee.fixed < 0 or terms.redemption_fee.fixed < 0:
        yield "a fixed fee is not negative."
    if terms.fail.buy_in_after_days < 0:
        yield "what is missing is bought in no fewer than 0 days after it was due."


def _rates(terms: BasketTerms) -> Iterator[tuple[str, Decimal]]:
    yield "creation fee", terms.creation_fee.rate
    yield "redemption fee", terms.redemption_fee.rate
    yield "expense rate", terms.expense_rate
    yield "fail fee", terms.fail.rate
