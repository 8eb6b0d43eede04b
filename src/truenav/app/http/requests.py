"""A request that is read strictly, and no further than its limit."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from truenav.app.http.errors import BodyTooLargeError, MalformedRequestError
from truenav.app.http.strict_json import is_clean_text, parse_json


class StrictRequest(Request):
    """A request whose body is limited in size, and whose JSON is parsed by our rules, once."""

    def __init__(self, request: Request, *, limit: int) -> None:
        super().__init__(request.scope, request.receive, request._send)
        self._limit = limit
        self._data: Any = None

    async def read(self) -> None:
        """Read the body before anything looks at it; refuses one that is too large or malformed."""
        self._refuse_above(_content_length(self))
        parts, size = [], 0
        async for part in super().stream():
            size += len(part)
            self._refuse_above(size)
            parts.append(part)
        self._body = b"".join(parts)
        if self._body and _is_json(self.headers.get("content-type", "")):
            self._data = parse_json(self._body)

    async def json(self) -> Any:
        """The data of a JSON body."""
        return self._data

    def _refuse_above(self, size: int) -> None:
        if size > self._limit:
            raise BodyTooLargeError(
                f"The body is larger than the {self._limit} bytes this address takes; send less at once."
            )


def refuse_bad_address(request: Request) -> None:
    """Refuse a path or query that no text of ours could ever hold (NUL, broken UTF-8)."""
    texts = [
        *request.path_params.values(),
        *(text for pair in request.query_params.multi_items() for text in pair),
    ]
    if not all(is_clean_text(str(text)) for text in texts):
        raise MalformedRequestError("The address holds a NUL character or is not UTF-8.")


def _content_length(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise MalformedRequestError("Content-Length is not a number.")
    return int(text[:18])


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
