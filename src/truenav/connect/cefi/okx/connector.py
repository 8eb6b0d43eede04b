"""OKX v5: key check, market and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import timedelta

from truenav.connect.books import OrderBook
from truenav.connect.cefi.okx import client as okx
from truenav.connect.cefi.okx.books import spot_book
from truenav.connect.cefi.okx.client import OkxClient
from truenav.connect.cefi.okx.errors import refusal
from truenav.connect.cefi.okx.manifest import MANIFEST
from truenav.connect.cefi.okx.parse import PARSERS, VENUE, okx_id
from truenav.connect.cefi.okx.streams import account_streams, market_streams
from truenav.connect.cefi.okx.tiers import TIERED, family_of
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
from truenav.connect.gathering import Harvest, Pages, Step, alone, confirming
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.failure import FailureKind
from truenav.core.instrument import Instrument
from truenav.core.money import ZERO

OPTION_FAMILIES = ("BTC-USD", "ETH-USD")
"""OKX lists options by family and these are the families it has."""
_NOTIONALS = ("notionalUsdForSwap", "notionalUsdForFutures", "notionalUsdForOption")
"""Open positions in a balance; ``notionalUsd`` alone holds borrowings, too."""
_LEVELS = {"1": "simple", "2": "single-currency", "3": "multi-currency", "4": "portfolio"}


class OkxConnector:
    """Reads OKX trading and funding accounts and earn products."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """OKX's own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """OKX's clock less ours."""
        clock = await OkxClient(api).get(okx.TIME)
        return _first(clock.body).instant("ts") - clock.evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock, rights and account level of a key; raises where the key is not accepted at all."""
        offset = await self.clock_offset(api)
        config = _first((await OkxClient(api, credentials).get(okx.CONFIG)).body)
        rights = config.text_or("perm")
        return KeyCheck(
            read=_right(rights, "read_only"),
            trade=_right(rights, "trade"),
            withdraw=_right(rights, "withdraw"),
            clock_offset=offset,
            account_types=(_LEVELS.get(config.text_or("acctLv"), "unknown"),),
            identity=config.text_or("uid"),
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms of the markets of known assets, last prices of spot, and marks of all contracts."""
        del credentials
        client = OkxClient(api)
        harvest = Harvest(api, context, VENUE, FailureKind.UNPRICED)
        contracts = [{"instType": kind} for kind in ("SWAP", "FUTURES")]
        options = [{"instType": "OPTION", "instFamily": family} for family in OPTION_FAMILIES]
        listed = [{"instType": "SPOT"}, *contracts, *options]
        await harvest.run([alone(client, okx.INSTRUMENTS, params) for params in listed])
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        marks = [alone(client, okx.MARKS, params) for params in (*contracts, *options)]
        await harvest.run([*marks, alone(client, okx.TICKERS, {"instType": "SPOT"})])
        harvest.require_prices()
        return harvest.gathered()

    async def book(self, api: Transport, instrument: Instrument) -> OrderBook:
        """The book of a spot market."""
        return await spot_book(api, instrument)

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The streams that tell these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The streams that tell what changes in the account's wallets."""
        return account_streams(account.wallets)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances, positions and open orders at once, then fills, bills and movements side by side."""
        client = OkxClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        trading, funding, earn = (name in errand.account.wallets for name in MANIFEST.wallets)
        state: list[Step] = [*_trading_state(client)] if trading else []
        state += [(okx.FUNDING.name, _read_funding(client))] if funding else []
        state += [("earn-balances/1", _read_earn(client))] if earn else []
        await harvest.run(state)
        if not errand.history:
            return harvest.gathered()
        past: list[Step] = []
        fills, bills = okx.FILLS.name, okx.BILLS.name
        if trading:
            past.append((fills, client.fills(errand.cursors, errand.since)))
            past += _tiers(OkxClient(api), harvest, errand.cursors)
        if trading or funding:
            past.append((bills, client.bills(errand.cursors, errand.since)))
        for endpoint in (okx.DEPOSITS, okx.WITHDRAWALS) if funding else ():
            cursor = errand.cursors.get(endpoint.name)
            past.append((endpoint.name, client.movements(endpoint, cursor, errand.since)))
        if earn:
            lent, moved = okx.LENDING.name, okx.FUNDING_BILLS.name
            past.append((lent, client.lending(errand.cursors, errand.since)))
            past.append((moved, client.funding_bills(errand.cursors, errand.since)))
        await harvest.run(past)
        return harvest.gathered()


def _tiers(client: OkxClient, harvest: Harvest, cursors: Mapping[str, Cursor]) -> list[Step]:
    """Leverage tiers of the families in which contracts are held, each once a day; options have none."""
    known = harvest.context.instruments.instruments
    held = (known.get(okx_id(code)) for code in held_codes(harvest.facts, VENUE, "trading"))
    families = {
        f"{kind}:{family_of(one)}" for one in held if one is not None and (kind := TIERED.get(one.kind))
    }

    def ask(family: str) -> Awaitable[Payload]:
        kind, _, name = family.partition(":")
        return client.get(okx.TIERS, {"instType": kind, "tdMode": "cross", "instFamily": name})

    return each_daily(okx.TIERS.name, families, ask, cursors, client.api.now())


def _trading_state(client: OkxClient) -> tuple[Step, Step, Step]:
    """Balance, positions and open orders, asked at the same time.

    An empty list of positions counts only where the balance does not speak of open positions: an empty page
    is not the end unless something else confirms it.
    """
    balance: asyncio.Future[Payload] = asyncio.ensure_future(client.get(okx.BALANCE))

    async def read_balance() -> Pages:
        return Pages((await balance,))

    async def read_positions() -> Pages:
        positions = await client.get(okx.POSITIONS)
        if not _has_rows(positions):
            await _refuse_open_positions(balance)
        return Pages((positions,))

    return (
        (okx.BALANCE.name, read_balance()),
        (okx.POSITIONS.name, read_positions()),
        alone(client, okx.ORDERS),
    )


async def _refuse_open_positions(balance: asyncio.Future[Payload]) -> None:
    answer = await confirming(balance, "okx: the balance")
    if speaks_of_positions(_first(answer.body)):
        raise IncompletePagesError(
            "okx: the list of positions is empty, but the balance shows open ones; it is not taken."
        )


def speaks_of_positions(account: Node) -> bool:
    """Whether a row of balances shows that something is open, whatever the list of positions says.

    OKX gives the notionals in every mode but futures mode (once single-currency margin), where only the coins
    tell: by margin, by unrealised profit, or by an equity that is more than cash and strategies (the value of
    long options, for which no margin is needed).
    """
    coins = list(account.field("details").items())
    if any(account.decimal_or(name, ZERO) for name in _NOTIONALS):
        return True
    if any(coin.decimal_or("upl", ZERO) for coin in coins):
        return True
    in_futures_mode = not account.text_or("notionalUsdForOption")
    return in_futures_mode and any(map(_is_behind_positions, coins))


def _is_behind_positions(coin: Node) -> bool:
    if any(coin.decimal_or(name, ZERO) for name in ("mmr", "isoEq", "isoUpl")):
        return True
    cash = coin.decimal("cashBal")
    return coin.decimal_or("eq", cash) != cash + coin.decimal_or("stgyEq", ZERO)


async def _read_funding(client: OkxClient) -> Pages:
    """What the funding account holds; that it holds nothing counts only where it is worth nothing, too."""
    balances = await client.get(okx.FUNDING)
    if _has_rows(balances):
        return Pages((balances,))
    return Pages((balances, await _worth_nothing(client, "funding")))


async def _read_earn(client: OkxClient) -> Pages:
    """What is saved and staked; the same holds where both lists are empty."""
    savings, stakes, joined = await client.earn_balances()
    if _has_rows(savings) or _has_rows(stakes):
        return Pages((savings, stakes, joined))
    return Pages((savings, stakes, joined, await _worth_nothing(client, "earn")))


async def _worth_nothing(client: OkxClient, account: str) -> Payload:
    """The venue's valuation, which confirms that an account is empty; refused where it does not."""
    valuation = await client.get(okx.VALUATION, {"ccy": "USDT"})
    if _first(valuation.body).field("details").decimal(account):
        raise IncompletePagesError(
            f"okx: the list of {account} balances is empty, but the venue values them; it is not taken."
        )
    return valuation


def _has_rows(payload: Payload) -> bool:
    return bool(list(read_json(payload.body).field("data").items()))


def _first(body: bytes) -> Node:
    rows = list(read_json(body).field("data").items())
    if not rows:
        raise MalformedPayloadError("okx: an answer without a row.")
    return rows[0]


def _right(rights: str, name: str) -> Right:
    if not rights:
        return Right.UNVERIFIED
    return Right.YES if name in rights.split(",") else Right.NO


CONNECTOR = OkxConnector()
