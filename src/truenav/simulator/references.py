"""Reference sources beside the venues: the ECB's rate files and a price vendor over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import quoteattr

from truenav.simulator.errors import ControlError
from truenav.simulator.market import Rate, Series
from truenav.simulator.numbers import plain
from truenav.simulator.protocol import Call, Reply, json_reply
from truenav.simulator.times import iso, parse_time

PUBLISHED_AT = time(15, 0, tzinfo=UTC)
"""The ECB publishes a day's rates around 16:00 Frankfurt time."""
NINETY_DAYS = timedelta(days=90)
MAXIMUM_PAIRS = 100


def known_days(rates: dict[date, dict[str, str]], at: datetime) -> list[date]:
    """Days whose rates are published by `at`, newest first."""
    known = (day for day in rates if datetime.combine(day, PUBLISHED_AT) <= at)
    return sorted(known, reverse=True)


def ecb_daily(call: Call) -> Reply:
    """GET eurofxref-daily.xml: the newest day."""
    return _ecb(call, known_days(call.world.market.ecb, call.at)[:1])


def ecb_ninety_days(call: Call) -> Reply:
    """GET eurofxref-hist-90d.xml: newest first."""
    oldest = (call.at - NINETY_DAYS).date()
    days = [day for day in known_days(call.world.market.ecb, call.at) if day >= oldest]
    return _ecb(call, days)


def _ecb(call: Call, days: list[date]) -> Reply:
    cubes = []
    for day in days:
        rates = call.world.market.ecb[day].items()
        lines = "".join(f"<Cube currency={quoteattr(name)} rate={quoteattr(rate)}/>" for name, rate in rates)
        cubes.append(f'<Cube time="{day.isoformat()}">{lines}</Cube>')
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
        'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">'
        "<gesmes:subject>Reference rates</gesmes:subject>"
        "<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>"
        f"<Cube>{''.join(cubes)}</Cube></gesmes:Envelope>\n"
    )
    return Reply(200, text.encode(), media="text/xml")


def vendor_prices(call: Call) -> Reply:
    """GET /v1/prices?pairs=USDT-USD,BTC-USD&at=TIME[&source=bybit].

    Without `source` the daily US-dollar closes; with one, that venue's 8-hour prices. Pairs that the
    vendor does not know are named in ``unknown``.
    """
    key = call.world.scenario.vendor_key
    if call.revoked or (key and call.headers.get("x-api-key") != key):
        return json_reply({"error": {"code": "unauthorized", "message": "Unknown API key."}}, 401)
    pairs = [pair for pair in call.params.get("pairs", "").split(",") if pair]
    if not 0 < len(pairs) <= MAXIMUM_PAIRS:
        text = f"Name 1 to {MAXIMUM_PAIRS} pairs, comma separated."
        return json_reply({"error": {"code": "bad_request", "message": text}}, 400)
    try:
        at = parse_time(call.params["at"]) if call.params.get("at") else call.at
    except ControlError as error:
        return json_reply({"error": {"code": "bad_request", "message": error.message}}, 400)
    source = call.params.get("source", "")
    found = {pair: _price(call, source, pair, min(at, call.at)) for pair in pairs}
    return json_reply(
        {
            "prices": [row for row in found.values() if row is not None],
            "unknown": [pair for pair, row in found.items() if row is None],
        }
    )


def _price(call: Call, source: str, pair: str, at: datetime) -> dict[str, Any] | None:
    override = call.world.overrides.get(("vendor", pair))
    if override is not None and override.hidden:
        return None
    point = _observation(call, source, pair, at)
    if point is None or point[0] > at:
        return None
    observed_at, number, origin = point
    if override is not None:
        number = override.price or number
        observed_at -= override.stale
    row = {"pair": pair, "price": plain(number), "at": iso(observed_at), "origin": origin}
    return row | ({"source": source} if source else {})


def _observation(call: Call, source: str, pair: str, at: datetime) -> tuple[datetime, Decimal, str] | None:
    market = call.world.market
    if source:
        bars = market.bars.get((source, pair))
        if bars is None:
            return None
        bar = bars.at(at)
        return bars.time_at(at), bar.open, bar.origin
    rates: Series[Rate] | None = market.usd.get(pair)
    if rates is None:
        return None
    rate = rates.at(at)
    return rates.time_at(at), rate.number, rate.origin


ROUTES: dict[tuple[str, str], Callable[[Call], Reply]] = {
    ("GET", "/stats/eurofxref/eurofxref-daily.xml"): ecb_daily,
    ("GET", "/stats/eurofxref/eurofxref-hist-90d.xml"): ecb_ninety_days,
    ("GET", "/v1/prices"): vendor_prices,
}
