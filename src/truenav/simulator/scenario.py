"""Reading a scenario: venues, accounts and what happens to them, told relative to inception.

The file is TOML; ``examples/demo_fund/scenario.toml`` shows every kind of event. Everything is checked
here, once, and refused with the place where it stands.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

from truenav.simulator.errors import ControlError, ScenarioError
from truenav.simulator.times import parse_offset, parse_span, parse_time

Side = Literal["buy", "sell"]
DIALECTS = ("binance", "okx", "bybit", "deribit", "file")
WALLETS = {
    "binance": ("spot", "usdm", "coinm", "margin", "options"),
    "okx": ("funding", "trading"),
    "bybit": ("funding", "unified", "earn"),
    "deribit": ("main",),
    "file": ("main",),
}
"""Wallets by dialect; deposits arrive in the first and withdrawals leave from it."""
BORROWING = ("trading", "unified")
"""Wallets whose balances may be negative, where an account borrows."""
VERBS = ("deposit", "withdraw", "transfer", "buy", "sell")
MAXIMUM_REPEATS = 10_000


@dataclass(frozen=True, slots=True)
class Venue:
    """One venue: the dialect it speaks and whose prices it publishes."""

    id: str
    dialect: str
    prices: str


@dataclass(frozen=True, slots=True)
class Deposit:
    """Assets arrive from outside."""

    after: timedelta
    wallet: str
    asset: str
    amount: Decimal
    network: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Assets leave: `amount` reaches the destination, `fee` is charged on top."""

    after: timedelta
    wallet: str
    asset: str
    amount: Decimal
    fee: Decimal
    network: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Assets move between two wallets of the account."""

    after: timedelta
    source: str
    target: str
    asset: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Deal:
    """A trade done outright: its order fills at once and in full.

    Without `price` it fills at the market, bettered by the fraction `edge` (negative is worse) and
    rounded to the tick. `fee_rate` is a fraction of the notional; a rebate is negative.
    """

    after: timedelta
    side: Side
    key: str
    size: Decimal
    price: Decimal | None
    edge: Decimal
    fee_rate: Decimal
    maker: bool
    tag: str


Event = Deposit | Withdrawal | Transfer | Deal


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """One account as the scenario tells it; events in time order."""

    id: str
    venue: Venue
    number: int
    label: str
    api_key: str
    secret: str
    passphrase: str
    permissions: frozenset[str]
    address: str
    events: tuple[Event, ...]
    borrows: bool = False
    """Whether its unified account may spend what it does not have, and owe it."""
    trading_key: str = ""
    """A second key of the account, which may trade, too; empty where there is none."""
    trading_secret: str = ""


@dataclass(frozen=True, slots=True)
class TierTerms:
    """A step of a contract's maintenance margin: above `floor`, a `rate`, at most this `leverage`."""

    venue: str
    instrument: str
    floor: Decimal
    rate: Decimal
    leverage: Decimal


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole scenario; `inception` and `market_folder` are the data's own."""

    name: str
    market_folder: Path
    inception: datetime
    live_after: timedelta
    venues: dict[str, Venue]
    accounts: dict[str, AccountPlan]
    vendor_key: str
    limits: dict[str, int]
    tiers: tuple[TierTerms, ...] = ()
    """Maintenance margin of contracts whose venue's usual table shall not hold."""
    instruments: tuple[dict[str, str], ...] = ()
    """Contracts that venues list beyond the market's own ``instruments.csv``, with its columns."""


def load_scenario(path: Path) -> Scenario:
    """Read and check the TOML file at `path`; refuses with the place of the fault."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path}: the scenario cannot be read: {error}") from error
    try:
        return _scenario(table, path.parent)
    except KeyError as error:
        raise ScenarioError(f"{path}: the entry {error.args[0]!r} is missing.") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise ScenarioError(f"{path}: a value has the wrong form: {error}.") from error


def _scenario(table: dict[str, Any], folder: Path) -> Scenario:
    venues = {name: _venue(name, entry) for name, entry in table["venues"].items()}
    entries = [copy for entry in table["accounts"] for copy in _copies(entry)]
    plans = [_account(n, entry, venues) for n, entry in enumerate(entries, start=1)]
    _refuse_twins("account id", [plan.id for plan in plans])
    _refuse_twins("api_key", [key for plan in plans for key in (plan.api_key, plan.trading_key) if key])
    try:
        inception = parse_time(table["inception"])
    except ControlError as error:
        raise ScenarioError(f"inception: {error.message}") from error
    return Scenario(
        name=str(table["name"]),
        market_folder=folder / str(table["market"]),
        inception=inception,
        live_after=parse_span(table["live_after"], where="live_after"),
        venues=venues,
        accounts={plan.id: plan for plan in plans},
        vendor_key=str(table.get("vendor_key", "")),
        limits={str(name): int(limit) for name, limit in table.get("limits", {}).items()},
        tiers=tuple(_tier(entry, n) for n, entry in enumerate(table.get("tiers", []), start=1)),
        instruments=tuple(
            {name: str(value) for name, value in entry.items()} for entry in table.get("instruments", [])
        ),
    )


def _tier(entry: dict[str, Any], number: int) -> TierTerms:
    where = f"tier {number}"
    return TierTerms(
        venue=str(entry["venue"]),
        instrument=str(entry["instrument"]),
        floor=_number(entry["floor"], where),
        rate=_positive(entry["rate"], where),
        leverage=_positive(entry["leverage"], where),
    )


def _copies(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The account itself and, with ``copies = N``, its namesakes ``ID-02`` to ``ID-N``."""
    yield entry
    for n in range(2, int(entry.get("copies", 1)) + 1):
        names = ("id", "api_key", "secret", "passphrase", "trading_key", "trading_secret")
        yield entry | {name: f"{entry[name]}-{n:02d}" for name in names if entry.get(name)}


