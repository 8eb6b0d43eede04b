"""A zip archive whose bytes depend on its contents alone.

Only *stored* entries, no times, no attributes, no extra fields, names in the order given: any zip tool
opens it, and writing the same entries again gives the same bytes on every machine and Python version.
The layout is APPNOTE.TXT 4.3: local header and data for each entry, central directory, end record.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from truenav.core.failure import InvalidInputError

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_VERSION = 20
_DAY_ZERO = 0x21  # 1980-01-01, the first day that the format can name
_LIMIT = 0xFFFFFFFF


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
        crc, size = zlib.crc32(entry.data), len(entry.data)
        if offset + size > _LIMIT:
            raise ArchiveError("The bundle would be larger than 4 GiB; strike a smaller fund or period.")
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
        offset += len(local) + len(name) + size
    index = b"".join(directory)
    if len(directory) > 0xFFFF:
        raise ArchiveError("The bundle would hold more than 65,535 files.")
    end = _END.pack(b"PK\x05\x06", 0, 0, len(directory), len(directory), len(index), offset, 0)
    return b"".join([*parts, index, end])


def read_archive(data: bytes) -> list[Entry]:
    """The entries of an archive, read from the front; anything that is not a stored entry is refused.

    Headers are not trusted beyond names and sizes: the caller writes the entries again and compares all
    bytes.
    """
    entries: list[Entry] = []
    offset = 0
    while data[offset : offset + 4] == b"PK\x03\x04":
        try:
            fields = _LOCAL.unpack_from(data, offset)
        except struct.error as error:
            raise ArchiveError(f"The archive is cut off in a header at byte {offset}.") from error
        size, name_size, extra = fields[8], fields[9], fields[10]
        start = offset + _LOCAL.size + name_size + extra
        if start + size > len(data):
            raise ArchiveError(f"The archive is cut off in the entry at byte {offset}.")
        name = data[offset + _LOCAL.size : offset + _LOCAL.size + name_size]
        try:
            entries.append(Entry(name.decode("ascii"), data[start : start + size]))
        except UnicodeDecodeError as error:
            raise ArchiveError(f"The entry at byte {offset} has a name that is not ASCII.") from error
        offset = start + size
    if not entries:
        raise ArchiveError("This is not a zip archive of an evidence bundle.")
    return entries
