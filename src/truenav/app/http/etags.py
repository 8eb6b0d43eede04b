"""Entity tags: a reader saves the download, and a writer does not overwrite what it has not seen."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel
from starlette.requests import Request

from truenav.app.http.errors import EditedMeanwhileError


def etag(body: bytes) -> str:
    """The strong entity tag of an answer's bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(header: str | None, tag: str) -> bool:
    """Whether an ``If-Match`` or ``If-None-Match`` header names the tag."""
    return header is not None and any(one.strip() in ("*", tag, f"W/{tag}") for one in header.split(","))


def refuse_edited_meanwhile(request: Request, present: BaseModel) -> None:
    """Refuse a change whose ``If-Match`` is not the tag of what is there now; no header, no check."""
    wanted = request.headers.get("if-match")
    if wanted is not None and not matches(wanted, etag(present.model_dump_json().encode())):
        raise EditedMeanwhileError("It was changed since you read it; read it again and repeat the change.")
