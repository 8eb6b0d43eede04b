"""OKX v5 public data: instruments, marks, funding, tickers and indices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from truenav.simulator.market import FUNDING_INTERVAL, Instrument
from truenav.simulator.numbers import fixed, plain
from truenav.simulator.okx.rules import (
    TYPE_OF,
    OkxError,
    Route,
    find_instrument,
    live_instruments,
    of_type,
    page,
    server_time,
)
from truenav.simulator.protocol import Call
from truenav.simulator.scenario import Side
from truenav.simulator.tiers import Tier
from truenav.simulator.times import milliseconds
from truenav.simulator.world import Quote

INTERVAL_MS = FUNDING_INTERVAL // timedelta(milliseconds=1)


def instruments(call: Call) -> list[dict[str, Any]]:
    """GET public/instruments and account/instruments."""
    return [_listing(item, call) for item in of_type(call)]


def _listing(item: Instrument, call: Call) -> dict[str, Any]:
    spot = item.kind == "spot"
    family = "" if spot else f"{item.base}-{item.quote}"
    contract_type = "" if item.kind in ("spot", "option") else "inverse" if item.inverse else "linear"
    return {
        "alias": "quarter" if item.kind == "future" else "",
        "auctionEndTime": "",
        "baseCcy": item.base if spot else "",
        "category": "1",
        "contTdSwTime": "",
        "ctMult": "" if spot else plain(item.contract_multiplier),
        "ctType": contract_type,
        "ctVal": "" if spot else plain(item.contract_value),
        "ctValCcy": "" if spot else item.quote if item.inverse else item.base,
        "expTime": str(milliseconds(item.expires_at)) if item.expires_at else "",
        "futureSettlement": False,
        "groupId": "1",
        "instFamily": family,
        "instId": item.id,
        "instType": TYPE_OF[item.kind],
        "lever": "" if item.kind == "option" else "10" if spot else "100",
        "listTime": str(milliseconds(call.world.inception)),
        "lotSz": plain(item.lot),
        "maxIcebergSz": "100000000",
        "maxLmtAmt": "20000000",
        "maxLmtSz": "100000000",
        "maxMktAmt": "1000000",
        "maxMktSz": "1000000",
        "maxStopSz": "1000000",
        "maxTriggerSz": "100000000",
        "maxTwapSz": "100000000",
        "minSz": plain(item.lot),
        "openType": "",
        "optType": item.right,
        "quoteCcy": item.quote if spot else "",
        "ruleType": "normal",
        "settleCcy": "" if spot else item.settle,
        "state": "live",
        "stk": plain(item.strike) if item.strike else "",
        "tickSz": plain(item.tick),
        "tradeQuoteCcyList": [item.quote] if spot else [],
        "uly": family,
    }


def _quotes(call: Call, items: list[Instrument]) -> list[Quote]:
    quotes = (call.world.quote(item) for item in items)
    return [quote for quote in quotes if quote is not None]


def mark_prices(call: Call) -> list[dict[str, Any]]:
    """GET public/mark-price."""
    return [
        {
            "instId": quote.instrument.id,
            "instType": TYPE_OF[quote.instrument.kind],
            "markPx": plain(quote.mark),
            "ts": str(milliseconds(quote.at)),
        }
        for quote in _quotes(call, of_type(call))
    ]


def tickers(call: Call) -> list[dict[str, Any]]:
    """GET market/tickers."""
    return [ticker_row(quote) for quote in _quotes(call, of_type(call))]


def ticker(call: Call) -> list[dict[str, Any]]:
    """GET market/ticker."""
    return [ticker_row(quote) for quote in _quotes(call, [find_instrument(call)])]


def ticker_row(quote: Quote) -> dict[str, Any]:
    """One ticker as REST and stream tell it."""
    item = quote.instrument
    contracts = quote.volume_24h / item.multiplier
    if item.inverse:
        contracts = quote.volume_24h * quote.last / item.multiplier
    in_quote = item.kind == "spot"
    return {
        "instType": TYPE_OF[item.kind],
        "instId": item.id,
        "last": plain(quote.last),
        "lastSz": plain(item.lot),
        "askPx": plain(quote.ask),
        "askSz": "10",
        "bidPx": plain(quote.bid),
        "bidSz": "10",
        "open24h": plain(quote.open_24h),
        "high24h": plain(quote.high_24h),
        "low24h": plain(quote.low_24h),
        "volCcy24h": fixed(quote.volume_24h * quote.last if in_quote else quote.volume_24h, 4),
        "vol24h": fixed(quote.volume_24h if in_quote else contracts, 4),
        "sodUtc0": plain(quote.open_24h),
        "sodUtc8": plain(quote.open_24h),
        "ts": str(milliseconds(quote.at)),
    }


def index_tickers(call: Call) -> list[dict[str, Any]]:
    """GET market/index-tickers: coins in USD and USDT at the venue's spot price, and USDT-USD."""
    quotes = {
        f"{quote.instrument.base}-{quote_coin}": (quote.last, quote)
        for quote in _quotes(call, [item for item in live_instruments(call) if item.kind == "spot"])
        for quote_coin in ("USDT", "USD")
    }
    rows = [index_row(name, price, milliseconds(quote.at)) for name, (price, quote) in quotes.items()]
    dollar = call.world.usd_price("USDT-USD", call.at)
    rows.append(index_row("USDT-USD", dollar, milliseconds(call.at)))
    wanted, coin = call.params.get("instId"), call.params.get("quoteCcy")
    if not wanted and not coin:
        raise OkxError(400, "50014", "Parameter quoteCcy or instId can not be empty.")
    if wanted:
        found = [row for row in rows if row["instId"] == wanted]
        if not found:
            raise OkxError(200, "51001", "Instrument ID does not exist.")
        return found
    return [row for row in rows if row["instId"].endswith(f"-{coin}")]


