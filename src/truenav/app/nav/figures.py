"""A run's figures as people read them: the NAV of each fund and class, and the names behind the ids."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from truenav.calc.nav.model import ClassNav, FundNav, LineKind, NavResult, NumeraireNav
from truenav.core.account import Account
from truenav.core.asset import BUILTIN_ASSETS, Asset
from truenav.core.ids import NodeId
from truenav.core.portfolio import ShareClass
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import Kind


@dataclass(frozen=True, slots=True)
class FundFigures:
    """The NAV of one fund in USD, in every numeraire and of every class; ``lines`` counts what it sums."""

    fund: NodeId
    gross_asset_value_usd: Decimal
    accrued_fees_usd: Decimal
    nav_usd: Decimal
    numeraires: tuple[NumeraireNav, ...]
    classes: tuple[ClassNav, ...]
    lines: int
    lines_manual: int
    reconciled: int


@dataclass(frozen=True, slots=True)
class Place:
    """An account as people know it."""

    account: str
    title: str
    venue: str


@dataclass(frozen=True, slots=True)
class Label:
    """What people call an asset, a contract or a share class."""

    subject: str
    label: str


@dataclass(frozen=True, slots=True)
class RunFigures:
    """Every fund of a run, the run's own last; names as they are today."""

    funds: tuple[FundFigures, ...]
    places: tuple[Place, ...]
    labels: tuple[Label, ...]


def run_figures(session: Session, result: NavResult) -> RunFigures:
    """The figures of a result with the names of all that its lines and comparisons mention."""
    accounts = {line.account for fund in result.funds for line in fund.lines}
    accounts |= {row.account for fund in result.funds for row in fund.reconciliation}
    places = sorted(
        (one for one in definitions.bodies(session, Kind.ACCOUNT, Account) if one.id in accounts),
        key=lambda one: one.id,
    )
    return RunFigures(
        funds=tuple(_fund(fund) for fund in result.funds),
        places=tuple(Place(one.id, one.name, one.venue) for one in places),
        labels=_labels(session, result),
    )


def _fund(fund: FundNav) -> FundFigures:
    return FundFigures(
        fund=fund.fund,
        gross_asset_value_usd=fund.gross_asset_value_usd,
        accrued_fees_usd=fund.accrued_fees_usd,
        nav_usd=fund.nav_usd,
        numeraires=fund.numeraires,
        classes=fund.classes,
        lines=len(fund.lines),
        lines_manual=sum(1 for line in fund.lines if line.kind is LineKind.MANUAL),
        reconciled=len(fund.reconciliation),
    )


def _labels(session: Session, result: NavResult) -> tuple[Label, ...]:
    """Assets by symbol and classes by name; a contract's id is ``venue:code``, its label the code."""
    subjects = {line.subject for fund in result.funds for line in fund.lines}
    subjects |= {row.subject for fund in result.funds for row in fund.reconciliation}
    subjects |= {one.share_class for fund in result.funds for one in fund.classes}
    subjects |= {one.currency for fund in result.funds for one in fund.classes}
    positions = {
        line.subject for fund in result.funds for line in fund.lines if line.kind is LineKind.POSITION
    } | {row.subject for fund in result.funds for row in fund.reconciliation if row.kind is LineKind.POSITION}
    known: dict[str, str] = {asset.id: asset.symbol for asset in BUILTIN_ASSETS}
    known |= {asset.id: asset.symbol for asset in definitions.bodies(session, Kind.ASSET, Asset)}
    known |= {one.id: one.name for one in definitions.bodies(session, Kind.SHARE_CLASS, ShareClass)}
    known |= {subject: subject.partition(":")[2] for subject in positions}
    return tuple(Label(subject, known.get(subject, subject)) for subject in sorted(subjects))
