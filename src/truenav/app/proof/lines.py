"""The text files of an evidence bundle: canonical JSON Lines, cut so that a difference is one line.

Reading is strict: each file has exactly one form for its content.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from truenav.app.proof.archive import common_length
from truenav.core.canonical import canonical_json, canonical_lines
from truenav.core.failure import InvalidInputError

_SHOWN = 300
_BEFORE = 120
"""Of a long line, how many bytes are shown, and how many of them before the first difference."""


class BundleDifferenceError(InvalidInputError):
    """A bundle is not what it should be; the message names the first place."""

    code = "bundle-differs"
    title = "The evidence bundle does not verify"


def read_lines(name: str, data: bytes) -> list[dict[str, Any]]:
    """The records of a file of canonical JSON Lines."""
    *lines, rest = data.split(b"\n")
    if rest:
        raise BundleDifferenceError(f"{name} line {len(lines) + 1} is not ended")
    return [_read_line(name, number, line) for number, line in enumerate(lines, 1)]


def read_line(name: str, data: bytes) -> dict[str, Any]:
    """The record of a file that holds one."""
    records = read_lines(name, data)
    if len(records) != 1:
        raise BundleDifferenceError(f"{name}: exactly one line is wanted, {len(records)} were found")
    return records[0]


def section_lines(data: Mapping[str, Any]) -> bytes:
    """One line an item for lists, one line a value for the rest."""
    lines: list[object] = []
    for key in sorted(data):
        value = data[key]
        if isinstance(value, list) and value:
            lines += [{"item": item, "key": key} for item in value]
        else:
            lines.append({"key": key, "value": value})
    return canonical_lines(lines)


def read_section(name: str, data: bytes) -> dict[str, Any]:
    """What ``section_lines`` wrote."""
    section: dict[str, Any] = {}
    items: dict[str, list[Any]] = {}
    for number, line in enumerate(read_lines(name, data), 1):
        key = line.get("key")
        if not isinstance(key, str) or line.keys() not in ({"item", "key"}, {"key", "value"}):
            raise BundleDifferenceError(f"{name} line {number} is neither an item nor a value of a key")
        if "item" in line and key not in section:
            items.setdefault(key, []).append(line["item"])
        elif "value" in line and key not in section and key not in items:
            section[key] = line["value"]
        else:
            raise BundleDifferenceError(f"{name} line {number} gives {key[:60]!r} a second time")
    return section | items


def result_lines(data: Any, path: str = "result") -> bytes:
    """One line for each record: nested lists of records are lines of their own under their path."""
    if not isinstance(data, dict):
        return canonical_lines([{"path": path, "value": data}])
    plain = {key: value for key, value in data.items() if not _is_records(value)}
    lines = [canonical_lines([{"path": path, "value": plain}])]
    for key in sorted(data.keys() - plain.keys()):
        lines += [result_lines(item, f"{path}.{key}[{n}]") for n, item in enumerate(data[key])]
    return b"".join(lines)


def line_difference(name: str, given: bytes, computed: bytes) -> str:
    """The first line in which a file differs from the computed one, both shown; empty where none does."""
    if given == computed:
        return ""
    pairs = zip_longest(given.split(b"\n"), computed.split(b"\n"), fillvalue=b"(no line)")
    number, (old, new) = next((n, pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    start = max(0, common_length(old, new) - _BEFORE)
    return f"{name} line {number}\nin the bundle: {_cut(old, start)}\ncomputed:      {_cut(new, start)}"


def _cut(line: bytes, start: int) -> str:
    end = start + _SHOWN
    text = line[start:end].decode(errors="replace")
    return f"{'...' if start else ''}{text}{'...' if len(line) > end else ''}"


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _read_line(name: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
        if isinstance(record, dict) and canonical_json(record) == line:
            return record
    except (ValueError, TypeError, RecursionError):
        pass
    raise BundleDifferenceError(f"{name} line {number} is not canonical JSON")
