"""A zip archive whose bytes depend on its contents alone.

Only *stored* entries, no times, no attributes, no extra fields, names in the order given: any zip tool
opens it, and writing the same entries again gives the same bytes on every machine and Python version.
The layout is APPNOTE.TXT 4.3: local header and data for each entry, central directory, end record.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from truenav.core.failure import InvalidInputError

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_VERSION = 20
_DAY_ZERO = 0x21  # 1980-01-01, the first day that the format can name
_LIMIT = 0xFFFFFFFF
_MOST_ENTRIES = 0xFFFF


class ArchiveError(InvalidInputError):
    """The bytes are not an archive of the one form that is written here."""

    code = "bad-archive"
    title = "Not an evidence bundle"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive."""

    name: str
    data: bytes


def write_archive(entries: Iterable[Entry]) -> bytes:
    """The archive's bytes; names must be ASCII and unique, the whole below 4 GiB."""
    parts: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for entry in entries:
        name = entry.name.encode("ascii")
        end = offset + _LOCAL.size + len(name) + len(entry.data)
        if end > _LIMIT:
            raise ArchiveError("The bundle would be larger than 4 GiB; strike a smaller fund or period.")
        crc, size = zlib.crc32(entry.data), len(entry.data)
        local = _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, 0, 0, _DAY_ZERO, crc, size, size, len(name), 0)
        directory.append(
            _CENTRAL.pack(
                b"PK\x01\x02",
                _VERSION,
                _VERSION,
                *(0, 0, 0, _DAY_ZERO, crc, size, size, len(name), 0, 0, 0, 0, 0, offset),
            )
            + name
        )
        parts += [local, name, entry.data]
        offset = end
    if len(directory) > _MOST_ENTRIES:
        raise ArchiveError("The bundle would hold more than 65,535 files.")
    index = b"".join(directory)
    end_record = _END.pack(b"PK\x05\x06", 0, 0, len(directory), len(directory), len(index), offset, 0)
    return b"".join([*parts, index, end_record])


def read_archive(data: bytes) -> list[Entry]:
    """The entries of an archive, read from the front.

    Headers are trusted for names and sizes only: ``layout_difference`` tells whether the rest of them, the
    directory and the end are as ``write_archive`` writes them.
    """
    entries: list[Entry] = []
    offset = 0
    while data[offset : offset + 4] == b"PK\x03\x04":
        if len(entries) == _MOST_ENTRIES:
            raise ArchiveError(f"The archive holds more than {_MOST_ENTRIES:,} files.")
        try:
            fields = _LOCAL.unpack_from(data, offset)
        except struct.error as error:
            raise ArchiveError(f"The archive is cut off in a header at byte {offset}.") from error
        method, size, name_size, extra = fields[3], fields[8], fields[9], fields[10]
        if method != 0:
            raise ArchiveError(
                f"The entry at byte {offset} is compressed, and a bundle's are stored as they are; take the "
                "file as it was given out, not one that was packed again."
            )
        start = offset + _LOCAL.size + name_size + extra
        if start + size > len(data):
            raise ArchiveError(f"The archive is cut off in the entry at byte {offset}.")
        name = data[offset + _LOCAL.size : offset + _LOCAL.size + name_size].decode("latin-1")
        if not (name.isascii() and name.isprintable()):
            raise ArchiveError(f"The entry at byte {offset} has a name that is not printable ASCII.")
        entries.append(Entry(name, data[start : start + size]))
        offset = start + size
    if not entries:
        raise ArchiveError("This is not a zip archive of an evidence bundle.")
    return entries


def layout_difference(entries: Sequence[Entry], data: bytes) -> str:
    """Where ``data`` departs from the one archive of ``entries``; empty where it does not."""
    expected = write_archive(entries)
    if expected == data:
        return ""
    at = common_length(expected, data)
    end = 0
    for entry in entries:
        end += _LOCAL.size + len(entry.name) + len(entry.data)
        if at < end:
            return f"byte {at} of the archive, in the header of {entry.name}"
    if at == len(expected):
        return f"byte {at} of the archive: the archive ends there, {len(data) - at} bytes follow"
    return f"byte {at} of the archive, in its directory"


def common_length(one: bytes, other: bytes) -> int:
    """How many first bytes two byte strings share, found by halving."""
    same, most = 0, min(len(one), len(other))
    while same < most:
        middle = (same + most + 1) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            most = middle - 1
    return same
