"""The replayed market: instruments, prices, funding and reference rates, re-dated by whole days.

The price at an instant is the open of the 8-hour bar that contains it: one number for eight hours,
known from the bar's first moment. Before the first bar the first one holds, after the last one the
last. Files and scenario name dated contracts by the data's own days (``BTC-USD-231229``); the venue
lists them under their re-dated names.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Generic, Literal, TypeVar, cast

from truenav.simulator.errors import ScenarioError, UnknownNameError

Kind = Literal["spot", "swap", "future", "option"]
Origin = Literal["real", "derived"]
FUNDING_INTERVAL = timedelta(hours=8)
MICROSECOND = timedelta.resolution
T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Instrument:
    """Contract terms at one venue. `multiplier` is units of base (of quote when inverse) a contract."""

    venue: str
    key: str
    id: str
    kind: Kind
    base: str
    quote: str
    settle: str
    contract_value: Decimal
    contract_multiplier: Decimal
    tick: Decimal
    lot: Decimal
    expires_at: datetime | None
    strike: Decimal | None
    right: Literal["C", "P", ""]

    @property
    def multiplier(self) -> Decimal:
        """Underlying units of one contract."""
        return self.contract_value * self.contract_multiplier

    @property
    def inverse(self) -> bool:
        """Settled in the coin that it prices (options are paid in coin too, but are not inverse)."""
        return self.kind in ("swap", "future") and self.settle == self.base


@dataclass(frozen=True, slots=True)
class Bar:
    """One 8-hour bar; volume in base units."""

    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    origin: Origin


@dataclass(frozen=True, slots=True)
class Rate:
    """A published number and where it comes from."""

    number: Decimal
    origin: Origin


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of a price's way on which it moves evenly from `start` to `end`."""

    begins: datetime
    ends: datetime
    start: Decimal
    end: Decimal

    def price(self, instant: datetime) -> Decimal:
        """The price at an instant of the leg."""
        passed = Decimal((instant - self.begins) // MICROSECOND) / ((self.ends - self.begins) // MICROSECOND)
        return self.start + (self.end - self.start) * passed


class Series(Generic[T]):
    """Values in time order; each holds until the next."""

    def __init__(self, points: list[tuple[datetime, T]]) -> None:
        points.sort(key=lambda point: point[0])
        self.times = [at for at, _ in points]
        self.values = [value for _, value in points]

    def at(self, instant: datetime) -> T:
        """The value in force; the first one before the series begins."""
        return self.values[max(0, bisect_right(self.times, instant) - 1)]

    def time_at(self, instant: datetime) -> datetime:
        """When the value in force began."""
        return self.times[max(0, bisect_right(self.times, instant) - 1)]

    def following(self, instant: datetime) -> tuple[datetime, T] | None:
        """The first point after `instant`; None where the series has ended."""
        place = bisect_right(self.times, instant)
        return (self.times[place], self.values[place]) if place < len(self.times) else None

    def between(self, start: datetime, end: datetime) -> list[tuple[datetime, T]]:
        """Points with ``start < time <= end``."""
        low, high = bisect_right(self.times, start), bisect_right(self.times, end)
        return list(zip(self.times[low:high], self.values[low:high], strict=True))


@dataclass(frozen=True)
class Market:
    """Everything the venues publish about the market, in the simulator's own days."""

    instruments: dict[tuple[str, str], Instrument]
    bars: dict[tuple[str, str], Series[Bar]]
    funding: dict[tuple[str, str], Series[Rate]]
    usd: dict[str, Series[Rate]]
    ecb: dict[date, dict[str, str]]

    def instrument(self, venue: str, key: str) -> Instrument:
        """The instrument of `venue` that files and scenario call `key`."""
        found = self.instruments.get((venue, key))
        if found is None:
            raise UnknownNameError(f"{venue} lists no instrument {key!r}; see instruments.csv.")
        return found

    def listed(self, venue: str) -> list[Instrument]:
        """All instruments of `venue`, in file order."""
        return [item for (owner, _), item in self.instruments.items() if owner == venue]

    def listing(self, rows: Iterable[dict[str, str]], shift: timedelta) -> Market:
        """The same market with more contracts, each told by the columns of ``instruments.csv``."""
        more: dict[tuple[str, str], Instrument] = {}
        for row in rows:
            try:
                item = _instrument({"expiry": "", "strike": "", "right": ""} | row, shift)
            except (KeyError, ValueError, InvalidOperation) as error:
                raise ScenarioError(f"An entry of instruments is malformed ({error!r}).") from error
            if (item.venue, item.key) not in self.bars:
                raise ScenarioError(f"{item.venue} has no prices of {item.key!r}; see prices.csv.")
            more[item.venue, item.key] = item
        return replace(self, instruments=self.instruments | more) if more else self

    def bar(self, venue: str, key: str, instant: datetime) -> Bar:
        """The bar that contains `instant`."""
        series = self.bars.get((venue, key))
        if series is None:
            raise UnknownNameError(f"{venue} has no prices of {key!r}; see prices.csv.")
        return series.at(instant)

    def price(self, venue: str, key: str, instant: datetime) -> Decimal:
        """The price in force, in quote units (in coin for options)."""
        return self.bar(venue, key, instant).open

    def index(self, venue: str, base: str, instant: datetime) -> Decimal:
        """The venue's index of a coin: its own spot price in USDT."""
        return self.price(venue, f"{base}-USDT", instant)

    def walked(self, venue: str, key: str, instant: datetime, *, since: datetime) -> Decimal:
        """A price on its way through the bar, to the tick: open, low, high, next open where it rises, open,
        high, low, next open where it falls, a third of the way each; the open where no next bar is known.

        The way begins with the bar, or at `since` in the bar that contains it: no price jumps then.
        """
        for leg in self.way(venue, key, instant, since=since):
            if leg.begins <= instant < leg.ends:
                tick = self.instrument(venue, key).tick
                return (leg.price(instant) / tick).to_integral_value() * tick
        return self.bar(venue, key, instant).open

    def way(self, venue: str, key: str, instant: datetime, *, since: datetime) -> tuple[Leg, ...]:
        """The legs of a price's way through the bar that contains `instant`; none where it rests."""
        bar = self.bar(venue, key, instant)
        series = self.bars[venue, key]
        began, following = max(series.time_at(instant), since), series.following(instant)
        if following is None or instant < began:
            return ()
        ends, after = following
        turns = (bar.low, bar.high) if after.open >= bar.open else (bar.high, bar.low)
        points = (bar.open, *turns, after.open)
        times = [began + (ends - began) * n / (len(points) - 1) for n in range(len(points))]
        return tuple(Leg(times[n], times[n + 1], points[n], points[n + 1]) for n in range(len(points) - 1))

    def funding_rate(self, venue: str, key: str, instant: datetime) -> Rate | None:
        """The rate exchanged at or last before `instant`; None where nothing is published."""
        series = self.funding.get((venue, key))
        return None if series is None else series.at(instant)


def load_market(folder: Path, shift: timedelta) -> Market:
    """Read the canonical CSV files of `folder` and move every day by `shift` (whole days)."""
    if shift % timedelta(days=1):
        raise ScenarioError("The market can only be moved by whole days, so that hours stay true.")
    terms = _read(folder / "instruments.csv", lambda row: _instrument(row, shift))
    bars = _read(folder / "prices.csv", lambda row: (_name(row), _time(row, shift), _bar(row)))
    funding = _read(folder / "funding.csv", lambda row: (_name(row), _time(row, shift), _rate(row, "rate")))
    usd = _read(folder / "usd.csv", lambda row: (row["pair"], _time(row, shift), _rate(row, "price")))
    ecb: dict[date, dict[str, str]] = {}
    for day, currency, rate in _read(folder / "ecb.csv", lambda row: _ecb(row, shift)):
        ecb.setdefault(day, {})[currency] = rate
    return Market(
        instruments={(item.venue, item.key): item for item in terms},
        bars=_grouped(bars),
        funding=_grouped(funding),
        usd=_grouped(usd),
        ecb=dict(sorted(ecb.items())),
    )


def _read(path: Path, parse: Callable[[dict[str, str]], T]) -> list[T]:
    """Every row of a CSV file, parsed; a malformed one is refused with its line."""
    try:
        file = path.open(newline="", encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"The market file {path} cannot be read: {error.strerror}.") from error
    with file:
        reader = csv.DictReader(file)
        parsed = []
        for row in reader:
            try:
                parsed.append(parse(row))
            except (KeyError, ValueError, TypeError, InvalidOperation) as error:
                where = f"{path.name} line {reader.line_num}"
                raise ScenarioError(f"{where} is malformed ({error!r}).") from error
        return parsed


def _grouped(points: list[tuple[K, datetime, T]]) -> dict[K, Series[T]]:
    """One series per name."""
    groups: dict[K, list[tuple[datetime, T]]] = {}
    for name, at, value in points:
        groups.setdefault(name, []).append((at, value))
    return {name: Series(group) for name, group in groups.items()}


def _time(row: dict[str, str], shift: timedelta) -> datetime:
    return datetime.fromisoformat(row["at"]).astimezone(UTC) + shift


def _name(row: dict[str, str]) -> tuple[str, str]:
    return (row["venue"], row["instrument"])


def _ecb(row: dict[str, str], shift: timedelta) -> tuple[date, str, str]:
    return (date.fromisoformat(row["date"]) + shift, row["currency"], row["rate"])


def _bar(row: dict[str, str]) -> Bar:
    return Bar(
        open=Decimal(row["open"]),
        high=Decimal(row["high"]),
        low=Decimal(row["low"]),
        volume=Decimal(row["volume"]),
        origin=cast(Origin, row["origin"]),
    )


def _rate(row: dict[str, str], column: str) -> Rate:
    return Rate(Decimal(row[column]), cast(Origin, row["origin"]))


def _instrument(row: dict[str, str], shift: timedelta) -> Instrument:
    expires_at = datetime.fromisoformat(row["expiry"]) + shift if row["expiry"] else None
    key = row["instrument"]
    return Instrument(
        venue=row["venue"],
        key=key,
        id=listed_name(key, expires_at),
        kind=cast(Kind, row["kind"]),
        base=row["base"],
        quote=row["quote"],
        settle=row["settle"],
        contract_value=Decimal(row["contract_value"]),
        contract_multiplier=Decimal(row["multiplier"]),
        tick=Decimal(row["tick"]),
        lot=Decimal(row["lot"]),
        expires_at=expires_at,
        strike=Decimal(row["strike"]) if row["strike"] else None,
        right=cast(Literal["C", "P", ""], row["right"]),
    )


def listed_name(key: str, expires_at: datetime | None) -> str:
    """The name under which the venue lists `key`: its data day replaced by the re-dated expiry."""
    if expires_at is None:
        return key
    base, quote, _, *rest = key.split("-")
    return "-".join((base, quote, f"{expires_at:%y%m%d}", *rest))
