"""What every custodian gives beyond an account connector: its vaults, and what waits for approval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from truenav.connect.contract import AccountConnector, Credentials, ParseContext
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.money import Amount


@dataclass(frozen=True, slots=True)
class Vault:
    """A compartment at a custodian: what an account names as its wallet (``id``), and what people call it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Approval:
    """A transaction that somebody must still approve: shown to people, never a fact.

    ``amount`` leaves ``vault`` (None where the custodian does not tell it); ``status`` is the custodian's own
    word; ``waiting_for`` are the people or groups who have not answered yet and ``approved_by`` those who
    have, by the custodian's names, each empty where it does not tell.
    """

    id: str
    vault: str
    amount: Amount | None
    destination: str
    status: str
    since: datetime
    waiting_for: tuple[str, ...] = ()
    approved_by: tuple[str, ...] = ()


@runtime_checkable
class Custodian(AccountConnector, Protocol):
    """An account connector whose wallets are vaults.

    Gathering states a `BalanceSnapshot` for each vault that the account names, and a `Transfer` for each side
    of a completed transaction; one that is still under way states nothing and holds the cursor back.
    """

    async def vaults(self, api: Transport, credentials: Credentials) -> tuple[Vault, ...]:
        """All vaults that the key can see, in the custodian's order; raises a ``VenueError``."""
        ...

    async def approvals(
        self, api: Transport, account: Account, credentials: Credentials, context: ParseContext
    ) -> tuple[Approval, ...]:
        """What waits for approval in the account's vaults, oldest first; raises a ``VenueError``."""
        ...
