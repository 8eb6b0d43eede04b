"""Payloads of both venues with something wrong in them never leave our own errors."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.connect.conftest import EMPTY
from tests.connect.test_contract import twisted

from truenav.connect.registry import parse, parsers
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.failure import TruenavError

PAYLOADS = Path(__file__).parents[3] / "payloads"
T0 = datetime(2026, 1, 1, tzinfo=UTC)
NOTES = {
    "trades/1": (
        "local:ledger",
        '{"booked":{"TSPOTA-BUYAA-AAAAAA":[["trade","XXBT","1","0"]]},"since":"2026-01-01T00:00:00Z"}',
    ),
    "ledgers/1": (
        "local:ledger",
        '{"chains":{"AGBSO6T-UFMTTQ-I7KGS6":["t","a"]},"since":"2026-01-01T00:00:00Z","traded":[],"waiting":[]}',
    ),
    "log/1": ("local:fills", '{"orders":{"x":["o","c"]},"until":"9"}'),
}


@pytest.mark.parametrize("venue", ["kraken", "krakenfutures"])
def test_a_changed_byte_or_value_never_leaves_our_errors(venue):
    known = "pairs" if venue == "kraken" else "instruments"

    def read(endpoint, body, context=EMPTY, note=None):
        request = Request("GET", "https://venue.test", (note,) if note else ())
        evidence = Evidence(sha256_hex(body), len(body), venue, "1", endpoint, "a", request, T0, T0, 200)
        return parse(evidence, body, context)

    def bytes_of(endpoint):
        return (PAYLOADS / venue / f"{endpoint.partition('/')[0].replace('.', '-')}.json").read_bytes()

    context = EMPTY.with_instruments(read(f"{known}/1", bytes_of(f"{known}/1")).instruments)
    rng = random.Random(11)
    endpoints = [one for one in parsers(venue) if one not in ("balances.list/1", "trade-balance/1")]
    for _ in range(150):
        endpoint = rng.choice(endpoints)
        note = NOTES.get(endpoint) if rng.random() < 0.5 else None
        body = bytearray(bytes_of(endpoint))
        for _ in range(rng.randint(1, 3)):
            body[rng.randrange(len(body))] = rng.choice(b'0-9.eE"{}[],:x\x00\xff')
        with suppress(TruenavError):
            read(endpoint, bytes(body), context, note)
        value = twisted(json.loads(bytes_of(endpoint)), rng)
        with suppress(TruenavError):
            read(endpoint, json.dumps(value).encode(), context, note)
        if note:
            name, text = note
            with suppress(TruenavError):
                read(
                    endpoint, bytes_of(endpoint), context, (name, json.dumps(twisted(json.loads(text), rng)))
                )
