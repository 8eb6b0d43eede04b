"""Cobo: wallets, their tokens, and transactions, each request signed with the organisation's Ed25519 key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from truenav.connect.asking import Endpoint, Params, Signed, Signer
from truenav.connect.contract import Credentials, Cursor, Manifest, ParseContext, Parser, Payload
from truenav.connect.custody.cobo.manifest import MANIFEST
from truenav.connect.custody.cobo.parse import DEAD, DONE, PARSERS, VENUE
from truenav.connect.custody.connector import CustodyConnector, Step, cursor_name
from truenav.connect.custody.contract import Approval, Vault
from truenav.connect.custody.moves import asset_named, noted
from truenav.connect.custody.pages import Page, Turn, turn
from truenav.connect.custody.refusals import refusal
from truenav.connect.document import Node, read_json
from truenav.connect.errors import KeyRevokedError, VenueError
from truenav.connect.gathering import Pages, Row
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.clock import to_milliseconds
from truenav.core.money import Amount

WALLETS = "/v2/wallets"
TRANSACTIONS = "/v2/transactions"
APPROVALS = "/v2/transactions/approval_details"
PAGE = 50


class CoboConnector(CustodyConnector):
    """Reads the wallets of an organisation."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """Cobo words its errors in ``error_message``."""
        return refusal(status, body, says="error_message")

    async def vaults(self, api: Transport, credentials: Credentials) -> tuple[Vault, ...]:
        """All wallets that the key can see."""
        pages = await turn(
            _list(api, signer(credentials), "wallets/1", WALLETS, {}), None, what="cobo wallets"
        )
        rows = [row for one in pages.payloads for row in read_json(one.body).field("data").items()]
        return tuple(Vault(row.text("wallet_id"), row.text_or("name")) for row in rows)

    async def balances(
        self, api: Transport, credentials: Credentials, wallets: tuple[str, ...]
    ) -> list[Step]:
        """The tokens of each wallet, all pages as one."""
        sign = signer(credentials)
        return [("tokens/1", _tokens(api, sign, wallet)) for wallet in wallets]

    async def transactions(
        self,
        api: Transport,
        credentials: Credentials,
        wallets: tuple[str, ...],
        cursors: Mapping[str, Cursor],
        since: datetime,
    ) -> list[Step]:
        """One list of the transactions of all wallets, by the time they were made."""
        name = cursor_name("transactions/1", wallets)
        cursor = cursors.get(name)
        start = since if cursor is None else cursor.at
        params = {"wallet_ids": ",".join(wallets), "min_created_timestamp": str(to_milliseconds(start))}
        ask = _list(api, signer(credentials), "transactions/1", TRANSACTIONS, params, wallets)
        return [(name, turn(ask, cursor, what=f"{VENUE} transactions"))]

    async def approvals(
        self, api: Transport, account: Account, credentials: Credentials, context: ParseContext
    ) -> tuple[Approval, ...]:
        """Transactions that wait for spenders and approvers."""
        sign = signer(credentials)
        params = {"wallet_ids": ",".join(account.wallets), "statuses": "PendingAuthorization"}
        pages = await turn(
            _list(api, sign, "transactions/1", TRANSACTIONS, params), None, what=f"{VENUE} approvals"
        )
        rows = [row for one in pages.payloads for row in read_json(one.body).field("data").items()]
        if not rows:
            return ()
        ids = {"transaction_ids": ",".join(row.text("transaction_id") for row in rows)}
        answer = await api.get(Endpoint("approvals/1", APPROVALS, "requests"), ids, signer=sign)
        details = {one.text("transaction_id"): one for one in read_json(answer.body).field("data").items()}
        return tuple(_approval(row, details.get(row.text("transaction_id")), context) for row in rows)


def signer(credentials: Credentials) -> Signer:
    """Ed25519 over the doubled SHA-256 of method, path, milliseconds, query and body, joined by bars."""
    try:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(credentials.secret))
    except ValueError as error:
        raise KeyRevokedError(
            "cobo: the secret is no Ed25519 private key of 64 hexadecimal digits; enter it as it was made."
        ) from error
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
    if credentials.key.strip().lower() != public:
        raise KeyRevokedError("cobo: the key is not the public half of the secret; enter both of one pair.")

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        query, stamp = urlencode(params), str(to_milliseconds(now))
        message = f"{method}|{path}|{stamp}|{query}|".encode()
        digest = hashlib.sha256(hashlib.sha256(message).digest()).digest()
        headers = {
            "Biz-Api-Key": public,
            "Biz-Api-Nonce": stamp,
            "Biz-Api-Signature": key.sign(digest).hex(),
        }
        return Signed(query, headers)

    return sign


def _list(
    api: Transport,
    sign: Signer,
    endpoint: str,
    path: str,
    params: Mapping[str, str],
    wallets: tuple[str, ...] = (),
) -> Turn:
    """Asks for one page of a list after another; the vendor gives the token of the next."""

    async def ask(token: str) -> Page:
        after = {"after": token} if token else {}
        given = {**params, "direction": "ASC", "limit": str(PAGE), **after}
        payload = await api.get(Endpoint(endpoint, path, "requests"), given, signer=sign)
        document = read_json(payload.body)
        nodes = list(document.field("data").items())
        rows = tuple(_row(node, payload) for node in nodes)
        under_way = tuple(
            row
            for row, node in zip(rows, nodes, strict=True)
            if node.text_or("status") not in {"", DONE, *DEAD}
        )
        pagination = document.maybe("pagination")
        following = "" if pagination is None else pagination.text_or("after")
        if wallets:
            payload = await noted(api, payload, wallets)
        return Page(payload, rows, under_way, following)

    return ask


def _row(node: Node, payload: Payload) -> Row:
    """A transaction, wallet or token by its own id."""
    if node.maybe("transaction_id") is not None:
        return Row(node.instant("created_timestamp"), node.text("transaction_id"))
    return Row(payload.evidence.answered_at, node.text_or("token_id") or node.text("wallet_id"))


async def _tokens(api: Transport, sign: Signer, wallet: str) -> Pages:
    ask = _list(api, sign, "tokens/1", f"{WALLETS}/{quote(wallet, '')}/tokens", {})
    pages = await turn(ask, None, what=f"{VENUE} tokens of {wallet}")
    whole = await api.join(pages.payloads[0].evidence.endpoint, pages.payloads)
    return Pages((await noted(api, whole, (wallet,)),))


def _approval(row: Node, detail: Node | None, context: ParseContext) -> Approval:
    at, destination = row.instant("created_timestamp"), row.field("destination")
    output = destination.maybe("account_output")
    sent = output if output is not None else destination
    amount = None
    if sent.text_or("amount"):
        amount = Amount(sent.decimal("amount"), asset_named(context, VENUE, row.text("token_id"), at))
    answers = [] if detail is None else _answers(detail)
    return Approval(
        id=row.text("transaction_id"),
        vault=row.text("wallet_id"),
        amount=amount,
        destination=sent.text_or("address") or destination.text_or("wallet_id"),
        status=row.text("status"),
        since=at,
        waiting_for=tuple(who for who, answer in answers if answer == "Pending"),
        approved_by=tuple(who for who, answer in answers if answer == "Approved"),
    )


def _answers(detail: Node) -> list[tuple[str, str]]:
    roles = [detail.maybe(name) for name in ("address_owner", "spender", "approver")]
    lists = [role.maybe("user_details") for role in roles if role is not None]
    return [
        (one.text_or("user_email") or one.text_or("pubkey"), one.text_or("result"))
        for users in lists
        if users is not None
        for one in users.items()
    ]


CONNECTOR = CoboConnector()
