"""`?format=csv|xlsx` on any list: the answer that would have gone out as JSON, as a table.

An endpoint takes ``query: TableQueryDep`` instead of ``PageQueryDep`` (or the dependency ``as_table`` where
it has no pages), and its route turns the answer into the file: after the masks, so a file shows no more
than the screen. Columns follow from the answer's own description.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from pydantic import TypeAdapter

from truenav.app.exports.table import (
    MEDIA_TYPES,
    CellKind,
    Table,
    TableColumn,
    TableFormat,
    file_name,
    write_table,
)
from truenav.app.http.downloads import attachment
from truenav.app.http.pages import PageQuery, PageQueryDep
from truenav.core.failure import InvalidInputError

LARGEST_EXPORT = 100_000
"""Rows of one file."""

_JSON = "application/json"

FormatQuery = Annotated[
    TableFormat | None, Query(description=f"The whole list as a file, at most {LARGEST_EXPORT} rows")
]


class ExportTooLargeError(InvalidInputError):
    """The list is longer than a file may be."""

    code = "export-too-large"
    title = "Too many rows for one file"


async def as_table(request: Request, format: FormatQuery = None) -> None:
    """Let this answer be had as a file, too."""
    request.state.table_format = format


async def read_table_query(request: Request, page: PageQueryDep, format: FormatQuery = None) -> PageQuery:
    """The page asked for, or the whole list where it is to be a file."""
    request.state.table_format = format
    return page if format is None else replace(page, limit=LARGEST_EXPORT)


TableQueryDep = Annotated[PageQuery, Depends(read_table_query)]

EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            media.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
            for media in MEDIA_TYPES.values()
        }
    }
}
"""Describes the files beside the JSON: ``responses={**EXPORTED, ...}``."""


def is_export(request: Request) -> bool:
    """Whether the answer is wanted as a file."""
    return getattr(request.state, "table_format", None) is not None


def exported(response: Response, request: Request, model: Any) -> Response:
    """The answer as the file that was asked for; unchanged where none was, or where it is a refusal."""
    form: TableFormat | None = getattr(request.state, "table_format", None)
    if form is None or response.status_code != 200:
        return response
    body = response.body
    if response.headers.get("content-type", "").partition(";")[0] != _JSON:
        return response
    data = json.loads(bytes(body))
    if isinstance(data, dict) and data.get("next") is not None:
        raise ExportTooLargeError(
            f"There are more than {LARGEST_EXPORT} rows; narrow the list down, or read it page by page."
        )
    field, columns = columns_of(model)
    table = Table(columns, _rows(data if field is None else data[field], columns))
    stem = "-".join(["truenav", *request.url.path.split("/")[3:]])
    return attachment(write_table(table, form), file_name(stem, form), MEDIA_TYPES[form])


@cache
def columns_of(model: Any) -> tuple[str | None, tuple[TableColumn, ...]]:
    """Where the rows are in an answer (None: it is the list itself), and their columns.

    Objects inside a row become columns of their own, ``line.price``; lists stay one cell.
    """
    schema = TypeAdapter(model).json_schema(mode="serialization")
    known: Mapping[str, Any] = schema.get("$defs", {})
    if schema.get("type") == "array":
        return None, tuple(_columns(_resolved(schema["items"], known), known))
    for field, inner in schema.get("properties", {}).items():
        items = inner.get("items") if inner.get("type") == "array" else None
        if items is not None and "properties" in _resolved(items, known):
            return field, tuple(_columns(_resolved(items, known), known))
    raise TypeError(f"{model} holds no list of rows")


def _columns(schema: Mapping[str, Any], known: Mapping[str, Any], prefix: str = "") -> Iterator[TableColumn]:
    for name, described in schema.get("properties", {}).items():
        inner = _resolved(described, known)
        if "properties" in inner:
            yield from _columns(inner, known, f"{prefix}{name}.")
        else:
            number = inner.get("format") == "decimal" or inner.get("type") in ("integer", "number")
            yield TableColumn(f"{prefix}{name}", CellKind.NUMBER if number else CellKind.TEXT)


def _resolved(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Behind references and ``X | null``; a choice between several forms stays as it is."""
    if (reference := schema.get("$ref")) is not None:
        return _resolved(known[str(reference).rpartition("/")[2]], known)
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return _resolved(options[0], known) if len(options) == 1 else schema


def _rows(items: Sequence[Any], columns: Sequence[TableColumn]) -> Iterator[list[str | None]]:
    paths = [column.name.split(".") for column in columns]
    for item in items:
        yield [_cell(_at(item, path)) for path in paths]


def _at(item: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(item, dict):
            return item if path[-1] != name else None
        item = item.get(name)
    return item


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "; ".join(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
