"""Gate API v4: key check, market and accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.gate import client as gate
from truenav.connect.cefi.gate.answers import CLASSIC, EARN, MARGIN, SPOT, UNIFIED, VENUE
from truenav.connect.cefi.gate.client import GateClient, listed, of_coin
from truenav.connect.cefi.gate.contracts import GROUPS, SETTLED, ContractAccounts
from truenav.connect.cefi.gate.errors import refusal
from truenav.connect.cefi.gate.manifest import MANIFEST
from truenav.connect.cefi.gate.parse import PARSERS
from truenav.connect.cefi.gate.streams import account_streams
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
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, KeyForbiddenError, VenueError
from truenav.connect.gathering import Harvest, Pages, Step, alone
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.asset import AmbiguousTickerError, UnknownAssetError
from truenav.core.failure import FailureKind
from truenav.core.money import ZERO


class GateConnector:
    """Reads Gate spot, margin, unified, contract and lending accounts."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Gate's own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """Gate's clock less ours."""
        clock = await GateClient(api).get(gate.TIME)
        return read_json(clock.body).instant("server_time") - clock.evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock, rights and kind of account of a key; raises where the key is not accepted at all."""
        offset = await self.clock_offset(api)
        client = GateClient(api, credentials)
        mode = read_json((await client.get(gate.MODE)).body).text("mode")
        try:
            owner = read_json((await client.get(gate.DETAIL)).body).text_or("user_id")
            rights = await client.get(gate.KEYS)
        except KeyForbiddenError:
            unread = "Give the key reading rights of the account, so that its own rights can be read."
            return KeyCheck(
                Right.YES, Right.UNVERIFIED, Right.UNVERIFIED, offset, account_types=(mode,), notes=(unread,)
            )
        trade, withdraw = _rights(rights)
        return KeyCheck(Right.YES, trade, withdraw, offset, account_types=(mode,), identity=owner)

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms of the markets of known assets, last prices of pairs, marks and indices of contracts."""
        del credentials
        client = GateClient(api)
        harvest = Harvest(api, context, VENUE, FailureKind.UNPRICED)
        (underlyings,) = await harvest.run([alone(client, gate.UNDERLYINGS)])
        options = [{"underlying": name} for name in _known(context, underlyings, api.now())]
        contracts = [of_coin(listing, coin) for listing, _, coins in SETTLED for coin in coins]
        await harvest.run(
            [
                alone(client, gate.PAIRS),
                *(alone(client, one) for one in contracts),
                *(alone(client, gate.OPTIONS_CONTRACTS, one) for one in options),
            ]
        )
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        priced = [of_coin(tickers, coin) for _, tickers, coins in SETTLED for coin in coins]
        await harvest.run(
            [
                alone(client, gate.SPOT_TICKERS),
                *(alone(client, one) for one in priced),
                *(alone(client, gate.OPTIONS_TICKERS, one) for one in options),
            ]
        )
        harvest.require_prices()
        return harvest.gathered()

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The streams that tell what changes in the account's wallets."""
        return account_streams(account.wallets)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """The account's mode, balances and positions, then open orders and the histories side by side."""
        client = GateClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        (modes,) = await harvest.run([(gate.MODE.name, _mode(client, errand.account))])
        if modes is None:
            return harvest.gathered()
        mode = modes.payloads[0]
        cash = SPOT if _is_classic(mode) else UNIFIED
        contracts = ContractAccounts(client, errand.account, mode, unified=cash == UNIFIED)
        await harvest.run([*_state(client, errand.account, cash), *contracts.state()])
        if errand.history:
            past = _Past(client, errand.cursors, errand.since)
            steps = [*_past(past, errand.account, cash), *await contracts.past(errand.cursors, errand.since)]
            await harvest.run(steps)
        return harvest.gathered()


class _Past:
    """Asks histories of one account, each with its cursor."""

    def __init__(self, client: GateClient, cursors: Mapping[str, Cursor], since: datetime) -> None:
        self.client = client
        self._cursors = cursors
        self._since = since

    def step(
        self, endpoint: gate.History, params: Mapping[str, str] | None = None, wallet: str = "", key: str = ""
    ) -> Step:
        """A history as a step; ``key`` names its cursor where one endpoint has several."""
        name = key or endpoint.name
        asked = self.client.history(endpoint, self._cursors.get(name), self._since, params, wallet)
        return name, asked


