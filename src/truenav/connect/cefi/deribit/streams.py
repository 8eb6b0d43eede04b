"""Which channels of Deribit tell prices (the ticker of each market), and which tell an account's changes."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping

from truenav.connect.cefi.deribit.client import login
from truenav.connect.cefi.deribit.errors import refusal
from truenav.connect.cefi.deribit.manifest import MANIFEST
from truenav.connect.contract import Credentials, Entry, Heard, ParseContext, StreamPlan
from truenav.connect.document import Node, read_json
from truenav.connect.errors import KeyForbiddenError
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport

CHANNELS_A_MESSAGE = 100
SILENCE = 30.0
PATH = "/ws/api/v2"
_PING = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "public/test", "params": {}}, separators=(",", ":"))
"""Asked where nothing came for half of the silence; any answer is a sign of life."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The tickers of the known markets, where there is one to follow.

    No heartbeat is asked for: the venue would then end a connection that does not answer in time.
    """
    names = sorted(one.code for one in context.instruments.instruments.values() if one.venue == MANIFEST.name)
    channels = [f"ticker.{name}.100ms" for name in names]
    hello = tuple(
        json.dumps(
            {
                "jsonrpc": "2.0",
                "id": start + 1,
                "method": "public/subscribe",
                "params": {"channels": channels[start : start + CHANNELS_A_MESSAGE]},
            },
            separators=(",", ":"),
        )
        for start in range(0, len(channels), CHANNELS_A_MESSAGE)
    )
    return (StreamPlan("stream.ticker/1", "public", PATH, hello, SILENCE, ping=_PING),) if hello else ()


_PRIVATE = ("user.changes.any.any.raw", "user.portfolio.any")
_RENEW_AT = 0.8
"""Share of a token's life after which it is renewed."""
_LOG_IN, _SUBSCRIBE = 1, 2


def account_streams(wallets: Collection[str]) -> tuple[DeribitAccountStream, ...]:
    """One stream of the one wallet."""
    return (DeribitAccountStream(),) if wallets else ()


class DeribitAccountStream:
    """Trades, orders and positions of all markets, and the portfolio of each currency.

    A portfolio is told again and again as marks move; it is news where its balance moved.
    """

    plan = StreamPlan(PRIVATE, "public", PATH, (), SILENCE, ping=_PING)

    def __init__(self) -> None:
        self.renewal = math.inf
        self._refresh = ""
        self._balances: dict[str, str] = {}

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Log in by signature: the key's own secret is not sent."""
        self.renewal, self._refresh, self._balances = math.inf, "", {}
        params = login(credentials, api.now() + api.gate.clock_offset)
        return Entry(PATH, (_ask(_LOG_IN, "public/auth", params),))

    def hear(self, message: bytes) -> Heard:
        """Answers by their number, news by their channel."""
        told = read_json(message)
        if told.text_or("method") == "subscription":
            return self._news(told.field("params"))
        number = told.text_or("id")
        if told.maybe("error") is not None:
            raise refusal(400, message) or told.wrong("an error without a code")
        if number == str(_LOG_IN):
            first = not self._refresh
            result = told.field("result")
            self._refresh = result.text("refresh_token")
            self.renewal = int(result.decimal("expires_in")) * _RENEW_AT
            return Heard(
                say=(_ask(_SUBSCRIBE, "private/subscribe", {"channels": _PRIVATE}),) if first else ()
            )
        if number == str(_SUBSCRIBE):
            given = {one.value for one in told.field("result").items()}
            if missing := set(_PRIVATE) - given:
                raise KeyForbiddenError(
                    f"deribit gives no {', '.join(sorted(missing))}; let the key read it."
                )
            return Heard(standing=True)
        return Heard()

    def _news(self, params: Node) -> Heard:
        if not params.text("channel").startswith("user.portfolio."):
            return Heard(news="order")
        data = params.field("data")
        currency, balance = data.text("currency"), data.text("balance")
        changed = self._balances.get(currency, balance) != balance
        self._balances[currency] = balance
        return Heard(news="balance" if changed else "")

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """A new token for the old one, on the connection that has it."""
        del api, credentials
        return (
            _ask(_LOG_IN, "public/auth", {"grant_type": "refresh_token", "refresh_token": self._refresh}),
        )


def _ask(number: int, method: str, params: Mapping[str, object]) -> str:
    asked = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(asked, separators=(",", ":"))
