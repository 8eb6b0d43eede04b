"""Deribit's public methods: time, instruments, book summaries, tickers, indices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from truenav.simulator.deribit.names import KINDS, amount, belongs, deribit_name
from truenav.simulator.deribit.rules import DeribitError, Route, currency, listed, log_in
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import round8
from truenav.simulator.protocol import Call
from truenav.simulator.scenario import Side
from truenav.simulator.times import milliseconds
from truenav.simulator.world import Quote

FOREVER = 32503708800000
TAKER = Decimal("0.0005")
_SIDES: dict[str, Side] = {"bids": "buy", "asks": "sell"}


def server_time(call: Call) -> int:
    """public/get_time: milliseconds."""
    return milliseconds(call.server_time)


def test(_: Call) -> dict[str, str]:
    """public/test."""
    return {"version": "1.2.26"}


def currencies(call: Call) -> list[dict[str, Any]]:
    """public/get_currencies."""
    names = {name for item in listed(call) for name in (item.base, item.settle)}
    return [
        {
            "coin_type": "BITCOIN" if name == "BTC" else "ETHER",
            "currency": name,
            "currency_long": name,
            "decimals": 8,
            "fee_precision": 4,
            "in_cross_collateral_pool": False,
            "min_confirmations": 1,
            "min_withdrawal_fee": Decimal("0.0001"),
            "withdrawal_fee": Decimal("0.0001"),
            "withdrawal_priorities": [],
        }
        for name in sorted(names)
    ]


def instruments(call: Call) -> list[dict[str, Any]]:
    """public/get_instruments, narrowed by currency and kind; `expired` asks for those that ended."""
    wanted, kind = call.params.get("currency", "any"), call.params.get("kind")
    return [
        listing(item, call)
        for item in listed(call, expired=call.params.get("expired") == "true")
        if (wanted == "any" or belongs(item, wanted)) and kind in (None, "", "any", KINDS[item.kind])
    ]


def listing(item: Instrument, call: Call) -> dict[str, Any]:
    """One market's terms."""
    inverse = item.settle == item.base
    row: dict[str, Any] = {
        "base_currency": item.base,
        "block_trade_commission": Decimal("0.00025"),
        "contract_size": Decimal(1) if item.kind == "spot" else item.multiplier,
        "counter_currency": item.quote,
        "creation_timestamp": milliseconds(call.world.inception),
        "expiration_timestamp": milliseconds(item.expires_at) if item.expires_at else FOREVER,
        "instrument_name": deribit_name(item),
        "instrument_type": "reversed" if inverse else "linear",
        "is_active": item.expires_at is None or item.expires_at > call.at,
        "kind": KINDS[item.kind],
        "maker_commission": Decimal(0),
        "min_trade_amount": item.lot if item.kind == "spot" else item.lot * item.multiplier,
        "price_index": f"{item.base}_{item.quote}".lower(),
        "quote_currency": item.settle if item.kind == "option" else item.quote,
        "settlement_period": "perpetual" if item.kind == "swap" else "month",
        "taker_commission": TAKER,
        "tick_size": item.tick,
        "tick_size_steps": [],
    }
    if item.kind != "spot":
        row["settlement_currency"] = item.settle
    if item.kind == "option":
        row |= {"option_type": "call" if item.right == "C" else "put", "strike": item.strike}
    return row


def _quotes(call: Call, items: list[Instrument]) -> list[Quote]:
    quotes = (call.world.quote(item) for item in items)
    return [quote for quote in quotes if quote is not None]


def book_summaries(call: Call) -> list[dict[str, Any]]:
    """public/get_book_summary_by_currency."""
    wanted, kind = currency(call), call.params.get("kind")
    items = [
        item for item in listed(call) if belongs(item, wanted) and kind in (None, "", "any", KINDS[item.kind])
    ]
    return [_summary(quote) for quote in _quotes(call, items)]


