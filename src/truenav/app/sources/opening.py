"""A connection's connector, completed by its settings, where it is asked, and asking it once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from truenav.app.house import House
from truenav.app.sources.model import Connection
from truenav.connect.contract import Archive, Connector, Payload
from truenav.connect.registry import configured
from truenav.connect.transport import Transport, open_network

T = TypeVar("T")


def open_source(connection: Connection) -> tuple[Connector, str | None]:
    """The connector as the settings complete it, and its base URL (None: the venue's own hosts).

    What settings name is an address of its own, with a budget of its own. Raises ``InvalidInputError`` for
    settings that do not fit.
    """
    source = configured(connection.connector, connection.settings)
    named = next(iter(source.manifest.hosts.values()), None) if connection.settings else None
    return source, connection.base_url or named


def ask_once(
    house: House,
    source: Connector,
    base_url: str | None,
    what: Callable[[Transport], Awaitable[T]],
    *,
    account: str = "",
    archive: Archive | None = None,
) -> T:
    """Ask a venue something by a network of its own; without an ``archive`` nothing of it is kept."""

    async def ask() -> T:
        async with open_network(
            seed=0,
            private_hosts=house.settings.private_hosts,
            clock=house.clock,
            limits=house.settings.limits_folder,
        ) as network:
            return await what(
                network.transport(source, archive or _forget, account=account, base_url=base_url)
            )

    return asyncio.run(ask())


async def _forget(payload: Payload) -> None:
    del payload
