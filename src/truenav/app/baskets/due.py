"""Has a worker make the list of each basket product, once for each close."""

from __future__ import annotations

from datetime import datetime

import structlog

from truenav.access.modules import module_of
from truenav.app.baskets.lists import closed_day
from truenav.calc.etp.baskets.dealing_days import cut_off_at
from truenav.core.basket import BasketInputError, BasketListing
from truenav.store import definitions, queue
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.roles import modules_off

MAKE_LIST = "basket.list"

_log = structlog.get_logger("truenav.baskets")


def enqueue_due_lists(session: Session, *, now: datetime) -> tuple[str, ...]:
    """Add a job for each product of the tenant whose cut-off has passed; gives their ids.

    A product counts from its last change on. Any number of callers at once make one job a close; nothing is
    due while the tenant has switched the module off.
    """
    if module_of(MAKE_LIST) in modules_off(session):
        return ()
    started = []
    for found in definitions.list_all(session, Kind.BASKET, BasketListing):
        listing = found.body
        if not listing.automatic or not listing.product.terms:
            continue
        try:
            due = _last_cut_off(listing, now)
        except BasketInputError as error:  # a calendar without days must not stop what else is due
            _log.warning("no list is due", product=listing.id, reason=error.message)
            continue
        if due is None or due < found.created_at:
            continue
        if queue.claim_due(session, f"basket/{listing.id}", due, at=now):
            queue.enqueue(session, MAKE_LIST, {"product": listing.id}, subject=listing.id, at=now)
            started.append(listing.id)
    return tuple(started)


def _last_cut_off(listing: BasketListing, now: datetime) -> datetime | None:
    """The last cut-off before ``now``; None before the product's first terms."""
    product = listing.product
    if now.date() < product.terms[0].since:
        return None
    return cut_off_at(product, closed_day(product, now))
