"""Follows a mapping: signs, turns pages, and notes the mapping beside each answer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from truenav.connect.asking import Endpoint, Params, Signed, Signer
from truenav.connect.contract import (
    Budget,
    Credentials,
    Cursor,
    KeyCheck,
    Manifest,
    ParseContext,
    Parser,
    Payload,
    Right,
)
from truenav.connect.custody.connector import CustodyConnector, Step, cursor_name
from truenav.connect.custody.contract import Approval, Vault
from truenav.connect.custody.moves import asset_named, noted
from truenav.connect.custody.pages import Page, Turn, turn
from truenav.connect.custody.rest.manifest import MANIFEST
from truenav.connect.custody.rest.mapping import (
    BalanceList,
    BearerAuth,
    CursorPaging,
    DigestForm,
    HmacAuth,
    NumberPaging,
    Paging,
    RestMapping,
    SecretForm,
    TimeForm,
    TransactionList,
    VaultList,
    filled,
    read_mapping,
)
from truenav.connect.custody.rest.parse import (
    ENDPOINT,
    LIST,
    MAPPING,
    PARSERS,
    instant,
    number,
    optional,
    place,
    rows_of,
    text,
)
from truenav.connect.document import Node, read_json
from truenav.connect.errors import KeyRevokedError, MalformedPayloadError
from truenav.connect.gathering import Pages, Row
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.clock import instant_text, to_milliseconds
from truenav.core.money import Amount

APPROVAL_DAYS = timedelta(days=30)
"""How far back transactions that wait for approval are looked for."""


class RestConnector(CustodyConnector):
    """Reads a custodian by its mapping; without one it only knows how to read what was gathered."""

    parsers: Mapping[str, Parser] = PARSERS

    def __init__(self, mapping: RestMapping | None = None) -> None:
        self._mapping = mapping
        self.manifest: Manifest = MANIFEST if mapping is None else _manifest(mapping)

    @property
    def mapping(self) -> RestMapping:
        """The mapping of the connection; raises ``MalformedPayloadError`` where it has none."""
        if self._mapping is None:
            raise MalformedPayloadError(
                "This connection has no mapping; give it one in its settings ('--settings FILE')."
            )
        return self._mapping

    def configured(self, settings: str) -> RestConnector:
        """A connector that follows the mapping in ``settings``."""
        return RestConnector(read_mapping(settings))

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Read the vaults, where the mapping says how."""
        check = await super().check_key(api, credentials)
        listed = self.mapping.vaults is not None or bool(self.mapping.balances.vault)
        return check if listed else replace(check, read=Right.UNVERIFIED)

    async def vaults(self, api: Transport, credentials: Credentials) -> tuple[Vault, ...]:
        """The vaults of the mapping's list, else those that its balances name."""
        want: VaultList | BalanceList = self.mapping.vaults or self.mapping.balances
        field = want.id if isinstance(want, VaultList) else want.vault
        if not field:
            return ()
        pages = await turn(
            self._turn(api, credentials, want, field), None, what=f"{self.mapping.name} vaults"
        )
        rows = [row for one in pages.payloads for row in rows_of(read_json(one.body), want.rows)]
        names = want.name if isinstance(want, VaultList) else ""
        found = {text(row, field): optional(row, names) for row in rows}
        return tuple(Vault(id, name) for id, name in found.items())

    async def balances(
        self, api: Transport, credentials: Credentials, wallets: tuple[str, ...]
    ) -> list[Step]:
        """One list of all vaults, or one for each."""
        want = self.mapping.balances
        if want.vault:
            return [("balances", self._balances(api, credentials, want, wallets))]
        return [
            (
                "balances",
                self._balances(
                    api, credentials, replace(want, path=want.path.replace("{vault}", quote(one, ""))), (one,)
                ),
            )
            for one in wallets
        ]

    async def transactions(
        self,
        api: Transport,
        credentials: Credentials,
        wallets: tuple[str, ...],
        cursors: Mapping[str, Cursor],
        since: datetime,
    ) -> list[Step]:
        """One list of transactions, where the mapping has one."""
        want = self.mapping.transactions
        if want is None:
            return []
        name = cursor_name("transactions", wallets)
        cursor = cursors.get(name)
        ask = self._history(api, credentials, want, since if cursor is None else cursor.at, wallets)
        return [(name, turn(ask, cursor, what=f"{self.mapping.name} transactions"))]

    async def approvals(
        self, api: Transport, account: Account, credentials: Credentials, context: ParseContext
    ) -> tuple[Approval, ...]:
        """Transactions of the last thirty days whose status waits for approval."""
        want = self.mapping.transactions
        if want is None or not want.status.approval:
            return ()
        ask = self._history(api, credentials, want, api.now() - APPROVAL_DAYS, account.wallets)
        pages = await turn(ask, None, what=f"{self.mapping.name} approvals")
        rows = [row for one in pages.payloads for row in rows_of(read_json(one.body), want.rows)]
        return tuple(
            self._approval(want, row, context)
            for row in rows
            if text(row, want.status.field) in want.status.approval
            and text(row, want.vault) in account.wallets
        )

    def _approval(self, want: TransactionList, row: Node, context: ParseContext) -> Approval:
        at = instant(row, want.created or want.time, want.time_form)
        code = text(row, want.asset)
        asset = asset_named(context, MANIFEST.name, self.mapping.assets.get(code, code), at)
        return Approval(
            id=text(row, want.id),
            vault=text(row, want.vault),
            amount=Amount(abs(number(row, want.amount)), asset),
            destination=optional(row, want.counterpart) or optional(row, want.other_vault),
            status=text(row, want.status.field),
            since=at,
        )

    async def _balances(
        self, api: Transport, credentials: Credentials, want: BalanceList, wallets: tuple[str, ...]
    ) -> Pages:
        pages = await turn(self._turn(api, credentials, want, ""), None, what=f"{self.mapping.name} balances")
        whole = await api.join(pages.payloads[0].evidence.endpoint, pages.payloads)
        return Pages((await self._noted(api, whole, "balances", wallets),))

    async def _noted(self, api: Transport, payload: Payload, list: str, wallets: tuple[str, ...]) -> Payload:
        named = await noted(api, payload, wallets)
        return await api.note(await api.note(named, LIST, list), MAPPING, self.mapping.text)

    def _history(
        self,
        api: Transport,
        credentials: Credentials,
        want: TransactionList,
        begin: datetime,
        wallets: tuple[str, ...],
    ) -> Turn:
        params = {} if want.since is None else {want.since.param: _written(begin, want.since.form)}
        pages = self._turn(api, credentials, replace(want, params={**want.params, **params}), want.id)
        open_words = {*want.status.under_way, *want.status.approval}

        async def ask(token: str) -> Page:
            page = await pages(token)
            nodes = rows_of(read_json(page.payload.body), want.rows)
            rows = tuple(
                Row(instant(node, want.created or want.time, want.time_form), text(node, want.id))
                for node in nodes
            )
            under_way = tuple(
                row
                for row, node in zip(rows, nodes, strict=True)
                if text(node, want.status.field) in open_words
            )
            payload = await self._noted(api, page.payload, "transactions", wallets)
            return Page(payload, rows, under_way, page.following)

        return ask

    def _turn(
        self,
        api: Transport,
        credentials: Credentials,
        want: BalanceList | TransactionList | VaultList,
        identity: str,
    ) -> Turn:
        """Asks for the pages of a list; a row without an identity of its own is known by what it says."""
        sign = signer(self.mapping, credentials)

        async def ask(token: str) -> Page:
            params = {**want.params, **_page_params(want.paging, token)}
            payload = await api.get(Endpoint(ENDPOINT, want.path, "requests"), params, signer=sign)
            document = read_json(payload.body)
            nodes = rows_of(document, want.rows)
            at = payload.evidence.answered_at
            rows = tuple(Row(at, text(one, identity) if identity else repr(one.value)) for one in nodes)
            return Page(payload, rows, following=_following(want.paging, token, document, len(nodes)))

        return ask


