"""Signatures as another client makes them, rights as the scope tells them, errors by their codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import ccxt
import pytest

from truenav.connect.cefi.deribit.client import signer
from truenav.connect.cefi.deribit.connector import _right
from truenav.connect.cefi.deribit.errors import refusal
from truenav.connect.cefi.deribit.streams import market_streams
from truenav.connect.contract import Credentials, Right
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueUnavailableError,
)

from .test_parse import BARE, MARKET

NOW = datetime(2025, 11, 29, 12, 0, 0, 123000, tzinfo=UTC)
PATH = "get_transaction_log"


@pytest.mark.parametrize("params", [(), (("currency", "BTC"), ("query", "a&b"))])
def test_a_request_is_signed_as_ccxt_signs_it(params):
    made = signer(Credentials("id", "secret"))("GET", f"/api/v2/private/{PATH}", params, NOW)
    header = made.headers["Authorization"]
    nonce = header.rpartition("nonce=")[2]
    other = ccxt.deribit({"apiKey": "id", "secret": "secret"})
    other.nonce, other.milliseconds = lambda: nonce, lambda: int(NOW.timestamp() * 1000)
    expected = other.sign(PATH, ["private"], "GET", dict(params))
    assert header == expected["headers"]["Authorization"]
    assert parse_qsl(made.query) == list(params)


@pytest.mark.parametrize(
    ("scope", "read", "trade", "withdraw"),
    [
        ("account:read trade:read wallet:read", Right.YES, Right.NO, Right.NO),
        ("account:read_write trade:read_write wallet:none", Right.YES, Right.YES, Right.NO),
        ("block_rfq:read_write account:read", Right.YES, Right.YES, Right.NO),
        ("account:read custody:read_write", Right.YES, Right.NO, Right.YES),
        ("trade:read wallet:read_write mainaccount", Right.NO, Right.NO, Right.YES),
        ("", Right.UNVERIFIED, Right.UNVERIFIED, Right.UNVERIFIED),
    ],
)
def test_rights_are_read_from_the_scope(scope, read, trade, withdraw):
    assert _right(scope, ("account",), reading=True) is read
    assert _right(scope, ("trade", "block_trade", "block_rfq")) is trade
    assert _right(scope, ("wallet", "custody")) is withdraw


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (13009, "invalid_token", KeyRevokedError),
        (13004, "", KeyRevokedError),
        (13004, "timestamp_out_of_range", ClockSkewError),
        (13021, "insufficient scope", KeyForbiddenError),
        (10028, "", RateLimitedError),
        (13028, "", VenueUnavailableError),
        (11094, "", VenueUnavailableError),
        (10041, "", VenueUnavailableError),
        (-32602, "invalid currency", VenueError),
    ],
)
def test_an_error_is_known_by_its_code(status, code, reason, error):
    told = {"code": code, "message": "told", "data": {"reason": reason} if reason else None}
    found = refusal(status, json.dumps({"jsonrpc": "2.0", "error": told}).encode())
    assert type(found) is error
    assert str(code) in found.message


def test_a_result_is_no_error_and_anything_else_is_malformed():
    assert refusal(200, b'{"jsonrpc": "2.0", "result": []}') is None
    for status, body in ((400, b'{"result": 1}'), (200, b"{}"), (200, b"<html>"), (200, b'{"error": 1}')):
        assert isinstance(refusal(status, body), MalformedPayloadError)


def test_tickers_of_known_markets_are_followed_and_nothing_otherwise():
    assert market_streams(BARE) == ()
    (plan,) = market_streams(MARKET)
    asked = json.loads(plan.hello[0])
    assert asked["method"] == "public/subscribe"
    assert "ticker.BTC-26DEC25-100000-C.100ms" in asked["params"]["channels"]
    assert json.loads(plan.ping)["method"] == "public/test"
