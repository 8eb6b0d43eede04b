"""Binance portfolio margin: one wallet of cross margin, USD-M and COIN-M, which only its own host tells.

A coin's total is what the margin part has less what it owes, and the balances of both futures parts;
``negativeBalance`` repeats what a futures part owes, and is not taken off again. Money that moves between the
parts stays in the wallet and states nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance.client import BinanceClient, Futures, Lending
from truenav.connect.cefi.binance.futures import Family, in_order
from truenav.connect.contract import Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, VenueError
from truenav.connect.gathering import Pages, Step, confirming
from truenav.connect.reading import Reading
from truenav.core.facts import BalanceLine, BalanceSnapshot, PositionSnapshot
from truenav.core.money import ZERO

WALLET = "portfolio"
PARTS = frozenset({"margin", "usdm", "coinm"})
"""Wallets that an account in portfolio margin has no more; read beside it they would count twice."""
BALANCES = "portfolio.balances/1"
"""Balance and equity, joined."""
POSITIONS = "portfolio.positions/1"
"""The accounts of both futures parts, joined."""


def _endpoint(name: str, path: str, weight: int) -> Endpoint:
    return Endpoint(f"portfolio.{name}/1", f"/papi/v1/{path}", WALLET, weight=weight, host=WALLET)


ACCOUNT, BALANCE = _endpoint("account", "account", 20), _endpoint("balance", "balance", 20)


def _futures(part: str, namespace: str, orders_weight: int) -> Futures:
    def endpoint(name: str, weight: int) -> Endpoint:
        return _endpoint(f"{part}.{name}", f"{part}/{name}", weight)

    return Futures(
        wallet=WALLET,
        namespace=namespace,
        info=endpoint("exchangeInfo", 1),
        marks=endpoint("premiumIndex", 1),
        account=endpoint("account", 5),
        open_orders=endpoint("openOrders", 40),
        orders=endpoint("allOrders", orders_weight),
        trades=endpoint("userTrades", orders_weight),
        income=endpoint("income", 30),
        tiers=endpoint("leverageBracket", 1),
        orders_page=100,
    )


UM, CM = _futures("um", "binance-usdm", 5), _futures("cm", "binance-coinm", 20)
OPEN_ORDERS = (_endpoint("openOrders", "margin/openOrders", 5), UM.open_orders, CM.open_orders)
LENDING = Lending(
    WALLET,
    _endpoint("margin.myTrades", "margin/myTrades", 5),
    _endpoint("margin.allOrders", "margin/allOrders", 100),
    _endpoint("margin.interest", "margin/marginInterestHistory", 1),
    archive=timedelta(days=150),
)
"""What is older than six months lies in the archive; a month before that, both are asked."""
UM_FAMILY = Family(WALLET, UM.namespace, inverse=False, prefix="portfolio-um:", moves_within=True)
CM_FAMILY = Family(WALLET, CM.namespace, inverse=True, prefix="portfolio-cm:", moves_within=True)


# -- what is asked ----------------------------------------------------------------------------------


def parts_left(wallets: Collection[str]) -> tuple[str, ...]:
    """The wallets that are read; beside portfolio margin its parts are not."""
    return tuple(one for one in wallets if WALLET not in wallets or one not in PARTS)


def state(client: BinanceClient, wallets: Collection[str]) -> list[Step]:
    """Balance, positions and equity; positions are believed if the balance shows no others."""
    balance = asyncio.ensure_future(client.get(BALANCE))

    async def ask_balance() -> Pages:
        parts = (await balance, await client.get(ACCOUNT))
        if not list(read_json(parts[0].body).items()):
            raise IncompletePagesError("binance: the balance of portfolio margin lists no coin.")
        return Pages((*parts, await client.api.join(BALANCES, parts)))

    async def ask_positions() -> Pages:
        parts = (await client.get(UM.account), await client.get(CM.account))
        await _refuse_missing(balance, parts)
        return Pages((*parts, await client.api.join(POSITIONS, parts)))

    steps: list[Step] = [(BALANCES, ask_balance()), (POSITIONS, ask_positions())]
    if twice := PARTS & set(wallets):
        steps.append(("wallets", _refuse_parts(sorted(twice))))
    return steps


async def _refuse_parts(names: list[str]) -> Pages:
    raise VenueError(
        f"the account lists {', '.join(names)} beside {WALLET}, whose parts these are; they are not read, so "
        f"that nothing counts twice. List {WALLET} alone."
    )


async def _refuse_missing(balance: asyncio.Future[Payload], accounts: tuple[Payload, Payload]) -> None:
    coins = list(read_json((await confirming(balance, "binance: the portfolio margin balance")).body).items())
    for payload, name in zip(accounts, ("umUnrealizedPNL", "cmUnrealizedPNL"), strict=True):
        rows = read_json(payload.body).field("positions").items()
        open_ = any(row.decimal("positionAmt") for row in rows)
        if not open_ and any(coin.decimal_or(name, ZERO) for coin in coins):
            raise IncompletePagesError(
                f"binance: no position is listed, but {name} of the balance is not zero; they are not taken."
            )


# -- what it states ---------------------------------------------------------------------------------


def balances(reading: Reading, document: Node) -> None:
    """All three parts of each coin, without open profit."""
    coins, _ = document.parts(2)
    lines = []
    for row in coins.items():
        free, locked, owed, interest, *futures = (
            row.decimal_or(name, ZERO)
            for name in (
                "crossMarginFree",
                "crossMarginLocked",
                "crossMarginBorrowed",
                "crossMarginInterest",
                "umWalletBalance",
                "cmWalletBalance",
            )
        )
        total = free + locked - owed - interest + sum(futures, ZERO)
        if total or locked or owed:
            asset = reading.asset(row.text("asset"), reading.evidence.answered_at)
            lines.append(BalanceLine(asset, total, locked))
    cash = tuple(sorted(lines, key=lambda line: line.asset))
    reading.snapshot(WALLET, BalanceSnapshot(WALLET, cash))


def positions(reading: Reading, document: Node) -> None:
    """Open contracts of both futures parts."""
    linear, inverse = document.parts(2)
    lines = [*UM_FAMILY.open(reading, linear), *CM_FAMILY.open(reading, inverse)]
    reading.snapshot(WALLET, PositionSnapshot(WALLET, in_order(lines)))
