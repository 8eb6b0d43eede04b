"""Immutable files in a bucket of an S3-compatible object store (AWS, MinIO, Ceph, ...)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from truenav.core.failure import InvalidInputError
from truenav.core.ids import TenantId, parse_slug
from truenav.store.files import StorageError
from truenav.store.objects import Bucket, Kind, ObjectMissingError, ObjectName

_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 60, 3
_MISSING = ("NoSuchKey", "NoSuchObject", "ResourceNotFound")
_EXISTS = ("PreconditionFailed", "ConditionalRequestConflict")


class BadBucketError(InvalidInputError):
    """The address of the object store cannot be used."""

    code = "bad-bucket"
    title = "The object store's address cannot be used"


class S3Objects:
    """Files in a bucket, each under ``tenant/kind/name``.

    A file is put only where none is (``If-None-Match: *``) and with its SHA-256, which the store checks
    before it acknowledges. The date of a file that is put again is not renewed: collect orphans only while
    no import runs.
    """

    def __init__(self, bucket: Bucket) -> None:
        address = urlsplit(bucket.endpoint)
        if address.scheme not in ("http", "https") or not address.netloc or address.path.strip("/"):
            raise BadBucketError(
                "TRUENAV_S3_ENDPOINT is not the address of an object store; write https://host or "
                "https://host:port."
            )
        self._bucket = bucket.name
        self._client = Minio(
            address.netloc,
            access_key=bucket.access_key,
            secret_key=bucket.secret_key,
            secure=address.scheme == "https",
            region=bucket.region,
            http_client=_http_client(),
        )

    def put(self, name: ObjectName, data: bytes | memoryview) -> None:
        """Keep the bytes; the store acknowledges what it has on its disks."""
        self._put(name, data, {"If-None-Match": "*"})

    def replace(self, name: ObjectName, data: bytes | memoryview) -> None:
        """Keep the bytes in place of what is there."""
        self._put(name, data, {})

    def _put(self, name: ObjectName, data: bytes | memoryview, conditions: dict[str, str]) -> None:
        body = bytes(data)
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers: dict[str, str | list[str] | tuple[str]] = {
            **conditions,
            "Content-Type": "application/octet-stream",
            "x-amz-checksum-sha256": checksum,
        }
        with _translated(name):
            try:
                # The public call takes no conditions; this is the one below it.
                self._client._put_object(self._bucket, name.key, body, headers)
            except S3Error as error:
                if error.code not in _EXISTS:
                    raise

    def get(self, name: ObjectName) -> bytes:
        """The bytes of a file."""
        with _translated(name):
            answer = self._client.get_object(self._bucket, name.key)
            try:
                return answer.read()
            finally:
                answer.close()
                answer.release_conn()

    def names(self, kind: Kind, tenant: TenantId) -> Iterator[tuple[ObjectName, datetime]]:
        """Every file of a kind and tenant, and when it was put."""
        prefix = f"{parse_slug(tenant, what='tenant')}/{kind}/"
        with _translated(prefix):
            for found in self._client.list_objects(self._bucket, prefix=prefix, recursive=True):
                assert found.object_name is not None
                assert found.last_modified is not None
                yield ObjectName(kind, tenant, found.object_name.removeprefix(prefix)), found.last_modified

    def delete(self, name: ObjectName) -> None:
        """Forget a file."""
        with _translated(name):
            self._client.remove_object(self._bucket, name.key)


def _http_client() -> Any:
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
        maxsize=16,
        retries=urllib3.Retry(total=_ATTEMPTS, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
    )


@contextmanager
def _translated(name: object) -> Iterator[None]:
    shown = name.key if isinstance(name, ObjectName) else name
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise ObjectMissingError(
                f"The file {shown} is not in the object store. Restore it from a backup."
            ) from error
        raise StorageError(
            f"The object store refused {shown}: {error.code}. Check bucket, key and rights (TRUENAV_S3_...); "
            "nothing was recorded."
        ) from error
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        raise StorageError(
            f"The object store does not answer ({type(error).__name__}) for {shown}. Check "
            "TRUENAV_S3_ENDPOINT and the network; nothing was recorded."
        ) from error
