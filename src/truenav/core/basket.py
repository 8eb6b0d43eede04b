"""Exchange-traded products that hold assets: terms, holdings, baskets and creation lists (申购赎回清单).

A *creation unit* is the number of shares (``unit_size``) that is created or redeemed at once; a *basket* is
what is delivered for one. Rates are fractions, quantities are in whole tokens, money is in the product's
quote asset. Days are dealing days in the product's own zone: ``T`` is the day whose NAV an order gets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from truenav.core.failure import Failure, InvalidInputError
from truenav.core.ids import NodeId, Sha256
from truenav.core.money import ONE, ZERO, Amount, AssetId
from truenav.core.product import Source

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
"""Weekdays of a product that deals all week, Monday first."""


class BasketInputError(InvalidInputError):
    """Terms, holdings or returns from which no basket, value or tracking figure can be computed."""

    code = "basket-input"
    title = "The basket cannot be computed from this"


class Side(StrEnum):
    """What an order does: shares come into being (申购), or cease to be (赎回)."""

    CREATE = "create"
    REDEEM = "redeem"


class Substitution(StrEnum):
    """Whether cash may stand for a constituent (现金替代标志).

    ``FORBIDDEN`` (禁止): the asset itself. ``ALLOWED`` (允许): the asset, or cash where the participant
    asks for it. ``REQUIRED`` (必须): the fixed amount of the list. ``AT_COST`` (退补): cash, and afterwards
    what the product's own trade cost more or less.
    """

    FORBIDDEN = "forbidden"
    ALLOWED = "allowed"
    REQUIRED = "required"
    AT_COST = "at_cost"


@dataclass(frozen=True, slots=True)
class Constituent:
    """How one asset is delivered.

    ``decimals`` is the smallest unit's scale. Cash that is trued up later, and cash by choice, carries
    ``creation_premium`` (added when shares are created) or ``redemption_discount`` (kept back at redemption).
    """

    asset: AssetId
    decimals: int
    substitution: Substitution = Substitution.FORBIDDEN
    creation_premium: Decimal = ZERO
    redemption_discount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class OrderFee:
    """What an order costs: ``fixed`` in the quote asset, plus the share ``rate`` of the value dealt."""

    fixed: Decimal = ZERO
    rate: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class FailTerms:
    """What late delivery costs: ``rate`` a day of the value that is missing; bought in after so many days."""

    rate: Decimal = ZERO
    buy_in_after_days: int = 3


@dataclass(frozen=True, slots=True)
class BasketTerms:
    """The terms that hold from the dealing day ``since`` on, until the next ones.

    Orders received before ``cut_off`` (a time of day in ``zone``) deal on the same dealing day, from that
    instant on at the next one; they settle ``settlement_days`` dealing days later. ``order_limit`` and
    ``daily_limit`` are creation units per order and, of all participants together, per dealing day and
    side. The sponsor's fee ``expense_rate`` a year accrues each day in tokens on ``day_count``. Published
    money has ``places`` decimals, NAV per share ``nav_places``.
    """

    since: date
    unit_size: int
    cut_off: str
    zone: str
    constituents: tuple[Constituent, ...]
    settlement_days: int = 1
    weekdays: tuple[int, ...] = EVERY_DAY
    holidays: tuple[date, ...] = ()
    creation_fee: OrderFee = OrderFee()
    redemption_fee: OrderFee = OrderFee()
    order_limit: int | None = None
    daily_limit: int | None = None
    max_cash_ratio: Decimal = ONE
    expense_rate: Decimal = ZERO
    day_count: int = 365
    fail: FailTerms = FailTerms()
    places: int = 2
    nav_places: int = 4


@dataclass(frozen=True, slots=True)
class BasketProduct:
    """A product and all terms it ever had, the oldest first; ``share`` is the asset that its shares are."""

    id: str
    name: str
    share: AssetId
    quote: AssetId
    terms: tuple[BasketTerms, ...]
    index: str = ""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held of one asset at an instant, and what of it is owed already.

    ``accrued_fee`` and ``expenses`` are tokens that belong to the sponsor and to creditors, not to the
    shares. ``place`` is the custody account, or the product that was looked through.
    """

    asset: AssetId
    quantity: Decimal
    accrued_fee: Decimal = ZERO
    expenses: Decimal = ZERO
    place: str = ""


@dataclass(frozen=True, slots=True)
class UnitHolding:
    """Shares of another basket product that are held."""

    product: str
    shares: Decimal


