"""The private streams: signed subscriptions, confirmations, and what each message tells."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json

import pytest

from truenav.connect.cefi.gate.streams import account_streams
from truenav.connect.contract import AccountStreamingConnector
from truenav.connect.errors import KeyRevokedError, MalformedPayloadError, VenueUnavailableError
from truenav.connect.news import PRIVATE
from truenav.connect.registry import connector

from .conftest import KEY, NOW, body_of, open_line, stated
from .standin import Venue


def entered(*wallets):
    async def run():
        async with open_line(Venue()) as line:
            streams = account_streams(wallets)
            entries = [await one.enter(line.transport(), KEY) for one in streams]
            pings = [await one.renew(line.transport(), KEY) for one in streams]
            return streams, entries, pings

    return asyncio.run(run())


def test_each_subscription_is_signed_and_those_of_contracts_name_whose_they_are():
    _, (spot, futures), pings = entered("unified", "margin")
    said = [json.loads(one) for one in (*spot.hello, *futures.hello)]
    assert [one["channel"] for one in said] == [
        "spot.balances",
        "spot.margin_balances",
        "spot.orders",
        "spot.usertrades",
        "futures.balances",
        "futures.orders",
        "futures.positions",
        "futures.usertrades",
    ]
    for one in said:
        text = f"channel={one['channel']}&event=subscribe&time={one['time']}"
        assert one["time"] == NOW.timestamp()
        assert one["auth"]["SIGN"] == hmac.digest(KEY.secret.encode(), text.encode(), hashlib.sha512).hex()
        assert one["payload"] == (["!all"] if one["channel"].startswith("spot") else ["20250101", "!all"])
    assert [json.loads(one)["channel"] for (one,) in pings] == ["spot.ping", "futures.ping"]
    assert (spot.path, futures.path) == ("/ws/v4/", "/v4/ws/usdt")


def test_a_stream_stands_when_all_its_channels_are_confirmed():
    (spot, _), _, _ = entered("spot", "futures")
    confirmed = (
        '{"time":1,"channel":"spot.%s","event":"subscribe","error":null,"result":{"status":"success"}}'
    )
    told = [spot.hear((confirmed % name).encode()).standing for name in ("balances", "orders", "usertrades")]
    assert told == [False, False, True]
    pong = spot.hear(b'{"time":1,"channel":"spot.pong","event":"","error":null,"result":null}')
    assert (pong.news, pong.standing) == ("", False)


def test_each_message_tells_what_changed_and_states_nothing():
    (spot, futures), _, _ = entered("spot", "futures")
    messages = json.loads(body_of("stream-private"))
    heard = [
        (spot if one["channel"].startswith("spot") else futures).hear(json.dumps(one).encode()).news
        for one in messages
    ]
    assert heard == ["balance", "fill", "order", "position", "balance"]
    assert stated(PRIVATE, body_of("stream-private")).facts == ()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b'{"channel":"spot.orders","error":{"code":4,"message":"invalid key"}}', KeyRevokedError),
        (b'{"channel":"spot.orders","error":{"code":2,"message":"bad channel"}}', VenueUnavailableError),
        (b'{"event":"update"}', MalformedPayloadError),
    ],
)
def test_refusals_and_broken_messages(said, error):
    (spot,), _, _ = entered("spot")
    with pytest.raises(error):
        spot.hear(said)


def test_wallets_that_the_venue_tells_nothing_of_have_no_stream():
    assert account_streams(("earn", "options", "delivery")) == ()
    assert isinstance(connector("gate"), AccountStreamingConnector)
