"""One leveraged product over a year of minutes: `truenav etp simulate` as a whole process, files included."""

from __future__ import annotations

import csv
import gzip
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from bench.harness import Contender, Goal, Workload

MINUTES = 525_600
GOAL_SECONDS = 2.0
FIRST = 1_704_067_200

_FLOAT_LOOP = """
import csv, sys
position, cash, count = 0.0, 0.0, 0
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        at, price = int(row["time"]), float(row["price"])
        if not count:
            position, cash = 3 * 100 / price, -200.0
        nav = position * price + cash
        if count and at % 86400 == 120:
            nav -= nav * 0.0003
            position, cash = 3 * nav / price, -2 * nav
        elif position * price >= 4 * nav:
            position, cash = 3 * nav / price, -2 * nav
        count += 1
print(nav)
"""


class Bench:
    """A random walk of prices in files, and processes that read them."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bench-etp-"))
        self.prices = self.folder / "year.csv"
        self._write()

    def _write(self) -> None:
        walk, price = random.Random(20_240_101), 60_000.0
        lines, candles = ["time,price"], ["open_time,open,high,low,close,volume,quote_volume,trades"]
        for minute in range(MINUTES):
            price *= math.exp(walk.gauss(0, 0.0007))
            at, shown = FIRST + 60 * minute, f"{price:.2f}"
            lines.append(f"{at},{shown}")
            candles.append(f"{at * 1000},{shown},{shown},{shown},{shown},12.345,740700.00,1234")
        self.prices.write_text("\n".join(lines) + "\n", "utf-8")
        (self.folder / "candles.csv").write_text("\n".join(candles) + "\n", "utf-8")
        with gzip.open(self.folder / "year.csv.gz", "wt", compresslevel=6) as packed:
            packed.write(self.prices.read_text("utf-8"))
        self._write_parquet()

    def _write_parquet(self) -> None:
        import polars as pl

        frame = pl.read_csv(self.prices)
        instants = pl.from_epoch("time", time_unit="s").dt.replace_time_zone("UTC")
        frame.with_columns(instants).write_parquet(self.folder / "year.parquet")

    def simulate(self, name: str, *more: str) -> float:
        """Seconds of the whole process."""
        out = str(self.folder / "out")
        command = ["etp", "simulate", "hbtc:BTC3L", str(self.folder / name), "--out", out, *more]
        return _timed("-m", "truenav", *command)

    def float_loop(self) -> float:
        """The same product as a short script of floats: csv, a loop, no checks, no files, no attribution."""
        return _timed("-c", _FLOAT_LOOP, str(self.prices))

    def check(self) -> str:
        """Each form of file makes the same NAV path, and the script comes to the same NAV."""
        paths = set()
        for name in ("year.csv", "candles.csv", "year.csv.gz", "year.parquet"):
            self.simulate(name)
            paths.add((self.folder / "out" / "nav.csv").read_bytes())
        if len(paths) != 1:
            raise AssertionError("the forms of the file make different NAV paths")
        found = json.loads((self.folder / "out" / "attribution.json").read_text("utf-8"))
        script = [sys.executable, "-c", _FLOAT_LOOP, str(self.prices)]
        loop = float(subprocess.run(script, check=True, capture_output=True, text=True).stdout)
        if abs(loop / float(found["nav_after"]) - 1) > 1e-10:
            raise AssertionError(f"the script comes to {loop}, we to {found['nav_after']}")
        parts = sum(map(Decimal, found["parts"].values()))
        rows = list(csv.reader((self.folder / "out" / "events.csv").open(encoding="utf-8")))
        return (
            f"Four forms of the file make the same bytes; NAV is the script's within 1e-10, its parts sum to "
            f"{parts:.6f}; {len(rows) - 1} events."
        )


def _timed(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def workload() -> Workload:
    bench = Bench()
    return Workload(
        title="One leveraged product over a year of minutes, the whole process",
        items=MINUTES,
        unit="mark",
        ours="truenav",
        contenders=[
            Contender("truenav", lambda: bench.simulate("year.csv")),
            Contender("candles, eight columns", lambda: bench.simulate("candles.csv")),
            Contender("gzip", lambda: bench.simulate("year.csv.gz")),
            Contender("Parquet", lambda: bench.simulate("year.parquet")),
            Contender("a script of floats", bench.float_loop, note="no checks, no files, no attribution"),
        ],
        goals=[
            Goal("seconds, CSV", lambda seconds: seconds["truenav"], at_most=GOAL_SECONDS),
            Goal("seconds, Parquet", lambda seconds: seconds["Parquet"], at_most=GOAL_SECONDS),
        ],
        verify=bench.check,
        notes=[
            "HBTC's rules: 00:02 UTC, 4x, 0.03 % a day. Start of Python, reading, exact run and three files."
        ],
    )
