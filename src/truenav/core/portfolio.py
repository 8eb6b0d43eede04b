"""The portfolio tree, who feeds it, and the share classes that own it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from truenav.core.ids import AccountId, InstrumentId, NodeId, ShareClassId
from truenav.core.money import AssetId


class NodeKind(StrEnum):
    """Levels of the tree; any depth and order of portfolios, strategies and books below a fund."""

    FUND_OF_FUNDS = "fund_of_funds"
    FUND = "fund"
    PORTFOLIO = "portfolio"
    STRATEGY = "strategy"
    BOOK = "book"


@dataclass(frozen=True, slots=True)
class Node:
    """One place in the tree. ``parent`` None: a root.

    A fund under a fund of funds is *not* owned through the parent link: what the fund of funds owns of it
    are the units that its dealings show (look-through by units, so nothing counts twice). The link only
    places it on the screen.
    """

    id: NodeId
    name: str
    kind: NodeKind
    parent: NodeId | None = None


@dataclass(frozen=True, slots=True)
class ByInstrument:
    """Takes the positions in these instruments, whole (no balances)."""

    TAG: ClassVar[str] = "instrument"
    instruments: tuple[InstrumentId, ...]


@dataclass(frozen=True, slots=True)
class ByAsset:
    """Takes the balances of these assets, whole (no positions)."""

    TAG: ClassVar[str] = "asset"
    assets: tuple[AssetId, ...]


@dataclass(frozen=True, slots=True)
class ByTag:
    """Takes what the fills with this strategy tag built up: positions, and spot legs of balances."""

    TAG: ClassVar[str] = "tag"
    tag: str


@dataclass(frozen=True, slots=True)
class ByShare:
    """Takes this share (0 to 1) of everything that the rules before it left."""

    TAG: ClassVar[str] = "share"
    share: Decimal


Selector = ByInstrument | ByAsset | ByTag | ByShare


@dataclass(frozen=True, slots=True)
class SubBookRule:
    """Gives a part of one account to one leaf of the tree.

    The rules of an account apply in order of ``rank``; each takes from what the earlier ones left, so
    nothing is counted twice. What no rule takes is an *unassigned* failure: end with
    ``ByShare(Decimal(1))``.
    """

    account: AccountId
    rank: int
    node: NodeId
    selector: Selector


@dataclass(frozen=True, slots=True)
class ShareClass:
    """A class of units of one fund.

    ``management_fee_rate`` is a fraction a year, accrued ACT/``day_count`` on the opening NAV of the
    class. ``currency`` is the asset in which the class deals and reports.
    """

    id: ShareClassId
    fund: NodeId
    name: str
    currency: AssetId
    management_fee_rate: Decimal
    day_count: int = 365
