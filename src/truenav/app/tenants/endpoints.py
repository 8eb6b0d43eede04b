"""Tenants of the installation, for its hosts; none of their data is in any answer but the export."""

from __future__ import annotations

import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Self

from fastapi import BackgroundTasks, Path
from fastapi.responses import FileResponse

from truenav.app.access.schemas import Email
from truenav.app.http.context import HouseDep, PrincipalDep
from truenav.app.http.models import Answer, Body, Instant, ShortText, Slug
from truenav.app.http.records import Record
from truenav.app.http.routes import Router, requires
from truenav.app.tenants import service
from truenav.app.tenants.export import export_tenant
from truenav.app.tenants.service import SignedErasure
from truenav.store.tenants import Tenant

router = Router(prefix="/tenants", tags=["tenants"])

IdPath = Annotated[str, Path(max_length=64)]
WELCOME = "/welcome#"


class TenantAnswer(Answer):
    """A tenant; ``suspended_at`` null: it works."""

    id: str
    name: str
    created_at: Instant
    suspended_at: Instant | None

    @classmethod
    def of(cls, tenant: Tenant) -> Self:
        """A tenant as the API shows it."""
        return cls.model_validate(tenant)


class TenantBody(Body):
    """A tenant to be made, and who administers it first."""

    id: Slug
    name: ShortText
    administrator: Slug = "admin"
    email: Email


class ProvisionedAnswer(Answer):
    """A new tenant, and the path of the link for its administrator; good once, shown here only."""

    tenant: TenantAnswer
    path: str
    expires_at: Instant


class EraseBody(Body):
    """``confirm`` repeats the tenant's id."""

    confirm: Slug


@router.get("", dependencies=[requires("tenant:read", transaction=False)])
def list_tenants(house: HouseDep, principal: PrincipalDep) -> list[TenantAnswer]:
    """Every tenant of the installation."""
    return [TenantAnswer.of(one) for one in service.list_tenants(house, principal)]


@router.post("", status_code=201, dependencies=[requires("tenant:write", transaction=False, fresh=True)])
def provision(body: TenantBody, house: HouseDep, principal: PrincipalDep) -> ProvisionedAnswer:
    """Make a tenant, and a link by which its administrator chooses a password."""
    made = service.provision(
        house, principal, body.id, name=body.name, administrator=body.administrator, email=body.email
    )
    return ProvisionedAnswer(
        tenant=TenantAnswer.of(made.tenant),
        path=WELCOME + made.link.ticket,
        expires_at=made.link.expires_at,
    )


@router.post("/{id}/suspend", dependencies=[requires("tenant:write", transaction=False)])
def suspend(id: IdPath, house: HouseDep, principal: PrincipalDep) -> TenantAnswer:
    """Stop a tenant: nobody logs in and nothing runs; everything is kept."""
    return TenantAnswer.of(service.suspend(house, principal, id))


@router.post("/{id}/resume", dependencies=[requires("tenant:write", transaction=False)])
def resume(id: IdPath, house: HouseDep, principal: PrincipalDep) -> TenantAnswer:
    """Let a suspended tenant work again."""
    return TenantAnswer.of(service.resume(house, principal, id))


@router.get(
    "/{id}/export",
    dependencies=[requires("tenant:write", transaction=False, fresh=True)],
    response_class=FileResponse,
    responses={200: {"description": "Everything of the tenant", "content": {"application/zip": {}}}},
)
def export(id: IdPath, house: HouseDep, principal: PrincipalDep, background: BackgroundTasks) -> FileResponse:
    """Every row and file of a tenant in one zip."""
    with tempfile.NamedTemporaryFile(dir=house.settings.data_dir, suffix=".zip", delete=False) as file:
        draft = FilePath(file.name)
    background.add_task(draft.unlink, missing_ok=True)
    try:
        export_tenant(house, principal, id, draft)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return FileResponse(draft, media_type="application/zip", filename=f"{id}.zip", background=background)


@router.post(
    "/{id}/erase",
    dependencies=[requires("tenant:write", transaction=False, fresh=True)],
    response_model=Record[SignedErasure],
)
def erase(id: IdPath, body: EraseBody, house: HouseDep, principal: PrincipalDep) -> SignedErasure:
    """Destroy a suspended tenant's keys, files and rows for good; the signed record says what went."""
    return service.erase(house, principal, id, confirm=body.confirm)
