"""What tables are made of: the tenant's column that each has, and the kinds of the others."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text
from sqlalchemy import text as sql
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def tenant_column() -> Column[str]:
    """Whose row it is, filled in by the database from the transaction."""
    return Column("tenant_id", Text, nullable=False, server_default=sql("current_setting('truenav.tenant')"))


def instant(name: str, *, nullable: bool = False) -> Column[Any]:
    """A point in time, UTC."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def words(name: str, *, nullable: bool = False) -> Column[str]:
    """A text."""
    return Column(name, Text, nullable=nullable)


def hashed(name: str, *, nullable: bool = False) -> Column[bytes]:
    """A SHA-256, or other bytes."""
    return Column(name, LargeBinary, nullable=nullable)


def table(name: str, *parts: SchemaItem) -> Table:
    """A table of tenants' rows."""
    return Table(name, metadata, tenant_column(), *parts, implicit_returning=False)
