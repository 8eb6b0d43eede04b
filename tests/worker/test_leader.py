"""One leader at a time, numbered; it looks after schedules and runs that nobody works on."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from tests.calc.etp.baskets.samples import product

from truenav.app.schedule.model import Schedule
from truenav.app.schedule.ticker import enqueue_due
from truenav.core.basket import BasketListing
from truenav.core.ids import NodeId, RunId
from truenav.store import baskets, definitions, progress, queue, runs
from truenav.store.baskets import InavPoint
from truenav.store.definitions import Kind
from truenav.store.roles import switch_module
from truenav.store.tenants import suspend_tenant
from truenav.store.users import create_tenant
from truenav.worker.leader import Leader, StaleLeaderError, take_office

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class _Recording(Leader):
    """Notes each term it ticks in."""

    def __init__(self, workshop, fences):
        super().__init__(workshop.house, workshop.queue_dsn, tick_seconds=0.05)
        self._fences = fences

    def tick(self, term):
        super().tick(term)
        self._fences.append(term.fence)


@pytest.fixture
def connect(workshop):
    opened = []

    def open_one():
        opened.append(psycopg.connect(workshop.queue_dsn, autocommit=True))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


def test_there_is_one_leader_and_its_number_grows(workshop, connect):
    one, two = connect(), connect()
    first = take_office(one)
    assert first is not None
    assert take_office(two) is None
    first.confirm()
    one.close()
    found = []
    workshop.until(
        lambda: found.append(take_office(two)) or found[-1] is not None, seconds=5, what="the second"
    )
    assert found[-1].fence == first.fence + 1


def test_a_leader_that_does_not_breathe_is_deposed_and_can_do_nothing_more(workshop, connect, monkeypatch):
    monkeypatch.setattr("truenav.worker.leader.STALLED_SECONDS", 0.2)
    one, two = connect(), connect()
    first = take_office(one)
    workshop.until(lambda: take_office(two) is not None, seconds=5, what="deposed")
    with pytest.raises(psycopg.OperationalError):
        first.confirm()
    with workshop.house.database.transaction(workshop.tenant) as session, pytest.raises(StaleLeaderError):
        first.confirm_in(session)


def test_of_two_leaders_the_second_follows_the_first_and_they_never_mix(workshop):
    fences, stop = [], threading.Event()
    threads = [threading.Thread(target=_Recording(workshop, fences).run, args=[stop]) for _ in range(2)]
    for thread in threads:
        thread.start()
    workshop.until(lambda: len(fences) > 3, seconds=10, what="leading")
    with psycopg.connect(workshop.queue_dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    workshop.until(lambda: len(set(fences)) > 1, seconds=10, what="the second leader")
    stop.set()
    for thread in threads:
        thread.join(10)
    assert fences == sorted(fences)
    # A third may follow: who is told to stop first leaves the office to the other for a moment.
    assert len(set(fences)) >= 2


def _schedule(workshop, cron="*/5 * * * *", *, at=NOW):
    with workshop.house.database.transaction(workshop.tenant) as session:
        schedule = Schedule("often", NodeId("alpha"), cron)
        definitions.put(session, Kind.SCHEDULE, "often", schedule, by="anna", at=at)


def _struck(workshop):
    with psycopg.connect(workshop.queue_dsn) as connection:
        rows = connection.execute(
            "SELECT args->>'due_at' FROM procrastinate_jobs WHERE task_name = 'nav.strike_scheduled'"
        ).fetchall()
    return [due for (due,) in rows]


def test_two_tickers_start_each_due_time_once_and_of_missed_ones_the_latest(workshop):
    _schedule(workshop)

    def tick(now):
        with workshop.house.database.transaction(workshop.tenant) as session:
            enqueue_due(session, now=now)

    for minutes in (1, 5, 67):
        now = NOW + timedelta(minutes=minutes, seconds=1)
        threads = [threading.Thread(target=tick, args=[now]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert _struck(workshop) == ["2026-03-01T12:05:00Z", "2026-03-01T13:05:00Z"]


def test_a_schedule_with_a_broken_body_stops_no_other_tenant(workshop):
    with workshop.house.database.transaction("aaa") as session:
        create_tenant(session, name="First", at=NOW)
        definitions.put(session, Kind.SCHEDULE, "broken", {"no": "schedule"}, by="anna", at=NOW)
    _schedule(workshop, at=workshop.house.clock.now() - timedelta(hours=1))
    _lead_once(workshop)
    assert len(_struck(workshop)) == 1


@pytest.mark.parametrize("how", ["suspended", "switched off"])
def test_nothing_is_due_for_a_suspended_tenant_or_a_module_that_is_off(workshop, how):
    _schedule(workshop, at=workshop.house.clock.now() - timedelta(hours=1))
    with workshop.house.database.transaction(workshop.tenant) as session:
        if how == "suspended":
            suspend_tenant(session, at=NOW)
        else:
            switch_module(session, "nav", enabled=False, by="anna", at=NOW)
    _lead_once(workshop)
    assert _struck(workshop) == []
    with workshop.house.database.transaction(workshop.tenant) as session:
        suspend_tenant(session, at=None)
        switch_module(session, "nav", enabled=True, by="anna", at=NOW)
    _lead_once(workshop)
    assert len(_struck(workshop)) == 1


def _lead_once(workshop):
    with psycopg.connect(workshop.queue_dsn, autocommit=True) as connection:
        term = take_office(connection)
        assert term is not None
        Leader(workshop.house, workshop.queue_dsn).tick(term)


def test_a_run_that_nobody_works_on_goes_to_the_workers_once(workshop):
    with workshop.house.database.transaction(workshop.tenant) as session:
        runs.create(session, RunId("r1"), fund=NodeId("alpha"), as_of=NOW, known_at=NOW, by="anna", at=NOW)
    with queue.run_lock(workshop.house.database, workshop.tenant, RunId("r1")):
        _lead_once(workshop)
    assert workshop.statuses() == []
    _lead_once(workshop)
    _lead_once(workshop)
    assert workshop.statuses() == ["todo"]
    with workshop.house.database.transaction(workshop.tenant) as session:
        (task,) = progress.list_tasks(session, kind="nav.advance")
    assert task.subject == "r1"


def test_work_that_ended_long_ago_is_forgotten(workshop):
    workshop.enqueue("tiny.note")
    with psycopg.connect(workshop.queue_dsn) as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'failed'")
        connection.execute("UPDATE procrastinate_events SET at = now() - interval '8 days'")
    _lead_once(workshop)
    assert workshop.statuses() == []


def test_indicative_values_are_thinned_as_they_grow_old(workshop):
    listing = BasketListing("trio", NodeId("trio"), product(), automatic=False)
    now = workshop.house.clock.now()
    old = (now - timedelta(days=31)).replace(second=0, microsecond=0)
    with workshop.house.database.transaction(workshop.tenant) as session:
        definitions.put(session, Kind.BASKET, "trio", listing, by="max", at=now)
        for number in range(4):
            at = old + number * timedelta(seconds=15)
            baskets.write_inav(session, "trio", InavPoint(at, None, Decimal(0), None))
    _lead_once(workshop)
    with workshop.house.database.transaction(workshop.tenant) as session:
        (kept,) = baskets.inav_points(session, "trio", old, now, most=10)
    assert kept.at == old + timedelta(seconds=45)
