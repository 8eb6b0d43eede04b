"""The tenant's signing key: made once, kept encrypted, known to the world by its public part."""

from __future__ import annotations

import os

from truenav.app.house import House
from truenav.app.proof.signing import Signer
from truenav.store.database import Session, hold
from truenav.store.secrets import SecretNotFoundError

_SECRET = "signing-key"  # noqa: S105 - a name, not a secret


def tenant_signer(session: Session, house: House) -> Signer:
    """The signer of the transaction's tenant; its key is made at first use."""
    seed = _seed(session, house)
    if seed is None:
        # Of two first uses at once the later waits and finds the key: a bundle signed with one that was
        # then overwritten could never be told from a forgery.
        hold(session, _SECRET)
        seed = _seed(session, house)
    if seed is None:
        seed = os.urandom(32)
        house.vault.put(session, _SECRET, seed, at=house.clock.now())
    return Signer(seed)


def _seed(session: Session, house: House) -> bytes | None:
    try:
        return house.vault.get(session, _SECRET)
    except SecretNotFoundError:
        return None