def index_row(name: str, price: Decimal, at: int) -> dict[str, str]:
    """One index as REST and stream tell it; ``at`` in milliseconds."""
    text = plain(price)
    return {
        "instId": name,
        "idxPx": text,
        "high24h": text,
        "low24h": text,
        "open24h": text,
        "sodUtc0": text,
        "sodUtc8": text,
        "ts": str(at),
    }


def _swap(call: Call) -> Instrument:
    item = find_instrument(call)
    if item.kind != "swap":
        raise OkxError(200, "51001", "Instrument ID does not exist.")
    return item


def funding_rate(call: Call) -> list[dict[str, Any]]:
    """GET public/funding-rate: the rate in force; `instId` may be ANY."""
    if call.params.get("instId") == "ANY":
        items = [item for item in live_instruments(call) if item.kind == "swap"]
    else:
        items = [_swap(call)]
    return [_funding(call, item) for item in items]


def _funding(call: Call, item: Instrument) -> dict[str, Any]:
    now = milliseconds(call.at)
    next_at = (now // INTERVAL_MS + 1) * INTERVAL_MS
    rate = call.world.market.funding_rate(item.venue, item.key, call.at)
    number = plain(rate.number) if rate else "0"
    return {
        "formulaType": "noRate",
        "fundingRate": number,
        "fundingTime": str(next_at),
        "impactValue": "",
        "instId": item.id,
        "instType": "SWAP",
        "interestRate": "0.0001",
        "maxFundingRate": "0.015",
        "method": "current_period",
        "minFundingRate": "-0.015",
        "nextFundingRate": "",
        "nextFundingTime": str(next_at + INTERVAL_MS),
        "premium": "0",
        "prevFundingTime": str(next_at - INTERVAL_MS),
        "settFundingRate": number,
        "settState": "settled",
        "ts": str(now),
    }


def funding_history(call: Call) -> list[dict[str, Any]]:
    """GET public/funding-rate-history: newest first, `after` and `before` are funding times."""
    item = _swap(call)
    start = call.world.inception - timedelta(days=1)
    series = call.world.market.funding[item.venue, item.key].between(start, call.at)
    rows = [
        {
            "formulaType": "noRate",
            "fundingRate": plain(rate.number),
            "fundingTime": str(milliseconds(at)),
            "instId": item.id,
            "instType": "SWAP",
            "method": "current_period",
            "realizedRate": plain(rate.number),
        }
        for at, rate in series
    ]
    return page(call, rows, _funding_time, _funding_time)


def _funding_time(row: dict[str, str]) -> int:
    return int(row["fundingTime"])


def book(call: Call) -> list[dict[str, Any]]:
    """GET market/books of `instId`."""
    quote = call.world.quote(find_instrument(call))
    if quote is None:
        return []

    def told(side: Side) -> list[list[str]]:
        return [[plain(price), plain(size), "0", "1"] for price, size in call.world.levels(quote, side)]

    at = milliseconds(quote.at)
    return [{"asks": told("sell"), "bids": told("buy"), "ts": str(at), "seqId": at}]


def position_tiers(call: Call) -> list[dict[str, Any]]:
    """GET public/position-tiers of `instType` and families (`instFamily` or `uly`): bounds in contracts."""
    families = filter(None, (call.params.get("instFamily") or call.params.get("uly") or "").split(","))
    rows = []
    for family in families:
        asked = replace(call, params={"instType": call.params.get("instType", ""), "instFamily": family})
        item = next(iter(of_type(asked)), None)
        steps = () if item is None else call.world.tiers.of("okx", item)
        rows += [_tier(family, number, step) for number, step in enumerate(steps, start=1)]
    return rows


def _tier(family: str, number: int, step: Tier) -> dict[str, Any]:
    return {
        "baseMaxLoan": "",
        "imr": fixed(1 / step.leverage, 4),
        "instFamily": family,
        "instId": "",
        "maxLever": plain(step.leverage),
        "maxSz": plain(step.cap),
        "minSz": plain(step.floor),
        "mmr": plain(step.rate),
        "optMgnFactor": "0",
        "quoteMaxLoan": "",
        "tier": str(number),
        "uly": family,
    }


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v5/public/time"): Route(server_time, 10),
    ("GET", "/api/v5/public/instruments"): Route(instruments, 20, per_type=True),
    ("GET", "/api/v5/account/instruments"): Route(instruments, 20, signed=True, per_type=True),
    ("GET", "/api/v5/public/mark-price"): Route(mark_prices, 10, per_type=True),
    ("GET", "/api/v5/public/funding-rate"): Route(funding_rate, 10, per_type=True),
    ("GET", "/api/v5/public/funding-rate-history"): Route(funding_history, 10, per_type=True),
    ("GET", "/api/v5/market/books"): Route(book, 40),
    ("GET", "/api/v5/public/position-tiers"): Route(position_tiers, 10),
    ("GET", "/api/v5/market/tickers"): Route(tickers, 20),
    ("GET", "/api/v5/market/ticker"): Route(ticker, 20),
    ("GET", "/api/v5/market/index-tickers"): Route(index_tickers, 20),
}
