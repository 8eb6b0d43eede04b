"""Hyperliquid's requests: one path, a type in the body, weights, and histories that prove they are whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from truenav.connect.cefi.hyperliquid.fills import fill_id, funding_id
from truenav.connect.cefi.hyperliquid.ledger import USER, ledger_ids
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, KeyRevokedError, MalformedPayloadError
from truenav.connect.gathering import MAX_PAGES, Pages, Row
from truenav.connect.transport import Outgoing, Transport
from truenav.core.clock import to_milliseconds

PATH = "/info"
BUDGET = "weight"
ROWS_A_WEIGHT = 20
"""Lists cost one more for so many rows that they gave."""
SHORT = 500
"""A page of fewer rows is the last: none of the venue's caps is smaller, whether it counts rows or blocks."""
KEPT_FILLS = 10_000
"""The venue tells so many fills, the latest."""
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
    Endpoint("fills/1", "userFillsByTime", listed=True), lambda rows: [fill_id(row) for row in rows], 2000
)
FUNDING = History(
    Endpoint("funding/1", "userFunding", listed=True), lambda rows: [funding_id(row) for row in rows]
)
LEDGER = History(Endpoint("ledger/1", "userNonFundingLedgerUpdates", listed=True), ledger_ids)
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

    async def history(self, history: History, cursor: Cursor | None, since: datetime) -> Pages:
        """Rows since the cursor, oldest first; each page begins with the instant that ended the last one."""
        return (await self._history(history, cursor, since))[0]

    async def fills(self, cursor: Cursor | None, since: datetime) -> tuple[Pages, datetime | None]:
        """Fills since the cursor, and from when on the venue tells them where it has forgotten older ones."""
        return await self._history(FILLS, cursor, since, kept=KEPT_FILLS)

    async def _history(
        self, history: History, cursor: Cursor | None, since: datetime, *, kept: int | None = None
    ) -> tuple[Pages, datetime | None]:
        what = f"hyperliquid {history.endpoint.name}"
        last = None if cursor is None else Row(cursor.at, cursor.id)
        begin = since if cursor is None else cursor.at
        payloads: list[Payload] = []
        seen: set[str] = set()
        forgotten: datetime | None = None
        for _ in range(MAX_PAGES):
            payload = await self.own(history.endpoint, {"startTime": to_milliseconds(begin)})
            nodes = listed(payload)
            instants = [node.instant("time") for node in nodes]
            rows = [Row(at, name) for at, name in zip(instants, history.ids(nodes), strict=True)]
            first = min(rows, default=None)
            if last is not None and last not in rows:
                if kept is None or payloads or first is None or first.at <= last.at:
                    raise IncompletePagesError(
                        f"{what}: row {last.id} of the last page or sync does not repeat; nothing of this "
                        "endpoint is taken, the next gathering reads it again."
                    )
                forgotten = first.at
            if not payloads or not seen.issuperset(row.id for row in rows):
                payloads.append(payload)
            seen |= {row.id for row in rows}
            last = max(rows, key=lambda row: row.at, default=last)
            if len(rows) < SHORT or last is None:
                break
            if last.at == begin:
                if len(rows) < history.page:
                    break
                raise IncompletePagesError(f"{what}: {len(rows)} rows bear one instant; it cannot be turned.")
            begin = last.at
        if kept is not None and cursor is None and len(seen) >= kept:
            forgotten = min(node.instant("time") for node in listed(payloads[0]))
        return Pages(tuple(payloads), None if last is None else Cursor(last.id, last.at)), forgotten


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
