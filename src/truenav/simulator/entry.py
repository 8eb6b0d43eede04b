"""The door of the desk: which orders a venue refuses, and why. Each dialect says it in its own words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

from truenav.simulator.bookkeeper import settlement_wallet
from truenav.simulator.books import Books
from truenav.simulator.contracts import ZERO, notional
from truenav.simulator.margin import (
    LEVERAGES,
    UNIFIED,
    MarkOf,
    Pool,
    PriceOf,
    locked,
    margin_of,
    pays_premium,
    pool_of,
    premiums,
    reducible,
    unit,
)
from truenav.simulator.market import Instrument
from truenav.simulator.orders import Terms, crosses
from truenav.simulator.tiers import Tiers

Reason = Literal[
    "closed",
    "size",
    "lot",
    "tick",
    "notional",
    "duplicate",
    "reduce_only",
    "balance",
    "margin",
    "limit",
    "post_only",
    "unknown",
    "ended",
]
"""``closed``: no price is published; ``limit``: too much for the leverage that is used.

``unknown`` and ``ended`` are said of an order that shall be cancelled.
"""

REUSED_CLIENT_IDS = ("deribit",)
"""Venues whose client ids are only labels."""
REFUSING_TAKERS = ("binance", "deribit")
"""Venues that do not take an order that may only rest and would not; the others take it and end it."""
MINIMUM_NOTIONAL = {"binance": Decimal(5)}


class RefusedError(Exception):
    """A venue does not take an order, or does not cancel one."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Asked:
    """An order at the door, with the book as it is published."""

    dialect: str
    terms: Terms
    instrument: Instrument
    bid: Decimal
    ask: Decimal
    borrows: bool = False

    @property
    def price(self) -> Decimal:
        """What it would cost a unit at most: its limit, or what the book asks."""
        terms = self.terms
        return terms.price or terms.trigger or (self.ask if terms.side == "buy" else self.bid)


def check(asked: Asked, books: Books, mark: MarkOf, price: PriceOf, tiers: Tiers) -> None:
    """Refuse an order that its venue would refuse (:class:`RefusedError`)."""
    _check_shape(asked)
    _check_client_id(asked, books)
    if asked.terms.reduce_only:
        if not reducible(books, asked.terms.key, asked.terms.side):
            raise RefusedError("reduce_only")
    elif asked.instrument.kind == "spot":
        _check_balance(asked, books, mark, price)
    elif pays_premium(asked.dialect, asked.instrument, asked.terms.side):
        _check_premium(asked, books)
    else:
        _check_margin(asked, books, mark, price)
        _check_limit(asked, books, tiers)
    if asked.dialect in REFUSING_TAKERS and asked.terms.post_only:
        touch = asked.ask if asked.terms.side == "buy" else asked.bid
        if crosses(asked.terms, touch):
            raise RefusedError("post_only")


def _check_shape(asked: Asked) -> None:
    terms, item = asked.terms, asked.instrument
    if terms.size < item.lot:
        raise RefusedError("size")
    if terms.size % item.lot:
        raise RefusedError("lot")
    for level in (terms.price, terms.trigger):
        if level is not None and (level <= 0 or level % item.tick):
            raise RefusedError("tick")
    if item.kind == "spot" and terms.size * asked.price < MINIMUM_NOTIONAL.get(asked.dialect, ZERO):
        raise RefusedError("notional")


def _check_client_id(asked: Asked, books: Books) -> None:
    """OKX and Bybit never take one twice, Binance takes one again whose order has ended."""
    if asked.dialect in REUSED_CLIENT_IDS:
        return
    for order in books.orders_called(asked.terms.client_id):
        if order.working or asked.dialect != "binance":
            raise RefusedError("duplicate")


def _check_balance(asked: Asked, books: Books, mark: MarkOf, price: PriceOf) -> None:
    """Spot is paid for, or where the account borrows, backed like a contract."""
    item, terms, dialect = asked.instrument, asked.terms, asked.dialect
    wallet = settlement_wallet(dialect, item)
    buys = terms.side == "buy"
    coin, needed = (item.quote, terms.size * asked.price) if buys else (item.base, terms.size)
    if books.balance(wallet, coin) - locked(books, coin) >= needed:
        return
    if not (asked.borrows and dialect in UNIFIED):
        raise RefusedError("balance")
    pool = Pool(wallet, "")
    free = margin_of(dialect, books, pool, mark, price).free
    if free < needed / LEVERAGES[dialect] * unit(pool, coin, price):
        raise RefusedError("balance")


def _check_premium(asked: Asked, books: Books) -> None:
    """The wallet has the whole premium, beside those of orders that are open."""
    item, dialect = asked.instrument, asked.dialect
    pool = pool_of(dialect, item)
    free = books.balance(pool.wallet, item.settle) - premiums(books, dialect, pool)
    if free < notional(item, asked.terms.size, asked.price):
        raise RefusedError("balance")


def _check_limit(asked: Asked, books: Books, tiers: Tiers) -> None:
    """The step on which the position would stand must allow the leverage that is used."""
    item, terms, dialect = asked.instrument, asked.terms, asked.dialect
    if not tiers.of(dialect, item):
        return
    position = books.positions.get(terms.key)
    held = position.size if position else ZERO
    after = held + (terms.size if terms.side == "buy" else -terms.size)
    step = tiers.step(dialect, item, after, asked.price)
    if abs(after) > abs(held) and step.leverage < LEVERAGES[dialect]:
        raise RefusedError("limit")


def _check_margin(asked: Asked, books: Books, mark: MarkOf, price: PriceOf) -> None:
    item, terms, dialect = asked.instrument, asked.terms, asked.dialect
    opens = max(ZERO, terms.size - reducible(books, terms.key, terms.side))
    if not opens:
        return
    pool = pool_of(dialect, item)
    free = margin_of(dialect, books, pool, mark, price).free
    needed = notional(item, opens, asked.price) / LEVERAGES[dialect] * unit(pool, item.settle, price)
    if free < needed:
        raise RefusedError("margin")


def size_of_budget(budget: Decimal, ask: Decimal, instrument: Instrument) -> Decimal:
    """Whole lots that a sum of quote units buys."""
    lots = (budget / ask / instrument.lot).to_integral_value(ROUND_FLOOR)
    return lots * instrument.lot
