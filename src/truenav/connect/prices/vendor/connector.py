"""Reads a price vendor: all known assets in US dollars."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from truenav.connect.asking import Endpoint, Params, Signed, Signer
from truenav.connect.contract import Credentials, Gathered, Manifest, ParseContext, Parser
from truenav.connect.document import looks_cut_off
from truenav.connect.errors import KeyRevokedError, VenueError
from truenav.connect.gathering import Harvest, Pages
from truenav.connect.prices.vendor.manifest import MANIFEST
from truenav.connect.prices.vendor.parse import PARSERS
from truenav.connect.transport import Transport
from truenav.core.asset import AssetKind
from truenav.core.failure import FailureKind

PAIRS_A_REQUEST = 100
PRICES = Endpoint("prices/1", "/v1/prices", "prices")
_PRICED = frozenset({AssetKind.CRYPTO, AssetKind.STABLECOIN, AssetKind.RECEIPT})


class VendorConnector:
    """Prices of crypto assets in US dollars."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """401 and 403 are the key's; other refusals are named by their status."""
        if status in (401, 403):
            return KeyRevokedError(
                f"the key is not accepted (status {status}); enter the vendor's key again."
            )
        return looks_cut_off(body) if status < 400 else VenueError(f"refused (status {status}).")

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """The latest price of every known crypto asset."""
        harvest = Harvest(api, context, MANIFEST.name, FailureKind.UNPRICED)
        pairs = sorted(
            f"{asset.symbol}-USD" for asset in context.assets.assets.values() if asset.kind in _PRICED
        )
        sign = _signer(credentials) if credentials is not None else None

        async def ask(some: list[str]) -> Pages:
            params = {"pairs": ",".join(some)}
            return Pages((await api.get(PRICES, params, signer=sign),))

        parts = [pairs[n : n + PAIRS_A_REQUEST] for n in range(0, len(pairs), PAIRS_A_REQUEST)]
        await harvest.run([("prices/1", ask(part)) for part in parts])
        return harvest.gathered()


def _signer(credentials: Credentials) -> Signer:
    def sign(method: str, path: str, params: Params, now: object) -> Signed:
        del method, path, now
        query = urlencode(params)
        return Signed(query, {"X-Api-Key": credentials.key})

    return sign


CONNECTOR = VendorConnector()
