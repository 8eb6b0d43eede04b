"""The cash of a unified account, coin by coin, with each debt counted once.

A coin's ``equity`` is what it is worth with open profit and options, less all that is owed. Which field holds
the cash depends on the account's mode, so the fields are candidates, and equity decides between them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from truenav.connect.cefi.gate.answers import OPTION_COIN, VENUE, tell
from truenav.connect.document import Node
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.reading import Reading
from truenav.core.facts import BalanceLine
from truenav.core.money import ZERO

_MODES = ("1", "2", "3")
_AGREED = Decimal("0.01")
"""So far cash may be from equity less open profit, as a share of both: profit moves between two answers."""


@dataclass(frozen=True, slots=True)
class _Open:
    """What positions settled in one coin add to its equity."""

    profit: Decimal = ZERO
    options: Decimal = ZERO


def in_unified(account: Node) -> bool:
    """Whether a contract account is a part of the unified account, by its own word."""
    return account.text_or("margin_mode", "0") in _MODES or account.flag("enable_credit") is True


def unified_lines(reading: Reading, account: Node, contracts: Iterable[Node]) -> tuple[BalanceLine, ...]:
    """The balances of the account; ``contracts`` are the answers about its contract accounts."""
    balances = account.field("balances")
    if not isinstance(balances.value, dict):
        raise balances.wrong("an object is expected")
    if not balances.value and account.decimal_or("unified_account_total_equity", ZERO):
        raise MalformedPayloadError("no coin is listed, but the account is worth something.")
    if account.flag("use_funding"):
        message = "Lent coins back the margin of the unified account and may be a part of its equity."
        tell(reading, VENUE, message, "Compare with the venue's total; savings may be counted twice.")
    opened = _opened(contracts)
    lines = []
    for code in balances.value:
        row = balances.field(code)
        total = _cash(reading, code, row, opened.get(code, _Open()))
        if total:
            asset = reading.asset(code, reading.evidence.answered_at)
            lines.append(BalanceLine(asset, total, row.decimal_or("freeze", ZERO)))
    return tuple(sorted(lines, key=lambda line: line.asset))


def _opened(contracts: Iterable[Node]) -> dict[str, _Open]:
    found: dict[str, _Open] = {}
    for account in contracts:
        if not in_unified(account):
            continue
        code = account.text_or("currency", OPTION_COIN)
        before = found.get(code, _Open())
        value = account.maybe("position_value")
        if value is not None:
            found[code] = _Open(before.profit, before.options + account.decimal("position_value"))
        else:
            profit = account.decimal_or("unrealised_pnl", ZERO)
            found[code] = _Open(before.profit + profit, before.options)
    return found


def _cash(reading: Reading, code: str, row: Node, opened: _Open) -> Decimal:
    """The field that agrees with equity; where none does, equity less what is open, and that is told."""
    equity = row.decimal("equity")
    if not (opened.profit or opened.options):
        return equity
    expected = equity - opened.profit - opened.options
    free = row.decimal_or("available", ZERO) + row.decimal_or("freeze", ZERO)
    margined = row.decimal_or("cross_balance", ZERO) + row.decimal_or("iso_balance", ZERO)
    candidates = (
        free - row.decimal_or("borrowed", ZERO),
        free - row.decimal_or("total_liab", ZERO),
        margined,
        margined + row.decimal_or("freeze", ZERO),
    )
    nearest = min(candidates, key=lambda one: abs(one - expected))
    if abs(nearest - expected) <= _AGREED * (abs(equity) + abs(opened.profit) + abs(opened.options)):
        return nearest
    message = f"No field of {code[:60]} agrees with its equity; equity less open profit is taken."
    tell(reading, f"{VENUE}:{code[:60]}", message, "Compare with the venue; report the account's mode.")
    return expected
