"""What all custodians share: balances of all vaults first, then what happened; missing vaults are told."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta

from truenav.connect.contract import (
    Credentials,
    Cursor,
    Errand,
    Gathered,
    KeyCheck,
    Manifest,
    ParseContext,
    Parser,
    Right,
)
from truenav.connect.custody.contract import Vault
from truenav.connect.custody.refusals import refusal
from truenav.connect.errors import VenueError
from truenav.connect.gathering import Harvest, Pages
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.facts import BalanceSnapshot
from truenav.core.failure import Failure, FailureKind

Step = tuple[str, Coroutine[object, object, Pages]]


class CustodyConnector(ABC):
    """A custodian for the most part: a vendor adds its lists of balances and transactions."""

    manifest: Manifest
    parsers: Mapping[str, Parser]

    @abstractmethod
    async def vaults(self, api: Transport, credentials: Credentials) -> tuple[Vault, ...]:
        """All vaults that the key can see."""

    @abstractmethod
    async def balances(
        self, api: Transport, credentials: Credentials, wallets: tuple[str, ...]
    ) -> list[Step]:
        """Steps that read the balances of an account's vaults."""

    @abstractmethod
    async def transactions(
        self,
        api: Transport,
        credentials: Credentials,
        wallets: tuple[str, ...],
        cursors: Mapping[str, Cursor],
        since: datetime,
    ) -> list[Step]:
        """Steps that read what happened since the cursors; each is named by its cursor."""

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """The custodian's own error in an answer."""
        return refusal(status, body)

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Custodians have no market."""
        del api, context, credentials
        return Gathered()

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Read the vaults with the key: custodians tell neither a key's other rights nor their clock."""
        found = await self.vaults(api, credentials)
        return KeyCheck(
            read=Right.YES,
            trade=Right.UNVERIFIED,
            withdraw=Right.UNVERIFIED,
            clock_offset=timedelta(0),
            account_types=tuple(vault.id for vault in found),
            notes=(
                "Use a user that may view alone; its policy, not its key, decides what it may move.",
                "The custodian does not tell its clock; it is taken to be ours.",
            ),
        )

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances of the account's vaults, then its transactions."""
        harvest = Harvest.of(api, errand)
        try:
            await harvest.run(await self.balances(api, errand.credentials, errand.account.wallets))
            if not harvest.failures:
                harvest.failures.extend(_missing(self.manifest.title, errand.account, harvest))
            if errand.history:
                await harvest.run(
                    await self.transactions(
                        api, errand.credentials, errand.account.wallets, errand.cursors, errand.since
                    )
                )
        except VenueError as error:
            harvest.failures.append(_unread(errand.account, error.message))
        return harvest.gathered()


def cursor_name(endpoint: str, wallets: tuple[str, ...]) -> str:
    """Name of the cursor of a list that is read for some vaults: other vaults begin anew."""
    return f"{endpoint}@{hashlib.sha256(chr(0).join(sorted(wallets)).encode()).hexdigest()[:12]}"


def _missing(title: str, account: Account, harvest: Harvest) -> list[Failure]:
    read = {fact.body.wallet for fact in harvest.facts if isinstance(fact.body, BalanceSnapshot)}
    return [
        _unread(account, f"{title} lists no vault {wallet!r} for this key")
        for wallet in account.wallets
        if wallet not in read
    ]


def _unread(account: Account, reason: str) -> Failure:
    return Failure(
        kind=FailureKind.ACCOUNT_UNREAD,
        subject=account.id,
        message=reason,
        mend="Check the wallets of the account and what the key may see, then gather again.",
    )
