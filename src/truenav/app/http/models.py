"""Forms on the wire: exact numbers as text, instants in UTC, unknown fields refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from truenav.core.clock import as_utc, instant_text, parse_instant
from truenav.core.failure import InvalidInputError
from truenav.core.ids import parse_slug
from truenav.core.money import parse_decimal, to_text
from truenav.core.names import NAME_LENGTH, parse_name

T = TypeVar("T")


class Body(BaseModel):
    """Base of what comes in: unknown fields are refused, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Answer(BaseModel):
    """Base of what goes out."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Queued(Answer):
    """Work that a worker will do; ``/api/v1/jobs/{job}`` tells how far it is."""

    job: str


def checked(parse: Callable[[Any], T]) -> Callable[[Any], T]:
    """A parser of ours as a pydantic validator: its refusal keeps its code and gets the field's place."""

    def validate(value: Any) -> T:
        try:
            return parse(value)
        except InvalidInputError as error:
            raise PydanticCustomError(error.code, "{message}", {"message": error.message}) from error

    return validate


def _instant(value: Any) -> datetime:
    return as_utc(value) if isinstance(value, datetime) else parse_instant(_text(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidInputError("Text is wanted.")
    return value


Number = Annotated[
    Decimal,
    BeforeValidator(checked(parse_decimal)),
    PlainSerializer(to_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "examples": ["1234.56"], "maxLength": 200}),
]
"""An exact decimal; text such as ``"1234.56"`` in JSON."""

Instant = Annotated[
    datetime,
    BeforeValidator(checked(_instant)),
    PlainSerializer(instant_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T08:00:00Z"]}),
]
"""An instant; RFC 3339 with an offset, always given back in UTC."""

Slug = Annotated[
    str,
    BeforeValidator(checked(lambda value: parse_slug(_text(value), what="id"))),
    WithJsonSchema({"type": "string", "pattern": "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"}),
]
"""An identifier that people choose."""

ShortText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_LENGTH),
    AfterValidator(checked(lambda value: parse_name(value, what="text"))),
]
"""A name: 1 to 200 characters on one line."""
