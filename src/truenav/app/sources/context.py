"""What parsers may know of a tenant: assets, aliases and contract terms, from its definitions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from truenav.connect.contract import ParseContext
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, Asset, AssetAlias, AssetBook
from truenav.core.instrument import Instrument, InstrumentBook
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import Kind

GATHERED = "gathering"
"""Who writes the contract terms that a venue publishes."""


def parse_context(session: Session) -> ParseContext:
    """The tenant's assets, aliases (the built-in ones included) and instruments."""
    assets = {asset.id: asset for asset in BUILTIN_ASSETS}
    assets |= {asset.id: asset for asset in definitions.bodies(session, Kind.ASSET, Asset)}
    aliases = (*BUILTIN_ALIASES, *definitions.bodies(session, Kind.ALIAS, AssetAlias))
    instruments = definitions.bodies(session, Kind.INSTRUMENT, Instrument)
    return ParseContext(AssetBook(assets.values(), aliases), InstrumentBook(instruments))


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
