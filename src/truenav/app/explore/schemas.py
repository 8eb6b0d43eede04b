"""Forms of saved views on the wire."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from truenav.app.http.models import Answer, Body, Instant, ShortText
from truenav.core.ids import UserId
from truenav.store.views import SavedView

LARGEST_BODY = 64 * 1024


def _small(body: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(body)) > LARGEST_BODY:
        raise PydanticCustomError("view-too-large", "A view holds at most 64 KiB.")
    return body


PageName = Annotated[str, StringConstraints(pattern="^[a-z][a-z-]{0,63}$")]
Settings = Annotated[dict[str, Any], AfterValidator(_small)]


class ViewBody(Body):
    """A view to save; ``body`` is the page's own setting."""

    page: PageName
    name: ShortText
    body: Settings
    shared: bool = False


class ViewChange(Body):
    """A changed view; ``version`` is the one that was read."""

    name: ShortText
    body: Settings
    shared: bool = False
    version: Annotated[int, Field(ge=1, le=2**31 - 2)]


class ViewAnswer(Answer):
    """A saved view; ``mine`` tells whether the reader may change it."""

    id: str
    page: str
    name: str
    body: dict[str, Any]
    shared: bool
    mine: bool
    owner: str
    created_at: Instant
    updated_at: Instant
    version: int

    @classmethod
    def of(cls, view: SavedView, reader: UserId) -> Self:
        """A view as the API shows it."""
        return cls(
            id=view.id,
            page=view.page,
            name=view.name,
            body=json.loads(view.body),
            shared=view.shared,
            mine=view.user_id == reader,
            owner=view.user_id,
            created_at=view.created_at,
            updated_at=view.updated_at,
            version=view.version,
        )
