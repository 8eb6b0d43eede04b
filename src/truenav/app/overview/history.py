"""The NAVs of a fund through time: published, provisional, and imported from before us."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from truenav.app.house import House
from truenav.app.overview.summaries import NavSummary, summaries_of
from truenav.app.sources.context import asset_book
from truenav.calc.portfolio.intraday import drawdowns
from truenav.calc.pricing.numeraires import convert
from truenav.core.facts import Fact, NavRecord
from truenav.core.ids import NodeId, RunId, ShareClassId, TenantId
from truenav.core.money import ZERO, divided, rounded
from truenav.core.portfolio import ShareClass
from truenav.store import definitions, runs
from truenav.store.database import Session
from truenav.store.definitions import Definitions, Kind
from truenav.store.journal import FactQuery, Journal
from truenav.store.runs import Run, RunState

PLACES = 18
LONGEST = 5000
"""Runs read for one history, the latest of its range."""

PointKind = Literal["published", "provisional", "imported"]
Basis = Literal["per_unit", "nav"]

_RANK: Mapping[PointKind, int] = {"imported": 0, "provisional": 1, "published": 2}
_SHOWN = (RunState.CALCULATED, RunState.APPROVED, RunState.PUBLISHED)


@dataclass(frozen=True, slots=True)
class NavPoint:
    """One NAV in the numeraire of its history; None: unknown in it."""

    at: datetime
    kind: PointKind
    run: RunId | None
    quality: str | None
    nav: Decimal | None
    per_unit: Decimal | None


@dataclass(frozen=True, slots=True)
class History:
    """Points, oldest first, with the drawdown of each on ``basis`` (None where the level is unknown)."""

    share_class: ShareClassId | None
    basis: Basis
    points: tuple[NavPoint, ...]
    drawdowns: tuple[Decimal | None, ...]


def nav_history(
    session: Session,
    house: House,
    tenant: TenantId,
    fund: NodeId,
    *,
    since: datetime | None,
    until: datetime,
    known_at: datetime,
    numeraire: str,
) -> History:
    """The history of ``(since, until]`` as known then; of one instant the published NAV stands before others.

    Units are followed where every point knows its NAV per unit, so that subscriptions are no gain.
    """
    every = definitions.bodies(session, Kind.SHARE_CLASS, ShareClass)
    classes = sorted((one for one in every if one.fund == fund), key=lambda one: one.id)
    followed = classes[0].id if classes else None
    found = [
        run
        for run in runs.list_runs(session, fund=fund, states=_SHOWN, limit=LONGEST)
        if run.as_of <= until and run.known_at <= known_at and (since is None or run.as_of > since)
    ]
    by_instant = {run.as_of: run for run in sorted(found, key=_standing)}
    summaries = summaries_of(session, house, tenant, by_instant.values())
    points = [_of_run(by_instant[one.as_of], one, followed, numeraire) for one in summaries]
    window = FactQuery(kinds=(NavRecord.TAG,), accounts=(fund,), since=since, as_of=until, known_at=known_at)
    journal = Journal(session, house.objects, tenant)
    symbol = asset_book(Definitions(session, (Kind.ASSET, Kind.ALIAS))).symbol
    records = [one.fact for one in journal.facts(window)]
    points += _of_records(records, followed, lambda record: symbol(record.nav.asset) == numeraire)
    return with_drawdowns(_one_an_instant(points), followed)


def with_drawdowns(points: tuple[NavPoint, ...], followed: ShareClassId | None) -> History:
    """The history of these points."""
    known = [point for point in points if point.nav is not None]
    basis: Basis = "per_unit" if known and all(point.per_unit is not None for point in known) else "nav"
    levels = [point.per_unit if basis == "per_unit" else point.nav for point in points]
    falls = iter(drawdowns(level for level in levels if level is not None))
    shown = tuple(None if level is None else rounded(next(falls), PLACES) for level in levels)
    return History(followed, basis, points, shown)


def _standing(run: Run) -> tuple[bool, datetime]:
    """Of two runs of one instant the published, else the later one stands."""
    return run.state is RunState.PUBLISHED, run.created_at


def _of_run(run: Run, one: NavSummary, followed: ShareClassId | None, numeraire: str) -> NavPoint:
    price = one.prices.get(numeraire)
    per_unit = None if followed is None else one.per_unit.get(followed)

    def shown(usd: Decimal | None) -> Decimal | None:
        return None if usd is None or price is None else rounded(convert(usd, price), PLACES)

    kind: PointKind = "published" if run.state is RunState.PUBLISHED else "provisional"
    return NavPoint(one.as_of, kind, run.id, one.quality, shown(one.nav_usd), shown(per_unit))


def _of_records(
    facts: Iterable[Fact],
    followed: ShareClassId | None,
    in_numeraire: Callable[[NavRecord], bool],
) -> list[NavPoint]:
    """Imported NAVs: the classes of one instant together, where they are in the numeraire itself."""
    by_instant: dict[datetime, list[NavRecord]] = {}
    for fact in facts:
        if isinstance(fact.body, NavRecord):
            by_instant.setdefault(fact.occurred_at, []).append(fact.body)
    points = []
    for at, records in sorted(by_instant.items()):
        same = all(in_numeraire(one) for one in records)
        mine = next((one for one in records if one.share_class == followed), None)
        nav = sum((one.nav.number for one in records), ZERO) if same else None
        per_unit = (
            rounded(divided(mine.nav.number, mine.units), PLACES) if same and mine and mine.units else None
        )
        points.append(NavPoint(at, "imported", None, None, nav, per_unit))
    return points


def _one_an_instant(points: Iterable[NavPoint]) -> tuple[NavPoint, ...]:
    found: dict[datetime, NavPoint] = {}
    for point in sorted(points, key=lambda one: (one.at, _RANK[one.kind])):
        found[point.at] = point
    return tuple(found.values())