def _refuse_twins(what: str, names: list[str]) -> None:
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ScenarioError(f"The {what} {twins[0]!r} is used by two accounts; give each its own.")


def _venue(name: str, entry: dict[str, Any]) -> Venue:
    if entry["dialect"] not in DIALECTS:
        raise ScenarioError(f"venue {name}: dialect must be one of {', '.join(DIALECTS)}.")
    return Venue(name, entry["dialect"], str(entry.get("prices", name)))


def _account(number: int, entry: dict[str, Any], venues: dict[str, Venue]) -> AccountPlan:
    name = str(entry["id"])
    venue = venues.get(entry["venue"])
    if venue is None:
        raise ScenarioError(f"account {name}: the venue {entry['venue']!r} is not in [venues].")
    borrows = bool(entry.get("borrows", False))
    if borrows and not set(WALLETS[venue.dialect]) & set(BORROWING):
        raise ScenarioError(f"account {name}: {venue.id} lends nothing; only OKX and Bybit do. Drop borrows.")
    events: list[Event] = []
    for n, raw in enumerate(entry.get("events", []), start=1):
        events.extend(_repeated(raw, venue, f"account {name}, event {n}"))
    events.sort(key=lambda event: event.after)
    return AccountPlan(
        id=name,
        venue=venue,
        number=number,
        label=str(entry.get("label", name)),
        api_key=str(entry.get("api_key", "")),
        secret=str(entry.get("secret", "")),
        passphrase=str(entry.get("passphrase", "")),
        permissions=frozenset(entry.get("permissions", ["read"])),
        address=str(entry.get("address", "")),
        events=tuple(events),
        borrows=borrows,
        trading_key=str(entry.get("trading_key", "")),
        trading_secret=str(entry.get("trading_secret", "")),
    )


def _repeated(raw: dict[str, Any], venue: Venue, where: str) -> Iterator[Event]:
    """The event, `times` times, one `every` so long."""
    start = parse_offset(str(raw["at"]), where=where)
    times = int(raw.get("times", 1))
    if not 1 <= times <= MAXIMUM_REPEATS:
        raise ScenarioError(f"{where}: times must lie between 1 and {MAXIMUM_REPEATS}.")
    step = parse_span(str(raw["every"]), where=where) if times > 1 else timedelta(0)
    for n in range(times):
        yield _event(raw, start + n * step, venue, where)


def _event(raw: dict[str, Any], after: timedelta, venue: Venue, where: str) -> Event:
    verbs = [verb for verb in VERBS if verb in raw]
    if len(verbs) != 1:
        raise ScenarioError(f"{where}: an event needs exactly one of {', '.join(VERBS)}.")
    verb = verbs[0]
    wallets = WALLETS[venue.dialect]
    if verb in ("buy", "sell"):
        return _deal(raw, after, verb, where)
    amount, asset = _amount(raw[verb], where)
    network = str(raw.get("network", "ETH"))
    if verb == "transfer":
        source, target = str(raw["from"]), str(raw["to"])
        _require_wallets(wallets, (source, target), where)
        return Transfer(after, source, target, asset, amount)
    door = wallets[0]
    if verb == "deposit":
        return Deposit(after, door, asset, amount, network)
    fee = _number(raw.get("fee", "0"), where)
    return Withdrawal(after, door, asset, amount, fee, network)


def _deal(raw: dict[str, Any], after: timedelta, verb: str, where: str) -> Deal:
    return Deal(
        after=after,
        side="buy" if verb == "buy" else "sell",
        key=str(raw["instrument"]),
        size=_positive(raw[verb], where),
        price=_positive(raw["price"], where) if "price" in raw else None,
        edge=_number(raw.get("edge", "0"), where),
        fee_rate=_number(raw.get("fee_rate", "0.0004"), where),
        maker=bool(raw.get("maker", False)),
        tag=str(raw.get("tag", "main")),
    )


def _require_wallets(known: tuple[str, ...], used: tuple[str, ...], where: str) -> None:
    for wallet in used:
        if wallet not in known:
            raise ScenarioError(f"{where}: no wallet {wallet!r}; this venue has {', '.join(known)}.")


def _amount(text: object, where: str) -> tuple[Decimal, str]:
    parts = str(text).split()
    if len(parts) != 2:
        raise ScenarioError(f"{where}: {text!r} is not an amount; write '1.5 BTC'.")
    return _positive(parts[0], where), parts[1]


def _positive(text: object, where: str) -> Decimal:
    number = _number(text, where)
    if number <= 0:
        raise ScenarioError(f"{where}: {text!r} must be greater than zero.")
    return number


def _number(text: object, where: str) -> Decimal:
    if not isinstance(text, str):
        raise ScenarioError(f"{where}: write the number {text!r} in quotes, so that it stays exact.")
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ScenarioError(f"{where}: {text!r} is not a decimal number.") from error
    if not number.is_finite():
        raise ScenarioError(f"{where}: {text!r} is not a finite number.")
    return number
