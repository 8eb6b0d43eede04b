"""Fireblocks: vaults by page, transactions by the time they were made, approvals by policy groups."""

from __future__ import annotations

import asyncio
import re
import textwrap
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

from truenav.connect.asking import Endpoint, Params, Signed, Signer
from truenav.connect.contract import Credentials, Cursor, Manifest, ParseContext, Parser, Payload
from truenav.connect.custody.connector import CustodyConnector, Step, cursor_name
from truenav.connect.custody.contract import Approval, Vault
from truenav.connect.custody.fireblocks.manifest import MANIFEST
from truenav.connect.custody.fireblocks.parse import DEAD, DONE, PARSERS, VENUE, created
from truenav.connect.custody.moves import asset_named, noted
from truenav.connect.custody.pages import Page, held_back, turn
from truenav.connect.document import Node, read_json
from truenav.connect.errors import KeyRevokedError
from truenav.connect.gathering import Pages, Row, follow
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.clock import to_milliseconds
from truenav.core.money import Amount

VAULTS = "/v1/vault/accounts_paged"
TRANSACTIONS = "/v1/transactions"
PAGE = 500
_PEM = re.compile(r"-----BEGIN (?P<what>[A-Z ]+)-----(?P<body>[A-Za-z0-9+/=\s]+)-----END (?P=what)-----")


class FireblocksConnector(CustodyConnector):
    """Reads the vault accounts of a workspace."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    async def vaults(self, api: Transport, credentials: Credentials) -> tuple[Vault, ...]:
        """All vault accounts of the workspace."""
        pages = await _vault_pages(api, await signer(credentials), ())
        rows = [row for one in pages.payloads for row in read_json(one.body).field("accounts").items()]
        return tuple(Vault(row.text("id"), row.text_or("name")) for row in rows)

    async def balances(
        self, api: Transport, credentials: Credentials, wallets: tuple[str, ...]
    ) -> list[Step]:
        """One list of all vault accounts with their assets."""
        return [("vaults/1", _vault_pages(api, await signer(credentials), wallets))]

    async def transactions(
        self,
        api: Transport,
        credentials: Credentials,
        wallets: tuple[str, ...],
        cursors: Mapping[str, Cursor],
        since: datetime,
    ) -> list[Step]:
        """One list of all transactions of the workspace, by the time they were made."""
        name = cursor_name("transactions/1", wallets)
        return [(name, _history(api, await signer(credentials), wallets, cursors.get(name), since))]

    async def approvals(
        self, api: Transport, account: Account, credentials: Credentials, context: ParseContext
    ) -> tuple[Approval, ...]:
        """Transactions that wait for the groups of the authorisation policy."""
        params = {
            "status": "PENDING_AUTHORIZATION",
            "orderBy": "createdAt",
            "sort": "ASC",
            "limit": str(PAGE),
        }
        payload = await _ask(api, await signer(credentials), "transactions/1", TRANSACTIONS, params)
        found = [_approval(row, context) for row in read_json(payload.body).items()]
        return tuple(one for one in found if one.vault in account.wallets)


async def signer(credentials: Credentials) -> Signer:
    """The vendor's own token for each request."""
    module = await asyncio.to_thread(_token_module)
    provider: Any = module.BearerTokenProvider(credentials.key, _lines(credentials.secret))

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        del now
        query = urlencode(params)
        try:
            token = provider.get_token(method, f"{path}?{query}" if query else path, None)
        except Exception as error:  # the vendor's package raises whatever its key reader does
            raise KeyRevokedError(
                "fireblocks: the secret is no RSA key in PEM form; enter the text of the key file, with its "
                "first and last line."
            ) from error
        return Signed(query, {"Authorization": f"Bearer {token}", "X-API-Key": credentials.key})

    return sign


