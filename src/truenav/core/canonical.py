"""One byte form for each value: canonical JSON, and typed values from it.

What is hashed or signed is this text: keys sorted, no spaces, UTF-8, decimals and instants as text,
floats refused. ``encode`` turns frozen dataclasses into plain JSON data and ``decode`` reads them back
by their type hints, so a value that went out comes in equal.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from json.encoder import encode_basestring
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from truenav.core.clock import instant_text, parse_instant
from truenav.core.failure import InvalidInputError
from truenav.core.money import COMPUTED_SCALE, MAX_SCALE, parse_decimal, to_text

T = TypeVar("T")


class DecodeError(InvalidInputError):
    """JSON data does not have the form of the wanted type."""

    code = "wrong-form"
    title = "The data does not have the expected form"


def encode(value: object) -> Any:
    """Plain JSON data of a value: dict, list, str, int, bool or None; a float is an error."""
    if value is None or (isinstance(value, bool | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return to_text(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        data = {name: encode(getattr(value, name)) for name in _field_names(type(value))}
        tag = getattr(type(value), "TAG", None)
        return data if tag is None else {"is": tag, **data}
    if isinstance(value, Mapping):
        return {_key(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list | frozenset):
        items = sorted(value) if isinstance(value, frozenset) else value
        return [encode(item) for item in items]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{type(key).__name__} cannot be the key of a canonical object; use text")
    return str(key)


def canonical_json(value: object) -> bytes:
    """Canonical UTF-8 bytes of a value, without a line end."""
    return canonical_text(value).encode()


def canonical_text(value: object) -> str:
    """The text of `canonical_json`: ``encode`` written as JSON with sorted keys, no spaces and no escapes.

    It is written directly, several times as fast as by way of plain data, since what writes a class knows its
    fields beforehand.
    """
    cls = type(value)
    write = _WRITERS.get(cls)
    if write is None:
        write = _WRITERS[cls] = _writer(cls)
    return write(value)


_WRITERS: dict[type, Callable[[Any], str]] = {}


def _writer(cls: type) -> Callable[[Any], str]:
    """What writes the values of one class."""
    if issubclass(cls, Enum):
        return {member: canonical_text(member.value) for member in cls}.__getitem__
    if issubclass(cls, str):
        return encode_basestring
    if issubclass(cls, Decimal):
        return lambda value: f'"{to_text(value)}"'
    if issubclass(cls, datetime):
        return lambda value: f'"{instant_text(value)}"'
    if issubclass(cls, date):
        return lambda value: f'"{value.isoformat()}"'
    if dataclasses.is_dataclass(cls):
        return _record_writer(cls)
    if issubclass(cls, Mapping):
        return _mapping_text
    if issubclass(cls, tuple | list):
        return lambda value: f"[{','.join([canonical_text(item) for item in value])}]"
    if issubclass(cls, frozenset):
        return lambda value: canonical_text(sorted(value))
    return lambda value: json.dumps(encode(value))


def _mapping_text(value: Mapping[Any, object]) -> str:
    pairs = sorted(((_key(key), item) for key, item in value.items()), key=itemgetter(0))
    return "{" + ",".join([f"{encode_basestring(key)}:{canonical_text(item)}" for key, item in pairs]) + "}"


def _record_writer(cls: type) -> Callable[[Any], str]:
    names = {field.name for field in dataclasses.fields(cls)}
    tag = getattr(cls, "TAG", None)
    fixed = {} if tag is None else {"is": f'"is":{encode_basestring(tag)}'}
    parts = [(fixed.get(name, f'"{name}":'), name in fixed, name) for name in sorted(names | fixed.keys())]
    readers = [(head, None if done else attrgetter(name)) for head, done, name in parts]

    def write(value: Any) -> str:
        fields = [head if read is None else head + canonical_text(read(value)) for head, read in readers]
        return "{" + ",".join(fields) + "}"

    return write


def canonical_lines(values: Iterable[object]) -> bytes:
    """JSON Lines: one canonical value a line, each line ended."""
    return b"".join(canonical_json(value) + b"\n" for value in values)


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def decode(cls: type[T], data: object) -> T:
    """A value of ``cls`` (a dataclass or a union of tagged ones) from JSON data; unknown keys are refused."""
    return _decode(cls, data, MAX_SCALE)


def restore(cls: type[T], data: object) -> T:
    """The same for what we computed and wrote down ourselves: a number may have all its digits."""
    return _decode(cls, data, COMPUTED_SCALE)


def _decode(cls: type[T], data: object, scale: int) -> T:
    read = _decoder(typing.cast(typing.Hashable, cls), scale)
    return typing.cast(T, read(data, getattr(cls, "__name__", "value")))


@cache
def _field_names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


@cache
def _decoder(hint: Any, scale: int) -> Callable[[object, str], Any]:
    """The function that reads one type, numbers with up to ``scale`` decimals; a refusal shows ``where``."""
    origin = typing.get_origin(hint)
    if isinstance(hint, typing.NewType):
        return _decoder(hint.__supertype__, scale)
    if hint is Any or hint is object:
        return lambda data, where: data
    if origin in (typing.Union, types.UnionType):
        return _union_decoder(typing.get_args(hint), scale)
    if origin is tuple:
        return _tuple_decoder(typing.get_args(hint), scale)
    if origin is frozenset:
        item = _decoder(typing.get_args(hint)[0], scale)
        return lambda data, where: frozenset(item(one, where) for one in _expect(data, list, where))
    if origin in (dict, Mapping):
        inner = _decoder(typing.get_args(hint)[1], scale)
        return lambda data, where: {
            _read_text(key, where): inner(one, f"{where}.{key}")
            for key, one in _expect(data, dict, where).items()
        }
    if hint is type(None):
        return _read_none
    if hint is Decimal:
        return lambda data, where: parse_decimal(data, what=where, scale=scale)
    if hint is datetime:
        return lambda data, where: parse_instant(_expect(data, str, where), what=where)
    if hint is date:
        return _read_day
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda data, where: _read_enum(hint, data, where)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass_decoder(hint, scale)
    if hint is int:
        return _read_int
    if hint is str:
        return _read_text
    return lambda data, where: _expect(data, hint, where)


def _dataclass_decoder(cls: type, scale: int) -> Callable[[object, str], Any]:
    hints = typing.get_type_hints(cls)
    fields = dataclasses.fields(cls)
    tag = getattr(cls, "TAG", None)
    known = {field.name for field in fields} | ({"is"} if tag else set())
    required = {
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }

    # Filled at the first use, not now: a class may hold itself.
    readers: dict[str, Callable[[object, str], Any]] = {}

    def read(data: object, where: str) -> Any:
        if not readers:
            readers.update((field.name, _decoder(hints[field.name], scale)) for field in fields)
        given = _expect(data, dict, where)
        if tag is not None and given.get("is", tag) != tag:
            raise DecodeError(f"{where}: a {tag!r} is wanted, {given.get('is')!r} was given.")
        if unknown := given.keys() - known:
            raise DecodeError(f"{where}: unknown field {sorted(unknown)[0]!r}; known: {sorted(known)}.")
        if missing := required - given.keys():
            raise DecodeError(f"{where}: field {sorted(missing)[0]!r} is missing.")
        return cls(
            **{
                name: reader(given[name], f"{where}.{name}")
                for name, reader in readers.items()
                if name in given
            }
        )

    return read


def _tuple_decoder(items: tuple[Any, ...], scale: int) -> Callable[[object, str], Any]:
    if items[-1] is Ellipsis:
        each = _decoder(items[0], scale)
        return lambda data, where: tuple(
            each(one, f"{where}[{n}]") for n, one in enumerate(_expect(data, list, where))
        )
    readers = [_decoder(item, scale) for item in items]

    def read(data: object, where: str) -> Any:
        given = _expect(data, list, where)
        if len(given) != len(readers):
            raise DecodeError(f"{where}: {len(readers)} items are wanted, {len(given)} were given.")
        return tuple(
            reader(one, f"{where}[{n}]") for n, (reader, one) in enumerate(zip(readers, given, strict=True))
        )

    return read


def _union_decoder(options: tuple[Any, ...], scale: int) -> Callable[[object, str], Any]:
    nullable = type(None) in options
    rest = [option for option in options if option is not type(None)]
    tagged = {option.TAG: option for option in rest if getattr(option, "TAG", None)}

    def read(data: object, where: str) -> Any:
        if data is None and nullable:
            return None
        if tagged:
            tag = _expect(data, dict, where).get("is")
            if not isinstance(tag, str) or tag not in tagged:
                raise DecodeError(f"{where}: {tag!r} is not one of {sorted(tagged)}.")
            return _decoder(tagged[tag], scale)(data, where)
        return _decoder(rest[0], scale)(data, where)

    return read


def _expect(data: object, kind: Any, where: str) -> Any:
    if not isinstance(data, kind) or (kind is not bool and isinstance(data, bool)):
        raise DecodeError(f"{where}: {kind.__name__} is wanted, {type(data).__name__} was given.")
    return data


def _read_none(data: object, where: str) -> None:
    if data is not None:
        raise DecodeError(f"{where}: null is wanted.")


def _read_text(data: object, where: str) -> str:
    """Text that can be stored and hashed: no NUL, and no half of a surrogate pair."""
    text: str = _expect(data, str, where)
    if "\0" in text:
        raise DecodeError(f"{where}: the text holds a NUL character; remove it.")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise DecodeError(f"{where}: the text holds half of a surrogate pair; send valid UTF-8.")
    return text


def _read_int(data: object, where: str) -> int:
    number = _expect(data, int, where)
    return int(number)


def _read_day(data: object, where: str) -> date:
    try:
        return date.fromisoformat(_expect(data, str, where))
    except ValueError as error:
        raise DecodeError(f"{where}: {data!r} is not a day such as 2026-01-31.") from error


def _read_enum(kind: type[Enum], data: object, where: str) -> Enum:
    try:
        return kind(data)
    except ValueError as error:
        allowed = [member.value for member in kind]
        raise DecodeError(f"{where}: {data!r} is not one of {allowed}.") from error
