"""Bybit v5: key check, market and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.bybit import client as bybit
from truenav.connect.cefi.bybit.answers import (
    CONTRACTS,
    EARN,
    FUNDING,
    SPOT,
    UNIFIED,
    VENUE,
    contract_id,
    listed,
)
from truenav.connect.cefi.bybit.client import BybitClient, result
from truenav.connect.cefi.bybit.errors import refusal
from truenav.connect.cefi.bybit.manifest import MANIFEST
from truenav.connect.cefi.bybit.parse import PARSERS
from truenav.connect.cefi.bybit.streams import account_streams, market_streams
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
from truenav.connect.daily import each_daily, held_codes
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError, VenueError
from truenav.connect.gathering import Harvest, Pages, Parts, Step, alone, confirming
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.asset import AmbiguousTickerError, UnknownAssetError
from truenav.core.failure import FailureKind
from truenav.core.instrument import InstrumentKind
from truenav.core.money import ZERO, exact

OPTION_COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "MNT")
"""Bybit lists options by coin; these are the coins that it has them on."""
POSITION_LISTS: tuple[Mapping[str, str], ...] = (
    {"category": "linear", "settleCoin": "USDT"},
    {"category": "linear", "settleCoin": "USDC"},
    {"category": "inverse"},
    {"category": "option"},
)
ORDER_LISTS: tuple[Mapping[str, str], ...] = ({"category": SPOT}, *POSITION_LISTS)
FLEXIBLE = "FlexibleSaving"
EARN_LISTS: tuple[Mapping[str, str], ...] = ({"category": FLEXIBLE}, {"category": "OnChain"})
_CONTRACTS = ("linear", "inverse")
_NOT_TRADED = ("PreLaunch", "Delivering", "Closed")
_KINDS = {"1": "classic", "3": "unified-1", "4": "unified-1", "5": "unified-2", "6": "unified-2"}
_ROUNDING = Decimal("0.000001")
"""What the numbers of one coin may be apart by the venue's own rounding."""


