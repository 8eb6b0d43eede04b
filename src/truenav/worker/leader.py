"""The one worker that looks after all: jobs of dead workers, schedules, and runs that nobody works on.

The leader is whoever holds an advisory lock of the database, and its work on the queue goes over the very
connection that holds it: a leader that lost the lock cannot act. Each leader has a number, one higher than
the one before; what it does as the application checks that no later leader has come. A leader that does
not breathe for three seconds, because its machine sleeps for example, is deposed by the others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import psycopg
import structlog
from sqlalchemy import text

from truenav.app.baskets.due import enqueue_due_lists
from truenav.app.house import House
from truenav.app.notices.delivery import enqueue_notices
from truenav.app.schedule.ticker import enqueue_due
from truenav.core.failure import TruenavError
from truenav.core.ids import TenantId
from truenav.store import baskets, changes, idempotency, progress, queue
from truenav.store.database import Session, tenant_of
from truenav.store.tenants import list_tenants
from truenav.store.uploads import Uploads
from truenav.worker.execute import report_failure

STALLED_SECONDS = 3.0
TICK_SECONDS = 0.5
MAX_RESCUES = 20
"""A job that outlived so many of its workers kills them; it fails."""

_LOCK = (0x74727565, 0x6C656164)  # "true", "lead"
_CLEANING_SECONDS = 3600.0
_KEPT_JOBS = timedelta(days=7)
_KEPT_PROGRESS = timedelta(days=30)
_KEPT_UPLOADS = timedelta(days=7)
_KEPT_KEYS = timedelta(days=8)  # a repeated request must be recognised for at least 7 days
# The server notices within seconds that our machine is gone, and frees the lock.
CONNECTION_OPTIONS = "-c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=2"

_DEPOSE = """
SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = %s AND l.objid = %s
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND a.state = 'idle' AND a.state_change < clock_timestamp() - make_interval(secs => %s)
"""
_RESCUE = """
WITH stalled AS (
    SELECT j.id, (SELECT count(*) FROM procrastinate_events e
                  WHERE e.job_id = j.id AND e.type = 'deferred_for_retry') AS returns
    FROM procrastinate_jobs j
    WHERE j.status = 'doing' AND NOT EXISTS (
        SELECT FROM procrastinate_workers w
        WHERE w.id = j.worker_id AND w.last_heartbeat > now() - make_interval(secs => %(stalled)s))
    FOR UPDATE OF j SKIP LOCKED
)
UPDATE procrastinate_jobs j
SET status = (CASE WHEN s.returns < %(limit)s THEN 'todo' ELSE 'failed' END)::procrastinate_job_status,
    worker_id = NULL, scheduled_at = NULL, abort_requested = false
FROM stalled s WHERE s.id = j.id
RETURNING j.id, j.task_name, j.args->>'tenant', j.status = 'failed'
"""
# The queue tells its workers of new jobs only; one that came back is news as well.
_WAKE = (
    "SELECT pg_notify('procrastinate_any_queue_v1', "
    "json_build_object('type', 'job_inserted', 'job_id', %s::bigint)::text)"
)
_FORGET_JOBS = """
DELETE FROM procrastinate_jobs j WHERE j.status NOT IN ('todo', 'doing') AND NOT EXISTS (
    SELECT FROM procrastinate_events e WHERE e.job_id = j.id AND e.at > now() - %s::interval)
"""
_FORGET_WORKERS = "DELETE FROM procrastinate_workers WHERE last_heartbeat < now() - interval '1 minute'"

_log = structlog.get_logger(__name__)


class StaleLeaderError(TruenavError):
    """Another leader has come; this one may do nothing more."""

    code: ClassVar[str] = "stale-leader"


@dataclass(frozen=True, slots=True)
class Term:
    """One leader's time in office, with its fencing number."""

    connection: psycopg.Connection[Any]
    fence: int

    def confirm(self) -> None:
        """Breathe, and make sure that we still lead; `StaleLeaderError` when not."""
        row = self.connection.execute("SELECT last_value FROM leader_fence").fetchone()
        assert row is not None
        self._refuse_stale(row[0])

    def confirm_in(self, session: Session) -> None:
        """The same, inside a transaction of the application."""
        self._refuse_stale(session.scalar(text("SELECT last_value FROM leader_fence")))

    def _refuse_stale(self, latest: int | None) -> None:
        if latest != self.fence:
            raise StaleLeaderError(f"Leader {self.fence} is over; leader {latest} has come.")


