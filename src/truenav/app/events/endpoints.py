"""The stream of events (server-sent events)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from truenav.app.events.admission import Admission, ReadAnewError, until_check
from truenav.app.events.service import EventHub, News
from truenav.app.house import House
from truenav.app.http.context import CallerDep, HouseDep
from truenav.app.http.login import Caller
from truenav.app.http.routes import Router, requires
from truenav.app.sight import Sight, sight_of
from truenav.core.failure import TruenavError
from truenav.store.audit import RIGHTS

router = Router(prefix="/events", tags=["events"])

_ACTION = "event:read"
_SILENCE: News = {"kind": "silence"}

_EVENT_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events named by their kind (`run`, `job`, `mark`, ...) with a JSON object of names "
        "and states; a comment after 15 seconds of silence; `end` when the stream must be opened anew.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get(
    "",
    dependencies=[requires(_ACTION, transaction=False, sight="narrowed")],
    response_class=StreamingResponse,
    responses=_EVENT_STREAM,
)
async def follow_events(request: Request, caller: CallerDep, house: HouseDep) -> StreamingResponse:
    """Follow what happens in the tenant. After a break connect again and read anew: events are not kept.

    Who sees some nodes only hears of the funds that they reach, and of nothing else.
    """
    hub: EventHub = request.app.state.hub
    stream = _stream(hub, house, caller)
    first = await anext(stream)  # a refusal must come before the answer begins
    return StreamingResponse(
        _after(first, stream), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def _after(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for part in rest:
            yield part


async def _stream(hub: EventHub, house: House, caller: Caller) -> AsyncGenerator[bytes, None]:
    """Events until the caller leaves or may no longer listen: asked when rights change, and in silence."""
    loop = asyncio.get_running_loop()
    admission = Admission(house, caller, _ACTION)
    async with hub.subscribe(caller.principal.tenant) as queue:
        await admission.check()  # rights may have changed before the news were heard
        sight = await run_in_threadpool(_sight, house, caller)
        yield b": connected\n\n"
        check_at = loop.time() + until_check()
        try:
            while True:
                news = await _heard(queue, check_at - loop.time())
                if news is _SILENCE or admission.concerned_by(news):
                    await admission.check()
                    sight = await run_in_threadpool(_sight, house, caller)
                    check_at = loop.time() + until_check()
                    yield b": still here\n\n"
                elif news["kind"] != RIGHTS and _is_told(news, sight):
                    yield _event_text(news)
        except TruenavError as error:
            yield _event_text({"kind": "end", "reason": error.code})


async def _heard(queue: asyncio.Queue[News | None], seconds: float) -> News:
    """The next news, `_SILENCE` where none came for so long; ``ReadAnewError`` where some may be missing."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            news = await queue.get()
    except TimeoutError:
        return _SILENCE
    if news is None:
        raise ReadAnewError("Some news may be missing; open the stream anew.")
    return news


def _is_told(news: News, sight: Sight) -> bool:
    return sight.nodes is None or sight.reaches(str(news.get("fund", "")))


def _sight(house: House, caller: Caller) -> Sight:
    """What the caller sees now."""
    if caller.principal.nodes is None:
        return Sight()
    with house.database.transaction(caller.principal.tenant) as session:
        return sight_of(session, caller.principal)


def _event_text(news: News) -> bytes:
    data = json.dumps({name: value for name, value in news.items() if name != "kind"}, separators=(",", ":"))
    return f"event: {news['kind']}\ndata: {data}\n\n".encode()
