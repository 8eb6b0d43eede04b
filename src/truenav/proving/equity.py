"""What the product says an account is worth and what happened to it, in the words of the venues' truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from truenav.calc.ledger.book import latest_snapshots, quantities
from truenav.calc.ledger.deltas import Reason, deltas
from truenav.calc.nav.model import NavInputs
from truenav.calc.portfolio.measures import value_in_settle
from truenav.calc.pricing.defaults import venue_policy
from truenav.calc.pricing.marks import Mark, QuoteBook, Subject, select_marks
from truenav.core.asset import AssetBook
from truenav.core.facts import Fact, PositionSnapshot, Trade
from truenav.core.ids import AccountId
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ZERO, AssetId, exact, rounded
from truenav.simulator.books import Books

PRICED_AT = {"custodian": "binance", "ethereum": "binance"}
"""Whose prices the scenario values the wallets at that have no market of their own."""

Movements = dict[tuple[str, str, str], Decimal]
"""Wallet, asset and cause to the sum of what moved; sums of zero are left out."""

_CAUSES = {
    Reason.TRADE: "trade",
    Reason.FEE: "fee",
    Reason.REALISED: "realised",
    Reason.SETTLEMENT: "settlement",
    Reason.FUNDING: "funding",
    Reason.EXTERNAL: "transfer",
    Reason.INTERNAL: "transfer",
    Reason.INTEREST: "interest",
    Reason.REWARD: "reward",
}
_TRUE_CAUSES = {
    "deposit": "transfer",
    "withdrawal": "transfer",
    "transfer": "transfer",
    "withdrawal_fee": "fee",
    "trade": "trade",
    "fee": "fee",
    "realized": "realised",
    "session": "realised",
    "funding": "funding",
    "settlement": "settlement",
    "interest": "interest",
}


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


def movements(facts: Iterable[Fact], assets: AssetBook, instruments: InstrumentBook) -> Movements:
    """What the facts of one account say moved its balances, by cause."""
    found: Movements = {}
    with exact():
        for fact in facts:
            for delta in deltas(fact, instruments):
                if not delta.is_position:
                    key = (delta.wallet, assets.symbol(AssetId(delta.subject)), _CAUSES[delta.reason])
                    found[key] = found.get(key, ZERO) + delta.quantity
    return {key: moved for key, moved in found.items() if moved}


def true_movements(books: Books) -> Movements:
    """What truly moved the balances of an account, by cause."""
    found: Movements = {}
    with exact():
        for entry in books.entries:
            key = (entry.wallet, entry.asset, _TRUE_CAUSES[entry.cause])
            found[key] = found.get(key, ZERO) + entry.amount
    return {key: moved for key, moved in found.items() if moved}


def fills(facts: Iterable[Fact]) -> Counter[tuple[object, Decimal]]:
    """Instant and price of every fill that facts state."""
    return Counter((fact.occurred_at, fact.body.price) for fact in facts if isinstance(fact.body, Trade))


def true_fills(books: Books) -> Counter[tuple[object, Decimal]]:
    """Instant and price of every fill that there was."""
    return Counter((fill.at, fill.price) for fill in books.fills)
