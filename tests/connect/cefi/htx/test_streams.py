"""Streams of HTX: compressed prices over a real socket, log-ins, and what private streams tell."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from websockets.asyncio.server import serve

from truenav.connect.cefi.htx.streams import account_streams
from truenav.connect.contract import AccountStreamingConnector, Parsed
from truenav.connect.errors import KeyRevokedError, MalformedPayloadError, VenueUnavailableError
from truenav.connect.news import PRIVATE
from truenav.connect.registry import connector
from truenav.connect.streaming import MAX_MESSAGE, MarketStream, StreamState, unpacked
from truenav.core.clock import SystemClock
from truenav.core.facts import QuoteKind

from .conftest import KEY, Venue, body, market, stated


def entered(line, *wallets):
    """The streams of an account, and what each says first."""

    async def run():
        async with line(Venue()) as one:
            streams = account_streams(wallets)
            return streams, [await stream.enter(one.transport(), KEY) for stream in streams]

    return asyncio.run(run())


def signed(host, path, asked):
    message = f"GET\n{host}\n{path}\n{urlencode(sorted(asked.items()))}".encode()
    return base64.b64encode(hmac.new(KEY.secret.encode(), message, hashlib.sha256).digest()).decode()


def quotes(parsed: Parsed):
    return [(one.body.kind, one.body.price) for one in parsed.facts]


def test_pairs_are_followed_by_last_price_and_contracts_by_mark():
    spot, contracts = connector("htx").market_streams(market())
    assert (spot.stream, spot.path, contracts.path) == ("spot", "/ws", "/ws_index")
    assert json.loads(spot.hello[0]) == {"sub": "market.btcusdt.detail", "id": "market.btcusdt.detail"}
    assert any('"market.BTC-USDT.mark_price.1min"' in one for one in contracts.hello)


def test_messages_of_prices_state_them(read):
    assert quotes(read("stream/1", "stream-spot")) == [(QuoteKind.LAST, Decimal("87000.02"))]
    assert quotes(read("stream/1", "stream-mark")) == [(QuoteKind.MARK, Decimal("87011.3"))]


def test_an_unlisted_market_is_left_out_and_other_refusals_are_told():
    gone = b'{"status":"error","err-code":"bad-request","err-msg":"invalid symbol oldusdt","ts":1}'
    assert stated("stream/1", gone) == Parsed()
    with pytest.raises(MalformedPayloadError, match="too many"):
        stated("stream/1", gone.replace(b"invalid symbol oldusdt", b"too many topics"))
    with pytest.raises(MalformedPayloadError, match="nobody subscribed"):
        stated("stream/1", body("stream-spot").replace(b".detail", b".bbo"))


def test_a_compressed_stream_is_read_and_its_question_is_answered():
    """The stand-in tells no price before its question is answered with the same number."""

    async def scenario():
        asked: list[str] = []

        async def venue(connection):
            asked.append(await connection.recv())
            await connection.send(gzip.compress(b'{"ping":1767225600123}', mtime=0))
            while (said := await connection.recv()) != '{"pong":1767225600123}':
                asked.append(said)
            await connection.send(gzip.compress(body("stream-mark")))
            await connection.wait_closed()

        told: list[Parsed] = []
        plan = connector("htx").market_streams(market())[1]
        async with serve(venue, "127.0.0.1", 0) as server:
            stream = MarketStream(
                connector("htx"),
                plan,
                market(),
                take=lambda _, parsed: told.append(parsed),
                catch_up=lambda: asyncio.sleep(0),
                clock=SystemClock(),
                seed=1,
                private_hosts={"127.0.0.1"},
                base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
            )
            following = asyncio.create_task(stream.run())
            async with asyncio.timeout(5):
                while not any(one.facts for one in told):
                    await asyncio.sleep(0.005)
            assert stream.health.state is StreamState.STANDING
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        assert asked == list(plan.hello)
        assert quotes(told[-1]) == [(QuoteKind.MARK, Decimal("87011.3"))]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "message",
    [gzip.compress(b"{}", mtime=0)[:-9], b"\x1f\x8bnothing", gzip.compress(b" " * (MAX_MESSAGE + 1))],
)
def test_a_compressed_message_that_is_cut_short_broken_or_huge_is_refused(message):
    with pytest.raises(MalformedPayloadError):
        unpacked(message)


def test_spot_logs_in_by_signature_and_stands_when_all_topics_do(line):
    (stream,), (entry,) = entered(line, "spot", "cross")
    params = json.loads(entry.hello[0])["params"]
    asked = {name: one for name, one in params.items() if name not in ("authType", "signature")}
    assert params["signature"] == signed("api.huobi.pro", "/ws/v2", asked)
    subscribed = stream.hear(b'{"action":"req","code":200,"ch":"auth","data":{}}').say
    topics = [json.loads(one)["ch"] for one in subscribed]
    told = [
        stream.hear(json.dumps({"action": "sub", "code": 200, "ch": one, "data": {}}).encode()).standing
        for one in topics
    ]
    assert told == [False, False, True]
    assert stream.hear(b'{"action":"ping","data":{"ts":1767225600123}}').say == (
        '{"action":"pong","data":{"ts":1767225600123}}',
    )


def test_each_family_of_contracts_has_a_stream_of_its_own(line):
    streams, entries = entered(line, "usdtm", "coinswap", "coinfutures")
    assert [one.path for one in entries] == ["/ws/v5/notification", "/swap-notification", "/notification"]
    for stream, entry in zip(streams, entries, strict=True):
        login = json.loads(entry.hello[0])
        asked = {name: one for name, one in login.items() if name not in ("op", "type", "Signature")}
        assert login["Signature"] == signed("api.hbdm.com", entry.path, asked)
        subscribed = stream.hear(b'{"op":"auth","type":"api","err-code":0,"ts":1,"data":{}}').say
        answers = [{**json.loads(one), "err-code": 0} for one in subscribed]
        assert [stream.hear(json.dumps(one).encode()).standing for one in answers] == [False, False, True]
        assert stream.hear(b'{"op":"ping","ts":"1767225600123"}').say == ('{"op":"pong","ts":1767225600123}',)


def test_each_message_tells_what_changed_and_states_nothing(line):
    (spot, linear), _ = entered(line, "spot", "usdtm")
    messages = json.loads(body("stream-private"))
    by_spot = {True: spot, False: linear}
    news = [by_spot["action" in one].hear(json.dumps(one).encode()).news for one in messages]
    assert news == ["balance", "order", "fill", "balance", "position", "order", "balance"]
    assert stated(PRIVATE, body("stream-private")).facts == ()


def test_what_is_told_at_the_beginning_or_again_is_no_news(line):
    (spot, linear), _ = entered(line, "spot", "usdtm")
    first = b'{"action":"push","ch":"accounts.update#2","data":{"currency":"btc","changeType":null}}'
    assert spot.hear(first).news == ""
    assert linear.hear(b'{"op":"notify","topic":"positions","event":"snapshot","data":[]}').news == ""


@pytest.mark.parametrize(
    ("wallet", "said", "error"),
    [
        ("spot", b'{"action":"req","code":2002,"ch":"auth","message":"auth.fail"}', KeyRevokedError),
        ("spot", b'{"action":"sub","code":500,"ch":"accounts.update#2"}', VenueUnavailableError),
        ("spot", b'{"action":"ping","data":{"ts":"now"}}', MalformedPayloadError),
        ("spot", b'{"action":"push","ch":"accounts.update#2"}', MalformedPayloadError),
        ("usdtm", b'{"op":"auth","err-code":2003,"err-msg":"Authentication failed"}', KeyRevokedError),
        ("usdtm", b'{"op":"close","ts":1}', VenueUnavailableError),
        ("usdtm", b'{"op":"notify","event":"filled"}', MalformedPayloadError),
    ],
)
def test_refusals_and_broken_messages(line, wallet, said, error):
    (stream,), _ = entered(line, wallet)
    with pytest.raises(error):
        stream.hear(said)


def test_wallets_that_the_venue_tells_nothing_of_have_no_stream():
    assert account_streams(("otc",)) == ()
    assert isinstance(connector("htx"), AccountStreamingConnector)
