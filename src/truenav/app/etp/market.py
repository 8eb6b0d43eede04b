"""The secondary market of a product: what a venue shows of its units, beside NAV and what holding costs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Request

from truenav.app.etp import reading
from truenav.app.etp.live.product import mark_key
from truenav.app.house import House
from truenav.app.sources.context import parse_context
from truenav.app.sources.model import Connection
from truenav.app.sources.opening import ask_once
from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.engine.simulate import terms_at
from truenav.calc.etp.live.disclosure import PLACES
from truenav.calc.etp.live.secondary import HoldingCost, Market, SecondaryView, holding_cost, secondary_view
from truenav.calc.etp.live.state import basket
from truenav.calc.pricing.quotes import quote_key
from truenav.connect.books import BookConnector, OrderBook
from truenav.connect.contract import Payload
from truenav.connect.registry import installed
from truenav.core.facts import Quote
from truenav.core.failure import TruenavError
from truenav.core.ids import InstrumentId, TenantId
from truenav.core.instrument import Instrument
from truenav.core.listing import Listing
from truenav.core.money import rounded
from truenav.store import definitions, evidence
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.journal import FactQuery, Journal

LOOK_AGAIN_AFTER = timedelta(seconds=15)
"""However many people look at a product's market, its venue is asked so often at most."""

LAST_KNOWN_FOR = timedelta(minutes=15)
"""An older last price is not set against NAV."""


@dataclass(frozen=True, slots=True)
class MissingFigure:
    """A figure that is not known, and why."""

    figure: str
    why: str