@dataclass(frozen=True, slots=True)
class Holdings:
    """All that a product holds at ``as_of``: tokens, shares of other products, and money net of what is owed.

    ``cash`` is in ``quote``. ``shares_outstanding`` None: not known. ``failures`` name what could not be
    read; an asset that is not listed is unknown, not zero.
    """

    as_of: datetime
    quote: AssetId
    assets: tuple[Holding, ...]
    units: tuple[UnitHolding, ...] = ()
    cash: Decimal = ZERO
    shares_outstanding: int | None = None
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class ListLine:
    """One constituent of a creation unit.

    ``quantity`` is what is delivered, rounded down to the asset's decimals; ``price`` the close it was listed
    at. ``cash_amount`` is the fixed cash (替代金额) where cash is ``REQUIRED``, else zero.
    """

    asset: AssetId
    quantity: Decimal
    price: Decimal
    substitution: Substitution
    creation_premium: Decimal = ZERO
    redemption_discount: Decimal = ZERO
    cash_amount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class CreationList:
    """The creation and redemption list (申购赎回清单) of one dealing day, from holdings at the close before.

    ``unit_value`` is the NAV of a creation unit at ``as_of``, ``nav_per_share`` that of a share, both as
    published. ``estimated_cash`` (预估现金部分) is the rest of ``unit_value`` that no line covers; it may
    be negative. ``previous_cash`` is the actual cash difference (现金差额) of the dealing day before, None
    where there was none. Limits are creation units; None is no limit.
    """

    product: str
    trade_day: date
    previous_day: date
    as_of: datetime
    quote: AssetId
    unit_size: int
    shares_outstanding: int
    nav_per_share: Decimal
    unit_value: Decimal
    lines: tuple[ListLine, ...]
    estimated_cash: Decimal
    previous_cash: Decimal | None = None
    max_cash_ratio: Decimal = ONE
    creation: bool = True
    redemption: bool = True
    daily_limit: int | None = None


@dataclass(frozen=True, slots=True)
class NotPublishable:
    """A list that must not be published; ``failures`` say what is missing, and what mends it."""

    product: str
    trade_day: date
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class DisclosureLine:
    """One position of the product: net of what is owed, with its share of NAV."""

    asset: AssetId
    quantity: Decimal
    price: Decimal
    value: Decimal
    weight: Decimal


@dataclass(frozen=True, slots=True)
class DailyDisclosure:
    """What the public is told of one day, at its close.

    ``market_price`` is the closing price on the exchange, ``premium`` what it lay above NAV (a discount is
    negative); None where there was none.
    """

    product: str
    day: date
    as_of: datetime
    quote: AssetId
    nav: Decimal
    nav_per_share: Decimal
    shares_outstanding: int
    cash: Decimal
    lines: tuple[DisclosureLine, ...]
    market_price: Decimal | None = None
    premium: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AuthorisedParticipant:
    """A house that may create and redeem (授权参与人).

    ``assets`` are what it may deliver and receive (None: all); the limits are creation units per order, and
    per dealing day of both sides together.
    """

    id: str
    name: str
    assets: frozenset[AssetId] | None = None
    order_limit: int | None = None
    daily_limit: int | None = None
    active: bool = True


Prices = Mapping[AssetId, Decimal]
"""Quote asset for one token; what has no price is absent."""


@dataclass(frozen=True, slots=True)
class BasketListing:
    """What its issuer decides about a basket product beside its terms.

    It holds what ``node`` of the portfolio tree, and all below it, hold. ``opening_shares`` were outstanding,
    and ``opening_fees`` tokens owed to the sponsor, before the first order here. ``benchmark`` is the code of
    the numeraire that the product is compared with (empty: none). A price older than ``stale_after_seconds``
    counts in the indicative value, but is flagged. While it is ``halted`` no order passes. With ``automatic``
    the list of a dealing day is made at the close before; what is ``disclosed`` can be read by the public.
    """

    id: str
    node: NodeId
    product: BasketProduct
    opening_shares: int = 0
    opening_fees: tuple[Amount, ...] = ()
    benchmark: str = ""
    stale_after_seconds: int = 60
    halted: bool = False
    automatic: bool = True
    disclosed: bool = False


@dataclass(frozen=True, slots=True)
class SponsorFeePaid:
    """Accrued fee that left the product, in tokens; ``reference`` is the transfer's own id."""

    TAG: ClassVar[str] = "fee_paid"
    at: datetime
    amount: Amount
    reference: str


@dataclass(frozen=True, slots=True)
class BasketClose:
    """A product at the close of a dealing day, as known at ``known_at``.

    ``holdings`` are looked through, with the fee accrued; ``prices`` are those of the constituents, in the
    quote asset. ``market_price`` is the last one of a share, ``benchmark`` the level of what it is compared
    with; None: there was none. ``inputs`` is the SHA-256 of all that this was computed from, as archived.
    """

    product: str
    day: date
    as_of: datetime
    known_at: datetime
    holdings: Holdings
    prices: Prices
    market_price: Decimal | None
    benchmark: Decimal | None
    inputs: Sha256


@dataclass(frozen=True, slots=True)
class ListDocument:
    """What is approved and published for a dealing day: its list, and the close of the day before.

    ``disclosure`` is that close as the public is told it; None before the product's first terms.
    """

    close: BasketClose
    listed: CreationList
    disclosure: DailyDisclosure | None
