"""BitMEX's requests: signing, paths, budgets, and histories that prove they are whole."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from truenav.connect.asking import Endpoint, Outgoing, Params, Signed, Signer, always
from truenav.connect.cefi.bitmex.answers import moment
from truenav.connect.cefi.bitmex.ledger import DUE, EXECUTED, SESSION, Due, entry, executed
from truenav.connect.cefi.bitmex.units import UNITS, Units
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError
from truenav.connect.gathering import MAX_PAGES, Pages, Row
from truenav.connect.transport import Transport
from truenav.core.clock import instant_text

GOOD_FOR = timedelta(seconds=60)
"""How long a signed request is accepted."""
PAGE = 500
LEDGER_PAGE = 1000
OVERLAP = 10
"""Rows that a page repeats of the last one."""
MARGIN = timedelta(seconds=1)
"""How much sooner a page of executions begins than its first row: their two instants differ by less."""
LATE = timedelta(days=2)
"""How much of the wallet's history is read again: rows are dated by when they came to rest."""


TIME = Endpoint("time/1", "/api/v1", "public")
ASSETS = Endpoint("assets/1", "/api/v1/wallet/assets", "public")
INSTRUMENTS = Endpoint("instruments/1", "/api/v1/instrument", "public")
ACTIVE = Endpoint("active/1", "/api/v1/instrument/active", "public")
KEYS = Endpoint("keys/1", "/api/v1/apiKey", "private")
WALLETS = Endpoint("wallets/1", "/api/v1/user/wallet", "private")
MARGINS = Endpoint("margins/1", "/api/v1/user/margin", "private")
POSITIONS = Endpoint("positions/1", "/api/v1/position", "private")
ORDERS = Endpoint("orders/1", "/api/v1/order", "private")
EXECUTIONS = Endpoint("executions/1", "/api/v1/execution/tradeHistory", "private")
LEDGER = Endpoint("wallet-history/1", "/api/v1/user/walletHistory", "private")
BALANCES = "balances/1"
"""Wallets and margins joined."""


def signer(credentials: Credentials) -> Signer:
    """BitMEX's signature: HMAC-SHA256 of method, path with query and expiry, in hexadecimal."""

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        query = urlencode(params)
        expires = str(int((now + GOOD_FOR).timestamp()))
        target = f"{path}?{query}" if query else path
        digest = signature(credentials, f"{method}{target}{expires}")
        headers = {"api-key": credentials.key, "api-expires": expires, "api-signature": digest}
        return Signed(query, headers)

    return sign


