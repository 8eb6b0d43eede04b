"""Around every request: an id, a log line, a measurement, safe headers, and a net for what falls."""

from __future__ import annotations

import time
import uuid
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from truenav.app.http.metrics import Metrics
from truenav.app.http.problems import problem_response, unexpected_problem

_log = structlog.get_logger("truenav.http")

# For answers of the API; the web app's files bring a content policy and a caching rule of their own.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), usb=(), publickey-credentials-create=(self), "
        "publickey-credentials-get=(self)"
    ),
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}
_ONLY_HTTPS = "max-age=31536000; includeSubDomains"


class Envelope:
    """ASGI middleware; the outermost of ours, so that nothing unhandled passes it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other protocols pass untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        sent = _Sender(send, request_id, secure=scope.get("scheme") == "https")
        began = time.perf_counter()
        try:
            await self._app(scope, receive, sent)
        except Exception:
            _log.exception("unexpected failure", method=scope["method"], route=_route_of(scope))
            if not sent.status:
                answer = problem_response(Request(scope), unexpected_problem())
                await answer(scope, receive, sent)
        finally:
            self._note(scope, sent.status or 499, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route_of(scope)
        self._metrics.observe(scope["method"], route, status, seconds)
        client = scope.get("client")
        _log.info(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            address=client[0] if client else None,
        )


class _Sender:
    """Adds our headers to the answer and remembers its status."""

    def __init__(self, send: Send, request_id: str, *, secure: bool) -> None:
        self._send = send
        self._request_id = request_id
        self._secure = secure
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._decorate(message)
        await self._send(message)

    def _decorate(self, message: MutableMapping[str, Any]) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers["X-Request-Id"] = self._request_id
        if self._secure:
            headers.setdefault("Strict-Transport-Security", _ONLY_HTTPS)


def _route_of(scope: Scope) -> str:
    """The route's template, never the address itself: ids and probes would flood logs and metrics."""
    state = scope.get("state", {})
    return str(state.get("route", "unmatched"))
