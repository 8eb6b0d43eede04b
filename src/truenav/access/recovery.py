"""Recovery codes: ten, each good for one log-in when the second factor is lost. Only hashes are stored."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from truenav.core.ids import UserId
from truenav.store import factors as store
from truenav.store.database import Session

CODES = 10
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing looks like something else
_GROUPS, _GROUP = 4, 6


def renew_codes(session: Session, user: UserId, *, now: datetime) -> tuple[str, ...]:
    """Ten new codes in place of all earlier ones; shown here and never again.

    Each has 120 random bits, so that a plain hash keeps it (NIST SP 800-63B-4, 3.1.2.2: 112 or more).
    """
    codes = tuple(_new_code() for _ in range(CODES))
    store.replace_recovery_codes(session, user, [_hash(code) for code in codes], at=now)
    return codes


def use_code(session: Session, user: UserId, code: str, *, now: datetime) -> bool:
    """Whether the user had this code; it is used up. Case, spaces and hyphens do not matter."""
    return store.use_recovery_code(session, user, _hash(code), at=now)


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _hash(code: str) -> bytes:
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    read = plain.replace("O", "0").replace("I", "1").replace("L", "1")
    return hashlib.sha256(read.encode("utf-8", "surrogatepass")).digest()
