"""The leverage tiers of a contract: the newest that its venue told, read from the kept payload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from truenav.access.policy import Principal
from truenav.app.house import House
from truenav.app.sight import Sight
from truenav.app.sources.context import parse_context
from truenav.connect.tiers import read_tiers, tier_readers
from truenav.core.evidence import Evidence
from truenav.core.failure import NotFoundError
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import SINCE_EVER, Instrument, InstrumentKind
from truenav.core.leverage import LeverageTiers
from truenav.store import evidence
from truenav.store.database import Session

RECENT = timedelta(days=3)
"""Tiers are asked for once a day."""
LOOK = 20
"""Payloads that name a contract and are read for it: where so many tell no tiers, none does."""
_WITHOUT = (InstrumentKind.SPOT, InstrumentKind.OPTION)


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
    seen = (
        one
        for one in _received(session, terms, now=house.clock.now())
        if one.account == "" or sight.sees_account(one.account)
    )
    bodies = ((one, blobs.read(one.sha256)) for one in seen if one.status < 400)
    naming = ((one, body) for one, body in bodies if _names(body, terms.code))
    for one, body in islice(naming, LOOK):
        for tiers in read_tiers(one, body, context):
            if tiers.instrument == name:
                return ToldTiers(tiers, one.answered_at, one.sha256)
    raise TiersNotToldError(
        f"No payload tells the leverage tiers of {name}. {_reason(terms)}", instrument=name
    )


def _names(body: bytes, code: str) -> bool:
    """Whether a payload may tell a contract's tiers: it names the contract, or its family as OKX does."""
    family, dash, _ = code.rpartition("-")
    if dash and f'"{family}"'.encode() in body:
        return True
    return code.encode() in body or code.encode() in body.upper()


def _reason(terms: Instrument) -> str:
    if terms.kind is InstrumentKind.SPOT:
        return "It is a spot market, which has none of its own."
    if terms.kind is InstrumentKind.OPTION:
        return "It is an option, whose margin follows a formula."
    if not tier_readers(terms.venue):
        return f"What {terms.venue} tells of them is not read."
    return (
        "Gather an account at the venue with its history; some venues tell only those of contracts in which "
        "there is a position."
    )


def _received(session: Session, terms: Instrument, *, now: datetime) -> Iterator[Evidence]:
    """Payloads that tell tiers, newest first: those of the last days, then older ones."""
    endpoints = () if terms.kind in _WITHOUT else tuple(tier_readers(terms.venue))
    if endpoints:
        recent = evidence.newest(session, terms.venue, endpoints, since=now - RECENT)
        yield from recent
        older = evidence.newest(session, terms.venue, endpoints, since=SINCE_EVER)
        yield from older[len(recent) :]
