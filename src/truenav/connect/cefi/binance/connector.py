"""Binance: key check, market and accounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from truenav.connect.books import OrderBook
from truenav.connect.cefi.binance import client as binance
from truenav.connect.cefi.binance import isolated, options, portfolio, products, rates
from truenav.connect.cefi.binance.books import spot_book
from truenav.connect.cefi.binance.client import BinanceClient
from truenav.connect.cefi.binance.errors import refusal
from truenav.connect.cefi.binance.futures import COINM
from truenav.connect.cefi.binance.manifest import MANIFEST
from truenav.connect.cefi.binance.orders import UsdmOrders
from truenav.connect.cefi.binance.parse import PARSERS, VENUE
from truenav.connect.cefi.binance.past import Past, symbols_of
from truenav.connect.cefi.binance.private import account_streams
from truenav.connect.cefi.binance.steps import Asker
from truenav.connect.cefi.binance.streams import market_streams
from truenav.connect.contract import (
    AccountStream,
    Credentials,
    Errand,
    Gathered,
    KeyCheck,
    Manifest,
    ParseContext,
    Parser,
    Right,
    StreamPlan,
)
from truenav.connect.document import Node, read_json
from truenav.connect.errors import KeyForbiddenError, KeyRevokedError, VenueError
from truenav.connect.gathering import Harvest, alone
from truenav.connect.rates import FundingRate
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.failure import FailureKind
from truenav.core.instrument import Instrument

_FUTURES = (*binance.FUTURES, portfolio.UM, portfolio.CM)
_LENDING = (binance.CROSS, portfolio.LENDING)
_TRADING_RIGHTS = (
    "enableSpotAndMarginTrading",
    "enableFutures",
    "enableMargin",
    "enableVanillaOptions",
    "enablePortfolioMarginTrading",
    "enableInternalTransfer",
    "permitsUniversalTransfer",
    "enableFixApiTrade",
)


class BinanceConnector:
    """Reads Binance accounts, product by product as they list wallets."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Binance's own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """Binance's clock less ours."""
        clock = await BinanceClient(api).get(binance.SPOT_TIME)
        return read_json(clock.body).instant("serverTime") - clock.evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock, rights and account types of a key; raises where the key is not accepted at all."""
        offset = await self.clock_offset(api)
        client = BinanceClient(api, credentials)
        account = await client.get(binance.SPOT_ACCOUNT)
        rights, notes = await self._rights(client)
        trade = [_right(rights, name) for name in _TRADING_RIGHTS]
        return KeyCheck(
            read=_right(rights, "enableReading"),
            trade=Right.YES if Right.YES in trade else trade[0],
            withdraw=_right(rights, "enableWithdrawals"),
            clock_offset=offset,
            account_types=("spot", *await self._wallets(client)),
            identity=read_json(account.body).text_or("uid"),
            notes=notes,
        )

    async def _rights(self, client: BinanceClient) -> tuple[Node, tuple[str, ...]]:
        try:
            return read_json((await client.get(binance.KEY_RIGHTS)).body), ()
        except VenueError as error:
            return Node({}, "$"), (error.message,)

    async def _wallets(self, client: BinanceClient) -> tuple[str, ...]:
        """What the account has beside spot; portfolio margin takes the place of its parts."""
        try:
            await client.get(portfolio.ACCOUNT)
        except VenueError:
            return (*await self._futures(client), *await self._margin(client))
        return (portfolio.WALLET,)

    async def _futures(self, client: BinanceClient) -> tuple[str, ...]:
        """Futures wallets; where none was opened, the venue calls a key invalid that it took for spot."""
        try:
            await client.get(binance.USDM.account)
        except (KeyForbiddenError, KeyRevokedError):
            return ()
        try:
            await client.get(binance.COINM.account)
        except VenueError:
            return ("usdm",)
        return ("usdm", "coinm")

    async def _margin(self, client: BinanceClient) -> tuple[str, ...]:
        try:
            await client.get(binance.MARGIN_ACCOUNT)
        except VenueError:
            return ()
        return ("margin",)

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms of the markets of known assets, then last prices (spot), marks and indices (futures)."""
        del credentials
        client = BinanceClient(api)
        harvest = Harvest(api, context, VENUE, FailureKind.UNPRICED)
        infos = [alone(client, futures.info) for futures in binance.FUTURES]
        infos += [alone(client, binance.SPOT_INFO), alone(client, options.INFO)]
        *_, listed = await harvest.run(infos)
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        steps = [alone(client, binance.USDM.marks), *options.prices(client, listed, harvest.context)]
        if symbols_of(harvest.context, COINM.namespace):
            steps.append(alone(client, binance.COINM.marks))
        if symbols := symbols_of(harvest.context, VENUE):
            params = {"symbols": json.dumps(symbols, separators=(",", ":"))}
            weight = 2 if len(symbols) <= 20 else 40 if len(symbols) <= 100 else 80
            steps.append(alone(client, replace(binance.SPOT_TICKER, weight=weight), params))
        await harvest.run(steps)
        harvest.require_prices()
        return harvest.gathered()

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The streams that tell these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The streams that tell what changes in the account's wallets."""
        return account_streams(account.wallets)

    def order_port(
        self, api: Transport, market: Transport, credentials: Credentials, context: ParseContext
    ) -> UsdmOrders:
        """Order entry of the account's USD-M contracts."""
        return UsdmOrders(api, market, credentials, context)

    async def book(self, api: Transport, instrument: Instrument) -> OrderBook:
        """The book of a spot market."""
        return await spot_book(api, instrument)

    async def funding_rates(
        self, api: Transport, instrument: Instrument, *, after: datetime, until: datetime
    ) -> tuple[FundingRate, ...]:
        """The funding rates of a USD-M contract."""
        return await rates.funding_rates(api, instrument, after=after, until=until)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances and positions at once, then open orders and the histories side by side."""
        client = BinanceClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        wallets, pairs = portfolio.parts_left(errand.account.wallets), set[str]()
        families = [futures for futures in _FUTURES if futures.wallet in wallets]
        await harvest.run(products.state(client, errand.account.wallets, pairs))
        if errand.history:
            reader = Past(client, harvest, errand.cursors, errand.since)
            if isolated.WALLET in wallets:
                pairs |= reader.read_before(isolated.LENDING.trades)
            steps = products.past(Asker(client, errand.cursors, errand.since), wallets, pairs)
            steps += products.open_orders(client, errand.account.wallets)
            steps += reader.spot_steps() if "spot" in wallets else []
            steps += [step for one in _LENDING if one.wallet in wallets for step in reader.lending_steps(one)]
            steps += [reader.lent(isolated.LENDING, pair) for pair in sorted(pairs)]
            steps += [step for futures in families for step in reader.tiers_steps(futures)]
            await harvest.run([*steps, *map(reader.income_step, families)])
            await harvest.run([step for futures in families for step in reader.futures_steps(futures)])
            reader.note_looks()
        return harvest.gathered()


def _right(rights: Node, name: str) -> Right:
    value = rights.flag(name)
    return Right.UNVERIFIED if value is None else Right.YES if value else Right.NO


CONNECTOR = BinanceConnector()
