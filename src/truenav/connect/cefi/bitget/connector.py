"""Bitget v2: key check, market and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from truenav.connect.cefi.bitget import client as bitget
from truenav.connect.cefi.bitget.answers import (
    CONTRACTS,
    EARN,
    FUNDING,
    SPOT,
    VENUE,
    answered,
    open_profit,
)
from truenav.connect.cefi.bitget.client import (
    CROSS_MARGIN,
    FUTURES,
    ISOLATED_MARGIN,
    REMEMBERED,
    BitgetClient,
    Endpoint,
    Futures,
    rows,
)
from truenav.connect.cefi.bitget.errors import refusal
from truenav.connect.cefi.bitget.ledger import is_deal
from truenav.connect.cefi.bitget.manifest import MANIFEST
from truenav.connect.cefi.bitget.parse import PARSERS
from truenav.connect.cefi.bitget.streams import account_streams, market_streams
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
from truenav.connect.daily import each_daily, held_codes
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError, VenueError
from truenav.connect.gathering import Harvest, Pages, Step, alone, confirming, whole
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.asset import AmbiguousTickerError, UnknownAssetError
from truenav.core.failure import FailureKind
from truenav.core.instrument import InstrumentKind
from truenav.core.money import ZERO, AssetId

_WITHDRAWS = "wwow"
_TRADES = frozenset({"coow", "cpow", "stow", "smow", "ttow", "wtow", "chow", "p2p", "pllw", "trade"})
"""Rights to change something: orders, positions, margin, copy trading, transfers, sub-accounts, loans."""
_READS = frozenset(
    {"coor", "cpor", "stor", "smor", "ttor", "wtor", "taxr", "chor", "p2pr", "pllr", "taxw", "readonly"}
)


_BOOKED_WITHIN = timedelta(seconds=1)
"""What the records and a fill may differ in their instant."""
_LATE = timedelta(days=1)
"""How long fills that are behind the records are waited for."""


class BitgetConnector:
    """Reads Bitget classic accounts: spot, futures, margin, funding and earn."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Bitget's own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """Bitget's clock less ours."""
        clock = await BitgetClient(api).get(bitget.TIME)
        return _data(clock).instant("serverTime") - clock.evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock, rights and owner of a key; raises where it is not accepted or its account unified."""
        offset = await self.clock_offset(api)
        key = _data(await BitgetClient(api, credentials).get(bitget.KEY))
        rights = _rights(key)
        return KeyCheck(
            read=Right.YES,
            trade=_trade(rights),
            withdraw=Right.UNVERIFIED if not rights else Right.YES if _WITHDRAWS in rights else Right.NO,
            clock_offset=offset,
            account_types=("classic",),
            identity=key.text_or("userId"),
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms of the markets of known assets, then last prices of pairs, marks and indices of contracts."""
        del credentials
        client = BitgetClient(api)
        harvest = Harvest(api, context, VENUE, FailureKind.UNPRICED)
        await harvest.run(alone(client, one) for one in (bitget.SYMBOLS, *(one.contracts for one in FUTURES)))
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        await harvest.run(
            alone(client, one) for one in (bitget.SPOT_TICKERS, *(one.tickers for one in FUTURES))
        )
        harvest.require_prices()
        return harvest.gathered()

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The streams that tell these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The stream that tells what changes in the account's wallets."""
        return account_streams(account.wallets)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances and positions at once, then open orders and the histories side by side."""
        client = BitgetClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        state = _state(client, errand.account)
        held = dict(zip((name for name, _ in state), await harvest.run(state), strict=True))
        if errand.history:
            past = _Past(client, harvest, errand.cursors, errand.since)
            await harvest.run(past.steps(errand.account))
            if CROSS_MARGIN.wallet in errand.account.wallets:
                await past.cross_margin()
            if ISOLATED_MARGIN.wallet in errand.account.wallets:
                await past.isolated_margin(held[ISOLATED_MARGIN.assets.name])
            _tell_forgotten(harvest, errand.cursors, errand.since, api.now())
        return harvest.gathered()


def _data(payload: Payload) -> Node:
    data = answered(read_json(payload.body))
    if data is None:
        raise MalformedPayloadError(f"bitget {payload.evidence.endpoint}: the answer holds nothing.")
    return data


def _rights(key: Node) -> frozenset[str]:
    found = key.maybe("authorities")
    return frozenset() if found is None else frozenset(str(one.value) for one in found.items())


def _trade(rights: frozenset[str]) -> Right:
    """Whether a key may change anything; a right that is not documented is never taken for none."""
    if rights & (_TRADES | {_WITHDRAWS}):
        return Right.YES
    return Right.NO if rights and rights <= _READS else Right.UNVERIFIED


# -- state, and what confirms that a list is empty ------------------------------------------------


def _state(client: BitgetClient, account: Account) -> list[Step]:
    """What the wallets of an account hold; an empty list counts only where the overview says the same."""
    simple = {
        SPOT: (bitget.SPOT_ASSETS, "spot"),
        FUNDING: (bitget.FUNDING_ASSETS, "funding"),
        EARN: (bitget.EARN_ASSETS, "earn"),
        CROSS_MARGIN.wallet: (CROSS_MARGIN.assets, "margin"),
    }
    steps: list[Step] = [
        (simple[name][0].name, _confirmed(client, *simple[name]))
        for name in account.wallets
        if name in simple
    ]
    if ISOLATED_MARGIN.wallet in account.wallets:
        steps.append((ISOLATED_MARGIN.assets.name, _isolated_state(client)))
    for futures in FUTURES:
        if futures.wallet in account.wallets:
            steps += _futures_state(client, futures)
    return steps


async def _isolated_state(client: BitgetClient) -> Pages:
    """The assets of isolated margin, by which its histories are chosen: refused here where that fails."""
    pages = await _confirmed(client, ISOLATED_MARGIN.assets, "margin")
    _alive_pairs(client, pages)
    return pages


async def _confirmed(client: BitgetClient, endpoint: Endpoint, kind: str) -> Pages:
    payload = await client.get(endpoint)
    if not rows(payload, endpoint):
        await _refuse_worth(client, endpoint, kind)
    return Pages((payload,))


async def _refuse_worth(client: BitgetClient, endpoint: Endpoint, kind: str) -> None:
    """Refuse an empty list where the overview values its wallet, and no wallet beside it explains that."""
    overview = rows(await client.get(bitget.OVERVIEW), bitget.OVERVIEW)
    worth = [one.decimal_or("usdtBalance", ZERO) for one in overview if one.text("accountType") == kind]
    if overview and not any(worth):
        return
    beside = {
        "futures": [one.accounts for one in FUTURES],
        "margin": [CROSS_MARGIN.assets, ISOLATED_MARGIN.assets],
    }.get(kind, [])
    others = [rows(await client.get(one), one) for one in beside if one.name != endpoint.name]
    if overview and any(_worth(row) for found in others for row in found):
        return
    raise IncompletePagesError(
        f"bitget {endpoint.name}: the list is empty, but the venue's overview does not say that {kind} is "
        "worth nothing; it is not taken."
    )


def _worth(row: Node) -> bool:
    return any(row.decimal_or(name, ZERO) for name in ("usdtEquity", "accountEquity", "totalAmount"))


def _futures_state(client: BitgetClient, futures: Futures) -> tuple[Step, Step]:
    """Accounts and positions of one product, asked at the same time: open profit must come from somewhere."""
    accounts: asyncio.Future[Payload] = asyncio.ensure_future(client.get(futures.accounts))

    async def read_accounts() -> Pages:
        payload = await accounts
        if not rows(payload, futures.accounts):
            await _refuse_worth(client, futures.accounts, "futures")
        return Pages((payload,))

    async def read_positions() -> Pages:
        payload = await client.get(futures.positions)
        await _refuse_missing_positions(accounts, futures, rows(payload, futures.positions))
        return Pages((payload,))

    return (futures.accounts.name, read_accounts()), (futures.positions.name, read_positions())


async def _refuse_missing_positions(
    accounts: asyncio.Future[Payload], futures: Futures, positions: Sequence[Node]
) -> None:
    """Refuse a list of positions that has none in a coin whose account shows open profit or risk."""
    found = rows(await confirming(accounts, f"bitget {futures.accounts.name}: the account"), futures.accounts)
    held = {row.text("marginCoin").upper() for row in positions if row.decimal_or("total", ZERO)}
    for row in found:
        coin = row.text("marginCoin").upper()
        if coin not in held and (open_profit(row) or row.decimal_or("crossedRiskRate", ZERO)):
            raise IncompletePagesError(
                f"bitget {futures.positions.name}: the account shows open positions in {coin} that the list "
                "does not have; it is not taken."
            )


# -- history --------------------------------------------------------------------------------------


class _Past:
    """Chooses what to read of one account's past."""

    def __init__(
        self, client: BitgetClient, harvest: Harvest, cursors: Mapping[str, Cursor], since: datetime
    ) -> None:
        self.client = client
        self.harvest = harvest
        self.cursors = cursors
        self.since = since

    def steps(self, account: Account) -> list[Step]:
        """Open orders, leverage tiers, and the histories that are not kept by pair.

        The spot bills tell what earn products took and gave, too.
        """
        wallets = set(account.wallets)
        steps: list[Step] = []
        if SPOT in wallets:
            steps += map(self._history, (bitget.SPOT_FILLS, bitget.DEPOSITS, bitget.WITHDRAWALS))
            steps.append(self._orders(bitget.SPOT_ORDERS))
        if wallets & {SPOT, EARN}:
            steps.append(self._history(bitget.SPOT_BILLS))
        if FUNDING in wallets:
            steps.append(self._history(bitget.FUNDING_BILLS))
        for futures in FUTURES:
            if futures.wallet in wallets:
                steps += map(self._history, (futures.fills, futures.bills))
                steps.append(self._orders(futures.orders))
                steps += self._tiers(futures)
        return steps

    def _tiers(self, futures: Futures) -> list[Step]:
        """Leverage tiers of the contracts that are held, each once a day."""

        def ask(code: str) -> Awaitable[Payload]:
            return self.client.get(futures.tiers, {"symbol": code})

        held = held_codes(self.harvest.facts, CONTRACTS, futures.wallet)
        return each_daily(futures.tiers.name, held, ask, self.cursors, self.client.api.now())

    async def cross_margin(self) -> None:
        """The records tell which coins were traded; fills are asked for the pairs that those coins make.

        The records' cursor stays where fills of a trade that they tell are not read: so they tell it again.
        Fills that are behind the records are waited for, at most for a day.
        """
        ledger, fills = CROSS_MARGIN.ledger, CROSS_MARGIN.fills
        cursor = self.cursors.get(ledger.name)
        parts = self.client.history(ledger, cursor, self.since)
        pages, _ = await self.harvest.run([(ledger.name, whole(parts)), self._history(CROSS_MARGIN.interest)])
        if pages is None:
            return
        sides = [row for one in pages.payloads for row in rows(one, ledger) if is_deal(row)]
        pairs = self._pairs({_coin(row) for row in sides})
        answers = await self.harvest.run(self._history(fills, pair) for pair in sorted(pairs))
        read = {pair: self.harvest.cursors.get(f"{fills.name}?{pair}") for pair in pairs}
        told = {(coin, one.at) for pair, one in read.items() if one is not None for coin in pairs[pair]}
        new = [row for row in sides if cursor is None or ledger.row(row).id != cursor.id]
        coins = {_coin(row) for row in new}
        missing = coins.difference(*pairs.values()) if told else coins
        if missing:
            self.harvest.problems.append(_untold(missing))
        young = self.client.api.now() - _LATE
        traded = {(_coin(row), ledger.row(row).at) for row in new}
        behind = any(
            at > young and not any(of == coin and at <= fill_at + _BOOKED_WITHIN for of, fill_at in told)
            for coin, at in traded
        )
        if missing or behind or None in answers:
            self.harvest.cursors.pop(ledger.name, None)

    async def isolated_margin(self, assets: Pages | None) -> None:
        """All histories of each pair that holds or owes something, or did lately."""
        if assets is None:
            return
        margin = ISOLATED_MARGIN
        pairs = _alive_pairs(self.client, assets)
        histories = (margin.ledger, margin.interest, margin.fills)
        await self.harvest.run(self._history(one, pair) for pair in sorted(pairs) for one in histories)

    def _history(self, endpoint: bitget.History, pair: str = "") -> Step:
        name = f"{endpoint.name}?{pair}" if pair else endpoint.name
        params = {"symbol": pair} if pair else None
        return name, self.client.history(endpoint, self.cursors.get(name), self.since, params)

    def _orders(self, endpoint: Endpoint) -> Step:
        async def ask() -> Pages:
            return Pages(await self.client.pages(endpoint, "orderId", 100))

        return endpoint.name, ask()

    def _pairs(self, coins: Iterable[str]) -> Mapping[str, set[str]]:
        """Codes of the known pairs between the coins, each with its two coins."""
        context, at = self.harvest.context, self.client.api.now()
        named: dict[AssetId, str] = {}
        for coin in coins:
            try:
                named[context.assets.resolve(VENUE, coin, at)] = coin
            except (UnknownAssetError, AmbiguousTickerError):
                continue
        known = context.instruments.instruments.values()
        pairs = (one for one in known if one.venue == VENUE and one.kind is InstrumentKind.SPOT)
        made = (one for one in pairs if one.base in named and one.quote in named)
        return {one.code: {named[one.base], named[one.quote]} for one in made}


