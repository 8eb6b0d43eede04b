"""What the product says an account is worth, in the words of the venues' truth."""

from __future__ import annotations

from decimal import Decimal

from truenav.calc.ledger.book import latest_snapshots, quantities
from truenav.calc.nav.model import NavInputs
from truenav.calc.portfolio.measures import value_in_settle
from truenav.calc.pricing.defaults import venue_policy
from truenav.calc.pricing.marks import Mark, QuoteBook, Subject, select_marks
from truenav.core.asset import AssetBook
from truenav.core.facts import PositionSnapshot
from truenav.core.ids import AccountId
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ZERO, AssetId, exact, rounded

PRICED_AT = {"custodian": "binance", "ethereum": "binance"}
"""Whose prices the scenario values the wallets at that have no market of their own."""


def equity(inputs: NavInputs, account: str) -> tuple[dict[str, Decimal], Decimal]:
    """Per settle asset and in US dollars, rounded once to 18 decimals; assets with nothing left out."""
    known = next(one for one in inputs.accounts if one.id == AccountId(account))
    venue = PRICED_AT.get(known.venue, known.venue)
    assets, book = AssetBook(inputs.assets, inputs.aliases), InstrumentBook(inputs.instruments)
    mine = [fact for fact in inputs.facts if fact.account == account]
    snapshots = latest_snapshots(mine, inputs.as_of).values()
    positions = [
        line for fact in snapshots if isinstance(fact.body, PositionSnapshot) for line in fact.body.lines
    ]
    marks = select_marks(
        [Subject(line.instrument) for line in positions] + [Subject(one, venue) for one in assets.assets],
        QuoteBook(inputs.facts),
        venue_policy(),
        assets=assets,
        instruments=book,
        as_of=inputs.as_of,
    )
    held: dict[AssetId, Decimal] = {}
    with exact():
        for fact in snapshots:
            if not isinstance(fact.body, PositionSnapshot):
                for asset, number in quantities(fact).items():
                    held[AssetId(asset)] = held.get(AssetId(asset), ZERO) + number
        for line in positions:
            terms, mark = book.get(line.instrument), marks.of(line.instrument)
            assert isinstance(mark, Mark), mark
            value = value_in_settle(terms, line.quantity, line.entry_price, mark.price)
            held[terms.settle] = held.get(terms.settle, ZERO) + value
        usd = ZERO
        for asset, number in held.items():
            price = marks.of(asset, venue)
            usd += number * price.price_usd if isinstance(price, Mark) else ZERO
    return {assets.symbol(one): rounded(number, 18) for one, number in held.items() if number}, rounded(
        usd, 18
    )
