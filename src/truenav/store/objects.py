"""Where immutable files lie: in a folder, in a bucket of an S3-compatible store, or in two places at once.

A file is named by its kind, its tenant and a name that stands for its content, so the same name is always
the same content: writing it again is harmless, and nothing is ever overwritten with something else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from truenav.core.failure import InvalidInputError, NotFoundError, TruenavError
from truenav.core.ids import TenantId, parse_slug
from truenav.store.files import StorageError, write_durably

Kind = Literal["blobs", "segments", "keys", "uploads"]
KINDS: tuple[Kind, ...] = ("blobs", "segments")
"""What is kept for good. ``keys`` open it; ``uploads`` wait for a job and are in no backup."""
_EVERY_KIND: tuple[Kind, ...] = (*KINDS, "keys", "uploads")

_NAME = re.compile(r"[0-9a-z_-]+(/[0-9a-z_-]+)*(\.[a-z]+)?", re.ASCII)


class ObjectMissingError(NotFoundError):
    """A file is not where it should be."""

    code = "object-missing"


class ObjectDamagedError(TruenavError):
    """A file is not what was put."""

    code = "object-damaged"
    title = "A stored file is damaged"


class BadObjectNameError(InvalidInputError):
    """A name that leads nowhere, or out of the place where files lie."""

    code = "bad-object-name"


@dataclass(frozen=True, slots=True, order=True)
class ObjectName:
    """The name of an immutable file; refused with `BadObjectNameError` when it could lead elsewhere."""

    kind: Kind
    tenant: TenantId
    name: str

    def __post_init__(self) -> None:
        parse_slug(self.tenant, what="tenant")
        if self.kind not in _EVERY_KIND or not _NAME.fullmatch(self.name):
            raise BadObjectNameError(f"{self.kind!r} {self.name[:80]!r} is not the name of a stored file.")

    @property
    def path(self) -> str:
        """Below a data folder: ``kind/tenant/name``."""
        return f"{self.kind}/{self.tenant}/{self.name}"

    @property
    def key(self) -> str:
        """In a bucket: the tenant comes first, so that rights can be given by prefix."""
        return f"{self.tenant}/{self.kind}/{self.name}"

    @classmethod
    def of_path(cls, path: str) -> ObjectName:
        """The name that has this `path`."""
        kind, _, rest = path.partition("/")
        tenant, _, name = rest.partition("/")
        return cls(kind, TenantId(tenant), name)  # type: ignore[arg-type]  # judged as it is made


class ObjectStore(Protocol):
    """Keeps immutable files."""

    def put(self, name: ObjectName, data: bytes | memoryview) -> None:
        """Keep the bytes durably; the same again changes nothing. `StorageError` when they are not kept."""
        ...

    def replace(self, name: ObjectName, data: bytes | memoryview) -> None:
        """Keep the bytes durably, in place of what is there: the same content in another form."""
        ...

    def get(self, name: ObjectName) -> bytes:
        """The bytes; `ObjectMissingError` when there are none."""
        ...

    def names(self, kind: Kind, tenant: TenantId) -> Iterator[tuple[ObjectName, datetime]]:
        """Every file of a kind and tenant, and when it was put (UTC); in no order."""
        ...

    def delete(self, name: ObjectName) -> None:
        """Forget a file; one that is not there is no error."""
        ...


@dataclass(frozen=True, slots=True)
class Bucket:
    """Address of a bucket and the key to it. ``endpoint``: ``https://host[:port]``."""

    endpoint: str
    name: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str = "us-east-1"


@dataclass(frozen=True, slots=True)
class FolderObjects:
    """Files below a folder; safe for many writers at once."""

    root: Path

    def put(self, name: ObjectName, data: bytes | memoryview) -> None:
        """Keep the bytes durably. A file that is there is in use again, and so as young as a new one."""
        path = self.root / name.path
        if path.exists():
            os.utime(path)
        else:
            write_durably(path, data)

    def replace(self, name: ObjectName, data: bytes | memoryview) -> None:
        """Put the bytes in place of what is there; a reader sees the one or the other, whole."""
        write_durably(self.root / name.path, data)

    def get(self, name: ObjectName) -> bytes:
        """The bytes of a file."""
        path = self.root / name.path
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise ObjectMissingError(f"The file {path} is not there. Restore it from a backup.") from error
        except OSError as error:
            raise StorageError(f"Cannot read {path}: {error.strerror}. Check its rights and disk.") from error

    def names(self, kind: Kind, tenant: TenantId) -> Iterator[tuple[ObjectName, datetime]]:
        """Every file of a kind and tenant, and when it was put."""
        top = self.root / kind / parse_slug(tenant, what="tenant")
        for folder, _, files in os.walk(top):
            for file in files:
                path = Path(folder, file)
                if not file.startswith("."):  # a draft that was never finished
                    put_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                    yield ObjectName(kind, tenant, path.relative_to(top).as_posix()), put_at

    def delete(self, name: ObjectName) -> None:
        """Forget a file."""
        (self.root / name.path).unlink(missing_ok=True)


def copy_missing(origin: FolderObjects, target: FolderObjects) -> None:
    """Put every file of all tenants, their keys too, that the target does not have yet."""
    for kind in _EVERY_KIND:
        for folder in (origin.root / kind).glob("*"):
            for name, _ in origin.names(kind, TenantId(folder.name)):
                if not (target.root / name.path).exists():
                    target.put(name, origin.get(name))


@dataclass(frozen=True, slots=True)
class MirroredObjects:
    """Files kept in two places before a write is done; read from the first."""

    first: ObjectStore
    second: ObjectStore

    def put(self, name: ObjectName, data: bytes | memoryview) -> None:
        """Keep the bytes in both places."""
        self.first.put(name, data)
        self.second.put(name, data)

    def replace(self, name: ObjectName, data: bytes | memoryview) -> None:
        """Replace the bytes in both places."""
        self.first.replace(name, data)
        self.second.replace(name, data)

    def get(self, name: ObjectName) -> bytes:
        """The bytes as the first place has them."""
        return self.first.get(name)

    def names(self, kind: Kind, tenant: TenantId) -> Iterator[tuple[ObjectName, datetime]]:
        """What the first place has."""
        return self.first.names(kind, tenant)

    def delete(self, name: ObjectName) -> None:
        """Forget a file in both places."""
        self.first.delete(name)
        self.second.delete(name)
