"""Facts of one kind given as columns: the canonical texts are put together by the column engine.

For bulk imports of *flat* kinds: those whose fields are text, exact numbers, enumerations and amounts
(`Quote`, `CashFlow`, `Trade`, `Transfer`, `NavRecord`, `Dealing`, `FeePayment`). The statements are the same
bytes that `truenav.store.statements` makes of objects.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from decimal import Decimal
from enum import Enum
from typing import Any

import polars as pl

from truenav.core.facts import Body, NavRecord, Quote
from truenav.core.failure import InvalidInputError
from truenav.core.money import MAX_SCALE, PRECISION, Amount
from truenav.store.frames import SCHEMA, refuse_bad_rows

_COMMON = ("source", "account", "external_id", "occurred_at", "evidence")
_NUMBER = rf"^-?\d{{1,{PRECISION}}}(\.\d{{1,{MAX_SCALE}}})?$"
_CONTROLS = {chr(code): json.dumps(chr(code))[1:-1] for code in range(32)}


class BadColumnsError(InvalidInputError):
    """Columns for a bulk append do not hold facts of the kind."""

    code = "bad-columns"
    title = "The columns do not hold such facts"


def columns_frame(body: type[Body], frame: pl.DataFrame) -> pl.DataFrame:
    """A frame of facts (`SCHEMA`) from one with a column for each field.

    Columns: ``source account external_id occurred_at evidence`` (text; UTC microseconds; SHA-256 in
    hexadecimal), ``supersedes`` where given, and the fields of ``body``: text and enumeration values as
    String, numbers as String or Decimal, an amount as ``NAME`` and ``NAME_asset``, of several amounts at
    most one in the same way. A field that has a default may be absent. `BadColumnsError` names the first
    column that does not fit.
    """
    kind = body.TAG
    if "supersedes" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias("supersedes"))
    for name in _COMMON:
        _refuse(name not in frame.columns or frame[name].null_count() > 0, name, "is missing or has gaps")
    _refuse(frame.schema["occurred_at"] != SCHEMA["occurred_at"], "occurred_at", "is not in UTC microseconds")
    frame = _normal_numbers(body, frame)
    statements = frame.select(_statement(body, frame)).to_series()
    keys = frame.select(pl.concat_str("source", "account", pl.lit(kind), "external_id", separator="\0"))
    result = frame.select(
        _hashes(statements).alias("content_hash"),
        _hashes(keys.to_series()).alias("key_hash"),
        pl.lit(kind).alias("kind"),
        "source",
        "account",
        _subject(body).alias("subject"),
        "occurred_at",
        "evidence",
        "supersedes",
        statements.alias("statement"),
    )
    refuse_bad_rows(result)
    return result


def _hashes(texts: pl.Series) -> pl.Series:
    """SHA-256 of each text in hexadecimal."""
    sha256 = hashlib.sha256
    return pl.Series([sha256(data).hexdigest() for data in texts.cast(pl.Binary).to_list()], dtype=pl.String)


def _statement(body: type[Body], frame: pl.DataFrame) -> pl.Expr:
    hints = typing.get_type_hints(body)
    fields = {field.name: field for field in dataclasses.fields(body)}
    parts: list[pl.Expr | str] = []
    for name in sorted([*fields, "is"]):
        lead = "," if parts else ""
        if name == "is":
            parts.append(f'{lead}"is":{json.dumps(body.TAG)}')
        else:
            parts += [f'{lead}"{name}":', _field(fields[name], hints[name], frame)]
    return _joined(
        [
            *('{"account":', _quoted("account"), ',"body":{', *parts),
            *('},"external_id":', _quoted("external_id"), ',"occurred_at":"', _instant("occurred_at")),
            *('","source":', _quoted("source"), ',"supersedes":', _hash_or_null("supersedes"), "}"),
        ]
    ).alias("statement")


def _field(field: dataclasses.Field[Any], hint: Any, frame: pl.DataFrame) -> pl.Expr:
    """The JSON text of one field of the body."""
    optional = typing.get_origin(hint) in (typing.Union, types.UnionType)
    several = hint == tuple[Amount, ...]
    options = [one for one in typing.get_args(hint) if one is not types.NoneType] if optional else [hint]
    options = [Amount] if several else options
    cls = getattr(options[0], "__supertype__", options[0])
    if field.name not in frame.columns:
        _refuse(field.default is dataclasses.MISSING, field.name, "is missing")
        return pl.lit("null" if field.default is None else json.dumps(field.default))
    needed = not (optional or several)
    _refuse(needed and frame[field.name].null_count() > 0, field.name, "has gaps")
    written, absent = _written(field.name, cls, frame), "null"
    if several:
        written, absent = _joined(["[", written, "]"]), "[]"
    return pl.when(pl.col(field.name).is_null()).then(pl.lit(absent)).otherwise(written)


def _written(name: str, cls: Any, frame: pl.DataFrame) -> pl.Expr:
    if cls is str:
        return _quoted(name)
    if cls is Decimal:
        return _joined(['"', pl.col(name), '"'])
    if cls is Amount:
        asset = f"{name}_asset"
        _refuse(asset not in frame.columns, asset, "is missing")
        gaps = frame.select((pl.col(name).is_not_null() & pl.col(asset).is_null()).any()).item()
        _refuse(gaps, asset, "has gaps")
        return _joined(['{"asset":', _quoted(asset), ',"number":"', pl.col(name), '"}'])
    if isinstance(cls, type) and issubclass(cls, Enum):
        allowed = [member.value for member in cls]
        _refuse(
            not frame[name].drop_nulls().is_in(allowed).all(), name, f"has a value that is none of {allowed}"
        )
        return _quoted(name)
    raise BadColumnsError(f"Facts with a field such as {name!r} are not flat. Append them as objects.")


def _normal_numbers(body: type[Body], frame: pl.DataFrame) -> pl.DataFrame:
    """Numbers as canonical text: plain, no trailing zeros, no negative zero."""
    for name, hint in typing.get_type_hints(body).items():
        exact = {Decimal, Amount} & {hint, *typing.get_args(hint)}
        if not exact or name not in frame.columns:
            continue
        kind = frame.schema[name]
        _refuse(kind != pl.String and not kind.is_decimal(), name, "is neither text nor decimal")
        column = pl.col(name).cast(pl.String)
        frame = frame.with_columns(
            pl.when(column.str.contains(".", literal=True))
            .then(column.str.strip_chars_end("0").str.strip_chars_end("."))
            .otherwise(column)
            .str.replace(r"^(-?)0+(\d)", "$1$2")
            .str.replace("^-0$", "0")
            .alias(name)
        )
        written = frame[name].drop_nulls()
        _refuse(not written.str.contains(_NUMBER).all(), name, "has something that is no plain exact number")
        digits = written.str.replace_all(r"[-.]", "").str.strip_chars("0").str.len_chars()
        _refuse((digits > PRECISION).any(), name, f"has a number of more than {PRECISION} digits")
    return frame


def _subject(body: type[Body]) -> pl.Expr:
    if body is Quote:
        return pl.concat_str("source", "base", "quote", "kind", separator=" ")
    if body is NavRecord:
        return pl.col("share_class")
    return pl.lit("")


def _quoted(name: str) -> pl.Expr:
    escaped = pl.col(name).str.replace_many(["\\", '"', *_CONTROLS], ["\\\\", '\\"', *_CONTROLS.values()])
    return _joined(['"', escaped, '"'])


def _instant(name: str) -> pl.Expr:
    whole = pl.col(name).dt.microsecond() == 0
    return (
        pl.when(whole)
        .then(pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        .otherwise(pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    )


def _hash_or_null(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_null()).then(pl.lit("null")).otherwise(_joined(['"', pl.col(name), '"']))


def _joined(parts: list[pl.Expr | str]) -> pl.Expr:
    return pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])


def _refuse(wrong: bool, column: str, problem: str) -> None:
    if wrong:
        raise BadColumnsError(f"Column {column!r} {problem}. See the columns that this kind of fact needs.")
