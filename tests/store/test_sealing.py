"""Files lie sealed under their tenant's key: without it, or changed, or moved, nothing opens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.core.ids import TenantId
from truenav.store.blobs import BlobDamagedError, Blobs, blob_name
from truenav.store.objects import (
    Bucket,
    FolderObjects,
    MirroredObjects,
    ObjectDamagedError,
    ObjectName,
    ObjectStore,
    copy_missing,
)
from truenav.store.s3 import S3Objects
from truenav.store.sealing import KEYS, MAGIC, SealedObjects, TenantKeyMissingError, is_sealed
from truenav.store.secrets import MasterKey, SecretUnreadableError, Vault

from . import s3_stand_in
from .s3_stand_in import ACCESS_KEY, BUCKET, SECRET_KEY

REEF, ATOLL = TenantId("reef"), TenantId("atoll")
NAME = ObjectName("blobs", REEF, "ab/cdef")
OLD, NEW = MasterKey(b"o" * 32), MasterKey(b"n" * 32)
PLAIN = b'{"balance":"12.5"}'


def sealed(stored: ObjectStore, *masters: MasterKey) -> SealedObjects:
    """Another process on the same files."""
    current, *former = masters or (OLD,)
    return SealedObjects(stored, lambda: Vault(current, tuple(former)))


@pytest.fixture(params=["folder", "mirrored", "bucket"])
def stored(request, tmp_path):
    if request.param == "folder":
        yield FolderObjects(tmp_path)
    elif request.param == "mirrored":
        yield MirroredObjects(FolderObjects(tmp_path / "a"), FolderObjects(tmp_path / "b"))
    else:
        with s3_stand_in.served() as opened:
            yield S3Objects(Bucket(opened.endpoint, BUCKET, ACCESS_KEY, SECRET_KEY))


def test_what_lies_there_is_noise_and_comes_back_in_every_process(stored):
    sealed(stored).put(NAME, memoryview(PLAIN))
    assert PLAIN not in stored.get(NAME)
    assert is_sealed(stored.get(NAME))
    assert sealed(stored).get(NAME) == PLAIN


def test_what_was_kept_plain_is_read_and_sealed_once(stored):
    stored.put(NAME, PLAIN)
    objects = sealed(stored)
    assert objects.get(NAME) == PLAIN
    assert [objects.seal(NAME), objects.seal(NAME)] == [True, False]
    assert is_sealed(stored.get(NAME))
    assert objects.get(NAME) == PLAIN


def test_with_the_key_destroyed_no_copy_opens(stored, tmp_path):
    objects = sealed(stored)
    objects.put(NAME, PLAIN)
    copy = stored.get(NAME)
    assert objects.destroy_keys(REEF) == 1
    assert list(stored.names(KEYS, REEF)) == []
    for process in (objects, sealed(stored)):
        with pytest.raises(TenantKeyMissingError, match="destroyed"):
            process.get(NAME)
    objects.delete(NAME)
    objects.put(NAME, b"of a new tenant of that name")
    stored.replace(NAME, copy)
    with pytest.raises(TenantKeyMissingError):
        objects.get(NAME)


def test_one_tenants_key_opens_nothing_of_another(tmp_path):
    stored = FolderObjects(tmp_path)
    objects = sealed(stored)
    objects.put(NAME, PLAIN)
    theirs = ObjectName("blobs", ATOLL, NAME.name)
    objects.put(theirs, PLAIN)
    stored.replace(theirs, stored.get(NAME))
    with pytest.raises(TenantKeyMissingError):
        objects.get(theirs)


def test_a_file_that_was_moved_does_not_open(tmp_path):
    stored = FolderObjects(tmp_path)
    sealed(stored).put(NAME, PLAIN)
    moved = ObjectName("blobs", REEF, "ab/ffff")
    stored.put(moved, stored.get(NAME))
    with pytest.raises(ObjectDamagedError):
        sealed(stored).get(moved)


def test_every_flipped_byte_of_a_payload_is_found(tmp_path):
    stored = FolderObjects(tmp_path)
    blobs = Blobs(sealed(stored), REEF)
    sha256 = blobs.write(PLAIN)
    name = blob_name(REEF, sha256)
    whole = stored.get(name)
    for position in range(len(whole)):
        data = bytearray(whole)
        data[position] ^= 1
        stored.replace(name, bytes(data))
        with pytest.raises((BlobDamagedError, TenantKeyMissingError)):
            blobs.read(sha256)


def test_a_rotated_master_key_opens_everything_and_the_old_one_nothing(stored):
    sealed(stored).put(NAME, PLAIN)
    rotating = sealed(stored, NEW, OLD)
    assert [rotating.rewrap_keys(REEF), rotating.rewrap_keys(REEF)] == [1, 0]
    assert sealed(stored, NEW).get(NAME) == PLAIN
    with pytest.raises(SecretUnreadableError):
        sealed(stored, OLD).get(NAME)


def test_a_rotation_that_was_killed_is_finished_by_the_next(tmp_path):
    stored = FolderObjects(tmp_path)
    sealed(stored).put(NAME, PLAIN)
    ((old, _),) = stored.names(KEYS, REEF)
    wrapped = stored.get(old)
    rotating = sealed(stored, NEW, OLD)
    rotating.rewrap_keys(REEF)
    stored.put(old, wrapped)  # the new one was there, the old one not yet gone
    assert rotating.rewrap_keys(REEF) == 0
    assert len(list(stored.names(KEYS, REEF))) == 1
    assert sealed(stored, NEW).get(NAME) == PLAIN


def test_under_a_foreign_master_key_nothing_is_sealed_with_a_new_one(tmp_path):
    stored = FolderObjects(tmp_path)
    sealed(stored).put(NAME, PLAIN)
    with pytest.raises(SecretUnreadableError):
        sealed(stored, NEW).put(ObjectName("blobs", REEF, "ab/0000"), PLAIN)
    assert len(list(stored.names(KEYS, REEF))) == 1


def test_many_processes_that_begin_at_once_read_one_another(tmp_path):
    stored = FolderObjects(tmp_path)
    processes = [sealed(stored) for _ in range(8)]
    names = [ObjectName("blobs", REEF, f"ab/{number:04d}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: pair[0].put(pair[1], PLAIN), zip(processes, names, strict=True)))
    assert all(process.get(name) == PLAIN for process in processes for name in names)


def test_a_mirror_that_begins_later_has_the_keys(tmp_path):
    first, second = FolderObjects(tmp_path / "a"), FolderObjects(tmp_path / "b")
    sealed(first).put(NAME, PLAIN)
    copy_missing(first, second)
    assert sealed(second).get(NAME) == PLAIN
    assert sealed(MirroredObjects(first, second)).destroy_keys(REEF) == 1
    with pytest.raises(TenantKeyMissingError):
        sealed(second).get(NAME)


class Memory:
    """Keeps files as long as a test runs, and no disk waits for them."""

    def __init__(self):
        self.files = {}

    def put(self, name, data):
        self.files.setdefault(name, bytes(data))

    def get(self, name):
        return self.files[name]

    def names(self, kind, tenant):
        return iter([(name, None) for name in self.files if (name.kind, name.tenant) == (kind, tenant)])


@given(data=st.binary(max_size=4096))
def test_whatever_the_bytes_they_come_back(data):
    stored = Memory()
    sealed(stored).put(NAME, data)
    assert sealed(stored).get(NAME) == data
    assert data not in stored.get(NAME).removeprefix(MAGIC) or len(data) < 8