def take_office(connection: psycopg.Connection[Any]) -> Term | None:
    """Become the leader, or None while another one lives; ``connection`` is in autocommit mode."""
    connection.execute(_DEPOSE, [*_LOCK, STALLED_SECONDS])
    if connection.execute("SELECT pg_try_advisory_lock(%s, %s)", _LOCK).fetchone() != (True,):
        return None
    row = connection.execute("SELECT nextval('leader_fence')").fetchone()
    assert row is not None
    return Term(connection, row[0])


class Leader:
    """Leads when nobody else does, from a thread of its own."""

    def __init__(self, house: House, queue_dsn: str, *, tick_seconds: float = TICK_SECONDS) -> None:
        self._house = house
        self._dsn = queue_dsn
        self._tick_seconds = tick_seconds
        self._cleaned_at: float | None = None

    def run(self, stop: threading.Event) -> None:
        """Stand ready, lead, and stand ready again after a lost connection, until ``stop`` is set."""
        while not stop.wait(self._tick_seconds):
            try:
                with psycopg.connect(self._dsn, autocommit=True, options=CONNECTION_OPTIONS) as connection:
                    self._serve(connection, stop)
            except (psycopg.Error, TruenavError) as error:
                _log.warning("not leading", reason=str(error))

    def _serve(self, connection: psycopg.Connection[Any], stop: threading.Event) -> None:
        while (term := take_office(connection)) is None:
            if stop.wait(self._tick_seconds):
                return
        _log.info("leading", fence=term.fence)
        while True:
            self.tick(term)
            if stop.wait(self._tick_seconds):
                return

    def tick(self, term: Term) -> None:
        """Do once everything that a leader does; what fails for one tenant is told, and the others go on."""
        self._rescue(term)
        with self._house.database.lookup() as session:
            known = list_tenants(session)
        tenants = tuple(one.id for one in known)
        for tenant in (one.id for one in known if one.suspended_at is None):
            term.confirm()
            self._guarded(tenant, lambda session: self._look_after(session, term))
        if self._cleaned_at is None or time.monotonic() - self._cleaned_at > _CLEANING_SECONDS:
            self._clean(term, tenants)
            self._cleaned_at = time.monotonic()

    def _rescue(self, term: Term) -> None:
        """Give the jobs of dead workers to living ones."""
        limits = {"stalled": STALLED_SECONDS, "limit": MAX_RESCUES}
        for job, name, tenant, failed in term.connection.execute(_RESCUE, limits).fetchall():
            _log.warning("job of a dead worker", job=name, task=queue.task_id(job), failed=failed)
            if failed:
                message = f"{MAX_RESCUES} workers died of it one after the other."
                report_failure(self._house, TenantId(tenant), name, queue.task_id(job), message)
            else:
                term.connection.execute(_WAKE, [job])

    def _look_after(self, session: Session, term: Term) -> None:
        """Start what is due in one tenant, and what somebody left."""
        term.confirm_in(session)
        now = self._house.clock.now()
        enqueue_due(session, now=now)
        enqueue_due_lists(session, now=now)
        enqueue_notices(session, now=now)
        for run in queue.abandoned_runs(session, now=now, idle=timedelta(seconds=STALLED_SECONDS)):
            queue.enqueue_advance(session, run, at=now)

    def _clean(self, term: Term, tenants: tuple[TenantId, ...]) -> None:
        """Forget work that ended long ago, and thin what is kept in too fine steps for its age."""
        term.connection.execute(_FORGET_WORKERS)
        term.connection.execute(_FORGET_JOBS, [_KEPT_JOBS])
        now = self._house.clock.now()
        for tenant in tenants:
            self._guarded(tenant, lambda session: progress.forget_before(session, now - _KEPT_PROGRESS))
            self._guarded(tenant, lambda session: idempotency.forget_before(session, now - _KEPT_KEYS))
            self._guarded(tenant, changes.forget_old)
            self._guarded(tenant, lambda session: self._forget_uploads(session, now))
            self._guarded(tenant, lambda session: baskets.thin_inav(session, now=now))

    def _forget_uploads(self, session: Session, now: datetime) -> None:
        Uploads(self._house.objects, tenant_of(session)).forget_before(now - _KEPT_UPLOADS)

    def _guarded(self, tenant: TenantId, action: Callable[[Session], object]) -> None:
        try:
            with self._house.database.transaction(tenant) as session:
                action(session)
        except StaleLeaderError:
            raise
        except Exception:
            _log.exception("a tenant could not be looked after", tenant=tenant)
