"""Fills read column by column are the facts that the careful parser states, or are left to it."""

from __future__ import annotations

import json

import pytest

from truenav.connect.cefi.bybit import fills as bulk
from truenav.connect.cefi.bybit import ledger
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.money import exact

from .conftest import EMPTY, PAYLOADS, T0, stated

KNOWN = EMPTY.with_instruments(
    stated("instruments/1", (PAYLOADS / "instruments.json").read_bytes()).instruments
)


def page(**changes):
    """A page of two fills as documented; ``changes`` are of the second."""
    document = json.loads((PAYLOADS / "executions.json").read_bytes())
    rows = {row["execId"]: row for row in document["result"]["list"]}
    document["result"]["list"] = [rows["e-1"], {**rows["e-2"], **changes}]
    return json.dumps(document, separators=(",", ":")).encode()


def both(body):
    request = Request("GET", "https://venue.test")
    evidence = Evidence(sha256_hex(body), len(body), "bybit", "1", "executions/1", "a", request, T0, T0, 200)
    with exact():
        columns = bulk.fills(evidence, body, KNOWN)
    return columns, evidence


@pytest.mark.parametrize("changes", [{}, {"execFee": "0"}, {"side": "Buy", "execFee": "-0.5"}])
def test_both_readings_state_the_same(changes):
    body = page(**changes)
    columns, evidence = both(body)
    assert columns is not None
    assert columns.facts(evidence) == ledger.executions(evidence, body, KNOWN).facts


@pytest.mark.parametrize(
    "changes",
    [
        {"execQty": "1e3"},
        {"side": "buy"},
        {"feeCurrency": ""},
        {"feeCurrency": "MNT"},
        {"extraFees": '[{"feeCoin":"USDT","fee":"1"}]'},
        {"symbol": "NOSUCH"},
        {"execTime": "soon"},
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_parser(changes):
    assert both(page(**changes))[0] is None


def test_a_key_that_stands_twice_is_left_to_the_careful_parser():
    body = page().replace(b'"execQty":', b'"execQty":"9","execQty":', 1)
    assert both(body)[0] is None


def test_fills_of_contracts_and_refusals_are_left_to_the_careful_parser():
    assert both(page().replace(b'"spot"', b'"linear"'))[0] is None
    assert both(page().replace(b'"retCode":0', b'"retCode":10003'))[0] is None
