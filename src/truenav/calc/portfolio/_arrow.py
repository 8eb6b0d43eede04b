"""Zero-copy reading of decimal columns through the Arrow C data interface.

Anything that offers ``__arrow_c_array__`` or ``__arrow_c_stream__`` (polars, pyarrow, duckdb, ...) can
be read without importing any of them. Specification: https://arrow.apache.org/docs/format/
CDataInterface.html and CDataInterface/PyCapsuleInterface.html.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterator
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


class _Schema(ctypes.Structure):
    _fields_ = (
        ("format", c_char_p),
        ("name", c_char_p),
        ("metadata", c_void_p),
        ("flags", c_int64),
        ("n_children", c_int64),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", CFUNCTYPE(None, c_void_p)),
        ("private_data", c_void_p),
    )


class _Array(ctypes.Structure):
    _fields_ = (
        ("length", c_int64),
        ("null_count", c_int64),
        ("offset", c_int64),
        ("n_buffers", c_int64),
        ("n_children", c_int64),
        ("buffers", POINTER(c_void_p)),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", CFUNCTYPE(None, c_void_p)),
        ("private_data", c_void_p),
    )


class _Stream(ctypes.Structure):
    _fields_ = (
        ("get_schema", CFUNCTYPE(c_int, c_void_p, POINTER(_Schema))),
        ("get_next", CFUNCTYPE(c_int, c_void_p, POINTER(_Array))),
        ("get_last_error", CFUNCTYPE(c_char_p, c_void_p)),
        ("release", CFUNCTYPE(None, c_void_p)),
        ("private_data", c_void_p),
    )


@dataclass(frozen=True, slots=True)
class ArrowChunk:
    """One contiguous piece of a column: its format text, its limbs and its first null row, if any."""

    format: str
    limbs: NDArray[np.int64]
    first_null: int | None


class _Buffer:
    """Foreign memory as NumPy wants it offered; ``owner`` lives as long as any view of it."""

    def __init__(self, address: int, count: int, typestr: str, owner: object) -> None:
        self.owner = owner
        self.__array_interface__ = {
            "version": 3,
            "shape": (count,),
            "typestr": typestr,
            "data": (address, True),
        }


class _Owner:
    """Keeps an exporter's memory alive."""


def chunks(source: Any) -> Iterator[ArrowChunk]:
    """The contiguous pieces of a column object, without copying.

    Raises ``TypeError`` for an object that speaks no Arrow, ``ValueError`` when its stream fails.
    """
    if hasattr(source, "__arrow_c_array__"):
        schema_capsule, array_capsule = source.__arrow_c_array__()
        schema = _Schema.from_address(_pointer(schema_capsule, b"arrow_schema"))
        array = _Array.from_address(_pointer(array_capsule, b"arrow_array"))
        yield _chunk(schema.format.decode(), array, owner=array_capsule)
    elif hasattr(source, "__arrow_c_stream__"):
        yield from _stream_chunks(source.__arrow_c_stream__())
    else:
        raise TypeError(type(source).__name__)


def _stream_chunks(capsule: object) -> Iterator[ArrowChunk]:
    address = _pointer(capsule, b"arrow_array_stream")
    stream = _Stream.from_address(address)
    schema = _Schema()
    _check(stream, address, stream.get_schema(address, ctypes.byref(schema)))
    column_format = schema.format.decode()
    schema.release(ctypes.addressof(schema))
    while True:
        array = _Array()
        _check(stream, address, stream.get_next(address, ctypes.byref(array)))
        if not array.release:
            return
        owner = _Owner()
        weakref.finalize(owner, _release, array)
        yield _chunk(column_format, array, owner)


def _release(array: _Array) -> None:
    array.release(ctypes.addressof(array))


def _check(stream: _Stream, address: int, status: int) -> None:
    if status:
        reason = stream.get_last_error(address) or b"unknown reason"
        raise ValueError(reason.decode(errors="replace"))


def _chunk(column_format: str, array: _Array, owner: object) -> ArrowChunk:
    """View one array; a format without 64-bit limbs has none (the caller refuses it by name)."""
    per_value = limbs_per_value(column_format)
    limbs: NDArray[np.int64] = np.empty(0, np.int64)
    if per_value and array.length:
        start = array.buffers[1] + 8 * per_value * array.offset
        limbs = np.asarray(_Buffer(start, per_value * array.length, "<i8", owner))
    return ArrowChunk(column_format, limbs, _first_null(array, owner))


def limbs_per_value(column_format: str) -> int:
    """64-bit limbs of a value: 2 for ``d:38,18``, 1 for ``d:18,8,64``, 0 for anything else."""
    if not column_format.startswith("d:"):
        return 0
    bits = [*column_format[2:].split(","), "128"][2]
    return {"64": 1, "128": 2}.get(bits, 0)


def _first_null(array: _Array, owner: object) -> int | None:
    if array.null_count == 0 or not array.length or not array.buffers[0]:
        return None
    end = array.offset + array.length
    packed = np.asarray(_Buffer(array.buffers[0], (end + 7) // 8, "|u1", owner))
    valid = np.unpackbits(packed, count=end, bitorder="little")[array.offset :]
    row = int(np.argmin(valid))
    return None if valid[row] else row


def _pointer(capsule: object, name: bytes) -> int:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = c_void_p, (ctypes.py_object, c_char_p)
    address: int = get(capsule, name)
    return address
