"""The application: middleware, error rendering, routes, and its description."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from truenav.api.openapi import describe, refuse_unsecured_routes
from truenav.api.routes import SLICES, system
from truenav.api.version import VERSION
from truenav.api.web import WEB, install_web
from truenav.app.etp.market import Looks
from truenav.app.etp.public import PublicAnswers
from truenav.app.events.service import EventHub
from truenav.app.house import House, open_house
from truenav.app.http.load import Load
from truenav.app.http.metrics import Metrics
from truenav.app.http.middleware import Envelope
from truenav.app.http.problems import install_problems
from truenav.app.logs import configure_logs
from truenav.app.marks.board import MarkBoards
from truenav.app.marks.follower import MarkFollower
from truenav.app.overview.live import LiveViews
from truenav.app.overview.remembered import Remembered
from truenav.app.settings import Settings
from truenav.connect.streaming import StreamState


def create_app(settings: Settings, *, house: House | None = None, web: Path = WEB) -> FastAPI:
    """The application on an opened ``house``, or on one that it opens itself when it starts.

    ``web`` is the built web app; where there is none the API stands alone.
    """
    configure_logs(level=settings.log_level)
    metrics = Metrics()
    app = FastAPI(
        title="truenav",
        version=VERSION,
        summary="A NAV that anyone can check",
        lifespan=_lifespan(settings, house),
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
    )
    app.state.metrics = metrics
    app.state.load = Load()
    app.state.remembered = Remembered()
    app.state.public_answers = PublicAnswers()
    app.state.looks = Looks()
    install_problems(app)
    for router in SLICES:
        app.include_router(router)
    app.include_router(system)
    app.add_middleware(Envelope, metrics=metrics)
    refuse_unsecured_routes(app)
    describe(app)
    install_web(app, web)
    return app


def _lifespan(
    settings: Settings, given: House | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            house = given
            if house is None:
                house = await run_in_threadpool(stack.enter_context, open_house(settings))
            hub, boards = EventHub(house.database.dsn), MarkBoards()
            app.state.house, app.state.hub, app.state.boards = house, hub, boards
            app.state.views = views = LiveViews(house, boards)
            stack.callback(views.close)
            app.state.marks = marks = MarkFollower(house, hub, views, boards)
            _watch(app.state.metrics, hub, views, marks)
            following = asyncio.create_task(marks.run())
            try:
                yield
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                await hub.close()

    return lifespan


def _watch(metrics: Metrics, hub: EventHub, views: LiveViews, marks: MarkFollower) -> None:
    """Measure what lives in the server's event loop when somebody asks."""
    metrics.streams.set_function(lambda: hub.streams)
    metrics.views.set_function(lambda: len(views))
    metrics.markets.set_function(lambda: len(marks.every_health()))
    metrics.standing.set_function(
        lambda: sum(one.state is StreamState.STANDING for one in marks.every_health())
    )
    metrics.reconnects.set_function(lambda: sum(one.reconnects for one in marks.every_health()))
