"""Build the demo fund's market files from the public data sets they come from.

Run once by a maintainer; the files it writes are committed, so the product never needs the sources::

    python examples/demo_fund/build_market.py DATA_DIRECTORY

Real rows are copied as published (``origin`` is ``real``). Where no permissively licensed set exists
a row is computed by one of the formulas below and says so (``origin`` is ``derived``):

* dated futures: ``spot * (1 + basis(T) * T)``, ``basis`` interpolated in BASIS_CURVE, T = ACT/365 years;
* options, in coin: undiscounted Black-76 on that forward at the day's DVOL index, divided by the forward;
* USDT-USD: close of BTC in US dollars over its close in USDT on the same day, 4 decimals;
* USDC-USD: 1 (the issuer redeems at par); USDC-USDT: 1 / USDT-USD, 4 decimals.
"""

from __future__ import annotations

import csv
import gzip
import math
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import polars as pl

START = datetime(2023, 12, 1, tzinfo=UTC)
END = datetime(2024, 1, 1, tzinfo=UTC)
CURRENCIES = ("USD", "JPY", "GBP", "HKD", "SGD", "CNY")
BASIS_CURVE = ((7 / 365, 0.06), (30 / 365, 0.08), (120 / 365, 0.10))
"""(years to expiry, simple annual basis); flat beyond both ends."""
FUTURE_EXPIRIES = (date(2023, 12, 29), date(2024, 3, 29))
OPTION_EXPIRIES = (date(2023, 12, 8), date(2023, 12, 29), date(2024, 1, 26))
STRIKES = range(36_000, 50_000, 2_000)
BYBIT_STRIKES = (38_000, 42_000, 44_000, 46_000)
"""Bybit's options are settled in USDT and listed for the first two expiries."""
EXPIRY_HOUR = 8
COINS = ("BTC", "ETH")

Row = tuple[str, ...]
PRICE_COLUMNS = ("at", "venue", "instrument", "open", "high", "low", "volume", "origin")
INSTRUMENT_COLUMNS = (
    "venue",
    "instrument",
    "kind",
    "base",
    "quote",
    "settle",
    "contract_value",
    "multiplier",
    "tick",
    "lot",
    "expiry",
    "strike",
    "right",
)


