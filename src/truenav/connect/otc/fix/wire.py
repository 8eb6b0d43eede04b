"""Messages on the wire: whole ones with the right check sum, as bytes and as fields."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import simplefix  # type: ignore[import-untyped]
from simplefix.errors import ParsingError  # type: ignore[import-untyped]

from truenav.connect.errors import MalformedPayloadError

SOH = b"\x01"
VERSION = b"FIX.4.4"
MAX_BODY = 1024 * 1024
_HEAD = re.compile(rb"8=([^\x01]{1,20})\x019=(\d{1,7})\x01")
_START = b"8=FIX"
_TRAILER = 7
"""``10=nnn`` and its end."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its bytes as received, and its fields in their order."""

    raw: bytes
    fields: tuple[tuple[int, str], ...]

    def get(self, tag: int, default: str = "") -> str:
        """The first field with a tag."""
        return next((value for number, value in self.fields if number == tag), default)

    @property
    def kind(self) -> str:
        """MsgType."""
        return self.get(35)

    @property
    def number(self) -> int:
        """MsgSeqNum; 0 where there is none."""
        text = self.get(34)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0

    @property
    def repeated(self) -> bool:
        """PossDupFlag: it was sent before."""
        return self.get(43) == "Y"


def read_message(raw: bytes) -> Message:
    """The fields of one whole message; raises ``MalformedPayloadError``."""
    if frame(raw) != len(raw):
        raise MalformedPayloadError("not one whole FIX message with the right check sum.")
    parser = simplefix.FixParser()
    parser.append_buffer(raw)
    try:
        found = parser.get_message()
    except ParsingError as error:
        raise MalformedPayloadError("a FIX message with a field that has no number or no value.") from error
    if found is None:
        raise MalformedPayloadError("a FIX message without an end.")
    try:
        return Message(raw, tuple((int(tag), value.decode("utf-8")) for tag, value in found.pairs))
    except ValueError as error:
        raise MalformedPayloadError("a FIX message with a field that is no text.") from error


def frame(buffer: bytes) -> int | None:
    """Length of the message at the buffer's beginning: None where more must come, 0 where it is broken."""
    head = _HEAD.match(buffer)
    if head is None:
        return None if len(buffer) < 40 and (_START.startswith(buffer) or buffer.startswith(_START)) else 0
    size = int(head[2])
    if head[1] != VERSION or size > MAX_BODY:
        return 0
    end = head.end() + size
    if len(buffer) < end + _TRAILER:
        return None
    wanted = b"10=%03d\x01" % (sum(buffer[:end]) % 256)
    return end + _TRAILER if buffer[end : end + _TRAILER] == wanted else 0


class Reader:
    """Whole messages of a stream; broken ones are left out, as the protocol asks, and are missed later."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream
        self._buffer = b""

    async def next(self) -> Message:
        """The next whole message; raises ``ConnectionError`` at the end of the stream."""
        while True:
            length = frame(self._buffer) if self._buffer else None
            if length:
                raw, self._buffer = self._buffer[:length], self._buffer[length:]
                return read_message(raw)
            if length == 0:
                again = self._buffer.find(_START, 1)
                self._buffer = self._buffer[again:] if again > 0 else b""
                continue
            more = await self._stream.read(65_536)
            if not more:
                raise ConnectionError("the session was closed")
            self._buffer += more


def written(
    kind: str, number: int, sender: str, target: str, at: datetime, fields: Iterable[tuple[int, str]]
) -> bytes:
    """A message to send, with its header, length and check sum."""
    message = simplefix.FixMessage()
    head = ((8, VERSION.decode()), (35, kind), (34, str(number)), (49, sender), (52, stamp(at)), (56, target))
    for tag, value in (*head, *fields):
        message.append_pair(tag, value)
    return bytes(message.encode())


def stamp(at: datetime) -> str:
    """UTCTimestamp with milliseconds."""
    return at.astimezone(UTC).strftime("%Y%m%d-%H:%M:%S.%f")[:-3]


def read_stamp(text: str) -> datetime:
    """A UTCTimestamp, with or without a fraction; raises ``MalformedPayloadError``."""
    for form in ("%Y%m%d-%H:%M:%S.%f", "%Y%m%d-%H:%M:%S"):
        try:
            return datetime.strptime(text[:24], form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise MalformedPayloadError(f"{text[:40]!r} is no UTC time stamp.")
