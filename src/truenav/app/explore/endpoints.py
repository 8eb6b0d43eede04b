"""The pivot's rows as Arrow, their changes as a stream, and saved views."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from truenav.app.events.admission import Admission, ReadAnewError, until_check
from truenav.app.events.service import EventHub, News
from truenav.app.explore.changes import LiveRows, RowBoard
from truenav.app.explore.rows import Rows, arrow_stream
from truenav.app.explore.schemas import ViewAnswer, ViewBody, ViewChange
from truenav.app.house import House
from truenav.app.http.context import CallerDep, HouseDep, NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.login import Caller
from truenav.app.http.problems import refusals
from truenav.app.http.routes import API_PREFIX, Router, requires
from truenav.app.overview.endpoints import ViewsDep
from truenav.app.overview.live import PATIENCE, Kept, LiveViews
from truenav.app.sight import Sight, sight_of
from truenav.core.clock import instant_text
from truenav.core.failure import TruenavError
from truenav.core.ids import NodeId, TenantId
from truenav.core.portfolio import Node
from truenav.store import definitions, views
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.views import SavedView

_MODULE = "explore"
_ACTION = "portfolio:read"

router = Router(tags=["explore"], module=_MODULE)

ARROW = "application/vnd.apache.arrow.stream"
TICK_SECONDS = 0.25

_COMMITTED = "changed"

FundPath = Annotated[str, Path(max_length=64)]
ViewPath = Annotated[str, Path(pattern="^[0-9a-f]{20}$")]

_ARROW_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "An Arrow IPC stream. Its numbers are doubles for display (`X-Truenav-Figures: "
        "display`); exact figures are at the other endpoints.",
        "content": {ARROW: {"schema": {"type": "string", "format": "binary"}}},
    },
    **refusals(404, 409),
}
_CHANGES_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`ready` once; then `rows` with `rows` (changed or new, by `id`) and `removed` (ids); "
        "`end` when the stream must be opened anew.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    **refusals(404, 409),
}


@router.get(
    "/explore/{fund}/rows",
    dependencies=[requires(_ACTION, sight="narrowed")],
    response_class=Response,
    responses=_ARROW_ANSWER,
)
def get_rows(
    fund: FundPath,
    *,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    live: ViewsDep,
) -> Response:
    """Every line of the fund now, funds below looked through, as columns for a pivot."""
    kept = _kept(session, live, sight, principal.tenant, fund)
    if sight.nodes is None:
        name = f"arrow {sorted(principal.masks)}"
        body = kept.derived(name, lambda: arrow_stream(_rows(kept).all, principal.masks))
    else:
        body = arrow_stream([row for row in _rows(kept).all if sight.sees(row.node)], principal.masks)
    headers = {"X-Truenav-Figures": "display", "X-Truenav-As-Of": instant_text(kept.as_of)}
    return Response(body, media_type=ARROW, headers=headers)


@router.get(
    "/explore/{fund}/changes",
    dependencies=[requires(_ACTION, transaction=False, sight="narrowed")],
    response_class=StreamingResponse,
    responses=_CHANGES_ANSWER,
)
async def follow_rows(
    fund: FundPath, request: Request, caller: CallerDep, house: HouseDep, live: ViewsDep
) -> StreamingResponse:
    """Follow the rows from now on: open this, wait for `ready`, then get the rows."""
    hub: EventHub = request.app.state.hub
    stream = _follow(hub, house, live, caller, fund)
    first = await anext(stream)  # a refusal must come before the answer begins
    return StreamingResponse(
        _after(first, stream), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


@router.get("/views", dependencies=[requires(_ACTION, sight="narrowed")])
def list_views(
    principal: PrincipalDep,
    session: SessionDep,
    page: Annotated[str | None, Query(max_length=64, description="Of one page alone")] = None,
) -> list[ViewAnswer]:
    """One's own saved views and those that colleagues share, by name."""
    return [ViewAnswer.of(one, principal.user) for one in views.list_for(session, principal.user, page=page)]


@router.post("/views", status_code=201, dependencies=[requires("view:write", sight="narrowed")])
def add_view(
    body: ViewBody, response: Response, *, principal: PrincipalDep, session: SessionDep, now: NowDep
) -> ViewAnswer:
    """Save how a page is set. The id makes a link that colleagues can open if the view is shared."""
    view = SavedView(
        id=secrets.token_hex(10),
        user_id=principal.user,
        page=body.page,
        name=body.name,
        body=json.dumps(body.body, ensure_ascii=False),
        shared=body.shared,
        created_at=now,
        updated_at=now,
    )
    views.add(session, view)
    response.headers["Location"] = f"{API_PREFIX}/views/{view.id}"
    return ViewAnswer.of(view, principal.user)