def _manifest(mapping: RestMapping) -> Manifest:
    return replace(
        MANIFEST,
        title=mapping.name,
        hosts={"api": mapping.base_url},
        budgets=(Budget("requests", mapping.requests_a_minute, 60),),
    )


def _page_params(paging: Paging | None, token: str) -> Mapping[str, str]:
    if paging is None:
        return {}
    if isinstance(paging, CursorPaging):
        return {paging.param: token} if token else {}
    first = str(paging.first) if isinstance(paging, NumberPaging) else "0"
    return {paging.param: token or first, paging.size_param: str(paging.size)}


def _following(paging: Paging | None, token: str, document: Node, rows: int) -> str:
    if paging is None:
        return ""
    if isinstance(paging, CursorPaging):
        found = place(document, paging.next)
        return str(found.value) if found is not None and isinstance(found.value, str) else ""
    if rows < paging.size:
        return ""
    if isinstance(paging, NumberPaging):
        return str(int(token or paging.first) + 1)
    return str(int(token or 0) + rows)


def _written(at: datetime, form: TimeForm) -> str:
    if form is TimeForm.RFC3339:
        return instant_text(at)
    milliseconds = to_milliseconds(at)
    return str(milliseconds if form is TimeForm.MILLISECONDS else milliseconds // 1000)


def signer(mapping: RestMapping, credentials: Credentials) -> Signer:
    """What the mapping says about headers and signature."""
    auth = mapping.auth

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        query = urlencode(params)
        values = {
            "key": credentials.key,
            "secret": credentials.secret,
            "passphrase": credentials.passphrase,
            "method": method,
            "path": path,
            "query": query,
            "path_query": f"{path}?{query}" if query else path,
        }
        if isinstance(auth, BearerAuth):
            return Signed(query, {"Authorization": f"Bearer {credentials.key}"})
        if isinstance(auth, HmacAuth):
            values["timestamp"] = _written(now, auth.timestamp)
            values["signature"] = _signature(auth, credentials.secret, filled(auth.message, values))
        return Signed(query, {name: filled(value, values) for name, value in auth.headers.items()})

    return sign


def _signature(auth: HmacAuth, secret: str, message: str) -> str:
    digest = hmac.new(_secret(auth.secret, secret), message.encode(), getattr(hashlib, auth.digest.value))
    return (
        digest.hexdigest() if auth.signature is DigestForm.HEX else base64.b64encode(digest.digest()).decode()
    )


def _secret(form: SecretForm, secret: str) -> bytes:
    try:
        if form is SecretForm.HEX:
            return bytes.fromhex(secret)
        if form is SecretForm.BASE64:
            return base64.b64decode(secret, validate=True)
    except (ValueError, binascii.Error) as error:
        raise KeyRevokedError(
            f"the secret is not written as {form.value}; enter it as it was given."
        ) from error
    return secret.encode()


CONNECTOR = RestConnector()
