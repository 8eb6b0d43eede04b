"""Secrets at rest: AES-256-GCM, a data key for each secret, wrapped by a master key outside the database.

A dump of the database holds no usable key, and a row that was moved to another tenant or name does not
open, because both are authenticated with it.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete as delete_rows
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from truenav.core.canonical import sha256_hex
from truenav.core.failure import InvalidInputError, NotFoundError, TruenavError
from truenav.store.database import Session, tenant_of
from truenav.store.files import write_durably
from truenav.store.tables import secret

MASTER_KEY_VARIABLE = "TRUENAV_MASTER_KEY"
MASTER_KEY_FILE = "master.key"
FORMER_KEYS_FILE = "former-master.keys"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class MasterKeyError(InvalidInputError):
    """The master key cannot be used."""

    code = "master-key"
    title = "The master key is not usable"


class SecretUnreadableError(TruenavError):
    """A secret does not open: another master key, or a row that was changed or moved."""

    code = "secret-unreadable"
    title = "A stored secret does not open"


class SecretNotFoundError(NotFoundError):
    """There is no such secret."""

    code = "secret-not-found"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """256 bits that wrap the data keys. ``id`` tells keys apart and gives nothing away."""

    key: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """The first 16 hexadecimal digits of a hash of the key."""
        return sha256_hex(b"truenav master key id\0" + self.key)[:16]


def parse_master_key(encoded: str) -> MasterKey:
    """A master key from the base64 text of 32 bytes."""
    try:
        key = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MasterKeyError("The master key is not base64. Give 32 random bytes as base64 text.") from error
    if len(key) != _KEY_BYTES:
        raise MasterKeyError(f"The master key has {len(key)} bytes; 32 are wanted, as base64 text.")
    return MasterKey(key)


def load_master_key(data_dir: Path, environment: Mapping[str, str]) -> MasterKey:
    """The key from ``TRUENAV_MASTER_KEY``, else from ``<data>/master.key``, which is made when absent.

    A file that others may read is refused.
    """
    if encoded := environment.get(MASTER_KEY_VARIABLE):
        return parse_master_key(encoded)
    path = data_dir / MASTER_KEY_FILE
    if not path.exists():
        _make_key_file(path)
    if path.stat().st_mode & 0o077:
        raise MasterKeyError(f"{path} can be read by others. Run: chmod 600 {path}")
    return parse_master_key(path.read_text(encoding="ascii"))


def load_former_keys(data_dir: Path) -> tuple[MasterKey, ...]:
    """Master keys before the present one, latest first: they open what it has not wrapped yet."""
    path = data_dir / FORMER_KEYS_FILE
    if not path.exists():
        return ()
    return tuple(parse_master_key(line) for line in path.read_text(encoding="ascii").split())


def renew_master_key(data_dir: Path) -> MasterKey:
    """Put a new key into the key file; the old one is kept among the former ones before that.

    A process killed in between leaves a working key file either way.
    """
    old = load_master_key(data_dir, {})
    former = [old, *(key for key in load_former_keys(data_dir) if key != old)]
    lines = b"".join(base64.b64encode(key.key) + b"\n" for key in former)
    write_durably(data_dir / FORMER_KEYS_FILE, lines, mode=0o600)
    new = MasterKey(os.urandom(_KEY_BYTES))
    write_durably(data_dir / MASTER_KEY_FILE, base64.b64encode(new.key) + b"\n", mode=0o600)
    return new


@dataclass(frozen=True, slots=True)
class Vault:
    """Puts and opens secrets. ``current`` wraps new ones; ``former`` keys still open old ones."""

    current: MasterKey
    former: tuple[MasterKey, ...] = ()

    def put(self, session: Session, id: str, plain: bytes, *, at: datetime) -> None:
        """Store a secret, in place of one of the same name."""
        name = _bound_name(session, id)
        data_key, nonce = AESGCM.generate_key(bit_length=256), os.urandom(_NONCE_BYTES)
        values = {
            "wrapped_key": self.wrap(data_key, name),
            "nonce": nonce,
            "ciphertext": AESGCM(data_key).encrypt(nonce, plain, name),
            "key_id": self.current.id,
            "created_at": at,
        }
        statement = insert(secret).values(id=id, **values)
        session.execute(
            statement.on_conflict_do_update(index_elements=[secret.c.tenant_id, secret.c.id], set_=values)
        )

    def get(self, session: Session, id: str) -> bytes:
        """The plain bytes; `SecretNotFoundError` or `SecretUnreadableError` otherwise."""
        row = session.execute(select(secret).where(secret.c.id == id)).one_or_none()
        if row is None:
            raise SecretNotFoundError(f"There is no secret {id!r}. Enter it again.")
        name = _bound_name(session, id)
        data_key = self.unwrap(row.key_id, row.wrapped_key, name, id)
        try:
            return AESGCM(data_key).decrypt(row.nonce, row.ciphertext, name)
        except InvalidTag as error:
            raise _unreadable(id) from error

    def names(self, session: Session) -> tuple[str, ...]:
        """The names of all secrets of the tenant, sorted."""
        return tuple(session.scalars(select(secret.c.id).order_by(secret.c.id)))

    def delete(self, session: Session, id: str) -> None:
        """Forget a secret; one that is not there is no error."""
        session.execute(delete_rows(secret).where(secret.c.id == id))

    def rotate(self, session: Session) -> int:
        """Wrap every data key of the tenant with the current master key; gives how many were not yet."""
        rows = session.execute(select(secret).where(secret.c.key_id != self.current.id).with_for_update())
        count = 0
        for row in rows.all():
            name = _bound_name(session, row.id)
            data_key = self.unwrap(row.key_id, row.wrapped_key, name, row.id)
            session.execute(
                update(secret)
                .where(secret.c.id == row.id)
                .values(wrapped_key=self.wrap(data_key, name), key_id=self.current.id)
            )
            count += 1
        return count

    def wrap(self, data_key: bytes, name: bytes) -> bytes:
        """A data key wrapped by the current master key, bound to a name."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.current.key).encrypt(nonce, data_key, name)

    def unwrap(self, key_id: str, wrapped: bytes, name: bytes, id: str) -> bytes:
        """The data key that the master key ``key_id`` wrapped; ``id`` is what the refusal calls it."""
        master = next((key for key in (self.current, *self.former) if key.id == key_id), None)
        if master is None:
            raise _unreadable(id)
        try:
            return AESGCM(master.key).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], name)
        except InvalidTag as error:
            raise _unreadable(id) from error


def _bound_name(session: Session, id: str) -> bytes:
    return f"{tenant_of(session)}\0{id}".encode()


def _make_key_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = base64.b64encode(os.urandom(_KEY_BYTES)) + b"\n"
    write_durably(path, encoded, mode=0o600, replace=False)


def _unreadable(id: str) -> SecretUnreadableError:
    return SecretUnreadableError(
        f"The secret {id!r} does not open: the master key is another one, or the row was changed. Give the "
        "master key it was stored with, or enter the secret again."
    )