@router.get("/views/{id}", dependencies=[requires(_ACTION, sight="narrowed")])
def get_view(id: ViewPath, principal: PrincipalDep, session: SessionDep) -> ViewAnswer:
    """One view, one's own or shared."""
    return ViewAnswer.of(views.find(session, id, reader=principal.user), principal.user)


@router.put("/views/{id}", dependencies=[requires("view:write", sight="narrowed")])
def change_view(
    id: ViewPath, body: ViewChange, *, principal: PrincipalDep, session: SessionDep, now: NowDep
) -> ViewAnswer:
    """Change one's own view; refused (412) if it was changed since ``version`` was read."""
    found = views.find(session, id, reader=principal.user)
    changed = SavedView(
        id=id,
        user_id=principal.user,
        page=found.page,
        name=body.name,
        body=json.dumps(body.body, ensure_ascii=False),
        shared=body.shared,
        created_at=found.created_at,
        updated_at=now,
        version=body.version,
    )
    return ViewAnswer.of(views.change(session, changed, owner=principal.user), principal.user)


@router.delete("/views/{id}", status_code=204, dependencies=[requires("view:write", sight="narrowed")])
def remove_view(id: ViewPath, principal: PrincipalDep, session: SessionDep) -> None:
    """Forget one's own view; links to it end."""
    views.remove(session, id, owner=principal.user)


def _kept(
    session: Session, live: LiveViews, sight: Sight, tenant: TenantId, fund: str, patience: float = PATIENCE
) -> Kept:
    sight.refuse_unreached(fund)
    definitions.find(session, Kind.NODE, fund, Node)
    return live.get(session, tenant, NodeId(fund), patience=patience)[0]


def _rows(kept: Kept) -> Rows:
    """The rows of a view, or of the one after it."""
    return kept.followed_by("explore", LiveRows).follow(kept.valuation)


async def _after(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for part in rest:
            yield part


async def _follow(
    hub: EventHub, house: House, live: LiveViews, caller: Caller, fund: str
) -> AsyncGenerator[bytes, None]:
    """Batches of rows, at most four a second, until the reader leaves or may no longer look."""
    loop = asyncio.get_running_loop()
    admission = Admission(house, caller, _ACTION, _MODULE)
    async with hub.subscribe(caller.principal.tenant) as queue:
        await admission.check()  # rights may have changed before the news were heard
        sight, rows = await run_in_threadpool(_look, house, live, caller, fund)
        board, step = RowBoard(rows, caller.principal.masks, sight), rows.step
        yield b"event: ready\ndata: {}\n\n"
        check_at = loop.time() + until_check()
        try:
            while True:
                news = await _news(queue, TICK_SECONDS if board.waiting else check_at - loop.time())
                check = loop.time() >= check_at or any(map(admission.concerned_by, news))
                if check:
                    await admission.check()
                    check_at = loop.time() + until_check()
                    yield b": still here\n\n"
                if check or any(one["kind"] == _COMMITTED for one in news):
                    live.freshen(caller.principal.tenant, NodeId(fund))
                    if sight.nodes is not None:  # the tree may have changed, and what they see of it
                        sight, _ = await run_in_threadpool(_look, house, live, caller, fund)
                step, changes = rows.since(step)
                if changes is None or sight != board.sight:
                    raise ReadAnewError("The rows must be read anew.")
                board.update(changes)
                if (batch := board.take()) is not None:
                    yield f"event: rows\ndata: {batch}\n\n".encode()
                    await asyncio.sleep(TICK_SECONDS)
        except TruenavError as error:
            yield _event("end", {"reason": error.code})


async def _news(queue: asyncio.Queue[News | None], seconds: float) -> list[News]:
    """What came meanwhile; waits at most ``seconds``. ``ReadAnewError`` where some may be missing."""
    told: list[News] = []
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            news = await queue.get()
        while news is not None:
            told.append(news)
            news = queue.get_nowait()
    except (TimeoutError, asyncio.QueueEmpty):
        return told
    raise ReadAnewError("Some news may be missing; open the stream anew.")


def _look(house: House, live: LiveViews, caller: Caller, fund: str) -> tuple[Sight, LiveRows]:
    """What the caller sees now; news tell when a newer valuation, if one is being made, is there."""
    with house.database.transaction(caller.principal.tenant, snapshot=True) as session:
        sight = sight_of(session, caller.principal)
        kept = _kept(session, live, sight, caller.principal.tenant, fund, patience=0)
        return sight, kept.followed_by("explore", LiveRows)


def _event(kind: str, data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
