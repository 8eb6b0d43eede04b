"""What a NAV is computed from, and what comes out: plain frozen values with one canonical text.

Every figure of a result is rounded once, half-even, at output; a ``None`` figure is unknown, never zero.
``core.canonical.encode`` and ``decode`` carry all of these values without loss, so a bundle holds them
as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from truenav.calc.ledger.completeness import ReconciliationStatus as ReconciliationStatus
from truenav.core.account import Account
from truenav.core.asset import Asset, AssetAlias
from truenav.core.facts import Fact
from truenav.core.failure import Failure
from truenav.core.ids import NodeId, Sha256, ShareClassId
from truenav.core.instrument import Instrument
from truenav.core.money import AssetId
from truenav.core.policy import NavPolicy, Numeraire, PricingPolicy
from truenav.core.portfolio import Node, ShareClass, SubBookRule

METHOD = "nav/2"
"""Version of the method that a result is computed by."""

METHODS = ("nav/1", METHOD)
"""What can be computed again. ``nav/1`` read the whole history of an account without an opening."""


class LineKind(StrEnum):
    """What a line of a NAV stands for."""

    BALANCE = "balance"
    POSITION = "position"
    MANUAL = "manual"
    HOLDING = "holding"


class CoverageClass(StrEnum):
    """How well a line's value is observed."""

    API = "api"
    IMPORTED = "imported"
    MANUAL = "manual"
    STALE = "stale"
    MISSING = "missing"


class Quality(StrEnum):
    """Whether a NAV may be published."""

    COMPLETE = "complete"
    PROVISIONAL = "provisional"


