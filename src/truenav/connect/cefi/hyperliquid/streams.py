"""Subscriptions of Hyperliquid: the context of each market, and those that tell an account's changes."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping

from truenav.connect.cefi.hyperliquid.answers import MAIN, VENUE
from truenav.connect.cefi.hyperliquid.client import account_address
from truenav.connect.cefi.hyperliquid.ledger import USER
from truenav.connect.contract import Credentials, Entry, Heard, ParseContext, StreamPlan
from truenav.connect.document import Node, read_json
from truenav.connect.errors import VenueError
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport

SILENCE = 50.0
"""The venue ends a connection that nobody spoke on for a minute."""
PATH = "/ws"
_PING = json.dumps({"method": "ping"}, separators=(",", ":"))
MOST = 900
"""Subscriptions of one connection; the venue allows a thousand for an address."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The contexts of the known markets, where there is one to follow."""
    names = sorted(one.code for one in context.instruments.instruments.values() if one.venue == VENUE)
    hello = tuple(_subscribe({"type": "activeAssetCtx", "coin": name}) for name in names[:MOST])
    return (StreamPlan("stream.context/1", "public", PATH, hello, SILENCE, ping=_PING),) if hello else ()


_NEWS: Mapping[str, str] = {
    "userFills": "fill",
    "userFundings": "balance",
    "userNonFundingLedgerUpdates": "balance",
    "orderUpdates": "order",
}
"""Types that tell together whatever changes balances, positions and orders; marks alone are none of it."""


def account_streams(wallets: Collection[str]) -> tuple[HyperliquidAccountStream, ...]:
    """One stream of the one wallet; stakes and vaults change through its ledger."""
    return (HyperliquidAccountStream(),) if MAIN in wallets else ()


class HyperliquidAccountStream:
    """An address's fills, funding, ledger and orders, each confirmed by itself; nobody logs in.

    The venue follows ten addresses for one of ours; the eleventh is refused and stays polled.
    """

    plan = StreamPlan(PRIVATE, "public", PATH, (), SILENCE, ping=_PING)
    renewal = math.inf

    def __init__(self) -> None:
        self._waiting: set[str] = set()

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Subscribe for the address."""
        del api
        user = account_address(credentials)
        self._waiting = set(_NEWS)
        return Entry(PATH, tuple(_subscribe({"type": name, USER: user}) for name in _NEWS))

    def hear(self, message: bytes) -> Heard:
        """Confirmations, what was before (which is no news), and news of the subscriptions."""
        told = read_json(message)
        channel = told.text("channel")
        if channel == "error":
            raise VenueError(f"hyperliquid refuses a subscription ({told.text_or('data')[:200]}).")
        if channel == "subscriptionResponse":
            self._waiting.discard(told.field("data").field("subscription").text("type"))
            return Heard(standing=not self._waiting)
        if channel not in _NEWS or _before(told.field("data")):
            return Heard()
        return Heard(news=_NEWS[channel])

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """Subscriptions hold as long as their connection."""
        del api, credentials
        return ()


def _before(data: Node) -> bool:
    """Whether a message tells the state at the time of the subscription."""
    return isinstance(data.value, dict) and data.flag("isSnapshot") is True


def _subscribe(what: Mapping[str, str]) -> str:
    return json.dumps({"method": "subscribe", "subscription": what}, separators=(",", ":"))
