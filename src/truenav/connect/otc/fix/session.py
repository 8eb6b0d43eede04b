"""The session: log on, hear everything up to now without a gap, log off.

Sequence numbers are kept between sessions. A number that is missing is asked for again; a number that came
before is taken only where it says so. What a session brought is complete when the desk answers our test
request and no number is missing before that answer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from truenav.connect.errors import (
    IncompletePagesError,
    KeyRevokedError,
    VenueError,
    VenueUnavailableError,
)
from truenav.connect.otc.fix.settings import SessionSettings
from truenav.connect.otc.fix.wire import Message, Reader, read_stamp, written

MAX_MESSAGES = 100_000
"""Business messages of one session; the rest follows at the next one."""
_EXPECTING = re.compile(r"expect\w*\D{0,20}(\d{1,9})", re.IGNORECASE)


class Kind(StrEnum):
    """Message types of the session, and the two that say what was executed."""

    HEARTBEAT = "0"
    TEST_REQUEST = "1"
    RESEND_REQUEST = "2"
    REJECT = "3"
    SEQUENCE_RESET = "4"
    LOGOUT = "5"
    LOGON = "A"
    EXECUTION = "8"
    CAPTURE = "AE"


BUSINESS = frozenset({Kind.EXECUTION.value, Kind.CAPTURE.value})
_AT_ONCE = frozenset({Kind.LOGON.value, Kind.LOGOUT.value, Kind.RESEND_REQUEST.value, Kind.REJECT.value})
"""Messages that are obeyed even where a number before them is missing."""


@dataclass(slots=True)
class Numbers:
    """The next number that we expect, and the next that we send."""

    incoming: int = 1
    outgoing: int = 1


class OutgoingTooLowError(VenueError):
    """The desk expects a higher number of us than we kept: our last session was not recorded."""

    code = "fix-number-too-low"
    title = "The desk expects a higher sequence number"


@dataclass(slots=True)
class Heard:
    """What a session brought: new messages in order, older ones that were repeated meanwhile, and numbers
    (first and last) that the desk left out for good. ``clock`` is the desk's time at its logon.
    """

    messages: list[Message] = field(default_factory=list)
    earlier: list[Message] = field(default_factory=list)
    skipped: list[tuple[int, int]] = field(default_factory=list)
    clock: datetime | None = None


class Session:
    """One session as its initiator; ``numbers`` are moved as messages are taken and sent."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        settings: SessionSettings,
        numbers: Numbers,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self.numbers = numbers
        self.heard = Heard()
        self._reader = Reader(reader)
        self._writer = writer
        self._settings = settings
        self._now = now
        self._highest = 0
        self._asked_from = 0
        self._logged_on = False
        self._tests = 0
        self._testing = False
        self._answered = False
        self._sent_at = 0.0

    async def log_on(self, user: str, password: str) -> None:
        """Log on; raises ``KeyRevokedError`` or ``OutgoingTooLowError`` where the desk refuses."""
        given = [(98, "0"), (108, str(self._settings.heartbeat)), (141, "N")]
        given += [(tag, text) for tag, text in ((553, user), (554, password)) if text]
        await self._send(Kind.LOGON, given)
        while not self._logged_on:
            await self._hear()

    async def catch_up(self) -> None:
        """Hear everything that the desk has for us up to now."""
        self._answered = False
        while not self._answered and len(self.heard.messages) < MAX_MESSAGES:
            if self._whole and not self._testing:
                await self._test()
            await self._hear()

    async def ask_again(self) -> None:
        """Have everything repeated that the desk still keeps: for a correction of what came long ago."""
        if self.numbers.incoming > 1:
            await self._send(Kind.RESEND_REQUEST, [(7, "1"), (16, str(self.numbers.incoming - 1))])
        await self.catch_up()

    async def log_off(self) -> None:
        """Say goodbye and wait a moment for the answer; the numbers are ours either way."""
        try:
            await self._send(Kind.LOGOUT, [])
            async with asyncio.timeout(min(2.0, self._settings.heartbeat)):
                while (await self._reader.next()).kind != Kind.LOGOUT:
                    continue
                self.numbers.incoming += 1
        except (OSError, TimeoutError):
            return

    @property
    def _whole(self) -> bool:
        return self.numbers.incoming > self._highest

    async def _test(self) -> None:
        self._tests += 1
        self._testing = True
        await self._send(Kind.TEST_REQUEST, [(112, f"truenav-{self._tests}")])

    async def _hear(self) -> None:
        """One message, or a refusal where the desk is silent for two heartbeats."""
        await self._take(await self._next())
        if asyncio.get_running_loop().time() - self._sent_at > self._settings.heartbeat:
            await self._send(Kind.HEARTBEAT, [])

    async def _next(self) -> Message:
        for last in (False, True):
            try:
                async with asyncio.timeout(self._settings.heartbeat):
                    return await self._reader.next()
            except TimeoutError:
                if not last and self._logged_on:
                    await self._wake()
            except OSError as error:
                raise VenueUnavailableError(
                    f"{self._settings.name} closed the session ({error}); nothing of it is taken."
                ) from error
        raise VenueUnavailableError(f"{self._settings.name} said nothing for two heartbeats.")

    async def _wake(self) -> None:
        """The desk is silent: ask again for what is missing, else whether it is there."""
        if self._whole:
            await self._test()
        else:
            await self._ask_missing()

    async def _take(self, message: Message) -> None:
        """Judge a message's number, then obey or keep it."""
        if (message.get(49), message.get(56)) != (self._settings.target, self._settings.sender):
            await self._send(Kind.REJECT, [(45, str(message.number)), (373, "9")])
            raise VenueError(f"{self._settings.name}: a message is addressed to somebody else (CompID).")
        number, expected = message.number, self.numbers.incoming
        if message.kind == Kind.SEQUENCE_RESET and message.get(123) != "Y":
            self._renumber(message, filled=False)
            return
        if message.kind == Kind.LOGON:
            self._begin(message)
            expected = self.numbers.incoming
        if number < expected:
            await self._too_low(message)
            return
        if number > expected:
            await self._missing(message)
            return
        self.numbers.incoming += 1
        self._asked_from = 0 if self._whole else self._asked_from
        await self._obey(message)

    def _begin(self, message: Message) -> None:
        """The desk's logon: a number below ours is a session begun anew, so everything of it is asked for."""
        self._logged_on = True
        self.heard.clock = read_stamp(message.get(52))
        if message.get(141) == "Y" or message.number < self.numbers.incoming:
            self.numbers.incoming = 1

    async def _too_low(self, message: Message) -> None:
        if not message.repeated and message.kind not in _AT_ONCE:
            raise IncompletePagesError(
                f"{self._settings.name} sent number {message.number} where {self.numbers.incoming} is "
                "expected and does not call it a repetition; nothing of this session is taken."
            )
        if message.kind in BUSINESS:
            self.heard.earlier.append(message)
        elif not message.repeated:
            await self._obey(message)

    async def _missing(self, message: Message) -> None:
        """Ask for what is missing, once; this message comes again with it, unless it cannot wait."""
        self._highest = max(self._highest, message.number)
        if message.kind in _AT_ONCE:
            await self._obey(message)
        self._testing = self._answered = False
        if self._asked_from != self.numbers.incoming:
            await self._ask_missing()

    async def _ask_missing(self) -> None:
        self._asked_from = self.numbers.incoming
        await self._send(Kind.RESEND_REQUEST, [(7, str(self.numbers.incoming)), (16, "0")])

    async def _obey(self, message: Message) -> None:
        kind = message.kind
        if kind in BUSINESS:
            self.heard.messages.append(message)
        elif kind == Kind.SEQUENCE_RESET:
            self._renumber(message, filled=True)
        elif kind == Kind.TEST_REQUEST:
            await self._send(Kind.HEARTBEAT, [(112, message.get(112))])
        elif kind == Kind.HEARTBEAT:
            if message.get(112) == f"truenav-{self._tests}":
                self._testing, self._answered = False, True
        elif kind == Kind.RESEND_REQUEST:
            await self._fill_gap(message)
        elif kind == Kind.REJECT:
            raise VenueError(f"{self._settings.name} rejects a message of ours: {message.get(58)[:200]}.")
        elif kind == Kind.LOGOUT:
            self._refused(message.get(58))

    def _renumber(self, message: Message, *, filled: bool) -> None:
        """A gap ``filled``, or numbers set anew, which loses what lies between; never back."""
        text, expected = message.get(36), self.numbers.incoming
        if not (text.isascii() and text.isdigit() and len(text) < 12) or int(text) < expected:
            raise IncompletePagesError(f"{self._settings.name} sets the next number to {text[:20]!r}.")
        if not filled and int(text) > expected:
            self.heard.skipped.append((expected, int(text) - 1))
        self.numbers.incoming = int(text)

    async def _fill_gap(self, message: Message) -> None:
        """All that we ever send belongs to the session alone, so it is filled, not repeated."""
        begin = message.get(7)
        start = int(begin) if begin.isascii() and begin.isdigit() and len(begin) < 12 else 1
        if 0 < start < self.numbers.outgoing:
            following = str(self.numbers.outgoing)
            await self._write(Kind.SEQUENCE_RESET, start, [(43, "Y"), (123, "Y"), (36, following)])
            self._testing = False  # a test request that lay in the gap is never answered

    def _refused(self, text: str) -> None:
        expecting = _EXPECTING.search(text)
        if "low" in text.lower() and expecting is not None:
            raise OutgoingTooLowError(f"{self._settings.name}: {text[:200]}", expecting=int(expecting[1]))
        if not self._logged_on:
            raise KeyRevokedError(
                f"{self._settings.name} refuses the logon ({text[:200] or 'no reason given'}); check user, "
                "password and the names of the session."
            )
        raise VenueUnavailableError(f"{self._settings.name} logged off ({text[:200] or 'no reason given'}).")

    async def _send(self, kind: Kind, fields: list[tuple[int, str]]) -> None:
        number = self.numbers.outgoing
        self.numbers.outgoing += 1
        await self._write(kind, number, fields)

    async def _write(self, kind: Kind, number: int, fields: list[tuple[int, str]]) -> None:
        names = self._settings
        self._sent_at = asyncio.get_running_loop().time()
        self._writer.write(written(kind, number, names.sender, names.target, self._now(), fields))
        try:
            await self._writer.drain()
        except OSError as error:
            raise VenueUnavailableError(f"{names.name} closed the session.") from error
