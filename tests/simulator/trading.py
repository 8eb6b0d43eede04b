"""A small world in which one account of each venue may trade, and one may only read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from truenav.simulator.journal import Journal
from truenav.simulator.times import Clock, VirtualClock
from truenav.simulator.world import World

from .conftest import SCENARIO

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
HEAD = f"""
name = "trading"
market = "{SCENARIO.parent / "market"}"
inception = "2023-12-02T00:00:00Z"
live_after = "9d"
[venues.binance]
dialect = "binance"
[venues.okx]
dialect = "okx"
[venues.bybit]
dialect = "bybit"
[venues.deribit]
dialect = "deribit"
prices = "okx"
[[instruments]]
venue = "binance"
instrument = "BTC-USD-SWAP"
kind = "swap"
base = "BTC"
quote = "USD"
settle = "BTC"
contract_value = "100"
multiplier = "1"
tick = "0.1"
lot = "1"
"""
DOORS = {"binance": ("spot", "usdm"), "okx": ("funding", "trading"), "bybit": ("funding", "unified")}


def account(venue: str, name: str, rights: str = '"read", "trade"', more: str = "") -> str:
    """An account with half a million USDT where it trades spot and contracts, and 20 BTC."""
    events = ['at = "+0d00:10", deposit = "1000000 USDT"', 'at = "+0d00:11", deposit = "40 BTC"']
    if venue in DOORS:
        door, desk = DOORS[venue]
        coins = "coinm" if venue == "binance" else desk
        events.append(f'at = "+0d00:12", transfer = "500000 USDT", from = "{door}", to = "{desk}"')
        events.append(f'at = "+0d00:13", transfer = "20 BTC", from = "{door}", to = "{coins}"')
    lines = ",\n".join(f"{{ {event} }}" for event in events)
    return (
        f'[[accounts]]\nid = "{name}"\nvenue = "{venue}"\n'
        f'api_key = "{name}"\nsecret = "s"\npassphrase = "p"\n'
        f"permissions = [{rights}]\n{more}events = [\n{lines}\n]\n"
    )


def trading_world(
    folder: Path, clock: Clock | None = None, *, accounts: str = "", anchor: date | None = None
) -> World:
    """The world, on 21 November 2026 at 12:30 unless a clock says otherwise; its journal is in `folder`."""
    path = folder / "trading.toml"
    accounts = accounts or "".join(
        account(venue, venue) + account(venue, f"{venue}-reader", '"read"')
        for venue in ("binance", "okx", "bybit", "deribit")
    )
    path.write_text(HEAD + accounts, encoding="utf-8")
    journal = Journal(folder / "orders.jsonl", "trading")
    return World.load(path, anchor or date(2026, 11, 21), clock or VirtualClock(NOW), journal)
