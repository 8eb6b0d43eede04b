"""KuCoin: key check, market and accounts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from truenav.connect.cefi.kucoin import client as kucoin
from truenav.connect.cefi.kucoin.answers import (
    CROSS_TRADES,
    EARN,
    FUTURES,
    ISOLATED,
    ISOLATED_TRADES,
    MAIN,
    MARGIN,
    PLAIN_TRADES,
    TRADE,
    VENUE,
    answered,
    rows,
)
from truenav.connect.cefi.kucoin.client import Endpoint, History, KucoinClient, result
from truenav.connect.cefi.kucoin.errors import refusal
from truenav.connect.cefi.kucoin.manifest import MANIFEST
from truenav.connect.cefi.kucoin.parse import PARSERS
from truenav.connect.contract import (
    Credentials,
    Cursor,
    Gathered,
    KeyCheck,
    Manifest,
    ParseContext,
    Parser,
    Payload,
    Problem,
    ProgressReport,
    Right,
    silent,
)
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, KeyForbiddenError, VenueError
from truenav.connect.gathering import Harvest, Pages, Step, whole
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.failure import FailureKind
from truenav.core.money import ZERO

_UNIFIED = "UNIFIED"
_READS = "General"
_WITHDRAWS = frozenset({"Transfer", "Withdrawal", "Withdraw"})
_SHOWS_POSITIONS = ("unrealisedPNL", "positionMargin")
_SYMBOL = re.compile(r"""["']symbol["']\s*:\s*["']([A-Za-z0-9-]{3,40})["']""")
_SETTLES = {"MARGIN_EXCHANGE": CROSS_TRADES, "ISOLATED_EXCHANGE": ISOLATED_TRADES, "TRADE_EXCHANGE": ""}
_OLD_FILLS = {TRADE: PLAIN_TRADES, MARGIN: CROSS_TRADES, ISOLATED: ISOLATED_TRADES}
"""Kind of fills of accounts that are no high frequency ones."""
_OF_WALLET = {TRADE: "", MARGIN: CROSS_TRADES, ISOLATED: ISOLATED_TRADES}


