"""The PostgreSQL that truenav brings along, and the database roles of any PostgreSQL it uses."""

from truenav.store.postgres.errors import (
    PostgresAccessError,
    PostgresAccountError,
    PostgresBinariesMissingError,
    PostgresError,
    PostgresFolderError,
    PostgresNotRunningError,
    PostgresRolesError,
    PostgresStartError,
    PostgresStopError,
)
from truenav.store.postgres.mirror import PostgresMirrorError, latest_base, restore_cluster
from truenav.store.postgres.roles import (
    DATABASE,
    LOGIN_ROLES,
    Role,
    bootstrap_roles,
    grant_database,
    new_passwords,
)
from truenav.store.postgres.server import (
    EmbeddedPostgres,
    ServerAddress,
    ServerState,
    ServerStatus,
)

__all__ = [
    "DATABASE",
    "LOGIN_ROLES",
    "EmbeddedPostgres",
    "PostgresAccessError",
    "PostgresAccountError",
    "PostgresBinariesMissingError",
    "PostgresError",
    "PostgresFolderError",
    "PostgresMirrorError",
    "PostgresNotRunningError",
    "PostgresRolesError",
    "PostgresStartError",
    "PostgresStopError",
    "Role",
    "ServerAddress",
    "ServerState",
    "ServerStatus",
    "bootstrap_roles",
    "grant_database",
    "latest_base",
    "new_passwords",
    "restore_cluster",
]