@dataclass(frozen=True, slots=True)
class UnitMarket:
    """The market of a product's units, prices in its quote asset, all else as shares.

    NAV is of ``nav_at``, the last price of ``last_at``, the book of ``book_at``. Premiums are over NAV, a
    discount is negative; depths are values of orders no further than ``within`` from NAV. A round trip buys
    ``units`` and sells them; costs of holding are of a year, without trading costs of rebalances. Where
    the target is hidden, the public is not told them.
    """

    listing: str
    instrument: InstrumentId | None
    quote: str
    nav: Decimal
    nav_at: datetime
    last: Decimal | None
    last_at: datetime | None
    premium_last: Decimal | None
    book_at: datetime | None
    best_bid: Decimal | None
    best_ask: Decimal | None
    premium_mid: Decimal | None
    spread: Decimal | None
    within: Decimal
    bid_depth: Decimal | None
    ask_depth: Decimal | None
    maker_fee: Decimal | None
    taker_fee: Decimal | None
    units: Decimal
    round_trip_taker: Decimal | None
    round_trip_maker: Decimal | None
    holding_fees: Decimal | None
    holding_financing: Decimal | None
    holding: Decimal | None
    missing: tuple[MissingFigure, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What was learned of a market ``at`` an instant; ``trouble`` says why there is no book."""

    at: datetime
    book: OrderBook | None = None
    last: Decimal | None = None
    last_at: datetime | None = None
    trouble: str = ""


class Looks:
    """The newest looks of one server, each shared by all who ask. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[tuple[TenantId, str], threading.Lock] = {}
        self._kept: dict[tuple[TenantId, str], tuple[Listing, Look]] = {}

    def get(self, tenant: TenantId, listing: Listing, *, now: datetime, look: Callable[[], Look]) -> Look:
        """The newest look at a product's market; a new one, one at a time, where it or the listing is old."""
        key = (tenant, listing.id)
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:
            listed, known = self._kept.get(key, (None, None))
            if listed == listing and known and timedelta(0) <= now - known.at < LOOK_AGAIN_AFTER:
                return known
            found = look()
            self._kept[key] = (listing, found)
            return found


async def shared_looks(request: Request) -> Looks:
    """Those of this server."""
    found: Looks = request.app.state.looks
    return found


LooksDep = Annotated[Looks, Depends(shared_looks)]


def unit_market(
    house: House,
    tenant: TenantId,
    listing: Listing,
    looks: Looks,
    *,
    units: Decimal,
    is_public: bool = False,
) -> UnitMarket:
    """The market of a product's units; `NotOpenError` where it has no NAV yet. Asks the venue."""
    now = house.clock.now()
    seen = looks.get(tenant, listing, now=now, look=lambda: _look(house, tenant, listing, now))
    with house.database.transaction(tenant, snapshot=True) as session:
        live = reading.last_chapter(session, listing).live
    book, terms = seen.book, terms_at(listing.product, live.mark.at)
    market = Market(
        last=seen.last,
        bids=None if book is None else book.bids,
        asks=None if book is None else book.asks,
        maker_fee=listing.maker_fee,
        taker_fee=listing.taker_fee,
        goes_on=book is not None and not book.is_whole,
    )
    view = secondary_view(market, basket(live), units=units)
    cost = holding_cost(terms) if terms.target_is_published or not is_public else None
    return UnitMarket(
        listing=listing.id,
        instrument=listing.traded_as,
        quote=listing.product.quote,
        nav=rounded(view.nav, PLACES),
        nav_at=instant_of(view.at),
        last=seen.last,
        last_at=seen.last_at,
        premium_last=_shown(view.premium_last),
        book_at=None if book is None else book.at,
        best_bid=book.bids[0][0] if book is not None and book.bids else None,
        best_ask=book.asks[0][0] if book is not None and book.asks else None,
        premium_mid=_shown(view.premium_mid),
        spread=_shown(view.spread),
        within=view.within,
        bid_depth=_shown(view.bid_depth),
        ask_depth=_shown(view.ask_depth),
        maker_fee=listing.maker_fee,
        taker_fee=listing.taker_fee,
        units=units,
        round_trip_taker=_shown(view.round_trip_taker),
        round_trip_maker=_shown(view.round_trip_maker),
        holding_fees=None if cost is None else _shown(cost.fees),
        holding_financing=None if cost is None else _shown(cost.financing),
        holding=None if cost is None else _shown(cost.total),
        missing=(*_missing(listing, seen, view), *_missing_costs(cost)),
    )


def _missing_costs(cost: HoldingCost | None) -> Iterator[MissingFigure]:
    if cost is None:
        yield from (MissingFigure(one, _HIDDEN) for one in ("holding_fees", "holding_financing", "holding"))
    elif "financing" in cost.missing:
        yield MissingFigure("holding_financing", _FINANCING)


_HIDDEN = "It follows from the target, which the issuer does not publish."

_FINANCING = "The rules follow published financing rates, and what these will be is not known."


def _missing(listing: Listing, seen: Look, view: SecondaryView) -> Iterator[MissingFigure]:
    no_book = seen.trouble or "The book is empty on one side."
    for figure in view.missing:
        match figure:
            case "premium_last":
                yield MissingFigure(figure, _no_last(listing))
            case "bid_depth" | "ask_depth" if seen.book is not None:
                yield MissingFigure(
                    figure, "The venue shows its best levels only, and more may lie as near to NAV."
                )
            case "round_trip_maker":
                yield MissingFigure(figure, _no_fee("maker"))
            case "round_trip_taker" if listing.taker_fee is None:
                yield MissingFigure(figure, _no_fee("taker"))
            case "round_trip_taker" if seen.book is not None:
                yield MissingFigure(figure, "The book does not hold so many units.")
            case _:
                yield MissingFigure(figure, no_book)


def _no_last(listing: Listing) -> str:
    if listing.traded_as is None:
        return _NO_MARKET
    minutes = LAST_KNOWN_FOR // timedelta(minutes=1)
    return f"No last price of {listing.traded_as} was recorded within {minutes} minutes."


def _no_fee(kind: str) -> str:
    return f"The listing does not state the {kind} fee."


_NO_MARKET = "The listing does not say where its units are traded."


def _look(house: House, tenant: TenantId, listing: Listing, now: datetime) -> Look:
    """Ask the venue for the book, archive what it answered, and find the newest recorded last price."""
    if listing.traded_as is None:
        return Look(now, trouble=_NO_MARKET)
    with house.database.transaction(tenant, snapshot=True) as session:
        terms = parse_context(session).instruments.get(listing.traded_as)
        base_url = _base_url(session, terms)
        last, last_at = _last(Journal(session, house.objects, tenant), terms, now)
    source = installed(terms.venue)
    if not isinstance(source, BookConnector):
        return Look(now, None, last, last_at, f"Books of {terms.venue} are not read here.")
    kept: list[Payload] = []

    async def keep(payload: Payload) -> None:
        kept.append(payload)

    try:
        book = ask_once(house, source, base_url, lambda api: source.book(api, terms), archive=keep)
    except TruenavError as error:
        return Look(now, None, last, last_at, error.message)
    finally:
        with house.database.transaction(tenant) as session:
            evidence.put_many(session, house.blobs(tenant), [(one.evidence, one.body) for one in kept])
    return Look(now, book, last, last_at)


def _base_url(session: Session, terms: Instrument) -> str | None:
    """Where a venue is asked: there where an account at it is, else at its own hosts."""
    connections = definitions.bodies(session, Kind.CONNECTION, Connection)
    there = [one for one in connections if one.enabled and one.connector == terms.venue]
    return min(there, key=lambda one: one.id).base_url if there else None


def _last(journal: Journal, terms: Instrument, now: datetime) -> tuple[Decimal | None, datetime | None]:
    query = FactQuery(kinds=("quote",), sources=(terms.venue,), since=now - LAST_KNOWN_FOR, as_of=now)
    for one in journal.latest(query):
        if quote_key(one.fact) == mark_key(terms) and isinstance(one.fact.body, Quote):
            return one.fact.body.price, one.fact.occurred_at
    return None, None


def _shown(number: Decimal | None) -> Decimal | None:
    return None if number is None else rounded(number, PLACES)
