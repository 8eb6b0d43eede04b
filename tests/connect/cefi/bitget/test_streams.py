"""The private stream: its log-in, its channels, and what it tells."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json

import pytest

from truenav.connect.cefi.bitget.streams import account_streams
from truenav.connect.contract import AccountStreamingConnector
from truenav.connect.errors import ClockSkewError, KeyRevokedError, MalformedPayloadError
from truenav.connect.news import PRIVATE
from truenav.connect.registry import connector

from .conftest import KEY, Venue, body, stated

CONFIRMED = b'{"event":"subscribe","arg":{"instType":"%s","channel":"%s","coin":"default"}}'


def entered(line, *wallets):
    async def run():
        async with line(Venue()) as one:
            (stream,) = account_streams(wallets)
            return stream, await stream.enter(one.transport(), KEY)

    return asyncio.run(run())


def test_a_stream_is_entered_by_signature_and_stands_when_all_channels_do(line):
    stream, entry = entered(line, "spot", "cross")
    (login,) = (json.loads(one)["args"][0] for one in entry.hello)
    text = f"{login['timestamp']}GET/user/verify"
    digest = hmac.new(KEY.secret.encode(), text.encode(), hashlib.sha256).digest()
    assert login["sign"] == base64.b64encode(digest).decode()
    (said,) = stream.hear(b'{"event":"login","code":0,"msg":""}').say
    topics = [(one["instType"], one["channel"]) for one in json.loads(said)["args"]]
    assert topics == [
        ("SPOT", "account"),
        ("SPOT", "orders"),
        ("SPOT", "fill"),
        ("MARGIN", "account-crossed"),
    ]
    told = [stream.hear(CONFIRMED % (kind.encode(), name.encode())).standing for kind, name in topics]
    assert told == [False, False, False, True]


def test_each_message_tells_what_changed_and_states_nothing(line):
    stream, _ = entered(line, "spot", "usdtm", "cross")
    messages = json.loads(body("stream-private"))
    news = [stream.hear(json.dumps(one).encode()).news for one in messages]
    assert news == ["balance", "fill", "balance", "position", "order", "balance"]
    assert stated(PRIVATE, body("stream-private")).facts == ()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b'{"event":"error","code":30005,"msg":"login failed"}', KeyRevokedError),
        (b'{"event":"error","code":30014,"msg":"timestamp expired"}', ClockSkewError),
        (b'{"event":"", "arg":{"channel":"fill"}}', MalformedPayloadError),
    ],
)
def test_refusals_and_broken_messages(line, said, error):
    stream, _ = entered(line, "spot")
    with pytest.raises(error):
        stream.hear(said)


def test_wallets_that_the_venue_tells_nothing_of_have_no_stream():
    assert account_streams(("funding", "earn")) == ()
    assert isinstance(connector("bitget"), AccountStreamingConnector)
