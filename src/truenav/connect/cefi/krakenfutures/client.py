"""Kraken Futures' requests: signed reads, and the log's pages, which meet in a burst of lines."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from truenav.connect.asking import Endpoint, Outgoing, Params, Signed, Signer, always
from truenav.connect.cefi.krakenfutures.log import NOTE, LogNotes, executions, write_notes
from truenav.connect.cefi.krakenfutures.terms import instant
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import read_json
from truenav.connect.errors import IncompletePagesError, KeyRevokedError, MalformedPayloadError
from truenav.connect.gathering import Pages, Parts, Row
from truenav.connect.transport import Transport
from truenav.core.clock import to_milliseconds

LOG_PAGE = 1000
PAGES_A_GATHERING = 10
"""Pages of the log in one gathering, for ten minutes allow little; the rest follows later."""
SETTLED = timedelta(seconds=1)
"""After which all lines of a fill are in the log."""
BURST = timedelta(seconds=1)
"""Lines of one fill bear one instant; what is so close to a page's last line may go on on the next page."""
FILL_PAGES = 50
"""Lists of a hundred fills for one page of the log: more than it can hold."""
_BEFORE_THE_PATH = "/derivatives"
"""The part of a path that is not signed."""


TIME = Endpoint("time/1", "/derivatives/api/v3/tickers/PI_XBTUSD", "public")
INSTRUMENTS = Endpoint("instruments/1", "/derivatives/api/v3/instruments", "public")
TICKERS = Endpoint("tickers/1", "/derivatives/api/v3/tickers", "public")
KEY = Endpoint("key/1", "/api/auth/v1/api-keys/v3/check", "private")
ACCOUNTS = Endpoint("accounts/1", "/derivatives/api/v3/accounts", "private", weight=2)
POSITIONS = Endpoint("positions/1", "/derivatives/api/v3/openpositions", "private", weight=2)
ORDERS = Endpoint("orders/1", "/derivatives/api/v3/openorders", "private", weight=2)
FILLS = Endpoint("fills/1", "/derivatives/api/v3/fills", "private", weight=25)
LOG = Endpoint("log/1", "/api/history/v3/account-log", "history", weight=3)


def signature(secret: str, text: str) -> str:
    """HMAC-SHA512 of a SHA-256, in base64, as is the secret; raises ``KeyRevokedError`` where it is not."""
    try:
        private = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        raise KeyRevokedError(
            "the secret is not the base64 text that the venue shows; copy it again."
        ) from None
    digest = hashlib.sha256(text.encode()).digest()
    return base64.b64encode(hmac.new(private, digest, hashlib.sha512).digest()).decode()


def signer(credentials: Credentials) -> Signer:
    """Kraken Futures' ``Authent``: the signature of query and path, without the optional nonce."""

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        del method, now
        query = urlencode(params)
        mark = signature(credentials.secret, query + path.removeprefix(_BEFORE_THE_PATH))
        return Signed(query, {"APIKey": credentials.key, "Authent": mark})

    return sign


@dataclass(frozen=True, slots=True)
class FuturesClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Payload:
        """One answer of an endpoint."""
        return await self.api.get(
            endpoint, params, signer=signer(self.credentials) if self.credentials else None
        )

    async def key(self) -> Payload:
        """What the key is; the answer repeats it, so it is not archived."""
        credentials = self.credentials
        if credentials is None:
            raise KeyError("a check belongs to a key")
        url = (self.api.base_url or self.api.manifest.hosts["api"]).rstrip("/") + KEY.path

        def prepare(now: datetime) -> Outgoing:
            return Outgoing("GET", url, url, headers=signer(credentials)("GET", KEY.path, (), now).headers)

        return await self.api.send(
            KEY.name, KEY.path, prepare, budget=KEY.budget, repeatable=True, secret=always
        )

    async def log(self, cursor: Cursor | None, since: datetime) -> Parts:
        """The log since the cursor, oldest first, each page noted with the orders of its fills.

        Each page begins with the burst of lines that ended the one before, and so does the next sync: a fill
        whose lines were parted by a page is stated by the page that has all of them.
        """
        end = self.api.now() + self.api.gate.clock_offset - SETTLED
        params = {"sort": "asc", "count": str(LOG_PAGE), "before": str(to_milliseconds(end))}
        for _ in range(PAGES_A_GATHERING):
            asked = {"from": cursor.id} if cursor else {"since": str(to_milliseconds(since))}
            payload = await self.get(LOG, {**params, **asked})
            rows = _log_rows(payload)
            if cursor and cursor.id not in {row.id for row in rows}:
                raise IncompletePagesError(
                    f"krakenfutures {LOG.name}: line {cursor.id} does not come again; nothing is taken."
                )
            full = len(rows) >= LOG_PAGE
            last = _burst(rows) if rows else None
            if full and last is not None and cursor and last.id == cursor.id:
                raise IncompletePagesError(f"krakenfutures {LOG.name}: one second has {LOG_PAGE} lines.")
            cursor = None if last is None else Cursor(last.id, last.at)
            yield Pages(await self._with_orders(payload, last if full else None), cursor, more=full)
            if not full:
                return

    async def _with_orders(self, payload: Payload, until: Row | None) -> tuple[Payload, ...]:
        """A page of the log with its note, and the lists of fills that told the orders."""
        booked = executions(payload.body)
        answers = await self._fills(min(booked.values()), max(booked.values())) if booked else []
        orders = {
            fill.text("fill_id"): (fill.text_or("order_id"), fill.text_or("cliOrdId"))
            for answer in answers
            for fill in read_json(answer.body).field("fills").items()
            if fill.text("fill_id") in booked
        }
        note = write_notes(LogNotes(orders, None if until is None else int(until.id)))
        return (*answers, await self.api.note(payload, NOTE, note))

    async def _fills(self, oldest: datetime, newest: datetime) -> list[Payload]:
        """Fills between two instants, from new to old; each page begins with what ended the one before."""
        answers: list[Payload] = []
        until = newest
        for _ in range(FILL_PAGES):
            bound = (until + timedelta(milliseconds=1)).isoformat(timespec="milliseconds")
            answers.append(await self.get(FILLS, {"lastFillTime": bound.replace("+00:00", "Z")}))
            found = [instant(row, "fillTime") for row in read_json(answers[-1].body).field("fills").items()]
            if not found or min(found) >= until or min(found) < oldest:
                break
            until = min(found)
        return answers


def _burst(rows: list[Row]) -> Row:
    """The first line of those that end a page together."""
    end = max(rows).at - BURST
    return next(row for row in rows if row.at >= end)


def _log_rows(payload: Payload) -> list[Row]:
    """Number and instant of each line, the oldest first."""
    try:
        lines = read_json(payload.body).field("logs").items()
        rows = [Row(instant(one, "date"), one.text("id")) for one in lines]
        return sorted(rows, key=lambda row: int(row.id))
    except (MalformedPayloadError, ValueError) as error:
        raise MalformedPayloadError(f"krakenfutures {payload.evidence.endpoint}: {error}") from error
