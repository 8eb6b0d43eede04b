"""KuCoin: key check, market and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

from truenav.connect.cefi.kucoin import client as kucoin
from truenav.connect.cefi.kucoin.answers import (
    CONTRACTS,
    EARN,
    FUTURES,
    ISOLATED,
    MAIN,
    MARGIN,
    TRADE,
    VENUE,
    answered,
    rows,
)
from truenav.connect.cefi.kucoin.client import KucoinClient, result
from truenav.connect.cefi.kucoin.errors import refusal
from truenav.connect.cefi.kucoin.manifest import MANIFEST
from truenav.connect.cefi.kucoin.parse import PARSERS
from truenav.connect.cefi.kucoin.past import Past
from truenav.connect.cefi.kucoin.streams import account_streams
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
)
from truenav.connect.daily import each_daily, held_codes
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, KeyForbiddenError, VenueError
from truenav.connect.gathering import Harvest, Pages, Step, alone
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.failure import FailureKind
from truenav.core.money import ZERO

_UNIFIED = "UNIFIED"
_READS = "General"
_WITHDRAWS = frozenset({"Transfer", "Withdrawal", "Withdraw"})
_SHOWS_POSITIONS = ("unrealisedPNL", "positionMargin")


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
        await harvest.run([alone(client, kucoin.SYMBOLS), alone(client, kucoin.CONTRACTS)])
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        await harvest.run([alone(client, kucoin.TICKERS)])
        harvest.require_prices()
        return harvest.gathered()

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The streams that tell what changes in the account's wallets."""
        return account_streams(account.wallets)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances and positions, then the ledgers side by side, then the fills of the markets they name."""
        client = KucoinClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        if (await harvest.run([(kucoin.MODE.name, _classic(client))])) == [None]:
            return harvest.gathered()
        state = await harvest.run(_state(client, errand.account.wallets))
        if errand.history:
            past = Past(client, errand.cursors, errand.since)
            isolated = past.isolated_markets(state)
            ledgers = await harvest.run(past.ledgers(errand.account.wallets, isolated))
            fills = past.fills(errand.account.wallets, ledgers)
            interest = past.interest(isolated, ledgers) if ISOLATED in errand.account.wallets else []
            orders = _orders(client, errand.account.wallets)
            await harvest.run([*fills, *interest, *orders, *_tiers(client, harvest, errand.cursors)])
            harvest.problems += past.gaps(errand.account)
            for ledger in past.held(fills, harvest.cursors):
                harvest.cursors.pop(ledger, None)
        return harvest.gathered()


def _orders(client: KucoinClient, wallets: Iterable[str]) -> list[Step]:
    return [alone(client, kucoin.ORDERS, {"status": "active"})] if FUTURES in wallets else []


def _tiers(client: KucoinClient, harvest: Harvest, cursors: Mapping[str, Cursor]) -> list[Step]:
    """Leverage tiers of the contracts that are held, each once a day; the address names the contract."""

    def ask(code: str) -> Awaitable[Payload]:
        limits = kucoin.RISK_LIMITS
        return client.get(replace(limits, path=f"{limits.path}/{quote(code, safe='')}"))

    held = held_codes(harvest.facts, CONTRACTS, FUTURES)
    return each_daily(kucoin.RISK_LIMITS.name, held, ask, cursors, client.api.now())


# -- state, and what confirms that a list is empty ------------------------------------------------


async def _mode_of(client: KucoinClient) -> str:
    """Whether the account is a classic or a unified one; empty where the venue does not tell this key."""
    try:
        return result(await client.get(kucoin.MODE)).text_or("selfAccountMode")
    except VenueError as error:
        if type(error) not in (KeyForbiddenError, VenueError):
            raise
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
        steps.append(alone(client, kucoin.MARGIN_ACCOUNTS, everything))
    if ISOLATED in wallets:
        steps.append(alone(client, kucoin.ISOLATED_ACCOUNTS, everything))
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