class BybitConnector:
    """Reads Bybit unified, funding and earn accounts."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Bybit's own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """Bybit's clock less ours."""
        clock = await BybitClient(api).get(bybit.TIME)
        return read_json(clock.body).instant("time") - clock.evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock, rights and kind of account of a key; raises where the key is not accepted at all."""
        offset = await self.clock_offset(api)
        client = BybitClient(api, credentials)
        key = result(await client.get(bybit.KEY))
        kind = _KINDS.get(result(await client.get(bybit.ACCOUNT)).text_or("unifiedMarginStatus"), "unknown")
        classic = "This is a classic account: upgrade it at the venue, only unified accounts are read."
        return KeyCheck(
            read=Right.YES,
            trade=_right(key, None),
            withdraw=_right(key, "Withdraw"),
            clock_offset=offset,
            account_types=(kind,),
            identity=key.text_or("userID"),
            notes=(classic,) if kind == "classic" else (),
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms of the markets of known assets, last prices of pairs, marks and indices of contracts.

        Contracts that are not traded now are listed by their state only; the past may speak of them.
        """
        del credentials
        client = BybitClient(api)
        harvest = Harvest(api, context, VENUE, FailureKind.UNPRICED)
        coins = _known(context, OPTION_COINS, api.now())
        options = [{"category": "option", "baseCoin": coin} for coin in coins]
        contracts = [{"category": name} for name in _CONTRACTS]
        resting = [{**one, "status": state} for one in contracts for state in _NOT_TRADED]
        await harvest.run(
            [
                alone(client, bybit.INSTRUMENTS, {"category": SPOT}),
                *(_listed(client, bybit.INSTRUMENTS, one, 1000) for one in (*contracts, *resting, *options)),
            ]
        )
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        asked = ({"category": SPOT}, *contracts, *options)
        await harvest.run([alone(client, bybit.TICKERS, params) for params in asked])
        harvest.require_prices()
        return harvest.gathered()

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The streams that tell these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The streams that tell what changes in the account's wallets."""
        return account_streams(account.wallets)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances and positions at once, then open orders and the histories side by side.

        Nothing is valued by open orders, so they are left out where only the state is asked for: the venue
        counts the requests of an address, however many accounts share it.
        """
        client = BybitClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        state: list[Step] = [*_unified_state(client)] if UNIFIED in errand.account.wallets else []
        if FUNDING in errand.account.wallets:
            state.append((bybit.FUNDING.name, _read_funding(client)))
        if EARN in errand.account.wallets:
            state.append(("earn-positions/1", _read_earn(client)))
        await harvest.run(state)
        if errand.history:
            past = _past(client, errand.account, errand.cursors, errand.since)
            await harvest.run([*past, *_tiers(BybitClient(api), harvest, errand.cursors)])
        return harvest.gathered()


def _tiers(client: BybitClient, harvest: Harvest, cursors: Mapping[str, Cursor]) -> list[Step]:
    """Leverage tiers of the contracts that are held, each once a day; options have none."""
    known = harvest.context.instruments.instruments
    held = {
        code: terms.inverse
        for code in held_codes(harvest.facts, CONTRACTS, UNIFIED)
        if (terms := known.get(contract_id(code))) and terms.kind is not InstrumentKind.OPTION
    }

    def ask(symbol: str) -> Awaitable[Payload]:
        category = "inverse" if held[symbol] else "linear"
        return client.get(bybit.TIERS, {"category": category, "symbol": symbol})

    return each_daily(bybit.TIERS.name, held, ask, cursors, client.api.now())


def _past(
    client: BybitClient, account: Account, cursors: Mapping[str, Cursor], since: datetime
) -> list[Step]:
    """Open orders, and what is read of an account's past.

    The transaction log tells what its earn products took, too.
    """
    unified, funding, earn = (name in account.wallets for name in (UNIFIED, FUNDING, EARN))
    asked: list[tuple[bybit.History, Mapping[str, str]]] = []
    if unified:
        asked.append((bybit.EXECUTIONS, {"category": SPOT}))
        asked.append((bybit.DELIVERIES, {"category": "option"}))
    if unified or earn:
        asked.append((bybit.LOG, {"accountType": "UNIFIED"}))
    if funding:
        asked += [(one, {}) for one in (bybit.TRANSFERS, bybit.DEPOSITS, bybit.INTERNAL_DEPOSITS)]
        asked.append((bybit.WITHDRAWALS, {"withdrawType": "2"}))
    if funding or earn:
        asked.append((bybit.FUND_HISTORY, {}))
    if earn:
        asked.append((bybit.YIELDS, {"category": FLEXIBLE}))
    steps: list[Step] = [
        (one.name, client.history(one, cursors.get(one.name), since, params)) for one, params in asked
    ]
    if unified:
        steps.append((bybit.ORDERS.name, _orders(client)))
    if funding:
        steps.append((bybit.UNIVERSAL.name, _universal(client, cursors.get(bybit.UNIVERSAL.name), since)))
    return steps


async def _universal(client: BybitClient, cursor: Cursor | None, since: datetime) -> Parts:
    """Transfers between accounts of one owner, each page noted with which account is ours."""
    key = await client.get(bybit.KEY)
    yield Pages((key,), cursor)
    async for pages in client.history(bybit.UNIVERSAL, cursor, since, owner=result(key).text("userID")):
        yield pages


def _listed(client: BybitClient, endpoint: Endpoint, params: Mapping[str, str], limit: int) -> Step:
    async def ask() -> Pages:
        return Pages(await client.pages(endpoint, params, limit))

    return endpoint.name, ask()


def _known(context: ParseContext, codes: Iterable[str], at: datetime) -> list[str]:
    """Those of the codes that mean an asset of the house."""
    found = []
    for code in codes:
        try:
            context.assets.resolve(VENUE, code, at)
        except (UnknownAssetError, AmbiguousTickerError):
            continue
        found.append(code)
    return found


# -- state, and what confirms that a list is empty ------------------------------------------------


def _unified_state(client: BybitClient) -> tuple[Step, Step]:
    """Balance and positions, asked at the same time.

    A coin in which the balance shows open positions must have some in the lists: an empty page is not the
    end unless something else confirms it.
    """
    wallet: asyncio.Future[Payload] = asyncio.ensure_future(
        client.get(bybit.WALLET, {"accountType": "UNIFIED"})
    )

    async def read_wallet() -> Pages:
        answer = await wallet
        account = _account(answer)
        if not listed(account, "coin") and account.decimal_or("totalEquity", ZERO):
            raise IncompletePagesError("bybit: no coin is listed, but the account is worth something.")
        return Pages((answer,))

    async def read_positions() -> Pages:
        pages = [await client.pages(bybit.POSITIONS, params, 200) for params in POSITION_LISTS]
        await _refuse_missing_positions(wallet, pages)
        parts = tuple(payload for one in pages for payload in one)
        return Pages((*parts, await client.api.join("positions/1", parts)))

    return (bybit.WALLET.name, read_wallet()), ("positions/1", read_positions())


async def _orders(client: BybitClient) -> Pages:
    pages = [await client.pages(bybit.ORDERS, params, 50) for params in ORDER_LISTS]
    return Pages(tuple(payload for one in pages for payload in one))


def _account(wallet: Payload) -> Node:
    accounts = listed(result(wallet), "list")
    if not accounts:
        raise MalformedPayloadError("bybit: the balance lists no account.")
    return accounts[0]


async def _refuse_missing_positions(
    wallet: asyncio.Future[Payload], pages: Sequence[Sequence[Payload]]
) -> None:
    """Refuse lists of positions that lack what the balance of a coin speaks of.

    ``unrealisedPnl`` is of perpetuals and futures; what equity has beyond it and the balance is of options.
    """
    usdt, usdc, inverse, options = (
        [row.text("symbol") for one in part for row in listed(result(one), "list") if _is_open(row)]
        for part in pages
    )
    account = _account(await confirming(wallet, "bybit: the balance"))
    for coin in listed(account, "coin"):
        name = coin.text("coin")
        futures = {"USDT": usdt, "USDC": usdc}.get(name, inverse)
        of_coin = [one for one in options if one.endswith("-USDT") == (name == "USDT")]
        profit = coin.decimal_or("unrealisedPnl", ZERO)
        margin = coin.decimal_or("totalPositionIM", ZERO) or coin.decimal_or("totalPositionMM", ZERO)
        unsure = sum((abs(coin.decimal_or(one, ZERO)) for one in ("accruedInterest", "bonus")), _ROUNDING)
        worth = abs(_option_value(coin)) > unsure
        if (profit and not futures) or (worth and not of_coin) or (margin and not (futures or of_coin)):
            raise IncompletePagesError(
                f"bybit: the balance shows open positions in {name} that no list has; they are not taken."
            )


def _is_open(row: Node) -> bool:
    return bool(row.decimal_or("size", ZERO))


def _option_value(coin: Node) -> Decimal:
    """``equity - (walletBalance - spotBorrow + unrealisedPnl)`` of a coin in which options are settled."""
    if coin.text("coin") not in ("USDT", "USDC"):
        return ZERO
    with exact():
        cash = coin.decimal_or("walletBalance", ZERO) - coin.decimal_or("spotBorrow", ZERO)
        profit = coin.decimal_or("unrealisedPnl", ZERO)
        return coin.decimal_or("equity", ZERO) - cash - profit


async def _read_funding(client: BybitClient) -> Pages:
    """What the funding account holds; that it holds nothing counts only where it is worth nothing, too."""
    balances = await client.get(bybit.FUNDING, {"accountType": "FUND"})
    if listed(result(balances), "balance"):
        return Pages((balances,))
    return Pages((balances, await _worth_nothing(client, "FundingAccount")))


async def _read_earn(client: BybitClient) -> Pages:
    """What is staked, of all products together; the same holds for an empty list of one of them."""
    parts = [await client.get(bybit.EARN, params) for params in EARN_LISTS]
    joined = await client.api.join("earn-positions/1", parts)
    if any(listed(result(one), "list") for one in parts):
        return Pages((*parts, joined))
    return Pages((*parts, joined, await _worth_nothing(client, "Earn")))


async def _worth_nothing(client: BybitClient, kind: str) -> Payload:
    """The venue's overview, which confirms that a list is empty; refused where it does not, or is empty."""
    overview = await client.get(bybit.OVERVIEW)
    rows = listed(result(overview), "list")
    worth = [_worth(one) for one in rows if one.text("accountType") == kind]
    if not rows or any(worth):
        raise IncompletePagesError(
            f"bybit: the list is empty, but the venue's overview does not say that {kind} is worth nothing; "
            "it is not taken."
        )
    return overview


def _worth(row: Node) -> Decimal:
    """What the overview values one kind of account at; earn products are valued by category."""
    with exact():
        parts = (one.decimal_or("equity", ZERO) for one in listed(row, "categories"))
        return row.decimal("totalEquity") if row.text_or("totalEquity") else sum(parts, ZERO)


def _right(key: Node, name: str | None) -> Right:
    """Whether a key may move assets by a right, or may do anything but read (``name`` None)."""
    reads_only = key.text_or("readOnly")
    if reads_only not in ("0", "1"):
        return Right.UNVERIFIED
    if reads_only == "1":
        return Right.NO
    wallet = key.field("permissions").maybe("Wallet")
    granted = {node.value for node in wallet.items()} if wallet is not None else set()
    return Right.YES if name is None or name in granted else Right.NO


CONNECTOR = BybitConnector()
