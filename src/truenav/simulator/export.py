"""Statements of an account as rows and CSV files, for custodians and wallets without a dialect."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from truenav.simulator.binance import rules as binance
from truenav.simulator.bookkeeper import settlement_wallet
from truenav.simulator.books import Fill, Movement
from truenav.simulator.bybit import rules as bybit
from truenav.simulator.contracts import Position
from truenav.simulator.deribit.names import deribit_name
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import exact, plain
from truenav.simulator.scenario import AccountPlan
from truenav.simulator.times import iso
from truenav.simulator.world import World

Row = dict[str, str]
COLUMNS = {
    "accounts": ("account", "venue", "name", "kind"),
    "balances": ("account", "as_of", "wallet", "asset", "amount"),
    "positions": ("account", "as_of", "wallet", "instrument", "quantity", "entry_price", "mark_price"),
    "prices": ("at", "base", "quote", "price", "kind"),
    "trades": (
        "account",
        "external_id",
        "occurred_at",
        "instrument",
        "side",
        "quantity",
        "price",
        "fee",
        "fee_asset",
        "tag",
    ),
    "transfers": (
        "account",
        "external_id",
        "occurred_at",
        "direction",
        "asset",
        "amount",
        "fee",
        "network",
        "transaction",
    ),
}


def statement_rows(world: World, account: str, at: datetime | None = None) -> dict[str, list[Row]]:
    """The statement of `account` as of `at` (now by default): rows by file name without ``.csv``.

    Balances are those of the instant; trades and transfers are the whole history up to it.
    """
    plan = world.account(account)
    instant = at or world.now()
    books = world.books(account, at)
    kind = "wallet" if plan.address else "custodian"
    with exact():
        return {
            "accounts": [{"account": plan.id, "venue": plan.venue.id, "name": plan.label, "kind": kind}],
            "balances": [
                {
                    "account": plan.id,
                    "as_of": iso(instant),
                    "wallet": wallet,
                    "asset": asset,
                    "amount": plain(amount),
                }
                for (wallet, asset), amount in sorted(books.balances.items())
            ],
            "positions": [
                _position(world, plan, instant, position, at)
                for _, position in sorted(books.positions.items())
            ],
            "trades": [_trade(plan, fill) for fill in books.fills],
            "transfers": [_transfer(plan.id, move) for move in books.movements],
        }


def _position(
    world: World, plan: AccountPlan, instant: datetime, position: Position, at: datetime | None
) -> Row:
    return {
        "account": plan.id,
        "as_of": iso(instant),
        "wallet": settlement_wallet(plan.venue.dialect, position.instrument),
        "instrument": statement_name(plan.venue.dialect, position.instrument),
        "quantity": plain(position.size),
        "entry_price": plain(position.entry),
        "mark_price": plain(world.mark(position.instrument, at)),
    }


def _trade(plan: AccountPlan, fill: Fill) -> Row:
    item = fill.instrument
    return {
        "account": plan.id,
        "external_id": str(fill.id),
        "occurred_at": iso(fill.at),
        "instrument": item.id if item.kind == "spot" else statement_name(plan.venue.dialect, item),
        "side": fill.side,
        "quantity": plain(fill.size),
        "price": plain(fill.price),
        "fee": plain(fill.fee),
        "fee_asset": fill.fee_asset,
        "tag": fill.client_id,
    }


def _transfer(account: str, move: Movement) -> Row:
    return {
        "account": account,
        "external_id": str(move.id),
        "occurred_at": iso(move.at),
        "direction": move.direction,
        "asset": move.asset,
        "amount": plain(move.amount),
        "fee": plain(move.fee),
        "network": move.network,
        "transaction": move.transaction,
    }


def statement_name(dialect: str, instrument: Instrument) -> str:
    """How a market is called: a venue (and its branch), a colon, the venue's own code, as connectors name it.

    Where no dialect is spoken (``file``) it is called as by the venue whose prices it has.
    """
    match instrument.venue if dialect == "file" else dialect:
        case "binance":
            return f"{_binance_branch(instrument)}:{binance.symbol_of(instrument)}"
        case "bybit":
            branch = "bybit" if instrument.kind == "spot" else "bybit-contract"
            return f"{branch}:{bybit.symbol_of(instrument)}"
        case "deribit":
            return f"deribit:{deribit_name(instrument)}"
        case other:
            return f"{other}:{instrument.id}"


def _binance_branch(instrument: Instrument) -> str:
    match instrument.kind:
        case "spot":
            return "binance"
        case "option":
            return "binance-options"
    return "binance-coinm" if instrument.inverse else "binance-usdm"


def price_rows(world: World, at: datetime | None = None) -> list[Row]:
    """Closing prices as of `at` (now by default): coins in US dollars, contracts at their venue's mark."""
    instant = iso(at or world.now())
    dollar = world.usd_price("USDT-USD", at)
    with exact():
        coins = {name: world.spot_price("binance", name, at) for name in ("BTC", "ETH")}
        dollars = {name: price * dollar for name, price in coins.items() if price is not None}
        dollars |= {"USDT": dollar, "USDC": world.usd_price("USDC-USD", at)}
    rows = [_price(instant, name, "USD", price, "last") for name, price in dollars.items()]
    return rows + _marks(world, instant, at)


def _marks(world: World, instant: str, at: datetime | None) -> list[Row]:
    """Marks of contracts that have not expired, under the name of each dialect that publishes them."""
    dialects = sorted({(venue.prices, venue.dialect) for venue in world.scenario.venues.values()})
    rows: dict[str, Row] = {}
    for prices, dialect in dialects:
        for item in world.market.listed(prices):
            if item.kind == "spot" or (item.expires_at and item.expires_at <= (at or world.now())):
                continue
            name, unit = statement_name(dialect, item), item.settle if item.kind == "option" else item.quote
            rows[name] = _price(instant, name, unit, world.mark(item, at), "mark")
    return [rows[name] for name in sorted(rows)]


def _price(instant: str, base: str, quote: str, price: Decimal, kind: str) -> Row:
    return {"at": instant, "base": base, "quote": quote, "price": plain(price), "kind": kind}


def write_prices(world: World, path: Path, at: datetime | None = None) -> None:
    """Write the closing prices as one CSV file."""
    _write(path, COLUMNS["prices"], price_rows(world, at))


def write_statement(world: World, account: str, folder: Path, at: datetime | None = None) -> list[Path]:
    """Write the statement as one CSV file a kind into `folder`; gives the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, rows in statement_rows(world, account, at).items():
        paths.append(folder / f"{name}.csv")
        _write(paths[-1], COLUMNS[name], rows)
    return paths


def _write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
