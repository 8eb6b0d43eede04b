"""A backup of everything but the master keys: one state of the database, and every file that it refers to."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from truenav import __version__
from truenav.app.house import House
from truenav.app.operations.manifest import (
    DUMP,
    OBJECTS,
    BackupError,
    File,
    Manifest,
    backup_signer,
    describe,
    finished,
    read_manifest,
    stamp,
    write_manifest,
)
from truenav.app.operations.packing import pack
from truenav.app.operations.trail import note
from truenav.core.ids import TenantId
from truenav.store.audit_chain import AuditHead
from truenav.store.blobs import blob_name
from truenav.store.files import sync_folder, write_durably
from truenav.store.objects import KINDS, FolderObjects, ObjectName, ObjectStore
from truenav.store.postgres.dump import Snapshot, dump, open_snapshot, table_rows
from truenav.store.sealing import KEYS, key_id
from truenav.store.secrets import FORMER_KEYS_FILE, MASTER_KEY_FILE, Vault
from truenav.store.segments import segment_name

_HEADS = """
SELECT DISTINCT ON (tenant_id) tenant_id, seq, encode(hash, 'hex') FROM audit_entry
ORDER BY tenant_id, seq DESC
"""
_BLOBS = """
SELECT tenant_id, encode(sha256, 'hex') FROM evidence
UNION SELECT tenant_id, encode(inputs_sha, 'hex') FROM nav_run WHERE inputs_sha IS NOT NULL
UNION SELECT tenant_id, encode(result_sha, 'hex') FROM nav_run WHERE result_sha IS NOT NULL
UNION SELECT tenant_id, encode(bundle_sha, 'hex') FROM nav_run WHERE bundle_sha IS NOT NULL
"""
_SEGMENTS = "SELECT tenant_id, kind, encode(hash, 'hex') FROM segment"


@dataclass(frozen=True, slots=True)
class BackupMade:
    """A finished backup: where it is, what it holds, how many files were new, and who signed it."""

    folder: Path
    manifest: Manifest
    copied: int
    signer: str


def back_up(
    house: House, backup_dsn: str, target: Path, *, report: Callable[[str], None] = lambda _: None
) -> BackupMade:
    """Back up into a folder, or into a new file when ``target`` ends in ``.tar``.

    Files are copied sealed, and the wrapped keys of the tenants that there are lie beside them. In a folder
    that has earlier backups only new files are copied, since files never change. ``backup_dsn`` is of the
    role truenav_backup. Readers and writers go on meanwhile. Refused with `BackupError` when a file that the
    database refers to is missing: such a backup could not be restored.
    """
    if target.suffix != ".tar":
        return _into_folder(house, backup_dsn, target, report)
    if target.exists():
        raise BackupError(f"{target} is there already; name a new file, or a folder to add to.")
    draft = target.with_name(f".{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        made = _into_folder(house, backup_dsn, draft, report)
        pack(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return BackupMade(target, made.manifest, made.copied, made.signer)


def save_keys(vault: Vault, folder: Path, *, target: Path) -> None:
    """Write the master key and the former ones into another folder than the backup, for our eyes alone."""
    if folder.resolve().is_relative_to(target.resolve()):
        raise BackupError("--keys-to lies in the backup itself; keep the keys somewhere else.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    encoded = [base64.b64encode(key.key) + b"\n" for key in (vault.current, *vault.former)]
    write_durably(folder / MASTER_KEY_FILE, encoded[0], mode=0o600)
    write_durably(folder / FORMER_KEYS_FILE, b"".join(encoded[1:]), mode=0o600)


def _into_folder(house: House, backup_dsn: str, target: Path, report: Callable[[str], None]) -> BackupMade:
    made_at, signer = house.clock.now(), backup_signer(house.vault.current)
    folder = target / stamp(made_at)
    if folder.exists():
        raise BackupError(f"{folder} is there already; wait a second, or remove it if it was not finished.")
    known = _known(target, signer.public_key)
    folder.mkdir(parents=True, mode=0o700)
    with open_snapshot(backup_dsn) as snapshot:
        report("Copying the database.")
        dumped = _dump(backup_dsn, snapshot, folder)
        tables, heads = table_rows(snapshot.connection), _heads(snapshot.connection)
        schema = _text(snapshot.connection, "SELECT version_num FROM alembic_version")
        tenants = _tenants(snapshot.connection)
        wanted = set(_referred(snapshot.connection))
    report("Copying payloads and segments.")
    # Listed after the snapshot: a file is there before the row that refers to it can be seen.
    stored = house.objects.stored  # copied sealed, as they lie
    names = sorted(_listed(stored, tenants))
    if missing := sorted(wanted - set(names)):
        raise BackupError(
            f"{len(missing)} files that the database refers to are missing, first {missing[0].path}. Restore "
            "them from an earlier backup; nothing was sealed."
        )
    files = [known.get(name.path) or _copy(stored, name, target) for name in names]
    copied = sum(1 for file in files if file.path not in known)
    _keep_keys(stored, tenants, FolderObjects(target))
    manifest = Manifest(made_at, __version__, schema, tables, heads, dumped, tuple(files))
    write_manifest(folder, manifest, signer)
    sync_folder(target)
    note(house, "backup.make", stamp(made_at), {"dump": dumped.sha256})
    return BackupMade(folder, manifest, copied, signer.public_key)


def _known(target: Path, key: str) -> dict[str, File]:
    """Files that the latest backup has already, with the size they should have."""
    folders = finished(target)
    if not folders:
        return {}
    manifest, _ = read_manifest(folders[-1], key)
    return {file.path: file for file in manifest.objects if _size(target / OBJECTS / file.path) == file.size}


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _dump(backup_dsn: str, snapshot: Snapshot, folder: Path) -> File:
    path = folder / DUMP
    dump(backup_dsn, snapshot, path)
    with path.open("rb") as written:
        os.fsync(written.fileno())
    path.chmod(0o600)
    found = describe(path, DUMP)
    assert found is not None
    return found


def _copy(objects: ObjectStore, name: ObjectName, target: Path) -> File:
    data = objects.get(name)
    write_durably(target / OBJECTS / name.path, data)
    return File(name.path, len(data), hashlib.sha256(data).hexdigest())


def _keep_keys(objects: ObjectStore, tenants: list[TenantId], target: FolderObjects) -> None:
    """Put the tenants' wrapped keys beside the backups, one set for all of them, and drop destroyed ones.

    So a tenant that was erased is unreadable in the earlier backups of the folder, too. A wrapping by a
    former master key stays: an earlier backup may be restored with that one.
    """
    living: set[str] = set()
    for tenant in tenants:
        for name, _ in objects.names(KEYS, tenant):
            target.put(name, objects.get(name))
            living.add(f"{tenant}/{key_id(name)}")
    for folder in (target.root / KEYS).glob("*"):
        for name in [name for name, _ in target.names(KEYS, TenantId(folder.name))]:
            if f"{folder.name}/{key_id(name)}" not in living:
                target.delete(name)


def _listed(objects: ObjectStore, tenants: list[TenantId]) -> Iterator[ObjectName]:
    for tenant in tenants:
        for kind in KINDS:
            for name, _ in objects.names(kind, tenant):
                yield name


def _referred(connection: psycopg.Connection) -> Iterator[ObjectName]:
    for tenant, sha256 in connection.execute(_BLOBS):
        yield blob_name(tenant, sha256)
    for tenant, kind, rows_hash in connection.execute(_SEGMENTS):
        yield segment_name(tenant, kind, rows_hash)


def _heads(connection: psycopg.Connection) -> dict[str, AuditHead]:
    return {tenant: AuditHead(seq, hash) for tenant, seq, hash in connection.execute(_HEADS)}


def _tenants(connection: psycopg.Connection) -> list[TenantId]:
    return [TenantId(row[0]) for row in connection.execute("SELECT tenant_id FROM tenant ORDER BY tenant_id")]


def _text(connection: psycopg.Connection, query: str) -> str:
    row = connection.execute(query).fetchone()
    return "" if row is None else str(row[0])
