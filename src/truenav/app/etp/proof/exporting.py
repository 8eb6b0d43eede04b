"""The evidence bundle of a product that is run here, from its journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from truenav.access.policy import Principal
from truenav.app.etp.live.product import NotOpenError
from truenav.app.etp.proof.bundle import (
    Content,
    Definitions,
    ProductRecord,
    build_bundle,
    fills_in,
    payloads_of,
    without_idle,
)
from truenav.app.house import House
from truenav.app.proof.signer import tenant_signer
from truenav.app.proof.verify import Verdict, verify_bundle
from truenav.app.sources.context import parse_context
from truenav.connect.trading import fill_readers
from truenav.core.failure import ConflictError
from truenav.core.ids import AccountId, Sha256
from truenav.core.instrument import Instrument
from truenav.core.listing import Listing
from truenav.core.money import AssetId
from truenav.store import definitions, evidence, products
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.products import Chapter


class NotProvableError(ConflictError):
    """What was written of a product cannot be computed again from its evidence."""

    code = "not-provable"
    title = "The evidence does not lead to this product"


def product_bundle(session: Session, house: House, principal: Principal, listing: Listing) -> bytes:
    """Everything that a product went through, signed; it must verify before it is given away.

    `NotOpenError` where there is nothing to prove yet, `NotProvableError` where the archive was changed.
    """
    chapters = tuple(products.every(session, listing.id))
    if not chapters:
        raise NotOpenError(f"{listing.id} has not opened yet; there is nothing to prove.", product=listing.id)
    record = ProductRecord(listing.id, principal.user, house.clock.now())
    found = _definitions(session, listing.id, {one.version for one in chapters})
    wanted = payloads_of(chapters) | _behind_fills(session, chapters, found)
    metas = evidence.received(session, wanted, until=record.made_at)
    blobs = house.blobs(principal.tenant)
    payloads = {one.sha256: blobs.read(one.sha256) for one in metas}
    signer = tenant_signer(session, house)
    bundle = build_bundle(without_idle(Content(record, found, chapters, metas, payloads)), signer)
    check = verify_bundle(bundle, key=signer.public_key)
    if check.verdict is not Verdict.IDENTICAL:
        raise NotProvableError(
            f"The evidence does not lead to what is written of {listing.id}: {check.difference}.",
            product=listing.id,
        )
    return bundle


def _definitions(session: Session, id: str, versions: set[int]) -> Definitions:
    """The listing in the versions that were run, and what its payloads speak of."""
    history = definitions.history(session, Kind.LISTING, id, Listing)
    listings = {one.version: one.body for one in history if one.version in versions}
    context = parse_context(session)
    wanted = {one.instrument for one in listings.values()}
    instruments = tuple(one for one in context.instruments.versions if one.id in wanted)
    assets = set(_assets(instruments))
    return Definitions(
        listings={str(version): listings[version] for version in sorted(listings)},
        instruments=instruments,
        assets=tuple(context.assets.assets[one] for one in sorted(assets & context.assets.assets.keys())),
        aliases=tuple(one for one in context.assets.aliases if one.asset in assets),
    )


def _behind_fills(session: Session, chapters: Iterable[Chapter], known: Definitions) -> frozenset[Sha256]:
    """The payloads that stated what was traded for the product."""
    orders: dict[AccountId, set[str]] = {}
    for chapter in chapters:
        account = known.versions[chapter.version].hedge_account
        ids = {filled.fill.id.rpartition("/")[0] for filled in fills_in(chapter)}
        if account is not None and ids:
            orders.setdefault(account, set()).update(ids)
    told = [evidence.behind_orders(session, account, ids) for account, ids in orders.items()]
    found = evidence.meta_many(session, sorted(set().union(*told)))
    metas = (one for each in found.values() for one in each)
    return frozenset(one.sha256 for one in metas if one.endpoint in fill_readers(one.connector))


def _assets(instruments: Iterable[Instrument]) -> Iterator[AssetId]:
    for one in instruments:
        yield from (one.base, one.quote, one.settle)
