"""Files that are either whole and durable, or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from truenav.core.failure import UnavailableError


class StorageError(UnavailableError):
    """The data folder cannot be written or read."""

    code = "storage"
    title = "The data folder does not work"


def write_durably(path: Path, data: bytes | memoryview, *, mode: int = 0o644, replace: bool = True) -> None:
    """Put ``data`` at ``path``: a new file is synced, moved into place, and its folder synced.

    After a crash the file is whole or absent. Without ``replace`` a file that is there already stays, also
    when two write at once. Raises `StorageError` when the disk refuses; nothing stays behind then.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        _make_folders(path.parent)
        with open(draft, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.rename(path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise StorageError(
            f"Cannot write {path}: {error.strerror}. Check free space and rights of the data folder; nothing "
            "was recorded."
        ) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folders(folder: Path) -> None:
    """Make a folder and its parents, each entry durable before the next is used."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(exist_ok=True)
        sync_folder(parent.parent)
