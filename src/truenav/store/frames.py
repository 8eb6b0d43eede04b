"""Facts as a frame: one row a fact, with its statement and the columns that are searched by.

Apart from `truenav.store.statements` because the column engine is slow to load, and reading needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import polars as pl

from truenav.core.canonical import sha256_hex
from truenav.core.facts import Fact, Trade
from truenav.core.trades import MICROSECOND, Instants, Trades
from truenav.store.statements import BadFactError, subject_of

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "content_hash": pl.String,
    "key_hash": pl.String,
    "kind": pl.String,
    "source": pl.String,
    "account": pl.String,
    "subject": pl.String,
    "occurred_at": pl.Datetime("us", "UTC"),
    "evidence": pl.String,
    "supersedes": pl.String,
    "statement": pl.String,
}
"""Columns of a frame of facts; hashes are hexadecimal text."""


def facts_frame(facts: Sequence[Fact]) -> pl.DataFrame:
    """Facts as a frame with the columns of `SCHEMA`, in the same order; `Trades` by their columns."""
    if isinstance(facts, Trades):
        return _trades_frame(facts)
    statements = [fact.statement for fact in facts]
    frame = pl.DataFrame(
        {
            "content_hash": [sha256_hex(statement.encode()) for statement in statements],
            "key_hash": [fact.key_hash for fact in facts],
            "kind": [fact.kind for fact in facts],
            "source": [fact.source for fact in facts],
            "account": [fact.account for fact in facts],
            "subject": [subject_of(fact) for fact in facts],
            "occurred_at": [fact.occurred_at for fact in facts],
            "evidence": [fact.evidence for fact in facts],
            "supersedes": [fact.supersedes for fact in facts],
            "statement": statements,
        },
        schema=SCHEMA,
    )
    refuse_bad_rows(frame)
    return frame


def _trades_frame(trades: Trades) -> pl.DataFrame:
    from truenav.store.columns import columns_frame

    numbers = {name: _texts(getattr(trades, name)) for name in ("quantity", "price", "cost", "realised")}
    frame = pl.DataFrame(
        {
            "external_id": trades.external_id,
            "occurred_at": _instants(trades.occurred_at),
            "account": trades.account,
            "wallet": trades.wallet,
            "instrument": trades.instrument,
            **numbers,
            "cost_asset": trades.cost_asset,
            "realised_asset": trades.realised_asset,
            "fees": _texts(trades.fee),
            "fees_asset": trades.fee_asset,
            "order_id": trades.order_id,
            "tag": trades.tag,
        },
        schema_overrides=dict.fromkeys(_TEXTS, pl.String),
    )
    constants = (pl.lit(trades.source).alias("source"), pl.lit(trades.evidence).alias("evidence"))
    return columns_frame(Trade, frame.with_columns(constants))


_TEXTS = ("cost", "cost_asset", "realised", "realised_asset", "fees", "fees_asset", "tag")
"""Columns that may hold nothing but gaps, from which no type can be told."""


def _instants(column: Sequence[datetime]) -> pl.Series:
    if isinstance(column, Instants):
        told = pl.Series(column.steps, dtype=pl.Int64)
        return (told * (column.step // MICROSECOND)).cast(pl.Datetime("us", "UTC"))
    return pl.Series(column, dtype=SCHEMA["occurred_at"])


def _texts(numbers: Sequence[Decimal | None]) -> list[str | None]:
    return [None if number is None else format(number, "f") for number in numbers]


def refuse_bad_rows(frame: pl.DataFrame) -> None:
    """Refuse what the tables cannot hold: NUL characters, hashes that are none."""
    for name in ("source", "account", "subject"):
        if frame[name].str.contains("\0", literal=True).any():
            raise BadFactError(f"A fact has a NUL character in its {name}. Remove it at the source.")
    for name in ("evidence", "supersedes"):
        if not frame[name].str.contains(r"^[0-9a-f]{64}$").all():
            raise BadFactError(f"A fact's {name} is not a SHA-256 of 64 hexadecimal digits.")
