"""Where we may connect to: a name is resolved once, and what was judged is what is connected to.

So neither a name of an inside host, nor one that answers differently the second time, nor an address in
disguise (mapped, tunnelled, translated) reaches what only this machine's neighbours should reach.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection, Sequence

from truenav.core.failure import ForbiddenError, UnavailableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

Resolver = Callable[[str, int], Sequence[str]]
"""``(host, port)`` to addresses as text, best first; raises ``OSError``."""

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_SHARED = ipaddress.ip_network("100.64.0.0/10")


class HostNotAllowedError(ForbiddenError):
    """The host is not a public one, and no administrator allowed it."""

    code = "host-not-allowed"
    title = "This host may not be contacted"


class HostUnknownError(UnavailableError):
    """The name of the host leads to no address."""

    code = "host-unknown"
    title = "The host cannot be found"


def system_resolver(host: str, port: int) -> Sequence[str]:
    """What this machine's resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]).partition("%")[0] for one in found]


def safe_address(
    host: str, port: int, *, allowed: Collection[str], resolve: Resolver = system_resolver
) -> str:
    """The one address to connect to.

    ``allowed`` are hosts (names or addresses, in lower case) that an administrator permits wherever they
    lead. Raises ``HostNotAllowedError`` if any address of another host is not public, ``HostUnknownError``
    if there is none.
    """
    try:
        found = list(resolve(host, port))
    except (OSError, UnicodeError) as error:
        raise HostUnknownError(f"{host[:100]!r} leads to no address; check the name.") from error
    if not found:
        raise HostUnknownError(f"{host[:100]!r} leads to no address; check the name.")
    if host.lower().rstrip(".") not in allowed:
        for text in found:
            if not is_public(text):
                raise HostNotAllowedError(
                    f"{host[:100]!r} is not a public host. An administrator can allow it under Notices.",
                    host=host[:100],
                )
    return found[0]


def is_public(text: str) -> bool:
    """Whether an address is one of the open internet, looked at through every disguise."""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return False
    for inner in _inside(address):
        if not inner.is_global or inner.is_multicast or inner.is_reserved or inner.is_unspecified:
            return False
        if inner.version == 4 and inner in _SHARED:
            return False
    return True


def _inside(address: Address) -> list[Address]:
    """The address and the one that it carries: IPv4-mapped, 6to4, Teredo, NAT64.

    Translated and mapped ones are judged by what they carry alone.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _TRANSLATED:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    if address.teredo is not None:
        return [address, *address.teredo]
    return [address]
