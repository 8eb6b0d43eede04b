"""Transfers between own accounts that a venue calls external: confirmed by a person.

Facts are never edited: a correction that names the other place supersedes each such leg.
"""

from __future__ import annotations

from dataclasses import replace

from truenav.access.policy import Principal
from truenav.app.completeness.transfers import transfer_of
from truenav.app.house import House
from truenav.app.sources.entries import enter
from truenav.calc.ledger.matching import match_transfers
from truenav.core.facts import Fact, RecordedFact, Transfer, TransferKind
from truenav.core.failure import InvalidInputError
from truenav.core.ids import Sha256
from truenav.store.database import Session
from truenav.store.journal import Journal


def confirm_pair(
    session: Session,
    house: House,
    principal: Principal,
    sent: Sha256,
    received: Sha256,
    *,
    reason: str,
) -> tuple[RecordedFact, ...]:
    """Correct the external legs of one transfer between own accounts to internal; needs ``fact:write``.

    Raises ``InvalidInputError`` where the two facts cannot be one transfer or are internal already.
    """
    journal = Journal(session, house.objects, principal.tenant)
    legs = [journal.get(one).fact for one in (sent, received)]
    pairs = match_transfers(legs).pairs
    if [pair.sent.content_hash for pair in pairs] != [sent]:
        raise InvalidInputError(
            "These two facts cannot be one transfer between own accounts: compare assets, amounts, accounts "
            "and times."
        )
    external = pairs[0].external_legs
    if not external:
        raise InvalidInputError("Both legs are internal already; there is nothing to confirm.")
    return tuple(
        enter(
            session,
            house,
            principal,
            _internal(leg, other=legs[0] if leg is legs[1] else legs[1]),
            occurred_at=leg.occurred_at,
            reason=reason,
            account=leg.account,
            external_id=f"own-transfer:{leg.content_hash[:32]}",
            supersedes=leg.content_hash,
        )
        for leg in external
    )


def _internal(leg: Fact, *, other: Fact) -> Transfer:
    body, place = transfer_of(leg), f"{other.account}/{transfer_of(other).wallet}"
    return replace(body, kind=TransferKind.INTERNAL, counterpart=place)
