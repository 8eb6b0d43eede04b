"""An opened installation: its database, clock and access, put together once for API, worker and CLI."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from truenav.access.service import Access
from truenav.app.settings import SettingError, Settings
from truenav.core.clock import Clock, SystemClock
from truenav.core.ids import TenantId
from truenav.store.blobs import Blobs
from truenav.store.database import Database, translated_errors
from truenav.store.files import write_durably
from truenav.store.objects import FolderObjects, MirroredObjects, ObjectStore, copy_missing
from truenav.store.postgres import DATABASE, EmbeddedPostgres, Role, bootstrap_roles, new_passwords
from truenav.store.postgres.files import locked, write_private
from truenav.store.sealing import SealedObjects
from truenav.store.secrets import MASTER_KEY_VARIABLE, Vault, load_former_keys, load_master_key
from truenav.store.version import is_current

POOL_SIZE = 16
MAINTENANCE = "postgres"
"""The database that every PostgreSQL server has."""


@dataclass(frozen=True, slots=True)
class House:
    """What every slice may need."""

    settings: Settings
    database: Database
    clock: Clock
    access: Access
    objects: SealedObjects

    @property
    def vault(self) -> Vault:
        """Stored secrets, opened by the installation's master key."""
        return open_vault(self.settings)

    def blobs(self, tenant: TenantId) -> Blobs:
        """Archived payloads of a tenant."""
        return Blobs(self.objects, tenant)

    @classmethod
    def of(cls, settings: Settings, database: Database, clock: Clock) -> House:
        """A house on a database that is open and migrated already."""
        access = Access(database, clock, lambda: open_vault(settings))
        objects = SealedObjects(object_store(settings), lambda: open_vault(settings))
        return cls(settings, database, clock, access, objects)


def open_vault(settings: Settings) -> Vault:
    """The vault under the key that the settings give, or the key file's."""
    environment = {} if settings.master_key is None else {MASTER_KEY_VARIABLE: settings.master_key}
    return Vault(load_master_key(settings.data_dir, environment), load_former_keys(settings.data_dir))


def object_store(settings: Settings) -> ObjectStore:
    """Where sealed files lie: the bucket, or the data folder and its mirror if there is one."""
    if settings.s3 is not None:
        from truenav.store.s3 import S3Objects

        return S3Objects(settings.s3)
    first = FolderObjects(settings.data_dir)
    if settings.mirror_dir is None:
        return first
    second = FolderObjects(settings.mirror_dir)
    complete = settings.mirror_dir / "files-complete"
    if not complete.exists():  # what was kept before there was a mirror
        copy_missing(first, second)
        write_durably(complete, b"")
    return MirroredObjects(first, second)


def embedded_server(settings: Settings) -> EmbeddedPostgres:
    """The PostgreSQL of our own under the data folder, mirrored if wanted."""
    return EmbeddedPostgres(settings.data_dir / "postgres", mirror=settings.mirror_dir)


@contextmanager
def open_house(settings: Settings, *, clock: Clock | None = None) -> Iterator[House]:
    """Start or find the database, bring it to our version, and open it; closes the pool at the end.

    The embedded server keeps running: others may be using it.
    """
    addresses = database_addresses(settings)
    database = Database(addresses[Role.APP], pool_size=POOL_SIZE)
    try:
        _bring_up_to_date(database, addresses[Role.OWNER])
        yield House.of(settings, database, clock or SystemClock())
    finally:
        database.close()


def _bring_up_to_date(database: Database, owner_dsn: str) -> None:
    """Migrate where needed; the migrations' machinery is slow to load, so only then."""
    with database.lookup() as session:
        if is_current(session):
            return
    from truenav.store.migrate import upgrade

    upgrade(owner_dsn)


def database_addresses(settings: Settings) -> Mapping[Role, str]:
    """Connection strings of our roles, the database made and its server started where needed.

    On a server of your own the database is the one that the URL names, or ``truenav`` where it names none
    or ``postgres``, which must be there to connect to.
    """
    roles = (Role.OWNER, Role.APP, Role.QUEUE, Role.BACKUP)
    if settings.database_url is None:
        server = embedded_server(settings)
        server.start()
        return {role: server.dsn(role) for role in roles}
    named = _parsed(settings.database_url).get("dbname")
    name = DATABASE if named in (None, MAINTENANCE) else str(named)
    passwords = _kept_passwords(settings.data_dir)
    with translated_errors():
        bootstrap_roles(make_conninfo(settings.database_url, dbname=MAINTENANCE), passwords, database=name)
    return {
        role: make_conninfo(settings.database_url, dbname=name, user=role, password=passwords[role])
        for role in roles
    }


def _parsed(database_url: str) -> Mapping[str, object]:
    try:
        return conninfo_to_dict(database_url)
    except psycopg.ProgrammingError as error:  # its message may quote the password
        raise SettingError(
            "TRUENAV_DATABASE_URL is not a PostgreSQL address; write postgresql://user:password@host/database."
        ) from error


def _kept_passwords(data_dir: Path) -> dict[str, str]:
    """Passwords of our roles on a server of your own, made at first use, in a file only we may read."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = data_dir / "database-passwords.json"
    with locked(data_dir / "database-passwords.lock"):
        if not path.exists():
            write_private(path, json.dumps(new_passwords()))
    return {str(role): str(password) for role, password in json.loads(path.read_text("utf-8")).items()}
