"""What parsers may know of a tenant: assets, aliases and contract terms, from its definitions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, Asset, AssetAlias, AssetBook
from truenav.core.instrument import Instrument, InstrumentBook
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import Definitions, Kind

if TYPE_CHECKING:  # a strike needs the books alone, not all that connectors share
    from truenav.connect.contract import ParseContext

CONTEXT_KINDS = (Kind.ASSET, Kind.ALIAS, Kind.INSTRUMENT)

GATHERED = "gathering"
"""Who writes the contract terms that a venue publishes."""


def parse_context(session: Session) -> ParseContext:
    """The tenant's assets, aliases (the built-in ones included) and instruments."""
    from truenav.connect.contract import ParseContext

    known = Definitions(session, CONTEXT_KINDS)
    return ParseContext(asset_book(known), InstrumentBook(known.bodies(Kind.INSTRUMENT, Instrument)))


def asset_book(known: Definitions) -> AssetBook:
    """The tenant's assets and aliases, the built-in ones included."""
    assets = {asset.id: asset for asset in BUILTIN_ASSETS}
    assets |= {asset.id: asset for asset in known.bodies(Kind.ASSET, Asset)}
    return AssetBook(assets.values(), (*BUILTIN_ALIASES, *known.bodies(Kind.ALIAS, AssetAlias)))


def keep_instruments(session: Session, found: Iterable[Instrument], *, at: datetime) -> int:
    """Add terms that are new or changed to the instrument master; gives how many.

    Terms that a venue no longer lists stay: old facts need them.
    """
    found = tuple(found)
    if not found:
        return 0
    known = {one.id: one for one in definitions.bodies(session, Kind.INSTRUMENT, Instrument)}
    changed = [one for one in found if known.get(one.id) != one]
    definitions.put_many(session, Kind.INSTRUMENT, {one.id: one for one in changed}, by=GATHERED, at=at)
    return len(changed)
