"""What the first page shows, in one numeraire; a figure that is None is unknown and ``missing`` says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.calc.nav.model import Coverage
from truenav.core.failure import Failure
from truenav.core.ids import AccountId, NodeId, RunId, Sha256, ShareClassId


@dataclass(frozen=True, slots=True)
class Liveness:
    """How live the marks are.

    ``since``: from when on every stream of the venues has stood; None: prices are those gathered last.
    ``oldest`` is the time of the oldest mark that came live.
    """

    since: datetime | None
    oldest: datetime | None


POLLED = Liveness(None, None)


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a figure is unknown. ``reason`` is a key that screens translate; ``detail`` names what is meant."""

    field: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """The last published NAV, in the numeraire as it was worth then."""

    run: RunId
    as_of: datetime
    nav: Decimal | None
    nav_usd: Decimal
    bundle_sha: Sha256 | None
    approved_by: str | None
    published_by: str | None


@dataclass(frozen=True, slots=True)
class ClassWorth:
    """One share class; ``nav_per_unit`` in its own currency, ``in_numeraire`` in the one asked for."""

    share_class: ShareClassId
    name: str
    currency: str
    units: Decimal
    nav_per_unit: Decimal | None
    in_numeraire: Decimal | None


@dataclass(frozen=True, slots=True)
class InNumeraire:
    """The same NAV in another numeraire."""

    code: str
    nav: Decimal | None


@dataclass(frozen=True, slots=True)
class Worth:
    """What are we worth; ``change_share`` is a fraction of the published NAV."""

    nav: Decimal | None
    quality: str
    change: Decimal | None
    change_share: Decimal | None
    classes: tuple[ClassWorth, ...]
    others: tuple[InNumeraire, ...]
    published: Published | None
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the bridge."""

    kind: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed since the last published NAV: opening and parts sum exactly to closing.

    Parts are at present prices of the numeraire; ``numeraire`` is what its own move did to the opening.
    """

    since: datetime | None
    opening: Decimal | None
    parts: tuple[Part, ...]
    closing: Decimal | None
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Concentration:
    """What depends on one asset or venue; ``share`` is the gross exposure (value, of a venue) by NAV."""

    key: str
    label: str
    value: Decimal
    gross: Decimal
    net: Decimal
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class Margin:
    """The venue's own word on one account: needed margin by margin balance; 1 is liquidation."""

    account: AccountId
    venue: str
    ratio: Decimal | None
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Hurt:
    """What could hurt."""

    gross: Decimal | None
    net: Decimal | None
    leverage: Decimal | None
    by_asset: tuple[Concentration, ...]
    by_venue: tuple[Concentration, ...]
    margins: tuple[Margin, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that is not known, and the value that depends on it (None: not known either)."""

    failure: Failure
    value_at_stake: Decimal | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """What do we not know; ``if_stale_zero`` is the change of NAV if all that is stale were worth nothing."""

    coverage: Coverage
    observed: Decimal
    if_stale_zero: Decimal | None
    if_stale_zero_share: Decimal | None
    lines_unpriced: int
    breaks: int
    reasons: tuple[Doubt, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A value at an instant."""

    at: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class Row:
    """One node of the tree. ``nav`` is the NAV of a fund and the value of any other node.

    ``change`` is since the last published NAV and holds what was brought in; ``intraday`` since 00:00 UTC
    leaves that out. ``leverage`` has no unit.
    """

    node: NodeId
    parent: NodeId | None
    name: str
    kind: str
    depth: int
    nav: Decimal | None
    change: Decimal | None
    change_share: Decimal | None
    intraday: Decimal | None
    gross: Decimal | None
    net: Decimal | None
    leverage: Decimal | None
    coverage: Coverage | None
    quality: str
    lines: int
    unpriced: int
    spark: tuple[Point, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """What sits at one venue; of manual items the venue is empty."""

    venue: str
    value: Decimal | None
    share: Decimal | None
    lines: int
    unpriced: int
    stale: bool
    margin_used: Decimal | None


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that a person should look at; ``key`` and ``parameters`` make its title in any language.

    ``yours``: the reader may do it. ``link`` is the page of the application, ``action`` the verb there.
    """

    severity: str
    key: str
    parameters: Mapping[str, str]
    value_at_stake: Decimal | None
    link: str
    action: str
    yours: bool
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything of the first page that follows from one valuation and one numeraire."""

    fund: NodeId
    name: str
    as_of: datetime
    numeraire: str
    worth: Worth
    changed: Changed
    hurt: Hurt
    unknown: Unknown
    tree: tuple[Row, ...]
    sits: tuple[Site, ...]
