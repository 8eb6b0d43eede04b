"""A client of venues in this process: without a network, and without all that serves one."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from truenav.simulator.server import FOREVER, Simulator


class Inside(httpx.AsyncClient):
    """Hands a request to the simulator and gives its answer, as one that came over HTTP."""

    def __init__(self, venues: Simulator) -> None:
        super().__init__(transport=httpx.AsyncBaseTransport(), trust_env=False)  # never used, quickly made
        self._venues = venues

    async def request(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        headers: Any = None,
        content: Any = None,
        **_: Any,
    ) -> httpx.Response:
        """One answer; ``headers`` is a mapping, ``content`` bytes or None."""
        parts = urlsplit(str(url))
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(parts.path),
            "query_string": parts.query.encode(),
            "headers": _raw(headers or {}),
            "client": ("127.0.0.1", 0),
        }
        status, answered, body = 0, [], bytearray()

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": content or b"", "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], message["headers"]
            else:
                body.extend(message.get("body", b""))

        await self._venues(scope, receive, send)
        response = httpx.Response(status, headers=answered, content=bytes(body))
        if int(response.headers["content-length"]) != len(body):
            raise httpx.RemoteProtocolError("The connection ended in the body.")
        return response


async def no_time(seconds: float) -> None:
    """Let no time pass; what would never answer is given up at once."""
    if seconds >= FOREVER:
        raise httpx.ReadTimeout("The venue does not answer.")


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
