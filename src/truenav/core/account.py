"""Accounts: where assets live, whoever holds the key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from truenav.core.ids import AccountId


class AccountKind(StrEnum):
    """What stands behind an account."""

    EXCHANGE = "exchange"
    CUSTODIAN = "custodian"
    WALLET = "wallet"
    OTC = "otc"
    BANK = "bank"


@dataclass(frozen=True, slots=True)
class Account:
    """One place that holds assets. ``wallets`` are its separately reported compartments.

    Each wallet (``spot``, ``usdm``, ``trading``, ``funding``, ...) must be present in a complete
    snapshot: a wallet that was not read is missing, not empty.
    """

    id: AccountId
    name: str
    venue: str
    kind: AccountKind
    wallets: tuple[str, ...]
