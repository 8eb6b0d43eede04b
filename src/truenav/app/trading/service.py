"""The execution of an account's orders, with its trading key and under its limits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import structlog

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.house import House
from truenav.app.sources.context import parse_context
from truenav.app.trading.book import OrderBook
from truenav.app.trading.executor import Executor
from truenav.app.trading.keys import has_trading_key, refuse_unfit_key, trading_key, venue_of
from truenav.connect.contract import Payload
from truenav.connect.trading import OrderMarket
from truenav.connect.transport import Network, open_network
from truenav.core.ids import AccountId, InstrumentId
from truenav.core.orders import BadOrderError, Order, OrderRequest
from truenav.store import orders

_log = structlog.get_logger(__name__)


def execute(
    house: House,
    principal: Principal,
    account: AccountId,
    requests: Sequence[OrderRequest],
    *,
    good_until: datetime,
) -> tuple[Order, ...]:
    """Place orders of an account and follow them until they are done or ``good_until``; see `Executor.run`.

    Asked again with the same origins and legs, it goes on with the same orders. Without requests it brings
    to an end what earlier runs left. Raises ``ExecutorBusyError`` while another process is at it.
    """

    async def work() -> tuple[Order, ...]:
        async with open_network(
            seed=int(house.clock.now().timestamp()),
            private_hosts=house.settings.private_hosts,
            clock=house.clock,
            limits=house.settings.limits_folder,
        ) as network:
            return await execute_on(
                house, principal, account, requests, good_until=good_until, network=network
            )

    return asyncio.run(work())


async def execute_on(
    house: House,
    principal: Principal,
    account: AccountId,
    requests: Sequence[OrderRequest],
    *,
    good_until: datetime,
    network: Network,
) -> tuple[Order, ...]:
    """`execute` over a network that is open already."""
    tenant = principal.tenant
    authorize(principal, "trade:execute", Resource(tenant, "account", account))
    if any(one.account != account for one in requests):
        raise BadOrderError(f"All orders of one execution belong to its account, {account}.")
    async with orders.sole_executor(house.database, tenant, account):
        with house.database.transaction(tenant) as session:
            venue, key = venue_of(session, account), trading_key(session, house, account)
            context = parse_context(session)
            office = orders.take_office(session, account, actor=principal.user, at=house.clock.now())
        book = OrderBook(
            house.database,
            tenant,
            house.blobs(tenant),
            office,
            may_send=lambda session: has_trading_key(session, house, account),
        )
        api = network.transport(venue.source, book.archive, account=account, base_url=venue.base_url)
        rest = network.transport(venue.source, _forget, account=account, base_url=venue.base_url)
        for note in refuse_unfit_key(await venue.source.check_key(rest, key)):
            _log.warning("the trading key", account=account, note=note)
        port = venue.source.order_port(api, rest, key, context)
        executor = Executor(book, port, context.instruments, house.clock, network.sleep)
        return await executor.run(requests, good_until=good_until)


async def look(
    house: House, principal: Principal, account: AccountId, instrument: InstrumentId, *, network: Network
) -> tuple[OrderMarket, Decimal]:
    """What the venue trades an instrument by, and what the account holds of it now, in contracts."""
    authorize(principal, "trade:execute", Resource(principal.tenant, "account", account))
    with house.database.transaction(principal.tenant) as session:
        venue, key = venue_of(session, account), trading_key(session, house, account)
        context = parse_context(session)
    rest = network.transport(venue.source, _forget, account=account, base_url=venue.base_url)
    port = venue.source.order_port(rest, rest, key, context)
    return await port.market(instrument), await port.position(instrument)


async def _forget(payload: Payload) -> None:
    del payload
