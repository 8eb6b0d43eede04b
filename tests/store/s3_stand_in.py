"""A small S3: one bucket in memory, every request's signature (version 4) and checksum computed again.

Written from the published description of the protocol, so that the client is judged by something else than
itself. Faults are switched on by the test.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

ACCESS_KEY, SECRET_KEY, BUCKET, REGION = "stand-in", "stand-in-secret", "truenav", "us-east-1"

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/s3/aws4_request, "
    r"?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass
class StandIn:
    """What the bucket holds, what was asked of it, and how it is to fail."""

    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    fail_with: int | None = None
    damage_uploads: bool = False
    endpoint: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def served() -> Iterator[StandIn]:
    """The stand-in on a free port of this machine."""
    stand_in = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stand_in))
    stand_in.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()


def signature_holds(method: str, target: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether the request was signed with our key: canonical request, string to sign, derived key."""
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if found is None or found["key"] != ACCESS_KEY or found["region"] != REGION:
        return False
    signed = found["headers"].split(";")
    if not {"host", "x-amz-date", *(name for name in headers if name.startswith("x-amz-"))} <= set(signed):
        return False
    if headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
        return False
    address = urlsplit(target)
    query = sorted(parse_qsl(address.query, keep_blank_values=True))
    canonical = "\n".join(
        [
            method,
            quote(unquote(address.path), safe="/-_.~"),
            "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query),
            *(f"{name}:{' '.join(headers[name].split())}" for name in signed),
            "",
            found["headers"],
            headers["x-amz-content-sha256"],
        ]
    )
    scope = f"{found['day']}/{REGION}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{SECRET_KEY}".encode()
    for part in (found["day"], REGION, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{digest}"
    return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), found["signature"])


class _Handler(BaseHTTPRequestHandler):
    """Answers as the store does, from what ``stand_in`` keeps."""

    stand_in: ClassVar[StandIn]
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.stand_in.requests.append((self.command, self.path))
        if self.stand_in.fail_with is not None:
            self._refuse(self.stand_in.fail_with, "InternalError")
        elif not signature_holds(self.command, self.path, headers, body):
            self._refuse(403, "SignatureDoesNotMatch")
        else:
            address = urlsplit(self.path)
            _, bucket, *rest = unquote(address.path).split("/", 2)
            if bucket != BUCKET:
                self._refuse(404, "NoSuchBucket")
            elif self.command == "GET" and not any(rest):
                self._list(dict(parse_qsl(address.query)).get("prefix", ""))
            else:
                self._object(rest[0], headers, body)

    do_GET = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815 - the base class looks for these names

    def _object(self, key: str, headers: dict[str, str], body: bytes) -> None:
        with self.stand_in.lock:
            if self.command == "PUT":
                self._put(key, headers, body)
            elif self.command == "DELETE":
                self.stand_in.objects.pop(key, None)
                self._answer(204, b"")
            elif key in self.stand_in.objects:
                self._answer(200, self.stand_in.objects[key])
            else:
                self._refuse(404, "NoSuchKey")

    def _put(self, key: str, headers: dict[str, str], body: bytes) -> None:
        if self.stand_in.damage_uploads:
            body = body[:-1] + b"?"
        stated = headers.get("x-amz-checksum-sha256")
        if stated != base64.b64encode(hashlib.sha256(body).digest()).decode():
            self._refuse(400, "BadDigest")
        elif headers.get("if-none-match") == "*" and key in self.stand_in.objects:
            self._refuse(412, "PreconditionFailed")
        else:
            self.stand_in.objects[key] = body
            self._answer(200, b"", ETag='"x"')

    def _list(self, prefix: str) -> None:
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>"
            f"<Size>{len(data)}</Size></Contents>"
            for key, data in sorted(self.stand_in.objects.items())
            if key.startswith(prefix)
        )
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/'
            f'2006-03-01/"><Name>{BUCKET}</Name><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>'
        )
        self._answer(200, text.encode(), **{"Content-Type": "application/xml"})

    def _refuse(self, status: int, code: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>{code}</Message><Resource>/</Resource></Error>"
        self._answer(status, text.encode(), **{"Content-Type": "application/xml"})

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Last-Modified": formatdate(0, usegmt=True)}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"stand_in": stand_in})
