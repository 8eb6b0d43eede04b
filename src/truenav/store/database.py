"""Transactions in the name of one tenant, on a database role that row-level security holds."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import psycopg
from psycopg import sql
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from truenav.core.failure import TruenavError, UnavailableError
from truenav.core.ids import TenantId, parse_slug

Session = Connection
"""An open transaction of one tenant."""

_CONNECT_SECONDS = 10
_TRUSTED_SECONDS = 1.0
"""A connection that answered so recently is used again without asking whether it stands."""


class DatabaseUnavailableError(UnavailableError):
    """PostgreSQL cannot be reached, or went away in the middle."""

    code = "database-unavailable"
    title = "The database does not answer"


class UnsafeRoleError(TruenavError):
    """The database role could pass the tenant wall."""

    code: ClassVar[str] = "unsafe-database-role"
    title: ClassVar[str] = "The database role is too powerful"


class Database:
    """A pool of connections as the application role.

    Parameters
    ----------
    dsn : psycopg connection string or URL of the role ``truenav_app``.
    pool_size : connections kept; as many again may be opened under load.

    The first transaction checks the role: a superuser or one with BYPASSRLS is refused with
    `UnsafeRoleError`. Any failure to reach the server is a `DatabaseUnavailableError`, and a
    transaction it hits is rolled back by the server.
    """

    def __init__(self, dsn: str, *, pool_size: int = 5) -> None:
        self.dsn = dsn
        self._checked = False
        self._engine = create_engine(
            "postgresql+psycopg://",
            creator=connector(dsn),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=_CONNECT_SECONDS,
        )
        event.listen(self._engine, "checkin", _note_answer)
        event.listen(self._engine, "checkout", self._refuse_lost)

    @contextmanager
    def transaction(self, tenant: TenantId | str, *, snapshot: bool = False) -> Iterator[Session]:
        """One transaction in which only this tenant's rows exist; commits when the block ends well.

        ``snapshot`` makes every read in it see the same state (REPEATABLE READ).
        """
        with self._begin(snapshot=snapshot) as session:
            enter(session, tenant)
            yield session

    @contextmanager
    def lookup(self, *, snapshot: bool = False) -> Iterator[Session]:
        """A transaction of no tenant: sees no row, may call the look-up functions (log-in, tenants)."""
        with self._begin(snapshot=snapshot) as session:
            yield session

    def close(self) -> None:
        """Close every idle connection."""
        self._engine.dispose()

    @contextmanager
    def _begin(self, *, snapshot: bool = False) -> Iterator[Session]:
        if not self._checked:
            with translated_errors(), self._engine.connect() as connection:
                _refuse_unsafe_role(connection)
            self._checked = True
        with translated_errors(), self._engine.connect() as connection:
            if snapshot:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def _refuse_lost(self, connection: Any, entry: ConnectionPoolEntry, _: object) -> None:
        """Have the pool open another connection where one that lay idle does not answer."""
        if time.monotonic() - entry.info.get("answered_at", 0.0) < _TRUSTED_SECONDS:
            return
        try:
            self._engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise DisconnectionError(str(error)) from error


def enter(session: Session, tenant: TenantId | str) -> None:
    """Go on in the name of a tenant, as one that a look-up found: from here on only its rows exist."""
    name = parse_slug(tenant, what="tenant")
    session.execute(text("SELECT set_config('truenav.tenant', :tenant, true)"), {"tenant": name})


def _note_answer(_: object, entry: ConnectionPoolEntry) -> None:
    entry.info["answered_at"] = time.monotonic()


def tenant_of(session: Session) -> TenantId:
    """The tenant in whose name the transaction runs."""
    return TenantId(str(session.scalar(text("SELECT current_setting('truenav.tenant')"))))


def hold(session: Session, what: str) -> None:
    """Wait for any other transaction of the tenant that holds ``what``; then hold it until this one ends.

    What was read before may be old by then: look again.
    """
    name = f"{what}:{tenant_of(session)}"
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def tenant_ids(session: Session) -> tuple[TenantId, ...]:
    """Every tenant of the installation, by id; for the schedules, which then enter each in turn."""
    return tuple(TenantId(row.tenant_id) for row in session.execute(text("SELECT * FROM tenant_ids()")))


def notify(session: Session, channel: str, payload: object) -> None:
    """Tell listeners of this tenant, when the transaction commits. ``payload``: small JSON data."""
    message = json.dumps({"tenant": tenant_of(session), "payload": payload}, separators=(",", ":"))
    session.execute(text("SELECT pg_notify(:channel, :message)"), {"channel": channel, "message": message})


async def listen(
    dsn: str, channel: str, tenant: TenantId | str, *, heartbeat_seconds: float = 15.0
) -> AsyncIterator[Any]:
    """The payloads that `notify` sends to a tenant, as they come.

    The first item is None: from then on nothing is missed. None again whenever it was silent for a while.
    """
    try:
        connection = await psycopg.AsyncConnection.connect(
            dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS
        )
        async with connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            yield None
            while True:
                heard = False
                async for note in connection.notifies(timeout=heartbeat_seconds, stop_after=1):
                    heard = True
                    message = json.loads(note.payload)
                    if message["tenant"] == tenant:
                        yield message["payload"]
                if not heard:
                    yield None
    except psycopg.OperationalError as error:
        raise _unavailable(error) from error


def driver(session: Session) -> psycopg.Connection[Any]:
    """The driver's connection below a session, for COPY."""
    connection = session.connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def connector(dsn: str) -> Callable[[], psycopg.Connection[Any]]:
    """What opens a connection for SQLAlchemy; takes connection strings and URLs alike."""
    return lambda: psycopg.connect(dsn, connect_timeout=_CONNECT_SECONDS, application_name="truenav")


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn a lost, refused or awaited connection into `DatabaseUnavailableError`; other errors pass."""
    try:
        yield
    except psycopg.OperationalError as error:
        if error.sqlstate is not None and not error.sqlstate.startswith(("08", "57P", "53")):
            raise
        raise _unavailable(error) from error
    except PoolTimeoutError as error:
        raise DatabaseUnavailableError(
            "All of our connections to the database are in use; try again in some seconds."
        ) from error
    except DBAPIError as error:
        lost = error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError)
        state = getattr(error.orig, "sqlstate", None)
        if not lost or (state is not None and not state.startswith(("08", "57P", "53"))):
            raise
        raise _unavailable(error.orig or error) from error


def _unavailable(error: BaseException) -> DatabaseUnavailableError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return DatabaseUnavailableError(
        f"The database cannot be reached: {reason}. Check that it runs (truenav doctor), or the address in "
        "TRUENAV_DATABASE_URL."
    )


def _refuse_unsafe_role(connection: Connection) -> None:
    role = connection.execute(
        text("SELECT rolname, rolsuper OR rolbypassrls AS unsafe FROM pg_roles WHERE rolname = current_user")
    ).one()
    if role.unsafe:
        raise UnsafeRoleError(
            f"The database role {role.rolname!r} may pass row-level security, so tenants would not be walled "
            "off. Connect as truenav_app."
        )