def _summary(quote: Quote) -> dict[str, Any]:
    item = quote.instrument
    return {
        "ask_price": quote.ask,
        "base_currency": item.base,
        "bid_price": quote.bid,
        "creation_timestamp": milliseconds(quote.at),
        "estimated_delivery_price": quote.index,
        "high": quote.high_24h,
        "instrument_name": deribit_name(item),
        "last": quote.last,
        "low": quote.low_24h,
        "mark_price": quote.mark,
        "mid_price": (quote.ask + quote.bid) / 2,
        "open_interest": Decimal(0),
        "quote_currency": item.settle if item.kind == "option" else item.quote,
        "volume": quote.volume_24h,
        "volume_usd": round8(quote.volume_24h * quote.index),
    }


def find(call: Call, name: str) -> Instrument:
    """The live instrument of this name."""
    for item in listed(call):
        if deribit_name(item) == name:
            return item
    raise DeribitError(13020, "not_found")


def instrument(call: Call) -> dict[str, Any]:
    """public/get_instrument."""
    return listing(find(call, call.params.get("instrument_name", "")), call)


def ticker(call: Call) -> dict[str, Any]:
    """public/ticker."""
    quote = call.world.quote(find(call, call.params.get("instrument_name", "")))
    if quote is None:
        raise DeribitError(13028, "temporarily_unavailable")
    return ticker_row(quote)


def ticker_row(quote: Quote) -> dict[str, Any]:
    """One ticker as request and channel tell it."""
    item = quote.instrument
    row: dict[str, Any] = {
        "best_ask_amount": Decimal(10),
        "best_ask_price": quote.ask,
        "best_bid_amount": Decimal(10),
        "best_bid_price": quote.bid,
        "estimated_delivery_price": quote.index,
        "index_price": quote.index,
        "instrument_name": deribit_name(item),
        "last_price": quote.last,
        "mark_price": quote.mark,
        "max_price": quote.high_24h,
        "min_price": quote.low_24h,
        "state": "open",
        "stats": {
            "high": quote.high_24h,
            "low": quote.low_24h,
            "price_change": None,
            "volume": quote.volume_24h,
        },
        "timestamp": milliseconds(quote.at),
    }
    if item.kind != "spot":
        row |= {"open_interest": Decimal(0), "settlement_price": quote.open_24h}
    return row


def book(call: Call) -> dict[str, Any]:
    """public/get_order_book: the ticker with both sides of the book, in amounts."""
    quote = call.world.quote(find(call, call.params.get("instrument_name", "")))
    if quote is None:
        raise DeribitError(13028, "temporarily_unavailable")
    item = quote.instrument
    return ticker_row(quote) | {
        name: [[price, amount(item, size)] for price, size in call.world.levels(quote, side)]
        for name, side in _SIDES.items()
    }


def index_price(call: Call) -> dict[str, Any]:
    """public/get_index_price of `index_name`, such as btc_usd."""
    price = index_of(call, call.params.get("index_name", ""))
    if price is None:
        raise DeribitError(-32602, "Invalid params", "index_name")
    return {"estimated_delivery_price": price, "index_price": price}


def index_of(call: Call, name: str) -> Decimal | None:
    """The venue's index of a coin in dollars: its own spot price; None where it has none."""
    base, _, quote = name.upper().partition("_")
    venue = call.world.scenario.venues[call.venue].prices
    return call.world.spot_price(venue, base) if quote in ("USD", "USDT") else None


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v2/public/get_time"): Route(server_time),
    ("GET", "/api/v2/public/test"): Route(test),
    ("GET", "/api/v2/public/auth"): Route(log_in),
    ("GET", "/api/v2/public/get_currencies"): Route(currencies),
    ("GET", "/api/v2/public/get_instruments"): Route(instruments, 50, 500.0),
    ("GET", "/api/v2/public/get_instrument"): Route(instrument),
    ("GET", "/api/v2/public/get_book_summary_by_currency"): Route(book_summaries),
    ("GET", "/api/v2/public/ticker"): Route(ticker),
    ("GET", "/api/v2/public/get_order_book"): Route(book),
    ("GET", "/api/v2/public/get_index_price"): Route(index_price),
}
