"""Serving the application over HTTP until told to stop."""

from __future__ import annotations

import gc
import socket
import sys

import uvicorn
from fastapi import FastAPI

from truenav.api.app import create_app
from truenav.app.house import House
from truenav.app.settings import Settings

DRAIN_SECONDS = 5

_COLLECT_AFTER = (100_000, 20, 100)
"""The valuation of a large fund is millions of objects that no circle holds: reference counts free them. By
Python's own thresholds (700, 10, 10) the collector walks over all of them again and again while they are
made: two fifths of the time, and pauses of a second in which no request is answered."""

_SWITCH_SECONDS = 0.001
"""A request that waited for the database eight times waits as often for its turn to compute, at Python's own
interval five milliseconds each while a fund is valued: 33 ms then, 7 ms with this one."""


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

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal; from here on the process spares its requests long pauses."""
        gc.set_threshold(*_COLLECT_AFTER)
        sys.setswitchinterval(_SWITCH_SECONDS)
        super().run(sockets)

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
