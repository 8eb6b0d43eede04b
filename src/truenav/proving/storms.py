"""What may go wrong at venues, drawn at random: the faults of one storm."""

from __future__ import annotations

from random import Random

from truenav.proving.scenario import DESKS

_KINDS = (
    "status",
    "html",
    "truncate",
    "cut",
    "revoked",
    "duplicate_page",
    "empty_page",
    "reordered_page",
    "renamed",
    "skew",
)
_PATHS = ("", "positions", "account", "balance", "bills|income|trades|transaction", "ticker|price", "time")
_LISTINGS = "instruments|exchangeInfo"
_STATUSES = (418, 429, 500, 502, 503)
_SKEWS = (-70_000, -45_000, -2_000, 900, 45_000, 70_000)


def storm(random: Random, *, hangs: bool = True) -> list[dict[str, object]]:
    """Two or three faults for the simulator; `hangs`: also venues that never answer, which takes patience."""
    kinds = (*_KINDS, "hang") if hangs else _KINDS
    return [_fault(random, random.choice(kinds)) for _ in range(random.randint(2, 3))]


def _fault(random: Random, kind: str) -> dict[str, object]:
    """Some fault at some of a venue's addresses, once, a few times or until the storm is over."""
    fault: dict[str, object] = {
        "kind": kind,
        "venue": random.choice((*DESKS, "")),
        "path": random.choice(_PATHS),
        "times": random.choice((1, 2, 5, None)),
    }
    if kind == "status":
        fault |= {"status": random.choice(_STATUSES), "retry_after": random.randint(0, 2)}
    if kind == "renamed":
        fault |= {"path": _LISTINGS}
    if kind == "skew":
        fault |= {"milliseconds": random.choice(_SKEWS), "times": None}
    return fault
