"""One suite over every connector: pure parsers, our errors only, names that carry their version."""

from __future__ import annotations

import asyncio
import json
import random
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truenav.connect import registry
from truenav.connect.contract import Connector, ParseContext
from truenav.connect.errors import MalformedPayloadError, UnknownConnectorError, UnknownEndpointError
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, AssetBook
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.failure import TruenavError
from truenav.core.instrument import InstrumentBook

NAMES = registry.connector_names()
CONTEXT = ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook(()))
ENDPOINTS = [(name, endpoint) for name in NAMES for endpoint in registry.parsers(name)]
T0 = datetime(2026, 1, 1, tzinfo=UTC)
RECORDED = Path(__file__).parents[3] / "shared" / "data" / "ccxt_static"


def evidence(name, endpoint, body, status=200):
    request = Request("GET", "https://venue.test")
    return Evidence(sha256_hex(body), len(body), name, "1", endpoint, "a", request, T0, T0, status)


def parse(name, endpoint, body, context=CONTEXT):
    return registry.parse(evidence(name, endpoint, body), body, context)


@pytest.mark.parametrize("name", NAMES)
def test_a_connector_shows_its_manifest_and_its_parsers(name):
    found = registry.connector(name)
    assert isinstance(found, Connector)
    assert found.manifest.name == name
    assert found.parsers == registry.parsers(name)
    assert all(re.fullmatch(r"[A-Za-z_.-]+/\d+", endpoint) for endpoint in found.parsers)


@pytest.mark.parametrize(("name", "endpoint"), ENDPOINTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_garbage_raises_our_errors_only(name, endpoint, body):
    try:
        first = parse(name, endpoint, body)
    except TruenavError:
        return
    assert first == parse(name, endpoint, body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}',
        b"[NaN]",
        b"[Infinity]",
        b"[" * 100_000,
        b'{"serverTime": 1e999}',
        b"<html>502</html>",
        b'{"serverTime":',
        b"\xff\xfe[]",
    ],
)
def test_json_that_lies_about_itself_is_refused(body):
    with pytest.raises(MalformedPayloadError):
        parse("binance", "spot.trades/1", body)


def test_a_changed_byte_of_a_real_answer_never_leaves_our_errors(lab):
    async def run():
        async with lab() as world:
            for venue, name in (("binance", "binance-market-making"), ("okx", "okx-options")):
                context = await world.market(venue)
                await world.gather(name, context)
            for venue in ("ecb", "vendor"):
                from truenav.connect.contract import Credentials

                key = Credentials(world.world.scenario.vendor_key)
                await registry.connector(venue).gather_market(world.transport(venue), context, key)
            return context, list(world.archived)

    context, payloads = asyncio.run(run())
    rng = random.Random(11)
    for _ in range(400):
        payload = rng.choice(payloads)
        body = bytearray(payload.body)
        for _ in range(rng.randint(1, 3)):
            body[rng.randrange(len(body))] = rng.choice(b'0-9.eE"{}[],:x\x00\xff')
        with suppress(TruenavError):
            registry.parse(payload.evidence, bytes(body), context)
    for _ in range(600):
        payload = rng.choice([one for one in payloads if one.body[:1] in b"[{"])
        value = twisted(json.loads(payload.body), rng)
        with suppress(TruenavError):
            registry.parse(payload.evidence, json.dumps(value).encode(), context)


ODD = [None, True, "", "x", -1, 1.5, [], {}, "9" * 90, "1e9999", "-0", "2026-01-01", "9" * 18, "\ud83d"]


def twisted(value, rng):
    """The same document with one value replaced by something odd."""
    if isinstance(value, dict) and value:
        key = rng.choice(list(value))
        return {**value, key: twisted(value[key], rng)}
    if isinstance(value, list) and value:
        place = rng.randrange(len(value))
        return [*value[:place], twisted(value[place], rng), *value[place + 1 :]]
    return rng.choice(ODD)


def test_foreign_evidence_is_refused_with_what_is_installed():
    with pytest.raises(UnknownConnectorError, match="binance"):
        parse("nobody", "x/1", b"{}")
    with pytest.raises(UnknownEndpointError):
        parse("binance", "spot.trades/99", b"[]")


def test_an_error_answer_states_nothing():
    with pytest.raises(MalformedPayloadError):
        registry.parse(evidence("binance", "spot.trades/1", b"[]", status=503), b"[]", CONTEXT)


def test_parsing_needs_no_network_client():
    import subprocess
    import sys

    code = (
        "import sys; from truenav.connect import registry\n"
        "for name in registry.connector_names(): registry.parsers(name)\n"
        "print('httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


RECORDS = {
    "binance": {
        "Spot/Account/GetAccountInfo": "spot.account/1",
        "Spot/Account/GetDepositHistory": "wallet.deposits/1",
        "Spot/Account/GetWithdrawalHistory": "wallet.withdrawals/1",
        "Spot/Account/GetTransfers": "wallet.transfers/1",
        "Spot/Account/GetAPIKeyPermissions": "key.restrictions/1",
        "Spot/ExchangeData/GetExchangeInfo": "spot.exchangeInfo/1",
        "Spot/Trading/GetUserTrades": "spot.trades/1",
        "UsdFutures/Account/GetAccountInfo": "usdm.account/1",
        "UsdFutures/Account/GetIncomeHistory": "usdm.income/1",
        "UsdFutures/Trading/GetUserTrades": "usdm.trades/1",
    },
    "okx": {
        "UnifiedApi/Account/GetAccountBalance": "balance/1",
        "UnifiedApi/Account/GetAccountPositions": "positions/1",
        "UnifiedApi/Account/GetBillHistory": "bills/1",
        "UnifiedApi/Account/GetBillArchive": "bills/1",
        "UnifiedApi/Account/GetDepositHistory": "deposits/1",
        "UnifiedApi/Account/GetWithdrawalHistory": "withdrawals/1",
        "UnifiedApi/Account/GetFundingBalance": "funding-balances/1",
        "UnifiedApi/Account/GetAccountConfiguration": "config/1",
        "UnifiedApi/ExchangeData/GetMarkPrices": "mark-price/1",
        "UnifiedApi/ExchangeData/GetSymbols": "instruments/1",
        "UnifiedApi/ExchangeData/GetTickers": "tickers/1",
        "UnifiedApi/Trading/GetUserTrades": "fills/1",
    },
}


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded venue answers are not on this machine")
@pytest.mark.parametrize("name", sorted(RECORDS))
def test_answers_as_the_vendors_document_them_are_understood(name):
    read = set()
    for line in (RECORDED / name / "rest.json").read_text().splitlines():
        text = line.strip().rstrip(",")
        if not text.startswith('{"'):
            continue
        record = json.loads(text)
        endpoint = RECORDS[name].get(record["name"])
        if endpoint is None:
            continue
        read.add(endpoint)
        parse(name, endpoint, json.dumps(record["response"]).encode())
    assert read
