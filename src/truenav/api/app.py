"""The application: middleware, error rendering, routes, and its description."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from truenav.api.openapi import describe, refuse_unsecured_routes
from truenav.api.routes import SLICES, system
from truenav.api.version import VERSION
from truenav.api.web import WEB, install_web
from truenav.app.events.service import EventHub
from truenav.app.house import House, open_house
from truenav.app.http.metrics import Metrics
from truenav.app.http.middleware import Envelope
from truenav.app.http.problems import install_problems
from truenav.app.logs import configure_logs
from truenav.app.overview.live import LiveViews
from truenav.app.settings import Settings


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
            hub = EventHub(house.database.dsn)
            app.state.house, app.state.hub = house, hub
            app.state.views = views = LiveViews(house)
            stack.callback(views.close)
            app.state.metrics.streams.set_function(lambda: hub.streams)
            try:
                yield
            finally:
                await hub.close()

    return lifespan
