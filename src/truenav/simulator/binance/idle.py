"""Binance's histories of products that this venue's accounts do not use: each is answered, and empty."""

from __future__ import annotations

from typing import Any

from truenav.simulator.binance.rules import BinanceError, Route, account
from truenav.simulator.protocol import Call


def no_rows(call: Call) -> dict[str, Any]:
    """GET asset/assetDividend."""
    account(call)
    return {"rows": [], "total": 0}


def no_dust(call: Call) -> dict[str, Any]:
    """GET asset/dribblet."""
    account(call)
    return {"total": 0, "userAssetDribblets": []}


def no_conversions(call: Call) -> dict[str, Any]:
    """GET convert/tradeFlow."""
    account(call)
    times = {name: int(call.params.get(name, "0")) for name in ("startTime", "endTime")}
    return {"list": [], **times, "limit": 1000, "moreData": False}


def no_portfolio(call: Call) -> dict[str, Any]:
    """GET papi account: no account here is in portfolio margin."""
    account(call)
    raise BinanceError(400, -21001, "User is not in portfolio margin mode.")


def _route(handler: Any, weight: int = 1) -> Route:
    return Route(handler, "wallet", weight, signed=True)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/sapi/v1/asset/assetDividend"): _route(no_rows, 10),
    ("GET", "/sapi/v1/asset/dribblet"): _route(no_dust),
    ("GET", "/sapi/v1/convert/tradeFlow"): _route(no_conversions),
    ("GET", "/papi/v1/account"): _route(no_portfolio, 20),
}
