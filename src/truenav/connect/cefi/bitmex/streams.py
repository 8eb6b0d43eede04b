"""Topics of BitMEX: the instrument table, market by market, and those that tell an account's changes."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence

from truenav.connect.cefi.bitmex.answers import VENUE
from truenav.connect.cefi.bitmex.client import GOOD_FOR, signature
from truenav.connect.cefi.bitmex.errors import refused
from truenav.connect.contract import Credentials, Entry, Heard, ParseContext, StreamPlan
from truenav.connect.document import read_json
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport

TOPICS_A_MESSAGE = 50
SILENCE = 30.0
PATH = "/realtime"


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The instrument table of the known markets that are still listed, where there is one to follow."""
    known = context.instruments.instruments.values()
    names = sorted(one.code for one in known if one.venue == VENUE and one.valid_to is None)
    topics = [f"instrument:{name}" for name in names]
    hello = tuple(
        _say("subscribe", topics[start : start + TOPICS_A_MESSAGE])
        for start in range(0, len(topics), TOPICS_A_MESSAGE)
    )
    plan = StreamPlan("stream.instrument/1", "public", PATH, hello, SILENCE, ping="ping", pong="pong")
    return (plan,) if hello else ()


_LOG_IN = "authKeyExpires"
_NEWS: Mapping[str, str] = {"execution": "fill", "order": "order", "wallet": "balance", "transact": "balance"}
"""Tables that tell together whatever changes balances, positions and orders; marks alone are none of it."""
_BEFORE = "partial"


def account_streams(wallets: Collection[str]) -> tuple[BitmexAccountStream, ...]:
    """One stream of the one wallet."""
    return (BitmexAccountStream(),) if wallets else ()


class BitmexAccountStream:
    """Executions, orders, wallet and its movements, subscribed to after the log-in."""

    plan = StreamPlan(PRIVATE, "public", PATH, (), SILENCE, ping="ping", pong="pong")
    renewal = math.inf

    def __init__(self) -> None:
        self._waiting: set[str] = set()

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Log in by signature, which holds for some seconds."""
        self._waiting = set(_NEWS)
        until = int((api.now() + api.gate.clock_offset + GOOD_FOR).timestamp())
        signed = signature(credentials, f"GET{PATH}{until}")
        return Entry(PATH, (_say(_LOG_IN, [credentials.key, until, signed]),))

    def hear(self, message: bytes) -> Heard:
        """Answers to the log-in and the subscriptions, what was before (which is no news), and news."""
        told = read_json(message)
        if told.maybe("error") is not None:
            status = told.text_or("status", "400")
            raise refused(int(status) if status.isdecimal() else 400, told.text("error")[:200])
        table = told.text_or("table")
        if table:
            return Heard(news="" if told.text("action") == _BEFORE else _NEWS.get(table, table))
        self._waiting.discard(told.text_or("subscribe"))
        if told.maybe("request") is not None and told.field("request").text_or("op") == _LOG_IN:
            return Heard(say=(_say("subscribe", list(_NEWS)),))
        return Heard(standing=not self._waiting)

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """A log-in holds as long as its connection."""
        del api, credentials
        return ()


def _say(verb: str, args: Sequence[object]) -> str:
    return json.dumps({"op": verb, "args": args}, separators=(",", ":"))
