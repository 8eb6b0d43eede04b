"""What is still under way holds its cursor back, whatever was done after it; what is refused does not."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from truenav.connect.cefi.binance import history
from truenav.connect.cefi.binance.client import DEPOSITS
from truenav.core.clock import to_milliseconds

from .conftest import body_of
from .standin import NOTHING, NOW, QUIET, Refused, Venue, asked_of

FIRST, SECOND = (to_milliseconds(NOW - timedelta(hours=hours)) for hours in (2, 1))
SUB = "/sapi/v1/sub-account/transfer/subUserHistory"
FUNDING = {"/sapi/v1/asset/get-funding-asset": [{"asset": "USDT", "free": "5"}]}
ISOLATED = {
    "/sapi/v1/margin/isolated/account": json.loads(body_of("isolated-account")),
    "/sapi/v1/margin/myTrades": [],
    "/sapi/v1/margin/interestHistory": NOTHING,
}


def listed(params, rows, at):
    """The rows of a question, as the venue finds them by kind and time."""
    kind = params.get("type", "ROLL_IN")
    end = int(params.get("endTime", to_milliseconds(NOW)))
    return [row for row in rows if row["type"] == kind and int(params["startTime"]) <= row[at] <= end]


def wrapped(params, rows):
    mine = listed(params, rows, "timestamp")
    return {"rows": mine, "total": len(mine)}


MOVES = [
    (
        ("spot", "funding"),
        "/sapi/v1/asset/transfer",
        [
            {"type": "MAIN_FUNDING", "asset": "USDT", "amount": "5", "tranId": 1, "timestamp": FIRST},
            {"type": "MAIN_FUNDING", "asset": "USDT", "amount": "7", "tranId": 2, "timestamp": SECOND},
        ],
        ("PENDING", "CONFIRMED", wrapped),
    ),
    (
        ("isolated",),
        "/sapi/v1/margin/transfer",
        [
            {"type": "ROLL_IN", "asset": "USDT", "amount": "5", "txId": 1, "timestamp": FIRST},
            {"type": "ROLL_IN", "asset": "USDT", "amount": "7", "txId": 2, "timestamp": SECOND},
        ],
        ("PENDING", "CONFIRMED", wrapped),
    ),
    (
        ("spot",),
        SUB,
        [
            {"type": "1", "asset": "USDT", "qty": "5", "tranId": 1, "time": FIRST},
            {"type": "1", "asset": "USDT", "qty": "7", "tranId": 2, "time": SECOND},
            {"type": "2", "asset": "USDT", "qty": "1", "tranId": 3, "time": SECOND},
        ],
        ("PROCESS", "SUCCESS", lambda params, rows: listed(params, rows, "time")),
    ),
]


@pytest.mark.parametrize(
    ("wallets", "path", "rows", "told"), MOVES, ids=("wallets", "isolated", "sub-account")
)
def test_a_transfer_that_is_under_way_is_read_again_though_later_ones_are_done(wallets, path, rows, told):
    begun, done, answer = told
    rows = [row | {"status": begun if row is rows[0] else done} for row in rows]
    routes = {**QUIET, **FUNDING, **ISOLATED, "/sapi/v1/sub-account/list": Refused(-12000), SUB: []}
    venue = Venue(routes | {path: lambda params: answer(params, rows)})
    since = NOW - timedelta(days=5)
    first = venue.gather(*wallets, since=since)
    rows[0]["status"] = done
    second = venue.gather(*wallets, since=since, cursors=first.cursors, now=NOW + timedelta(minutes=5))
    assert not (*first.failures, *second.failures)
    moved = [
        {fact.external_id.split(":")[1] for fact in got.facts if fact.kind == "transfer"}
        for got in (first, second)
    ]
    assert "1" not in moved[0]
    assert "2" in moved[0]
    assert "1" in moved[1]


def test_a_deposit_that_was_rejected_is_final():
    rows = [
        {"id": "1", "status": 2, "insertTime": to_milliseconds(NOW - timedelta(days=9))},
        {"id": "2", "status": 1, "insertTime": to_milliseconds(NOW - timedelta(days=1))},
    ]
    ask = lambda client: history.movements(client, DEPOSITS, None, NOW - timedelta(days=20))  # noqa: E731 - one question
    pages, _ = asked_of(lambda path, params: rows[::-1], ask)
    assert pages.cursor.id == "2"


def test_a_history_that_begins_tomorrow_is_empty():
    venue = Venue(QUIET | {"/sapi/v1/sub-account/list": Refused(-12000), SUB: []})
    got = venue.gather("spot", since=NOW + timedelta(days=1))
    assert not [one for one in got.failures if one.message.startswith("sub.accounts")]
    assert "sub.accounts" not in got.cursors
