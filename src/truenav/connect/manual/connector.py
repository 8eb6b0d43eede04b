"""The manual entry's place in the registry."""

from __future__ import annotations

from collections.abc import Mapping

from truenav.connect.contract import Manifest, Parser
from truenav.connect.errors import VenueError
from truenav.connect.manual.manifest import MANIFEST
from truenav.connect.manual.parse import PARSERS


class ManualConnector:
    """States what people enter; it asks nobody."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Nobody answers, so nobody refuses."""
        del status, body
        return None


CONNECTOR = ManualConnector()
