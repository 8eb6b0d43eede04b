"""Basket products and authorised participants, as definitions."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from truenav.app.catalogue import Catalogue
from truenav.app.sources.context import asset_book
from truenav.calc.etp.baskets.rules import check_basket_product
from truenav.calc.portfolio.tree import Tree
from truenav.core.asset import AssetBook
from truenav.core.basket import AuthorisedParticipant, BasketListing, BasketTerms
from truenav.core.failure import InvalidInputError
from truenav.core.ids import parse_slug
from truenav.core.money import AssetId
from truenav.core.portfolio import Node
from truenav.store import baskets, definitions
from truenav.store.database import Session
from truenav.store.definitions import Definitions, Kind


class BadBasketError(InvalidInputError):
    """A basket product, or a participant, cannot be kept as it is written."""

    code = "bad-basket"
    title = "The basket product cannot be kept like this"


def _check(session: Session, listing: BasketListing) -> None:
    parse_slug(listing.id, what="id")
    check_basket_product(listing.product)
    tree = Tree(definitions.bodies(session, Kind.NODE, Node))
    tree.get(listing.node)
    others = [one for one in definitions.bodies(session, Kind.BASKET, BasketListing) if one.id != listing.id]
    wrong = [
        *_faults(listing),
        *_unknown(_assets(session), {listing.product.quote, *_constituents(listing)}),
        *_clashes(listing, others, tree),
        *_standing_faults(session, listing),
    ]
    if tree.fund_of(listing.node) is None:
        wrong.append(f"{listing.node} lies in no fund; its accounts are valued with the fund that they feed.")
    if wrong:
        raise BadBasketError(f"{listing.id} cannot be kept: {' '.join(wrong)}", wrong=wrong)


def _faults(listing: BasketListing) -> Iterator[str]:
    if listing.product.id != listing.id:
        yield f"The product is called {listing.product.id!r}, its listing {listing.id!r}; give both one id."
    if listing.opening_shares < 0 or listing.stale_after_seconds < 1:
        yield "Opening shares are not negative, and a price is fresh for at least a second."
    if any(fee.number < 0 for fee in listing.opening_fees):
        yield "Fees that are owed at the opening are not negative."


def _clashes(listing: BasketListing, others: Collection[BasketListing], tree: Tree) -> Iterator[str]:
    own = set(tree.subtree(listing.node))
    for other in others:
        if other.product.share == listing.product.share:
            yield f"{other.id} has the same shares, {listing.product.share}."
        if other.node in own or listing.node in tree.subtree(other.node):
            yield f"{other.id} holds what {other.node} holds; nothing stands behind two products."


def _standing_faults(session: Session, listing: BasketListing) -> Iterator[str]:
    """What cannot be changed any more, because a list or an order stands by it."""
    last = baskets.latest_list(session, listing.id)
    earlier = definitions.history(session, Kind.BASKET, listing.id, BasketListing)[:-1]
    if not earlier or (last is None and not baskets.journal(session, listing.id)):
        return
    was = earlier[-1].body
    if _counted(was) != _counted(listing):
        yield "Lists or orders stand by its shares, its quote asset and its opening shares; these stay."
    if last is not None:
        day = last.document.listed.trade_day
        if _terms_until(was, day) != _terms_until(listing, day):
            yield f"The list of {day} stands by terms that began until then; add terms that begin later."


def _counted(listing: BasketListing) -> tuple[AssetId, AssetId, int]:
    return listing.product.share, listing.product.quote, listing.opening_shares


def _terms_until(listing: BasketListing, day: date) -> list[BasketTerms]:
    return [terms for terms in listing.product.terms if terms.since <= day]


def _constituents(listing: BasketListing) -> set[AssetId]:
    return {one.asset for terms in listing.product.terms for one in terms.constituents}


def _check_participant(session: Session, participant: AuthorisedParticipant) -> None:
    parse_slug(participant.id, what="id")
    wrong = list(_unknown(_assets(session), participant.assets or frozenset()))
    limits = (participant.order_limit, participant.daily_limit)
    if any(limit is not None and limit < 1 for limit in limits):
        wrong.append("A limit is at least one creation unit.")
    if wrong:
        raise BadBasketError(f"{participant.id} cannot be kept: {' '.join(wrong)}", wrong=wrong)


def _assets(session: Session) -> AssetBook:
    return asset_book(Definitions(session, (Kind.ASSET, Kind.ALIAS)))


def _unknown(book: AssetBook, wanted: Collection[AssetId]) -> Iterator[str]:
    for asset in sorted(wanted):
        if asset not in book.assets:
            yield f"{asset} is not among the assets; add it first."


BASKETS = Catalogue(
    Kind.BASKET,
    BasketListing,
    "product:read",
    "product:write",
    lambda listing: listing.id,
    _check,
    lambda sight, listing: sight.sees(listing.node),
)

PARTICIPANTS = Catalogue(
    Kind.PARTICIPANT,
    AuthorisedParticipant,
    "product:read",
    "product:write",
    lambda participant: participant.id,
    _check_participant,
    lambda sight, participant: sight.nodes is None,
)
