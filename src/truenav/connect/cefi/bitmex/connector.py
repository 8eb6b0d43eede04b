"""BitMEX v1: key check, market and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from truenav.connect.cefi.bitmex import client as bitmex
from truenav.connect.cefi.bitmex.answers import VENUE
from truenav.connect.cefi.bitmex.client import BitmexClient, due_from, listed, reach_of
from truenav.connect.cefi.bitmex.errors import refusal
from truenav.connect.cefi.bitmex.manifest import MANIFEST
from truenav.connect.cefi.bitmex.parse import PARSERS
from truenav.connect.cefi.bitmex.streams import account_streams, market_streams
from truenav.connect.cefi.bitmex.units import Units, read_units
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
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, VenueError
from truenav.connect.gathering import Harvest, Pages, Parts, Step, alone, confirming
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.failure import FailureKind
from truenav.core.money import ZERO

KINDS = ("FFWCSX", "FFWCSF", "FFWCST", "FFCCSX", "FFSCSX", "FXXXS", "IFXXXP")
"""Perpetuals, futures and pairs; indices, spreads and options of former years are no markets of ours."""
_OPEN = '{"open":true}'
_HELD = ("grossMarkValue", "maintMargin", "unrealisedPnl")
"""Fields of a margin that are not zero while something is open."""
_TRADING = frozenset({"order", "orderCancel"})
_WITHDRAWING = frozenset({"withdraw"})


class BitmexConnector:
    """Reads BitMEX accounts: one wallet, contracts and spot."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """BitMEX's own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """BitMEX's clock less ours."""
        clock = await BitmexClient(api).get(bitmex.TIME)
        return read_json(clock.body).instant("timestamp") - clock.evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock, rights and owner of a key; raises where the key is not accepted at all."""
        offset = await self.clock_offset(api)
        keys = await BitmexClient(api, credentials).keys()
        own = next((row for row in keys if row.text_or("id") == credentials.key), None)
        return KeyCheck(
            read=Right.YES,
            trade=_right(own, _TRADING),
            withdraw=_right(own, _WITHDRAWING),
            clock_offset=offset,
            account_types=MANIFEST.wallets,
            identity="" if own is None else own.text_or("userId"),
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms of all markets there ever were, marks of open contracts, last prices of pairs."""
        del credentials
        client = BitmexClient(api)
        harvest = Harvest(api, context, VENUE, FailureKind.UNPRICED)
        units = await _units(client, harvest)
        if units is not None:
            settled = bitmex.INSTRUMENTS.name, client.contracts(units, KINDS)
            await harvest.run((settled, _active(client, units)))
            harvest.require_prices()
        return harvest.gathered()

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The streams that tell these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The stream that tells what changes in the account's wallet."""
        return account_streams(account.wallets)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances, positions and open orders at once, then executions and the wallet's history."""
        client = BitmexClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        units = await _units(client, harvest)
        if units is None:
            return harvest.gathered()
        await harvest.run(_state(client, units))
        if errand.history:
            await harvest.run(_history(client, units, errand.cursors, errand.since))
        return harvest.gathered()


async def _units(client: BitmexClient, harvest: Harvest) -> Units | None:
    """What the venue's units are; without them nothing that holds money can be read."""
    (pages,) = await harvest.run([alone(BitmexClient(client.api), bitmex.ASSETS)])
    return None if pages is None else read_units(pages.payloads[0].body)


def _active(client: BitmexClient, units: Units) -> Step:
    """The open markets with their prices; that there is none is not believed."""

    async def ask() -> Pages:
        answer = await client.money(bitmex.ACTIVE, units)
        if not listed(answer):
            raise IncompletePagesError("bitmex: the list of open instruments is empty; it is not taken.")
        return Pages((answer,))

    return bitmex.ACTIVE.name, ask()


def _state(client: BitmexClient, units: Units) -> tuple[Step, Step, Step]:
    """Balances, positions and open orders, asked at the same time.

    A list without an open position counts only where the margins do not speak of one: an empty page is not
    the end unless something else confirms it.
    """
    account: asyncio.Future[Payload] = asyncio.ensure_future(client.balances(units))

    async def read_balances() -> Pages:
        return Pages((await account,))

    async def read_positions() -> Pages:
        answer = await client.get(bitmex.POSITIONS, {"count": str(bitmex.PAGE)})
        rows = listed(answer)
        if len(rows) >= bitmex.PAGE:
            raise IncompletePagesError(
                "bitmex: the list of positions is longer than one page; it is not taken."
            )
        if not any(row.decimal_or("currentQty", ZERO) for row in rows):
            await _refuse_open_positions(account)
        return Pages((answer,))

    async def read_orders() -> Pages:
        return Pages((await client.get(bitmex.ORDERS, {"filter": _OPEN, "count": str(bitmex.PAGE)}),))

    return (
        (bitmex.BALANCES, read_balances()),
        (bitmex.POSITIONS.name, read_positions()),
        (bitmex.ORDERS.name, read_orders()),
    )


async def _refuse_open_positions(account: asyncio.Future[Payload]) -> None:
    answer = await confirming(account, "bitmex: the list of margins")
    _, margins = read_json(answer.body).items()
    if any(row.decimal_or(name, ZERO) for row in margins.items() for name in _HELD):
        raise IncompletePagesError(
            "bitmex: no position is listed, but the margins speak of one; the list is not taken."
        )


def _history(
    client: BitmexClient, units: Units, cursors: Mapping[str, Cursor], since: datetime
) -> tuple[Step, Step]:
    """Executions and the wallet's history, which is read first so that the executions reach beyond it."""
    begun = cursors.get(bitmex.EXECUTIONS.name)
    known = cursors.get(bitmex.LEDGER.name)
    wallet = asyncio.ensure_future(client.ledger(units, known, since))

    async def follow_wallet() -> Pages:
        reach = since if begun is None else begun.at
        with suppress(VenueError):  # told by the wallet's own step; executions are read for themselves
            reach = reach_of(await wallet, due_from(known, since), reach)
        return await client.executions(units, begun, since, reach=reach)

    executions = asyncio.ensure_future(follow_wallet())

    async def read_executions() -> Parts:
        yield await executions

    async def read_wallet() -> Parts:
        found = await wallet
        try:
            told = await executions
        except VenueError as error:
            raise IncompletePagesError(
                f"bitmex {bitmex.LEDGER.name}: the executions, which state a part of it, are not read."
            ) from error
        yield await client.with_executions(found, told, known, since)

    return (bitmex.EXECUTIONS.name, read_executions()), (bitmex.LEDGER.name, read_wallet())


def _right(own: Node | None, names: frozenset[str]) -> Right:
    """Whether a key has one of these rights; unknown where the venue does not list it."""
    if own is None or own.maybe("permissions") is None:
        return Right.UNVERIFIED
    held = {str(one.value) for one in own.field("permissions").items()}
    return Right.YES if held & names else Right.NO


CONNECTOR = BitmexConnector()
