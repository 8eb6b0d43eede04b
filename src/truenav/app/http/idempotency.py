"""The same change asked for twice is made once: the second answer is the first one, again."""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from truenav.app.house import House
from truenav.app.http.errors import SecretShownOnceError
from truenav.app.http.login import Caller
from truenav.core.failure import InvalidInputError
from truenav.store import idempotency
from truenav.store.database import Session

HEADER = "Idempotency-Key"

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT_HEADERS = ("content-type", "location", "etag")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a change under a key. Keys belong to a user; a key is kept for at least seven days."""

    key: str
    request_hash: bytes
    at: datetime

    @classmethod
    async def of(cls, request: Request, *, secret: bool) -> Attempt | None:
        """The attempt of a request whose body was read, or None where it names no key.

        The fingerprint of a ``secret`` body is keyed by the caller's token, which the database does not hold:
        nobody can try passwords against it.
        """
        key = request.headers.get(HEADER)
        if key is None:
            return None
        if _KEY.fullmatch(key) is None:
            raise InvalidInputError(f"{HEADER}: use 1 to 200 printable ASCII characters without spaces.")
        house: House = request.app.state.house
        caller: Caller = request.state.caller
        body = await request.body()
        address = f"{request.method} {request.url.path}?{request.url.query}\n"
        fingerprint = hmac.new(caller.token.encode() if secret else b"", address.encode() + body, "sha256")
        return cls(
            key=f"{caller.principal.user} {key}",
            request_hash=fingerprint.digest(),
            at=house.clock.now(),
        )

    def begin(self, session: Session) -> Response | None:
        """None: go on. Else the answer that was given before. Another request under the key is refused."""
        stored = idempotency.claim(session, self.key, self.request_hash, at=self.at)
        if stored is None:
            return None
        kept = json.loads(stored.response)
        if kept is None:
            raise SecretShownOnceError(
                "This was done by an earlier request with the same key; its secret is not shown again. Make "
                "a new one if it was lost."
            )
        return Response(
            kept["body"].encode(),
            status_code=stored.status,
            headers={**kept["headers"], "Idempotency-Replayed": "true"},
        )

    def finish(self, session: Session, response: Response, *, secret: bool) -> None:
        """Keep the answer with the change itself: both are committed, or neither."""
        kept = {
            "body": bytes(response.body).decode(),
            "headers": {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
        }
        idempotency.finish(session, self.key, response.status_code, json.dumps(None if secret else kept))
