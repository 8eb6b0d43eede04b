"""The leverage tiers of a contract: the newest that its venue told, read from the kept payload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from truenav.access.policy import Principal
from truenav.app.house import House
from truenav.app.sight import Sight
from truenav.app.sources.context import parse_context
from truenav.connect.tiers import read_tiers, tier_readers
from truenav.core.evidence import Evidence
from truenav.core.failure import NotFoundError
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.leverage import LeverageTiers
from truenav.store import evidence
from truenav.store.database import Session


class TiersNotToldError(NotFoundError):
    """Nothing that was gathered tells the tiers of this contract."""

    code = "tiers-not-told"
    title = "The leverage tiers are not known"


@dataclass(frozen=True, slots=True)
class ToldTiers:
    """Tiers, when they were told, and the payload that tells them."""

    tiers: LeverageTiers
    told_at: datetime
    evidence: Sha256


def told_tiers(
    session: Session, house: House, principal: Principal, sight: Sight, name: InstrumentId
) -> ToldTiers:
    """The newest tiers of a contract that the principal may see.

    Raises ``UnknownInstrumentError``, ``TiersNotToldError`` or ``MalformedPayloadError``.
    """
    context = parse_context(session)
    terms = context.instruments.get(name)
    blobs = house.blobs(principal.tenant)
    for one in _received(session, terms.venue):
        if one.status >= 400 or not (one.account == "" or sight.sees_account(one.account)):
            continue
        body = blobs.read(one.sha256)
        if terms.code.encode() not in body.upper() and terms.code.encode() not in body:
            continue
        for tiers in read_tiers(one, body, context):
            if tiers.instrument == name:
                return ToldTiers(tiers, one.answered_at, one.sha256)
    raise TiersNotToldError(
        f"No payload tells the leverage tiers of {name}. {_reason(terms)}", instrument=name
    )


def _reason(terms: Instrument) -> str:
    if terms.kind is InstrumentKind.SPOT:
        return "It is a spot market, which has none of its own."
    if not tier_readers(terms.venue):
        return f"What {terms.venue} tells of them is not read."
    return (
        "Gather an account at the venue with its history; some venues tell only those of contracts in which "
        "there is a position."
    )


def _received(session: Session, venue: str) -> Iterator[Evidence]:
    endpoints = tier_readers(venue)
    return evidence.newest(session, venue, tuple(endpoints)) if endpoints else iter(())
