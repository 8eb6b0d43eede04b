"""Hyperliquid: check of an address, market and accounts."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta

from truenav.connect.cefi.hyperliquid import client as hyperliquid
from truenav.connect.cefi.hyperliquid.answers import STAKING, VAULTS, VENUE
from truenav.connect.cefi.hyperliquid.client import (
    Endpoint,
    History,
    HyperliquidClient,
    account_address,
    listed,
)
from truenav.connect.cefi.hyperliquid.errors import refusal
from truenav.connect.cefi.hyperliquid.manifest import MANIFEST
from truenav.connect.cefi.hyperliquid.pages import read_history
from truenav.connect.cefi.hyperliquid.parse import PARSERS
from truenav.connect.cefi.hyperliquid.streams import account_streams, market_streams
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
    Problem,
    Right,
    StreamPlan,
)
from truenav.connect.document import read_json
from truenav.connect.errors import IncompletePagesError, VenueError
from truenav.connect.gathering import Harvest, Pages
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.clock import instant_text
from truenav.core.failure import FailureKind

Step = tuple[str, Coroutine[object, object, Pages]]
_NOTES: Mapping[str, str] = {
    "agent": "This is the address of an API wallet, which holds nothing: enter the account it trades for.",
    "vault": "This is a vault's address: what its followers put in and take out is not read.",
    "missing": "The venue knows nothing of this address yet; check it, or fund it first.",
}


class HyperliquidConnector:
    """Reads Hyperliquid accounts by their addresses."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Hyperliquid's own error in an answer."""
        return refusal(status, body)

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock and role of an address, which can be read by anybody and signs nothing."""
        client = HyperliquidClient(api, account_address(credentials))
        state = await client.own(hyperliquid.PERP)
        role = read_json((await client.own(hyperliquid.ROLE)).body).text("role")
        return KeyCheck(
            read=Right.YES,
            trade=Right.NO,
            withdraw=Right.NO,
            clock_offset=_offset(state),
            account_types=(role,),
            identity=client.address,
            notes=(_NOTES[role],) if role in _NOTES else (),
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms and marks of the venue's own perpetuals, terms and prices of pairs of known tokens."""
        del credentials
        client = HyperliquidClient(api)
        harvest = Harvest(api, context, VENUE, FailureKind.UNPRICED)
        await harvest.run((_market(client, hyperliquid.PERPS), _market(client, hyperliquid.PAIRS)))
        harvest.require_prices()
        return harvest.gathered()

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The streams that tell these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The stream that tells what changes in the account's one wallet."""
        return account_streams(account.wallets)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances and positions, staking and vaults where the account lists them, then the past."""
        client = HyperliquidClient(api, account_address(errand.credentials))
        harvest = Harvest.of(api, errand)
        steps = [_once(hyperliquid.BALANCES, client.balances())]
        if STAKING in errand.account.wallets:
            steps.append(_once(hyperliquid.STAKING.name, client.own(hyperliquid.STAKING)))
        if VAULTS in errand.account.wallets:
            steps.append(_once(hyperliquid.VAULTS.name, client.vaults()))
        await harvest.run(steps)
        if errand.history:
            past = [
                _once(hyperliquid.ORDERS.name, client.own(hyperliquid.ORDERS)),
                _once(hyperliquid.DEX_STATES, client.dexes()),
                *(_past(client, harvest, one, errand.cursors, errand.since) for one in hyperliquid.HISTORIES),
            ]
            if STAKING in errand.account.wallets:
                past.append(_once(hyperliquid.REWARDS.name, client.own(hyperliquid.REWARDS)))
            await harvest.run(past)
        return harvest.gathered()


def _offset(state: Payload) -> timedelta:
    return read_json(state.body).instant("time") - state.evidence.middle


def _once(name: str, asked: Coroutine[object, object, Payload]) -> Step:
    async def ask() -> Pages:
        return Pages((await asked,))

    return name, ask()


def _market(client: HyperliquidClient, endpoint: Endpoint) -> Step:
    """Markets and their contexts; that there is none is not believed."""

    async def ask() -> Pages:
        answer = await client.ask(endpoint)
        if not list(listed(answer)[0].field("universe").items()):
            raise IncompletePagesError("hyperliquid: the list of markets is empty; it is not taken.")
        return Pages((answer,))

    return endpoint.name, ask()


def _past(
    client: HyperliquidClient,
    harvest: Harvest,
    history: History,
    cursors: Mapping[str, Cursor],
    since: datetime,
) -> Step:
    """A history; where the venue has forgotten older rows, that is told."""
    name = history.endpoint.name

    async def ask() -> Pages:
        told = await read_history(client, history, cursors.get(name), since)
        if told.forgotten is not None:
            harvest.problems.append(
                Problem(
                    where=f"{VENUE} {name}",
                    message=f"The venue tells the latest {history.kept} fills only; those before "
                    f"{instant_text(told.forgotten)} are missing.",
                    mend="Bring older fills in by file, and gather often enough.",
                    subject=harvest.subject,
                )
            )
        return told.pages

    return name, ask()


CONNECTOR = HyperliquidConnector()
