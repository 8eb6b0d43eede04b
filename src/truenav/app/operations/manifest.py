"""What a backup holds, sealed: every file with its SHA-256, every table's rows, every audit chain's head.

The signing key is derived from the installation's master key, so a backup made by somebody else, or changed
by somebody without that key, is known as such, and no further key has to be kept.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from truenav.app.proof.signing import Signature, Signer, check_signature
from truenav.core.canonical import canonical_json, decode
from truenav.core.failure import InvalidInputError
from truenav.store.audit_chain import AuditHead
from truenav.store.files import write_durably
from truenav.store.objects import ObjectName
from truenav.store.secrets import MasterKey

FORMAT = "truenav-backup/1"
DUMP = "database.dump"
OBJECTS = "objects"

_MANIFEST, _SIGNATURE = "manifest.json", "signature.json"
_DOMAIN = b"truenav backup v1\n"
_STAMP = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_CHUNK_BYTES = 1 << 20


class BackupError(InvalidInputError):
    """A backup cannot be used, or cannot be made where it was wanted."""

    code = "backup"
    title = "The backup cannot be used"


@dataclass(frozen=True, slots=True, order=True)
class File:
    """One file: its path below ``objects``, or the database's dump; size in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about one backup. ``audit``: the head of each tenant's chain; ``tables``: rows of each."""

    made_at: datetime
    program: str
    schema: str
    tables: Mapping[str, int]
    audit: Mapping[str, AuditHead]
    dump: File
    objects: tuple[File, ...]
    format: str = FORMAT

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return self.dump.size + sum(file.size for file in self.objects)


def backup_signer(master: MasterKey) -> Signer:
    """The signer of an installation's backups."""
    return Signer(hashlib.sha256(b"truenav backup signing key\0" + master.key).digest(), domain=_DOMAIN)


def stamp(made_at: datetime) -> str:
    """The name of a backup's folder: ``20260131T235959Z``."""
    return made_at.strftime("%Y%m%dT%H%M%SZ")


def write_manifest(folder: Path, manifest: Manifest, signer: Signer) -> None:
    """Seal a backup: the signature is written last, so a backup without one was never finished."""
    data = canonical_json(manifest)
    write_durably(folder / _MANIFEST, data)
    signature = signer.sign(hashlib.sha256(data).digest())
    write_durably(folder / _SIGNATURE, canonical_json(signature))


def read_manifest(folder: Path, key: str | None = None) -> tuple[Manifest, str]:
    """The manifest of a finished backup and the public key that signed it.

    ``key``: the public key or fingerprint that must have signed. Refused: a broken seal (`SignatureError`),
    another format, and a path that leads out of the backup (`BackupError`).
    """
    try:
        data = (folder / _MANIFEST).read_bytes()
        signature = decode(Signature, json.loads((folder / _SIGNATURE).read_bytes()))
    except FileNotFoundError as error:
        raise BackupError(f"{folder} is not a finished backup: {error.filename} is missing.") from error
    except (ValueError, RecursionError) as error:
        raise BackupError(f"The manifest in {folder} is damaged. Use another backup.") from error
    check_signature(signature, hashlib.sha256(data).digest(), key, domain=_DOMAIN)
    manifest = decode(Manifest, json.loads(data))
    if manifest.format != FORMAT:
        raise BackupError(f"{folder} has the format {manifest.format[:40]!r}; {FORMAT!r} is known here.")
    for file in manifest.objects:
        ObjectName.of_path(file.path)
    if manifest.dump.path != DUMP:
        raise BackupError(f"{folder}: the dump has the name {manifest.dump.path[:80]!r}, not {DUMP!r}.")
    return manifest, signature.public_key


def finished(target: Path) -> list[Path]:
    """The folders of finished backups below a target, oldest first."""
    if not target.is_dir():
        return []
    folders = (path for path in target.iterdir() if _STAMP.fullmatch(path.name))
    return sorted(path for path in folders if (path / _SIGNATURE).exists())


def check_files(target: Path, folder: Path, manifest: Manifest) -> Iterator[File]:
    """Every file that is not what the manifest says it is: missing, or with another size or hash."""
    if describe(folder / DUMP, DUMP) != manifest.dump:
        yield manifest.dump
    for file in manifest.objects:
        if describe(target / OBJECTS / file.path, file.path) != file:
            yield file


def describe(path: Path, name: str) -> File | None:
    """Size and SHA-256 of a file as it is; None when it is not there."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as opened:
            while chunk := opened.read(_CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return File(name, size, digest.hexdigest())
