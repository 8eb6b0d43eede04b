"""Brings the database to the version that this code expects. Runs as the owner, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from truenav.store.commit_points import commit_point
from truenav.store.database import connector, translated_errors

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x74727565_6D696772  # "truemigr": one migration at a time


def upgrade(owner_dsn: str, revision: str = "head") -> None:
    """Run the missing migrations in one transaction; doing it twice, or twice at once, is harmless."""
    _migrate(owner_dsn, lambda config: command.upgrade(config, revision))


def downgrade(owner_dsn: str, revision: str = "base") -> None:
    """Undo migrations, and the data of the tables they made, down to ``revision``."""
    _migrate(owner_dsn, lambda config: command.downgrade(config, revision))


def current(dsn: str) -> str | None:
    """The version the database is at; None before the first migration. Any role may ask."""
    with _connection(dsn) as connection:
        if connection.scalar(text("SELECT to_regclass('public.alembic_version')")) is None:
            return None
        return MigrationContext.configure(connection).get_current_revision()


def wanted() -> str:
    """The version that this code expects."""
    head = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    assert head is not None
    return head


def _migrate(owner_dsn: str, action: Callable[[Config], None]) -> None:
    with _connection(owner_dsn) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = Config()
        config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
        config.attributes["connection"] = connection
        action(config)
        commit_point("migrate.applied")


@contextmanager
def _connection(dsn: str) -> Iterator[Connection]:
    engine = create_engine("postgresql+psycopg://", creator=connector(dsn), poolclass=NullPool)
    try:
        with translated_errors(), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
