"""The stream of an address: nobody logs in, each subscription is confirmed, what was before is no news."""

from __future__ import annotations

import asyncio
import json

import pytest

from truenav.connect.cefi.hyperliquid.streams import account_streams
from truenav.connect.contract import AccountStreamingConnector, Credentials
from truenav.connect.errors import KeyRevokedError, MalformedPayloadError, VenueError
from truenav.connect.news import PRIVATE
from truenav.connect.registry import connector


def entered(lab, address):
    async def run():
        async with lab.line(lab.venue()) as line:
            (stream,) = account_streams(("main", "staking"))
            return stream, await stream.enter(line.transport(), Credentials(address, ""))

    return asyncio.run(run())


def test_a_stream_stands_when_all_subscriptions_of_the_address_do(lab):
    stream, entry = entered(lab, lab.address)
    said = [json.loads(one) for one in entry.hello]
    assert {one["subscription"]["user"] for one in said} == {lab.address}
    told = [
        stream.hear(json.dumps({"channel": "subscriptionResponse", "data": one}).encode()).standing
        for one in said
    ]
    assert told == [False, False, False, True]
    with pytest.raises(KeyRevokedError, match="0x and 40"):
        entered(lab, "0x12")


def test_each_message_tells_what_changed_and_states_nothing(lab):
    stream, _ = entered(lab, lab.address)
    messages = lab.saved("stream-private")
    news = [stream.hear(json.dumps(one).encode()).news for one in messages]
    assert news == ["", "", "fill", "", "balance", "balance", "order", ""]
    assert lab.stated(PRIVATE, messages).facts == ()


def test_refusals_and_broken_messages(lab):
    stream, _ = entered(lab, lab.address)
    with pytest.raises(VenueError, match="more than 10"):
        stream.hear(b'{"channel": "error", "data": "Cannot track more than 10 total users."}')
    for broken in (b"[]", b"{}", b'{"channel": "userFills"}'):
        with pytest.raises(MalformedPayloadError):
            stream.hear(broken)
    assert account_streams(("staking",)) == ()
    assert isinstance(connector("hyperliquid"), AccountStreamingConnector)
