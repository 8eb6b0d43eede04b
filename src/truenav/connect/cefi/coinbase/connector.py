"""Coinbase Advanced Trade: key check, market and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from truenav.connect.cefi.coinbase import client as coinbase
from truenav.connect.cefi.coinbase.answers import (
    EARN,
    FUTURES,
    IN_ACCOUNTS,
    SPOT,
    VENUE,
    amount,
    instant,
    rows,
)
from truenav.connect.cefi.coinbase.client import CoinbaseClient, read
from truenav.connect.cefi.coinbase.errors import refusal
from truenav.connect.cefi.coinbase.manifest import MANIFEST
from truenav.connect.cefi.coinbase.parse import PARSERS, open_futures, spot_accounts
from truenav.connect.cefi.coinbase.streams import account_streams, market_streams
from truenav.connect.contract import (
    AccountStream,
    Credentials,
    Cursor,
    Errand,
    Gathered,
    KeyCheck,
    Manifest,
    ParseContext,
    Parser,
    Payload,
    Right,
    StreamPlan,
)
from truenav.connect.document import Node
from truenav.connect.errors import IncompletePagesError, VenueError
from truenav.connect.gathering import Harvest, Pages, Step, confirming
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.failure import FailureKind
from truenav.core.money import ZERO

Breakdown = asyncio.Future[Payload]
PRODUCT_LISTS: tuple[Mapping[str, str], ...] = (
    {"product_type": "SPOT"},
    {"product_type": "FUTURE", "expiring_contract_status": "STATUS_ALL"},
)


class CoinbaseConnector:
    """Reads the portfolio that a key is of: spot accounts, US futures, what is staked."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Coinbase's own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """Coinbase's clock less ours."""
        clock = await CoinbaseClient(api).get(coinbase.TIME)
        return instant(read(clock), "iso") - clock.evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock and rights of a key, and its portfolio; raises where the key is not accepted at all."""
        offset = await self.clock_offset(api)
        key = read(await CoinbaseClient(api, credentials).get(coinbase.KEY))
        return KeyCheck(
            read=_right(key, "can_view"),
            trade=_right(key, "can_trade"),
            withdraw=_right(key, "can_transfer"),
            clock_offset=offset,
            account_types=(key.text_or("portfolio_type", "unknown").lower(),),
            identity=key.text_or("portfolio_uuid"),
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms and prices of the markets of known assets, with the terms of contracts that have expired."""
        del credentials
        client = CoinbaseClient(api)
        harvest = Harvest(api, context, VENUE, FailureKind.UNPRICED)
        await harvest.run([_listed(client, params) for params in PRODUCT_LISTS])
        harvest.require_prices()
        return harvest.gathered()

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The stream that tells these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The stream that tells when orders of the portfolio change."""
        return account_streams(account.wallets)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances and positions at once, each confirmed by the portfolio; then orders and the histories."""
        client = CoinbaseClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        breakdown: Breakdown = asyncio.ensure_future(_read_breakdown(client))
        steps: list[Step] = [(coinbase.PORTFOLIO.name, _portfolio(breakdown))]
        if FUTURES in errand.account.wallets:
            steps += _futures(client, breakdown)
        if EARN in errand.account.wallets:
            steps.append(("staked/1", _staked(client, breakdown)))
        if SPOT in errand.account.wallets:
            steps.append(("accounts/1", _accounts(client, breakdown)))
        read_state = await harvest.run(steps)
        if errand.history:
            past = _past(client, errand.cursors, errand.since)
            accounts = read_state[-1] if SPOT in errand.account.wallets else None
            if accounts is not None:
                past += _ledgers(client, accounts, errand.cursors, errand.since)
            await harvest.run(past)
        return harvest.gathered()


def _listed(client: CoinbaseClient, params: Mapping[str, str]) -> Step:
    """The markets of one kind; that there is none is not believed."""

    async def ask() -> Pages:
        answer = await client.get(coinbase.PRODUCTS, params)
        if not rows(read(answer), "products"):
            kind = params["product_type"]
            raise IncompletePagesError(f"{VENUE}: the list of markets ({kind}) is empty; it is not taken.")
        return Pages((answer,))

    return coinbase.PRODUCTS.name, ask()


def _past(client: CoinbaseClient, cursors: Mapping[str, Cursor], since: datetime) -> list[Step]:
    name = coinbase.FILLS.name
    return [(name, client.fills(cursors.get(name), since)), (coinbase.ORDERS.name, _orders(client))]


