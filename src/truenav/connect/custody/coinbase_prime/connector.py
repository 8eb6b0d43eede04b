"""Coinbase Prime: one list of balances, transactions and fills for each portfolio of the account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from typing import Any
from urllib.parse import quote, urlencode

from truenav.connect.asking import Endpoint, Params, Signed, Signer
from truenav.connect.contract import Credentials, Cursor, Manifest, ParseContext, Parser, Payload
from truenav.connect.custody.coinbase_prime.manifest import MANIFEST
from truenav.connect.custody.coinbase_prime.parse import DEAD, DONE, PARSERS, VENUE, instant
from truenav.connect.custody.connector import CustodyConnector, Step
from truenav.connect.custody.contract import Approval, Vault
from truenav.connect.custody.moves import noted
from truenav.connect.custody.pages import Page, turn
from truenav.connect.document import Node, read_json
from truenav.connect.gathering import Pages, Row
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.clock import instant_text

PAGE = 500
PORTFOLIOS = Endpoint("portfolios/1", "/v1/portfolios", "portfolio")


class CoinbasePrimeConnector(CustodyConnector):
    """Reads the portfolios of a Prime entity."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    async def vaults(self, api: Transport, credentials: Credentials) -> tuple[Vault, ...]:
        """All portfolios that the key can see."""
        sign = await signer(credentials)
        payload = await api.get(PORTFOLIOS, signer=sign)
        rows = read_json(payload.body).field("portfolios").items()
        return tuple(Vault(row.text("id"), row.text_or("name")) for row in rows)

    async def balances(
        self, api: Transport, credentials: Credentials, wallets: tuple[str, ...]
    ) -> list[Step]:
        """The total of trading, vault and custody balances of each portfolio."""
        sign = await signer(credentials)
        return [("balances/1", _balances(api, sign, portfolio)) for portfolio in wallets]

    async def transactions(
        self,
        api: Transport,
        credentials: Credentials,
        wallets: tuple[str, ...],
        cursors: Mapping[str, Cursor],
        since: datetime,
    ) -> list[Step]:
        """Transactions and fills of each portfolio; each list has a cursor of its own."""
        sign = await signer(credentials)
        steps: list[Step] = []
        for portfolio in wallets:
            for name, (rows, start) in _LISTS.items():
                key = f"{name}@{portfolio}"
                cursor = cursors.get(key)
                steps.append((key, _history(api, sign, portfolio, name, rows, start, cursor, since)))
        return steps

    async def approvals(
        self, api: Transport, account: Account, credentials: Credentials, context: ParseContext
    ) -> tuple[Approval, ...]:
        """Transactions under way whose activity shows who has acted; Prime does not name who must still."""
        del context
        sign = await signer(credentials)
        found = [await _activities(api, sign, portfolio) for portfolio in account.wallets]
        return tuple(sorted((one for some in found for one in some), key=lambda one: (one.since, one.id)))


_LISTS: Mapping[str, tuple[str, str]] = {
    "transactions/1": ("transactions", "start_time"),
    "fills/1": ("fills", "start_date"),
}
"""Endpoint to the field of its rows and the parameter where it begins (that instant included)."""


async def signer(credentials: Credentials) -> Signer:
    """The vendor's own headers for each request; its package is loaded at first need."""
    module = await asyncio.to_thread(import_module, "prime_sdk.client")
    parts = await asyncio.to_thread(import_module, "prime_sdk.credentials")
    client: Any = module.Client(
        parts.Credentials(credentials.key, credentials.passphrase, credentials.secret)
    )

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        del now
        return Signed(urlencode(params), client.generate_headers(method, path))

    return sign


async def _get(
    api: Transport, sign: Signer, endpoint: str, portfolio: str, params: Mapping[str, str]
) -> Payload:
    path = f"/v1/portfolios/{quote(portfolio, '')}/{endpoint.partition('/')[0]}"
    return await api.get(Endpoint(endpoint, path, "portfolio"), params, signer=sign)


async def _balances(api: Transport, sign: Signer, portfolio: str) -> Pages:
    payload = await _get(api, sign, "balances/1", portfolio, {"balance_type": "TOTAL_BALANCES"})
    return Pages((await noted(api, payload, (portfolio,)),))


async def _history(
    api: Transport,
    sign: Signer,
    portfolio: str,
    name: str,
    rows: str,
    start: str,
    cursor: Cursor | None,
    since: datetime,
) -> Pages:
    begin = since if cursor is None else cursor.at

    async def ask(token: str) -> Page:
        params = {start: instant_text(begin), "sort_direction": "ASC", "limit": str(PAGE)}
        payload = await _get(api, sign, name, portfolio, {**params, **({"cursor": token} if token else {})})
        document = read_json(payload.body)
        nodes = list(document.field(rows).items())
        under_way = tuple(_row(node) for node in nodes if _is_under_way(node))
        following = _following(document)
        payload = await noted(api, payload, (portfolio,))
        return Page(payload, tuple(_row(node) for node in nodes), under_way, following)

    return await turn(ask, cursor, what=f"{VENUE} {rows} of {portfolio}")


def _row(node: Node) -> Row:
    return Row(instant(node, "created_at" if node.maybe("created_at") else "time"), node.text("id"))


def _is_under_way(node: Node) -> bool:
    return node.text_or("status") not in {"", *DONE, *DEAD}


def _following(document: Node) -> str:
    pagination = document.maybe("pagination")
    if pagination is None or not pagination.flag("has_next"):
        return ""
    return pagination.text("next_cursor")


async def _activities(api: Transport, sign: Signer, portfolio: str) -> list[Approval]:
    params = {
        "categories": "ACTIVITY_CATEGORY_TRANSACTION",
        "statuses": "ACTIVITY_STATUS_PROCESSING",
        "sort_direction": "ASC",
        "limit": str(PAGE),
    }
    payload = await _get(api, sign, "activities/1", portfolio, params)
    return [_approval(row, portfolio) for row in read_json(payload.body).field("activities").items()]


def _approval(row: Node, portfolio: str) -> Approval:
    actions = row.maybe("user_actions")
    done = [] if actions is None else list(actions.items())
    return Approval(
        id=row.text_or("reference_id") or row.text("id"),
        vault=portfolio,
        amount=None,
        destination=row.text_or("title"),
        status=row.text("status"),
        since=instant(row, "created_at"),
        approved_by=tuple(one.text("user_id") for one in done if "APPROVE" in one.text("action")),
    )


CONNECTOR = CoinbasePrimeConnector()
