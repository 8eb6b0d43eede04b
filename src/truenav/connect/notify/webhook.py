"""A signed POST to an address that was judged before: no redirect, no proxy, little patience."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from truenav.connect.notify.addresses import Resolver, safe_address, system_resolver
from truenav.core.failure import InvalidInputError, UnavailableError

SIGNATURE_HEADER = "X-Truenav-Signature"
NOTICE_HEADER = "X-Truenav-Notice"
TIME_OUT = 10.0


class BadWebhookError(InvalidInputError):
    """The address is not one that a webhook can have."""

    code = "bad-webhook"
    title = "Not an address for a webhook"


class NotDeliveredError(UnavailableError):
    """The receiver did not take it; it is tried again."""

    code = "not-delivered"
    title = "The notice was not taken"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to post, and the secret that signs."""

    url: str
    secret: bytes = field(repr=False)


def parse_webhook_url(url: str) -> SplitResult:
    """An http(s) address with a host, without user, password or fragment; else ``BadWebhookError``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadWebhookError("The address cannot be read; write https://host/path.") from error
    printable = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not printable or parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BadWebhookError("Write the address as https://host/path, in ASCII.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadWebhookError("The address may hold no user, password or fragment; notices are signed.")
    return parts


def signature(secret: bytes, body: bytes, at: datetime) -> str:
    """``t=SECONDS,v1=HEX``: HMAC-SHA256 over ``SECONDS.BODY``; the receiver checks both and the age."""
    seconds = str(int(at.timestamp()))
    seal = hmac.new(secret, seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={seal}"


def post(
    webhook: Webhook,
    body: bytes,
    *,
    notice: str,
    at: datetime,
    allowed: Collection[str],
    resolve: Resolver = system_resolver,
    time_out: float = TIME_OUT,
) -> None:
    """Deliver a JSON body. ``notice`` is the same at every attempt, so that the receiver can tell doubles.

    Raises ``HostNotAllowedError`` before any connection, ``NotDeliveredError`` for anything but a 2xx.
    """
    parts = parse_webhook_url(webhook.url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = safe_address(host, port, allowed=allowed, resolve=resolve)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "truenav",
        NOTICE_HEADER: notice,
        SIGNATURE_HEADER: signature(webhook.secret, body, at),
    }
    connection = _Pinned(host, port, address, secure=parts.scheme == "https", time_out=time_out)
    try:
        connection.request("POST", path, body=body, headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ssl.SSLError) as error:
        raise NotDeliveredError(f"{host} did not answer ({type(error).__name__}).") from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise NotDeliveredError(f"{host} answered {status}; a 2xx is wanted, redirects are not followed.")


class _Pinned(http.client.HTTPConnection):
    """A connection to one address under the host's name; the name is not looked up again."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool, time_out: float) -> None:
        super().__init__(host, port, timeout=time_out)
        self._address = address
        self._secure = secure
        self._time_out = time_out

    def connect(self) -> None:
        """Connect to the judged address, and prove the host's name where it is secure."""
        plain = socket.create_connection((self._address, self.port), self._time_out)
        if self._secure:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
        else:
            self.sock = plain
