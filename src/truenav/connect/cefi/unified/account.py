"""What is read of one account through ccxt, as far as the venue has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from truenav.connect.asking import Params
from truenav.connect.cefi.unified import rows
from truenav.connect.cefi.unified.catalogue import MAIN
from truenav.connect.cefi.unified.client import Answer, UnifiedClient
from truenav.connect.cefi.unified.errors import NotReadError
from truenav.connect.cefi.unified.history import LIMIT, Page, page_of, walk
from truenav.connect.cefi.unified.symbols import market_id, market_name
from truenav.connect.contract import Cursor, ParseContext, Payload
from truenav.connect.errors import IncompletePagesError, VenueError
from truenav.connect.gathering import Pages, kept
from truenav.core.account import Account
from truenav.core.facts import BalanceSnapshot, Fact, PositionSnapshot

Step = tuple[str, Coroutine[object, object, Pages]]
MakeRows = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
_CONTRACTS = ("swap", "future", "option")


@dataclass(frozen=True, slots=True)
class _History:
    """One kind of history: its endpoint, ccxt's method, and whether a market comes before the time."""

    endpoint: str
    method: str
    call: str
    first: str


_FILLS = _History("unified.trades/1", "fetchMyTrades", "fetch_my_trades", "symbol")
_FUNDING = _History("unified.funding/1", "fetchFundingHistory", "fetch_funding_history", "symbol")
_DEPOSITS = _History("unified.deposits/1", "fetchDeposits", "fetch_deposits", "code")
_WITHDRAWALS = _History("unified.withdrawals/1", "fetchWithdrawals", "fetch_withdrawals", "code")
_MOVEMENTS = _History("unified.deposits/1", "fetchDepositsWithdrawals", "fetch_deposits_withdrawals", "code")
_TRANSFERS = _History("unified.transfers/1", "fetchTransfers", "fetch_transfers", "code")
_LEDGER = _History("unified.ledger/1", "fetchLedger", "fetch_ledger", "code")
_INTEREST = _History("unified.interest/1", "fetchBorrowInterest", "fetch_borrow_interest", "interest")


@dataclass(frozen=True, slots=True)
class _Balance:
    """One wallet's rows, what was asked for them, and the wallet that it is one with, if any."""

    answer: Answer
    rows: list[dict[str, Any]]
    asked: list[tuple[str, Params]]
    same: str


