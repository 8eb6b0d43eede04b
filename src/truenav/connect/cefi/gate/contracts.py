"""Contract accounts of one key: whose cash is the unified account's, and whether positions are whole."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.gate import client as gate
from truenav.connect.cefi.gate.answers import DELIVERY, FUTURES, OPTIONS, UNIFIED, WALLET
from truenav.connect.cefi.gate.client import GateClient, History, listed, of_coin
from truenav.connect.cefi.gate.errors import NO_ACCOUNT
from truenav.connect.cefi.gate.unified import in_unified
from truenav.connect.contract import Cursor, Payload
from truenav.connect.daily import is_due
from truenav.connect.document import read_json
from truenav.connect.errors import IncompletePagesError, VenueError
from truenav.connect.gathering import Pages, Row, Step, unfold
from truenav.core.account import Account
from truenav.core.money import ZERO

_E = TypeVar("_E", bound=Endpoint)
_SHOWS_POSITIONS = (
    "unrealised_pnl",
    "position_margin",
    "position_initial_margin",
    "maintenance_margin",
    "cross_initial_margin",
    "isolated_position_margin",
    "init_margin",
    "maint_margin",
    "position_value",
)
"""Fields of an account that are zero without a position."""


@dataclass(frozen=True, slots=True)
class Group:
    """Contracts of one kind. ``coins`` are what they are settled in, as it stands in the address."""

    wallet: str
    coins: tuple[str, ...]
    account: Endpoint
    positions: Endpoint
    orders: Endpoint
    book: History
    trades: History
    settlements: History | None
    tiers: Endpoint | None = None


GROUPS = (
    Group(
        wallet=FUTURES,
        coins=("usdt", "btc"),
        account=gate.FUTURES_ACCOUNT,
        positions=gate.FUTURES_POSITIONS,
        orders=gate.FUTURES_ORDERS,
        book=gate.FUTURES_BOOK,
        trades=gate.FUTURES_TRADES,
        settlements=None,
        tiers=gate.FUTURES_TIERS,
    ),
    Group(
        wallet=DELIVERY,
        coins=("usdt",),
        account=gate.DELIVERY_ACCOUNT,
        positions=gate.DELIVERY_POSITIONS,
        orders=gate.DELIVERY_ORDERS,
        book=gate.DELIVERY_BOOK,
        trades=gate.DELIVERY_TRADES,
        settlements=gate.DELIVERY_SETTLEMENTS,
        tiers=gate.DELIVERY_TIERS,
    ),
    Group(
        wallet=OPTIONS,
        coins=("usdt",),
        account=gate.OPTIONS_ACCOUNT,
        positions=gate.OPTIONS_POSITIONS,
        orders=gate.OPTIONS_ORDERS,
        book=gate.OPTIONS_BOOK,
        trades=gate.OPTIONS_TRADES,
        settlements=gate.OPTIONS_SETTLEMENTS,
    ),
)
SETTLED: tuple[tuple[Endpoint, Endpoint, tuple[str, ...]], ...] = (
    (gate.FUTURES_CONTRACTS, gate.FUTURES_TICKERS, GROUPS[0].coins),
    (gate.DELIVERY_CONTRACTS, gate.DELIVERY_TICKERS, GROUPS[1].coins),
)
"""Lists of contracts, their prices, and the coins that they are settled in."""


@dataclass(frozen=True, slots=True)
class Member:
    """One contract account that exists: its answer, and the wallet that its cash and positions are in."""

    group: Group
    coin: str
    answer: Payload
    wallet: str

    def at(self, endpoint: _E) -> _E:
        """An endpoint of this account."""
        return of_coin(endpoint, self.coin)

    def name(self, endpoint: Endpoint) -> str:
        """Name of a step, and key of its cursor."""
        return f"{endpoint.name}:{self.group.wallet}:{self.coin}"


class ContractAccounts:
    """The contract accounts that an account's wallets stand for."""

    def __init__(self, client: GateClient, account: Account, mode: Payload, *, unified: bool) -> None:
        self._client = client
        self._wallets = frozenset(account.wallets)
        self._mode = mode
        self._unified = unified and UNIFIED in self._wallets
        wanted = [group for group in GROUPS if self._unified or group.wallet in self._wallets]
        self._members = {group: asyncio.ensure_future(self._open(group)) for group in wanted}

    async def _open(self, group: Group) -> list[Member]:
        """The accounts of a group; one that was never opened is none."""
        found = []
        for coin in group.coins:
            try:
                answer = await self._client.get(of_coin(group.account, coin))
            except VenueError as error:
                if error.context.get("code") != NO_ACCOUNT:
                    raise
                continue
            inside = self._unified and in_unified(read_json(answer.body))
            found.append(Member(group, coin, answer, UNIFIED if inside else group.wallet))
        return found

    async def _all(self) -> list[Member]:
        found = [member for group in self._members.values() for member in await group]
        return [member for member in found if member.wallet in self._wallets]

    # -- state ------------------------------------------------------------------------------------

    def state(self) -> list[Step]:
        """Balances of each group, those of the unified account, and the positions of each wallet."""
        steps: list[Step] = [
            (f"contract-accounts/1:{group.wallet}", self._balances(group))
            for group in self._members
            if group.wallet in self._wallets
        ]
        wallets = [group.wallet for group in self._members if group.wallet in self._wallets]
        if self._unified:
            steps.append(("unified/1", self._unified_balances()))
            wallets.append(UNIFIED)
        return [*steps, *((f"positions/1:{wallet}", self._positions(wallet)) for wallet in wallets)]

    async def _balances(self, group: Group) -> Pages:
        answers = [member.answer for member in await self._members[group]]
        return Pages((*answers, await self._joined("contract-accounts/1", group.wallet, answers)))

    async def _unified_balances(self) -> Pages:
        members = await self._all()
        account = await self._client.get(gate.UNIFIED_ACCOUNT)
        parts = [account, *(member.answer for member in members if member.wallet == UNIFIED)]
        return Pages((account, await self._client.api.join("unified/1", parts)))

    async def _positions(self, wallet: str) -> Pages:
        """All positions of a wallet as one answer; none where a list lacks what its account speaks of."""
        parts: list[Payload] = []
        for member in await self._all():
            if member.wallet == wallet:
                parts += await self._listed(member)
        return Pages((*parts, await self._joined("positions/1", wallet, parts)))

    async def _listed(self, member: Member) -> tuple[Payload, ...]:
        endpoint = member.at(member.group.positions)
        if member.group.wallet == FUTURES:
            pages = await self._client.pages(endpoint, {"holding": "true"}, 100)
        else:
            pages = (await self._client.get(endpoint),)
        held = any(row.decimal_or("size", ZERO) for page in pages for row in listed(page))
        account = read_json(member.answer.body)
        if not held and any(account.decimal_or(name, ZERO) for name in _SHOWS_POSITIONS):
            raise IncompletePagesError(
                f"gate: the {member.group.wallet} account in {member.coin} shows open positions that its "
                "list does not have; it is not taken."
            )
        return pages

    async def _joined(self, endpoint: str, wallet: str, parts: list[Payload]) -> Payload:
        """Answers behind the account's mode, so that there is one also where no account exists."""
        joined = await self._client.api.join(endpoint, [self._mode, *parts])
        return await self._client.api.note(joined, WALLET, wallet)

    # -- past -------------------------------------------------------------------------------------

    async def past(self, cursors: Mapping[str, Cursor], since: datetime) -> list[Step]:
        """Open orders, leverage tiers and histories of the accounts that could be read."""
        steps: list[Step] = []
        for opened in await asyncio.gather(*self._members.values(), return_exceptions=True):
            for member in [] if isinstance(opened, BaseException) else opened:
                if member.wallet in self._wallets:
                    steps.append((member.name(member.group.orders), self._orders(member)))
                    steps += await self._histories(member, cursors, since)
                    steps += self._tiers(member, cursors)
        return steps

    def _tiers(self, member: Member, cursors: Mapping[str, Cursor]) -> list[Step]:
        """The leverage tiers of all contracts of an account's kind, once a day: a page tells a hundred."""
        endpoint, now = member.group.tiers, self._client.api.now()
        if endpoint is None or not is_due(name := member.name(endpoint), cursors, now):
            return []

        async def ask() -> Pages:
            return Pages(await self._client.pages(member.at(endpoint), {}, 100), Cursor("", now))

        return [(name, ask())]

    async def _histories(self, member: Member, cursors: Mapping[str, Cursor], since: datetime) -> list[Step]:
        group, steps = member.group, list[Step]()

        def windowed(endpoint: History, params: Mapping[str, str], suffix: str = "") -> None:
            name = member.name(endpoint) + suffix
            asked = self._client.history(member.at(endpoint), cursors.get(name), since, params, member.wallet)
            steps.append((name, asked))

        windowed(group.book, {})
        others = [one for one in (group.trades, group.settlements) if one is not None]
        if group.wallet == FUTURES:
            windowed(group.trades, {})
        elif group.wallet == DELIVERY:
            for endpoint in others:
                key = member.name(endpoint)
                steps.append((key, self._newest_first(member, endpoint, cursors.get(key), since)))
        else:
            try:
                underlyings = listed(await self._client.get(gate.UNDERLYINGS))
            except VenueError as error:
                return [*steps, (gate.UNDERLYINGS.name, _refused(error))]
            for name in (row.text("name") for row in underlyings):
                for endpoint in others:
                    windowed(endpoint, {"underlying": name}, f":{name}")
        return steps

    async def _newest_first(
        self, member: Member, endpoint: History, cursor: Cursor | None, since: datetime
    ) -> Pages:
        """A list without windows, read back to the last sync; each page begins with the last one's end."""
        left_out = 0

        async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
            nonlocal left_out
            params = {"limit": str(endpoint.limit), "offset": str(left_out)}
            payload = await self._client.get(member.at(endpoint), params, member.wallet)
            rows = [endpoint.row(node) for node in listed(payload)]
            left_out += max(len(rows) - 1, 0)
            return payload, rows

        return await unfold(
            ask, cursor, since=since, limit=endpoint.limit, what=f"gate {member.name(endpoint)}"
        )

    async def _orders(self, member: Member) -> Pages:
        params = {"status": "open", "limit": "100"}
        return Pages((await self._client.get(member.at(member.group.orders), params),))


async def _refused(error: VenueError) -> Pages:
    """A step that could not even be asked: its failure is told with the others."""
    raise error
