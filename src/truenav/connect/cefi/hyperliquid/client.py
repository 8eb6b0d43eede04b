"""Hyperliquid's requests: one path, a type in the body, and weights."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from truenav.connect.asking import Outgoing
from truenav.connect.cefi.hyperliquid.fills import fill_id, funding_id
from truenav.connect.cefi.hyperliquid.ledger import USER, ledger_ids
from truenav.connect.contract import Credentials, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import KeyRevokedError, MalformedPayloadError
from truenav.connect.transport import Transport

PATH = "/info"
BUDGET = "weight"
ROWS_A_WEIGHT = 20
"""Lists cost one more for so many rows that they gave."""
SHORT = 500
"""A page of fewer rows is the last: none of the venue's caps is smaller, whether it counts rows or blocks."""
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a parser's answers come from: type of request and weight; ``listed`` ones cost by rows."""

    name: str
    type: str
    weight: int = 20
    listed: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """An endpoint with a past, how the rows of one page are known, and how many it can have."""

    endpoint: Endpoint
    ids: Callable[[list[Node]], list[str]]
    page: int = SHORT
    kept: int | None = None
    """How many rows, the latest, the venue tells; None: all."""


ROLE = Endpoint("role/1", "userRole", 60)
MODE = Endpoint("mode/1", "userAbstraction")
SPOT = Endpoint("spot-state/1", "spotClearinghouseState", 2)
PERP = Endpoint("perp-state/1", "clearinghouseState", 2)
DEXES = Endpoint("perp-dexes/1", "perpDexs")
ORDERS = Endpoint("orders/1", "frontendOpenOrders")
STAKING = Endpoint("staking/1", "delegatorSummary")
VAULTS = Endpoint("vaults/1", "userVaultEquities")
REWARDS = Endpoint("rewards/1", "delegatorRewards", listed=True)
PERPS = Endpoint("perps/1", "metaAndAssetCtxs")
PAIRS = Endpoint("pairs/1", "spotMetaAndAssetCtxs")
FILLS = History(
    Endpoint("fills/1", "userFillsByTime", listed=True),
    lambda rows: [fill_id(row) for row in rows],
    page=2000,
    kept=10_000,
)
FUNDING = History(
    Endpoint("funding/1", "userFunding", listed=True), lambda rows: [funding_id(row) for row in rows]
)
LEDGER = History(Endpoint("ledger/1", "userNonFundingLedgerUpdates", listed=True), ledger_ids)
HISTORIES = (FILLS, FUNDING, LEDGER)
BALANCES = "balances/1"
"""Mode, spot balances and perpetuals joined."""
DEX_STATES = "dexes/1"
"""The list of other builders' dexes and the account's state on each joined."""


@dataclass(frozen=True, slots=True)
class HyperliquidClient:
    """Asks about one address, or about the market."""

    api: Transport
    address: str = ""

    async def ask(self, endpoint: Endpoint, params: Mapping[str, str | int] | None = None) -> Payload:
        """One answer; reading is a POST here that changes nothing, so it may be repeated."""
        url = (self.api.base_url or self.api.manifest.hosts["api"]).rstrip("/") + PATH
        asked = {"type": endpoint.type, **(params or {})}
        body = json.dumps(asked, separators=(",", ":")).encode()
        shown = tuple((name, str(value)) for name, value in asked.items())
        outgoing = Outgoing("POST", url, url, shown, {"content-type": "application/json"}, body)
        payload = await self.api.send(
            endpoint.name, PATH, lambda now: outgoing, budget=BUDGET, weight=endpoint.weight, repeatable=True
        )
        if endpoint.listed and (more := len(listed(payload)) // ROWS_A_WEIGHT):
            await self.api.gate.enter(BUDGET, more, "")
        return payload

    async def own(self, endpoint: Endpoint, params: Mapping[str, str | int] | None = None) -> Payload:
        """One answer about the address."""
        return await self.ask(endpoint, {USER: self.address, **(params or {})})

    async def balances(self) -> Payload:
        """Mode, spot balances and perpetuals, one after the other, as one answer."""
        mode = await self.own(MODE)
        spot, perps = await self._confirmed(SPOT, "balances"), await self.own(PERP)
        return await self.api.join(BALANCES, (mode, spot, perps))

    async def vaults(self) -> Payload:
        """Equity in vaults."""
        return await self._confirmed(VAULTS, "")

    async def _confirmed(self, endpoint: Endpoint, name: str) -> Payload:
        """An answer whose list, if it is empty, came empty twice."""
        payload = await self.own(endpoint)
        document = read_json(payload.body)
        rows = document.field(name) if name else document
        return payload if list(rows.items()) else await self.own(endpoint)

    async def dexes(self) -> Payload:
        """Other builders' dexes, and the account's state on each."""
        names = await self.ask(DEXES)
        rows = [row.text("name") for row in listed(names) if row.value is not None]
        states = [await self.own(PERP, {"dex": name}) for name in rows]
        return await self.api.join(DEX_STATES, (names, *states))


def account_address(credentials: Credentials) -> str:
    """The account's address, which stands where other venues have a key."""
    address = credentials.key.strip()
    if _ADDRESS.fullmatch(address) is None:
        raise KeyRevokedError(
            "hyperliquid: an account is named by its address, 0x and 40 hexadecimal digits; no key is needed."
        )
    return address.lower()


def listed(payload: Payload) -> list[Node]:
    """The rows of an answer; a malformed one is refused with its endpoint."""
    try:
        return list(read_json(payload.body).items())
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"hyperliquid {payload.evidence.endpoint}: {error.message}") from error
