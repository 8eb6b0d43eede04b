"""Restore a backup into an installation that is empty, and check that nothing is missing or changed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from truenav.app.house import House, database_addresses, object_store, open_house
from truenav.app.operations.checks import Checked, RestoredDifferentError, check_installation
from truenav.app.operations.manifest import (
    DUMP,
    OBJECTS,
    BackupError,
    Manifest,
    backup_signer,
    check_files,
    finished,
    read_manifest,
    stamp,
)
from truenav.app.operations.packing import unpack
from truenav.app.operations.trail import note
from truenav.app.settings import Settings
from truenav.core.failure import ConflictError
from truenav.core.ids import TenantId
from truenav.store import audit
from truenav.store.audit_chain import AuditHead
from truenav.store.files import write_durably
from truenav.store.objects import FolderObjects, ObjectName
from truenav.store.postgres import Role
from truenav.store.postgres.dump import restore as restore_database
from truenav.store.postgres.dump import table_rows
from truenav.store.sealing import KEYS
from truenav.store.secrets import (
    FORMER_KEYS_FILE,
    MASTER_KEY_FILE,
    MASTER_KEY_VARIABLE,
    MasterKey,
    load_master_key,
)
from truenav.store.version import newest


class NotEmptyError(ConflictError):
    """There is something where a backup was to be restored."""

    code = "not-empty"
    title = "Restore needs an empty place"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, who had signed it, and what was found whole afterwards."""

    manifest: Manifest
    signer: str
    checked: Checked


