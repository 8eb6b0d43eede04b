"""One request and one answer, between the server and the dialects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from truenav.simulator.scenario import AccountPlan
from truenav.simulator.world import World

ENCODE = msgspec.json.Encoder().encode
JSON = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a dialect sees it.

    at : the true instant, at which books are read.
    server_time : what the venue believes the time to be (differs under a clock fault).
    revoked, repeat_page, empty_page : faults that the dialect itself must act out.
    """

    world: World
    venue: str
    at: datetime
    server_time: datetime
    method: str
    path: str
    query: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes
    client: str
    account: AccountPlan | None
    revoked: bool = False
    repeat_page: bool = False
    empty_page: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer ready to be sent; `missing` bytes of it are announced and never come."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    media: str = JSON
    missing: int = 0


Handler = Callable[[Call], Any]


def json_reply(payload: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """An answer with a JSON body."""
    return Reply(status, ENCODE(payload), headers or {})
