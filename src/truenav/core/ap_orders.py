"""Orders of authorised participants: what was asked, and each thing that happened to it, as a frozen fact.

An order is known by its participant and the participant's own id. Its state follows from its facts alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from truenav.core.basket import Side
from truenav.core.failure import ConflictError
from truenav.core.ids import Sha256
from truenav.core.money import Amount, AssetId


class ApOrderConflictError(ConflictError):
    """An id that was used before came again with other content."""

    code = "ap-order-conflict"
    title = "This id was used for something else"


class ApOrderStateError(ConflictError):
    """The order is not in a state in which this can happen."""

    code = "ap-order-state"
    title = "The order does not allow this now"


class OrderState(StrEnum):
    """Where an order stands. The last four are final."""

    RECEIVED = "received"
    VALIDATED = "validated"
    ACCEPTED = "accepted"
    PRICED = "priced"
    DELIVERY_PENDING = "delivery_pending"
    SETTLED = "settled"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class OrderKey:
    """The identity of an order."""

    participant: str
    client_id: str


@dataclass(frozen=True, slots=True)
class ApOrder:
    """What a participant asks for: whole creation ``units``, cash in place of the assets in ``cash_for``."""

    product: str
    participant: str
    client_id: str
    side: Side
    units: int
    cash_for: frozenset[AssetId] = frozenset()

    @property
    def key(self) -> OrderKey:
        """Its identity."""
        return OrderKey(self.participant, self.client_id)


@dataclass(frozen=True, slots=True)
class OrderReceived:
    """The order came in."""

    TAG: ClassVar[str] = "received"
    order: ApOrder
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderValidated:
    """Nothing speaks against it; it deals on ``dealing_day`` and settles on ``settles_on``."""

    TAG: ClassVar[str] = "validated"
    key: OrderKey
    at: datetime
    dealing_day: date
    settles_on: date
    cut_off_at: datetime


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The issuer is bound."""

    TAG: ClassVar[str] = "accepted"
    key: OrderKey
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """It will not be dealt, for these reasons."""

    TAG: ClassVar[str] = "rejected"
    key: OrderKey
    at: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """It was taken back in time."""

    TAG: ClassVar[str] = "cancelled"
    key: OrderKey
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderPriced:
    """The amounts are final: what the participant owes, and what it gets in return; ``shares`` change hands.

    ``list_hash`` names the creation list of the dealing day. ``substituted`` is the cash that was taken or
    given in place of assets and is trued up later, per asset.
    """

    TAG: ClassVar[str] = "priced"
    key: OrderKey
    at: datetime
    list_hash: Sha256
    shares: int
    due_in: tuple[Amount, ...]
    due_out: tuple[Amount, ...]
    fee: Amount
    substituted: tuple[tuple[AssetId, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryInstructed:
    """Both sides were told to deliver until ``due_at``."""

    TAG: ClassVar[str] = "instructed"
    key: OrderKey
    at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class DeliverySeen:
    """Something arrived for the order; ``reference`` is the transfer's own id, unique over all orders."""

    TAG: ClassVar[str] = "delivery_seen"
    key: OrderKey
    at: datetime
    amount: Amount
    reference: str


@dataclass(frozen=True, slots=True)
class FailFeeCharged:
    """A day of lateness was charged; it is due with the rest. ``late_day`` counts from 1."""

    TAG: ClassVar[str] = "fail_fee"
    key: OrderKey
    at: datetime
    late_day: int
    amount: Amount


@dataclass(frozen=True, slots=True)
class BoughtIn:
    """The issuer bought what was missing; the participant owes ``cost`` in its place."""

    TAG: ClassVar[str] = "bought_in"
    key: OrderKey
    at: datetime
    missing: Amount
    cost: Amount
    reference: str


@dataclass(frozen=True, slots=True)
class OrderSettled:
    """Delivery against payment: all that was due came in, ``released`` went out, and the shares changed.

    ``excess`` came in beyond what was due and goes back.
    """

    TAG: ClassVar[str] = "settled"
    key: OrderKey
    at: datetime
    released: tuple[Amount, ...]
    excess: tuple[Amount, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderFailed:
    """It will never settle; ``returned`` is all that had come in, and goes back."""

    TAG: ClassVar[str] = "failed"
    key: OrderKey
    at: datetime
    reason: str
    returned: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class TruedUp:
    """The product's own trade in place of a substituted asset is known; the participant owes ``amount`` more.

    Negative: it gets that much back (退款).
    """

    TAG: ClassVar[str] = "trued_up"
    key: OrderKey
    at: datetime
    asset: AssetId
    amount: Amount


OrderFact = (
    OrderReceived
    | OrderValidated
    | OrderAccepted
    | OrderRejected
    | OrderCancelled
    | OrderPriced
    | DeliveryInstructed
    | DeliverySeen
    | FailFeeCharged
    | BoughtIn
    | OrderSettled
    | OrderFailed
    | TruedUp
)
