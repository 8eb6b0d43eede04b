"""Streams of HTX: last prices of pairs, marks of contracts, and those that tell an account's changes.

Spot's private stream and those of contracts speak differently; all but spot's private one are compressed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from truenav.connect.cefi.htx.answers import (
    COINFUTURES,
    COINSWAP,
    CROSS,
    ISOLATED,
    SPOT,
    USDTM,
    VENUE,
)
from truenav.connect.cefi.htx.client import signature, stamp
from truenav.connect.cefi.htx.errors import DONE, stream_refusal
from truenav.connect.cefi.htx.manifest import MANIFEST
from truenav.connect.contract import Credentials, Entry, Heard, ParseContext, StreamPlan
from truenav.connect.document import Node, read_json
from truenav.connect.errors import VenueUnavailableError
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport
from truenav.core.instrument import InstrumentKind

_SILENCE = 30.0
"""The venue asks every five seconds whether we are there; on spot's private stream, every twenty."""
_SPOT_SILENCE = 60.0
_A_STREAM = 100
_DIGITS = 20

# -- prices ---------------------------------------------------------------------------------------


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """Streams that follow the last prices of these pairs and the marks of these contracts."""
    ours = [one for one in context.instruments.instruments.values() if one.venue == VENUE]
    pairs = sorted(one.code for one in ours if one.kind is InstrumentKind.SPOT)
    contracts = sorted(one.code for one in ours if one.kind is not InstrumentKind.SPOT)
    return (
        *_plans("spot", "/ws", [f"market.{code}.detail" for code in pairs]),
        *_plans("contract", "/ws_index", [f"market.{code}.mark_price.1min" for code in contracts]),
    )


def _plans(host: str, path: str, topics: Sequence[str]) -> tuple[StreamPlan, ...]:
    parts = (topics[n : n + _A_STREAM] for n in range(0, len(topics), _A_STREAM))
    return tuple(
        StreamPlan(
            "stream/1", host, path, tuple(_say(sub=one, id=one) for one in part), _SILENCE, answer=_pong
        )
        for part in parts
    )


def _pong(message: bytes) -> str:
    """The number that the venue asks with, given back."""
    if not message.startswith(b'{"ping"'):
        return ""
    return _say(pong=_same(read_json(message), "ping"))


# -- accounts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """One private stream: its host in the manifest, its path, and what is subscribed to."""

    host: str
    path: str
    topics: tuple[Mapping[str, str], ...]
    silence: float = _SILENCE


_OF_SPOT = tuple({"ch": name} for name in ("accounts.update#2", "orders#*", "trade.clearing#*#0"))
_OF_COINS = tuple({"topic": f"{name}.*"} for name in ("accounts", "positions", "orders"))
_OF_LINEAR: tuple[Mapping[str, str], ...] = (
    {"topic": "account"},
    {"topic": "positions", "contract_code": "*"},
    {"topic": "orders", "contract_code": "*"},
)
_CONTRACTS = {
    USDTM: _Line("contract", "/ws/v5/notification", _OF_LINEAR),
    COINSWAP: _Line("contract", "/swap-notification", _OF_COINS),
    COINFUTURES: _Line("contract", "/notification", _OF_COINS),
}
_NEWS = {
    "account": "balance",
    "accounts": "balance",
    "positions": "position",
    "orders": "order",
    "trade": "fill",
}


def account_streams(wallets: Collection[str]) -> tuple[HtxSpotStream | HtxContractStream, ...]:
    """One stream of spot with its margin wallets, and one of each family of contracts."""
    spot = (HtxSpotStream(),) if {SPOT, CROSS, ISOLATED} & set(wallets) else ()
    return (*spot, *(HtxContractStream(line) for name, line in _CONTRACTS.items() if name in wallets))


