"""A connection's connector, completed by its settings, and where it is asked."""

from __future__ import annotations

from truenav.app.sources.model import Connection
from truenav.connect.contract import Connector
from truenav.connect.registry import configured


def open_source(connection: Connection) -> tuple[Connector, str | None]:
    """The connector as the settings complete it, and its base URL (None: the venue's own hosts).

    What settings name is an address of its own, with a budget of its own. Raises ``InvalidInputError`` for
    settings that do not fit.
    """
    source = configured(connection.connector, connection.settings)
    named = next(iter(source.manifest.hosts.values()), None) if connection.settings else None
    return source, connection.base_url or named
