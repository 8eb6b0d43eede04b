"""The private streams: their token, their topics, and what each message tells."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from truenav.connect.cefi.kucoin.streams import account_streams
from truenav.connect.contract import AccountStreamingConnector
from truenav.connect.errors import KeyRevokedError, MalformedPayloadError, VenueUnavailableError
from truenav.connect.news import PRIVATE
from truenav.connect.registry import connector

from .conftest import KEY, body_of, open_line, stated
from .standin import check_signature

TOKEN = "2neAiuYvAU61ZD=="


def entered(*wallets):
    def answer(request):
        assert request.method == "POST"
        check_signature(request)
        return httpx.Response(200, json={"code": "200000", "data": {"token": TOKEN, "instanceServers": []}})

    async def run():
        async with open_line(answer) as line:
            streams = account_streams(wallets)
            entries = [await one.enter(line.transport(), KEY) for one in streams]
            return streams, entries, line

    return asyncio.run(run())


def test_a_stream_is_opened_with_a_token_that_is_written_down_nowhere():
    _, (spot, _), line = entered("trade", "futures")
    assert [request.url.host for request in line.asked] == ["api.kucoin.com", "api-futures.kucoin.com"]
    assert spot.path == "/?token=2neAiuYvAU61ZD%3D%3D&connectId=truenav"
    assert line.archived == []
    assert TOKEN not in repr(spot)


def test_topics_are_subscribed_to_after_the_welcome_and_the_stream_stands_when_all_are_confirmed():
    (_, futures), _, _ = entered("trade", "futures")
    said = [json.loads(one) for one in futures.hear(b'{"id":"1","type":"welcome"}').say]
    assert [one["topic"] for one in said] == [
        "/contractAccount/wallet",
        "/contract/positionAll",
        "/contractMarket/tradeOrders",
    ]
    assert {one["privateChannel"] for one in said} == {True}
    told = [futures.hear(json.dumps({"id": one["id"], "type": "ack"}).encode()).standing for one in said]
    assert told == [False, False, True]
    assert futures.hear(b'{"id":"0","type":"pong"}').news == ""


def test_each_message_tells_what_changed_and_states_nothing():
    (spot, futures), _, _ = entered("trade", "futures")
    messages = json.loads(body_of("stream-private"))
    heard = [
        (futures if one["topic"].startswith("/contract") else spot).hear(json.dumps(one).encode()).news
        for one in messages
    ]
    assert heard == ["balance", "order", "position", "balance", "order"]
    assert stated(PRIVATE, body_of("stream-private")).facts == ()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b'{"id":"1","type":"error","code":401,"data":"token is invalid"}', KeyRevokedError),
        (b'{"id":"1","type":"error","code":404,"data":"topic not found"}', VenueUnavailableError),
        (b'{"id":"1"}', MalformedPayloadError),
    ],
)
def test_refusals_and_broken_messages(said, error):
    (spot,), _, _ = entered("main")
    with pytest.raises(error):
        spot.hear(said)


def test_wallets_that_the_venue_tells_nothing_of_have_no_stream():
    assert account_streams(("earn",)) == ()
    assert isinstance(connector("kucoin"), AccountStreamingConnector)
