"""One contract for every place in which immutable files may lie: a folder, a mirrored folder, a bucket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from truenav.core.failure import InvalidInputError
from truenav.core.ids import TenantId
from truenav.store.blobs import BlobDamagedError, BlobMissingError, Blobs
from truenav.store.files import StorageError
from truenav.store.objects import (
    BadObjectNameError,
    Bucket,
    FolderObjects,
    MirroredObjects,
    ObjectMissingError,
    ObjectName,
)
from truenav.store.s3 import BadBucketError, S3Objects

from . import s3_stand_in
from .s3_stand_in import ACCESS_KEY, BUCKET, SECRET_KEY, StandIn

TENANT = TenantId("reef")
NAME = ObjectName("blobs", TENANT, "ab/cdef")


@pytest.fixture
def stand_in():
    with s3_stand_in.served() as opened:
        yield opened


def bucket_of(stand_in: StandIn) -> Bucket:
    return Bucket(stand_in.endpoint, BUCKET, ACCESS_KEY, SECRET_KEY)


@pytest.fixture(params=["folder", "mirrored", "bucket"])
def objects(request, tmp_path, stand_in):
    if request.param == "folder":
        return FolderObjects(tmp_path)
    if request.param == "mirrored":
        return MirroredObjects(FolderObjects(tmp_path / "a"), FolderObjects(tmp_path / "b"))
    return S3Objects(bucket_of(stand_in))


def test_what_was_put_is_got_listed_and_forgotten(objects):
    objects.put(NAME, b"bytes")
    objects.put(NAME, memoryview(b"bytes"))
    assert objects.get(NAME) == b"bytes"
    ((name, put_at),) = objects.names("blobs", TENANT)
    assert name == NAME
    assert put_at.tzinfo is not None
    assert put_at <= datetime.now(UTC)
    assert list(objects.names("segments", TENANT)) == []
    assert list(objects.names("blobs", TenantId("reef-2"))) == []
    objects.delete(NAME)
    objects.delete(NAME)
    with pytest.raises(ObjectMissingError):
        objects.get(NAME)


def test_blobs_know_a_damaged_and_a_lost_payload(objects):
    blobs = Blobs(objects, TENANT)
    sha256 = blobs.write(b"payload")
    assert blobs.read(sha256) == b"payload"
    with pytest.raises(BlobMissingError):
        Blobs(objects, TenantId("other")).read(sha256)
    (name,) = (name for name, _ in objects.names("blobs", TENANT))
    objects.delete(name)
    objects.put(name, b"payloaD")
    with pytest.raises(BlobDamagedError):
        blobs.read(sha256)


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/x", "a//b", ".hidden", "a/.b", "A", "a\0", "", "a/", "a\n", "ä"]
)
def test_a_name_that_leads_elsewhere_is_refused(name):
    with pytest.raises(BadObjectNameError):
        ObjectName("blobs", TENANT, name)


@pytest.mark.parametrize("path", ["secrets/reef/x", "blobs", "blobs/reef", "../blobs/reef/x"])
def test_a_path_that_is_no_stored_file_is_refused(path):
    with pytest.raises(InvalidInputError):
        ObjectName.of_path(path)
    assert ObjectName.of_path(NAME.path) == NAME


def test_both_places_have_a_file_before_a_mirrored_write_is_done(tmp_path):
    second = FolderObjects(tmp_path / "b")
    mirrored = MirroredObjects(FolderObjects(tmp_path / "a"), second)
    mirrored.put(NAME, b"x")
    assert second.get(NAME) == b"x"
    (tmp_path / "b" / NAME.path).unlink()
    mirrored.put(NAME, b"x")
    assert second.get(NAME) == b"x"


def test_a_mirror_that_cannot_be_written_refuses_the_write(tmp_path):
    (tmp_path / "b").write_text("not a folder")
    with pytest.raises(StorageError):
        MirroredObjects(FolderObjects(tmp_path / "a"), FolderObjects(tmp_path / "b")).put(NAME, b"x")


def test_a_tenant_comes_first_in_the_bucket(stand_in):
    S3Objects(bucket_of(stand_in)).put(NAME, b"x")
    assert list(stand_in.objects) == ["reef/blobs/ab/cdef"]


def test_a_file_in_the_bucket_is_never_overwritten(stand_in):
    objects = S3Objects(bucket_of(stand_in))
    objects.put(NAME, b"first")
    objects.put(NAME, b"other")
    assert objects.get(NAME) == b"first"


def test_an_upload_damaged_on_its_way_is_refused(stand_in):
    stand_in.damage_uploads = True
    with pytest.raises(StorageError, match="BadDigest"):
        S3Objects(bucket_of(stand_in)).put(NAME, b"x")
    assert stand_in.objects == {}


def test_a_wrong_key_is_refused_and_not_shown(stand_in):
    bucket = replace(bucket_of(stand_in), secret_key="wrong-secret")
    with pytest.raises(StorageError, match="SignatureDoesNotMatch") as refusal:
        S3Objects(bucket).get(NAME)
    assert "wrong-secret" not in refusal.value.message + repr(bucket)


@pytest.mark.parametrize("status", [500, 503])
def test_a_store_that_fails_is_asked_again_and_then_told_of(stand_in, status):
    stand_in.fail_with = status
    with pytest.raises(StorageError):
        S3Objects(bucket_of(stand_in)).put(NAME, b"x")
    assert 2 <= len(stand_in.requests) <= 5


def test_a_store_that_does_not_answer_is_a_storage_error():
    with pytest.raises(StorageError, match="does not answer"):
        S3Objects(Bucket("http://127.0.0.1:9", BUCKET, ACCESS_KEY, SECRET_KEY)).get(NAME)


@pytest.mark.parametrize("endpoint", ["s3.example.com", "ftp://x", "https://", "https://host/path"])
def test_an_endpoint_that_is_no_address_is_refused(endpoint):
    with pytest.raises(BadBucketError):
        S3Objects(Bucket(endpoint, BUCKET, ACCESS_KEY, SECRET_KEY))
