"""Faults that an operator or a test injects: where, what, and how often."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from truenav.simulator.errors import ControlError

KINDS = (
    "latency",
    "hang",
    "status",
    "html",
    "truncate",
    "skew",
    "revoked",
    "duplicate_page",
    "empty_page",
    "reordered_page",
    "renamed",
    "cut",
    "lost",
    "unsure",
)
STREAM_KINDS = frozenset(("drop", "stall", "garbage", "partial"))
"""Faults of WebSocket streams: they strike when a stream is about to say something."""

MAXIMUM_MILLISECONDS = 3_600_000


@dataclass(slots=True)
class Fault:
    """One fault; `times` is how often it still strikes (None: until cleared).

    latency : answers `milliseconds` later.     hang : never answers.
    status : HTTP `status` with Retry-After.    html : a proxy's page instead of JSON.
    truncate : half the body.                   skew : the venue's clock is off by `milliseconds`.
    revoked : the key is unknown.               duplicate_page : the cursor is ignored.
    reordered_page : rows from the middle on.   renamed : bitcoin goes by another name.
    cut : the connection ends in the body.      empty_page : an empty list.
    lost : does what is asked and never answers. unsure : does it and answers HTTP `status`.
    drop : the stream ends.
    stall : the stream stays open and silent.   garbage : it says what is no JSON.
    partial : it says half a message.
    """

    id: int
    kind: str
    venue: str
    path: re.Pattern[str]
    account: str
    status: int
    retry_after: int | None
    milliseconds: int
    times: int | None

    def hits(self, venue: str, path: str, account: str) -> bool:
        """Whether this fault concerns the request."""
        return (
            self.venue in ("", venue) and self.account in ("", account) and self.path.search(path) is not None
        )

    def described(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "kind": self.kind,
            "venue": self.venue,
            "path": self.path.pattern,
            "account": self.account,
            "status": self.status,
            "retry_after": self.retry_after,
            "milliseconds": self.milliseconds,
            "times": self.times,
        }


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._serial = 0

    def add(self, request: Mapping[str, Any]) -> Fault:
        """Put a fault in force; a request that cannot be understood is refused."""
        kind = request.get("kind")
        known = (*KINDS, *sorted(STREAM_KINDS))
        if kind not in known:
            raise ControlError(f"fault kind {kind!r}: choose one of {', '.join(known)}.")
        try:
            self._serial += 1
            fault = Fault(
                id=self._serial,
                kind=str(kind),
                venue=str(request.get("venue", "")),
                path=re.compile(str(request.get("path", ""))),
                account=str(request.get("account", "")),
                status=int(request.get("status", 503)),
                retry_after=None if "retry_after" not in request else int(request["retry_after"]),
                milliseconds=int(request.get("milliseconds", 0)),
                times=None if request.get("times") is None else int(request["times"]),
            )
        except (TypeError, ValueError, re.error) as error:
            raise ControlError(f"The fault has a field of the wrong form: {error}.") from error
        if not 200 <= fault.status <= 599 or abs(fault.milliseconds) > MAXIMUM_MILLISECONDS:
            raise ControlError("A fault's status lies in 200..599, its milliseconds below an hour.")
        self._faults.append(fault)
        return fault

    def strike(self, venue: str, path: str, account: str, kinds: Collection[str] = KINDS) -> list[Fault]:
        """The faults of these kinds that concern this request or message, each counted down once."""
        if not self._faults:
            return []
        struck = [fault for fault in self._faults if fault.kind in kinds and fault.hits(venue, path, account)]
        for fault in struck:
            if fault.times is not None:
                fault.times -= 1
        self._faults = [fault for fault in self._faults if fault.times is None or fault.times > 0]
        return struck

    def skew(self, venue: str) -> int:
        """Milliseconds by which the clock of `venue` is off; not counted down."""
        return sum(
            fault.milliseconds
            for fault in self._faults
            if fault.kind == "skew" and fault.venue in ("", venue)
        )

    def clear(self) -> None:
        """No faults any more."""
        self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """All faults in force, as JSON."""
        return [fault.described() for fault in self._faults]
