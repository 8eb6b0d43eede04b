"""The way out: every connection to a venue is judged by the address that is connected to, when it is made.

A base URL is text that a person gave, and a name can lead elsewhere tomorrow, or at the second look; so a
name is resolved here, once, and what was judged is what is connected to. TLS still asks for the name.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection, Iterable

import httpcore
import httpx

from truenav.connect.errors import VenueNotAllowedError
from truenav.connect.notify.addresses import (
    HostNotAllowedError,
    HostUnknownError,
    Resolver,
    safe_address,
    system_resolver,
)


async def venue_address(
    host: str, port: int, *, allowed: Collection[str], resolve: Resolver = system_resolver
) -> str:
    """The one address to connect to; ``allowed`` are hosts that may lead to a private network.

    Raises ``VenueNotAllowedError``, or ``OSError`` where the name leads nowhere.
    """
    try:
        return await asyncio.to_thread(safe_address, host, port, allowed=allowed, resolve=resolve)
    except HostNotAllowedError as error:
        raise VenueNotAllowedError(
            f"{host[:100]!r} is not a host of the open internet. If it should be asked, whoever runs the "
            "installation names it in TRUENAV_PRIVATE_HOSTS.",
            host=host[:100],
        ) from error
    except HostUnknownError as error:
        raise OSError(error.message) from error


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Connects to what `venue_address` lets pass, and through no proxy that the environment names."""

    def __init__(
        self,
        *,
        trust: ssl.SSLContext,
        limits: httpx.Limits,
        allowed: Collection[str],
        resolve: Resolver = system_resolver,
    ) -> None:
        super().__init__(verify=trust, limits=limits)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Guard(allowed, resolve),
        )


class _Guard(httpcore.AsyncNetworkBackend):
    """Judges before it connects."""

    def __init__(self, allowed: Collection[str], resolve: Resolver) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._allowed = allowed
        self._resolve = resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            address = await venue_address(host, port, allowed=self._allowed, resolve=self._resolve)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