def restore(
    settings: Settings,
    source: Path,
    *,
    keys: Path | None = None,
    key: str | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Restored:
    """Restore the backup in a folder (its latest, or the one named) or a ``.tar`` file.

    Parameters
    ----------
    settings : of an installation whose data folder and database are empty; else `NotEmptyError`.
    keys : folder that ``--keys-to`` wrote; its master key must be the one that sealed the backup.
    key : public key or fingerprint that must have sealed it.

    Everything is checked before a byte is written, and again when all is in place. Files come first and the
    database last and whole, so an interrupted restore leaves an installation without content.
    """
    refuse_full_folder(settings.data_dir)
    with _opened(source) as (target, folder):
        report("Checking the backup.")
        manifest, signer = _checked_manifest(target, folder, settings, keys, key)
        put_keys(keys, settings.data_dir)
        addresses = database_addresses(settings)
        _refuse_full_database(addresses[Role.BACKUP])
        report("Restoring payloads and segments.")
        objects = object_store(settings)
        for file in manifest.objects:
            objects.put(ObjectName.of_path(file.path), (target / OBJECTS / file.path).read_bytes())
        for name in kept_keys(target):
            objects.put(name, FolderObjects(target).get(name))
        report("Restoring the database.")
        restore_database(addresses[Role.OWNER], folder / DUMP)
        _compare_rows(addresses[Role.BACKUP], manifest)
    report("Checking what was restored.")
    with open_house(settings) as house:
        with_keys = settings.master_key is not None or (settings.data_dir / MASTER_KEY_FILE).exists()
        checked = check_installation(house, addresses[Role.BACKUP], with_keys=with_keys)
        for tenant, head in manifest.audit.items():
            _check_trail(house, TenantId(tenant), head)
        note(house, "backup.restore", stamp(manifest.made_at), {"dump": manifest.dump.sha256})
    return Restored(manifest, signer, checked)


def check_backup(
    settings: Settings, source: Path, *, keys: Path | None = None, key: str | None = None
) -> tuple[Manifest, str]:
    """Check a backup as `restore` would and restore nothing: its manifest, and the key that sealed it."""
    with _opened(source) as (target, folder):
        return _checked_manifest(target, folder, settings, keys, key)


@contextmanager
def _opened(source: Path) -> Iterator[tuple[Path, Path]]:
    """The folder of a target, and in it that of the backup: the one named, else the latest."""
    if source.is_file():
        with tempfile.TemporaryDirectory(dir=source.parent, prefix=".restore-") as place:
            unpack(source, Path(place, "backup"))
            yield from _latest(Path(place, "backup"), source)
    elif (source / DUMP).exists():
        yield source.parent, source
    else:
        yield from _latest(source, source)


def _latest(target: Path, source: Path) -> Iterator[tuple[Path, Path]]:
    folders = finished(target)
    if not folders:
        raise BackupError(f"There is no finished backup in {source}. Name the folder or file of one.")
    yield target, folders[-1]


def _checked_manifest(
    target: Path, folder: Path, settings: Settings, keys: Path | None, key: str | None
) -> tuple[Manifest, str]:
    manifest, signer = read_manifest(folder, key)
    given = _master_key(settings, keys)
    if given is not None and backup_signer(given).public_key != signer:
        raise BackupError(
            "The backup was not sealed with this master key: it is of another installation, or forged. Give "
            "the keys that belong to it."
        )
    if manifest.schema > newest():
        raise BackupError(
            f"The backup was made by a newer truenav ({manifest.program}, database {manifest.schema}). "
            "Install that version and restore with it."
        )
    refuse_without_key(target, with_keys=given is not None)
    damaged = next(check_files(target, folder, manifest), None)
    if damaged is not None:
        raise BackupError(f"{damaged.path} in {target} is missing or damaged. Use another backup.")
    return manifest, signer


def _master_key(settings: Settings, keys: Path | None) -> MasterKey | None:
    if keys is not None:
        if not (keys / MASTER_KEY_FILE).is_file():
            raise BackupError(f"--keys: there is no {MASTER_KEY_FILE} in {keys}.")
        return load_master_key(keys, {})
    if settings.master_key is not None:
        return load_master_key(settings.data_dir, {MASTER_KEY_VARIABLE: settings.master_key})
    return None


def put_keys(keys: Path | None, data_dir: Path) -> None:
    """Put the keys that ``--keys-to`` wrote into the data folder, which is made."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if keys is None:
        return
    for name in (MASTER_KEY_FILE, FORMER_KEYS_FILE):
        if (keys / name).exists():
            write_durably(data_dir / name, (keys / name).read_bytes(), mode=0o600)


def kept_keys(folder: Path) -> list[ObjectName]:
    """The tenants' wrapped keys that lie in a backup's or mirror's folder."""
    place = FolderObjects(folder)
    tenants = [TenantId(path.name) for path in (folder / KEYS).glob("*")]
    return [name for tenant in tenants for name, _ in place.names(KEYS, tenant)]


def refuse_without_key(folder: Path, *, with_keys: bool) -> None:
    """Refuse sealed files that no master key opens, before anything is written."""
    if not with_keys and kept_keys(folder):
        raise BackupError(
            "The files are sealed, and no master key was given that opens them: give the folder that "
            "--keys-to wrote (--keys), or set TRUENAV_MASTER_KEY."
        )


def refuse_full_folder(data_dir: Path) -> None:
    """Refuse a data folder that holds anything."""
    if data_dir.exists() and any(data_dir.iterdir()):
        raise NotEmptyError(
            f"{data_dir} is not empty. Restore into a new folder (TRUENAV_DATA_DIR), or move the old "
            "one away; nothing was changed."
        )


def _refuse_full_database(backup_dsn: str) -> None:
    with psycopg.connect(backup_dsn) as connection:
        if tables := table_rows(connection):
            raise NotEmptyError(
                f"The database has {len(tables)} tables already. Name a new database in "
                "TRUENAV_DATABASE_URL; nothing was changed in it."
            )


def _compare_rows(backup_dsn: str, manifest: Manifest) -> None:
    with psycopg.connect(backup_dsn) as connection:
        found = table_rows(connection)
    if different := dict(found.items() ^ manifest.tables.items()):
        raise RestoredDifferentError(
            f"The table {min(different)} does not have the rows that were backed up."
        )


def _check_trail(house: House, tenant: TenantId, head: AuditHead) -> None:
    with house.database.transaction(tenant) as session:
        check = audit.verify(session, head)
    if not check.ok or check.head != head:
        raise RestoredDifferentError(f"Tenant {tenant}: the audit trail does not end as it was noted.")
