"""Second factors: codes of a generator (TOTP, RFC 6238), and what holds for passkeys and them alike."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime

import pyotp

from truenav.access.errors import WrongFactorError
from truenav.access.policy import Principal, Resource, authorize
from truenav.access.recovery import renew_codes, use_code
from truenav.access.sessions import lift_limits, revoke_sessions
from truenav.core.failure import NotFoundError
from truenav.core.ids import UserId
from truenav.store import audit, logins
from truenav.store import factors as store
from truenav.store import users as people
from truenav.store.database import Session
from truenav.store.secrets import Vault

STEP_SECONDS = 30
ISSUER = "truenav"


@dataclass(frozen=True, slots=True)
class NewGenerator:
    """A generator to be confirmed by its first code; ``secret`` is shown here and never again."""

    id: str
    secret: str = field(repr=False)
    uri: str = field(repr=False)


def begin_generator(
    session: Session, vault: Vault, principal: Principal, *, name: str, now: datetime
) -> NewGenerator:
    """Make a TOTP secret of one's own. It counts once `confirm_generator` has seen a code of it."""
    authorize(principal, "self:write", Resource(principal.tenant, "factor"))
    _forget(session, vault, principal.user, store.unconfirmed_factors(session, principal.user))
    made = store.Factor(
        id=f"factor-{secrets.token_hex(6)}",
        user_id=principal.user,
        kind="totp",
        name=name,
        created_at=now,
        confirmed_at=None,
    )
    store.add_factor(session, made)
    secret = pyotp.random_base32()
    vault.put(session, _secret_name(made.id), secret.encode("ascii"), at=now)
    email = people.get_user(session, principal.user).email
    return NewGenerator(made.id, secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER))


def confirm_generator(
    session: Session, vault: Vault, principal: Principal, factor_id: str, *, code: str, now: datetime
) -> tuple[str, ...]:
    """Take the generator into use; gives recovery codes when it is the user's first factor, else none.

    Raises ``WrongFactorError`` for a code that does not fit.
    """
    authorize(principal, "self:write", Resource(principal.tenant, "factor"))
    found = store.find_factor(session, principal.user, factor_id)
    if found is None or found.kind != "totp" or found.confirmed_at is not None:
        raise NotFoundError(f"You have no generator {factor_id[:60]!r} to confirm; begin again.")
    if not _code_fits(session, vault, found, code, now=now):
        raise WrongFactorError("code: the generator shows another one; check its clock and type it again.")
    return take_into_use(session, principal, found, now=now)


def take_into_use(
    session: Session, principal: Principal, factor: store.Factor, *, now: datetime
) -> tuple[str, ...]:
    """Count the factor from now on; gives recovery codes when it is the user's first, else none."""
    first = not store.list_factors(session, principal.user)
    store.confirm_factor(session, factor.id, at=now)
    lift_limits(session, principal.user)
    detail = {"kind": factor.kind, "name": factor.name}
    audit.append(session, actor=principal.user, action="factor.add", subject=factor.id, at=now, detail=detail)
    return renew_codes(session, principal.user, now=now) if first else ()


def code_fits(session: Session, vault: Vault, user: UserId, code: str, *, now: datetime) -> str | None:
    """How the user proved themselves: ``totp`` or ``recovery``, used up by this; None where nothing fits."""
    for factor in store.list_factors(session, user):
        if factor.kind == "totp" and _code_fits(session, vault, factor, code, now=now):
            return "totp"
    return "recovery" if use_code(session, user, code, now=now) else None


def kinds(session: Session, user: UserId) -> tuple[str, ...]:
    """What the user may prove themselves with besides the password; empty without a second factor."""
    found: list[str] = sorted({factor.kind for factor in store.list_factors(session, user)})
    if found and store.count_recovery_codes(session, user):
        found.append("recovery")
    return tuple(found)


def renew_recovery_codes(session: Session, principal: Principal, *, now: datetime) -> tuple[str, ...]:
    """Ten new recovery codes of one's own; refused where there is no second factor to recover."""
    authorize(principal, "self:write", Resource(principal.tenant, "factor"))
    if not store.list_factors(session, principal.user):
        raise NotFoundError("You have no second factor that could be lost; add one first.")
    audit.append(session, actor=principal.user, action="recovery.renew", subject=principal.user, at=now)
    return renew_codes(session, principal.user, now=now)


def remove_factor(
    session: Session, vault: Vault, principal: Principal, factor_id: str, *, now: datetime
) -> None:
    """Forget a factor of one's own; the recovery codes go with the last one."""
    authorize(principal, "self:write", Resource(principal.tenant, "factor"))
    mine = store.list_factors(session, principal.user)
    if factor_id not in {factor.id for factor in mine}:
        raise NotFoundError(f"You have no second factor {factor_id[:60]!r}; list yours to see them.")
    _forget(session, vault, principal.user, (factor_id,))
    if len(mine) == 1:
        store.replace_recovery_codes(session, principal.user, (), at=now)
    audit.append(session, actor=principal.user, action="factor.remove", subject=factor_id, at=now)


def reset_factors(
    session: Session, vault: Vault, principal: Principal, user_id: UserId, *, now: datetime
) -> int:
    """Forget somebody else's factors and recovery codes, end their sessions; gives how many factors."""
    authorize(principal, "user:write", Resource(principal.tenant, "user", user_id))
    people.get_user(session, user_id)
    ids = tuple(factor.id for factor in store.list_factors(session, user_id))
    _forget(session, vault, user_id, (*ids, *store.unconfirmed_factors(session, user_id)))
    store.replace_recovery_codes(session, user_id, (), at=now)
    revoke_sessions(session, user_id, now=now)
    detail = {"factors": len(ids)}
    audit.append(session, actor=principal.user, action="factor.reset", subject=user_id, at=now, detail=detail)
    return len(ids)


def require_factor(session: Session, principal: Principal, required: bool, *, now: datetime) -> None:
    """Ask everybody in the tenant for a second factor, or no longer.

    Sessions of people without one end, except the caller's own; they can log in again to add one.
    """
    authorize(principal, "user:write", Resource(principal.tenant, "login-rules"))
    logins.require_factor(session, required)
    if required:
        for user in people.list_users(session):
            if user.id != principal.user and not store.list_factors(session, user.id):
                revoke_sessions(session, user.id, now=now)
    detail = {"factor_required": required}
    audit.append(
        session, actor=principal.user, action="login-rules", subject=principal.tenant, at=now, detail=detail
    )


def _code_fits(session: Session, vault: Vault, factor: store.Factor, code: str, *, now: datetime) -> bool:
    """Whether it is the code of this step or a neighbour; no step is used twice (RFC 6238, 5.2)."""
    typed = "".join(code.split())
    generator = pyotp.TOTP(vault.get(session, _secret_name(factor.id)).decode("ascii"))
    step = int(now.timestamp()) // STEP_SECONDS
    for one in (step - 1, step, step + 1):
        wanted = generator.at(one * STEP_SECONDS)
        if hmac.compare_digest(wanted.encode(), typed.encode("utf-8", "surrogatepass")):
            return store.use_step(session, factor.id, one, at=now)
    return False


def _forget(session: Session, vault: Vault, user: UserId, ids: tuple[str, ...]) -> None:
    store.remove_factors(session, user, ids)
    for one in ids:
        vault.delete(session, _secret_name(one))


def _secret_name(factor_id: str) -> str:
    return f"totp/{factor_id}"
