"""Files at rest: AES-256-GCM under a key of their tenant's own; who destroys the key destroys the files.

A tenant's keys are files beside its others (``keys/tenant/<key id>-<master key id>``), each wrapped by the
master key. They are in no dump of the database, and a backup keeps them apart from what it seals: when they
are destroyed, every copy of a file, wherever it lies, is noise. A sealed file is::

    8 bytes of magic | 8 of the key's id | 12 of nonce | ciphertext and tag

authenticated with its own name, so a file that was moved or changed does not open. Files from before there
were keys are plain; they are read as they are until `SealedObjects.seal` has sealed them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from truenav.core.canonical import sha256_hex
from truenav.core.failure import NotFoundError
from truenav.core.ids import TenantId
from truenav.store.objects import Kind, ObjectDamagedError, ObjectMissingError, ObjectName, ObjectStore
from truenav.store.secrets import SecretUnreadableError, Vault

MAGIC = b"\x89TNSEAL\x01"
KEYS: Kind = "keys"
_ID_BYTES, _NONCE_BYTES, _TAG_BYTES = 8, 12, 16
_HEADER_BYTES = len(MAGIC) + _ID_BYTES + _NONCE_BYTES
KEYS_REMEMBERED = timedelta(seconds=60)
"""For so long a process seals with a key that it has read, before it looks whether the key is still there."""


class TenantKeyMissingError(NotFoundError):
    """The key that sealed a file is not there: destroyed with its tenant, or not restored."""

    code = "tenant-key-missing"


@dataclass(frozen=True, slots=True)
class _Keys:
    """The opened keys of a tenant by their id, and when they were read."""

    ciphers: Mapping[bytes, AESGCM]
    read_at: float


class SealedObjects:
    """Seals what is put into a store and opens what is got from it; safe for many threads and processes.

    ``stored``: where the files lie, as they lie there. ``vault`` is asked for when keys are first needed.
    """

    def __init__(self, stored: ObjectStore, vault: Callable[[], Vault]) -> None:
        self.stored = stored
        self._vault = vault
        self._known: dict[TenantId, _Keys] = {}
        self._lock = threading.Lock()

    def put(self, name: ObjectName, data: bytes | memoryview) -> None:
        """Keep the bytes sealed; the same name again changes nothing."""
        self.stored.put(name, self._sealed(name, data))

    def replace(self, name: ObjectName, data: bytes | memoryview) -> None:
        """Keep the bytes sealed, in place of what is there."""
        self.stored.replace(name, self._sealed(name, data))

    def get(self, name: ObjectName) -> bytes:
        """The plain bytes; `TenantKeyMissingError` or `ObjectDamagedError` when they do not open."""
        data = self.stored.get(name)
        if not is_sealed(data):
            return data
        id, nonce = data[len(MAGIC) : len(MAGIC) + _ID_BYTES], data[len(MAGIC) + _ID_BYTES : _HEADER_BYTES]
        try:
            return self._cipher(name, id).decrypt(nonce, memoryview(data)[_HEADER_BYTES:], name.path.encode())
        except InvalidTag as error:
            raise _damaged(name) from error

    def names(self, kind: Kind, tenant: TenantId) -> Iterator[tuple[ObjectName, datetime]]:
        """Every file of a kind and tenant, and when it was put."""
        return self.stored.names(kind, tenant)

    def delete(self, name: ObjectName) -> None:
        """Forget a file."""
        self.stored.delete(name)

    def seal(self, name: ObjectName) -> bool:
        """Seal a file that lies there plain; False when it was sealed already."""
        data = self.stored.get(name)
        if is_sealed(data):
            return False
        self.replace(name, data)
        return True

    def destroy_keys(self, tenant: TenantId) -> int:
        """Destroy every key of a tenant, and with it all of its files; gives how many keys there were.

        Another process may remember them for a minute: what it still puts is noise from the start.
        """
        wrapped = [name for name, _ in self.stored.names(KEYS, tenant)]
        for name in wrapped:
            self.stored.delete(name)
        with self._lock:
            self._known.pop(tenant, None)
        return len({key_id(name) for name in wrapped})

    def rewrap_keys(self, tenant: TenantId) -> int:
        """Wrap a tenant's keys with the current master key; gives how many were not yet.

        The old wrapping goes when the new one is there, so a process killed in between has lost nothing.
        """
        vault, count = self._vault(), 0
        wrapped = [name for name, _ in self.stored.names(KEYS, tenant)]
        current = {key_id(name) for name in wrapped if _master_id(name) == vault.current.id}
        for name in wrapped:
            if _master_id(name) == vault.current.id:
                continue
            if key_id(name) not in current:
                self._keep_key(vault, tenant, self._opened_key(vault, name))
                current.add(key_id(name))
                count += 1
            self.stored.delete(name)
        return count

    def _sealed(self, name: ObjectName, data: bytes | memoryview) -> bytes:
        id, cipher = self._newest(name.tenant)
        nonce = os.urandom(_NONCE_BYTES)
        return b"".join((MAGIC, id, nonce, cipher.encrypt(nonce, data, name.path.encode())))

    def _newest(self, tenant: TenantId) -> tuple[bytes, AESGCM]:
        """The key that seals; made for a tenant that has none. Of two made at once both keep opening."""
        with self._lock:
            known = self._known.get(tenant)
            if known is None or time.monotonic() - known.read_at > KEYS_REMEMBERED.total_seconds():
                known = self._read_keys(tenant)
            if not known.ciphers:
                self._keep_key(self._vault(), tenant, AESGCM.generate_key(bit_length=256))
                known = self._read_keys(tenant)
            return min(known.ciphers.items())

    def _cipher(self, name: ObjectName, id: bytes) -> AESGCM:
        with self._lock:
            known = self._known.get(name.tenant)
            if known is None or id not in known.ciphers:
                known = self._read_keys(name.tenant)
        if id not in known.ciphers:
            raise TenantKeyMissingError(
                f"The key of tenant {name.tenant!r} that sealed {name.path} is not there: it was destroyed "
                "with the tenant, or the folder 'keys' was not restored with the files."
            )
        return known.ciphers[id]

    def _read_keys(self, tenant: TenantId) -> _Keys:
        """Open the keys of a tenant, each with whichever of our master keys wrapped it."""
        vault, ciphers = self._vault(), dict[bytes, AESGCM]()
        refused: SecretUnreadableError | None = None
        for name, _ in self.stored.names(KEYS, tenant):
            try:
                ciphers[bytes.fromhex(key_id(name))] = AESGCM(self._opened_key(vault, name))
            except SecretUnreadableError as error:
                refused = error
            except ObjectMissingError:  # another process has just wrapped it anew
                return self._read_keys(tenant)
        if refused is not None and not ciphers:
            raise refused
        known = self._known[tenant] = _Keys(ciphers, time.monotonic())
        return known

    def _opened_key(self, vault: Vault, name: ObjectName) -> bytes:
        bound = _bound(name.tenant, key_id(name))
        return vault.unwrap(_master_id(name), self.stored.get(name), bound, f"key of {name.tenant}")

    def _keep_key(self, vault: Vault, tenant: TenantId, key: bytes) -> None:
        id = sha256_hex(b"truenav tenant key id\0" + key)[: 2 * _ID_BYTES]
        name = ObjectName(KEYS, tenant, f"{id}-{vault.current.id}")
        self.stored.put(name, vault.wrap(key, _bound(tenant, id)))


def is_sealed(data: bytes) -> bool:
    """Whether a file, or its first bytes, lie sealed."""
    return data.startswith(MAGIC)


def key_id(name: ObjectName) -> str:
    """Which key a file of the kind ``keys`` holds, whichever master key wrapped it."""
    return name.name.partition("-")[0]


def _master_id(name: ObjectName) -> str:
    return name.name.partition("-")[2]


def _bound(tenant: TenantId, id: str) -> bytes:
    return f"{tenant}\0files\0{id}".encode()


def _damaged(name: ObjectName) -> ObjectDamagedError:
    return ObjectDamagedError(f"The file {name.path} was changed where it lies. Restore it from a backup.")
