"""The operator's path, ``/_simulator``: truth, clock, faults, marks and request counts.

It is apart from the venues on purpose: the product never asks here, tests and the demo do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from truenav.core.failure import TruenavError
from truenav.simulator.errors import ControlError
from truenav.simulator.export import price_rows, statement_rows
from truenav.simulator.protocol import Call, Reply, json_reply
from truenav.simulator.times import VirtualClock, iso, parse_span, parse_time
from truenav.simulator.truth import truth
from truenav.simulator.world import Override

PREFIX = "/_simulator/"


def answer(call: Call) -> Reply:
    """Answer one control request; refusals come as JSON with their status."""
    name = call.path.removeprefix(PREFIX)
    handler = _HANDLERS.get((call.method, name))
    if handler is None:
        return json_reply({"error": f"{call.method} {call.path} is not a control request."}, 404)
    try:
        return json_reply(handler(call))
    except TruenavError as error:
        return json_reply({"error": error.message, "code": error.code}, error.status)


def _instant(call: Call) -> Any:
    return parse_time(call.params["at"]) if call.params.get("at") else None


def _document(call: Call) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(call.body)
    except msgspec.DecodeError as error:
        raise ControlError(f"The body is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise ControlError("The body must be a JSON object.")
    return document


def show_state(call: Call) -> dict[str, Any]:
    """GET state: scenario, clock and accounts (never secrets)."""
    world = call.world
    return {
        "scenario": world.scenario.name,
        "now": iso(world.now()),
        "inception": iso(world.inception),
        "shift_days": world.shift.days,
        "accounts": [
            {"id": plan.id, "venue": plan.venue.id, "dialect": plan.venue.dialect, "label": plan.label}
            for plan in world.scenario.accounts.values()
        ],
    }


def show_truth(call: Call) -> Any:
    """GET truth?account=ID&at=TIME: one account, or all of them."""
    name = call.params.get("account")
    if name:
        return truth(call.world, name, _instant(call))
    return [truth(call.world, plan, _instant(call)) for plan in call.world.scenario.accounts]


def show_statement(call: Call) -> dict[str, list[dict[str, str]]]:
    """GET statement?account=ID&at=TIME: the rows of the account's statement files."""
    return statement_rows(call.world, call.params.get("account", ""), _instant(call))


def show_prices(call: Call) -> list[dict[str, str]]:
    """GET prices?at=TIME: the rows of the file of closing prices."""
    return price_rows(call.world, _instant(call))


def show_requests(call: Call) -> dict[str, Any]:
    """GET requests: how many so far, by venue and path, and the weight used."""
    meter = call.world.meter
    return {
        "total": sum(meter.requests.values()),
        "requests": dict(sorted(meter.requests.items())),
        "weight": dict(sorted(meter.weight.items())),
    }


def forget_requests(call: Call) -> dict[str, Any]:
    """DELETE requests: begin counting anew."""
    call.world.meter.reset()
    return show_requests(call)


def move_clock(call: Call) -> dict[str, str]:
    """POST clock ``{"advance": "8h"}`` or ``{"set": TIME}``; the clock must be a virtual one."""
    clock = call.world.clock
    if not isinstance(clock, VirtualClock):
        raise ControlError("The clock is the wall clock; start with --clock fixed:TIME to move it.")
    document = _document(call)
    if "set" in document:
        clock.set(parse_time(str(document["set"])))
    elif "advance" in document:
        text = str(document["advance"])
        clock.advance(parse_span(text, where="advance"))
    else:
        raise ControlError('Say {"advance": "8h"} or {"set": "2026-01-31T08:00:00Z"}.')
    call.world.bell.ring()
    return {"now": iso(clock.now())}


def add_fault(call: Call) -> dict[str, Any]:
    """POST faults: see :class:`truenav.simulator.faults.Fault` for the fields."""
    return call.world.faults.add(_document(call)).described()


def show_faults(call: Call) -> list[dict[str, Any]]:
    """GET faults."""
    return call.world.faults.listed()


def clear_faults(call: Call) -> list[dict[str, Any]]:
    """DELETE faults."""
    call.world.faults.clear()
    return []


def change_mark(call: Call) -> dict[str, Any]:
    """POST mark ``{"venue", "instrument", "price"|"hidden"|"stale_seconds"}``.

    `instrument` is the listed name (``BTC-USDT-SWAP``), for the venue ``vendor`` a pair. With none
    of the three the change is taken back.
    """
    document = _document(call)
    venue, name = str(document.get("venue", "")), str(document.get("instrument", ""))
    world = call.world
    item = next((item for item in world.market.listed(venue) if item.id == name), None)
    if item is None and not (venue == "vendor" and name in world.market.usd):
        raise ControlError(f"{venue!r} lists no instrument {name!r}.")
    override = _override(document)
    if override == Override():
        world.overrides.pop((venue, name), None)
    else:
        world.overrides[venue, name] = override
    if item is not None and override.price is not None and not override.hidden:
        world.print(item, override.price)
    world.bell.ring()
    return {"venue": venue, "instrument": name, "changed": override != Override()}


def walk(call: Call) -> dict[str, bool]:
    """POST walk ``{"on": true}``: prices move through their bars with the clock; else they rest."""
    on = _document(call).get("on")
    if not isinstance(on, bool):
        raise ControlError('Say {"on": true} or {"on": false}.')
    call.world.walking_since = call.at if on else None
    call.world.bell.ring()
    return {"on": on}


def _override(document: dict[str, Any]) -> Override:
    price = document.get("price")
    try:
        number = None if price is None else Decimal(str(price))
        stale = timedelta(seconds=int(document.get("stale_seconds", 0)))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ControlError("price is a decimal in quotes, stale_seconds an integer.") from error
    if number is not None and not (number.is_finite() and number > 0):
        raise ControlError("price must be a positive decimal number.")
    return Override(price=number, hidden=bool(document.get("hidden", False)), stale=stale)


_HANDLERS: dict[tuple[str, str], Callable[[Call], Any]] = {
    ("GET", "state"): show_state,
    ("GET", "truth"): show_truth,
    ("GET", "statement"): show_statement,
    ("GET", "prices"): show_prices,
    ("GET", "requests"): show_requests,
    ("DELETE", "requests"): forget_requests,
    ("POST", "clock"): move_clock,
    ("GET", "faults"): show_faults,
    ("POST", "faults"): add_fault,
    ("DELETE", "faults"): clear_faults,
    ("POST", "mark"): change_mark,
    ("POST", "walk"): walk,
}
