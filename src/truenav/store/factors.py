"""Second factors of users, and their recovery codes (hashes only; TOTP secrets lie in the vault)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, delete, func, insert, select, text, update

from truenav.core.ids import TenantId, UserId
from truenav.store.database import Session
from truenav.store.tables import recovery_code, second_factor
from truenav.store.users import TakenError

Kind = Literal["totp", "passkey"]


@dataclass(frozen=True, slots=True)
class Factor:
    """One second factor. A passkey has the last three fields, a TOTP generator ``last_step``."""

    id: str
    user_id: UserId
    kind: Kind
    name: str
    created_at: datetime
    confirmed_at: datetime | None
    last_used_at: datetime | None = None
    last_step: int = 0
    credential_id: bytes | None = None
    public_key: bytes | None = None
    sign_count: int = 0


@dataclass(frozen=True, slots=True)
class FoundPasskey:
    """Whose passkey a credential id names; found before the tenant is known."""

    tenant: TenantId
    user_id: UserId
    factor_id: str


def add_factor(session: Session, factor: Factor) -> None:
    """Add a factor; `TakenError` when the passkey is registered already."""
    columns = second_factor.c
    taken = session.execute(
        text("SELECT 1 FROM find_passkey(:id)"), {"id": factor.credential_id or b""}
    ).one_or_none()
    if taken is not None:
        raise TakenError("This passkey is registered already; use another authenticator.")
    values = {column.name: getattr(factor, column.name) for column in columns if column.name != "tenant_id"}
    session.execute(insert(second_factor).values(values))


def list_factors(session: Session, user_id: UserId) -> tuple[Factor, ...]:
    """A user's confirmed factors, oldest first."""
    query = (
        select(second_factor)
        .where(second_factor.c.user_id == user_id, second_factor.c.confirmed_at.is_not(None))
        .order_by(second_factor.c.created_at, second_factor.c.id)
    )
    return tuple(_factor(row) for row in session.execute(query))


def find_factor(session: Session, user_id: UserId, id: str) -> Factor | None:
    """One factor of a user, confirmed or not."""
    found = (second_factor.c.user_id == user_id) & (second_factor.c.id == id)
    row = session.execute(select(second_factor).where(found)).one_or_none()
    return None if row is None else _factor(row)


def find_passkey(session: Session, credential_id: bytes) -> FoundPasskey | None:
    """Whose passkey this is, in any tenant. Works in `Database.lookup`."""
    row = session.execute(text("SELECT * FROM find_passkey(:id)"), {"id": credential_id}).one_or_none()
    return None if row is None else FoundPasskey(*row)


def confirm_factor(session: Session, id: str, *, at: datetime) -> None:
    """From now on the factor counts."""
    session.execute(update(second_factor).where(second_factor.c.id == id).values(confirmed_at=at))


def use_step(session: Session, id: str, step: int, *, at: datetime) -> bool:
    """Note a TOTP time step as used; False where this or a later one was used before."""
    newer = (second_factor.c.id == id) & (second_factor.c.last_step < step)
    done = session.execute(update(second_factor).where(newer).values(last_step=step, last_used_at=at))
    return bool(done.rowcount)


def use_passkey(session: Session, id: str, *, seen: int, sign_count: int, at: datetime) -> bool:
    """Note a passkey's new signature count; False where another log-in moved it since it was ``seen``."""
    same = (second_factor.c.id == id) & (second_factor.c.sign_count == seen)
    done = session.execute(update(second_factor).where(same).values(sign_count=sign_count, last_used_at=at))
    return bool(done.rowcount)


def remove_factors(session: Session, user_id: UserId, ids: Iterable[str]) -> int:
    """Forget these factors of a user; gives how many there were."""
    found = (second_factor.c.user_id == user_id) & second_factor.c.id.in_(list(ids))
    return session.execute(delete(second_factor).where(found)).rowcount


def unconfirmed_factors(session: Session, user_id: UserId) -> tuple[str, ...]:
    """Ids of factors that were begun and never confirmed."""
    found = (second_factor.c.user_id == user_id) & second_factor.c.confirmed_at.is_(None)
    return tuple(session.scalars(select(second_factor.c.id).where(found)))


def replace_recovery_codes(
    session: Session, user_id: UserId, hashes: Iterable[bytes], *, at: datetime
) -> None:
    """Keep these hashes in place of all earlier codes of the user; none at all forgets them."""
    session.execute(delete(recovery_code).where(recovery_code.c.user_id == user_id))
    rows = [{"code_hash": one, "user_id": user_id, "created_at": at, "used_at": None} for one in hashes]
    if rows:
        session.execute(insert(recovery_code), rows)


def use_recovery_code(session: Session, user_id: UserId, code_hash: bytes, *, at: datetime) -> bool:
    """Use a code up; False where the user has no such code, or it was used."""
    fresh = (
        (recovery_code.c.user_id == user_id)
        & (recovery_code.c.code_hash == code_hash)
        & recovery_code.c.used_at.is_(None)
    )
    return bool(session.execute(update(recovery_code).where(fresh).values(used_at=at)).rowcount)


def count_recovery_codes(session: Session, user_id: UserId) -> int:
    """How many codes the user has left."""
    left = (recovery_code.c.user_id == user_id) & recovery_code.c.used_at.is_(None)
    return int(session.scalar(select(func.count()).select_from(recovery_code).where(left)) or 0)


def _factor(row: Row[Any]) -> Factor:
    return Factor(
        id=row.id,
        user_id=row.user_id,
        kind=row.kind,
        name=row.name,
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        last_used_at=row.last_used_at,
        last_step=row.last_step,
        credential_id=row.credential_id,
        public_key=row.public_key,
        sign_count=row.sign_count,
    )
