"""Channels of KuCoin that tell an account's changes: one stream for spot and margin, one for futures."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from truenav.connect.asking import Outgoing, always
from truenav.connect.cefi.kucoin.answers import FUTURES, ISOLATED, MAIN, MARGIN, TRADE, answered
from truenav.connect.cefi.kucoin.client import signer
from truenav.connect.contract import Credentials, Entry, Heard, StreamPlan
from truenav.connect.document import read_json
from truenav.connect.errors import KeyRevokedError, VenueUnavailableError
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport

_TOKEN = "/api/v1/bullet-private"  # noqa: S105 - where a token is asked for
_SILENCE = 30.0
_PING = '{"id":"0","type":"ping"}'
_BAD_TOKEN = "401"  # noqa: S105 - a code
_SPOT_PLAN = StreamPlan(PRIVATE, "spot", "/", (), _SILENCE, ping=_PING)
_FUTURES_PLAN = StreamPlan(PRIVATE, "futures", "/", (), _SILENCE, ping=_PING)
_SPOT_TOPICS = {"/account/balance": "balance", "/spotMarket/tradeOrdersV2": "order"}
_FUTURES_TOPICS = {
    "/contractAccount/wallet": "balance",
    "/contract/positionAll": "position",
    "/contractMarket/tradeOrders": "order",
}


def account_streams(wallets: Collection[str]) -> tuple[KucoinAccountStream, ...]:
    """What is told of the account's wallets; of earn products the venue tells nothing."""
    streams = []
    if {MAIN, TRADE, MARGIN, ISOLATED} & set(wallets):
        streams.append(KucoinAccountStream(_SPOT_PLAN, _SPOT_TOPICS))
    if FUTURES in wallets:
        streams.append(KucoinAccountStream(_FUTURES_PLAN, _FUTURES_TOPICS))
    return tuple(streams)


@dataclass(slots=True)
class KucoinAccountStream:
    """Topics of one host, opened with a token and subscribed to when the venue says welcome."""

    plan: StreamPlan
    topics: dict[str, str]
    renewal: float = math.inf
    _waiting: set[str] = field(default_factory=set)

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Ask for a token, which is the log-in and stands in the address."""
        self._waiting = {str(number) for number, _ in enumerate(self.topics, start=1)}
        token = await _token(api, credentials, self.plan.stream)
        return Entry(f"{self.plan.path}?token={quote(token, safe='')}&connectId=truenav")

    def hear(self, message: bytes) -> Heard:
        """The welcome, answers to the subscriptions, and news of the topics."""
        told = read_json(message)
        match told.text("type"):
            case "welcome":
                return Heard(say=tuple(map(_subscription, self.topics, range(1, len(self.topics) + 1))))
            case "ack":
                self._waiting.discard(told.text("id"))
                return Heard(standing=not self._waiting)
            case "message":
                topic = told.text("topic").partition(":")[0]
                return Heard(news=self.topics.get(topic, topic))
            case "error":
                code, text = told.text_or("code"), told.text_or("data")[:200]
                if code == _BAD_TOKEN:
                    raise KeyRevokedError(
                        f"kucoin: the stream does not accept its token ({text}).", code=code
                    )
                raise VenueUnavailableError(f"kucoin: the stream refuses ({code}: {text}).", code=code)
        return Heard()

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """A token is needed once, for the opening."""
        del api, credentials
        return ()


def _subscription(topic: str, number: int) -> str:
    told = {"id": str(number), "type": "subscribe", "topic": topic, "privateChannel": True, "response": True}
    return json.dumps(told, separators=(",", ":"))


async def _token(api: Transport, credentials: Credentials, host: str) -> str:
    """A token for one connection; asking twice does no harm. The answer is a secret and not archived."""
    url = (api.base_url or api.manifest.hosts[host]).rstrip("/") + _TOKEN
    sign = signer(credentials)

    def prepare(now: datetime) -> Outgoing:
        return Outgoing("POST", url, url, headers=sign("POST", _TOKEN, (), now).headers)

    answer = await api.send(
        PRIVATE, _TOKEN, prepare, budget="spot", weight=10, repeatable=True, secret=always
    )
    return answered(read_json(answer.body)).text("token")
