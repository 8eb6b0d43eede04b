"""Facts: frozen statements about the world, each from one payload, never edited.

A fact's *key* (source, account, kind, external id) says which event it is about; its *content hash*
says what it states. The same key with the same content is a duplicate; with other content it is a
conflict, unless the new fact ``supersedes`` the old one. ``occurred_at`` is when it happened in the
world; the journal adds ``recorded_at``, when we learned it.

Signs: quantities are seen from the account: received is positive, paid is negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from truenav.core.canonical import canonical_text, sha256_hex
from truenav.core.ids import InstrumentId, NodeId, Sha256, ShareClassId
from truenav.core.money import Amount, AssetId


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """Holding of one asset in a wallet: ``total`` includes what orders lock; debt is negative."""

    asset: AssetId
    total: Decimal
    locked: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class BalanceSnapshot:
    """All balances of one wallet at one instant; an asset that is not listed is held at zero."""

    TAG: ClassVar[str] = "balance_snapshot"
    wallet: str
    lines: tuple[BalanceLine, ...]


@dataclass(frozen=True, slots=True)
class PositionLine:
    """An open position: ``quantity`` in contracts, short negative; ``entry_price`` the venue's average.

    ``delta`` is the venue's own option delta of the whole line in units of the base asset, where given.
    """

    instrument: InstrumentId
    quantity: Decimal
    entry_price: Decimal
    delta: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PositionSnapshot:
    """All open positions of one wallet at one instant; one that is not listed is closed."""

    TAG: ClassVar[str] = "position_snapshot"
    wallet: str
    lines: tuple[PositionLine, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill. ``quantity`` in contracts (units of base for spot), bought positive.

    ``cost`` is the exact quote amount that moved for spot (bought: negative) and the premium in
    ``settle`` for options; None for futures and perpetuals, where only ``realised`` moves cash.
    ``fees`` are negative when paid. ``tag`` is the strategy tag of the order.
    """

    TAG: ClassVar[str] = "trade"
    wallet: str
    instrument: InstrumentId
    quantity: Decimal
    price: Decimal
    cost: Amount | None
    realised: Amount | None
    fees: tuple[Amount, ...]
    order_id: str
    tag: str | None = None


