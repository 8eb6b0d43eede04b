"""Trading for an account: its limits, its key, and the execution of orders under both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.house import House
from truenav.app.sources.context import parse_context
from truenav.app.sources.model import Connection
from truenav.app.sources.opening import ask_once, open_source
from truenav.app.trading.book import OrderBook
from truenav.app.trading.executor import Executor
from truenav.app.trading.limits import TradingLimits
from truenav.connect.contract import (
    Credentials,
    KeyCheck,
    ParseContext,
    Payload,
    Right,
    refuse_unsafe_key,
)
from truenav.connect.errors import KeyForbiddenError
from truenav.connect.trading import OrderingConnector
from truenav.connect.transport import Network, open_network
from truenav.core.account import Account
from truenav.core.canonical import canonical_json, encode
from truenav.core.failure import InvalidInputError
from truenav.core.ids import AccountId
from truenav.core.orders import BadOrderError, Order, OrderRequest
from truenav.store import audit, definitions, orders
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.secrets import SecretNotFoundError

_log = structlog.get_logger(__name__)


class NoTradingError(InvalidInputError):
    """Orders of this account cannot be sent anywhere."""

    code = "no-trading"
    title = "Nothing can be traded for this account"


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where orders of an account go, with which key, and what the house knows of instruments."""

    source: OrderingConnector
    base_url: str | None
    credentials: Credentials
    context: ParseContext


def put_limits(session: Session, house: House, principal: Principal, limits: TradingLimits) -> int:
    """Set what an account may trade; gives the number of the version. Without limits it only reduces."""
    authorize(principal, "trade:limit", Resource(principal.tenant, "account", limits.account))
    definitions.get(session, Kind.ACCOUNT, limits.account, Account)
    context = parse_context(session)
    for one in limits.instruments:
        context.instruments.get(one)
    now = house.clock.now()
    version = definitions.put(session, Kind.TRADING_LIMITS, limits.account, limits, by=principal.user, at=now)
    detail: dict[str, object] = {"limits": encode(limits), "version": version}
    audit.append(
        session, actor=principal.user, action="trade.limit", subject=limits.account, at=now, detail=detail
    )
    return version


def put_key(
    session: Session, house: House, principal: Principal, account: AccountId, credentials: Credentials
) -> tuple[str, ...]:
    """Check a trading key at the account's venue and keep it, encrypted, apart from the one that reads.

    Refuses a key that may withdraw, and one that may not trade. Gives the notes to show.
    """
    authorize(principal, "trade:key", Resource(principal.tenant, "account", account))
    source, base_url = _venue(session, account)
    check = ask_once(house, source, base_url, lambda api: source.check_key(api, credentials), account=account)
    notes = refuse_unfit_key(check)
    now = house.clock.now()
    house.vault.put(session, _secret(account), canonical_json(asdict(credentials)), at=now)
    audit.append(session, actor=principal.user, action="trade.key", subject=account, at=now, detail={})
    return notes


def refuse_unfit_key(check: KeyCheck) -> tuple[str, ...]:
    """Refuse a key that may withdraw, or that certainly may not trade; give the notes to show."""
    notes = refuse_unsafe_key(check, read_only=False)
    if check.trade is Right.NO:
        raise KeyForbiddenError("The key may not trade. Create one with trading, and without withdrawing.")
    return notes


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
            desk = _desk(session, house, account)
            office = orders.take_office(session, account, actor=principal.user, at=house.clock.now())
        book = OrderBook(house.database, tenant, house.blobs(tenant), office)
        api = network.transport(desk.source, book.archive, account=account, base_url=desk.base_url)
        rest = network.transport(desk.source, _forget, account=account, base_url=desk.base_url)
        for note in refuse_unfit_key(await desk.source.check_key(rest, desk.credentials)):
            _log.warning("the trading key", account=account, note=note)
        port = desk.source.order_port(api, rest, desk.credentials, desk.context)
        executor = Executor(book, port, desk.context.instruments, house.clock, network.sleep)
        return await executor.run(requests, good_until=good_until)


def list_orders(
    session: Session, principal: Principal, account: AccountId, *, since: datetime
) -> tuple[Order, ...]:
    """The account's orders that were written down since an instant, oldest first."""
    authorize(principal, "trade:read", Resource(principal.tenant, "account", account))
    return orders.since(session, account, since)


def _desk(session: Session, house: House, account: AccountId) -> _Desk:
    source, base_url = _venue(session, account)
    try:
        key = json.loads(house.vault.get(session, _secret(account)))
    except SecretNotFoundError as error:
        raise NoTradingError(f"{account} has no trading key; enter one.") from error
    return _Desk(source, base_url, Credentials(**key), parse_context(session))


def _venue(session: Session, account: AccountId) -> tuple[OrderingConnector, str | None]:
    """Where the account is: the venue of its connection, asked at the same address."""
    for connection in definitions.bodies(session, Kind.CONNECTION, Connection):
        if connection.account == account and connection.enabled:
            source, base_url = open_source(connection)
            if isinstance(source, OrderingConnector):
                return source, base_url
            raise NoTradingError(f"{source.manifest.title} takes no orders from here.")
    raise NoTradingError(f"{account} has no connection that is switched on; add one.")


def _secret(account: AccountId) -> str:
    return f"trading/{account}"


async def _forget(payload: Payload) -> None:
    del payload
