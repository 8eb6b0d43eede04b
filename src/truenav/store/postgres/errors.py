"""Refusals of the embedded server, each with what happened, where, and how to mend it."""

from __future__ import annotations

from truenav.core.failure import UnavailableError


class PostgresError(UnavailableError):
    """The database server cannot be used."""

    code = "postgres"
    title = "The database server is not available"


class PostgresBinariesMissingError(PostgresError):
    """The programs ``postgres`` and ``initdb`` are not installed."""

    code = "postgres-binaries-missing"
    title = "The PostgreSQL programs are missing"


class PostgresAccountError(PostgresError):
    """PostgreSQL refuses to run as root and no other account can be taken."""

    code = "postgres-account"
    title = "PostgreSQL may not run under this account"


class PostgresFolderError(PostgresError):
    """The data folder, or a file that belongs in it, is missing or cannot be used."""

    code = "postgres-folder"
    title = "The database folder cannot be used"


class PostgresStartError(PostgresError):
    """The server ended before it accepted connections; the message quotes its log."""

    code = "postgres-start"
    title = "The database server did not start"


class PostgresStopError(PostgresError):
    """The server did not end in the time given."""

    code = "postgres-stop"
    title = "The database server did not stop"


class PostgresNotRunningError(PostgresError):
    """An address was asked for while no server runs."""

    code = "postgres-not-running"
    title = "The database server is not running"


class PostgresAccessError(PostgresError):
    """Our own server answers but refuses our own password."""

    code = "postgres-access"
    title = "The database server refuses the connection"


class PostgresRolesError(PostgresError):
    """The database roles could not be made with the rights at hand."""

    code = "postgres-roles"
    title = "The database roles could not be made"
