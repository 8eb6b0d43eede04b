"""What is said and heard on the private streams of both venues."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from truenav.connect.contract import AccountStreamingConnector, Credentials
from truenav.connect.errors import KeyForbiddenError, KeyRevokedError
from truenav.connect.registry import connector
from truenav.connect.transport import Network
from truenav.core.account import Account, AccountKind
from truenav.core.ids import AccountId

from .conftest import EMPTY, market, payload, stated

PAYLOADS = Path(__file__).parents[3] / "payloads"
SECRET = base64.b64encode(b"a secret").decode()
TOKEN = b'{"error":[],"result":{"token":"WS-TOKEN","expires":900}}'


class Still:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def stream(venue):
    source = connector(venue)
    assert isinstance(source, AccountStreamingConnector)
    wallets = source.manifest.wallets
    (found,) = source.account_streams(Account(AccountId("a"), "a", venue, AccountKind.EXCHANGE, wallets))
    return found


def enter(venue, found, answer=TOKEN):
    """How a stream begins, and what was archived meanwhile."""
    kept = []

    async def archive(payload):
        kept.append(payload.body)

    async def run():
        respond = httpx.MockTransport(lambda request: httpx.Response(200, content=answer))
        async with httpx.AsyncClient(transport=respond) as http:
            network = Network([http], clock=Still(), seed=7, monotonic=lambda: 0.0)
            api = network.transport(connector(venue), archive, base_url="http://venue.test")
            return await found.enter(api, Credentials("key", SECRET))

    return asyncio.run(run()), kept


def heard(found, message):
    return found.hear(json.dumps(message).encode())


def test_kraken_gives_a_token_for_the_subscriptions_and_it_is_not_archived():
    found = stream("kraken")
    entry, kept = enter("kraken", found)
    said = [json.loads(one)["params"] for one in entry.hello]
    assert [(one["channel"], one["token"]) for one in said] == [
        ("executions", "WS-TOKEN"),
        ("balances", "WS-TOKEN"),
    ]
    assert kept == []
    done = {"method": "subscribe", "success": True}
    assert not heard(found, {**done, "result": {"channel": "executions"}}).standing
    assert heard(found, {**done, "result": {"channel": "balances"}}).standing
    assert heard(found, {"channel": "balances", "type": "snapshot", "data": []}).news == ""
    assert heard(found, {"channel": "heartbeat"}).news == ""


def test_kraken_refuses_by_request_and_on_the_stream():
    found = stream("kraken")
    with pytest.raises(KeyForbiddenError):
        enter("kraken", found, b'{"error":["EGeneral:Permission denied"]}')
    with pytest.raises(KeyRevokedError):
        heard(found, {"method": "subscribe", "success": False, "error": "ESession:Invalid session"})


def test_kraken_futures_wants_its_challenge_signed():
    found = stream("krakenfutures")
    entry, _ = enter("krakenfutures", found)
    assert [json.loads(one) for one in entry.hello] == [{"event": "challenge", "api_key": "key"}]
    answer = heard(found, {"event": "challenge", "message": "c100b894-1729-464d-ace1-52dbce11db42"})
    said = {one["feed"]: one for one in map(json.loads, answer.say)}
    assert said.keys() == {"heartbeat", "account_log", "open_orders", "fills"}
    digest = hashlib.sha256(b"c100b894-1729-464d-ace1-52dbce11db42").digest()
    mark = base64.b64encode(hmac.new(b"a secret", digest, hashlib.sha512).digest()).decode()
    assert said["fills"]["signed_challenge"] == mark
    standing = [heard(found, {"event": "subscribed", "feed": feed}).standing for feed in said]
    assert standing == [False, False, False, True]
    assert heard(found, {"feed": "account_log_snapshot", "logs": []}).news == ""
    with pytest.raises(KeyRevokedError):
        heard(found, {"event": "alert", "message": "Failed to subscribe to authenticated feed"})


@pytest.mark.parametrize(
    ("venue", "news"), [("kraken", {"order", "balance"}), ("krakenfutures", {"balance", "order", "fill"})]
)
def test_documented_messages_are_news(venue, news):
    messages = json.loads((PAYLOADS / venue / "stream-private.json").read_bytes())
    assert {heard(stream(venue), one).news for one in messages} == news


def test_each_pair_is_subscribed_to_by_itself_and_by_its_name_on_the_stream():
    (plan,) = connector("kraken").market_streams(market())
    assert plan.path == "/v2"
    assert [json.loads(one)["params"]["symbol"] for one in plan.hello] == [
        ["BTC/USD"],
        ["ETH/BTC"],
        ["ETH/EUR"],
        ["USDT/USD"],
    ]
    assert connector("kraken").market_streams(EMPTY) == ()


def test_the_mark_of_a_position_on_margin_is_followed_by_itself():
    margin = market().instruments.instruments["kraken-margin:XXBTZUSD"]
    context = EMPTY.with_instruments((margin,))
    (plan,) = connector("kraken").market_streams(context)
    assert [json.loads(one)["params"]["symbol"] for one in plan.hello] == [["BTC/USD"]]
    (mark,) = stated("stream.ticker/1", payload("stream-ticker"), context).facts
    assert mark.body.base == "kraken-margin:XXBTZUSD"
