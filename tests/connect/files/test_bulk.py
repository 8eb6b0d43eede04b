"""Column by column or row by row: the same facts, the same problems, in the same order."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.connect.files import layouts, parse
from truenav.connect.files.bulk import Bulk
from truenav.connect.files.parse import read_layout

from .support import HOUSE
from .test_exports import EXPORTS, NAMES

CELLS = st.sampled_from(
    ["", "-", "1", "0", "0.00", "-1.5", "2.50", " 3 ", "1e-3", "x", "1,000.5", "9" * 30, "$5", "0.1BTC"]
)
CODES = st.sampled_from(["BTC", "ETH", "USDT", "btc", "", "NOPE", "BТC", "USD"])
TIMES = st.sampled_from(
    ["2024-01-01 10:00:00", "2024-01-01 10:00:00 UTC", "2024-01-01T10:00:00Z", "2024-01-01", "soon", ""]
)
SIDES = st.sampled_from(["BUY", "sell", "SELL", "", "hold"])
MARKETS = st.sampled_from(["BTCUSDT", "ETH/BTC", "BTC-USD-SWAP", "ETHUSDT", "", "USDTUSDT"])
LABELS = st.sampled_from(["", "reward", "cost", "Interest", "realized gain", "anything"])


def both(layout, text):
    """What a file states, and with what problems, by either way."""
    found = []
    for serves in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not serves:
                patch.setattr(Bulk, "__init__", lambda self, engine: setattr(self, "serves", False))
            found.append(read_layout(layout, text.encode(), "ab" * 32, "acc", HOUSE))
    return found


@given(st.lists(st.tuples(TIMES, CELLS, CODES, CELLS, CODES, CELLS, CODES, LABELS), min_size=1, max_size=6))
def test_two_sided_rows_read_alike(rows):
    layout = layouts()["koinly-universal-label"]
    lines = [",".join(layout.headers[0])]
    for at, *cells, label in rows:
        quoted = [f'"{cell}"' for cell in cells]
        lines.append(",".join([at, *quoted, "", "", label, "", ""]))
    fast, slow = both(layout, "\n".join(lines))
    assert fast == slow


@given(st.lists(st.tuples(TIMES, MARKETS, SIDES, CELLS, CELLS, CELLS, CELLS, CODES), min_size=1, max_size=6))
def test_market_rows_read_alike(rows):
    layout = layouts()["binance-trades-market"]
    lines = [",".join(layout.headers[0]), *(",".join(f'"{cell}"' for cell in row) for row in rows)]
    fast, slow = both(layout, "\n".join(lines))
    assert fast == slow


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["L1", "L2", "L3", ""]),
            st.sampled_from(["R1", "R2", ""]),
            TIMES,
            st.sampled_from(["trade", "deposit", "withdrawal", "staking", "odd"]),
            CODES,
            CELLS,
            CELLS,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_ledger_rows_with_legs_read_alike(rows):
    layout = layouts()["kraken-ledger"]
    lines = [",".join(layout.headers[0])]
    for own, group, at, word, code, amount, fee in rows:
        lines.append(
            ",".join(f'"{cell}"' for cell in (own, group, at, word, "", "c", code, amount, fee, "0"))
        )
    fast, slow = both(layout, "\n".join(lines))
    assert fast == slow


@pytest.mark.parametrize("name", NAMES)
def test_every_example_reads_alike(name):
    text = (EXPORTS / f"{name}.csv").read_text()
    fast, slow = both(layouts()[name], text)
    assert fast == slow
    assert fast.problems == ()


def test_parts_of_a_large_file_are_the_whole_of_it(monkeypatch):
    layout = replace(layouts()["binance-trades-market"], name="own")
    lines = [",".join(layout.headers[0])]
    numbers = random.Random(7)
    for _ in range(500):
        cells = f"{numbers.randrange(9)}.{numbers.randrange(1, 99)}"
        lines.append(f"2024-01-01 10:00:0{numbers.randrange(9)},BTCUSDT,BUY,5,{cells},{cells},0.1,USDT")
    text = "\n".join(lines)
    whole = read_layout(layout, text.encode(), "ab" * 32, "acc", HOUSE)
    monkeypatch.setattr(parse, "PART_ROWS", 100)
    monkeypatch.setattr(parse, "BATCH_ROWS", 30)
    parts: list[object] = []
    rows: list[int] = []

    def take(facts, count):
        parts.extend(facts)
        rows.append(count)

    outcome = read_layout(layout, text.encode(), "ab" * 32, "acc", HOUSE, take)
    assert tuple(parts) == whole.facts
    assert outcome.facts == ()
    assert rows[-1] == whole.rows == 500
    assert len({fact.key_hash for fact in whole.facts}) == 500
