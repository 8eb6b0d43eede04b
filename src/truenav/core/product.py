"""Rules of leveraged tokens and leveraged exchange-traded products: dated data, as issuers publish them.

Leverage is signed (``-3`` for a short product); thresholds on leverage are magnitudes. Rates are fractions
(``0.0003`` is 0.03 %). Times of day name their zone; the instants follow from the calendar of that zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, ZERO

SECONDS_A_DAY = 86_400


class ProductRulesError(InvalidInputError):
    """The rules of a product contradict themselves or cannot be followed."""

    code = "product-rules"
    title = "The rules of the product cannot be followed"


class Exposure(StrEnum):
    """What the product holds, and so what its financing is charged on.

    ``SPOT`` buys with borrowed money and sells borrowed coins: interest on what is borrowed. ``PERPETUAL`` is
    linear: funding on the position's value. ``INVERSE`` is margined and settled in the coin: funding on the
    contracts' face value. ``FUTURE`` pays none, and rolls.
    """

    SPOT = "spot"
    PERPETUAL = "perpetual"
    INVERSE = "inverse"
    FUTURE = "future"


class Aim(StrEnum):
    """Where a rebalance goes: to the target, or only to the edge of the band that was left."""

    TARGET = "target"
    EDGE = "edge"


class FeeBasis(StrEnum):
    """What a fee is a share of."""

    NAV = "nav"
    NOTIONAL = "notional"


class Fractions(StrEnum):
    """What becomes of fractional units at a share merge."""

    KEPT = "kept"
    CASHED = "cashed"


@dataclass(frozen=True, slots=True)
class DailyTimes:
    """Times of each day (``00:02`` or ``23:55:30``) in a time zone (``UTC``, ``Asia/Shanghai``, ``+08:00``).

    Where clocks go forward over a time, it falls as long after the change as it lies in the gap; where they
    go back, the first of both counts.
    """

    times: tuple[str, ...]
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule was published, and when it was read or what stands against it."""

    address: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rebalance at fixed times, in one trade or in ``batches`` that lie ``batch_seconds`` apart.

    With any of ``below``, ``above`` (leverage, inclusive) or ``moved`` (price since the last rebalance,
    either way) it takes place only where one of them holds. ``speed`` is the share of the way to the target
    that is gone, never further outside of ``floor`` to ``ceiling`` where these are given.
    """

    at: DailyTimes
    below: Decimal | None = None
    above: Decimal | None = None
    moved: Decimal | None = None
    batches: int = 1
    batch_seconds: int = 0
    speed: Decimal = ONE
    floor: Decimal | None = None
    ceiling: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """A rebalance between the scheduled ones, as soon as a mark reaches any of its limits.

    ``above`` and ``below`` are leverages; ``over_target`` and ``under_target`` deviations from the target
    (``0.333`` is a third); ``adverse_move`` and ``favourable_move`` price moves since the last rebalance.
    After a rebalance the trigger sleeps for ``rearm_seconds``. A trigger that aims at the edge goes on to
    ``speed`` of the way to the target where that lies further inside than the edge.
    """

    above: Decimal | None = None
    below: Decimal | None = None
    over_target: Decimal | None = None
    under_target: Decimal | None = None
    adverse_move: Decimal | None = None
    favourable_move: Decimal | None = None
    aim: Aim = Aim.TARGET
    rearm_seconds: int = 0
    speed: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Fee:
    """A share of NAV or of the position's value, charged at each of its times on the units held then."""

    rate: Decimal
    at: DailyTimes
    basis: FeeBasis = FeeBasis.NAV
    name: str = "management"


@dataclass(frozen=True, slots=True)
class Financing:
    """What the exposure costs beside trading.

    ``rate`` is charged at each of ``at`` where no published rates are given; with ``issuer_bears`` nothing of
    it reaches the product.
    """

    rate: Decimal | None = None
    at: DailyTimes | None = None
    issuer_bears: bool = False


@dataclass(frozen=True, slots=True)
class ShareMerge:
    """``ratio`` units become one as soon as the published NAV is ``at_or_below``."""

    at_or_below: Decimal
    ratio: int
    fractions: Fractions = Fractions.KEPT


@dataclass(frozen=True, slots=True)
class ShareSplit:
    """One unit becomes ``ratio`` as soon as the published NAV is ``at_or_above``."""

    at_or_above: Decimal
    ratio: int


@dataclass(frozen=True, slots=True)
class Halt:
    """Dealing rests for ``seconds`` from each of its times on."""

    at: DailyTimes
    seconds: int


@dataclass(frozen=True, slots=True)
class Dealing:
    """How units are created and redeemed.

    Fees are shares of the amount. ``at`` are the times at which requests are dealt (none: at once);
    ``daily_cap`` is in the quote asset, ``unit_size`` the units that a request must be a multiple of.
    Requests are refused during a ``halt`` and, with ``halts_while_rebalancing``, until the orders of a
    rebalance are done.
    """

    creation_fee: Decimal = ZERO
    redemption_fee: Decimal = ZERO
    at: DailyTimes | None = None
    daily_cap: Decimal | None = None
    unit_size: Decimal | None = None
    in_kind: bool = False
    halt: Halt | None = None
    halts_while_rebalancing: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules that hold from ``since`` on, until the next ones."""

    since: datetime
    target: Decimal
    exposure: Exposure = Exposure.PERPETUAL
    target_is_published: bool = True
    schedules: tuple[Schedule, ...] = ()
    trigger: Trigger = Trigger()
    fees: tuple[Fee, ...] = ()
    financing: Financing = Financing()
    trading_cost: Decimal = ZERO
    merge: ShareMerge | None = None
    split: ShareSplit | None = None
    dealing: Dealing = Dealing()
    price_band: Decimal | None = None
    stale_after_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Product:
    """A product, and all rules it ever had, the oldest first.

    ``until`` is when it ended (delisted, or its underlying's symbol was given to another asset): no mark from
    then on belongs to it.
    """

    id: str
    issuer: str
    underlying: str
    quote: str
    terms: tuple[Terms, ...]
    until: datetime | None = None
    sources: tuple[Source, ...] = ()
    conflicts: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