def text(number: float) -> str:
    """Shortest decimal text that reads back as the same number, never in exponent form."""
    plain = format(Decimal(repr(number)), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def to_tick(number: float, tick: str) -> str:
    """`number` rounded half-even to a multiple of `tick`."""
    step = Decimal(tick)
    return format((Decimal(number) / step).quantize(Decimal(1), ROUND_HALF_EVEN) * step, "f")


def years(start: datetime, end: datetime) -> float:
    """ACT/365 years between two instants."""
    return (end - start) / timedelta(days=365)


def basis(tenor: float) -> float:
    """Simple annual basis for a tenor in years, linear between the points of BASIS_CURVE."""
    previous = BASIS_CURVE[0]
    for point in BASIS_CURVE:
        if tenor <= point[0]:
            width = point[0] - previous[0]
            weight = (tenor - previous[0]) / width if width else 1.0
            return previous[1] + max(0.0, weight) * (point[1] - previous[1])
        previous = point
    return previous[1]


def forward(spot: float, tenor: float) -> float:
    """Price of a future that expires in `tenor` years."""
    return spot * (1 + basis(tenor) * tenor)


def normal_cdf(x: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def black76_in_coin(future: float, strike: float, tenor: float, volatility: float, right: str) -> float:
    """Undiscounted Black-76 premium divided by the forward (an inverse option is paid in coin)."""
    sign = 1.0 if right == "C" else -1.0
    deviation = volatility * math.sqrt(tenor)
    if deviation == 0:
        return max(0.0, sign * (future - strike)) / future
    d1 = (math.log(future / strike) + deviation * deviation / 2) / deviation
    d2 = d1 - deviation
    return sign * (future * normal_cdf(sign * d1) - strike * normal_cdf(sign * d2)) / future


def expiry_time(day: date) -> datetime:
    """Dated contracts of OKX expire at 08:00 UTC."""
    return datetime(day.year, day.month, day.day, EXPIRY_HOUR, tzinfo=UTC)


def stamp(at: datetime) -> str:
    """An instant as the files write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def instrument_key(pair: str) -> str:
    """The data set's pair in the names of this folder: ``BTCUSDCM`` is ``BTC-USD-SWAP``."""
    if "/" in pair:
        return pair.replace("/", "-")
    return f"{pair[:3]}-USD-SWAP" if pair.endswith("USDCM") else f"{pair[:3]}-USDT-SWAP"


def real_bars(bars: pl.DataFrame) -> Iterator[Row]:
    """Rows of prices.csv from the source bars, as published."""
    for bar in bars.iter_rows(named=True):
        numbers = (text(bar[name]) for name in ("open", "high", "low", "volume"))
        at = stamp(bar["ts_utc"].replace(tzinfo=UTC))
        yield (at, bar["exchange"], instrument_key(bar["pair"]), *numbers, "real")


def real_funding(bars: pl.DataFrame) -> Iterator[Row]:
    """Rows of funding.csv from the source bars, as published."""
    for bar in bars.filter(pl.col("funding_rate").is_not_null()).iter_rows(named=True):
        at = stamp(bar["ts_utc"].replace(tzinfo=UTC))
        yield (at, bar["exchange"], instrument_key(bar["pair"]), text(bar["funding_rate"]), "real")


def derived_futures(spots: dict[str, list[tuple[datetime, float]]]) -> Iterator[Row]:
    """Marks of dated futures until they expire, by the formula above."""
    for coin, quote, tick in (
        ("BTC", "USD", "0.1"),
        ("BTC", "USDT", "0.1"),
        ("ETH", "USDT", "0.01"),
    ):
        for day in FUTURE_EXPIRIES:
            expiry = expiry_time(day)
            for at, spot in spots[coin]:
                if at <= expiry:
                    price = to_tick(forward(spot, years(at, expiry)), tick)
                    key = f"{coin}-{quote}-{day:%y%m%d}"
                    yield (stamp(at), "okx", key, price, price, price, "0", "derived")


def derived_options(spot: list[tuple[datetime, float]], dvol: dict[date, float]) -> Iterator[Row]:
    """Marks of BTC options until they expire, in coin, by the formula above."""
    for day in OPTION_EXPIRIES:
        expiry = expiry_time(day)
        for strike in STRIKES:
            for right in "CP":
                for at, price in spot:
                    if at > expiry:
                        break
                    tenor = years(at, expiry)
                    sigma = dvol[at.date()] / 100
                    mark = black76_in_coin(forward(price, tenor), strike, tenor, sigma, right)
                    value = to_tick(mark, "0.0001")
                    key = f"BTC-USD-{day:%y%m%d}-{strike}-{right}"
                    yield (stamp(at), "okx", key, value, value, value, "0", "derived")


def bybit_derived(spot: list[tuple[datetime, float]], dvol: dict[date, float]) -> Iterator[Row]:
    """Bybit's dated futures and options on BTC by the same formulas; its option marks are in USDT."""
    for day in FUTURE_EXPIRIES:
        for at, price in until(spot, expiry_time(day)):
            value = to_tick(forward(price, years(at, expiry_time(day))), "0.1")
            for quote in ("USD", "USDT"):
                yield (stamp(at), "bybit", f"BTC-{quote}-{day:%y%m%d}", value, value, value, "0", "derived")
    for day in OPTION_EXPIRIES[:2]:
        for at, price in until(spot, expiry_time(day)):
            tenor, sigma = years(at, expiry_time(day)), dvol[at.date()] / 100
            future = forward(price, tenor)
            for strike in BYBIT_STRIKES:
                for right in "CP":
                    mark = black76_in_coin(future, strike, tenor, sigma, right) * future
                    value, key = to_tick(mark, "0.1"), f"BTC-USDT-{day:%y%m%d}-{strike}-{right}"
                    yield (stamp(at), "bybit", key, value, value, value, "0", "derived")


def until(spot: list[tuple[datetime, float]], expiry: datetime) -> Iterator[tuple[datetime, float]]:
    """The prices up to an expiry."""
    return ((at, price) for at, price in spot if at <= expiry)


def usd_rows(premium: dict[date, tuple[float, float]]) -> Iterator[Row]:
    """Daily closes, stamped with the instant at which they are known: the end of their day."""
    for day, (in_dollars, in_usdt) in sorted(premium.items()):
        known = stamp(datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1))
        yield (known, "BTC-USD", text(in_dollars), "real")
        yield (known, "USDC-USD", "1", "derived")
        yield (known, "USDT-USD", to_tick(in_dollars / in_usdt, "0.0001"), "derived")


def derived_usdc(dollars: Iterable[Row]) -> Iterator[Row]:
    """USDC-USDT at both venues, one row a day."""
    for at, pair, price, _ in dollars:
        if pair == "USDT-USD" and stamp(START) <= at < stamp(END):
            value = to_tick(float(1 / Decimal(price)), "0.0001")
            for venue in ("binance", "okx"):
                yield (at, venue, "USDC-USDT", value, value, value, "0", "derived")


def instruments() -> Iterator[Row]:
    """The contract terms that the venues publish for these contracts."""
    yield from _bybit()
    for venue, spot_lot in (("binance", "0.00001"), ("okx", "0.00000001")):
        for coin, tick in (("BTC", "0.01"), ("ETH", "0.01"), ("USDC", "0.0001")):
            terms = (coin, "USDT", "USDT", "1", "1", tick, spot_lot, "", "", "")
            yield (venue, f"{coin}-USDT", "spot", *terms)
    for coin, lot, tick in (("BTC", "0.001", "0.1"), ("ETH", "0.001", "0.01")):
        linear_terms = (coin, "USDT", "USDT", "1", "1", tick, lot, "", "", "")
        yield ("binance", f"{coin}-USDT-SWAP", "swap", *linear_terms)
    for coin, linear, inverse, tick in (
        ("BTC", "0.01", "100", "0.1"),
        ("ETH", "0.1", "10", "0.01"),
    ):
        yield _okx(f"{coin}-USDT-SWAP", "swap", coin, "USDT", "USDT", linear, tick, "")
        yield _okx(f"{coin}-USD-SWAP", "swap", coin, "USD", coin, inverse, tick, "")
        for day in FUTURE_EXPIRIES:
            key = f"{coin}-USDT-{day:%y%m%d}"
            yield _okx(key, "future", coin, "USDT", "USDT", linear, tick, stamp(expiry_time(day)))
    for day in FUTURE_EXPIRIES:
        key = f"BTC-USD-{day:%y%m%d}"
        yield _okx(key, "future", "BTC", "USD", "BTC", "100", "0.1", stamp(expiry_time(day)))
    for day in OPTION_EXPIRIES:
        for strike in STRIKES:
            for right in "CP":
                key = f"BTC-USD-{day:%y%m%d}-{strike}-{right}"
                in_coin = ("BTC", "USD", "BTC", "1", "0.01", "0.0001", "1", stamp(expiry_time(day)))
                yield ("okx", key, "option", *in_coin, str(strike), right)


def _bybit() -> Iterator[Row]:
    """Bybit's contracts are of one unit of base, its inverse ones of one dollar."""
    for coin, tick in (("BTC", "0.1"), ("ETH", "0.01")):
        yield (
            "bybit",
            f"{coin}-USDT",
            "spot",
            coin,
            "USDT",
            "USDT",
            "1",
            "1",
            "0.01",
            "0.000001",
            "",
            "",
            "",
        )
        yield (
            "bybit",
            f"{coin}-USDT-SWAP",
            "swap",
            coin,
            "USDT",
            "USDT",
            "1",
            "1",
            tick,
            "0.001",
            "",
            "",
            "",
        )
        yield ("bybit", f"{coin}-USD-SWAP", "swap", coin, "USD", coin, "1", "1", tick, "1", "", "", "")
    for day in FUTURE_EXPIRIES:
        expiry = stamp(expiry_time(day))
        linear = ("BTC", "USDT", "USDT", "1", "1", "0.1", "0.001", expiry, "", "")
        yield ("bybit", f"BTC-USDT-{day:%y%m%d}", "future", *linear)
        inverse = ("BTC", "USD", "BTC", "1", "1", "0.1", "1", expiry, "", "")
        yield ("bybit", f"BTC-USD-{day:%y%m%d}", "future", *inverse)
    for day in OPTION_EXPIRIES[:2]:
        for strike in BYBIT_STRIKES:
            for right in "CP":
                terms = ("BTC", "USDT", "USDT", "1", "1", "0.1", "0.01", stamp(expiry_time(day)))
                key = f"BTC-USDT-{day:%y%m%d}-{strike}-{right}"
                yield ("bybit", key, "option", *terms, str(strike), right)


def _okx(key: str, kind: str, base: str, quote: str, settle: str, value: str, tick: str, expiry: str) -> Row:
    return ("okx", key, kind, base, quote, settle, value, "1", tick, "0.1", expiry, "", "")


def ecb_rows(path: Path) -> Iterator[Row]:
    """Reference rates of the window, and of the month before it for carrying forward."""
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            if "2023-11-01" <= row["Date"] <= "2023-12-31":
                for currency in CURRENCIES:
                    yield (row["Date"], currency, text(float(row[currency])), "real")


def read_dated(path: Path) -> Iterator[tuple[date, dict[str, str]]]:
    """Rows of a dated source file within the window and two days before."""
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat(row["date"])
            if date(2023, 11, 29) <= day <= date(2023, 12, 31):
                yield day, row


def write(path: Path, header: Row, rows: Iterable[Row]) -> None:
    """Write one canonical CSV file: sorted rows, plain line ends."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(sorted(rows))


def spot_opens(bars: pl.DataFrame, venue: str, coin: str) -> list[tuple[datetime, float]]:
    """The opens of a coin in USDT at a venue, oldest first."""
    rows = bars.filter((pl.col("exchange") == venue) & (pl.col("pair") == f"{coin}/USDT")).sort("ts_utc")
    return [(row["ts_utc"].replace(tzinfo=UTC), row["open"]) for row in rows.iter_rows(named=True)]


def main(data: Path, out: Path) -> None:
    """Read the source sets under `data` and write the canonical CSV files into `out`."""
    bars = pl.read_parquet(data / "basis_spot_perp_8h/binance_bybit_okx_2023.parquet").filter(
        pl.col("ts_utc").is_between(START.replace(tzinfo=None), END.replace(tzinfo=None), closed="left")
    )
    context = data / "market_context_cc0"
    dvol = {day: float(row["dvol"]) for day, row in read_dated(context / "dvol-daily-btc.csv.gz")}
    premium = {
        day: (float(row["us_close_usd"]), float(row["global_close_usd"]))
        for day, row in read_dated(context / "premium-daily-btc.csv.gz")
    }
    spots = {coin: spot_opens(bars, "okx", coin) for coin in COINS}
    dollars = list(usd_rows(premium))
    prices = [
        *real_bars(bars),
        *derived_futures(spots),
        *derived_options(spots["BTC"], dvol),
        *bybit_derived(spot_opens(bars, "bybit", "BTC"), dvol),
        *derived_usdc(dollars),
    ]
    write(out / "prices.csv", PRICE_COLUMNS, prices)
    write(out / "funding.csv", ("at", "venue", "instrument", "rate", "origin"), real_funding(bars))
    write(out / "instruments.csv", INSTRUMENT_COLUMNS, instruments())
    write(out / "usd.csv", ("at", "pair", "price", "origin"), dollars)
    ecb = ecb_rows(data / "fx_ecb/eurofxref_2015_on.csv.gz")
    write(out / "ecb.csv", ("date", "currency", "rate", "origin"), ecb)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: build_market.py DATA_DIRECTORY")
    main(Path(sys.argv[1]), Path(__file__).parent / "market")
