"""Binance: key check, market and accounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from truenav.connect.cefi.binance import client as binance
from truenav.connect.cefi.binance import earn, history, options, products
from truenav.connect.cefi.binance.client import BinanceClient, Endpoint, Futures
from truenav.connect.cefi.binance.errors import refusal
from truenav.connect.cefi.binance.futures import COINM
from truenav.connect.cefi.binance.manifest import MANIFEST
from truenav.connect.cefi.binance.parse import PARSERS, VENUE, spot_id
from truenav.connect.cefi.binance.private import account_streams
from truenav.connect.cefi.binance.steps import Asker, one
from truenav.connect.cefi.binance.streams import market_streams
from truenav.connect.contract import (
    AccountStream,
    Credentials,
    Cursor,
    Gathered,
    KeyCheck,
    Manifest,
    ParseContext,
    Parser,
    ProgressReport,
    Right,
    StreamPlan,
    silent,
)
from truenav.connect.document import Node, read_json
from truenav.connect.errors import KeyForbiddenError, VenueError
from truenav.connect.gathering import Harvest, Step
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.facts import BalanceSnapshot, PositionSnapshot
from truenav.core.failure import FailureKind

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
    """Reads Binance spot, cross margin, USD-M and COIN-M futures accounts."""

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
            account_types=("spot", *await self._futures(client), *await self._margin(client)),
            identity=read_json(account.body).text_or("uid"),
            notes=notes,
        )

    async def _rights(self, client: BinanceClient) -> tuple[Node, tuple[str, ...]]:
        try:
            return read_json((await client.get(binance.KEY_RIGHTS)).body), ()
        except VenueError as error:
            return Node({}, "$"), (error.message,)

    async def _futures(self, client: BinanceClient) -> tuple[str, ...]:
        try:
            await client.get(binance.USDM.account)
        except KeyForbiddenError:
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
        infos = [one(client, futures.info) for futures in binance.FUTURES]
        infos += [one(client, binance.SPOT_INFO), one(client, options.INFO)]
        *_, listed = await harvest.run(infos)
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        steps = [one(client, binance.USDM.marks), *options.prices(client, listed, harvest.context)]
        if _symbols(harvest.context, COINM.namespace):
            steps.append(one(client, binance.COINM.marks))
        if symbols := _symbols(harvest.context, VENUE):
            params = {"symbols": json.dumps(symbols, separators=(",", ":"))}
            weight = 2 if len(symbols) <= 20 else 40 if len(symbols) <= 100 else 80
            steps.append(one(client, binance.SPOT_TICKER, params, weight))
        await harvest.run(steps)
        harvest.require_prices()
        return harvest.gathered()

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The streams that tell these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The streams that tell what changes in the account's wallets."""
        return account_streams(account.wallets)

    async def gather_account(
        self,
        api: Transport,
        account: Account,
        credentials: Credentials,
        context: ParseContext,
        cursors: Mapping[str, Cursor],
        *,
        since: datetime,
        history: bool = True,
        progress: ProgressReport = silent,
    ) -> Gathered:
        """Balances, positions and open orders at once, then the histories side by side."""
        client = BinanceClient(api, credentials)
        harvest = Harvest(api, context, account.id, report=progress)
        reader = _History(client, harvest, cursors, since)
        families = [futures for futures in binance.FUTURES if futures.wallet in account.wallets]
        spot = "spot" in account.wallets
        state = [binance.SPOT_OPEN_ORDERS] if spot else []
        if spot and earn.WALLET not in account.wallets:
            state.append(binance.SPOT_ACCOUNT)
        if "margin" in account.wallets:
            state += [binance.MARGIN_ACCOUNT, binance.MARGIN_OPEN_ORDERS]
        state += [endpoint for futures in families for endpoint in futures.state]
        steps = products.state(client, account.wallets)
        await harvest.run([*steps, *(one(client, endpoint) for endpoint in state)])
        if history:
            steps = products.past(Asker(client, cursors, since), account.wallets)
            steps += reader.spot_steps() if spot else []
            steps += reader.margin_steps() if "margin" in account.wallets else []
            await harvest.run([*steps, *map(reader.income_step, families)])
            await harvest.run([step for futures in families for step in reader.futures_steps(futures)])
        return harvest.gathered()