def _ledgers(
    client: CoinbaseClient, accounts: Pages, cursors: Mapping[str, Cursor], since: datetime
) -> list[Step]:
    """The ledger of each account, with a cursor of its own."""
    steps: list[Step] = []
    for row in _rows_of(accounts.payloads[:-1]):
        account = row.text("uuid")
        history = client.ledger(account, cursors, since, held=_is_held(row))
        steps.append((coinbase.ledger_name(account), history))
    return steps


async def _orders(client: CoinbaseClient) -> Pages:
    return Pages(await client.pages(coinbase.ORDERS, "orders", {"order_status": "OPEN"}))


# -- state, and what confirms that a list is complete ---------------------------------------------


async def _read_breakdown(client: CoinbaseClient) -> Payload:
    """The portfolio that the key is of: its own list of everything in it."""
    key = read(await client.get(coinbase.KEY))
    payload = await client.get(coinbase.PORTFOLIO, of=key.text("portfolio_uuid"))
    read(payload).field("breakdown")
    return payload


async def _portfolio(breakdown: Breakdown) -> Pages:
    return Pages((await breakdown,))


async def _staked(client: CoinbaseClient, breakdown: Breakdown) -> Pages:
    """What is staked; nothing, where the portfolio lists anything else or is worth nothing."""
    payload = await breakdown
    if not rows(_breakdown(payload), "spot_positions") and _worth(payload, "total_balance"):
        raise IncompletePagesError(f"{VENUE}: the portfolio is worth something, but lists nothing.")
    return Pages((await client.api.join("staked/1", (payload,)),))


async def _accounts(client: CoinbaseClient, breakdown: Breakdown) -> Pages:
    """All accounts, their pages joined: each asset that the portfolio has must be among them."""
    parts = await client.pages(coinbase.ACCOUNTS, "accounts")
    listed = {row.text("currency") for row in _rows_of(parts)}
    for row in rows(_breakdown(await breakdown), "spot_positions"):
        holds = row.decimal_or("total_balance_crypto", ZERO)
        if holds and row.text_or("account_type") in IN_ACCOUNTS and row.text("asset") not in listed:
            raise IncompletePagesError(
                f"{VENUE}: the portfolio has {row.text('asset')[:20]}, but no account is listed; the list is "
                "not taken."
            )
    return Pages((*parts, await client.api.join("accounts/1", parts)))


def _futures(client: CoinbaseClient, breakdown: Breakdown) -> tuple[Step, Step]:
    """Balance and positions of the futures account, asked at the same time."""
    balance: asyncio.Future[Payload] = asyncio.ensure_future(client.get(coinbase.FUTURES_BALANCE))

    async def read_balance() -> Pages:
        answer = await balance
        if read(answer).maybe("balance_summary") is None and _worth(await breakdown, "total_futures_balance"):
            raise IncompletePagesError(f"{VENUE}: the portfolio has futures, but no balance of them is told.")
        return Pages((answer,))

    async def read_positions() -> Pages:
        answer = await client.get(coinbase.FUTURES_POSITIONS)
        if not open_futures(read(answer)):
            _refuse_margin(read(await confirming(balance, f"{VENUE}: the balance")))
        return Pages((answer,))

    return (
        (coinbase.FUTURES_BALANCE.name, read_balance()),
        (coinbase.FUTURES_POSITIONS.name, read_positions()),
    )


def _refuse_margin(document: Node) -> None:
    """Refuse an empty list of positions while the balance shows open profit, or margin that they need."""
    summary = document.maybe("balance_summary")
    if summary is None:
        return
    if any(amount(summary, name) for name in ("unrealized_pnl", "liquidation_threshold")):
        raise IncompletePagesError(f"{VENUE}: the balance shows open positions that no list has.")


def _breakdown(payload: Payload) -> Node:
    return read(payload).field("breakdown")


def _worth(payload: Payload, name: str) -> bool:
    balances = _breakdown(payload).maybe("portfolio_balances")
    return balances is not None and balances.maybe(name) is not None and bool(amount(balances, name))


def _rows_of(pages: Sequence[Payload]) -> list[Node]:
    return spot_accounts(read(one) for one in pages)


def _is_held(row: Node) -> bool:
    return bool(amount(row, "available_balance") or amount(row, "hold"))


def _right(key: Node, name: str) -> Right:
    flag = key.flag(name)
    if flag is None:
        return Right.UNVERIFIED
    return Right.YES if flag else Right.NO


CONNECTOR = CoinbaseConnector()