class KucoinConnector:
    """Reads KuCoin main, trade, margin, futures and earn accounts."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """KuCoin's own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """KuCoin's clock less ours."""
        clock = await KucoinClient(api).get(kucoin.TIME)
        return read_json(clock.body).instant("data") - clock.evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock, rights and kind of account of a key; raises where the key is not accepted at all."""
        offset = await self.clock_offset(api)
        client = KucoinClient(api, credentials)
        key = result(await client.get(kucoin.KEY))
        mode = await _mode_of(client)
        trade, withdraw = _rights(key.text_or("permission"))
        unified = "This is a unified account, which is not read; use a classic one or files."
        return KeyCheck(
            read=Right.YES,
            trade=trade,
            withdraw=withdraw,
            clock_offset=offset,
            account_types=(mode.lower(),) if mode else (),
            identity=key.text_or("uid"),
            notes=(unified,) if mode == _UNIFIED else (),
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms of the markets of known assets with marks and indices, and last prices of pairs."""
        del credentials
        client = KucoinClient(api)
        harvest = Harvest(api, context, VENUE, FailureKind.UNPRICED)
        await harvest.run([_one(client, kucoin.SYMBOLS), _one(client, kucoin.CONTRACTS)])
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        await harvest.run([_one(client, kucoin.TICKERS)])
        harvest.require_prices()
        return harvest.gathered()

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
        """Balances and positions, then the ledgers side by side, then the fills of the markets they name."""
        client = KucoinClient(api, credentials)
        harvest = Harvest(api, context, account.id, report=progress)
        if (await harvest.run([(kucoin.MODE.name, _classic(client))])) == [None]:
            return harvest.gathered()
        await harvest.run(_state(client, account.wallets))
        if history:
            past = _Past(client, cursors, since)
            ledgers = await harvest.run(past.ledgers(account.wallets))
            harvest.problems += past.gaps(account)
            await harvest.run(past.fills(account.wallets, ledgers))
        return harvest.gathered()


class _Past:
    """Asks the histories of one account, each with its cursor."""

    def __init__(self, client: KucoinClient, cursors: Mapping[str, Cursor], since: datetime) -> None:
        self._client = client
        self._cursors = cursors
        self._since = since

    def _step(self, endpoint: History, params: Mapping[str, str] | None = None, suffix: str = "") -> Step:
        name = endpoint.name + suffix
        return name, self._client.history(endpoint, self._cursors.get(name), self._since, params)

    def _naming(self, endpoint: History) -> Step:
        """A ledger whose rows name the markets of fills, as a whole."""
        name = endpoint.name
        return name, whole(self._client.history(endpoint, self._cursors.get(name), self._since))

    def ledgers(self, wallets: Iterable[str]) -> list[Step]:
        """Everything but the fills of high frequency accounts, which can be asked for by market only."""
        steps: list[Step] = []
        if MAIN in wallets:
            steps += [self._step(kucoin.DEPOSITS), self._step(kucoin.WITHDRAWALS)]
        if MAIN in wallets or EARN in wallets:
            steps.append(self._step(kucoin.LEDGER))
        if TRADE in wallets:
            steps.append(self._naming(kucoin.TRADE_LEDGER))
        if MARGIN in wallets or ISOLATED in wallets:
            steps.append(self._naming(kucoin.MARGIN_LEDGER))
        for wallet, kind in _OLD_FILLS.items():
            if wallet in wallets:
                steps.append(self._step(kucoin.OLD_FILLS, {"tradeType": kind}, f":{wallet}"))
        for wallet, isolated in ((MARGIN, "false"), (ISOLATED, "true")):
            if wallet in wallets:
                steps.append(self._step(kucoin.INTEREST, {"isIsolated": isolated}, f":{wallet}"))
        if FUTURES in wallets:
            steps += [self._step(kucoin.FUTURES_FILLS), self._step(kucoin.FUTURES_LEDGER)]
            steps.append(_one(self._client, kucoin.ORDERS, {"status": "active"}))
        return steps

    def gaps(self, account: Account) -> list[Problem]:
        """What cannot be read any more: some ledgers reach back three days, and name the markets of fills."""
        now = self._client.api.now()
        reaches, found = now - kucoin.THREE_DAYS, list[Problem]()
        if not self._cursors and self._since < now - kucoin.YEAR:
            message = (
                f"KuCoin's histories are asked for {kucoin.YEAR.days} days back; what lies before is not."
            )
            mend = "Load what lies before from the venue's own files."
            found.append(Problem(VENUE, message, mend, subject=VENUE))
        for endpoint, wallets in (
            (kucoin.TRADE_LEDGER, {TRADE}),
            (kucoin.MARGIN_LEDGER, {MARGIN, ISOLATED}),
        ):
            cursor = self._cursors.get(endpoint.name)
            start = self._since if cursor is None else cursor.at
            if start < reaches and wallets & set(account.wallets):
                message = (
                    f"KuCoin tells transfers of {' and '.join(sorted(wallets))} accounts for three days, and "
                    "fills by market only: some before may be missing where that market was not traded since."
                )
                mend = "Gather at least every two days; load what lies before from the venue's own files."
                found.append(Problem(f"{VENUE} {endpoint.name}", message, mend, subject=endpoint.name))
        return found

    def fills(self, wallets: Iterable[str], ledgers: Iterable[Pages | None]) -> list[Step]:
        """Fills of the markets that the ledgers name, and of those that have been asked for before."""
        wanted = {(kind, market) for pages in ledgers if pages is not None for kind, market in _traded(pages)}
        for name in self._cursors:
            endpoint, _, rest = name.partition(":")
            wallet, _, market = rest.partition(":")
            if endpoint == kucoin.FILLS.name and wallet in _OF_WALLET and market:
                wanted.add((_OF_WALLET[wallet], market))
        steps: list[Step] = []
        for wallet, kind in _OF_WALLET.items():
            for market in sorted(one for of, one in wanted if of == kind and wallet in wallets):
                endpoint_ = kucoin.MARGIN_FILLS if kind else kucoin.FILLS
                params = {"symbol": market, **({"tradeType": kind} if kind else {})}
                steps.append(self._step(endpoint_, params, f":{wallet}:{market}"))
        return steps


def _traded(pages: Pages) -> Iterable[tuple[str, str]]:
    """Kind of fills and market of each trade that a ledger names."""
    for payload in pages.payloads:
        if payload.evidence.endpoint in (kucoin.TRADE_LEDGER.name, kucoin.MARGIN_LEDGER.name):
            for row in rows(result(payload)):
                kind = _SETTLES.get(row.text("bizType"))
                found = _SYMBOL.search(row.text_or("context"))
                if kind is not None and found is not None:
                    yield kind, found[1]


def _one(client: KucoinClient, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Step:
    async def ask() -> Pages:
        return Pages((await client.get(endpoint, params),))

    return endpoint.name, ask()


# -- state, and what confirms that a list is empty ------------------------------------------------


async def _mode_of(client: KucoinClient) -> str:
    """Whether the account is a classic or a unified one; empty where the key may not read that."""
    try:
        return result(await client.get(kucoin.MODE)).text_or("selfAccountMode")
    except KeyForbiddenError:
        return ""


async def _classic(client: KucoinClient) -> Pages:
    """Refuse a unified account: its classic accounts are empty, and say nothing of what it holds."""
    if await _mode_of(client) == _UNIFIED:
        raise VenueError("kucoin: this is a unified account, which is not read; use a classic one or files.")
    return Pages(())


def _state(client: KucoinClient, wallets: Iterable[str]) -> list[Step]:
    """What the account holds, and its positions."""
    steps: list[Step] = []
    if MAIN in wallets or TRADE in wallets:
        steps.append((kucoin.ACCOUNTS.name, _accounts(client)))
    everything = {"quoteCurrency": "USDT", "queryType": "ALL"}
    if MARGIN in wallets:
        steps.append(_one(client, kucoin.MARGIN_ACCOUNTS, everything))
    if ISOLATED in wallets:
        steps.append(_one(client, kucoin.ISOLATED_ACCOUNTS, everything))
    if EARN in wallets:
        steps.append(("earn-holdings/1", _holdings(client)))
    if FUTURES in wallets:
        opened = asyncio.ensure_future(_futures_accounts(client))
        steps.append(("futures-accounts/1", _futures(client, opened)))
        steps.append((kucoin.POSITIONS.name, _positions(client, opened)))
    return steps


async def _accounts(client: KucoinClient) -> Pages:
    """The main and trade account; the venue lists coins at zero, too, so an empty list is asked for twice."""
    answer = await client.get(kucoin.ACCOUNTS)
    if not rows(result(answer)) and rows(result(await client.get(kucoin.ACCOUNTS))):
        raise IncompletePagesError(
            "kucoin: the list of accounts was empty and then was not; it is not taken."
        )
    return Pages((answer,))


async def _holdings(client: KucoinClient) -> Pages:
    parts = await client.pages(kucoin.HOLDINGS)
    return Pages((*parts, await client.api.join("earn-holdings/1", parts)))


async def _futures_accounts(client: KucoinClient) -> tuple[Payload, ...]:
    """One account for each coin in which contracts are settled."""
    listed = rows(result(await KucoinClient(client.api).get(kucoin.CONTRACTS)))
    coins = sorted({row.text("settleCurrency") for row in listed})
    if not coins:
        raise IncompletePagesError("kucoin: no contract is listed, so the futures accounts are not known.")
    return tuple([await client.get(kucoin.FUTURES_ACCOUNT, {"currency": coin}) for coin in coins])


async def _futures(client: KucoinClient, opened: asyncio.Future[tuple[Payload, ...]]) -> Pages:
    answers = await opened
    return Pages((*answers, await client.api.join("futures-accounts/1", answers)))


async def _positions(client: KucoinClient, opened: asyncio.Future[tuple[Payload, ...]]) -> Pages:
    """Open positions; there must be some in each coin whose account shows margin or open profit."""
    answer = await client.get(kucoin.POSITIONS)
    held = {row.text("settleCurrency") for row in rows(result(answer)) if row.decimal("currentQty")}
    for account in (answered(read_json(one.body)) for one in await opened):
        coin = account.text("currency")
        if coin not in held and any(_amount(account, name) for name in _SHOWS_POSITIONS):
            raise IncompletePagesError(
                f"kucoin: the account in {coin} shows open positions that the list does not have; it is not "
                "taken."
            )
    return Pages((answer,))


def _amount(account: Node, name: str) -> Decimal:
    return account.decimal_or(name, ZERO)


def _rights(permission: str) -> tuple[Right, Right]:
    """Whether a key may trade (or move assets between own accounts) and withdraw."""
    granted = {one.strip() for one in permission.split(",") if one.strip()}
    if not granted:
        return Right.UNVERIFIED, Right.UNVERIFIED
    withdraws = Right.YES if granted & _WITHDRAWS else Right.NO
    return (Right.YES if granted - {_READS} else Right.NO), withdraws


CONNECTOR = KucoinConnector()
