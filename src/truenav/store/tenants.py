"""Tenants of the installation: listed, suspended and resumed, read out whole, and erased."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update

from truenav.core.failure import ConflictError, NotFoundError
from truenav.core.ids import TenantId
from truenav.store.database import Session
from truenav.store.tables import metadata, tenant


class TenantNotFoundError(NotFoundError):
    """There is no such tenant."""

    code = "tenant-not-found"


class TenantSuspendedError(ConflictError):
    """The tenant is suspended: nobody logs in and nothing runs, while all of it is kept."""

    code = "tenant-suspended"
    title = "The tenant is suspended"


@dataclass(frozen=True, slots=True)
class Tenant:
    """One house of the installation; ``suspended_at`` None: it works."""

    id: TenantId
    name: str
    created_at: datetime
    suspended_at: datetime | None


def list_tenants(session: Session) -> tuple[Tenant, ...]:
    """Every tenant, by id. Works in any transaction: it tells names and states, and no row of theirs."""
    return tuple(Tenant(*row) for row in session.execute(text("SELECT * FROM list_tenants()")))


def get_tenant(session: Session, id: str) -> Tenant:
    """One tenant; `TenantNotFoundError` when there is none."""
    found = next((one for one in list_tenants(session) if one.id == id), None)
    if found is None:
        raise TenantNotFoundError(f"There is no tenant {id[:60]!r}; list the tenants.")
    return found


def suspend_tenant(session: Session, *, at: datetime | None) -> None:
    """Stop the tenant of the transaction from ``at`` on; None lets it work again."""
    session.execute(update(tenant).values(suspended_at=at))


def refuse_suspended(session: Session) -> None:
    """Raise `TenantSuspendedError` where the tenant of the transaction is suspended."""
    if session.scalar(select(tenant.c.suspended_at)) is not None:
        raise TenantSuspendedError("The tenant is suspended; ask whoever hosts the installation.")


def tables() -> tuple[str, ...]:
    """The tables that hold rows of tenants, parents before children."""
    return tuple(table.name for table in metadata.sorted_tables if "tenant_id" in table.c)


def rows(session: Session, table: str) -> Iterator[Mapping[str, Any]]:
    """Every row of the tenant in one of `tables`, in the order of its key."""
    found = metadata.tables[table]
    query = select(found).order_by(*found.primary_key.columns)
    with session.execution_options(yield_per=1000).execute(query) as result:
        for row in result.mappings():
            yield dict(row)


def erase_rows(session: Session) -> Mapping[str, int]:
    """Delete every row and queued job of the tenant, which must be suspended; how many, by table."""
    refuse_working(session)
    found = session.execute(text("SELECT * FROM erase_tenant()"))
    return {row.erased_table: row.erased_rows for row in found if row.erased_rows}


def refuse_working(session: Session) -> None:
    """Raise `ConflictError` unless the tenant is suspended and the last job that it began has ended."""
    if session.scalar(select(tenant.c.suspended_at)) is None:
        raise ConflictError("Only a suspended tenant can be erased: suspend it first.")
    if session.scalar(text("SELECT tenant_at_work()")):
        raise ConflictError("A job of the tenant is still at work; erase it when the job has ended.")
