"""Reads the ECB's rate files; no key, no account."""

from __future__ import annotations

from collections.abc import Mapping

from truenav.connect.asking import Endpoint
from truenav.connect.contract import Credentials, Gathered, Manifest, ParseContext, Parser
from truenav.connect.errors import MalformedPayloadError, VenueError
from truenav.connect.gathering import Harvest, alone
from truenav.connect.prices.ecb.manifest import MANIFEST
from truenav.connect.prices.ecb.parse import PARSERS
from truenav.connect.transport import Transport
from truenav.core.failure import FailureKind

RATES = Endpoint("rates/1", "/stats/eurofxref/eurofxref-hist-90d.xml", "files", host="web")


class EcbConnector:
    """Euro fixings of the last ninety days, in one file."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """A file is there and whole, or it is not."""
        if status < 400 and not body.rstrip().endswith(b"Envelope>"):
            return MalformedPayloadError("the file does not end as the ECB's do; it is cut off or a page.")
        return None if status < 400 else VenueError(f"the file is not there (status {status}).")

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """All fixings of known currencies in the ninety-day file."""
        del credentials
        harvest = Harvest(api, context, MANIFEST.name, FailureKind.UNPRICED)

        await harvest.run([alone(api, RATES)])
        return harvest.gathered()


CONNECTOR = EcbConnector()