class _History:
    """Chooses what to read of one account's past."""

    def __init__(
        self, client: BinanceClient, harvest: Harvest, cursors: Mapping[str, Cursor], since: datetime
    ) -> None:
        self.client = client
        self.harvest = harvest
        self.cursors = cursors
        self.since = since
        self.traded: dict[str, set[str]] = {futures.wallet: set() for futures in binance.FUTURES}

    def spot_steps(self) -> list[Step]:
        """Trades of the pairs that matter, deposits and withdrawals."""
        steps: list[Step] = []
        for symbol in self._pairs("spot", binance.SPOT_TRADES):
            key = f"{binance.SPOT_TRADES.name}?{symbol}"
            steps.append((key, history.spot_trades(self.client, symbol, self.cursors.get(key), self.since)))
        for endpoint in (binance.DEPOSITS, binance.WITHDRAWALS):
            cursor = self.cursors.get(endpoint.name)
            steps.append((endpoint.name, history.movements(self.client, endpoint, cursor, self.since)))
        return steps

    def margin_steps(self) -> list[Step]:
        """Trades of the pairs that matter, and interest."""
        name = binance.MARGIN_INTEREST.name
        steps: list[Step] = [(name, history.interest(self.client, self.cursors.get(name), self.since))]
        for symbol in self._pairs("margin", binance.MARGIN_TRADES):
            key = f"{binance.MARGIN_TRADES.name}?{symbol}"
            steps.append((key, history.margin_trades(self.client, symbol, self.cursors.get(key), self.since)))
        return steps

    def income_step(self, futures: Futures) -> Step:
        """A futures wallet's cash movements."""
        traded = self.traded[futures.wallet]
        return futures.income.name, history.income(self.client, futures, self.cursors, self.since, traded)

    def futures_steps(self, futures: Futures) -> list[Step]:
        """Trades of every contract that left income, is held, or was traded before."""
        traded = self.traded[futures.wallet]
        held = {
            line.instrument.partition(":")[2]
            for fact in self.harvest.facts
            if isinstance(fact.body, PositionSnapshot) and fact.body.wallet == futures.wallet
            for line in fact.body.lines
        }
        steps: list[Step] = []
        for symbol in sorted(traded | held | self._read_before(futures.trades)):
            key = f"{futures.trades.name}?{symbol}"
            cursor = self.cursors.get(key)
            steps.append((key, history.futures_trades(self.client, futures, symbol, cursor, self.since)))
        return steps

    def _pairs(self, wallet: str, trades: Endpoint) -> list[str]:
        """At the first sync every known pair; later those traded before or whose base is held."""
        if not self.cursors:
            return _symbols(self.harvest.context, VENUE)
        held = {
            line.asset
            for fact in self.harvest.facts
            if isinstance(fact.body, BalanceSnapshot) and fact.body.wallet == wallet
            for line in fact.body.lines
        }
        known = self.harvest.context.instruments.instruments
        bought = {
            symbol for symbol in _symbols(self.harvest.context, VENUE) if known[spot_id(symbol)].base in held
        }
        return sorted({*bought, *self._read_before(trades)})

    def _read_before(self, endpoint: Endpoint) -> set[str]:
        prefix = f"{endpoint.name}?"
        return {key.removeprefix(prefix) for key in self.cursors if key.startswith(prefix)}


def _symbols(context: ParseContext, namespace: str) -> list[str]:
    """Venue symbols of the known instruments of one namespace (``binance`` is spot)."""
    prefix = f"{namespace}:"
    return sorted(
        name.removeprefix(prefix) for name in context.instruments.instruments if name.startswith(prefix)
    )


def _right(rights: Node, name: str) -> Right:
    value = rights.flag(name)
    return Right.UNVERIFIED if value is None else Right.YES if value else Right.NO


CONNECTOR = BinanceConnector()
