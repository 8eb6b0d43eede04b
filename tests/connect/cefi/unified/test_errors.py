"""A refused key is told from a busy venue, and both from a wrong clock, whatever ccxt calls them."""

from __future__ import annotations

import asyncio
import json

import ccxt.async_support as ccxt
import httpx
import pytest

from truenav.connect.cefi.unified.client import judged, load
from truenav.connect.cefi.unified.errors import refusal, venue_code, without_answer
from truenav.connect.errors import (
    ClockSkewError,
    KeyForbiddenError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueStoppedError,
    VenueUnavailableError,
)

ANSWERS = [
    (
        "binanceus",
        401,
        {"code": -2015, "msg": "Invalid API-key."},
        KeyRevokedError,
    ),
    ("binanceusdm", 400, {"code": -1022, "msg": "Signature for this request is not valid."}, KeyRevokedError),
    ("binanceus", 400, {"code": -1021, "msg": "Timestamp is outside of the recvWindow."}, ClockSkewError),
    ("binanceus", 400, {"code": -1003, "msg": "Too much request weight used."}, RateLimitedError),
    (
        "bitrue",
        401,
        {"code": -2015, "msg": "Invalid API-key."},
        KeyRevokedError,
    ),
    ("tokocrypto", 401, {"code": -2015, "msg": "Invalid API-key."}, KeyRevokedError),
    ("coinsph", 400, {"code": -1022, "msg": "Signature for this request is not valid."}, KeyRevokedError),
    ("coinsph", 400, {"code": -1021, "msg": "Timestamp is outside of the recvWindow."}, ClockSkewError),
    ("toobit", 400, {"code": -1022, "msg": "Signature is not valid."}, KeyRevokedError),
    ("mexc", 400, {"code": 10072, "msg": "Api key info invalid"}, KeyRevokedError),
    ("bitget", 400, {"code": "30008", "msg": "timestamp request expired"}, ClockSkewError),
    ("bitget", 400, {"code": "40018", "msg": "Invalid IP"}, KeyForbiddenError),
    ("bitget", 400, {"code": "40014", "msg": "Incorrect permissions"}, KeyForbiddenError),
    ("gate", 401, {"label": "INVALID_KEY", "message": "Invalid key provided"}, KeyRevokedError),
    ("gate", 401, {"label": "REQUEST_EXPIRED", "message": "gap between request"}, ClockSkewError),
    ("gateeu", 400, {"label": "REQUEST_EXPIRED", "message": "gap between request"}, ClockSkewError),
    ("bitvavo", 403, {"errorCode": 305, "error": "No active API key found."}, KeyRevokedError),
    ("bitvavo", 403, {"errorCode": 304, "error": "Request was not received in time."}, ClockSkewError),
    ("bitvavo", 403, {"errorCode": 311, "error": "This key does not allow this."}, KeyForbiddenError),
    ("bitvavo", 400, {"errorCode": 103, "error": "You have been rate limited."}, RateLimitedError),
    ("kraken", 200, {"error": ["EAPI:Invalid key"]}, KeyRevokedError),
    ("kraken", 200, {"error": ["EAPI:Invalid nonce"]}, ClockSkewError),
    ("kraken", 200, {"error": ["EGeneral:Permission denied"]}, KeyForbiddenError),
    ("kraken", 200, {"error": ["EAPI:Rate limit exceeded"]}, RateLimitedError),
    ("kraken", 200, {"error": ["EService:Unavailable"]}, VenueUnavailableError),
    ("bybit", 200, {"retCode": 10003, "retMsg": "API key is invalid."}, KeyRevokedError),
    ("bybit", 200, {"retCode": 33004, "retMsg": "apikey already expired"}, KeyRevokedError),
    ("bybit", 200, {"retCode": 10002, "retMsg": "invalid request, check your timestamp"}, ClockSkewError),
    ("bybit", 200, {"retCode": 10005, "retMsg": "Permission denied"}, KeyForbiddenError),
    ("bybit", 200, {"retCode": 10006, "retMsg": "Too many visits."}, RateLimitedError),
    ("kucoin", 200, {"code": "400003", "msg": "KC-API-KEY not exists"}, KeyRevokedError),
    ("kucoin", 200, {"code": "400002", "msg": "KC-API-TIMESTAMP Invalid"}, ClockSkewError),
    ("woofipro", 400, {"code": 2, "message": "Timestamp expired"}, ClockSkewError),
    (
        "extended",
        400,
        {"status": "ERROR", "error": {"code": 1010}},
        VenueUnavailableError,
    ),
    ("bitstamp", 403, {"reason": "blocked by the firewall"}, KeyForbiddenError),
    ("luno", 451, {}, KeyForbiddenError),
    ("luno", 404, {}, VenueError),
    ("luno", 400, {}, VenueError),
]


@pytest.mark.parametrize(("venue", "status", "body", "expected"), ANSWERS)
def test_what_a_venue_refuses_with_is_told_by_its_meaning(venue, status, body, expected, line):
    async def run():
        async with line(venue, lambda request: httpx.Response(200)) as one:
            load(venue)
            exchange = one.client().exchange
            # ccxt calls Binance's refusal of a key that worked once an overload.
            exchange.options["hasAlreadyAuthenticatedSuccessfully"] = True
            sent = {"url": f"{one.connector.venue.hosts[0]}/x", "method": "GET", "headers": {}, "body": None}
            return judged(exchange, sent, status, json.dumps(body).encode())

    assert type(asyncio.run(run())) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [(418, VenueStoppedError), (429, RateLimitedError), (503, VenueUnavailableError)],
)
def test_an_overload_is_the_transports_to_judge(status, expected, line):
    async def run():
        async with line("luno", lambda request: httpx.Response(status, json={})) as one:
            await one.client().call("load_markets")

    with pytest.raises(expected):
        asyncio.run(run())


def test_a_page_of_html_is_no_answer(line):
    async def run():
        async with line("luno", lambda request: httpx.Response(200, html="<html>busy</html>")) as one:
            await one.client().call("load_markets")

    with pytest.raises(MalformedPayloadError):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"code": 0, "retCode": 10003}, "0"),
        ({"error": ["EAPI:Invalid key"]}, "EAPI:Invalid key"),
        ({"error": {"code": 1010}}, "1010"),
        ({"label": "INVALID_KEY"}, "INVALID_KEY"),
        ([1], ""),
        ({}, ""),
        ({"code": None, "errorCode": 305}, "305"),
    ],
)
def test_the_venues_own_code_is_found(body, code):
    assert venue_code(json.dumps(body).encode()) == code


def test_nothing_of_ccxts_message_is_told_for_it_quotes_the_signed_address():
    error = ccxt.ExchangeNotAvailable("GET https://venue.test/x?signature=abc 403 Forbidden")
    assert "abc" not in refusal("luno", 403, b"{}", error).message
    assert "abc" not in without_answer(error).message
