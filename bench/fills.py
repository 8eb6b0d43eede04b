"""Realised profit of 5,000,000 fills over 2,000 pairs of account and instrument, exact.

Quantities and prices are 64-bit integers at 8 decimals, FIFO profits 128-bit at 16; average cost is rounded
half-even to 8 decimals at every fill. A sale is never larger than the holding.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from bench.harness import Contender, Goal, Workload
from truenav.calc.ledger.lots import Method
from truenav.calc.ledger.lots_columns import FillColumns, RealisedColumns, realise, warm_up
from truenav.calc.ledger.lots_frames import fill_columns, trade_columns
from truenav.calc.portfolio.columns import DecimalColumn

FILLS = 5_000_000
PAIRS = 2_000
UNIT = 10**8
THREADS = 2
LOOP_SHARE = 25
SEGMENT_SHARE = 50
BEANCOUNT_FILLS = 3_000

Lists = tuple[Sequence[int], Sequence[Any], Sequence[Any]]
"""Pairs, quantities and prices."""


@dataclass(frozen=True)
class Tape:
    """Fills in order of time."""

    pairs: NDArray[np.int32]
    quantities: NDArray[np.int64]
    prices: NDArray[np.int64]

    def columns(self) -> tuple[NDArray[np.int32], DecimalColumn, DecimalColumn]:
        return self.pairs, DecimalColumn(self.quantities, 8), DecimalColumn(self.prices, 8)

    def lists(self, count: int) -> tuple[list[int], list[int], list[int]]:
        return self.pairs[:count].tolist(), self.quantities[:count].tolist(), self.prices[:count].tolist()


def tape(count: int = FILLS) -> Tape:
    rng = np.random.default_rng(41)
    pairs = rng.integers(0, PAIRS, count).astype(np.int32)
    levels = rng.uniform(10, 60_000, PAIRS)[pairs]
    prices = (levels * np.exp(rng.normal(0, 0.02, count)) * UNIT).astype(np.int64)
    prices -= prices % 1_000_000  # ticks of 0.01
    sizes = (rng.exponential(1.0, count) * UNIT).astype(np.int64) + 1
    return Tape(pairs, _within_holdings(pairs, sizes, rng.random(count) < 0.5), prices)


@njit(cache=True)
def _within_holdings(pairs: Any, sizes: Any, sells: Any) -> Any:
    held = np.zeros(PAIRS, np.int64)
    quantities = np.empty(pairs.size, np.int64)
    for row in range(pairs.size):
        pair = pairs[row]
        if sells[row] and held[pair] > 0:
            quantities[row] = -min(sizes[row], held[pair])
        else:
            quantities[row] = sizes[row]
        held[pair] += quantities[row]
    return quantities


def workload() -> Workload:
    warm_up()
    t = tape()
    by_pair = FillColumns.grouped(*t.columns(), PAIRS, threads=THREADS)
    segment = _segment(t, FILLS // SEGMENT_SHARE)
    typed = _typed(t)
    few = t.lists(FILLS // LOOP_SHARE)
    decimals = few[0], [Decimal(n).scaleb(-8) for n in few[1]], [Decimal(n).scaleb(-8) for n in few[2]]
    floats = few[0], [n / UNIT for n in few[1]], [n / UNIT for n in few[2]]
    both = f"{THREADS} threads"
    part = f"one fill in {LOOP_SHARE}, scaled"
    contenders = [
        Contender(
            "truenav", partial(_in_time, t, Method.FIFO), f"in order of time: grouped, then FIFO, {both}"
        ),
        Contender("truenav, 1 thread", partial(_in_time, t, Method.FIFO, 1), "the same"),
        Contender("truenav, by pair", partial(realise, by_pair, threads=THREADS), f"stored by pair, {both}"),
        Contender("truenav, by pair, 1 thread", partial(realise, by_pair, threads=1), "stored by pair"),
        Contender(
            "truenav LIFO", partial(realise, by_pair, Method.LIFO, threads=THREADS), f"by pair, {both}"
        ),
        Contender(
            "truenav HIFO", partial(realise, by_pair, Method.HIFO, threads=THREADS), f"by pair, {both}"
        ),
        Contender("truenav average", partial(_in_time, t, Method.AVERAGE), f"in order of time, {both}"),
        Contender(
            "truenav average, by pair", partial(realise, by_pair, Method.AVERAGE, threads=THREADS), both
        ),
        Contender(
            "truenav, from typed columns",
            lambda: realise(fill_columns(typed).fills, threads=THREADS),
            "polars Categorical and Decimal(38, 8), in order of time",
        ),
        Contender(
            "truenav, from statements",
            lambda: realise(fill_columns(trade_columns(segment)).fills),
            f"reads the text of one fill in {SEGMENT_SHARE}, scaled",
            SEGMENT_SHARE,
        ),
        Contender("truenav, plain Python", _plain(t), part, LOOP_SHARE),
        Contender("int deque", partial(_deques, few, 0), f"totals of pairs only; {part}", LOOP_SHARE),
        Contender("Decimal deque", partial(_deques, decimals, Decimal(0)), part, LOOP_SHARE),
        Contender("float average", partial(_averages, floats, 0.0), f"inexact; {part}", LOOP_SHARE),
        Contender(
            "Decimal average", partial(_averages, decimals, Decimal(0)), f"28 digits; {part}", LOOP_SHARE
        ),
    ]
    goals = [
        Goal("times as fast as an int deque", _over("int deque", "truenav"), at_least=40),
        Goal("times as fast as a Decimal deque", _over("Decimal deque", "truenav"), at_least=60),
        Goal("time by pair over the memory limit", _over("truenav, by pair", "limit"), at_most=6),
        Goal("average cost, times as fast as floats", _over("float average", "truenav average"), at_least=10),
    ]
    notes = ["The memory limit is to read every fill (20 bytes) and to write and read its lot (32) once."]
    if importlib.util.find_spec("beancount"):
        ledger = _beancount_text(t)
        scale = FILLS / BEANCOUNT_FILLS
        contenders.append(
            Contender("beancount", lambda: _beancount(ledger), "its text parsed, scaled", scale)
        )
        goals.append(Goal("times as fast as beancount", _over("beancount", "truenav"), at_least=5_000))
    else:
        notes.append("beancount is not installed here, so it is not beside the others.")
    return Workload(
        title="Exact FIFO profit of 5,000,000 fills over 2,000 pairs",
        items=FILLS,
        unit="fill",
        ours="truenav",
        contenders=contenders,
        goals=goals,
        limit_bytes=FILLS * (20 + 2 * 16),
        verify=partial(_verify, t),
        notes=notes,
    )


def _over(one: str, other: str) -> Callable[[Any], float]:
    return lambda seconds: seconds[one] / seconds[other]


def _in_time(t: Tape, method: Method, threads: int = THREADS) -> RealisedColumns:
    return realise(FillColumns.grouped(*t.columns(), PAIRS, threads=threads), method, threads=threads)


def _plain(t: Tape) -> Callable[[], object]:
    count = FILLS // LOOP_SHARE
    few = Tape(t.pairs[:count], t.quantities[:count], t.prices[:count])
    fills = FillColumns.grouped(*few.columns(), PAIRS)
    return partial(realise, fills, accelerator="python")


def _typed(t: Tape) -> pl.DataFrame:
    """The fills as columns of categories and decimals."""
    accounts = pl.Series([f"account-{n}" for n in range(20)], dtype=pl.Categorical)
    instruments = pl.Series([f"venue:COIN{n}-USDT" for n in range(PAIRS // 20)], dtype=pl.Categorical)
    columns = {
        "account": accounts.gather(t.pairs % 20),
        "instrument": instruments.gather(t.pairs // 20),
        "occurred_at": pl.Series(np.arange(FILLS) * 1_000_000, dtype=pl.Datetime("us", "UTC")),
    }
    for name, numbers in (("quantity", t.quantities), ("price", t.prices)):
        limbs = pa.py_buffer(DecimalColumn(numbers, 8).widened().values)
        columns[name] = pl.Series(pa.Array.from_buffers(pa.decimal128(38, 8), FILLS, [None, limbs]))
    return pl.DataFrame(columns)


def _segment(t: Tape, count: int) -> pl.DataFrame:
    """The statements of the first fills, as a segment holds them."""
    pairs, quantities, prices = t.lists(count)
    rows = [
        f'{{"account":"account-{pair % 20}",'
        '"body":{"cost":null,"fees":[{"asset":"USDT","number":"-0.01"}],'
        f'"instrument":"venue:COIN{pair // 20}-USDT","is":"trade","order_id":"{row}",'
        f'"price":"{Decimal(price).scaleb(-8).normalize():f}",'
        f'"quantity":"{Decimal(quantity).scaleb(-8).normalize():f}","realised":null,"tag":null,'
        f'"wallet":"trading"}},"external_id":"{row}","occurred_at":"2026-01-01T00:00:00Z","source":"venue",'
        '"supersedes":null}'
        for row, (pair, quantity, price) in enumerate(zip(pairs, quantities, prices, strict=True))
    ]
    times = pl.Series(np.arange(count) * 1_000_000, dtype=pl.Datetime("us", "UTC"))
    accounts = [f"account-{pair % 20}" for pair in pairs]
    return pl.DataFrame({"statement": rows, "account": accounts, "occurred_at": times})


def _deques(fills: Lists, zero: Any) -> list[Any]:
    """FIFO profit of each pair, a deque of lots each."""
    lots: list[deque[list[Any]]] = [deque() for _ in range(PAIRS)]
    profits = [zero] * PAIRS
    for pair, quantity, price in zip(*fills, strict=True):
        held = lots[pair]
        if quantity > 0:
            held.append([quantity, price])
            continue
        size = -quantity
        while size > 0:
            lot = held[0]
            part = min(size, lot[0])
            profits[pair] += part * (price - lot[1])
            size -= part
            lot[0] -= part
            if not lot[0]:
                held.popleft()
    return profits


def _averages(fills: Lists, zero: Any) -> list[Any]:
    """Profit of each pair at average cost, unrounded."""
    held, cost, profits = [zero] * PAIRS, [zero] * PAIRS, [zero] * PAIRS
    for pair, quantity, price in zip(*fills, strict=True):
        if quantity > 0:
            cost[pair] += quantity * price
        else:
            given = cost[pair] * -quantity / held[pair]
            profits[pair] += -quantity * price - given
            cost[pair] -= given
        held[pair] += quantity
    return profits


def _verify(t: Tape) -> str:
    fifo = _in_time(t, Method.FIFO).profits_as_given().integers()
    if fifo != _fifo_of_each_fill(t.lists(FILLS)):
        raise AssertionError("a FIFO profit differs from Python integers")
    average = _in_time(t, Method.AVERAGE).profits_as_given().integers()
    if average != _average_of_each_fill(t.lists(FILLS)):
        raise AssertionError("a profit at average cost differs from Python integers")
    return f"FIFO and average-cost profits of all {FILLS:,} fills equal Python integers."


def _fifo_of_each_fill(fills: Lists) -> list[int]:
    lots: list[deque[list[int]]] = [deque() for _ in range(PAIRS)]
    profits = [0] * len(fills[0])
    for row, (pair, quantity, price) in enumerate(zip(*fills, strict=True)):
        held, size = lots[pair], -quantity
        if quantity > 0:
            held.append([quantity, price])
        while size > 0:
            part = min(size, held[0][0])
            profits[row] += part * (price - held[0][1])
            size -= part
            held[0][0] -= part
            if not held[0][0]:
                held.popleft()
    return profits


def _average_of_each_fill(fills: Lists) -> list[int]:
    held, cost, profits = [0] * PAIRS, [0] * PAIRS, [0] * len(fills[0])
    for row, (pair, quantity, price) in enumerate(zip(*fills, strict=True)):
        value = _half_even(abs(quantity) * price, UNIT)
        if quantity > 0:
            cost[pair] += value
        else:
            given = _half_even(cost[pair] * -quantity, held[pair])
            profits[row] = value - given
            cost[pair] -= given
        held[pair] += quantity
    return profits


def _half_even(numerator: int, denominator: int) -> int:
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1))


def _beancount_text(t: Tape) -> str:
    """A ledger of the fills of the first hundred pairs, booked first in, first out."""
    rows = [row for row in zip(*t.lists(40 * BEANCOUNT_FILLS), strict=True) if row[0] < 100][:BEANCOUNT_FILLS]
    lines = [
        'option "booking_method" "FIFO"',
        *(f"1970-01-01 open Assets:{name}" for name in ["Cash", "Profit"]),
    ]
    lines += [f"1970-01-01 open Assets:A{pair}" for pair in sorted({pair for pair, _, _ in rows})]
    for row, (pair, quantity, price) in enumerate(rows):
        day = f"{2000 + row // 336}-{1 + row // 28 % 12:02d}-{1 + row % 28:02d}"
        size, paid = Decimal(quantity).scaleb(-8), Decimal(price).scaleb(-8)
        lot = f"{{{paid:f} USD}}" if quantity > 0 else f"{{}} @ {paid:f} USD"
        lines += [f'{day} * "fill"', f"  Assets:A{pair}  {size:f} X {lot}"]
        lines += [f"  Assets:Cash  {-size * paid:f} USD"]
        lines += ["  Assets:Profit"] if quantity < 0 else []
    return "\n".join(lines)


def _beancount(ledger: str) -> object:
    loader = importlib.import_module("beancount.loader")
    return loader.load_string(ledger)
