"""Payloads named by the hash of their bytes, walled off by tenant."""

from __future__ import annotations

from typing import Protocol

from truenav.core.canonical import sha256_hex
from truenav.core.failure import NotFoundError, TruenavError
from truenav.core.ids import Sha256, TenantId
from truenav.store.objects import ObjectDamagedError, ObjectMissingError, ObjectName, ObjectStore


class BlobMissingError(NotFoundError):
    """An archived payload is not where it should be."""

    code = "blob-missing"


class BlobDamagedError(TruenavError):
    """An archived payload is not what was archived."""

    code = "blob-damaged"
    title = "An archived payload is damaged"


class BlobStore(Protocol):
    """Content-addressed bytes of one tenant."""

    def write(self, data: bytes) -> Sha256:
        """Keep the bytes durably and give their SHA-256; the same bytes are kept once."""
        ...

    def read(self, sha256: Sha256) -> bytes:
        """The bytes whose SHA-256 this is; their hash is checked on the way out."""
        ...


class Blobs:
    """The blobs of a tenant: ``blobs/<tenant>/ab/cdef...`` of an object store; safe for many writers."""

    def __init__(self, objects: ObjectStore, tenant: TenantId | str) -> None:
        self._objects = objects
        self._tenant = TenantId(tenant)

    def write(self, data: bytes) -> Sha256:
        """Keep the bytes durably and give their SHA-256; `StorageError` when they cannot be kept."""
        sha256 = Sha256(sha256_hex(data))
        self._objects.put(blob_name(self._tenant, sha256), data)
        return sha256

    def read(self, sha256: Sha256) -> bytes:
        """The bytes; `BlobMissingError` when there are none, `BlobDamagedError` when they changed."""
        try:
            data = self._objects.get(blob_name(self._tenant, sha256))
        except ObjectMissingError as error:
            raise BlobMissingError(
                f"The payload {sha256} is not in the archive. Restore it from a backup."
            ) from error
        except ObjectDamagedError as error:
            raise _damaged(sha256) from error
        if sha256_hex(data) != sha256:
            raise _damaged(sha256)
        return data


def _damaged(sha256: str) -> BlobDamagedError:
    return BlobDamagedError(f"The payload {sha256} changed in the archive. Restore it from a backup.")


def blob_name(tenant: TenantId, sha256: str) -> ObjectName:
    """Where the payload with this SHA-256 lies."""
    return ObjectName("blobs", tenant, f"{sha256[:2]}/{sha256[2:]}")
