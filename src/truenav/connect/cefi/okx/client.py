"""OKX's requests: signing, paths, budgets, and histories that page from new to old."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from truenav.connect.asking import Endpoint, Params, Signed, Signer
from truenav.connect.cefi.okx.earn import lending_id
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError
from truenav.connect.gathering import Ask, Pages, Parts, Row, broken_off, kept, places, turning, unfold
from truenav.connect.transport import Transport
from truenav.core.clock import to_milliseconds

PAGE = 100
QUARTER = timedelta(days=85)
"""Archives hold three months; a little less is relied on."""
MONTH = timedelta(days=26)
"""Lending is told for a month; the same holds."""


TIME = Endpoint("time/1", "/api/v5/public/time", "time")
INSTRUMENTS = Endpoint("instruments/1", "/api/v5/public/instruments", "instruments")
MARKS = Endpoint("mark-price/1", "/api/v5/public/mark-price", "marks")
TICKERS = Endpoint("tickers/1", "/api/v5/market/tickers", "tickers")
TIERS = Endpoint("position-tiers/1", "/api/v5/public/position-tiers", "tiers")
CONFIG = Endpoint("config/1", "/api/v5/account/config", "config")
BALANCE = Endpoint("balance/1", "/api/v5/account/balance", "balance")
POSITIONS = Endpoint("positions/1", "/api/v5/account/positions", "positions")
ORDERS = Endpoint("orders-pending/1", "/api/v5/trade/orders-pending", "orders")
FUNDING = Endpoint("funding-balances/1", "/api/v5/asset/balances", "funding")
VALUATION = Endpoint("valuation/1", "/api/v5/asset/asset-valuation", "valuation")
FILLS = Endpoint("fills/1", "/api/v5/trade/fills", "fills")
FILLS_HISTORY = Endpoint("fills/1", "/api/v5/trade/fills-history", "fills-history")
BILLS = Endpoint("bills/1", "/api/v5/account/bills", "bills")
BILLS_ARCHIVE = Endpoint("bills/1", "/api/v5/account/bills-archive", "bills-archive")
DEPOSITS = Endpoint("deposits/1", "/api/v5/asset/deposit-history", "deposits")
WITHDRAWALS = Endpoint("withdrawals/1", "/api/v5/asset/withdrawal-history", "withdrawals")
SAVINGS = Endpoint("savings/1", "/api/v5/finance/savings/balance", "savings")
STAKES = Endpoint("stakes/1", "/api/v5/finance/staking-defi/orders-active", "stakes")
LENDING = Endpoint("lending/1", "/api/v5/finance/savings/lending-history", "lending")
FUNDING_BILLS = Endpoint("funding-bills/1", "/api/v5/asset/bills", "funding-bills")
FUNDING_BILLS_HISTORY = Endpoint("funding-bills/1", "/api/v5/asset/bills-history", "funding-bills-history")

_RECENT = {FILLS.name: timedelta(days=2), BILLS.name: timedelta(days=6), FUNDING_BILLS.name: MONTH}
"""Age up to which the quick endpoint, which forgets sooner, still has a row."""
_TYPES = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION")
_FINAL = {DEPOSITS.name: {"1", "2"}, WITHDRAWALS.name: {"2", "-1", "-2"}}


def signature(credentials: Credentials, message: str) -> str:
    """HMAC-SHA256 of a message in base64."""
    digest = hmac.new(credentials.secret.encode(), message.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def signer(credentials: Credentials) -> Signer:
    """OKX's signature: HMAC-SHA256 of time, method and path with query, in base64."""

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        query = urlencode(params)
        stamp = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = f"{stamp}{method}{path}{'?' if query else ''}{query}"
        headers = {
            "OK-ACCESS-KEY": credentials.key,
            "OK-ACCESS-SIGN": signature(credentials, message),
            "OK-ACCESS-TIMESTAMP": stamp,
            "OK-ACCESS-PASSPHRASE": credentials.passphrase,
        }
        return Signed(query, headers)

    return sign


