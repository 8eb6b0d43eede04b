"""What is told, found in the state itself: a run that waits or was refused, an account that cannot be read,
a venue's clock that is off.

Nothing has to remember to tell. Whatever put the state there, the next look finds it, and the notice's id
keeps it from being told twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from truenav.access.policy import Principal, Resource, may
from truenav.access.principals import load_principal
from truenav.app.sources.jobs import ended_gatherings
from truenav.app.trading.clocks import VENUE_CLOCK
from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.engine.simulate import terms_at
from truenav.calc.etp.live.state import LiveProduct
from truenav.core.canonical import canonical_json
from truenav.core.clock import instant_text
from truenav.core.failure import UnauthenticatedError
from truenav.core.ids import TenantId
from truenav.core.listing import Listing
from truenav.store import definitions, issues, notices, products, roles, runs
from truenav.store.database import Session, tenant_of
from truenav.store.definitions import Kind
from truenav.store.notices import Channel, Notice
from truenav.store.progress import TaskState
from truenav.store.runs import Run, RunState

LOOKED_BACK = timedelta(days=2)
"""Older states are no news."""

WRITTEN_AFTER = timedelta(seconds=30)
"""A product's marks are written a little later than they are seen; so long is no news."""

DECIDED_BY_ITSELF_WITHIN = timedelta(seconds=30)
"""A rebalance within the listing's limit is approved by itself; one that waits longer waits for people."""

ETP = "etp"
_RUNS_LOOKED_AT = 50
_TASKS_LOOKED_AT = 5


class Event(StrEnum):
    """Kinds of news."""

    NAV_WAITS = "nav-waits"
    NAV_REFUSED = "nav-refused"
    SYNC_FAILED = "sync-failed"
    CLOCK_OFF = "clock-off"
    NAV_STALE = "product-nav-stale"
    PRODUCT_RUINED = "product-ruined"
    MERGE_DUE = "product-merge-due"
    REBALANCE_WAITS = "product-rebalance-waits"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class News:
    """A notice, and who may be told of it: ``(principal)``; the tenant's own channels get everything."""

    notice: Notice
    concerns: Callable[[Principal], bool]


def collect(session: Session, *, now: datetime) -> int:
    """Put what is new into the outbox of every channel that wants it; gives how many notices."""
    channels = notices.enabled_channels(session)
    if not channels:
        return 0
    looks = (_runs, _syncs, _clocks, _products)
    found = {news.notice.id: news for look in looks for news in look(session, now)}
    old = notices.known(session, found.keys())
    new = [news for id, news in found.items() if id not in old]
    if not new:
        return 0
    tenant = tenant_of(session)
    people = {channel.id: _owner(session, tenant, channel) for channel in channels}
    return sum(
        notices.add(
            session,
            news.notice,
            [channel for channel in channels if _wants(channel, people[channel.id], news)],
        )
        for news in new
    )


def _wants(channel: Channel, owner: Principal | None, news: News) -> bool:
    if news.notice.event not in channel.events:
        return False
    return channel.user_id is None or (owner is not None and news.concerns(owner))


def _owner(session: Session, tenant: TenantId, channel: Channel) -> Principal | None:
    """Who stands behind a channel; None for the tenant's own, and for people who may not come in any more."""
    if channel.user_id is None:
        return None
    try:
        return load_principal(session, tenant, channel.user_id, via="system")
    except UnauthenticatedError:
        return None


def _runs(session: Session, now: datetime) -> Iterator[News]:
    states = (RunState.CALCULATED, RunState.REJECTED)
    for run in runs.list_runs(session, states=states, limit=_RUNS_LOOKED_AT):
        if now - run.updated_at > LOOKED_BACK:
            continue
        if run.state is RunState.CALCULATED:
            yield News(_run_notice(Event.NAV_WAITS, run), _may_approve(run))
        else:
            yield News(_run_notice(Event.NAV_REFUSED, run), _made(run))


