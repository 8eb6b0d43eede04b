"""A million rows of a venue's export into facts that count once, beside reading its cells alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from unittest.mock import patch

import numpy as np

from bench.harness import Contender, Goal, Workload
from truenav.connect.contract import ParseContext
from truenav.connect.files import TEMPLATES, Layout, layouts
from truenav.connect.files.bulk import Bulk, NotPlain
from truenav.connect.files.parse import Outcome, read_file, read_layout
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, AssetBook
from truenav.core.facts import Fact
from truenav.core.ids import Sha256
from truenav.core.instrument import InstrumentBook

ROWS = 1_000_000
PART = 10
"""The slower ways read one row in ten."""

HOUSE = ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook(()))
EVIDENCE = Sha256("ab" * 32)
TRADES = "binance-trades-market"
MARKETS = ("BTCUSDT", "ETHUSDT", "BTCUSDC", "ETHBTC")


class Bench:
    """The same fills as a venue exports them and as our own template has them."""

    def __init__(self) -> None:
        numbers = np.random.default_rng(7)
        prices = numbers.integers(2_000_000, 9_000_000, ROWS).tolist()
        sizes = numbers.integers(1, 1_000_000, ROWS).tolist()
        seconds = np.cumsum(numbers.integers(1, 30, ROWS)).tolist()
        begin = datetime(2014, 1, 1)  # noqa: DTZ001 - written without a zone, as the venue does
        own, template = [",".join(layouts()[TRADES].headers[0])], [_TEMPLATE]
        for n, (price, size, second) in enumerate(zip(prices, sizes, seconds, strict=True)):
            at, side = begin + timedelta(seconds=second), ("BUY", "SELL")[n & 1]
            cost = f"{price * size / 10**7:.7f}"
            own.append(
                f"{at},{MARKETS[n % 4]},{side},{price / 100:.2f},{size / 10**5:.5f},{cost},0.0750,USDT"
            )
            if n % PART == 0:
                pair = f"{MARKETS[n % 4][:3]}-{MARKETS[n % 4][3:]}"
                amounts = f"{size / 10**5:.5f},{price / 100:.2f},{cost},0.0750,USDT"
                template.append(f"main,{n},{at}Z,{pair},{side.lower()},{amounts}")
        self.rows = "\n".join(own).encode()
        self.part = "\n".join(own[: ROWS // PART + 1]).encode()
        self.template = "\n".join(template).encode()
        self.layout = layouts()[TRADES]
        self.count = 0

    def by_layout(self) -> None:
        """The whole file by its layout, its facts given away in parts."""
        self.count = 0
        self._counted(read_layout(self.layout, self.rows, EVIDENCE, "main", HOUSE, self._take))

    def row_by_row(self) -> None:
        """A part of the file as the engine reads rows that are not plain."""
        with patch.object(Bulk, "add", side_effect=NotPlain):
            read_layout(self.layout, self.part, EVIDENCE, "main", HOUSE, self._take)

    def by_template(self) -> None:
        """A part of the same fills by our own template."""
        read_file(TEMPLATES["trades"], self.template, EVIDENCE, HOUSE, self._take)

    def cells(self) -> int:
        """The cells alone: decoded and parted, nothing understood."""
        return sum(1 for _ in csv.reader(io.StringIO(self.rows.decode(), newline="")))

    def verify(self) -> str:
        """Every row is one fact, and an overlapping file brings no other."""
        self.by_layout()
        if self.count != ROWS:
            raise AssertionError(f"{self.count} facts of {ROWS} rows")
        whole = _keys(self.layout, self.part)
        header, _, body = self.part.partition(b"\n")
        half = _keys(self.layout, header + b"\n" + body[body.index(b"\n", len(body) // 2) + 1 :])
        if len(whole) != ROWS // PART or not half < whole:
            raise AssertionError("an overlapping file brought other facts")
        return f"All {ROWS:,} rows are facts of their own; a file that overlaps another states the same ones."

    def _take(self, facts: Sequence[Fact], _: int) -> None:
        self.count += len(facts)

    def _counted(self, outcome: Outcome) -> None:
        if outcome.problem_count:
            raise AssertionError(outcome.problems[0])


_TEMPLATE = "account,external_id,occurred_at,instrument,side,quantity,price,cost,fee,fee_asset"


def _keys(layout: Layout, data: bytes) -> set[str]:
    return {fact.key_hash for fact in read_layout(layout, data, EVIDENCE, "main", HOUSE).facts}


def workload() -> Workload:
    bench = Bench()
    return Workload(
        title=f"Importing {ROWS:,} rows of an export by a known layout",
        items=ROWS,
        unit="row",
        ours="layout",
        contenders=[
            Contender("layout", bench.by_layout, note="bytes to facts with ids that count once"),
            Contender("layout, row by row", bench.row_by_row, note="rows of no plain form", scale=PART),
            Contender("template trades.csv", bench.by_template, note="our own form", scale=PART),
            Contender("csv.reader", bench.cells, note="cells alone"),
        ],
        goals=[Goal("rows per second", lambda seconds: ROWS / seconds["layout"], at_least=100_000)],
        verify=bench.verify,
        runs=3,
    )
