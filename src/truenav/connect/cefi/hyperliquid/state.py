"""What an address holds: one wallet for spot and perpetuals, staking, and equity in vaults.

With separate collateral the perpetuals' ``accountValue`` and the spot balances are two pots. With a unified
account or portfolio margin the spot balance of a coin is the whole pot, open profit included. Both are one
wallet of cash here, so that neither a transfer between the pots nor a change of the mode moves anything: cash
is what is there without open profit, which positions are valued by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from truenav.connect.cefi.hyperliquid.answers import (
    HYPE,
    MAIN,
    STAKING,
    USDC,
    VAULTS,
    hyperliquid_id,
    tell_foreign,
)
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.facts import BalanceLine, BalanceSnapshot, PositionLine, PositionSnapshot
from truenav.core.money import ONE, ZERO, divided, rounded

ENTRY_PLACES = 12
POOLED = frozenset({"unifiedAccount", "portfolioMargin"})
"""Modes in which spot balances are the collateral of perpetuals, and include their open profit."""
SEPARATE = frozenset({"disabled", "default", "dexAbstraction", ""})


def read_balances(reading: Reading, document: Node) -> None:
    """Mode, spot balances and perpetuals, asked at one time and joined."""
    parts = list(document.items())
    if len(parts) != 3:
        raise document.wrong("mode, spot and perpetuals are expected")
    mode, spot, perps = parts
    name = "" if mode.value is None else str(mode.value)
    if name not in POOLED | SEPARATE:
        raise mode.wrong(f"the mode {name[:40]!r} is not known, so the balances are not")
    positions = _open_positions(perps)
    held: dict[str, Decimal] = defaultdict(Decimal)
    locked: dict[str, Decimal] = defaultdict(Decimal)
    for row in spot.field("balances").items():
        coin = row.text("coin")
        held[coin] += row.decimal("total") - row.decimal_or("borrowed", ZERO)
        locked[coin] += row.decimal_or("hold", ZERO)
    if name not in POOLED:
        held[USDC] += perps.field("marginSummary").decimal("accountValue")
    held[USDC] -= sum((row.decimal("unrealizedPnl") for row in positions), ZERO)
    lines = [
        BalanceLine(reading.asset(coin, reading.evidence.answered_at), total, locked[coin])
        for coin, total in held.items()
        if total
    ]
    lines.sort(key=lambda line: line.asset)
    reading.snapshot(MAIN, BalanceSnapshot(MAIN, tuple(lines)))
    found = sorted((_position(reading, row) for row in positions), key=lambda line: line.instrument)
    reading.snapshot(MAIN, PositionSnapshot(MAIN, tuple(found)))


def _open_positions(perps: Node) -> list[Node]:
    """The positions; that there is none counts only where the summary knows of none, either."""
    rows = [one.field("position") for one in perps.field("assetPositions").items()]
    rows = [row for row in rows if row.decimal("szi")]
    if not rows and perps.field("marginSummary").decimal("totalNtlPos"):
        raise perps.wrong("no position is listed, but the summary speaks of one")
    return rows


def _position(reading: Reading, row: Node) -> PositionLine:
    """``szi`` is in contracts; a contract of many coins (``kPEPE``) is entered at the price of one."""
    name = hyperliquid_id(row.text("coin"))
    terms = reading.instrument(name, lost=False)
    unit = ONE if terms is None else terms.multiplier
    return PositionLine(name, row.decimal("szi"), divided(_entry(row), unit))


def _entry(row: Node) -> Decimal:
    """``entryPx``, or where it fits to all of its digits what open profit counts from, which is exact."""
    told, size = row.decimal("entryPx"), row.decimal("szi")
    value, profit = row.decimal_or("positionValue", ZERO), row.decimal_or("unrealizedPnl", ZERO)
    exponent = told.as_tuple().exponent
    if not value or not isinstance(exponent, int):
        return told
    found = divided(value.copy_sign(size) - profit, size)
    return rounded(found, ENTRY_PLACES) if abs(found - told) <= ONE.scaleb(exponent) else told


def read_staking(reading: Reading, document: Node) -> None:
    """HYPE in the staking account: delegated, idle, and on its way out."""
    parts = ("delegated", "undelegated", "totalPendingWithdrawal")
    total = sum((document.decimal(name) for name in parts), ZERO)
    _one(reading, STAKING, HYPE, total)


def read_vaults(reading: Reading, document: Node) -> None:
    """Equity in vaults, in dollars: what would be paid out now."""
    rows: Iterable[Node] = document.items()
    _one(reading, VAULTS, USDC, sum((row.decimal("equity") for row in rows), ZERO))


def _one(reading: Reading, wallet: str, coin: str, total: Decimal) -> None:
    lines = (BalanceLine(reading.asset(coin, reading.evidence.answered_at), total),) if total else ()
    reading.snapshot(wallet, BalanceSnapshot(wallet, lines))


def read_dexes(reading: Reading, document: Node) -> None:
    """Other builders' dexes, by name and then by state: told where money lies there."""
    found: list[Node] = list(document.items())
    if not found:
        raise document.wrong("there is no list of dexes")
    names, *states = found
    listed = [row.text("name") for row in names.items() if row.value is not None]
    if len(listed) != len(states):
        raise document.wrong("there are not as many states as dexes")
    for name, state in zip(listed, states, strict=True):
        if state.field("marginSummary").decimal("accountValue") or list(
            state.field("assetPositions").items()
        ):
            tell_foreign(reading, f"{name}:", "Money and positions")