def _past(past: _Past, account: Account, cash: str) -> list[Step]:
    """Open orders of pairs, and what happened outside of contracts.

    Lines of the spot account tell what was lent, too, so they are read with earn alone.
    """
    wallets, steps = account.wallets, list[Step]()
    if cash in wallets:
        steps += [
            past.step(gate.SPOT_TRADES, {"account": cash}, key=f"{gate.SPOT_TRADES.name}:{cash}"),
            past.step(gate.DEPOSITS, wallet=cash),
            past.step(gate.WITHDRAWALS, wallet=cash),
        ]
    if cash in wallets or EARN in wallets:
        steps.append(past.step(gate.SPOT_BOOK, wallet=cash))
    if cash == UNIFIED and UNIFIED in wallets:
        steps.append(past.step(gate.UNIFIED_INTEREST))
    if MARGIN in wallets:
        steps += [
            past.step(gate.SPOT_TRADES, {"account": MARGIN}, key=f"{gate.SPOT_TRADES.name}:{MARGIN}"),
            past.step(gate.MARGIN_BOOK),
            past.step(gate.MARGIN_INTEREST),
        ]
    if EARN in wallets:
        steps.append(past.step(gate.LEND_INTEREST))
    if cash in wallets or MARGIN in wallets:
        steps.append(alone(past.client, gate.SPOT_ORDERS, {"limit": "100"}))
    return steps


def _known(context: ParseContext, underlyings: Pages | None, at: datetime) -> list[str]:
    """Names of the underlyings of options whose coin means an asset of the house."""
    pages = () if underlyings is None else underlyings.payloads
    names = [row.text("name") for page in pages for row in listed(page)]
    return [name for name in names if _is_known(context, name.partition("_")[0], at)]


def _is_known(context: ParseContext, code: str, at: datetime) -> bool:
    try:
        context.assets.resolve(VENUE, code, at)
    except (UnknownAssetError, AmbiguousTickerError):
        return False
    return True


# -- state, and what confirms that a list is empty ------------------------------------------------


async def _mode(client: GateClient, account: Account) -> Pages:
    """The account's mode; refused where the account lists the wallets of the other one only."""
    mode = await client.get(gate.MODE)
    classic, wallets = _is_classic(mode), set(account.wallets)
    there, other = (SPOT, UNIFIED) if classic else (UNIFIED, SPOT)
    parts = {group.wallet for group in GROUPS} if not classic else set()
    if wallets & {other, *parts} and there not in wallets:
        raise VenueError(
            f"gate: this is a {'classic' if classic else 'unified'} account, so its money is in the wallet "
            f"{there!r}, which the account does not list; add it."
        )
    return Pages((mode,))


def _is_classic(mode: Payload) -> bool:
    return read_json(mode.body).text("mode") == CLASSIC


def _state(client: GateClient, account: Account, cash: str) -> list[Step]:
    """Balances outside of contracts and of the unified account."""
    steps: list[Step] = []
    if SPOT in account.wallets and cash == SPOT:
        steps.append((gate.SPOT_ACCOUNTS.name, _confirmed(client, gate.SPOT_ACCOUNTS, SPOT)))
    if MARGIN in account.wallets:
        steps.append((gate.MARGIN_ACCOUNTS.name, _confirmed(client, gate.MARGIN_ACCOUNTS, MARGIN)))
    if EARN in account.wallets:
        steps.append(("lends/1", _lends(client)))
    return steps


async def _confirmed(client: GateClient, endpoint: Endpoint, kind: str) -> Pages:
    answer = await client.get(endpoint)
    if not listed(answer):
        await _refuse_worth(client, kind)
    return Pages((answer,))


async def _lends(client: GateClient) -> Pages:
    parts = await client.pages(gate.LENDS, {}, 100, paged=True)
    if not any(listed(one) for one in parts):
        await _refuse_worth(client, "finance")
    return Pages((*parts, await client.api.join("lends/1", parts)))


async def _refuse_worth(client: GateClient, kind: str) -> None:
    """Refuse an empty list of a kind of account that the venue's own total values at something."""
    details = read_json((await client.get(gate.TOTAL, {"currency": "USDT"})).body).field("details")
    row = details.maybe(kind)
    worth = ZERO if row is None else row.decimal_or("amount", ZERO)
    if worth:
        raise IncompletePagesError(
            f"gate: the list is empty, but the venue's total values {kind} at {worth} USDT; it is not taken."
        )


def _rights(keys: Payload) -> tuple[Right, Right]:
    """Whether a key may trade and withdraw, as far as the venue tells.

    It tells what a key may write to, but its list of rights has none for withdrawing, so that one is
    unverified unless it stands there. Of several keys it does not say which one asks.
    """
    document = read_json(keys.body)
    found: Iterable[Node] = document.items() if isinstance(document.value, list) else (document,)
    rights = [None if (perms := one.maybe("perms")) is None else list(perms.items()) for one in found]
    if len(rights) != 1 or not rights[0]:
        return Right.UNVERIFIED, Right.UNVERIFIED
    writes = [one.text("name") for one in rights[0] if one.flag("read_only") is not True]
    withdraws = any("withdraw" in name for name in writes)
    return (Right.YES if writes else Right.NO), (Right.YES if withdraws else Right.UNVERIFIED)


CONNECTOR = GateConnector()
