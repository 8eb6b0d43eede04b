"""The tenants of the installation: provisioned with an invitation, suspended, resumed and erased.

Only hosts may, in the tenant ``installation``, and whoever sits at the machine. They see no data of a tenant.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from truenav.access.links import Link, invite
from truenav.access.policy import INSTALLATION, Principal, Resource, authorize
from truenav.access.tickets import DOOR
from truenav.access.users import SYSTEM, NewUser
from truenav.app.house import House
from truenav.app.proof.signer import tenant_signer
from truenav.app.proof.signing import Signature
from truenav.core.canonical import canonical_json, encode, sha256_hex
from truenav.core.failure import ConflictError, InvalidInputError
from truenav.core.ids import TenantId, parse_slug
from truenav.core.names import parse_name
from truenav.store import audit, tenants
from truenav.store import users as store
from truenav.store.audit import AuditSearch
from truenav.store.objects import KINDS
from truenav.store.sealing import KEYS, KEYS_REMEMBERED
from truenav.store.tenants import Tenant
from truenav.store.uploads import UPLOADS

_RESERVED = (INSTALLATION, DOOR)

KEPT = (
    "Copies of its files do not open any more, those in a folder of backups once the next backup has dropped "
    "the key from it. Rows in dumps and copies of the database are not reached: delete those where they lie."
)


@dataclass(frozen=True, slots=True)
class Provisioned:
    """A new tenant, and the link by which its administrator chooses a password."""

    tenant: Tenant
    link: Link


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was destroyed: rows by table (the wrapped keys of all secrets among them) and files by kind.

    Among the files are the keys that opened all the others.
    """

    tenant: str
    name: str
    erased_at: datetime
    erased_by: str
    rows: dict[str, int]
    files: dict[str, int]
    kept: str = KEPT


@dataclass(frozen=True, slots=True)
class SignedErasure:
    """The record of an erasure, signed by the installation over the SHA-256 of its canonical JSON."""

    record: Erasure
    sha256: str
    signature: Signature


def machine_host() -> Principal:
    """Whoever may read the data folder of the installation runs its tenants."""
    return Principal(SYSTEM, INSTALLATION, frozenset({"host"}), "the machine", via="system")


def list_tenants(house: House, principal: Principal) -> tuple[Tenant, ...]:
    """Every tenant, by id."""
    authorize(principal, "tenant:read")
    with house.database.lookup() as session:
        return tenants.list_tenants(session)


def provision(
    house: House, principal: Principal, id: str, *, name: str, administrator: str, email: str
) -> Provisioned:
    """Make a tenant with an invited administrator; ``TakenError`` when it exists.

    The id of a tenant that was erased can be given again after two minutes.
    """
    tenant = _checked(principal, id)
    now = house.clock.now()
    _refuse_just_erased(house, tenant, now)
    new = NewUser(administrator, "Administrator", email, ("administrator",))
    founder = Principal(SYSTEM, tenant, frozenset({"administrator"}), via="system")
    with house.database.transaction(tenant) as session:
        store.create_tenant(session, parse_name(name, what="name"), at=now)
        link = invite(session, founder, new, now=now)
        audit.append(session, actor=SYSTEM, action="tenant.create", subject=tenant, at=now)
    _note(house, principal, "tenant.create", tenant, {"name": name, "email": email})
    return Provisioned(Tenant(tenant, name, now, None), link)


def suspend(house: House, principal: Principal, id: str) -> Tenant:
    """Stop a tenant: no log-in, session, token, schedule or job works any more; everything is kept."""
    return _switch(house, principal, id, house.clock.now())


def resume(house: House, principal: Principal, id: str) -> Tenant:
    """Let a suspended tenant work again; sessions that have not run out work on."""
    return _switch(house, principal, id, None)


def erase(house: House, principal: Principal, id: str, *, confirm: str) -> SignedErasure:
    """Destroy a suspended tenant: its keys, its files and its rows. ``confirm`` repeats its id.

    Files go first, so an erasure that was killed is simply done again. Raises ``ConflictError`` for a tenant
    that works.
    """
    tenant = _checked(principal, id)
    if confirm != id:
        raise InvalidInputError(f"confirm: repeat the tenant's id, {id!r}, to erase it for good.")
    with house.database.transaction(tenant) as session:
        found = tenants.get_tenant(session, tenant)
        tenants.refuse_working(session)
    _note(house, principal, "tenant.erase.begin", tenant, {"name": found.name})
    files = _erase_files(house, tenant)
    with house.database.transaction(tenant) as session:
        rows = dict(tenants.erase_rows(session))
    record = Erasure(tenant, found.name, house.clock.now(), principal.user, rows, files)
    digest = sha256_hex(canonical_json(record))
    with house.database.transaction(INSTALLATION) as session:
        signature = tenant_signer(session, house).sign(bytes.fromhex(digest))
    detail = {"record": encode(record), "sha256": digest, "signature": asdict(signature)}
    _note(house, principal, "tenant.erase", tenant, detail)
    return SignedErasure(record, digest, signature)


def refuse_reserved(id: str) -> TenantId:
    """The id of a tenant that hosts may run; the installation's own are not among them."""
    tenant = TenantId(parse_slug(id, what="tenant"))
    if tenant in _RESERVED:
        raise InvalidInputError(f"tenant: {tenant!r} belongs to the installation itself; choose another.")
    return tenant


def _checked(principal: Principal, id: str) -> TenantId:
    authorize(principal, "tenant:write", Resource(principal.tenant, "tenant", id))
    return refuse_reserved(id)


def _refuse_just_erased(house: House, tenant: TenantId, now: datetime) -> None:
    """Other processes may remember the keys of an erased tenant; what they sealed with them would be lost."""
    erased = AuditSearch(action="tenant.erase", subject=tenant)
    with house.database.transaction(INSTALLATION) as session:
        told = audit.entries(session, newest_first=True, limit=100, search=erased)
    if any(row.subject == tenant and now - row.at < 2 * KEYS_REMEMBERED for row in told):
        raise ConflictError(f"{tenant!r} was erased a moment ago; make a tenant of that id in two minutes.")


def _switch(house: House, principal: Principal, id: str, at: datetime | None) -> Tenant:
    tenant = _checked(principal, id)
    action = "tenant.resume" if at is None else "tenant.suspend"
    with house.database.transaction(tenant) as session:
        tenants.get_tenant(session, tenant)
        tenants.suspend_tenant(session, at=at)
        audit.append(session, actor=SYSTEM, action=action, subject=tenant, at=house.clock.now())
        changed = tenants.get_tenant(session, tenant)
    _note(house, principal, action, tenant, {})
    return changed


def _erase_files(house: House, tenant: TenantId) -> dict[str, int]:
    """The keys go first: from then on the files are noise, wherever they were copied to."""
    counts: dict[str, int] = {KEYS: house.objects.destroy_keys(tenant)}
    for kind in (*KINDS, UPLOADS):
        names = [name for name, _ in house.objects.names(kind, tenant)]
        for name in names:
            house.objects.delete(name)
        counts[kind] = len(names)
    return counts


def _note(house: House, principal: Principal, action: str, tenant: str, detail: dict[str, object]) -> None:
    """An entry in the installation's own audit chain."""
    with house.database.transaction(INSTALLATION) as session:
        audit.append(
            session,
            actor=principal.user,
            action=action,
            subject=tenant,
            at=house.clock.now(),
            detail=detail,
        )
