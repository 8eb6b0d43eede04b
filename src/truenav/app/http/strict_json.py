"""JSON from outside, read strictly: no floats, no NaN, no doubled keys, no bottomless nesting."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from truenav.app.http.errors import MalformedRequestError

MAX_DEPTH = 32

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def parse_json(body: bytes) -> Any:
    """Plain JSON data of a body; ``MalformedRequestError`` says what is wrong, and where.

    Fractions must come as text (``"0.10"``): a float has already lost what was typed. Texts hold no NUL
    and no half of a surrogate pair, which a database cannot keep.
    """
    _refuse_depth(body)
    try:
        data = json.loads(
            body.decode("utf-8"),
            parse_float=_refuse_float,
            parse_constant=_refuse_float,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise MalformedRequestError(f"The body is not UTF-8 at byte {error.start + 1}.") from error
    except json.JSONDecodeError as error:
        raise MalformedRequestError(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except ValueError as error:  # an integer of more than 4,300 digits
        raise MalformedRequestError("The body holds a number that is too long; send it as text.") from error
    _refuse_bad_text(data)
    return data


def is_clean_text(text: str) -> bool:
    """Whether a database can keep the text: no NUL, no lone surrogate."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _refuse_depth(body: bytes) -> None:
    depth = 0
    for token in _TOKEN.finditer(body):
        if token[0] in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedRequestError(f"The body is nested more than {MAX_DEPTH} levels deep.")
        elif token[0] in b"]}":
            depth -= 1


def _refuse_float(text: str) -> NoReturn:
    raise MalformedRequestError(f'The body holds the number {text[:40]}; send it as text: "{text[:40]}".')


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise MalformedRequestError(f"The body has the field {double[:60]!r} twice in one object.")
    return data


def _refuse_bad_text(data: Any) -> None:
    if isinstance(data, str):
        if not is_clean_text(data):
            raise MalformedRequestError("The body holds a NUL character or half a surrogate pair.")
    elif isinstance(data, list):
        for item in data:
            _refuse_bad_text(item)
    elif isinstance(data, dict):
        for name, item in data.items():
            _refuse_bad_text(name)
            _refuse_bad_text(item)