class TransferKind(StrEnum):
    """Where the other end of a transfer is."""

    EXTERNAL = "external"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Assets that entered (+) or left (-) a wallet.

    ``INTERNAL``: the other end is another wallet or account of ours (``counterpart`` where known).
    ``fee`` is negative, in addition to ``amount``.
    """

    TAG: ClassVar[str] = "transfer"
    wallet: str
    amount: Amount
    kind: TransferKind
    counterpart: str = ""
    txid: str = ""
    fee: Amount | None = None


class CashKind(StrEnum):
    """Why cash moved without a trade or transfer."""

    FUNDING = "funding"
    FEE = "fee"
    INTEREST = "interest"
    REWARD = "reward"
    SETTLEMENT = "settlement"
    REALISED = "realised"


@dataclass(frozen=True, slots=True)
class CashFlow:
    """Funding, a fee, interest, a reward or settlement cash; received positive."""

    TAG: ClassVar[str] = "cash_flow"
    wallet: str
    kind: CashKind
    amount: Amount
    instrument: InstrumentId | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """An expiry: ``quantity`` is the change of the position (a long of 3 closes with -3), ``price`` final.

    It closes what is held: where no cash shows a side (a worthless option), its size alone is sure.
    """

    TAG: ClassVar[str] = "settlement"
    wallet: str
    instrument: InstrumentId
    quantity: Decimal
    price: Decimal
    cash: Amount


class QuoteKind(StrEnum):
    """What a quoted price is."""

    LAST = "last"
    MARK = "mark"
    INDEX = "index"
    FIXING = "fixing"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Quote:
    """Units of ``quote`` for one of ``base``; ``base`` is an asset id or a derivative's instrument id.

    ``volume`` weights an index, in units of base. ``reason`` is required for a manual quote.
    """

    TAG: ClassVar[str] = "quote"
    base: str
    quote: AssetId
    kind: QuoteKind
    price: Decimal
    volume: Decimal | None = None
    reason: str = ""


class DealingKind(StrEnum):
    """Into or out of a fund."""

    SUBSCRIPTION = "subscription"
    REDEMPTION = "redemption"


@dataclass(frozen=True, slots=True)
class Dealing:
    """Units issued to or redeemed by an investor; ``units`` and ``amount`` are positive.

    ``investor`` is ``node:ID`` when a fund of this house (a fund of funds) holds the units.
    """

    TAG: ClassVar[str] = "dealing"
    kind: DealingKind
    fund: NodeId
    share_class: ShareClassId
    investor: str
    units: Decimal
    amount: Amount


@dataclass(frozen=True, slots=True)
class FeePayment:
    """Accrued management fee that was paid out of the fund; ``amount`` positive, in USD terms of a line."""

    TAG: ClassVar[str] = "fee_payment"
    fund: NodeId
    share_class: ShareClassId
    amount: Amount


class ManualKind(StrEnum):
    """What a manual item stands for."""

    PENDING_WITHDRAWAL = "pending_withdrawal"
    PENDING_DEPOSIT = "pending_deposit"
    AIRDROP = "airdrop"
    RECEIVABLE = "receivable"
    PAYABLE = "payable"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ManualItem:
    """An asset (+) or liability (-) that no source reports, in force from ``occurred_at`` to ``until``."""

    TAG: ClassVar[str] = "manual_item"
    node: NodeId
    kind: ManualKind
    amount: Amount
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NavRecord:
    """A NAV that somebody else published (history before us, or the administrator's)."""

    TAG: ClassVar[str] = "nav_record"
    fund: NodeId
    share_class: ShareClassId
    nav: Amount
    units: Decimal


@dataclass(frozen=True, slots=True)
class Void:
    """States that the superseded fact never happened."""

    TAG: ClassVar[str] = "void"
    reason: str


Body = (
    BalanceSnapshot
    | PositionSnapshot
    | Trade
    | Transfer
    | CashFlow
    | Settlement
    | Quote
    | Dealing
    | FeePayment
    | ManualItem
    | NavRecord
    | Void
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement.

    ``source`` is the venue, file format or ``manual``; ``account`` the account (a fund or node for
    dealings and manual items, empty for quotes); ``external_id`` the source's own id. ``evidence`` is the
    payload it was parsed from. ``supersedes`` is the content hash of the fact that it corrects.
    """

    source: str
    account: str
    external_id: str
    occurred_at: datetime
    body: Body
    evidence: Sha256
    supersedes: Sha256 | None = None

    @property
    def kind(self) -> str:
        """The body's tag: ``trade``, ``quote``, ..."""
        return self.body.TAG

    @property
    def key_hash(self) -> Sha256:
        """Identity: SHA-256 over source, account, kind and external id, NUL-separated."""
        text = "\0".join((self.source, self.account, self.kind, self.external_id))
        return Sha256(sha256_hex(text.encode()))

    @property
    def statement(self) -> str:
        """What is stated: the canonical JSON of all fields but the evidence."""
        supersedes = "null" if self.supersedes is None else f'"{self.supersedes}"'
        return (
            f'{{"account":{canonical_text(self.account)},"body":{canonical_text(self.body)},'
            f'"external_id":{canonical_text(self.external_id)},'
            f'"occurred_at":{canonical_text(self.occurred_at)},'
            f'"source":{canonical_text(self.source)},"supersedes":{supersedes}}}'
        )

    @property
    def content_hash(self) -> Sha256:
        """SHA-256 of the statement."""
        return Sha256(sha256_hex(self.statement.encode()))


@dataclass(frozen=True, slots=True)
class RecordedFact:
    """A fact with the instant at which the journal accepted it."""

    fact: Fact
    recorded_at: datetime