@dataclass(slots=True)
class Reader:
    """Chooses what to ask for one account."""

    client: UnifiedClient
    account: Account
    context: ParseContext
    cursors: Mapping[str, Cursor]
    since: datetime
    balances: dict[str, _Balance | VenueError] = field(default_factory=dict)
    one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)

    def state_steps(self) -> Iterable[Step]:
        """Balances of each wallet, and positions of those that hold contracts."""
        for wallet in self.account.wallets:
            yield f"unified.balance/1?{wallet}", self._balance(wallet)
            if self.client.has("fetchPositions") and self._contract_types(wallet):
                yield f"unified.positions/1?{wallet}", self._positions(wallet)

    def history_steps(self, facts: Iterable[Fact]) -> Iterable[Step]:
        """Fills, funding, movements, transfers, ledger and interest, as far as ccxt reads them."""
        held = list(facts)
        apart = (_DEPOSITS, _WITHDRAWALS)
        both = all(self.client.has(one.method) for one in apart)
        movements = apart if both or not self.client.has(_MOVEMENTS.method) else (_MOVEMENTS,)
        contracts = (_FUNDING,) if "swap" in self.client.venue.types else ()
        for one in (_FILLS, *contracts, *movements, _TRANSFERS, _LEDGER, _INTEREST):
            if self.client.has(one.method):
                for scope in self._scopes(one, held):
                    name = f"{one.endpoint}{'?' if scope else ''}{'&'.join(scope.values())}"
                    yield name, self._history(one, scope, name)

    async def _balance(self, wallet: str) -> Pages:
        """One wallet, once all were asked: that none of them lists an asset is not believed of any."""
        async with self.one_by_one:
            for one in self.account.wallets if not self.balances else ():
                self.balances[one] = await self._asked_balance(one)
        found = self.balances[wallet]
        if isinstance(found, VenueError):
            raise found
        if not self._held():
            raise IncompletePagesError(
                f"{self.client.venue.title} lists no asset at all, and nothing confirms that the account is "
                "empty; it is not taken."
            )
        body = {"wallet": wallet, "rows": found.rows, **({"same": found.same} if found.same else {})}
        payload = await rows.payload_of(
            self.client, "unified.balance/1", "fetchBalance", [found.answer], body
        )
        return Pages((*found.answer.heard, payload))

    async def _asked_balance(self, wallet: str) -> _Balance | VenueError:
        """What a wallet holds. One that is asked for as another is one with it, and is counted there."""
        try:
            answer = await self.client.call("fetch_balance", {} if wallet == MAIN else {"type": wallet})
            asked = [(one.evidence.request.url, one.evidence.request.params) for one in answer.heard]
            known = ((name, one) for name, one in self.balances.items() if isinstance(one, _Balance))
            same = next((name for name, one in known if one.asked == asked), "")
            return _Balance(answer, [] if same else rows.balance_rows(answer.value), asked, same)
        except VenueError as error:
            return error

    def _held(self) -> set[str]:
        """Codes of the assets that the venue lists."""
        read = [one for one in self.balances.values() if isinstance(one, _Balance)]
        return {row["code"] for one in read for row in one.rows}

    def _contract_types(self, wallet: str) -> list[str]:
        types = [kind for kind in _CONTRACTS if kind in self.client.venue.types]
        return types if wallet == MAIN else [kind for kind in types if kind == wallet]

    async def _positions(self, wallet: str) -> Pages:
        """Positions of all contract types of a wallet, each once however the venue groups them."""
        types = self._contract_types(wallet)
        answers = [
            await self.client.call("fetch_positions", None, params)
            for params in self._groups("fetchPositions", types)
        ]
        listed: dict[str, dict[str, Any]] = {}
        for answer in answers:
            for row in rows.plain_rows(self.client, answer.value, rows.POSITIONS, "position"):
                if row.get("market", "").partition(":")[0] in (*types, ""):
                    listed[f"{row.get('market')}:{row.get('symbol')}:{row.get('side')}"] = row
        body = {"wallet": wallet, "rows": [listed[key] for key in sorted(listed)]}
        payload = await rows.payload_of(self.client, "unified.positions/1", "fetchPositions", answers, body)
        return Pages((*(one for answer in answers for one in answer.heard), payload))

    def _groups(self, method: str, types: Iterable[str]) -> list[dict[str, str]]:
        """Parameters that name each type of market, and linear and inverse ones apart where both exist.

        A method that does not look at them would send them to the venue: it is asked once, for everything.
        """
        venue = self.client.venue
        if method not in venue.by_type:
            return [{}]
        markets = [one for one in self.client.exchange.markets.values() if one["type"] in types]
        found = {(one["type"], one.get("subType") if method in venue.by_side else None) for one in markets}
        named = sorted((kind, sub or "") for kind, sub in found)
        return [{"type": kind, **({"subType": sub} if sub else {})} for kind, sub in named]

    def _scopes(self, what: _History, facts: list[Fact]) -> list[dict[str, str]]:
        """What must be asked for apart: markets, assets, types of market, or everything at once."""
        venue = self.client.venue
        if what.method in venue.by_symbol:
            return [{"symbol": one} for one in self._symbols(what, facts)]
        if what.method in venue.by_code:
            return [{"code": one} for one in self._codes(what)]
        if what is _FILLS:
            return self._groups(what.method, venue.types)
        return self._groups(what.method, ["swap"]) if what is _FUNDING else [{}]

    def _symbols(self, what: _History, facts: list[Fact]) -> list[str]:
        """At the first sync every known market; later those read before, held, or whose base is held."""
        known = self.context.instruments.instruments
        listed = {
            symbol: market_id(self.client.venue.id, market_name(market))
            for symbol, market in self.client.exchange.markets.items()
            if what is not _FUNDING or market["type"] == "swap"
        }
        traded = {symbol for symbol, name in listed.items() if name in known}
        if not self.cursors:
            return sorted(traded)
        held = {
            line.asset for fact in facts if isinstance(fact.body, BalanceSnapshot) for line in fact.body.lines
        }
        open_ones = {
            line.instrument
            for fact in facts
            if isinstance(fact.body, PositionSnapshot)
            for line in fact.body.lines
        }
        return sorted(
            symbol
            for symbol in traded
            if known[listed[symbol]].base in held
            or listed[symbol] in open_ones
            or f"{what.endpoint}?{symbol}" in self.cursors
        )

    def _codes(self, what: _History) -> list[str]:
        """Assets that are held, and those read before."""
        prefix = f"{what.endpoint}?"
        return sorted(
            self._held() | {key.removeprefix(prefix) for key in self.cursors if key.startswith(prefix)}
        )

    async def _history(self, what: _History, scope: Mapping[str, str], name: str) -> Pages:
        params = {key: value for key, value in scope.items() if key not in ("symbol", "code")}
        first = scope.get("symbol") or scope.get("code")
        window, age = self._spans(what, scope)
        raw: list[Payload] = []

        async def ask(since: int | None, more: Mapping[str, int]) -> Page:
            before = (None, first) if what.first == "interest" else (first,)
            answer = await self.client.call(what.call, *before, since, LIMIT, {**params, **more})
            raw.extend(answer.heard)
            found = self._rows(what, answer.value)
            return page_of(await self._page(what, answer, found), found)

        now = self.client.api.now()
        cursor = self.cursors.get(name)
        cursor = cursor if age is None else kept(cursor, now, age)
        title = f"{self.client.venue.id} {name}"
        try:
            pages = await walk(ask, cursor, since=self.since, now=now, window=window, what=title)
        except NotReadError as error:
            return Pages((await self._page(what, Answer(None, ()), [], unread=error.message),))
        return Pages((*raw, *pages.payloads), pages.cursor)

    async def _page(
        self, what: _History, answer: Answer, found: list[dict[str, Any]], *, unread: str = ""
    ) -> Payload:
        """One page's rows, archived; ``unread`` says why there are none."""
        body = {
            "wallets": list(self.account.wallets),
            "rows": found,
            **({"unread": unread} if unread else {}),
        }
        return await rows.payload_of(self.client, what.endpoint, what.method, [answer], body)

    def _rows(self, what: _History, found: object) -> list[dict[str, Any]]:
        if what is _FILLS:
            return rows.trade_rows(self.client, found)
        if what in (_DEPOSITS, _WITHDRAWALS, _MOVEMENTS):
            return rows.movement_rows(found)
        columns = {
            _FUNDING: rows.FUNDING,
            _TRANSFERS: rows.TRANSFERS,
            _LEDGER: rows.LEDGER,
            _INTEREST: rows.INTEREST,
        }[what]
        return rows.plain_rows(self.client, found, columns, what.method)

    def _spans(self, what: _History, scope: Mapping[str, str]) -> tuple[timedelta | None, timedelta | None]:
        """The longest span that the venue answers for at once, and how long it remembers; None: no bound."""
        market = self.client.exchange.markets.get(scope.get("symbol"))
        kind = market["type"] if market else scope.get("type", "spot")
        sub = (market.get("subType") if market else scope.get("subType")) or None
        told = self.client.exchange.feature_value_by_type(kind, sub, what.method) or {}
        days, back = told.get("untilDays"), told.get("daysBack")
        return timedelta(days=days) if days else None, timedelta(days=back - 1) if back and back > 1 else None
