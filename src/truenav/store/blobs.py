"""Payloads as files, named by the hash of their bytes, in a folder of their tenant."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from truenav.core.canonical import sha256_hex
from truenav.core.failure import NotFoundError, TruenavError
from truenav.core.ids import Sha256, TenantId, parse_slug
from truenav.store.files import write_durably


class BlobMissingError(NotFoundError):
    """An archived payload is not where it should be."""

    code = "blob-missing"


class BlobDamagedError(TruenavError):
    """An archived payload is not what was archived."""

    code = "blob-damaged"
    title = "An archived payload is damaged"


class BlobStore(Protocol):
    """Content-addressed bytes of one tenant; files now, object storage behind the same two calls."""

    def write(self, data: bytes) -> Sha256:
        """Keep the bytes durably and give their SHA-256; the same bytes are kept once."""
        ...

    def read(self, sha256: Sha256) -> bytes:
        """The bytes whose SHA-256 this is; their hash is checked on the way out."""
        ...


class FileBlobs:
    """Blobs under ``<data>/blobs/<tenant>/ab/cdef...``; safe for many writers at once."""

    def __init__(self, data_dir: Path, tenant: TenantId | str) -> None:
        self._root = data_dir / "blobs" / parse_slug(tenant, what="tenant")

    def write(self, data: bytes) -> Sha256:
        """Keep the bytes durably and give their SHA-256; `StorageError` when the disk refuses."""
        name = Sha256(sha256_hex(data))
        path = self._path(name)
        if not path.exists():
            write_durably(path, data)
        return name

    def read(self, sha256: Sha256) -> bytes:
        """The bytes; `BlobMissingError` when there are none, `BlobDamagedError` when they changed."""
        path = self._path(sha256)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise BlobMissingError(
                f"The payload {sha256} is not in the archive ({path}). Restore it from a backup."
            ) from error
        if sha256_hex(data) != sha256:
            raise BlobDamagedError(f"The payload in {path} changed on disk. Restore it from a backup.")
        return data

    def _path(self, sha256: Sha256) -> Path:
        return self._root / sha256[:2] / sha256[2:]
