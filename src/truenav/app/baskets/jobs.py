"""The job of a close: gathers the product's accounts, and makes the draft that a person then checks."""

from __future__ import annotations

from collections.abc import Mapping

from truenav.access.users import system_principal
from truenav.app.baskets.lists import closed_day, make_list
from truenav.app.house import House
from truenav.app.nav.inputs import accounts_below
from truenav.app.sources.gather import gather, unread
from truenav.app.sources.jobs import Board
from truenav.calc.etp.baskets.dealing_days import next_dealing_day
from truenav.calc.portfolio.tree import Tree
from truenav.core.basket import BasketListing
from truenav.core.ids import TenantId
from truenav.core.portfolio import Node
from truenav.store import baskets, definitions
from truenav.store.baskets import ListNotFoundError, ListState
from truenav.store.database import Session
from truenav.store.definitions import Kind


def list_job(house: House, tenant: TenantId, arguments: Mapping[str, str]) -> None:
    """Job: make the list of ``product`` for its next dealing day; one that waits for its check stays."""
    with house.database.transaction(tenant) as session:
        listing = definitions.get(session, Kind.BASKET, arguments["product"], BasketListing)
        if _is_made(session, house, listing):
            return
        tree = Tree(definitions.bodies(session, Kind.NODE, Node))
        fund = tree.fund_of(listing.node)
        accounts = frozenset() if fund is None else accounts_below(session, fund)
    board = Board(house, tenant, arguments["task"])
    outcomes = gather(house, tenant, accounts=accounts, report=board.show)
    board.close(outcomes)
    with house.database.transaction(tenant) as session:
        make_list(session, house, system_principal(tenant), listing, unread=unread(outcomes))


def _is_made(session: Session, house: House, listing: BasketListing) -> bool:
    day = next_dealing_day(listing.product, closed_day(listing.product, house.clock.now()))
    try:
        return baskets.find_list(session, listing.id, day).state is not ListState.REJECTED
    except ListNotFoundError:
        return False