def _run_notice(event: Event, run: Run) -> Notice:
    about = {"run": run.id, "fund": run.fund, "as_of": instant_text(run.as_of), "quality": run.quality or ""}
    # A run that is struck again is news again, so its version is a part of the identity.
    return _notice(f"{event}:{run.id}:{run.version}", event, run.fund, about, run.updated_at)


def _may_approve(run: Run) -> Callable[[Principal], bool]:
    def concerns(person: Principal) -> bool:
        resource = Resource(person.tenant, "nav_run", run.id, maker=run.created_by)
        return may(person, "nav:approve", resource) and _sees(person, run)

    return concerns


def _made(run: Run) -> Callable[[Principal], bool]:
    return lambda person: person.user == run.created_by and may(person, "nav:read")


def _sees(person: Principal, run: Run) -> bool:
    return person.nodes is None or run.fund in person.nodes


def _syncs(session: Session, now: datetime) -> Iterator[News]:
    """Accounts whose gathering failed; one that keeps failing is told once a day."""
    for part in ended_gatherings(session, jobs=_TASKS_LOOKED_AT):
        if part.state is TaskState.FAILED and now - part.updated_at <= LOOKED_BACK:
            day = part.updated_at.date().isoformat()
            id = f"{Event.SYNC_FAILED}:{part.subject}:{day}"
            about = {"account": part.subject}
            yield News(_notice(id, Event.SYNC_FAILED, part.subject, about, part.updated_at), _keeps_sources)


def _clocks(session: Session, now: datetime) -> Iterator[News]:
    """Venues whose clock is off where orders are sent; once a day for each account."""
    for issue in issues.list_issues(session, kind=VENUE_CLOCK):
        if now - issue.opened_at <= LOOKED_BACK:
            id = f"{Event.CLOCK_OFF}:{issue.subject}:{issue.opened_at.date().isoformat()}"
            about = {"account": issue.subject}
            yield News(_notice(id, Event.CLOCK_OFF, issue.subject, about, issue.opened_at), _trades)


def _trades(person: Principal) -> bool:
    return person.nodes is None and may(person, "trade:execute")


def _keeps_sources(person: Principal) -> bool:
    return person.nodes is None and may(person, "source:write")


def _products(session: Session, now: datetime) -> Iterator[News]:
    """What a product that is run here wants of people: each state that begins is told once."""
    if ETP in roles.modules_off(session):
        return
    for listing in definitions.bodies(session, Kind.LISTING, Listing):
        live = products.last_live(session, listing.id)
        if live is None:
            continue
        about = {"product": listing.id}
        for event, which, action in _product_states(listing, live, now):
            notice = _notice(f"{event}:{listing.id}:{which}", event, listing.id, about, now)
            yield News(notice, _may_for(listing, action))


def _product_states(
    listing: Listing, live: LiveProduct, now: datetime
) -> Iterator[tuple[Event, object, str]]:
    """The events, what makes each one of its kind, and the right of those whom it concerns."""
    if live.ruined:
        yield Event.PRODUCT_RUINED, live.opened_at, "product:read"
        return
    if live.changes:
        yield Event.MERGE_DUE, live.published_at, "product:deal"
    marked_at = instant_of(live.mark.at)
    ended = listing.product.until is not None and listing.product.until <= now
    allowed = timedelta(seconds=terms_at(listing.product, live.mark.at).stale_after_seconds)
    if not ended and now - marked_at > allowed + WRITTEN_AFTER:
        yield Event.NAV_STALE, live.mark.at, "product:write"
    proposal = live.proposal
    if proposal is None or now - instant_of(proposal.at) <= DECIDED_BY_ITSELF_WITHIN:
        return
    if live.trouble or live.approved != proposal.number:
        reason = "stopped" if live.trouble else "new"
        yield Event.REBALANCE_WAITS, f"{proposal.number}:{reason}", "product:approve"


def _may_for(listing: Listing, action: str) -> Callable[[Principal], bool]:
    return lambda person: may(person, action) and (person.nodes is None or listing.node in person.nodes)


def _notice(id: str, event: Event, subject: str, about: Mapping[str, str], at: datetime) -> Notice:
    return Notice(id, event, subject, canonical_json(about).decode(), at)
