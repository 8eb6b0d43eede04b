"""Database roles: who may do what, on the embedded server and on your own alike.

=================  ==========================================================================
truenav_admin      superuser of the embedded server; only makes the roles and the database
truenav_owner      owns the database; migrations
truenav_app        the application; owns nothing, row-level security always applies
truenav_queue      the job queue; owns nothing
truenav_backup     reads everything past row-level security, writes nothing
=================  ==========================================================================

Rights on tables are given by the migrations that make the tables.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from enum import StrEnum

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from truenav.store.postgres.errors import PostgresRolesError

DATABASE = "truenav"
ROLES_VERSION = 1
"""Raised whenever `bootstrap_roles` does something new, so that old folders get it too."""

_EXTENSIONS = ("ltree", "pgcrypto")
_MINIMUM_VERSION = 15_00_00  # earlier, everybody may create tables in the schema `public`
_BUILTIN_LOCALES = 17_00_00
_LOCK = 0x74727565_6E617600  # "truenav": one bootstrap at a time


class Role(StrEnum):
    """Names of the database roles."""

    ADMIN = "truenav_admin"
    OWNER = "truenav_owner"
    APP = "truenav_app"
    QUEUE = "truenav_queue"
    BACKUP = "truenav_backup"


LOGIN_ROLES = (Role.OWNER, Role.APP, Role.QUEUE, Role.BACKUP)
_POWERLESS = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"


def new_passwords() -> dict[str, str]:
    """A fresh random password (192 bits, URL-safe) for every role, `Role.ADMIN` included."""
    return {role.value: secrets.token_urlsafe(24) for role in Role}


def bootstrap_roles(admin_dsn: str, passwords: Mapping[str, str], *, database: str = DATABASE) -> None:
    """Make the roles, the database and its extensions, or bring those that exist to this state.

    Parameters
    ----------
    admin_dsn : connection string of a superuser, or of a role that may create roles, databases
        and roles with BYPASSRLS; its own database must exist.
    passwords : one for each of `LOGIN_ROLES`; they reach the server only as SCRAM verifiers.
    database : the database to make; an existing one is kept, and given to the owner role.

    Doing it twice, or twice at once, is harmless. Raises `PostgresRolesError` when a right is
    missing or the server is too old, `psycopg.OperationalError` when it cannot be reached.
    """
    try:
        with psycopg.connect(admin_dsn, autocommit=True) as connection:
            _refuse_old_server(connection)
            connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            for role in LOGIN_ROLES:
                _ensure_role(connection, role, passwords[role])
            _ensure_database(connection, database)
            grant_database(connection, database)
        with psycopg.connect(make_conninfo(admin_dsn, dbname=database), autocommit=True) as inside:
            _ensure_extensions(inside)
    except psycopg.errors.InsufficientPrivilege as error:
        raise PostgresRolesError(
            f"The database role of the connection string lacks a right: {error}. Give a superuser, "
            "or a role that may create roles (with BYPASSRLS) and databases."
        ) from error


def grant_database(connection: psycopg.Connection, database: str) -> None:
    """Open a database to our roles and to nobody else; a copy of a template needs it again.

    The application and the queue may make temporary tables: bulk loading goes through them.
    """
    for statement in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {app}, {queue}",
        "GRANT CONNECT ON DATABASE {database} TO {backup}",
    ):
        connection.execute(
            sql.SQL(statement).format(
                database=sql.Identifier(database),
                app=sql.Identifier(Role.APP),
                queue=sql.Identifier(Role.QUEUE),
                backup=sql.Identifier(Role.BACKUP),
            )
        )


def _refuse_old_server(connection: psycopg.Connection) -> None:
    version = connection.info.server_version
    if version < _MINIMUM_VERSION:
        raise PostgresRolesError(
            f"PostgreSQL {version // 10000} is too old; truenav needs {_MINIMUM_VERSION // 10000} "
            "or later. Upgrade the server, or leave TRUENAV_DATABASE_URL unset."
        )


def _ensure_role(connection: psycopg.Connection, role: Role, password: str) -> None:
    name = sql.Identifier(role)
    bypass = role is Role.BACKUP
    found = connection.execute(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        " FROM pg_roles WHERE rolname = %s",
        [role],
    ).fetchone()
    options = "LOGIN"
    if found != (False, False, False, False, bypass):  # only a superuser may name them again
        options += f" {_POWERLESS} {'BYPASSRLS' if bypass else 'NOBYPASSRLS'}"
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    connection.execute(
        sql.SQL("{verb} ROLE {name} {options} PASSWORD {verifier}").format(
            verb=sql.SQL("CREATE" if found is None else "ALTER"),
            name=name,
            options=sql.SQL(options),
            verifier=sql.Literal(verifier.decode()),
        )
    )
    if bypass:
        connection.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(name))
        connection.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(name))


def _ensure_database(connection: psycopg.Connection, database: str) -> None:
    owner, name = sql.Identifier(Role.OWNER), sql.Identifier(database)
    if not _is_superuser(connection):  # giving something to a role takes membership in it
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
    found = connection.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [database]
    ).fetchone()
    if found is None:
        # Code point order everywhere: the same rows sort the same on every machine.
        builtin = connection.info.server_version >= _BUILTIN_LOCALES
        locale = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'" if builtin else ""
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' {}").format(
                name, owner, sql.SQL(locale)
            )
        )
    elif found[0] != Role.OWNER:
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, owner))


def _is_superuser(connection: psycopg.Connection) -> bool:
    return connection.info.parameter_status("is_superuser") == "on"


def _ensure_extensions(connection: psycopg.Connection) -> None:
    wanted = connection.execute(
        "SELECT name FROM pg_available_extensions WHERE name = ANY(%s) AND installed_version IS NULL",
        [list(_EXTENSIONS)],
    )
    for (name,) in wanted.fetchall():
        connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))
