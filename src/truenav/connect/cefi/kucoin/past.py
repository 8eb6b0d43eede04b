"""The past of a KuCoin account: which histories are asked, and what cannot be read any more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

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
    rows,
)
from truenav.connect.cefi.kucoin.client import History, KucoinClient, result
from truenav.connect.contract import Cursor, Problem
from truenav.connect.errors import IncompletePagesError, KeyForbiddenError
from truenav.connect.gathering import Pages, Parts, Step, whole
from truenav.core.account import Account
from truenav.core.money import ZERO

_ISOLATED_INTEREST = f"{kucoin.INTEREST.name}:{ISOLATED}:"
_SYMBOL = re.compile(r"""["']symbol["']\s*:\s*["']([A-Za-z0-9-]{3,40})["']""")
_SETTLES = {"MARGIN_EXCHANGE": CROSS_TRADES, "ISOLATED_EXCHANGE": ISOLATED_TRADES, "TRADE_EXCHANGE": ""}
_OLD_FILLS = {TRADE: PLAIN_TRADES, MARGIN: CROSS_TRADES, ISOLATED: ISOLATED_TRADES}
"""Kind of fills of accounts that are no high frequency ones."""
_OF_WALLET = {TRADE: "", MARGIN: CROSS_TRADES, ISOLATED: ISOLATED_TRADES}


class Past:
    """Asks the histories of one account, each with its cursor."""

    def __init__(self, client: KucoinClient, cursors: Mapping[str, Cursor], since: datetime) -> None:
        self._client = client
        self._cursors = cursors
        self._since = since
        self._forbidden = False

    def _step(
        self, endpoint: History, params: Mapping[str, str] | None = None, suffix: str = ""
    ) -> tuple[str, Parts]:
        name = endpoint.name + suffix
        return name, self._client.history(endpoint, self._cursors.get(name), self._since, params)

    def _naming(self, endpoint: History) -> Step:
        """A ledger whose rows name the markets of fills, as a whole."""
        name = endpoint.name
        return name, whole(self._client.history(endpoint, self._cursors.get(name), self._since))

    def _interest(self, params: Mapping[str, str], suffix: str) -> Step:
        name, parts = self._step(kucoin.INTEREST, params, suffix)
        return name, self._unless_forbidden(parts)

    def _isolated_interest(self, market: str) -> Step:
        return self._interest({"isIsolated": "true", "symbol": market}, f":{ISOLATED}:{market}")

    async def _unless_forbidden(self, parts: Parts) -> Parts:
        """Some keys may read all but interest: the venue wants the right to trade with margin for it."""
        try:
            async for pages in parts:
                yield pages
        except KeyForbiddenError:
            self._forbidden = True

    def isolated_markets(self, state: Iterable[Pages | None]) -> list[str]:
        """Markets of isolated margin that hold or owe something, or were asked for before."""
        found = {name.rpartition(":")[2] for name in self._cursors if name.startswith(_ISOLATED_INTEREST)}
        for payload in (one for pages in state if pages is not None for one in pages.payloads):
            if payload.evidence.endpoint == kucoin.ISOLATED_ACCOUNTS.name:
                for pair in result(payload).field("assets").items():
                    coins = (pair.field("baseAsset"), pair.field("quoteAsset"))
                    if any(coin.decimal_or(name, ZERO) for coin in coins for name in ("total", "liability")):
                        found.add(pair.text("symbol"))
        return sorted(found)

    def ledgers(self, wallets: Iterable[str], isolated: Iterable[str]) -> list[Step]:
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
        if MARGIN in wallets:
            steps.append(self._interest({"isIsolated": "false"}, f":{MARGIN}"))
        steps += map(self._isolated_interest, isolated)
        if FUTURES in wallets:
            steps += [self._step(kucoin.FUTURES_FILLS), self._step(kucoin.FUTURES_LEDGER)]
        return steps

    def gaps(self, account: Account) -> list[Problem]:
        """What cannot be read any more: some ledgers reach back three days, and name the markets of fills."""
        now = self._client.api.now()
        reaches, found = now - kucoin.THREE_DAYS, list[Problem]()
        files = "Load what lies before from the venue's own files."
        if not self._cursors and self._since < now - kucoin.QUARTER:
            message = "KuCoin keeps fills for three months, interest for half a year and ledgers for one."
            found.append(Problem(VENUE, message, files, subject=VENUE))
        if self._forbidden:
            message = (
                "KuCoin tells interest to keys only that may trade with margin; what it charges is in the "
                "balance, and unexplained."
            )
            mend = "Enter it from the venue's own files."
            found.append(Problem(VENUE, message, mend, subject=kucoin.INTEREST.name))
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
                mend = f"Gather at least every two days. {files}"
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
                name, parts = self._step(endpoint_, params, f":{wallet}:{market}")
                steps.append((name, parts if name in self._cursors else _some(parts, market)))
        return steps

    def held(self, fills: Iterable[Step], cursors: Mapping[str, Cursor]) -> set[str]:
        """Ledgers that stay where they are, to name again the markets whose fills are not read yet."""
        unread = (name for name, _ in fills if name not in self._cursors and name not in cursors)
        of_trade = f"{kucoin.FILLS.name}:{TRADE}:"
        return {
            kucoin.TRADE_LEDGER.name if name.startswith(of_trade) else kucoin.MARGIN_LEDGER.name
            for name in unread
        }

    def interest(self, asked: Iterable[str], ledgers: Iterable[Pages | None]) -> list[Step]:
        """Interest of isolated markets that a ledger names and that hold and owe nothing any more."""
        named = {
            market
            for pages in ledgers
            if pages is not None
            for kind, market in _traded(pages)
            if kind == ISOLATED_TRADES
        }
        return [self._isolated_interest(market) for market in sorted(named.difference(asked))]


async def _some(parts: Parts, market: str) -> Parts:
    """Fills of a market that a ledger names: there are some, so that an empty answer is not believed."""
    found = False
    async for pages in parts:
        found = found or pages.cursor is not None
        yield pages
    if not found:
        raise IncompletePagesError(
            f"kucoin: a ledger names trades of {market}, but no fill of it came; it is asked for again."
        )


def _traded(pages: Pages) -> Iterable[tuple[str, str]]:
    """Kind of fills and market of each trade that a ledger names."""
    for payload in pages.payloads:
        if payload.evidence.endpoint in (kucoin.TRADE_LEDGER.name, kucoin.MARGIN_LEDGER.name):
            for row in rows(result(payload)):
                kind = _SETTLES.get(row.text("bizType"))
                found = _SYMBOL.search(row.text_or("context"))
                if kind is not None and found is not None:
                    yield kind, found[1]
