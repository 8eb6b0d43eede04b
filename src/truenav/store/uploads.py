"""Files that people sent and that wait for a job, with what the job found: sealed, and forgotten in time.

The bytes are named by their SHA-256, papers by the job that they belong to. Nothing of it is in a backup:
what is imported becomes a payload of the archive.
"""

from __future__ import annotations

from datetime import datetime

from truenav.core.canonical import sha256_hex
from truenav.core.ids import Sha256, TenantId
from truenav.store.objects import Kind, ObjectName, ObjectStore

UPLOADS: Kind = "uploads"


class Uploads:
    """The uploads of a tenant."""

    def __init__(self, objects: ObjectStore, tenant: TenantId) -> None:
        self._objects = objects
        self._tenant = tenant

    def write(self, data: bytes) -> Sha256:
        """Keep a file's bytes and give their SHA-256; `StorageError` when they cannot be kept."""
        sha256 = Sha256(sha256_hex(data))
        self._objects.put(self._name(sha256), data)
        return sha256

    def read(self, sha256: Sha256) -> bytes:
        """A file's bytes; `ObjectMissingError` when it was forgotten."""
        return self._objects.get(self._name(sha256))

    def note(self, job: str, paper: str, data: bytes) -> None:
        """Keep what belongs to a job, in place of an earlier one of that name."""
        self._objects.replace(self._name(f"{job}/{paper}.json"), data)

    def noted(self, job: str, paper: str) -> bytes:
        """What was noted; `ObjectMissingError` when there is nothing."""
        return self._objects.get(self._name(f"{job}/{paper}.json"))

    def forget_before(self, instant: datetime) -> int:
        """Drop what was put before ``instant``; gives how many files."""
        old = [name for name, put_at in self._objects.names(UPLOADS, self._tenant) if put_at < instant]
        for name in old:
            self._objects.delete(name)
        return len(old)

    def _name(self, name: str) -> ObjectName:
        return ObjectName(UPLOADS, self._tenant, name)
