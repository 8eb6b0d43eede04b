"""The few figures of a run's result that histories need; read from the archive once, then kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.app.house import House
from truenav.app.nav.archived import read_result
from truenav.calc.nav.model import NavResult
from truenav.core.canonical import canonical_json, decode
from truenav.core.ids import NodeId, Sha256, ShareClassId, TenantId
from truenav.store import summaries
from truenav.store.database import Session
from truenav.store.runs import Run


@dataclass(frozen=True, slots=True)
class NavSummary:
    """A result in short, in USD. ``values``: NAV of each fund and value of each other node.

    ``per_unit`` is the NAV per unit of each class; ``prices`` those of the numeraires. None: unknown.
    """

    fund: NodeId
    as_of: datetime
    quality: str
    nav_usd: Decimal
    values: Mapping[NodeId, Decimal]
    per_unit: Mapping[ShareClassId, Decimal | None]
    prices: Mapping[str, Decimal | None]


def summarize(result: NavResult) -> NavSummary:
    """The summary of a result."""
    values = {one.node: one.value_usd for one in result.nodes}
    return NavSummary(
        fund=result.fund,
        as_of=result.as_of,
        quality=result.quality,
        nav_usd=result.root.nav_usd,
        values=values | {one.fund: one.nav_usd for one in result.funds},
        per_unit={one.share_class: one.nav_per_unit_usd for one in result.root.classes},
        prices={one.code: one.price_usd for one in result.numeraire_prices},
    )


def summaries_of(
    session: Session, house: House, tenant: TenantId, runs: Iterable[Run]
) -> tuple[NavSummary, ...]:
    """The summaries of calculated runs, oldest valuation first; those not kept yet are made and kept."""
    wanted = {run.result_sha: run for run in runs if run.result_sha is not None}
    texts: dict[Sha256, str] = dict(summaries.find(session, list(wanted)))
    new = {
        sha: canonical_json(summarize(read_result(house.blobs(tenant), run))).decode()
        for sha, run in wanted.items()
        if sha not in texts
    }
    if new:
        # Not in the reader's transaction: that one sees an older state, and may not meet another's row.
        with house.database.transaction(tenant) as writing:
            summaries.keep(writing, new)
    found = [decode(NavSummary, json.loads(text)) for text in (texts | new).values()]
    return tuple(sorted(found, key=lambda one: one.as_of))
