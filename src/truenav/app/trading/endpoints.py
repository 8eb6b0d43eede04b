"""Trading for people: orders and their trails, what accounts may trade, and the keys that do."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from truenav.app.exports.wire import TableQueryDep
from truenav.app.http.catalogues import catalogue_router
from truenav.app.http.context import HouseDep, NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.models import Instant
from truenav.app.http.pages import Page, bad_cursor
from truenav.app.http.problems import refusals
from truenav.app.http.routes import Router, requires
from truenav.app.sources.schemas import KeyBody
from truenav.app.trading import keys, reading
from truenav.app.trading.catalogues import LIMITS
from truenav.app.trading.schemas import (
    CheckedKeyAnswer,
    OrderAnswer,
    OrderDetailAnswer,
    TradingAccountAnswer,
)
from truenav.core.clock import instant_text, parse_instant
from truenav.core.ids import AccountId
from truenav.core.orders import OrderState
from truenav.store.orders import AskedOrder, OrderPlace

router = Router(tags=["trading"])

ROUTERS = (router, catalogue_router(LIMITS, "trading-limits"))

AccountPath = Annotated[str, Path(max_length=200)]
ClientIdPath = Annotated[str, Path(pattern="^[a-z0-9]{1,11}-[0-9a-f]{24}$")]
_READ = [requires("trade:read", sight="narrowed")]


@router.get("/orders", dependencies=_READ)
def list_orders(
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    query: TableQueryDep,
    *,
    account: Annotated[str | None, Query(max_length=200)] = None,
    state: Annotated[OrderState | None, Query(description="Absent: every state")] = None,
    since: Annotated[Instant | None, Query(description="Written down then or later")] = None,
) -> Page[OrderAnswer]:
    """Orders as they stand, newest first."""
    rows = reading.list_orders(
        session,
        principal,
        sight,
        account=None if account is None else AccountId(account),
        state=state,
        since=since,
        after=None if query.after is None else _place(query.after),
        limit=query.limit + 1,
    )
    return query.page(rows, key=_key, show=OrderAnswer.of)


@router.get("/orders/{account}/{client_id}", dependencies=_READ)
def get_order(
    account: AccountPath,
    client_id: ClientIdPath,
    *,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
) -> OrderDetailAnswer:
    """One order: what was asked for and sent, its fills, and each step with the answer that told it."""
    asked, trail = reading.find_order(session, principal, AccountId(account), client_id, sight)
    return OrderDetailAnswer.of(asked, trail)


@router.get("/trading-accounts", dependencies=_READ)
def list_trading_accounts(
    principal: PrincipalDep, session: SessionDep, sight: SightDep, now: NowDep, query: TableQueryDep
) -> Page[TradingAccountAnswer]:
    """The accounts whose venue takes orders: their keys, limits, and what was spent today."""
    rows = reading.list_accounts(session, principal, sight, now=now)
    left = [one for one in rows if one.account > (query.after or "")]
    return query.page(left[: query.limit + 1], key=lambda row: row.account, show=TradingAccountAnswer.of)


@router.get("/trading-accounts/{account}", dependencies=_READ)
def get_trading_account(
    account: AccountPath, principal: PrincipalDep, session: SessionDep, sight: SightDep, now: NowDep
) -> TradingAccountAnswer:
    """One account whose venue takes orders."""
    return TradingAccountAnswer.of(
        reading.find_account(session, principal, AccountId(account), sight, now=now)
    )


@router.put(
    "/trading-accounts/{account}/key",
    dependencies=[requires("trade:key", secret_request=True, fresh=True)],
    responses=refusals(502),
)
def put_trading_key(
    account: AccountPath, body: KeyBody, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> CheckedKeyAnswer:
    """Enter a trading key. It is checked at the venue first; one that may withdraw is refused."""
    checked = keys.put_key(session, house, principal, AccountId(account), body.credentials())
    return CheckedKeyAnswer.of(checked)


@router.post(
    "/trading-accounts/{account}/key/check",
    dependencies=[requires("trade:key")],
    responses=refusals(502),
)
def check_trading_key(
    account: AccountPath, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> CheckedKeyAnswer:
    """Ask the venue about the kept trading key again: its rights and the clock."""
    return CheckedKeyAnswer.of(keys.check_key(session, house, principal, AccountId(account)))


@router.delete(
    "/trading-accounts/{account}/key", status_code=204, dependencies=[requires("trade:key", fresh=True)]
)
def delete_trading_key(
    account: AccountPath, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> None:
    """Forget a trading key: nothing more is sent, and orders that still work are not followed."""
    keys.remove_key(session, house, principal, AccountId(account))


def _key(asked: AskedOrder) -> str:
    """A place in the list; its parts hold no blank, except for the account in the middle."""
    order = asked.order
    digits = order.request.client_id.partition("-")[2]
    return f"{instant_text(order.created_at)} {digits} {order.request.account}"


def _place(position: str) -> OrderPlace:
    at, _, rest = position.partition(" ")
    digits, _, account = rest.partition(" ")
    if not account:
        raise bad_cursor()
    return parse_instant(at, what="cursor"), AccountId(account), digits