@dataclass(frozen=True, slots=True)
class OkxClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Payload:
        """One answer of an endpoint."""
        return await self.api.get(
            endpoint, params, signer=signer(self.credentials) if self.credentials else None
        )

    async def fills(self, cursors: Mapping[str, Cursor], since: datetime) -> Parts:
        """Fills since the cursor: of the last days in one set, older ones per instrument type.

        Each type has a place of its own, so that a reading that is broken off goes on; the cursor moves when
        all types were read.
        """
        cursor, now = cursors.get(FILLS.name), self.api.now()
        if _is_recent(FILLS, cursor, now):
            known = _repeatable(FILLS.name, cursors, now, _RECENT[FILLS.name])
            async for part in self._by_number(FILLS, {}, FILLS.name, known, since):
                yield part
            return
        start = since if cursor is None else cursor.at
        confirmed = kept(cursor, now, QUARTER) is None
        tops: list[Cursor] = []
        for kind in _TYPES:
            name, part = f"{FILLS_HISTORY.name}?{kind}", Pages(())
            known = _repeatable(name, cursors, now, QUARTER)
            if name in known and known[name].at < start:
                known = {}
            confirmed = confirmed or bool(known)
            async for part in self._by_number(FILLS_HISTORY, {"instType": kind}, name, known, start):
                confirmed = confirmed or _repeats(cursor, part)
                places = () if part.cursor is None else ((name, part.cursor),)
                yield Pages(part.payloads, None, (*part.marks, *places), more=True)
            if part.more:
                return
            tops += () if part.cursor is None else (part.cursor,)
        if not confirmed:
            raise IncompletePagesError("okx fills: the row of the last sync is gone; it is read again.")
        yield Pages((), max(tops, key=lambda one: (one.at, one.id), default=None))

    def bills(self, cursors: Mapping[str, Cursor], since: datetime) -> Parts:
        """Balance changes of the trading account since the cursor."""
        now = self.api.now()
        known = _repeatable(BILLS.name, cursors, now, QUARTER)
        recent = _is_recent(BILLS, known.get(BILLS.name), now) and not broken_off(BILLS.name, known)
        return self._by_number(BILLS if recent else BILLS_ARCHIVE, {}, BILLS.name, known, since)

    async def movements(self, endpoint: Endpoint, cursor: Cursor | None, since: datetime) -> Pages:
        """Deposits or withdrawals; one that is still under way holds the cursor back to itself."""
        read = deposit_row if endpoint is DEPOSITS else withdrawal_row
        ask, what = self._turned_by_time(endpoint, read), f"okx {endpoint.name}"
        pages = await unfold(ask, cursor, since=since, limit=PAGE, what=what)
        pending = [
            read(node)
            for payload in pages.payloads
            for node in read_json(payload.body).field("data").items()
            if node.text("state") not in _FINAL[endpoint.name]
        ]
        if not pending:
            return pages
        oldest = min(pending)
        return Pages(pages.payloads, Cursor(oldest.id, oldest.at))

    def lending(self, cursors: Mapping[str, Cursor], since: datetime) -> Parts:
        """What savings earned since the cursor, or in the month that the venue tells."""
        known = _repeatable(LENDING.name, cursors, self.api.now(), MONTH)
        ask, what = self._turned_by_time(LENDING, lending_row), f"okx {LENDING.name}"
        return turning(ask, LENDING.name, known, since=since, limit=PAGE, what=what)

    def funding_bills(self, cursors: Mapping[str, Cursor], since: datetime) -> Parts:
        """Balance changes of the funding account since the cursor."""
        name = FUNDING_BILLS.name
        known = cursors.get(name)
        recent = _is_recent(FUNDING_BILLS, known, self.api.now()) and not broken_off(name, cursors)
        ask = self._turned_by_time(FUNDING_BILLS if recent else FUNDING_BILLS_HISTORY, bill_row)
        return turning(ask, name, cursors, since=since, limit=PAGE, what=f"okx {name}")

    async def earn_balances(self) -> tuple[Payload, Payload, Payload]:
        """Savings, orders of on-chain products, and both as one JSON array: together they state a wallet."""
        savings, stakes = await self.get(SAVINGS), await self.get(STAKES)
        return savings, stakes, await self.api.join("earn-balances/1", (savings, stakes))

    def _turned_by_time(self, endpoint: Endpoint, read: Callable[[Node], Row]) -> Ask:
        async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
            # "after" excludes its own instant: one millisecond later keeps the last row on the page.
            after = {} if last is None else {"after": str(to_milliseconds(last.at) + 1)}
            payload = await self.get(endpoint, {**after, "limit": str(PAGE)})
            return payload, rows_of(payload, read)

        return ask

    def _by_number(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str],
        name: str,
        cursors: Mapping[str, Cursor],
        since: datetime,
    ) -> Parts:
        async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
            # "after" excludes its own bill: one more keeps the last row on the page.
            after = {} if last is None else {"after": str(int(last.id) + 1)}
            payload = await self.get(endpoint, {**params, **after, "limit": str(PAGE)})
            return payload, rows_of(payload, bill_row)

        return turning(ask, name, cursors, since=since, limit=PAGE, what=f"okx {endpoint.name}")


def _repeatable(name: str, cursors: Mapping[str, Cursor], now: datetime, age: timedelta) -> dict[str, Cursor]:
    """A history's cursor and marks, as far as the venue can repeat their rows."""
    known = ((one, kept(cursors.get(one), now, age)) for one in places(name))
    return {one: place for one, place in known if place is not None}


def _is_recent(endpoint: Endpoint, cursor: Cursor | None, now: datetime) -> bool:
    return cursor is not None and now - cursor.at < _RECENT[endpoint.name]


def _repeats(cursor: Cursor | None, part: Pages) -> bool:
    """Whether the row of the last sync is on one of the pages."""
    return cursor is not None and any(
        cursor.id == row.id for payload in part.payloads for row in rows_of(payload, bill_row)
    )


def rows_of(payload: Payload, read: Callable[[Node], Row]) -> list[Row]:
    """Identity and instant of each row of an answer, in the venue's order."""
    try:
        return [read(node) for node in read_json(payload.body).field("data").items()]
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"okx {payload.evidence.endpoint}: {error.message}") from error


def bill_row(node: Node) -> Row:
    """A fill's or bill's number, by which pages turn."""
    number = node.text("billId")
    if not (number.isascii() and number.isdigit() and len(number) < 40):
        raise node.wrong("billId is not a number")
    return Row(node.instant("ts"), number)


def deposit_row(node: Node) -> Row:
    """A deposit's identity and instant."""
    return Row(node.instant("ts"), node.text("depId"))


def lending_row(node: Node) -> Row:
    """An hour's lending of one coin, and its instant."""
    return Row(node.instant("ts"), lending_id(node))


def withdrawal_row(node: Node) -> Row:
    """A withdrawal's identity and instant."""
    return Row(node.instant("ts"), node.text("wdId"))
