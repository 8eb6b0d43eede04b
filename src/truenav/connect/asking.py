"""A request as a connector makes it, before anything is sent: values, and who signs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a parser's answers come from; ``budget`` and ``host`` are names in the manifest.

    ``weight`` is what one request takes of the budget.
    """

    name: str
    path: str
    budget: str
    weight: int = field(default=1, kw_only=True)
    host: str = field(default="api", kw_only=True)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signer makes of a request: the query to send and the headers that carry the key."""

    query: str
    headers: Mapping[str, str] = field(repr=False)


Signer = Callable[[str, str, Params, datetime], Signed]
"""``(method, path, params, now)`` to the query and headers of one request; called for each attempt."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One attempt of a request as it is sent, and what of it is written down: ``shown`` and ``params``.

    ``url`` carries the query and may carry a signature; ``shown`` is the address without them.
    """

    method: str
    url: str = field(repr=False)
    shown: str
    params: Params = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


def always(body: bytes) -> bool:
    """Every answer holds a secret."""
    del body
    return True


def never(body: bytes) -> bool:
    """No answer holds a secret."""
    del body
    return False


Prepare = Callable[[datetime], Outgoing]
"""Makes one attempt at an instant of the venue's clock; called for each, after its budget was waited for."""
