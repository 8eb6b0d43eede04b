"""Kraken Futures' streams: tickers of contracts, and what tells an account's changes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from truenav.connect.cefi.krakenfutures.client import signature
from truenav.connect.cefi.krakenfutures.terms import VENUE
from truenav.connect.contract import Credentials, Entry, Heard, ParseContext, StreamPlan
from truenav.connect.document import read_json
from truenav.connect.errors import KeyRevokedError
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport

SILENCE = 30.0
"""A heartbeat is subscribed to."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The public stream, where it has something to follow; each contract is asked for by itself.

    A contract that is listed no more then refuses its own message only.
    """
    symbols = sorted(one.code for one in context.instruments.instruments.values() if one.venue == VENUE)
    if not symbols:
        return ()
    hello = (
        _say({"feed": "heartbeat"}),
        *(_say({"feed": "ticker", "product_ids": [one]}) for one in symbols),
    )
    return (StreamPlan("stream.ticker/1", "public", "/ws/v1", hello, SILENCE),)


_NEWS = {"account_log": "balance", "open_orders": "order", "fills": "fill"}


class FuturesAccountStream:
    """Each new line of the log (cash and positions), fills and orders, by a signed challenge."""

    plan = StreamPlan(PRIVATE, "public", "/ws/v1", (), SILENCE)
    renewal = math.inf

    def __init__(self) -> None:
        self._credentials = Credentials("")
        self._waiting: set[str] = set()

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Ask for a challenge."""
        del api
        self._credentials, self._waiting = credentials, set(_NEWS)
        challenge = json.dumps({"event": "challenge", "api_key": credentials.key}, separators=(",", ":"))
        return Entry(self.plan.path, (challenge,))

    def hear(self, message: bytes) -> Heard:
        """The challenge, confirmations, and news of the feeds; what a feed begins with is none."""
        told = read_json(message)
        match told.text_or("event"):
            case "challenge":
                return Heard(say=self._subscriptions(told.text("message")))
            case "subscribed":
                self._waiting.discard(told.text("feed"))
                return Heard(standing=not self._waiting)
            case "subscribed_failed" | "error" | "alert":
                raise KeyRevokedError(
                    f"krakenfutures: the key is not accepted ({told.text_or('message')[:200]}); check key, "
                    "secret and its access to the general API."
                )
            case "":
                return Heard(news=_NEWS.get(told.text_or("feed"), ""))
        return Heard()

    def _subscriptions(self, challenge: str) -> tuple[str, ...]:
        proof = {
            "api_key": self._credentials.key,
            "original_challenge": challenge,
            "signed_challenge": signature(self._credentials.secret, challenge),
        }
        return (_say({"feed": "heartbeat"}), *(_say({"feed": feed, **proof}) for feed in _NEWS))

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """A log-in holds as long as its connection."""
        del api, credentials
        return ()


def _say(what: Mapping[str, object]) -> str:
    return json.dumps({"event": "subscribe", **what}, separators=(",", ":"))
