"""The private stream: its log-in, its tables, and what it tells."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json

import pytest

from truenav.connect.cefi.bitmex.streams import account_streams
from truenav.connect.contract import AccountStreamingConnector
from truenav.connect.errors import ClockSkewError, KeyForbiddenError, KeyRevokedError, MalformedPayloadError
from truenav.connect.news import PRIVATE
from truenav.connect.registry import connector

TABLES = ["execution", "order", "wallet", "transact"]


def entered(lab):
    async def run():
        async with lab.line(lab.venue()) as line:
            (stream,) = account_streams(("main",))
            return stream, await stream.enter(line.transport(), lab.key)

    return asyncio.run(run())


def test_a_stream_is_entered_by_signature_and_stands_when_all_tables_do(lab):
    stream, entry = entered(lab)
    (said,) = map(json.loads, entry.hello)
    key, until, signed = said["args"]
    expected = hmac.new(lab.key.secret.encode(), f"GET/realtime{until}".encode(), hashlib.sha256).hexdigest()
    assert (said["op"], key, signed) == ("authKeyExpires", lab.key.key, expected)
    assert lab.key.secret not in entry.hello[0]
    answer = {"success": True, "request": said}
    (topics,) = stream.hear(json.dumps(answer).encode()).say
    assert json.loads(topics) == {"op": "subscribe", "args": TABLES}
    told = [
        stream.hear(json.dumps({"success": True, "subscribe": name, "request": json.loads(topics)}).encode())
        for name in TABLES
    ]
    assert [one.standing for one in told] == [False, False, False, True]


def test_each_message_tells_what_changed_and_states_nothing(lab):
    stream, _ = entered(lab)
    messages = lab.saved("stream-private")
    news = [stream.hear(json.dumps(one).encode()).news for one in messages]
    assert news == ["", "", "", "", "fill", "order", "balance", "balance"]
    assert lab.stated(PRIVATE, messages).facts == ()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b'{"status": 401, "error": "Signature not valid.", "meta": {}}', KeyRevokedError),
        (b'{"status": 401, "error": "This request has expired - `expires` is in the past."}', ClockSkewError),
        (b'{"status": 403, "error": "Access Denied"}', KeyForbiddenError),
        (b'{"table": "execution"}', MalformedPayloadError),
        (b"[]", MalformedPayloadError),
    ],
)
def test_refusals_and_broken_messages(lab, said, error):
    stream, _ = entered(lab)
    with pytest.raises(error):
        stream.hear(said)
    assert isinstance(connector("bitmex"), AccountStreamingConnector)