@cache
def _token_module() -> ModuleType:
    """The one file of the vendor's package that signs.

    Loaded by itself: the package's beginning loads two thousand models, which takes seconds and a hundred
    megabytes that nothing here needs.
    """
    package = find_spec("fireblocks")
    assert package is not None
    assert package.origin is not None
    place = Path(package.origin).with_name("bearer_token_provider.py")
    spec = spec_from_file_location("truenav_fireblocks_token", place)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _lines(pem: str) -> str:
    """A PEM text with its line ends, which a field for passwords takes away."""
    found = _PEM.fullmatch(pem.strip())
    if found is None:
        return pem
    body = "\n".join(textwrap.wrap("".join(found["body"].split()), 64))
    return f"-----BEGIN {found['what']}-----\n{body}\n-----END {found['what']}-----\n"


async def _ask(api: Transport, sign: Signer, endpoint: str, path: str, params: Mapping[str, str]) -> Payload:
    return await api.get(Endpoint(endpoint, path, endpoint.partition("/")[0]), params, signer=sign)


async def _vault_pages(api: Transport, sign: Signer, wallets: tuple[str, ...]) -> Pages:
    async def ask(token: str) -> Page:
        after = {"after": token} if token else {}
        payload = await _ask(api, sign, "vaults/1", VAULTS, {"limit": str(PAGE), **after})
        document = read_json(payload.body)
        rows = tuple(
            Row(payload.evidence.answered_at, row.text("id")) for row in document.field("accounts").items()
        )
        paging = document.maybe("paging")
        following = "" if paging is None else paging.text_or("after")
        return Page(await noted(api, payload, wallets), rows, following=following)

    return Pages((await turn(ask, None, what=f"{VENUE} vaults")).payloads)


async def _history(
    api: Transport, sign: Signer, wallets: tuple[str, ...], cursor: Cursor | None, since: datetime
) -> Pages:
    under_way: list[Row] = []

    async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
        # "after" excludes its own instant: one millisecond earlier keeps the last row on the page.
        start = to_milliseconds(since if last is None else last.at) - 1
        params = {"after": str(start), "orderBy": "createdAt", "sort": "ASC", "limit": str(PAGE)}
        payload = await _ask(api, sign, "transactions/1", TRANSACTIONS, params)
        nodes = list(read_json(payload.body).items())
        under_way.extend(_row(node) for node in nodes if node.text("status") not in {DONE, *DEAD})
        return await noted(api, payload, wallets), [_row(node) for node in nodes]

    pages = await follow(ask, cursor, limit=PAGE, what=f"{VENUE} transactions")
    return held_back(pages, under_way)


def _row(node: Node) -> Row:
    return Row(created(node), node.text("id"))


def _approval(row: Node, context: ParseContext) -> Approval:
    source, destination, info = row.maybe("source"), row.maybe("destination"), row.maybe("amountInfo")
    at = created(row)
    amount = None
    if info is not None and info.text_or("amount"):
        asset = asset_named(context, VENUE, row.text("assetId"), at)
        amount = Amount(info.decimal("amount"), asset)
    answers = _answers(row)
    return Approval(
        id=row.text("id"),
        vault=source.text_or("id") if source is not None else "",
        amount=amount,
        destination=(destination.text_or("name") if destination is not None else "")
        or row.text_or("destinationAddress"),
        status=row.text("status"),
        since=at,
        waiting_for=tuple(user for user, answer in answers if answer.startswith("PENDING")),
        approved_by=tuple(user for user, answer in answers if answer == "APPROVED"),
    )


def _answers(row: Node) -> list[tuple[str, str]]:
    """Who is in the policy's groups, and what each has answered."""
    policy = row.maybe("authorizationInfo")
    groups = policy.maybe("groups") if policy is not None else None
    users = [group.maybe("users") for group in groups.items()] if groups is not None else []
    return sorted(
        {
            (str(user), one.text(user))
            for one in users
            if one is not None and isinstance(one.value, dict)
            for user in one.value
        }
    )


CONNECTOR = FireblocksConnector()
