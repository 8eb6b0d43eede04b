"""A large page is read in parts that are pages too; what is not sure is left to the careful parser."""

from __future__ import annotations

import json

import pytest

from truenav.connect import bulk
from truenav.connect.bulk import in_bulk, parts
from truenav.connect.cefi.binance import parse as binance
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.fills import keys_stand_once
from truenav.core.trades import Trades

from .test_fills import BINANCE_ROW, CONTEXT, evidence, page

CAREFUL = binance._parser(binance._spot_trades)
QUICK = in_bulk("truenav.connect.cefi.binance.fills:spot_trades", CAREFUL)
COUNT = 40


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(bulk, "PART", 500)
    monkeypatch.setattr(bulk, "LARGE", 1)


def rows(count=COUNT):
    return [
        BINANCE_ROW | {"id": n, "time": BINANCE_ROW["time"] + n, "isBuyer": n % 3 == 0} for n in range(count)
    ]


def compact(document):
    return json.dumps(document, separators=(",", ":")).encode()


def test_the_parts_are_pages_with_all_rows_in_order():
    document = {"code": "0", "data": rows(), "msg": "", "cursor": None}
    cut = [json.loads(part) for part in parts(compact(document))]
    assert len(cut) > COUNT // 5
    assert [row for part in cut for row in part["data"]] == document["data"]
    assert all(part | {"data": document["data"]} == document for part in cut)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"data": []},
        {"data": rows(1)},
        {"data": rows(), "more": rows()},
        {"data": [row | {"legs": [{"price": "1"}, {"price": "2"}]} for row in rows()]},
        {"data": [row | {"text": "},{ ]"} for row in rows()]},
        {"msg": "[", "data": rows()},
        {"code": "0"},
        {"msg": "]", "data": "["},
        {"msg": "]"},
    ],
)
def test_a_page_without_rows_or_with_more_than_one_list_stays_whole(document):
    assert list(parts(compact(document))) == [compact(document)]


def test_facts_of_the_parts_are_those_of_the_careful_parser():
    body = compact(rows())
    quick, careful = (parse(evidence("binance", body), body, CONTEXT) for parse in (QUICK, CAREFUL))
    assert isinstance(quick.facts, Trades)
    assert quick == careful
    assert [one.content_hash for one in quick.facts] == [one.content_hash for one in careful.facts]


@pytest.mark.parametrize("place", [0, COUNT // 2, COUNT - 1])
def test_one_odd_row_anywhere_leaves_the_whole_page_to_the_careful_parser(place):
    odd = rows()
    odd[place] = odd[place] | {"commissionAsset": "FOO"}
    body = compact(odd)
    found = QUICK(evidence("binance", body), body, CONTEXT)
    assert not isinstance(found.facts, Trades)
    assert len(found.facts) == COUNT
    assert len(found.problems) == 1


def test_a_text_that_looks_like_the_border_of_two_rows_is_read_as_text():
    body = compact([row | {"symbol": "},{"} for row in rows()])
    assert QUICK(evidence("binance", body), body, CONTEXT) == CAREFUL(
        evidence("binance", body), body, CONTEXT
    )


def test_a_page_that_is_too_large_is_refused_though_its_parts_are_not(monkeypatch):
    body = page("binance", rows())
    monkeypatch.setattr(bulk, "MAX_BYTES", len(body) - 1)
    monkeypatch.setattr("truenav.connect.document.MAX_BYTES", len(body) - 1)
    with pytest.raises(MalformedPayloadError, match="more than"):
        QUICK(evidence("binance", body), body, CONTEXT)


@pytest.mark.parametrize(
    ("body", "keys", "once"),
    [
        (b'{"a":1,"b":2}', 2, True),
        (b'{"a" :1,"b": 2}', 2, True),
        (b'{"at":"09:30","b":2}', 2, True),
        (b'{"a":1,"a":2,"b":2}', 2, False),
        (b'{"a" :1,"a":2}', 1, False),
        (b'{"a":"09:30","a" :2}', 1, False),
        (b'{"a":"09:30","a"\n:2}', 1, False),
    ],
)
def test_a_key_that_stands_twice_is_noticed(body, keys, once):
    assert keys_stand_once(body, keys) is once
