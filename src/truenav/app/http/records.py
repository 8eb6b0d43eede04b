"""Frozen values of ours on the wire: read and written by ``core.canonical``, described from their types.

``Record[NavLine]`` in a form or signature is a ``NavLine`` whose JSON is its canonical data: decimals and
instants as text, unknown fields refused, a refusal naming the field. Its description follows from the
dataclass, so there is no second list of fields to keep.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema, core_schema

from truenav.app.http.models import Instant, Number, checked
from truenav.core.canonical import decode, encode

T = TypeVar("T")

if TYPE_CHECKING:
    Record = Annotated[T, ...]
else:

    class Record:
        """``Record[X]``: an ``X``, a dataclass of ours or a union of tagged ones."""

        def __class_getitem__(cls, item: Any) -> Any:
            return record_of(item)


def record_of(item: Any) -> Any:
    """``Record[item]`` for a type that is known only at run time."""
    return Annotated[item, _AsRecord(item)]


@dataclasses.dataclass(frozen=True, slots=True)
class _AsRecord:
    item: Any

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read plain data with ``decode`` (a value stays as it is), write with ``encode``."""
        del source
        return core_schema.no_info_wrap_validator_function(
            lambda data, _: self._checked(data),
            handler.generate_schema(form_of(self.item)),
            serialization=core_schema.plain_serializer_function_ser_schema(encode),
        )

    def _checked(self, data: Any) -> Any:
        return checked(self._read)(data)

    def _read(self, data: Any) -> Any:
        return data if dataclasses.is_dataclass(data) else decode(self.item, data)


@cache
def form_of(hint: Any) -> Any:
    """The pydantic type that describes the canonical JSON of a type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, typing.NewType):
        return form_of(hint.__supertype__)
    if hint is Decimal:
        return Number
    if hint is datetime:
        return Instant
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin is tuple:
        return list[form_of(arguments[0])]  # type: ignore[misc]
    if origin in (dict, Mapping):
        return dict[str, form_of(arguments[1])]  # type: ignore[misc]
    if dataclasses.is_dataclass(hint):
        return _model(hint)
    return hint


def _union(options: tuple[Any, ...]) -> Any:
    forms = tuple(form_of(option) for option in options if option is not types.NoneType)
    form: Any = typing.Union[forms]  # noqa: UP007 - the members are known only here
    if len(forms) > 1:
        form = Annotated[form, Field(discriminator="is")]
    return form | None if types.NoneType in options else form


def _model(cls: Any) -> Any:
    hints = typing.get_type_hints(cls)
    fields: dict[str, Any] = {}
    if tag := getattr(cls, "TAG", None):
        fields["is"] = (Literal[tag], ...)
    for field in dataclasses.fields(cls):
        default = ... if field.default is dataclasses.MISSING else field.default
        fields[field.name] = (form_of(hints[field.name]), default)
    return create_model(
        cls.__name__,
        __config__=ConfigDict(extra="forbid"),
        __doc__=inspect.getdoc(cls),
        __module__=cls.__module__,
        **fields,
    )
