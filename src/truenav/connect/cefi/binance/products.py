"""Which of Binance's products are asked for by the wallets of an account, and what reads their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from truenav.connect.cefi.binance import conversions, earn, funding, options, transfers
from truenav.connect.cefi.binance.client import BinanceClient
from truenav.connect.cefi.binance.steps import Asker
from truenav.connect.document import Node
from truenav.connect.gathering import Step
from truenav.connect.reading import Reading

Read = Callable[[Reading, Node], None]


def state(client: BinanceClient, wallets: tuple[str, ...]) -> list[Step]:
    """What the wallets beside spot, margin and futures hold."""
    steps: list[Step] = []
    if funding.WALLET in wallets:
        steps += funding.state(client)
    if earn.WALLET in wallets:
        steps += earn.state(client, spot="spot" in wallets)
    if options.WALLET in wallets:
        steps += options.state(client)
    return steps


def past(asker: Asker, wallets: tuple[str, ...]) -> list[Step]:
    """What happened in these wallets, between all wallets, and beside the trades of spot."""
    steps = transfers.past(asker, wallets)
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
    "wallet.deposits/1": lambda reading, document: funding.deposits(reading, document, "spot"),
    "wallet.withdrawals/1": lambda reading, document: funding.withdrawals(reading, document, "spot"),
    "wallet.transfers/1": transfers.transfers,
    "funding.account/1": funding.account,
    "funding.deposits/1": lambda reading, document: funding.deposits(reading, document, funding.WALLET),
    "funding.withdrawals/1": lambda reading, document: funding.withdrawals(reading, document, funding.WALLET),
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
}
