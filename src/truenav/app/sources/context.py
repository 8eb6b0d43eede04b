"""What parsers may know of a tenant: assets, aliases and contract terms, from its definitions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, Asset, AssetAlias, AssetBook
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.clock import instant_text
from truenav.core.failure import FailureKind
from truenav.core.instrument import Instrument, InstrumentBook
from truenav.store import definitions, issues
from truenav.store.database import Session, hold
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

    Terms that a venue no longer lists stay: old facts need them. Another contract under a known name holds
    from ``at`` on, and a data issue asks a person whether that instant is right.
    """
    found = tuple(found)
    if not found:
        return 0
    if not _master(session).changes(found, at=at):
        return 0
    # Accounts gathered side by side may learn the same terms: the later one looks at what the first wrote.
    hold(session, GATHERED)
    changed = _master(session).changes(found, at=at)
    documents = {terms_id(one): one for one in changed}
    definitions.put_many(session, Kind.INSTRUMENT, documents, by=GATHERED, at=at)
    issues.open_many(session, [_terms_changed(one, at) for one in changed if one.valid_to == at])
    return len(changed)


def _master(session: Session) -> InstrumentBook:
    return InstrumentBook(definitions.bodies(session, Kind.INSTRUMENT, Instrument))


def terms_id(terms: Instrument) -> str:
    """The document of some terms: the instrument's id, with the instant they begin where they have one."""
    return f"{terms.id}@{instant_text(terms.valid_from)}" if terms.valid_from else terms.id


def _terms_changed(old: Instrument, at: datetime) -> issues.Issue:
    kind = FailureKind.TERMS_CHANGED.value
    return issues.Issue(
        id=sha256_hex(canonical_json([kind, old.id, instant_text(at)]))[:32],
        kind=kind,
        subject=old.id,
        message=f"{old.venue} lists another contract as {old.code}; its terms are taken to hold from "
        f"{instant_text(at)}, when they were first seen.",
        mend="Compare with the venue's announcement, and correct both versions' dates where they differ.",
        opened_at=at,
        blocking=False,
    )