def _coin(row: Node) -> str:
    return row.text("coin").upper()


def _untold(coins: Iterable[str]) -> Problem:
    names = ", ".join(sorted(coins))[:200]
    return Problem(
        where=f"{VENUE} {CROSS_MARGIN.fills.name}",
        message=f"The records of cross margin tell trades of {names}, whose fills are not read: they did not "
        "come, or the coin or its pair is unknown.",
        mend="They are asked for again; if it stays, add the assets, then gather the venue's market again.",
        subject=f"{VENUE} {names}",
        lost=True,
    )


def _alive_pairs(client: BitgetClient, assets: Pages) -> set[str]:
    """Pairs of isolated margin that hold or owe something, or did lately."""
    oldest = client.api.now() - REMEMBERED
    found = (row for payload in assets.payloads for row in rows(payload, ISOLATED_MARGIN.assets))
    return {row.text("symbol").upper() for row in found if _is_alive(row, oldest)}


def _is_alive(row: Node, oldest: datetime) -> bool:
    holds = any(row.decimal_or(name, ZERO) for name in ("totalAmount", "borrow", "interest"))
    return holds or (bool(row.text_or("uTime")) and row.instant("uTime") > oldest)


def _tell_forgotten(harvest: Harvest, cursors: Mapping[str, Cursor], since: datetime, now: datetime) -> None:
    """Tell at the first sync what of the past the venue does not give any more."""
    first = now - REMEMBERED
    if cursors or since >= first:
        return
    harvest.problems.append(
        Problem(
            where=VENUE,
            message=f"Bitget tells the last ninety days only; nothing before {first:%Y-%m-%d} was read.",
            mend="Import the older statements of the account as files.",
            subject=harvest.subject,
        )
    )


CONNECTOR = BitgetConnector()
