"""The statements' place in the registry."""

from __future__ import annotations

from collections.abc import Mapping

from truenav.connect.contract import Manifest, Parser
from truenav.connect.errors import VenueError
from truenav.connect.otc.statements.manifest import MANIFEST
from truenav.connect.otc.statements.parse import PARSERS


class StatementConnector:
    """States what a desk's statement says; it asks nobody."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Nobody answers, so nobody refuses."""
        del status, body
        return None


CONNECTOR = StatementConnector()
