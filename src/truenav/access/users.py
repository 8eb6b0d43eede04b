"""Users of a tenant: added, changed and disabled by an administrator; never deleted, the audit names them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from truenav.access.errors import WrongPasswordError
from truenav.access.passwords import NO_PASSWORD, check_password, hash_password, verify_password
from truenav.access.policy import INSTALLATION, Principal, Resource, authorize, parse_roles
from truenav.access.roles import refuse_greater_roles
from truenav.access.sessions import revoke_sessions
from truenav.core.failure import InvalidInputError
from truenav.core.ids import TenantId, UserId, parse_slug
from truenav.core.names import parse_name
from truenav.store import audit
from truenav.store import users as store
from truenav.store.database import Session
from truenav.store.factors import list_factors
from truenav.store.logins import factor_required
from truenav.store.standing import list_custom_roles

SYSTEM = UserId("system")
"""Acts for schedules; nobody can log in as it or take its name."""

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,180}")


@dataclass(frozen=True, slots=True)
class NewUser:
    """What an administrator says of a user to be added; without a password they choose one by a link."""

    id: str
    name: str
    email: str
    roles: tuple[str, ...]
    password: str | None = field(repr=False, default=None)


def system_principal(tenant: TenantId) -> Principal:
    """Who a schedule acts as: an operator, so that a person must still check what it made."""
    return Principal(SYSTEM, tenant, frozenset({"operator"}), "schedule", via="system")


def add_user(session: Session, principal: Principal, new: NewUser, *, now: datetime) -> store.User:
    """Add a user; refuses weak passwords, unknown roles, and addresses and ids in use."""
    authorize(principal, "user:write", Resource(principal.tenant, "user"))
    user = make_user(new, now=now, custom=_custom_roles(session))
    _refuse_roles(session, principal, user.roles)
    store.create_user(session, user)
    detail = {"email": user.email, "roles": list(user.roles)}
    audit.append(session, actor=principal.user, action="user.add", subject=user.id, at=now, detail=detail)
    return user


def change_user(
    session: Session,
    principal: Principal,
    user_id: UserId,
    *,
    now: datetime,
    name: str | None = None,
    roles: Iterable[str] | None = None,
    password: str | None = None,
    disabled: bool | None = None,
) -> store.User:
    """Change what is given of somebody else. A new password or a disabling ends their sessions."""
    authorize(principal, "user:write", Resource(principal.tenant, "user", user_id))
    user = store.get_user(session, user_id)
    parsed = None if roles is None else parse_roles(roles, custom=_custom_roles(session))
    if parsed is not None:
        _refuse_roles(session, principal, parsed)
    if name is not None:
        parse_name(name, what="name")
    changed = {"name": name, "roles": parsed, "disabled": disabled}
    detail: dict[str, object] = {key: value for key, value in changed.items() if value is not None}
    if password is not None:
        check_password(
            password,
            personal=(user.email, user.name, user.id),
            with_factor=bool(list_factors(session, user_id)) or factor_required(session),
        )
        revoke_sessions(session, user_id, now=now)
        detail["new_password"] = True
    if name is not None or parsed is not None or password is not None:
        hashed = None if password is None else hash_password(password)
        store.change_user(session, user_id, name=name, roles=parsed, password_hash=hashed)
    if disabled is not None and disabled != (user.disabled_at is not None):
        store.disable_user(session, user_id, at=now if disabled else None)
    audit.append(session, actor=principal.user, action="user.change", subject=user_id, at=now, detail=detail)
    return store.get_user(session, user_id)


def change_own_password(
    session: Session, principal: Principal, *, present: str, new: str, now: datetime
) -> None:
    """Replace one's own password, knowing the present one; ends all of one's sessions.

    Call it through `Access.change_own_password`, which slows down guessing.
    """
    authorize(principal, "self:write", Resource(principal.tenant, "user", principal.user))
    user = store.get_user(session, principal.user)
    if not verify_password(user.password_hash, present):
        raise WrongPasswordError("present: this is not your password now; type it again.")
    check_password(
        new,
        personal=(user.email, user.name, user.id),
        with_factor=bool(list_factors(session, user.id)) or factor_required(session),
    )
    store.change_user(session, user.id, password_hash=hash_password(new))
    revoke_sessions(session, user.id, now=now)
    audit.append(session, actor=user.id, action="password.change", subject=user.id, at=now)


def make_user(new: NewUser, *, now: datetime, custom: Iterable[str] = ()) -> store.User:
    """The user to be stored, checked, the password hashed; ``custom``: the tenant's own roles."""
    user_id = parse_slug(new.id, what="id")
    if user_id == SYSTEM:
        raise InvalidInputError(f"id: {SYSTEM!r} is the name schedules act under; choose another.")
    email = parse_email(new.email)
    roles = parse_roles(new.roles, custom=custom)
    if new.password is not None:
        check_password(new.password, personal=(email, new.name, user_id))
    return store.User(
        id=UserId(user_id),
        name=parse_name(new.name, what="name"),
        email=email,
        password_hash=NO_PASSWORD if new.password is None else hash_password(new.password),
        roles=roles,
        disabled_at=None,
        created_at=now,
    )


def parse_email(text: str) -> str:
    """An e-mail address as we keep it: lower case, no spaces around."""
    email = text.strip().lower()
    if _EMAIL.fullmatch(email) is None or not email.isprintable():
        raise InvalidInputError(f"email: {text[:60]!r} is not an e-mail address.")
    return email


def _custom_roles(session: Session) -> tuple[str, ...]:
    return tuple(role.id for role in list_custom_roles(session))


def _refuse_roles(session: Session, principal: Principal, roles: Iterable[str]) -> None:
    """Nobody gives more than they may; hosts exist in the installation's own tenant only."""
    wanted = set(roles)
    if "host" in wanted and principal.tenant == INSTALLATION:
        wanted.discard("host")  # an administrator of the installation names its hosts
    refuse_greater_roles(session, principal, wanted)
