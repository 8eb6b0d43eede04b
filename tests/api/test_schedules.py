"""Schedules over the API: made, changed, listed and ended by those who may."""

from __future__ import annotations

import pytest

from truenav.app.schedule.strike import strike_scheduled_job
from truenav.core.ids import NodeId
from truenav.core.portfolio import Node, NodeKind
from truenav.store import definitions, progress, roles, runs
from truenav.store.definitions import Kind

ADDRESS = "/api/v1/schedules/close"
BODY = {"fund": "alpha", "cron": "0 17 * * mon-fri", "time_zone": "Europe/London"}


@pytest.fixture
def fund(installation, tenant):
    with installation.house.database.transaction(tenant) as session:
        for name, kind in (("alpha", NodeKind.FUND), ("book", NodeKind.BOOK)):
            node = Node(NodeId(name), name.title(), kind)
            definitions.put(session, Kind.NODE, name, node, by="test", at=installation.clock.now())
    return "alpha"


@pytest.fixture
def manager(installation, tenant, fund):
    return installation.logged_in(tenant, "manager")


def test_a_schedule_is_added_changed_listed_and_ended(manager):
    made = manager.put(ADDRESS, json=BODY)
    assert made.status_code == 200, made.text
    assert made.json()["next_at"] == "2026-02-02T17:00:00Z"
    changed = manager.put(ADDRESS, json={**BODY, "enabled": False, "version": 1}).json()
    assert (changed["version"], changed["next_at"]) == (2, None)
    assert [one["id"] for one in manager.get("/api/v1/schedules").json()["items"]] == ["close"]
    assert manager.get(ADDRESS).json() == changed
    assert manager.delete(ADDRESS).status_code == 204
    assert manager.get(ADDRESS).status_code == 404


def test_the_next_times_are_given_in_utc_over_a_switch(manager):
    manager.put(ADDRESS, json={**BODY, "cron": "0 17 28-29 3 *"})
    times = manager.get(f"{ADDRESS}/next", params={"count": 2}).json()
    assert times == ["2026-03-28T17:00:00Z", "2026-03-29T16:00:00Z"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"cron": "every day"}, 422),
        ({"time_zone": "London"}, 422),
        ({"fund": "nowhere"}, 404),
        ({"fund": "book"}, 422),
        ({"version": 7}, 409),
        ({"surprise": 1}, 422),
    ],
)
def test_what_does_not_fit_is_refused(manager, change, status):
    assert manager.put(ADDRESS, json={**BODY, **change}).status_code == status


def test_an_auditor_sees_schedules_and_changes_none(installation, tenant, manager):
    manager.put(ADDRESS, json=BODY)
    auditor = installation.logged_in(tenant, "auditor")
    assert auditor.get(ADDRESS).status_code == 200
    assert auditor.put(ADDRESS, json=BODY).status_code == 403
    assert auditor.delete(ADDRESS).status_code == 403


def _seeing(installation, tenant, user, *nodes):
    """A manager who sees these nodes only."""
    client = installation.logged_in(tenant, user, "manager")
    with installation.house.database.transaction(tenant) as session:
        roles.put_scope(session, user, roles.Scope(nodes))
    return client


@pytest.mark.parametrize("seen", ["alpha", "carry"])
def test_who_sees_a_part_sees_and_exports_the_schedules_of_the_funds_they_reach(
    installation, tenant, manager, seen
):
    with installation.house.database.transaction(tenant) as session:
        for node in (
            Node(NodeId("beta"), "Beta", NodeKind.FUND),
            Node(NodeId("carry"), "Carry", NodeKind.STRATEGY, NodeId("alpha")),
        ):
            definitions.put(session, Kind.NODE, node.id, node, by="test", at=installation.clock.now())
    manager.put(ADDRESS, json=BODY)
    manager.put("/api/v1/schedules/other", json={**BODY, "fund": "beta"})
    part = _seeing(installation, tenant, "part", seen)
    assert [one["id"] for one in part.get("/api/v1/schedules").json()["items"]] == ["close"]
    for form in ("csv", "xlsx"):
        assert part.get("/api/v1/schedules", params={"format": form}).status_code == 200
    lines = part.get("/api/v1/schedules", params={"format": "csv"}).text.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["close"]
    assert part.get(f"{ADDRESS}/next").status_code == 200
    for hidden in ("/api/v1/schedules/other", "/api/v1/schedules/other/next"):
        assert part.get(hidden).status_code == 404
    assert manager.get("/api/v1/schedules").json()["items"][1]["id"] == "other"


def test_another_tenants_schedule_is_not_there(installation, manager):
    manager.put(ADDRESS, json=BODY)
    other = installation.logged_in(installation.tenant(), "manager")
    assert other.get(ADDRESS).status_code == 404
    assert other.delete(ADDRESS).status_code == 404


def test_a_due_time_opens_one_run_however_often_its_job_is_done(installation, tenant, manager):
    arguments = {"schedule": "close", "fund": "alpha", "due_at": "2026-01-30T17:00:00Z", "task": "job-1"}
    for _ in range(2):
        strike_scheduled_job(installation.house, tenant, arguments)
    with installation.house.database.transaction(tenant) as session:
        (run,) = runs.list_runs(session)
        (task,) = progress.list_tasks(session)
    assert (run.fund, run.created_by, task.subject) == ("alpha", "system", run.id)
    jobs = manager.get("/api/v1/jobs").json()
    assert [(job["kind"], job["state"]) for job in jobs] == [("nav.advance", "waiting")]
    assert manager.get(f"/api/v1/jobs/{task.id}").json() == jobs[0]


def test_the_next_times_are_shown_before_anything_is_saved(manager):
    wanted = {"cron": BODY["cron"], "time_zone": BODY["time_zone"], "count": 1}
    assert manager.get("/api/v1/schedule-times", params=wanted).json() == ["2026-02-02T17:00:00Z"]
    refused = manager.get("/api/v1/schedule-times", params={**wanted, "cron": "each day"})
    assert (refused.status_code, "cron" in refused.json()["detail"]) == (422, True)
    assert manager.get("/api/v1/schedules").json()["items"] == []
