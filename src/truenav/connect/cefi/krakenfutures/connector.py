"""Kraken Futures: key check, market and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.krakenfutures import client as futures
from truenav.connect.cefi.krakenfutures.client import FuturesClient
from truenav.connect.cefi.krakenfutures.errors import refusal
from truenav.connect.cefi.krakenfutures.manifest import MANIFEST
from truenav.connect.cefi.krakenfutures.parse import PARSERS, answered
from truenav.connect.cefi.krakenfutures.streams import FuturesAccountStream, market_streams
from truenav.connect.cefi.krakenfutures.terms import FLEX, entries, instant
from truenav.connect.contract import (
    AccountStream,
    Credentials,
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
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError, VenueError
from truenav.connect.gathering import Harvest, Pages, Step, alone, confirming
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.failure import FailureKind
from truenav.core.money import ZERO

_FLEX_IN_USE = ("initialMargin", "maintenanceMargin", "pnl", "unrealizedFunding", "totalUnrealized")
"""Fields of the flex account that are not zero while a position is open."""
_SINGLE_IN_USE = (("marginRequirements", "mm"), ("auxiliary", "pnl"))
"""The same of a single-collateral account."""


class KrakenFuturesConnector:
    """Reads Kraken Futures: the flex, cash and single-collateral accounts of one key."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Kraken Futures' own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """Kraken Futures' clock less ours."""
        clock = await FuturesClient(api).get(futures.TIME)
        return instant(_answer(clock), "serverTime") - clock.evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock, access levels and account number of a key; raises where the key is not accepted at all.

        Access to transfers is a right to move assets out.
        """
        offset = await self.clock_offset(api)
        client = FuturesClient(api, credentials)
        key = read_json((await client.key()).body)
        levels = {name: str(level.value) for name, level in entries(key.field("permissions"))}
        general = levels.pop("general", "")
        return KeyCheck(
            read=_right(general, "READ_ONLY", "FULL_ACCESS"),
            trade=_right(general, "FULL_ACCESS"),
            withdraw=_withdraw(levels),
            clock_offset=offset,
            account_types=("futures",),
            identity=key.text_or("accountUid"),
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms of the contracts of known assets, with their margin levels; marks and indices."""
        del credentials
        client = FuturesClient(api)
        harvest = Harvest(api, context, MANIFEST.name, FailureKind.UNPRICED)
        await harvest.run((_listed(client, futures.INSTRUMENTS, "instruments"),))
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        await harvest.run((_listed(client, futures.TICKERS, "tickers"),))
        harvest.require_prices()
        return harvest.gathered()

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The streams that tell these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The stream that tells the changes of all wallets."""
        del account
        return (FuturesAccountStream(),)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances and positions at once, then open orders and the log."""
        client = FuturesClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        await harvest.run(_state(client))
        if errand.history:
            log = client.log(errand.cursors.get(futures.LOG.name), errand.since)
            await harvest.run(((futures.LOG.name, log), alone(client, futures.ORDERS)))
        return harvest.gathered()


def _listed(client: FuturesClient, endpoint: Endpoint, name: str) -> Step:
    """A list of the market; that there is nothing on it is not believed."""

    async def ask() -> Pages:
        answer = await client.get(endpoint)
        if not list(_answer(answer).field(name).items()):
            raise IncompletePagesError(f"krakenfutures {endpoint.name}: the list is empty; it is not taken.")
        return Pages((answer,))

    return endpoint.name, ask()


# -- state, and what confirms that a list is empty ------------------------------------------------


def _state(client: FuturesClient) -> tuple[Step, Step]:
    """Accounts and positions, asked at the same time; the accounts confirm that no position is open."""
    accounts: asyncio.Future[Payload] = asyncio.ensure_future(client.get(futures.ACCOUNTS))

    async def read_accounts() -> Pages:
        answer = await accounts
        flex = _answer(answer).field("accounts").maybe(FLEX)
        if (
            flex is not None
            and not entries(flex.field("currencies"))
            and flex.decimal_or("balanceValue", ZERO)
        ):
            raise IncompletePagesError(
                "krakenfutures: the flex account lists no currency, but is worth something."
            )
        return Pages((answer,))

    async def read_positions() -> Pages:
        positions = await client.get(futures.POSITIONS)
        if not list(_answer(positions).field("openPositions").items()):
            await _refuse_open_positions(accounts)
        return Pages((positions,))

    return (futures.ACCOUNTS.name, read_accounts()), (futures.POSITIONS.name, read_positions())


async def _refuse_open_positions(accounts: asyncio.Future[Payload]) -> None:
    found = _answer(await confirming(accounts, "krakenfutures: the list of accounts")).field("accounts")
    told = [name for name, account in entries(found) if shows_positions(account)]
    if told:
        raise IncompletePagesError(
            f"krakenfutures: the list of positions is empty, but {', '.join(told)} shows some."
        )


def shows_positions(account: Node) -> bool:
    """Whether an account speaks of an open position: margin, open profit, a contract among its balances."""
    flex = any(account.decimal_or(name, ZERO) for name in _FLEX_IN_USE)
    parts = ((account.maybe(part), name) for part, name in _SINGLE_IN_USE)
    single = any(part is not None and part.decimal_or(name, ZERO) for part, name in parts)
    balances = account.maybe("balances")
    held = balances is not None and any(
        "_" in code and balances.decimal(code) for code, _ in entries(balances)
    )
    return flex or single or held


def _right(level: str, *granting: str) -> Right:
    if level not in ("NO_ACCESS", "READ_ONLY", "FULL_ACCESS"):
        return Right.UNVERIFIED
    return Right.YES if level in granting else Right.NO


def _withdraw(levels: Mapping[str, str]) -> Right:
    """Whether any access but the general one, which moves no assets out, is full."""
    rights = {_right(level, "FULL_ACCESS") for level in levels.values()}
    if Right.YES in rights:
        return Right.YES
    return Right.NO if rights == {Right.NO} else Right.UNVERIFIED


def _answer(payload: Payload) -> Node:
    try:
        return answered(payload.body)
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"krakenfutures {payload.evidence.endpoint}: {error.message}") from error


CONNECTOR = KrakenFuturesConnector()
