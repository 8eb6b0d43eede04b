"""A drop copy gathered session by session; the cursor holds both sequence numbers."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from truenav.connect.contract import (
    Credentials,
    Cursor,
    Errand,
    Gathered,
    KeyCheck,
    Manifest,
    ParseContext,
    Parser,
    Payload,
    Problem,
    Right,
)
from truenav.connect.errors import MalformedPayloadError, VenueError
from truenav.connect.gathering import Harvest, Pages
from truenav.connect.otc.fix.manifest import MANIFEST
from truenav.connect.otc.fix.parse import CORRECTS, ENDPOINT, PARSERS, execution
from truenav.connect.otc.fix.session import Heard, Numbers, OutgoingTooLowError, Session
from truenav.connect.otc.fix.settings import SessionSettings, read_settings
from truenav.connect.otc.fix.wire import Message
from truenav.connect.registry import parse
from truenav.connect.transport import Transport
from truenav.core.evidence import Evidence, Request
from truenav.core.failure import TruenavError
from truenav.core.ids import Sha256


class FixConnector:
    """Reads a desk's drop copy; without settings it only knows how to read what was gathered."""

    parsers: Mapping[str, Parser] = PARSERS

    def __init__(self, settings: SessionSettings | None = None) -> None:
        self._settings = settings
        self.manifest: Manifest = MANIFEST
        if settings is not None:
            self.manifest = replace(MANIFEST, title=settings.name, hosts={"session": settings.url})

    @property
    def settings(self) -> SessionSettings:
        """The session of the connection; raises ``MalformedPayloadError`` where it has none."""
        if self._settings is None:
            raise MalformedPayloadError(
                "This connection has no session; give it one in its settings ('--settings FILE')."
            )
        return self._settings

    def configured(self, settings: str) -> FixConnector:
        """A connector for the session in ``settings``."""
        return FixConnector(read_settings(settings))

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """The session refuses by messages of its own."""
        del status, body
        return None

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """A drop copy tells no prices."""
        del api, context, credentials
        return Gathered()

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Log on and off. Nothing is acknowledged: what the desk sends meanwhile, it is asked for again."""
        heard = await self._heard(api, credentials, Numbers(), catch_up=False)
        return KeyCheck(
            read=Right.YES,
            trade=Right.UNVERIFIED,
            withdraw=Right.NO,
            clock_offset=timedelta(0) if heard.clock is None else heard.clock - api.now(),
            identity=f"{self.settings.sender} at {self.settings.target}",
            notes=("Have the desk set the session up as a drop copy: it then takes no orders.",),
        )

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """What was executed since the last session; a drop copy tells no balances."""
        harvest = Harvest.of(api, errand)
        if errand.history:
            read = self._executions(
                api, errand.credentials, errand.context, errand.cursors.get(ENDPOINT), harvest
            )
            await harvest.run([(ENDPOINT, read)])
        return harvest.gathered()

    async def _executions(
        self,
        api: Transport,
        credentials: Credentials,
        context: ParseContext,
        cursor: Cursor | None,
        harvest: Harvest,
    ) -> Pages:
        numbers, asked_at = _numbers(cursor), api.now()
        heard = await self._heard(api, credentials, numbers, catch_up=True)
        for first, last in heard.skipped:
            harvest.problems.append(_skipped(self.settings.name, first, last))
        stated: dict[str, Sha256] = {}
        payloads = []
        for message in heard.earlier:
            _read(self._payload(api, message, asked_at, stated), context, message, stated)
        for message in heard.messages:
            payload = await api.keep(self._payload(api, message, asked_at, stated))
            _read(payload, context, message, stated)
            payloads.append(payload)
        return Pages(tuple(payloads), Cursor(f"{numbers.incoming}:{numbers.outgoing}", api.now()))

    async def _heard(
        self, api: Transport, credentials: Credentials, numbers: Numbers, *, catch_up: bool
    ) -> Heard:
        """One session; a second one where the desk expects a higher number of us than we kept."""
        await api.gate.enter("sessions", 1, api.account)
        try:
            async with self._session(api, credentials, numbers) as session:
                return await _hear(session, catch_up=catch_up)
        except OutgoingTooLowError as error:
            numbers.outgoing = int(str(error.context["expecting"]))
        async with self._session(api, credentials, numbers) as session:
            return await _hear(session, catch_up=catch_up)

    @asynccontextmanager
    async def _session(
        self, api: Transport, credentials: Credentials, numbers: Numbers
    ) -> AsyncIterator[Session]:
        reader, writer = await api.connect("session")
        try:
            session = Session(reader, writer, self.settings, numbers, now=api.now)
            await session.log_on(credentials.key, credentials.secret)
            yield session
            await session.log_off()
        finally:
            writer.close()

    def _payload(
        self, api: Transport, message: Message, asked_at: datetime, stated: Mapping[str, Sha256]
    ) -> Payload:
        """A message with its evidence; a correction with the fact that it corrects noted."""
        corrects = stated.get(execution(message).corrects)
        notes = () if corrects is None else ((CORRECTS, corrects),)
        evidence = Evidence(
            sha256=Sha256(hashlib.sha256(message.raw).hexdigest()),
            size=len(message.raw),
            connector=self.manifest.name,
            connector_version=self.manifest.version,
            endpoint=ENDPOINT,
            account=api.account,
            request=Request("FIX", self.settings.url, (("MsgSeqNum", str(message.number)), *notes)),
            asked_at=asked_at,
            answered_at=api.now(),
            status=200,
        )
        return Payload(evidence, message.raw)


async def _hear(session: Session, *, catch_up: bool) -> Heard:
    if catch_up:
        await session.catch_up()
        if _unknown(session.heard.messages):
            await session.ask_again()
    return session.heard


def _unknown(messages: Iterable[Message]) -> bool:
    """Whether a correction is of an execution that is not among the messages before it."""
    seen: set[str] = set()
    for message in messages:
        found = execution(message)
        if found.effect in ("correct", "cancel") and found.corrects not in seen:
            return True
        seen.add(found.id)
    return False


def _read(payload: Payload, context: ParseContext, message: Message, stated: dict[str, Sha256]) -> None:
    """Remember which fact an execution is; what cannot be read is told when the page set is taken."""
    try:
        facts = parse(payload.evidence, payload.body, context).facts
    except TruenavError:
        return
    for fact in facts:
        stated[execution(message).id] = fact.content_hash


def _numbers(cursor: Cursor | None) -> Numbers:
    if cursor is None:
        return Numbers()
    incoming, _, outgoing = cursor.id.partition(":")
    return Numbers(int(incoming), int(outgoing))


def _skipped(name: str, first: int, last: int) -> Problem:
    return Problem(
        where=f"{name} {ENDPOINT}",
        message=f"{name} set its numbers anew and left out the messages {first} to {last}.",
        mend="Ask the desk for a statement of the day and import it: executions may be missing.",
        subject=name,
        lost=False,
    )


CONNECTOR = FixConnector()
