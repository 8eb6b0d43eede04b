"""Deribit v2: key check, market and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from truenav.connect.cefi.deribit import client as deribit
from truenav.connect.cefi.deribit.client import DeribitClient
from truenav.connect.cefi.deribit.errors import refusal
from truenav.connect.cefi.deribit.manifest import MANIFEST
from truenav.connect.cefi.deribit.parse import PARSERS
from truenav.connect.cefi.deribit.streams import account_streams, market_streams
from truenav.connect.contract import (
    CLOCK_FOLLOWED,
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
from truenav.connect.document import Node, read_json
from truenav.connect.errors import ClockSkewError, IncompletePagesError, VenueError
from truenav.connect.gathering import Harvest, Pages, Step, alone, confirming
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.failure import FailureKind
from truenav.core.money import ZERO

CURRENCIES = ("BTC", "ETH", "USDC", "USDT", "EURR")
"""What contracts settle in and spot is quoted in: trades and prices are listed by these."""
_OPEN = ("futures_pl", "session_upl", "options_value", "delta_total")
"""Fields of a summary that are not zero while something is open."""
_TRADING = ("trade", "block_trade", "block_rfq")
_WITHDRAWING = ("wallet", "custody")


class DeribitConnector:
    """Reads Deribit accounts: one wallet, contracts, options and spot."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Deribit's own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """Deribit's clock less ours."""
        clock = await DeribitClient(api).get(deribit.TIME)
        return read_json(clock.body).instant("result") - clock.evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock, scope and number of a key; raises where the key is not accepted at all."""
        offset = await self.clock_offset(api)
        if abs(offset) > CLOCK_FOLLOWED:
            raise ClockSkewError(
                f"deribit: our clock differs by {offset.total_seconds():.0f} s; synchronise it by NTP."
            )
        client = DeribitClient(api, credentials)
        scope = await client.scope()
        account = read_json((await client.get(deribit.ACCOUNT, {"extended": "true"})).body).field("result")
        return KeyCheck(
            read=_right(scope, ("account",), reading=True),
            trade=_right(scope, _TRADING),
            withdraw=_right(scope, _WITHDRAWING),
            clock_offset=offset,
            account_types=(account.text_or("type"),),
            identity=account.text_or("id"),
            notes=_notes(scope),
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms of listed and lately expired markets, marks of contracts, last prices of spot."""
        del credentials
        client = DeribitClient(api)
        harvest = Harvest(api, context, MANIFEST.name, FailureKind.UNPRICED)
        expired = {"currency": "any", "expired": "true"}
        await harvest.run((_listed(client), alone(client, deribit.INSTRUMENTS, expired)))
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        await harvest.run(alone(client, deribit.SUMMARIES, {"currency": one}) for one in CURRENCIES)
        harvest.require_prices()
        return harvest.gathered()

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The streams that tell these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The streams that tell what changes in the account's wallets."""
        return account_streams(account.wallets)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances, positions and open orders at once, then trades and log of each currency."""
        client = DeribitClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        summaries, *_ = await harvest.run(_state(client))
        if not errand.history:
            return harvest.gathered()
        past = [
            _history(client, currency, errand.cursors, errand.since) for currency in _currencies(summaries)
        ]
        await harvest.run(step for steps in past for step in steps)
        return harvest.gathered()


def _listed(client: DeribitClient) -> Step:
    """The listed markets; that there is none is not believed."""

    async def ask() -> Pages:
        answer = await client.get(deribit.INSTRUMENTS, {"currency": "any", "expired": "false"})
        if not list(read_json(answer.body).field("result").items()):
            raise IncompletePagesError("deribit: the list of instruments is empty; it is not taken.")
        return Pages((answer,))

    return deribit.INSTRUMENTS.name, ask()


def _state(client: DeribitClient) -> tuple[Step, Step, Step]:
    """Summaries, positions and open orders, asked at the same time.

    An empty list of positions counts only where the summaries do not speak of open positions: an empty page
    is not the end unless something else confirms it.
    """
    account: asyncio.Future[Payload] = asyncio.ensure_future(client.get(deribit.ACCOUNT))

    async def read_account() -> Pages:
        return Pages((await account,))

    async def read_positions() -> Pages:
        positions = await client.get(deribit.POSITIONS, {"currency": "any"})
        if not list(read_json(positions.body).field("result").items()):
            await _refuse_open_positions(account)
        return Pages((positions,))

    return (
        (deribit.ACCOUNT.name, read_account()),
        (deribit.POSITIONS.name, read_positions()),
        alone(client, deribit.ORDERS),
    )


async def _refuse_open_positions(account: asyncio.Future[Payload]) -> None:
    answer = await confirming(account, "deribit: the list of summaries")
    rows = _summaries(answer)
    if not rows or any(row.decimal_or(name, ZERO) for row in rows for name in _OPEN):
        raise IncompletePagesError(
            "deribit: the list of positions is empty, but the summaries do not confirm it; it is not taken."
        )


def _history(
    client: DeribitClient, currency: str, cursors: Mapping[str, Cursor], since: datetime
) -> list[Step]:
    """Trades and log of one currency: the log is read after them, so that it knows each of the trades."""
    trades_key, log_key = (f"{one.name}?{currency}" for one in (deribit.TRADES, deribit.LOG))
    cursor = cursors.get(log_key)
    if currency not in CURRENCIES:
        return [(log_key, client.log(currency, cursor, since, reach=since if cursor is None else cursor.at))]
    begun = cursors.get(trades_key)
    reach = since if begun is None else begun.at
    trades = asyncio.ensure_future(client.trades(currency, begun, since))

    async def follow_trades() -> Pages:
        await asyncio.wait({trades})
        return await client.log(currency, cursor, since, reach=reach)

    log = asyncio.ensure_future(follow_trades())

    async def read_trades() -> Pages:
        found = await trades
        try:
            told = await log
        except VenueError as error:
            raise IncompletePagesError(
                f"deribit {trades_key}: the log, which tells what they realised, is not read."
            ) from error
        return await client.with_profits(found, told)

    async def read_log() -> Pages:
        return await log

    return [(trades_key, read_trades()), (log_key, read_log())]


def _summaries(answer: Payload) -> list[Node]:
    return list(read_json(answer.body).field("result").field("summaries").items())


def _currencies(pages: Pages | None) -> list[str]:
    """What the account can hold, as it lists it itself; unread, its history waits."""
    if pages is None:
        return []
    return sorted({row.text("currency") for answer in pages.payloads for row in _summaries(answer)})


def _right(scope: str, names: tuple[str, ...], *, reading: bool = False) -> Right:
    """Whether a scope such as ``account:read trade:read wallet:none`` holds one of the rights."""
    if not scope:
        return Right.UNVERIFIED
    held = {name: level for name, _, level in (part.partition(":") for part in scope.split())}
    levels = {"read", "read_write"} if reading else {"read_write"}
    return Right.YES if any(held.get(name) in levels for name in names) else Right.NO


def _notes(scope: str) -> tuple[str, ...]:
    if "account:read_write" not in scope.split():
        return ()
    return ("The key may change the account's settings (account:read_write); account:read is enough.",)


CONNECTOR = DeribitConnector()
