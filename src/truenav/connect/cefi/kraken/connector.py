"""Kraken spot: key check, market and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from truenav.connect.asking import Endpoint, always
from truenav.connect.cefi.kraken import client as kraken
from truenav.connect.cefi.kraken.client import KrakenClient
from truenav.connect.cefi.kraken.errors import refusal
from truenav.connect.cefi.kraken.history import read_past
from truenav.connect.cefi.kraken.manifest import MANIFEST
from truenav.connect.cefi.kraken.names import entries
from truenav.connect.cefi.kraken.notes import result, seconds
from truenav.connect.cefi.kraken.parse import PARSERS
from truenav.connect.cefi.kraken.streams import KrakenAccountStream, market_streams
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
from truenav.connect.document import Node
from truenav.connect.errors import IncompletePagesError, KeyForbiddenError, VenueError
from truenav.connect.gathering import Harvest, Pages, Step, confirming
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.failure import FailureKind
from truenav.core.money import ZERO

_NEEDED = ("query-funds", "query-open-trades", "query-closed-trades", "query-ledger")
_LIVE = "create-ws-token"
_HARMLESS = frozenset({*_NEEDED, _LIVE, "export-data", "add-funds"})
_TRADING = frozenset({"modify-trades", "close-trades", "earn-funds"})
_MARGIN_IN_USE = ("m", "c", "v", "n")
"""Fields of the trade balance that are not zero while a position on margin is open."""


class KrakenConnector:
    """Reads Kraken accounts: one balance with its variants, positions on margin, the ledger."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Kraken's own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """Kraken's clock less ours. It tells whole seconds: within the one it tells there is no offset."""
        clock = await KrakenClient(api).public(kraken.TIME)
        earliest, ours = seconds(result(clock), "unixtime"), clock.evidence.middle
        latest = earliest + timedelta(seconds=1)
        return min(max(ours, earliest), latest) - ours

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock, rights and account number of a key; raises where the key is not accepted at all.

        The answer repeats the key, so it is not archived.
        """
        offset = await self.clock_offset(api)
        answer = await KrakenClient(api, credentials).private(kraken.KEY, secret=always)
        key = result(answer)
        rights = {str(one.value) for one in key.field("permissions").items()}
        return KeyCheck(
            read=Right.YES if "query-funds" in rights else Right.NO,
            trade=_trading(rights),
            withdraw=Right.YES if any("withdraw" in one for one in rights) else Right.NO,
            clock_offset=offset,
            account_types=("spot",),
            identity=key.text_or("iban"),
            notes=_notes(key, rights),
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Pairs of known assets and their last prices, which are the marks of positions on margin, too."""
        del credentials
        client = KrakenClient(api)
        harvest = Harvest(api, context, MANIFEST.name, FailureKind.UNPRICED)
        await harvest.run((_market(client, kraken.PAIRS),))
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        await harvest.run((_market(client, kraken.TICKERS),))
        harvest.require_prices()
        return harvest.gathered()

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The streams that tell these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The stream that tells the account's changes."""
        del account
        return (KrakenAccountStream(),)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balance and positions, then open orders, earn allocations and the past.

        By open orders and allocations nothing is valued, so they are left out where only the state is asked
        for: the venue's counter is small.
        """
        client = KrakenClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        await harvest.run(_state(client))
        if errand.history:
            past = read_past(client, errand.cursors.get(kraken.LEDGERS.name), errand.since)
            orders = (kraken.ORDERS.name, _orders(client))
            allocations = (kraken.ALLOCATIONS.name, _allocations(client))
            await harvest.run((orders, allocations, (kraken.LEDGERS.name, past)))
        return harvest.gathered()


def _market(client: KrakenClient, endpoint: Endpoint) -> Step:
    async def ask() -> Pages:
        answer = await client.public(endpoint)
        if not entries(result(answer)):
            raise IncompletePagesError(f"kraken {endpoint.name}: the list is empty; it is not taken.")
        return Pages((answer,))

    return endpoint.name, ask()


async def _orders(client: KrakenClient) -> Pages:
    return Pages((await client.private(kraken.ORDERS),))


async def _allocations(client: KrakenClient) -> Pages:
    """What lies in earn products; the balance has it, too, so nothing lacks where the venue refuses it."""
    try:
        return Pages((await client.private(kraken.ALLOCATIONS, {"hide_zero_allocations": "true"}),))
    except VenueError as error:
        if type(error) not in (VenueError, KeyForbiddenError):
            raise
        return Pages(())


def _state(client: KrakenClient) -> tuple[Step, Step]:
    """Balance and positions; the trade balance confirms either list where it is empty."""
    summary: asyncio.Future[Payload] = asyncio.ensure_future(client.private(kraken.TRADE_BALANCE))

    async def read_balances() -> Pages:
        totals = await summary
        balances = await client.private(kraken.BALANCES)
        if not entries(result(balances)) and result(totals).decimal("eb"):
            raise IncompletePagesError("kraken: no coin is listed, but the account is worth something.")
        joined = await client.api.join("balances/1", (balances, totals))
        return Pages((balances, totals, joined))

    async def read_positions() -> Pages:
        positions = await client.private(kraken.POSITIONS)
        if not entries(result(positions)):
            await _refuse_open_positions(summary)
        return Pages((positions,))

    return ("balances/1", read_balances()), (kraken.POSITIONS.name, read_positions())


async def _refuse_open_positions(summary: asyncio.Future[Payload]) -> None:
    totals = result(await confirming(summary, "kraken: the trade balance"))
    if any(totals.decimal_or(name, ZERO) for name in _MARGIN_IN_USE):
        raise IncompletePagesError(
            "kraken: the list of positions is empty, but the trade balance shows margin in use; it is not "
            "taken."
        )


def _trading(rights: set[str]) -> Right:
    """Whether a key may trade; a right that we do not know is no proof that it may not."""
    if rights & _TRADING:
        return Right.YES
    unknown = {one for one in rights - _HARMLESS if "withdraw" not in one}
    return Right.UNVERIFIED if unknown else Right.NO


def _notes(key: Node, rights: set[str]) -> tuple[str, ...]:
    notes = [f"The key lacks the right {one}, which is read." for one in _NEEDED if one not in rights]
    if _LIVE not in rights:
        notes.append(f"The key lacks the right {_LIVE}: changes are seen at the next gathering only.")
    if key.text_or("queryFrom", "0") != "0" or key.text_or("queryTo", "0") != "0":
        notes.append(
            "The key reads a part of the past only (query start and end date): histories may lack rows."
        )
    return tuple(notes)


CONNECTOR = KrakenConnector()
