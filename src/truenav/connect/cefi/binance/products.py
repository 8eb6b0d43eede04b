"""Which of Binance's products are asked for by the wallets of an account, and what reads their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from truenav.connect.cefi.binance import (
    conversions,
    earn,
    funding,
    isolated,
    margin,
    options,
    portfolio,
    transfers,
)
from truenav.connect.cefi.binance.client import (
    FUTURES,
    MARGIN_ACCOUNT,
    MARGIN_OPEN_ORDERS,
    SPOT_ACCOUNT,
    SPOT_OPEN_ORDERS,
    BinanceClient,
)
from truenav.connect.cefi.binance.steps import Asker
from truenav.connect.document import Node
from truenav.connect.gathering import Step, alone
from truenav.connect.reading import Reading

Read = Callable[[Reading, Node], None]


def state(client: BinanceClient, wallets: tuple[str, ...], pairs: set[str]) -> list[Step]:
    """What the wallets hold; isolated pairs that have any are added to ``pairs``."""
    left = portfolio.parts_left(wallets)
    asked = [futures.account for futures in FUTURES if futures.wallet in left]
    if "spot" in left and earn.WALLET not in left:
        asked.append(SPOT_ACCOUNT)
    if margin.WALLET in left:
        asked.append(MARGIN_ACCOUNT)
    steps = [alone(client, endpoint) for endpoint in asked]
    if isolated.WALLET in wallets:
        steps += isolated.state(client, pairs)
    if portfolio.WALLET in wallets:
        steps += portfolio.state(client, wallets)
    if funding.WALLET in wallets:
        steps += funding.state(client)
    if earn.WALLET in wallets:
        steps += earn.state(client, spot="spot" in wallets)
    if options.WALLET in wallets:
        steps += options.state(client)
    return steps


def open_orders(client: BinanceClient, wallets: tuple[str, ...]) -> list[Step]:
    """Open orders of the wallets.

    Nothing is valued by them and they weigh more than all else, so they are read with the history alone: the
    venue counts by the address, however many accounts share it.
    """
    left = portfolio.parts_left(wallets)
    asked = [futures.open_orders for futures in FUTURES if futures.wallet in left]
    asked += [SPOT_OPEN_ORDERS] if "spot" in left else []
    asked += [MARGIN_OPEN_ORDERS] if margin.WALLET in left else []
    asked += portfolio.OPEN_ORDERS if portfolio.WALLET in wallets else ()
    asked += [options.OPEN_ORDERS] if options.WALLET in wallets else []
    return [alone(client, endpoint) for endpoint in asked]


def past(asker: Asker, wallets: tuple[str, ...], pairs: set[str]) -> list[Step]:
    """What happened between all wallets, and beside trades and incomes in each."""
    steps = [*transfers.past(asker, wallets), *isolated.past(asker, pairs)]
    if conversions.WALLET in wallets:
        steps += [*transfers.between_accounts(asker), *conversions.past(asker)]
    if funding.WALLET in wallets:
        steps += funding.past(asker)
    if earn.WALLET in wallets:
        steps += earn.past(asker)
    if options.WALLET in wallets:
        steps += options.past(asker)
    return steps


def nothing(reading: Reading, document: Node) -> None:
    """Kept as evidence; it states no facts of its own."""
    del reading, document


READERS: Mapping[str, Read] = {
    "wallet.overview/1": nothing,
    "wallet.deposits/1": partial(funding.deposits, wallet="spot"),
    "wallet.withdrawals/1": partial(funding.withdrawals, wallet="spot"),
    "wallet.transfers/1": transfers.transfers,
    "funding.account/1": funding.account,
    "funding.deposits/1": partial(funding.deposits, wallet=funding.WALLET),
    "funding.withdrawals/1": partial(funding.withdrawals, wallet=funding.WALLET),
    "usdm.leverageBracket/1": nothing,
    "coinm.leverageBracket/1": nothing,
    "sub.list/1": nothing,
    "sub.transfers/1": transfers.as_sub,
    "sub.universal/1": transfers.as_master,
    "spot.converted/1": conversions.converted,
    "spot.dust/1": conversions.dust,
    "spot.dividends/1": conversions.dividends,
    "earn.account/1": nothing,
    "earn.flexible/1": nothing,
    "earn.locked/1": nothing,
    "earn.positions/1": earn.positions,
    "earn.subscribed/1": earn.subscriptions,
    "earn.redeemed/1": earn.redemptions,
    "earn.lockedIn/1": earn.subscriptions,
    "earn.lockedOut/1": earn.redemptions,
    "earn.rewards/1": earn.rewards,
    "options.exchangeInfo/1": options.info,
    "options.mark/1": options.marks,
    "options.index/1": options.index,
    "options.marginAccount/1": options.account,
    "options.position/1": options.positions,
    "options.openOrders/1": nothing,
    "options.order/1": nothing,
    "options.userTrades/1": options.trades,
    "options.exerciseRecord/1": options.exercises,
    "options.bill/1": options.bills,
    "portfolio.account/1": nothing,
    "portfolio.balance/1": nothing,
    portfolio.BALANCES: portfolio.balances,
    "portfolio.openOrders/1": nothing,
    portfolio.POSITIONS: portfolio.positions,
    "portfolio.um.account/1": nothing,
    "portfolio.um.openOrders/1": nothing,
    "portfolio.um.allOrders/1": nothing,
    "portfolio.um.userTrades/1": portfolio.UM_FAMILY.trades,
    "portfolio.um.income/1": portfolio.UM_FAMILY.income,
    "portfolio.um.leverageBracket/1": nothing,
    "portfolio.cm.leverageBracket/1": nothing,
    "portfolio.cm.account/1": nothing,
    "portfolio.cm.openOrders/1": nothing,
    "portfolio.cm.allOrders/1": nothing,
    "portfolio.cm.userTrades/1": portfolio.CM_FAMILY.trades,
    "portfolio.cm.income/1": portfolio.CM_FAMILY.income,
    "portfolio.margin.allOrders/1": nothing,
    "portfolio.margin.myTrades/1": partial(margin.trades, wallet=portfolio.WALLET),
    "portfolio.margin.interest/1": partial(margin.interest, wallet=portfolio.WALLET),
    "isolated.account/1": isolated.account,
    "isolated.transfers/1": isolated.transfers,
    "isolated.trades/1": partial(margin.trades, wallet=isolated.WALLET),
    "isolated.orders/1": nothing,
    "isolated.interest/1": partial(margin.interest, wallet=isolated.WALLET),
}