@dataclass(frozen=True, slots=True)
class NavLine:
    """One thing that one node owns in one wallet.

    ``subject`` is an asset id (balance, manual), an instrument id (position) or a share class id
    (holding). ``quantity`` is in units of the asset, contracts, or units of the class. ``price`` is the
    mark in ``quote``; ``price_usd`` the same in USD. ``value_usd`` None: unpriced. ``exposure_usd`` is
    signed; ``gross_exposure_usd`` its size (of a holding: looked through, line by line of the fund below).
    ``coverage`` is None for a holding, whose fund is looked through. ``tag`` is the strategy tag that
    assigned the line, if one did. A manual line has no account, and its item's kind as ``wallet``; a
    holding has the fund whose units they are as ``account``. ``evidence``: the payloads of the snapshot
    (manual: of the item) and of all quotes used.
    """

    node: NodeId
    account: str
    wallet: str
    subject: str
    kind: LineKind
    tag: str | None
    quantity: Decimal
    entry_price: Decimal | None
    price: Decimal | None
    quote: AssetId | None
    price_usd: Decimal | None
    value_usd: Decimal | None
    exposure_usd: Decimal | None
    gross_exposure_usd: Decimal | None
    unrealised_usd: Decimal | None
    coverage: CoverageClass | None
    price_source: str
    snapshot_at: datetime | None
    quoted_at: datetime | None
    evidence: tuple[Sha256, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares of gross value by how it was observed; they sum to exactly 1.

    ``missing`` weighs what could not be read or priced at its last known value.
    """

    api: Decimal
    imported: Decimal
    manual: Decimal
    stale: Decimal
    missing: Decimal
    lines_unpriced: int

    @property
    def observed(self) -> Decimal:
        """The share that is neither stale nor missing."""
        return self.api + self.imported + self.manual


@dataclass(frozen=True, slots=True)
class NumeraireNav:
    """A NAV in one numeraire, in its units; None where the numeraire or the NAV per unit is unknown."""

    code: str
    nav: Decimal | None
    nav_per_unit: Decimal | None


@dataclass(frozen=True, slots=True)
class ClassNav:
    """One share class. ``flow_usd`` and ``fee_accrual_usd`` are those since the previous NAV.

    ``accrued_fee_usd`` is what is owed to the manager at ``as_of``, after payments.
    """

    share_class: ShareClassId
    currency: AssetId
    units: Decimal
    nav_usd: Decimal
    accrued_fee_usd: Decimal
    fee_accrual_usd: Decimal
    flow_usd: Decimal
    nav_per_unit_usd: Decimal | None
    nav_currency: Decimal | None
    nav_per_unit_currency: Decimal | None
    numeraires: tuple[NumeraireNav, ...]


@dataclass(frozen=True, slots=True)
class NavBridge:
    """From the previous NAV to this one, in USD: the seven parts sum exactly to the change.

    ``unmatched_flow_usd`` is no part of the sum: external transfers, settled fees and pending items
    less the dealings that should explain them.
    """

    previous_as_of: datetime
    opening_nav_usd: Decimal
    price_usd: Decimal
    funding_usd: Decimal
    fee_usd: Decimal
    flow_usd: Decimal
    manual_usd: Decimal
    correction_usd: Decimal
    unexplained_usd: Decimal
    closing_nav_usd: Decimal
    unmatched_flow_usd: Decimal


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Opening + facts = closing for one asset (balance) or instrument (position) of one wallet.

    Quantities of the whole wallet, before any sub-book split. ``difference`` is closing less expected.
    ``opening_at`` and ``closing_at`` are the instants of the two snapshots.
    """

    account: str
    wallet: str
    subject: str
    kind: LineKind
    status: ReconciliationStatus
    opening: Decimal | None
    facts: Decimal
    closing: Decimal | None
    difference: Decimal | None
    opening_at: datetime | None
    closing_at: datetime | None
    fact_count: int


@dataclass(frozen=True, slots=True)
class SnapshotUse:
    """The snapshot (``kind``: of balances or of positions) that one wallet was valued from.

    ``taken_at`` None: there was none to use, the wallet is missing. The next NAV reconciles from here.
    """

    account: str
    wallet: str
    kind: LineKind
    taken_at: datetime | None
    coverage: CoverageClass
    evidence: Sha256 | None


@dataclass(frozen=True, slots=True)
class FundNav:
    """The NAV of one fund: the sum of its lines less the fees it owes."""

    fund: NodeId
    as_of: datetime
    lines: tuple[NavLine, ...]
    gross_asset_value_usd: Decimal
    accrued_fees_usd: Decimal
    nav_usd: Decimal
    numeraires: tuple[NumeraireNav, ...]
    classes: tuple[ClassNav, ...]
    coverage: Coverage
    bridge: NavBridge | None
    snapshots: tuple[SnapshotUse, ...]
    reconciliation: tuple[Reconciled, ...]


@dataclass(frozen=True, slots=True)
class NodeTotals:
    """Everything below one node, itself included, in USD.

    A fund below a fund of funds counts only through the units held of it, exposures looked through.
    ``leverage`` is gross exposure by NAV (of a fund) or by value (of any other node); None where that is
    not positive. ``funding_usd``: funding, interest and rewards since the previous NAV.
    """

    node: NodeId
    fund: NodeId
    value_usd: Decimal
    balances_usd: Decimal
    positions_usd: Decimal
    manual_usd: Decimal
    holdings_usd: Decimal
    gross_exposure_usd: Decimal
    net_exposure_usd: Decimal
    leverage: Decimal | None
    unrealised_usd: Decimal
    funding_usd: Decimal
    lines: int
    lines_unpriced: int


@dataclass(frozen=True, slots=True)
class NumerairePrice:
    """USD price of one unit of a numeraire; None where it is unpriced."""

    code: str
    price_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class NavResult:
    """A NAV run: its funds bottom-up (``fund`` itself last), the tree's totals, and how good it is.

    ``coverage`` is that of ``fund``, funds below it looked through. ``breaks`` counts reconciliation breaks.
    """

    fund: NodeId
    as_of: datetime
    known_at: datetime
    method: str
    quality: Quality
    funds: tuple[FundNav, ...]
    nodes: tuple[NodeTotals, ...]
    numeraire_prices: tuple[NumerairePrice, ...]
    coverage: Coverage
    failures: tuple[Failure, ...]
    breaks: int

    @property
    def root(self) -> FundNav:
        """The NAV of the fund that the run was for."""
        return self.funds[-1]


@dataclass(frozen=True, slots=True)
class NavInputs:
    """All that a NAV run may know.

    ``facts`` are in force (superseded and void ones resolved away), as ``calc.nav.select`` chooses them: of
    each wallet the latest balance and position snapshot at or before ``as_of``; trades, transfers, cash
    flows and settlements after ``flows_since``; quotes; all dealings, fee payments and manual items.
    ``unread`` is what gathering could not read. ``previous`` holds the last published NAV of each fund;
    ``previous_restated`` the same NAV recomputed with what is known today, for the funds where that changed
    it.
    """

    fund: NodeId
    as_of: datetime
    known_at: datetime
    nodes: tuple[Node, ...]
    rules: tuple[SubBookRule, ...]
    accounts: tuple[Account, ...]
    share_classes: tuple[ShareClass, ...]
    assets: tuple[Asset, ...]
    aliases: tuple[AssetAlias, ...]
    instruments: tuple[Instrument, ...]
    pricing: PricingPolicy
    policy: NavPolicy
    numeraires: tuple[Numeraire, ...]
    facts: tuple[Fact, ...]
    unread: tuple[Failure, ...] = ()
    previous: tuple[FundNav, ...] = ()
    previous_restated: tuple[FundNav, ...] = ()
    method: str = METHOD
