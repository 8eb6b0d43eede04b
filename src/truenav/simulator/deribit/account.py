"""Deribit's account: summaries by currency, positions, open orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from truenav.simulator.books import Books
from truenav.simulator.contracts import ZERO, Position, notional
from truenav.simulator.deribit.names import KINDS, amount, belongs, deribit_name
from truenav.simulator.deribit.rules import Route, account, books, listed
from truenav.simulator.deribit.sessions import Session, averages, replay
from truenav.simulator.numbers import round8
from truenav.simulator.protocol import Call
from truenav.simulator.world import Quote

INITIAL_RATE = Decimal("0.02")
_FINE = Decimal("1e-30")
"""The venue tells floating profit to nine decimals; told finely here, a test can demand equality."""


@dataclass(frozen=True, slots=True)
class Held:
    """A position with its quote, the price of all trades that built it, and its maintenance margin."""

    position: Position
    quote: Quote
    average: Decimal
    needed: Decimal

    @property
    def coin(self) -> str:
        """What it settles in."""
        return self.position.instrument.settle

    @property
    def option(self) -> bool:
        """Whether it is an option, which is never settled before it expires."""
        return self.position.instrument.kind == "option"

    def profit(self, entry: Decimal) -> Decimal:
        """Profit from an entry price to the mark, in what it settles in."""
        item, mark = self.position.instrument, self.quote.mark
        contracts = self.position.size * item.multiplier
        if item.inverse:
            return (contracts * (mark - entry) / (mark * entry)).quantize(_FINE)
        return contracts * (mark - entry)

    @property
    def floating(self) -> Decimal:
        """Profit since the last settlement."""
        return self.profit(self.position.entry)

    @property
    def total(self) -> Decimal:
        """Profit since the trades that built it."""
        return self.profit(self.average)

    @property
    def value(self) -> Decimal:
        """Worth of an option, nothing else."""
        item = self.position.instrument
        return self.position.size * item.multiplier * self.quote.mark if self.option else ZERO

    @property
    def exposure(self) -> Decimal:
        """Size in what it settles in; of an option the coin that it covers."""
        return notional(self.position.instrument, abs(self.position.size), self.quote.mark)


def _held(call: Call, state: Books) -> list[Held]:
    average = averages(state.fills)
    rows = []
    for key, position in sorted(state.positions.items()):
        quote = call.world.quote(position.instrument) or call.world.quote(position.instrument, call.at)
        assert quote is not None
        needed = call.world.tiers.maintenance("deribit", position.instrument, position.size, quote.mark)
        rows.append(Held(position, quote, average[key].entry, needed))
    return rows


def summaries(call: Call) -> dict[str, Any]:
    """private/get_account_summaries."""
    plan, state = account(call), books(call)
    session, held = replay(state), _held(call, state)
    coins = {coin for item in listed(call) for coin in (item.base, item.settle)} | set(session.balances)
    result: dict[str, Any] = {
        "id": 1000 + plan.number,
        "type": "main",
        "username": plan.label,
        "summaries": [_summary(coin, session, held) for coin in sorted(coins)],
    }
    if call.params.get("extended") == "true":
        result |= {"email": "account@venue.example", "system_name": plan.id}
    return result


def _summary(coin: str, session: Session, held: list[Held]) -> dict[str, Any]:
    """``equity = balance + futures_session_rpl + futures_session_upl + options_value``."""
    mine = [one for one in held if one.coin == coin]
    futures, options = [one for one in mine if not one.option], [one for one in mine if one.option]
    balance, realised = session.balances[coin], session.waiting(coin)
    floating = round8(sum((one.floating for one in futures), ZERO))
    futures_total = round8(sum((one.total for one in futures), ZERO))
    options_total = round8(sum((one.total for one in options), ZERO))
    options_value = round8(sum((one.value for one in options), ZERO))
    exposure = sum((one.exposure for one in mine), ZERO)
    margin = balance + realised + floating
    return {
        "additional_reserve": ZERO,
        "available_funds": margin,
        "available_withdrawal_funds": max(ZERO, min(balance, margin)),
        "balance": balance,
        "cross_collateral_enabled": False,
        "currency": coin,
        "delta_total": round8(sum((_delta(one) for one in futures), ZERO)),
        "equity": margin + options_value,
        "fee_balance": ZERO,
        "futures_pl": futures_total,
        "futures_session_rpl": realised,
        "futures_session_upl": floating,
        "initial_margin": round8(exposure * INITIAL_RATE),
        "locked_balance": ZERO,
        "maintenance_margin": round8(sum((one.needed for one in mine), ZERO)),
        "margin_balance": margin,
        "margin_model": "segregated_sm",
        "options_pl": options_total,
        "options_session_rpl": ZERO,
        "options_session_upl": options_total,
        "options_value": options_value,
        "portfolio_margining_enabled": False,
        "session_rpl": realised,
        "session_upl": floating + options_total,
        "spot_reserve": ZERO,
        "total_pl": futures_total + options_total,
    }


def _delta(held: Held) -> Decimal:
    """Units of base that a contract's position moves with."""
    item, size = held.position.instrument, held.position.size
    return size * item.multiplier / (held.quote.mark if item.inverse else 1)


def positions(call: Call) -> list[dict[str, Any]]:
    """private/get_positions, narrowed by currency and kind."""
    state = books(call)
    session = replay(state)
    wanted, kind = call.params.get("currency", "any"), call.params.get("kind")
    return [
        _position(one, session)
        for one in _held(call, state)
        if (wanted == "any" or belongs(one.position.instrument, wanted))
        and kind in (None, "", "any", KINDS[one.position.instrument.kind])
    ]


def _position(held: Held, session: Session) -> dict[str, Any]:
    position, quote, item = held.position, held.quote, held.position.instrument
    row: dict[str, Any] = {
        "average_price": held.average,
        "direction": "buy" if position.size > 0 else "sell",
        "floating_profit_loss": held.floating,
        "index_price": quote.index,
        "initial_margin": round8(held.exposure * INITIAL_RATE),
        "instrument_name": deribit_name(item),
        "kind": KINDS[item.kind],
        "maintenance_margin": round8(held.needed),
        "mark_price": quote.mark,
        "realized_profit_loss": session.realised[item.key] + session.funding[item.key],
        "settlement_price": quote.open_24h,
        "size": amount(item, position.size),
        "total_profit_loss": held.total,
    }
    if item.kind == "swap":
        row["realized_funding"] = session.funding[item.key]
    if not held.option:
        row |= {"delta": round8(_delta(held)), "leverage": 50, "size_currency": round8(_delta(held))}
    return row


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v2/private/get_account_summaries"): Route(summaries, private=True),
    ("GET", "/api/v2/private/get_positions"): Route(positions, private=True),
}
