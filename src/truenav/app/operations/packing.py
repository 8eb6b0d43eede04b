"""A backup as one file: a plain, uncompressed tar, read member by member and never by its own word."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from pathlib import Path

from truenav.app.operations.manifest import BackupError

_PATH = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*(\.[a-z]+)?", re.ASCII)


def pack(folder: Path, target: Path) -> None:
    """Write every file of a folder into a new tar, durable and whole before it has its name."""
    draft = target.with_name(f".{target.name}.tmp")
    try:
        with draft.open("wb") as opened:
            with tarfile.open(fileobj=opened, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for path in sorted(folder.rglob("*")):
                    if path.is_file():
                        archive.add(path, path.relative_to(folder).as_posix(), recursive=False)
            opened.flush()
            os.fsync(opened.fileno())
        draft.chmod(0o600)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)


def unpack(source: Path, folder: Path) -> None:
    """Read a tar that `pack` wrote into a new folder.

    Only plain files with plain names are taken: a link, a device, an absolute path or one with ``..`` is
    refused with `BackupError` before anything of it is written. Nothing is decompressed, so what comes out is
    no larger than the file.
    """
    folder.mkdir(parents=True, mode=0o700)
    try:
        with tarfile.open(source, mode="r:") as archive:
            for member in archive:
                _take(archive, member, folder)
    except tarfile.TarError as error:
        raise BackupError(f"{source} is not a backup that truenav packed: {error}.") from error


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    if not (member.isreg() and not member.issparse() and _PATH.fullmatch(member.name)):
        raise BackupError(f"The backup holds {member.name[:80]!r}, which truenav never packs. Do not use it.")
    opened = archive.extractfile(member)
    assert opened is not None
    path = folder / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened, path.open("xb") as file:
        shutil.copyfileobj(opened, file)
