"""Things that go wrong with bytes, with documents and with tables; the same seed, the same wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

LONGEST = 200_000
ODD_JSON: tuple[Any, ...] = (
    *(None, True, False, "", "x", 0, -1, 1.5, 1e400, [], {}, [[]], {"": ""}),
    *("-0", "+1", "1e9999", "1E-9999", "NaN", "Infinity", "0x10", "1_000", "\u0661", " 1 ", "1,5", "--1"),
    *("9" * 90, "0." + "0" * 60 + "1", "9" * 18, "253402300800000", "99999999999999999999", 10**30),
    *("2026-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z"),
    *(
        "\ud83d",
        "\x00",
        "\u202e",
        "a" * 5000,
        "BTC",
        "USD",
        "BTC-26DEC25-1e9-C",
        "BTC-99XYZ99",
        "true",
        "null",
    ),
)
ODD_BYTES = (
    b"0",
    b"-",
    b".",
    b"e",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\x00",
    b"\xff",
    b"\n",
    b"\x01",
)
ODD_CELLS = (
    *("", "0", "-0", "NaN", "inf", "1e400", "=1+1", "1,5", "1.234,5", "1'000", "9" * 60, "(5)", "5%", "$5"),
    *("BTC", "\u0412TC", "2024-02-30 00:00:00", "31.12.2024", "12/31/24 11:59 PM", "1700000000", "0", "\x00"),
    *('"', '""', "a" * 300, "\ufeff", "-1", "+1", "BTC/USD", "BTCUSD", "2024-01-01T00:00:00+99:99"),
)


def bytes_changed(body: bytes, rng: random.Random) -> bytes:
    """A body with a few bytes replaced, taken out, repeated or put in, or cut off."""
    data = bytearray(body)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0:
            data[place : place + 1] = rng.choice(ODD_BYTES)
        elif kind == 1:
            del data[place : place + rng.randint(1, 20)]
        elif kind == 2:
            data[place:place] = data[place : place + rng.randint(1, 200)]
        elif kind == 3:
            data[place:place] = rng.choice(ODD_BYTES) * rng.choice((1, 3, 2000))
        else:
            del data[place:]
    return bytes(data[:LONGEST])


def document_changed(body: bytes, rng: random.Random) -> bytes:
    """A JSON document with a few of its values or keys changed; other bytes as `bytes_changed`."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return bytes_changed(body, rng)
    for _ in range(rng.randint(1, 3)):
        document = _twisted(document, rng)
    try:
        text = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    except RecursionError:
        return bytes_changed(body, rng)
    return text.encode("utf-8", "surrogatepass")[:LONGEST]


def _twisted(value: Any, rng: random.Random) -> Any:
    if rng.random() < 0.1:
        return _wrong(value, rng)
    if isinstance(value, dict) and value:
        key = rng.choice(list(value))
        if rng.random() < 0.1:
            return {other: value[other] for other in value if other != key}
        return {**value, key: _twisted(value[key], rng)}
    if isinstance(value, list) and value:
        place = rng.randrange(len(value))
        if rng.random() < 0.15:
            return _reordered(value, place, rng)
        return [*value[:place], _twisted(value[place], rng), *value[place + 1 :]]
    return _wrong(value, rng)


def _wrong(value: Any, rng: random.Random) -> Any:
    """An odd value, the value in another type, or one deep within itself."""
    kind = rng.randrange(6)
    if kind == 0:
        return [value]
    if kind == 1 and not isinstance(value, dict | list):
        return str(value)
    if kind == 2 and isinstance(value, str) and value:
        return rng.choice((f"-{value}", f"{value}0", value[1:], f"{value}e5", value.swapcase(), value * 3))
    if kind == 3 and rng.random() < 0.1:
        for _ in range(500):
            value = [value]
        return value
    return rng.choice(ODD_JSON)


def _reordered(rows: list[Any], place: int, rng: random.Random) -> list[Any]:
    return rng.choice(([*rows, rows[place]], rows[::-1], rows[:place], rows * 3, [*rows, rows]))


def table_changed(body: bytes, rng: random.Random) -> bytes:
    """A delimited file with cells, rows or its encoding changed; a JSON one as a document."""
    if body.lstrip()[:1] in (b"{", b"["):
        return document_changed(body, rng)
    lines = body.decode("utf-8", "replace").splitlines(keepends=True)
    delimiter = max(",;\t|", key=lines[0].count) if lines else ","
    for _ in range(rng.randint(1, 3)):
        if not lines:
            break
        place, kind = rng.randrange(len(lines)), rng.randrange(6)
        if kind <= 2:
            cells = lines[place].rstrip("\r\n").split(delimiter)
            cells[rng.randrange(len(cells))] = rng.choice(ODD_CELLS)
            lines[place] = delimiter.join(cells) + "\n"
        elif kind == 3:
            lines[place] = lines[place].rstrip("\r\n") + delimiter * rng.choice((1, 3, 3000)) + "\n"
        elif kind == 4:
            lines.insert(place, lines[rng.randrange(len(lines))])
        else:
            del lines[place]
    text = "".join(lines)
    encoding = rng.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"))
    return text.encode(encoding, "replace")[:LONGEST]


Change = Callable[[bytes, random.Random], bytes]


def changed(body: bytes, rng: random.Random, structured: Change) -> bytes:
    """One wrong input: mostly wrong in its structure, sometimes in its bytes."""
    return (bytes_changed if rng.random() < 0.25 else structured)(body, rng)
