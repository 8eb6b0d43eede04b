"""Serving the application over HTTP until told to stop."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from truenav.api.app import create_app
from truenav.app.house import House
from truenav.app.settings import Settings

DRAIN_SECONDS = 5


class Server(uvicorn.Server):
    """Ends event streams first when told to stop; they would never end by themselves."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self._app = app
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=DRAIN_SECONDS,
                forwarded_allow_ips="127.0.0.1",
                ws="none",
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end the streams, and let open requests finish."""
        await self._app.state.hub.close()
        await super().shutdown(sockets)


def make_server(settings: Settings, *, house: House | None = None) -> Server:
    """A server on ``settings.host`` and ``settings.port``; ``run()`` serves until a signal.

    After SIGTERM open requests have five seconds to finish. Addresses and scheme come from a proxy's
    headers only when the proxy is on this machine.
    """
    return Server(create_app(settings, house=house), settings)