def signature(credentials: Credentials, text: str) -> str:
    """HMAC-SHA256 of verb, target and expiry, in hexadecimal."""
    return hmac.new(credentials.secret.encode(), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class BitmexClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Payload:
        """One answer of an endpoint."""
        return await self.api.get(
            endpoint, params, signer=signer(self.credentials) if self.credentials else None
        )

    async def keys(self) -> list[Node]:
        """The owner's keys as the venue lists them; such an answer has room for secrets and is not kept."""
        if self.credentials is None:
            raise KeyError("keys belong to an owner")
        sign = signer(self.credentials)
        url = (self.api.base_url or self.api.manifest.hosts["api"]).rstrip("/") + KEYS.path

        def prepare(now: datetime) -> Outgoing:
            return Outgoing("GET", url, url, (), sign("GET", KEYS.path, (), now).headers)

        answer = await self.api.send(
            KEYS.name, KEYS.path, prepare, budget=KEYS.budget, repeatable=True, secret=always
        )
        return listed(answer)

    async def money(
        self, endpoint: Endpoint, units: Units, params: Mapping[str, str] | None = None
    ) -> Payload:
        """One answer that holds money, with its units noted."""
        payload = await self.get(endpoint, params)
        return await self.api.note(payload, UNITS, units.within(payload.body))

    async def balances(self, units: Units) -> Payload:
        """Wallets and margins of all currencies as one answer."""
        wallets = await self.get(WALLETS, {"currency": "all"})
        margins = await self.get(MARGINS, {"currency": "all"})
        joined = await self.api.join(BALANCES, (wallets, margins))
        return await self.api.note(joined, UNITS, units.within(joined.body))

    async def contracts(self, units: Units, kinds: Iterable[str]) -> Pages:
        """All markets of these kinds there ever were, settled and delisted ones, too."""
        chosen = json.dumps({"typ": list(kinds)}, separators=(",", ":"))
        payloads: list[Payload] = []
        last = ""
        for _ in range(MAX_PAGES):
            start = len(payloads) * (PAGE - OVERLAP)
            params = {"filter": chosen, "count": str(PAGE), "start": str(start)}
            payload = await self.money(INSTRUMENTS, units, params)
            names = [row.text("symbol") for row in listed(payload)]
            if not names or (last and last not in names):
                raise IncompletePagesError("bitmex: a page of the list of instruments is missing.")
            payloads.append(payload)
            last = names[-1]
            if len(names) < PAGE:
                return Pages(tuple(payloads))
        raise IncompletePagesError(f"bitmex: the list of instruments has more than {MAX_PAGES} pages.")

    async def executions(
        self, units: Units, cursor: Cursor | None, since: datetime, *, reach: datetime
    ) -> Pages:
        """Executions since the cursor, or since ``reach`` before it, oldest first.

        Each page repeats rows of the last one. It begins with an instant, and where one instant has very many
        rows, further on in them. After ``MAX_PAGES`` the rest follows at the next gathering; a cursor that
        was not reached by then stays.
        """
        begin, offset = min(since if cursor is None else cursor.at, reach) - MARGIN, 0
        payloads: list[Payload] = []
        last: Row | None = None
        found = cursor is None
        for _ in range(MAX_PAGES):
            params = {
                "startTime": instant_text(begin),
                "start": str(offset),
                "count": str(PAGE),
                "reverse": "false",
            }
            payload = await self.money(EXECUTIONS, units, params)
            rows = [Row(moment(row, "timestamp"), row.text("execID")) for row in listed(payload)]
            if last is not None and last not in rows:
                raise _gap(EXECUTIONS, last.id)
            payloads.append(payload)
            found = found or any(cursor is not None and row.id == cursor.id for row in rows)
            last = rows[-1] if rows else last
            if len(rows) < PAGE or last is None:
                break
            following = last.at - MARGIN
            if sum(row.at >= following for row in rows) < PAGE // 2:
                begin, offset = following, 0
            else:
                offset += PAGE - OVERLAP
        else:
            moved = Cursor(last.id, last.at) if found and last is not None else None
            return Pages(tuple(payloads), moved, more=True)
        if cursor is not None and not found:
            raise _gap(EXECUTIONS, cursor.id)
        return Pages(tuple(payloads), None if last is None else Cursor(last.id, last.at))

    async def ledger(self, units: Units, cursor: Cursor | None, since: datetime) -> Pages:
        """The wallet's history, newest first, until a while before the cursor (else until ``since``).

        A page that brings nothing new is the end of it, as it repeats rows of the last one.
        """
        until = due_from(cursor, since)
        payloads: list[Payload] = []
        seen: set[str] = set()
        newest: Row | None = None
        last, offset = "", 0
        for _ in range(MAX_PAGES):
            params = {"currency": "all", "count": str(LEDGER_PAGE), "start": str(offset), "reverse": "true"}
            payload = await self.money(LEDGER, units, params)
            nodes = listed(payload)
            keys = [_ledger_key(row) for row in nodes]
            if last and last not in keys:
                raise _gap(LEDGER, last)
            done = [Row(one.at, one.id) for one in map(entry, nodes) if one is not None]
            newest = max([*done, *([newest] if newest else [])], default=None)
            if not set(keys) - seen:
                break
            payloads.append(payload)
            seen.update(keys)
            if done and min(done).at < until:
                break
            last, offset = keys[-1], offset + max(1, len(keys) - OVERLAP)
        else:
            raise IncompletePagesError(f"bitmex {LEDGER.name}: more than {MAX_PAGES} pages.")
        if cursor is not None and not any(key.startswith(cursor.id) for key in seen):
            raise _gap(LEDGER, cursor.id)
        return Pages(tuple(payloads), None if newest is None else Cursor(newest.id, newest.at))

    async def with_executions(
        self, ledger: Pages, executions: Pages, cursor: Cursor | None, since: datetime
    ) -> Pages:
        """Pages of the ledger, noted with what executions told of its rows that are due.

        Both must reach equally far: a row of an order that has no execution shows that some are missing.
        Where executions go on behind those that were read, later rows wait.
        """
        rows = {row.text("execID"): row for page in executions.payloads for row in listed(page)}
        end = max(moment(row, "timestamp") for row in rows.values()) - MARGIN if executions.more else None
        due = Due(due_from(cursor, since), end)
        pages = [[one for row in listed(page) if (one := entry(row))] for page in ledger.payloads]
        stated = [[one for one in page if one in due] for page in pages]
        orders = {row.text_or("orderID") for row in rows.values()}
        missing = {one.order for page in stated for one in page if one.order} - orders
        if missing:
            raise IncompletePagesError(
                f"bitmex {LEDGER.name}: it tells of the order {min(missing)}, of which no execution is "
                "told; the next gathering reads both again."
            )
        told = executed([one for page in pages for one in page], rows.values())
        noted = []
        for page, entries in zip(ledger.payloads, stated, strict=True):
            text = ",".join(
                f"{name}={told[name]}" for name in sorted({one.id for one in entries} & told.keys())
            )
            noted.append(await self.api.note(await self.api.note(page, DUE, str(due)), EXECUTED, text))
        if end is None:
            return Pages(tuple(noted), ledger.cursor)
        read = [Row(one.at, one.id) for page in stated for one in page]
        newest = max((one for one in read if cursor is None or one.at > cursor.at), default=None)
        return Pages(tuple(noted), None if newest is None else Cursor(newest.id, newest.at), more=True)


def due_from(cursor: Cursor | None, since: datetime) -> datetime:
    """From when the ledger is read: a while before the cursor, for rows that came to rest late."""
    return since if cursor is None else cursor.at - LATE


def reach_of(ledger: Pages, since: datetime, default: datetime) -> datetime:
    """From when executions must be read so that the rows of the ledger since then can be told of them."""
    rows = [one for page in ledger.payloads for row in listed(page) if (one := entry(row))]
    first = min((one.asked_at for one in rows if one.at >= since), default=None)
    return default if first is None else first - SESSION


def _ledger_key(row: Node) -> str:
    """A row's identity; one that is under way has no number of its own."""
    return "|".join(row.text_or(name) for name in ("transactID", "transactType", "currency", "timestamp"))


def _gap(endpoint: Endpoint, row: str) -> IncompletePagesError:
    return IncompletePagesError(
        f"bitmex {endpoint.name}: row {row[:60]} of the last page or sync does not repeat; nothing of this "
        "endpoint is taken, the next gathering reads it again."
    )


def listed(payload: Payload) -> list[Node]:
    """The rows of an answer; a malformed one is refused with its endpoint."""
    try:
        return list(read_json(payload.body).items())
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"bitmex {payload.evidence.endpoint}: {error.message}") from error
