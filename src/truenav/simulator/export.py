"""Statements of an account as rows and CSV files, for custodians and wallets without a dialect."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

from truenav.simulator.contracts import Position
from truenav.simulator.ledger import Fill, Movement
from truenav.simulator.numbers import exact, plain
from truenav.simulator.times import iso
from truenav.simulator.world import World

Row = dict[str, str]
COLUMNS = {
    "accounts": ("account", "venue", "name", "kind"),
    "balances": ("account", "as_of", "wallet", "asset", "amount"),
    "positions": ("account", "as_of", "instrument", "quantity", "entry_price", "mark_price"),
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
                _position(world, plan.id, instant, position, at)
                for _, position in sorted(books.positions.items())
            ],
            "trades": [_trade(plan.id, fill) for fill in books.fills],
            "transfers": [_transfer(plan.id, move) for move in books.movements],
        }


def _position(world: World, account: str, instant: datetime, position: Position, at: datetime | None) -> Row:
    return {
        "account": account,
        "as_of": iso(instant),
        "instrument": position.instrument.id,
        "quantity": plain(position.size),
        "entry_price": plain(position.entry),
        "mark_price": plain(world.mark(position.instrument, at)),
    }


def _trade(account: str, fill: Fill) -> Row:
    return {
        "account": account,
        "external_id": str(fill.id),
        "occurred_at": iso(fill.at),
        "instrument": fill.instrument.id,
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


def write_statement(world: World, account: str, folder: Path, at: datetime | None = None) -> list[Path]:
    """Write the statement as one CSV file a kind into `folder`; gives the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, rows in statement_rows(world, account, at).items():
        path = folder / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS[name], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        paths.append(path)
    return paths
