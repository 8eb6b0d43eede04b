"""Forms of trading accounts, keys and orders on the wire."""

from __future__ import annotations

from typing import Self

from truenav.app.http.models import Answer, Instant, Number
from truenav.app.http.records import Record
from truenav.app.sources.schemas import KeyCheckAnswer
from truenav.app.trading.keys import CheckedKey, TradingKey
from truenav.app.trading.limits import TradingLimits
from truenav.app.trading.reading import TradingAccount
from truenav.calc.ledger.executions import average_price, fees
from truenav.connect.contract import Right
from truenav.core.money import Amount
from truenav.core.orders import Order, OrderFill, OrderRequest, OrderState, OrderType, Reason, Side
from truenav.store.definitions import Definition
from truenav.store.orders import AskedOrder, OrderEvent


class KeyRightsAnswer(Answer):
    """What the venue said of a trading key when it was entered; ``identity`` is its number of the account."""

    read: Right
    trade: Right
    withdraw: Right
    identity: str
    notes: list[str]


class TradingKeyAnswer(Answer):
    """That there is a trading key, never the key itself."""

    entered_at: Instant
    entered_by: str
    check: KeyRightsAnswer

    @classmethod
    def of(cls, key: Definition[TradingKey]) -> Self:
        """A key as the API shows it."""
        check = KeyRightsAnswer.model_validate(key.body)
        return cls(entered_at=key.created_at, entered_by=key.created_by, check=check)


class LimitsAnswer(Answer):
    """An account's limits; ``version`` is that of ``/trading-limits``."""

    version: int
    changed_at: Instant
    changed_by: str
    body: Record[TradingLimits]

    @classmethod
    def of(cls, limits: Definition[TradingLimits]) -> Self:
        """Limits as the API shows them."""
        return cls(
            version=limits.version,
            changed_at=limits.created_at,
            changed_by=limits.created_by,
            body=limits.body,
        )


class TradingAccountAnswer(Answer):
    """An account whose venue takes orders.

    ``key`` null: nothing can be sent. ``limits`` null: it only reduces. ``spent_today``: what its orders
    came to since midnight UTC, in the limits' quote. ``unsettled``: orders of which something is left to be
    learned.
    """

    account: str
    connection: str
    connector: str
    venue: str
    key: TradingKeyAnswer | None
    limits: LimitsAnswer | None
    spent_today: Number
    unsettled: int

    @classmethod
    def of(cls, one: TradingAccount) -> Self:
        """An account as the API shows it."""
        return cls(
            account=one.account,
            connection=one.connection,
            connector=one.connector,
            venue=one.venue,
            key=None if one.key is None else TradingKeyAnswer.of(one.key),
            limits=None if one.limits is None else LimitsAnswer.of(one.limits),
            spent_today=one.spent_today,
            unsettled=one.unsettled,
        )


class CheckedKeyAnswer(Answer):
    """What the venue says of a trading key now, and what to look at."""

    check: KeyCheckAnswer
    notes: list[str]

    @classmethod
    def of(cls, checked: CheckedKey) -> Self:
        """A checked key as the API shows it."""
        return cls(check=KeyCheckAnswer.of(checked.check), notes=list(checked.notes))


class OrderAnswer(Answer):
    """An order as it stands. Quantities are contracts, units of base for spot; prices are quote per base.

    ``by`` and ``origin``: who asked, and for which decision; ``leg`` counts the decision's orders.
    ``average_price`` and ``fees`` (positive when paid) are null while the venue has not told all fills.
    ``settled``: nothing is left to be learned.
    """

    account: str
    client_id: str
    venue_id: str | None
    by: str
    origin: str
    leg: int
    tag: str
    instrument: str
    side: Side
    type: OrderType
    quantity: Number
    price: Number | None
    reduce_only: bool
    state: OrderState
    reason: Reason | None
    note: str
    filled: Number
    average_price: Number | None
    fees: list[Record[Amount]] | None
    sendings: int
    settled: bool
    created_at: Instant
    updated_at: Instant
    good_until: Instant

    @classmethod
    def of(cls, asked: AskedOrder) -> Self:
        """An order as the API shows it."""
        order, request = asked.order, asked.order.request
        fills = _all_fills(order)
        return cls(
            account=request.account,
            client_id=request.client_id,
            venue_id=None if order.venue is None else order.venue.venue_id,
            by=asked.by,
            origin=request.origin,
            leg=request.leg,
            tag=request.tag,
            instrument=request.instrument,
            side=request.side,
            type=request.type,
            quantity=request.quantity,
            price=request.price,
            reduce_only=request.reduce_only,
            state=order.state,
            reason=order.reason,
            note=order.note,
            filled=order.filled,
            average_price=None if fills is None else average_price(fills),
            fees=None if fills is None else list(fees(fills)),
            sendings=order.sendings,
            settled=order.settled,
            created_at=order.created_at,
            updated_at=order.updated_at,
            good_until=order.good_until,
        )


class OrderSentAnswer(Answer):
    """What the venue was sent: in its steps and ticks, a market order with the collar's edge as its price."""

    type: OrderType
    quantity: Number
    price: Number | None

    @classmethod
    def of(cls, sent: OrderRequest) -> Self:
        """A sent request as the API shows it."""
        return cls.model_validate(sent)


class OrderStepAnswer(Answer):
    """One step of an order; ``evidence`` is the SHA-256 of the venue's answer that told it."""

    version: int
    at: Instant
    actor: str
    state: OrderState
    note: str
    evidence: str | None


class OrderDetailAnswer(Answer):
    """An order with what was sent, its fills and its trail, oldest first."""

    order: OrderAnswer
    sent: OrderSentAnswer | None
    notional: Number
    fills: list[Record[OrderFill]]
    trail: list[OrderStepAnswer]

    @classmethod
    def of(cls, asked: AskedOrder, trail: tuple[OrderEvent, ...]) -> Self:
        """An order as the API shows it."""
        order = asked.order
        return cls(
            order=OrderAnswer.of(asked),
            sent=None if order.sent is None else OrderSentAnswer.of(order.sent),
            notional=order.notional,
            fills=list(order.fills or ()),
            trail=[OrderStepAnswer.model_validate(one) for one in trail],
        )


def _all_fills(order: Order) -> tuple[OrderFill, ...] | None:
    """The fills, once they come to what was filled."""
    if not order.filled:
        return ()
    return order.fills if order.settled else None