class _AccountStream:
    """A private stream that stands once each of its topics is confirmed."""

    renewal = math.inf

    def __init__(self, line: _Line) -> None:
        self.plan = StreamPlan(PRIVATE, line.host, line.path, (), line.silence)
        self._line = line
        self._waiting = 0

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Log in by signature, which holds for five minutes."""
        self._waiting = len(self._line.topics)
        return Entry(self._line.path, (self._login(credentials, stamp(api.now() + api.gate.clock_offset)),))

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """A log-in holds as long as its connection."""
        del api, credentials
        return ()

    def _login(self, credentials: Credentials, at: str) -> str:
        raise NotImplementedError

    def _signed(self, credentials: Credentials, asked: Mapping[str, str]) -> str:
        host = urlsplit(MANIFEST.streams[self._line.host]).netloc
        return signature(credentials, host, "GET", self._line.path, urlencode(sorted(asked.items())))

    def _confirmed(self) -> Heard:
        self._waiting -= 1
        return Heard(standing=self._waiting <= 0)


class HtxSpotStream(_AccountStream):
    """Balances, orders and fills of spot and margin. What stands at the beginning is told, too: no news."""

    def __init__(self) -> None:
        super().__init__(_Line("spot", "/ws/v2", _OF_SPOT, _SPOT_SILENCE))

    def _login(self, credentials: Credentials, at: str) -> str:
        asked = {
            "accessKey": credentials.key,
            "signatureMethod": "HmacSHA256",
            "signatureVersion": "2.1",
            "timestamp": at,
        }
        signed = self._signed(credentials, asked)
        return _say(action="req", ch="auth", params={"authType": "api", **asked, "signature": signed})

    def hear(self, message: bytes) -> Heard:
        """Answers to the log-in and the subscriptions, questions whether we are there, and news."""
        told = read_json(message)
        topic = told.text_or("ch")
        match told.text_or("action"):
            case "ping":
                return Heard(say=(_say(action="pong", data={"ts": _same(told.field("data"), "ts")}),))
            case "push":
                initial = topic.startswith("accounts") and told.field("data").maybe("changeType") is None
                return Heard() if initial else Heard(news=_news(topic.partition("#")[0]))
            case "req" | "sub" if told.text_or("code") != DONE:
                raise stream_refusal(told)
            case "req":
                return Heard(say=tuple(_say(action="sub", **one) for one in self._line.topics))
            case "sub":
                return self._confirmed()
        return Heard()


class HtxContractStream(_AccountStream):
    """Balances, positions and orders of contracts; what merely is told again is no news."""

    def _login(self, credentials: Credentials, at: str) -> str:
        asked = {
            "AccessKeyId": credentials.key,
            "SignatureMethod": "HmacSHA256",
            "SignatureVersion": "2",
            "Timestamp": at,
        }
        return _say(op="auth", type="api", **asked, Signature=self._signed(credentials, asked))

    def hear(self, message: bytes) -> Heard:
        """Answers to the log-in and the subscriptions, questions whether we are there, and news."""
        told = read_json(message)
        match told.text_or("op"):
            case "ping":
                return Heard(say=(_say(op="pong", ts=_same(told, "ts")),))
            case "notify":
                again = told.text_or("event") == "snapshot"
                return Heard() if again else Heard(news=_news(told.text("topic")))
            case "auth" if _is_consent(told):
                topics = enumerate(self._line.topics, 1)
                return Heard(say=tuple(_say(op="sub", cid=str(n), **one) for n, one in topics))
            case "sub" if _is_consent(told):
                return self._confirmed()
            case "close":
                raise VenueUnavailableError("HTX closes the stream; it is opened anew.")
            case "auth" | "sub" | "error":
                raise stream_refusal(told)
        return Heard()


def _news(topic: str) -> str:
    name = topic.partition(".")[0]
    return _NEWS.get(name, name)


def _is_consent(told: Node) -> bool:
    return told.text_or("err-code", "0") == "0"


def _same(told: Node, name: str) -> int:
    """The number that the venue asks with, to be given back."""
    digits = told.text(name)
    if not (digits.isascii() and digits.isdigit() and len(digits) < _DIGITS):
        raise told.wrong(f"{name} is no number to be given back")
    return int(digits)


def _say(**words: object) -> str:
    return json.dumps(words, separators=(",", ":"))
