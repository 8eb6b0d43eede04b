"""A listed product that has seen prices, as its follower would have let it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from truenav.app.etp.live.product import RunningProduct
from truenav.core.canonical import decode
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.ids import Sha256
from truenav.core.listing import Listing
from truenav.core.money import AssetId
from truenav.store import products

from .conftest import LISTING, PERPETUAL


def run_product(fund, prices: Sequence[str], **changed: object) -> RunningProduct:
    """List it, and let it see prices a minute apart; what it saw is written with every second one."""
    body = {**LISTING, **changed}
    assert fund.maker.put("/api/v1/products/zz3l", json=body).status_code == 200
    listing = decode(Listing, body)
    running = RunningProduct(listing, 1, None)
    for number, price in enumerate(prices):
        at = listing.opened_at + timedelta(minutes=number)
        mark = Quote(PERPETUAL, AssetId("iso4217:USD"), QuoteKind.MARK, Decimal(price))
        running.see(Fact("x", "", str(number), at, mark, Sha256("a" * 64)), at=at)
        if number % 2 == 0:
            chapter = running.chapter()
            with fund.installation.house.database.transaction(fund.tenant) as session:
                products.append(session, "zz3l", chapter)
            running.written(chapter)
    return running
