"""What people see of trading: where orders can be sent, under which limits, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.sight import Sight
from truenav.app.trading.catalogues import LIMITS
from truenav.app.trading.keys import TradingKey, entered_keys, venues
from truenav.app.trading.limits import TradingLimits, day_of, spent_by
from truenav.core.failure import NotFoundError
from truenav.core.ids import AccountId
from truenav.core.orders import OrderState
from truenav.store import orders
from truenav.store.database import Session
from truenav.store.definitions import Definition
from truenav.store.orders import AskedOrder, OrderEvent, OrderNotFoundError, OrderPlace

_EVERYTHING = Sight()


class NoTradingAccountError(NotFoundError):
    """There is no such account, or its venue takes no orders from here."""

    code = "no-trading-account"
    title = "No account to trade with"


@dataclass(frozen=True, slots=True)
class TradingAccount:
    """An account whose venue takes orders.

    ``limits`` None: it only reduces. ``spent_today``: what its orders at work since midnight UTC came to, in
    the limits' quote. ``unsettled``: orders of which something is left to be learned.
    """

    account: AccountId
    connection: str
    connector: str
    venue: str
    key: Definition[TradingKey] | None
    limits: Definition[TradingLimits] | None
    spent_today: Decimal
    unsettled: int


def list_accounts(
    session: Session, principal: Principal, sight: Sight = _EVERYTHING, *, now: datetime
) -> tuple[TradingAccount, ...]:
    """The accounts in sight over whose connection orders could be sent, by id."""
    limits = {one.id: one for one in LIMITS.list_all(session, principal)}
    keys, left = entered_keys(session), orders.unsettled_counts(session)
    found: dict[AccountId, TradingAccount] = {}
    for venue in venues(session):
        account = venue.account
        if account not in found and sight.sees_account(account):
            today = orders.at_work_since(session, account, day_of(now))
            found[account] = TradingAccount(
                account,
                venue.connection.id,
                venue.connection.connector,
                venue.source.manifest.title,
                keys.get(account),
                limits.get(account),
                spent_by(today),
                left.get(account, 0),
            )
    return tuple(found[account] for account in sorted(found))


def find_account(
    session: Session, principal: Principal, account: AccountId, sight: Sight = _EVERYTHING, *, now: datetime
) -> TradingAccount:
    """One of `list_accounts`; ``NoTradingAccountError`` where there is none in sight."""
    for one in list_accounts(session, principal, sight, now=now):
        if one.account == account:
            return one
    raise NoTradingAccountError(
        f"There is no account {account[:60]!r} whose venue takes orders; list those that there are."
    )


def list_orders(
    session: Session,
    principal: Principal,
    sight: Sight = _EVERYTHING,
    *,
    account: AccountId | None = None,
    state: OrderState | None = None,
    since: datetime | None = None,
    after: OrderPlace | None = None,
    limit: int,
) -> tuple[AskedOrder, ...]:
    """At most ``limit`` orders of the accounts in sight, newest first; see `orders.page`."""
    authorize(principal, "trade:read")
    seen = None if sight.nodes is None else sorted(sight.accounts | sight.nodes)
    if account is not None:
        seen = [account] if sight.sees_account(account) else []
    return orders.page(session, accounts=seen, state=state, since=since, after=after, limit=limit)


def find_order(
    session: Session, principal: Principal, account: AccountId, client_id: str, sight: Sight = _EVERYTHING
) -> tuple[AskedOrder, tuple[OrderEvent, ...]]:
    """One order with its trail, oldest step first; one of an account out of sight does not exist."""
    authorize(principal, "trade:read", Resource(principal.tenant, "account", account))
    if not sight.sees_account(account):
        raise OrderNotFoundError(f"There is no order {client_id[:40]!r} of {account!r}.")
    order = orders.get(session, account, client_id)
    trail = orders.events(session, account, client_id)
    return AskedOrder(order, trail[0].actor), trail
