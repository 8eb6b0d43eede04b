"""Topics of Bybit: tickers of pairs and of contracts, and those that tell an account's changes."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from datetime import timedelta

from truenav.connect.cefi.bybit.answers import SPOT, UNIFIED, VENUE
from truenav.connect.cefi.bybit.client import signature
from truenav.connect.cefi.bybit.errors import stream_refusal
from truenav.connect.contract import Credentials, Entry, Heard, ParseContext, StreamPlan
from truenav.connect.document import read_json
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport
from truenav.core.clock import to_milliseconds
from truenav.core.instrument import Instrument, InstrumentKind

SILENCE = 20.0
LOGIN_WITHIN = timedelta(seconds=10)
_PING = '{"op":"ping"}'


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """One stream for each product that has something to follow."""
    topics: dict[str, list[str]] = {}
    for one in context.instruments.instruments.values():
        if one.venue == VENUE:
            topics.setdefault(category(one), []).append(f"tickers.{one.code}")
    return tuple(_plan(product, sorted(topics[product])) for product in sorted(topics))


def category(terms: Instrument) -> str:
    """The venue's name of the product that a market belongs to."""
    if terms.kind is InstrumentKind.SPOT:
        return SPOT
    if terms.kind is InstrumentKind.OPTION:
        return "option"
    return "inverse" if terms.inverse else "linear"


def _plan(product: str, topics: list[str]) -> StreamPlan:
    """Each topic is asked for by itself: a market that is listed no more would refuse all of a message."""
    hello = tuple(json.dumps({"op": "subscribe", "args": [one]}, separators=(",", ":")) for one in topics)
    endpoint = "stream.spot/1" if product == SPOT else "stream.contracts/1"
    return StreamPlan(endpoint, "public", f"/v5/public/{product}", hello, SILENCE, ping=_PING)


_NEWS = {"wallet": "balance", "position": "position", "order": "order", "execution": "fill"}


def account_streams(wallets: Collection[str]) -> tuple[BybitAccountStream, ...]:
    """One stream of the unified account; of the others the venue tells nothing."""
    return (BybitAccountStream(),) if UNIFIED in wallets else ()


class BybitAccountStream:
    """Balances, positions, orders and executions of all products, subscribed to after the log-in."""

    plan = StreamPlan(PRIVATE, "public", "/v5/private", (), SILENCE, ping=_PING)
    renewal = math.inf

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Log in by signature, which holds for some seconds."""
        until = str(to_milliseconds(api.now() + api.gate.clock_offset + LOGIN_WITHIN))
        signed = signature(credentials, f"GET/realtime{until}")
        return Entry(self.plan.path, (_say("auth", [credentials.key, int(until), signed]),))

    def hear(self, message: bytes) -> Heard:
        """Answers to the log-in and the subscription, and news of the topics."""
        told = read_json(message)
        topic = told.text_or("topic").partition(".")[0]
        if topic:
            told.field("data").items()
            return Heard(news=_NEWS.get(topic, topic))
        verb, refused = told.text_or("op"), told.flag("success") is False
        if refused:
            raise stream_refusal(verb, told.text_or("ret_msg"))
        if verb == "auth":
            return Heard(say=(_say("subscribe", list(_NEWS)),))
        return Heard(standing=verb == "subscribe")

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """A log-in holds as long as its connection."""
        del api, credentials
        return ()


def _say(verb: str, args: Sequence[object]) -> str:
    return json.dumps({"op": verb, "args": args}, separators=(",", ":"))
