"""People who are not looking are told: once for each thing, through their own channels, until it is taken."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from truenav.app.notices.delivery import ATTEMPTS, enqueue_notices
from truenav.app.trading.clocks import note_clock
from truenav.store import issues, progress
from truenav.store.progress import TaskProgress, TaskState

EVENTS = ["nav-waits", "nav-refused", "sync-failed"]


class Receiver:
    """A web server that answers as it is told and notes what it gets."""

    def __init__(self) -> None:
        self.status = 204
        self.seen: list[tuple[dict[str, str], dict[str, object]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen.append((dict(self.headers), json.loads(body)))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/in"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def keeper(fund):
    """The administrator of the fund's tenant."""
    return fund.installation.logged_in(fund.tenant, "ada", "administrator")


def _channel(client, target, *, events=EVENTS, kind="webhook", **other):
    body = {"kind": kind, "target": target, "events": events, **other}
    return client.post("/api/v1/notices/channels", json=body)


def _deliver(fund):
    """What a worker's leader and a worker do."""
    house = fund.installation.house
    with house.database.transaction(fund.tenant) as session:
        enqueue_notices(session, now=house.clock.now())
    fund.work("job-0", "notice.deliver")


@pytest.fixture
def allowed(keeper):
    assert keeper.post("/api/v1/notices/hosts", json={"host": "127.0.0.1"}).status_code == 204


def test_a_nav_that_waits_is_told_once_to_who_may_approve_it_and_not_to_its_maker(fund, receiver, allowed):
    assert _channel(fund.checker, receiver.url).status_code == 201
    assert _channel(fund.maker, receiver.url).status_code == 201
    run = fund.strike()
    _deliver(fund)
    _deliver(fund)
    ((headers, body),) = receiver.seen
    assert (body["event"], body["about"]["run"]) == ("nav-waits", run["id"])
    assert headers["X-Truenav-Notice"] == body["id"]
    assert headers["X-Truenav-Signature"].startswith("t=")
    (shown,) = fund.checker.get("/api/v1/notices").json()
    assert (shown["state"], shown["attempts"]) == ("sent", 1)
    assert fund.maker.get("/api/v1/notices").json() == []


def test_a_refusal_is_told_to_who_made_it(fund, receiver, allowed):
    _channel(fund.maker, receiver.url)
    run = fund.strike()
    refused = fund.checker.post(f"/api/v1/nav/runs/{run['id']}/reject", json={"reason": "BTC is off"})
    assert refused.status_code == 200
    _deliver(fund)
    assert [body["event"] for _, body in receiver.seen] == ["nav-refused"]
    assert "BTC is off" not in json.dumps(receiver.seen)


def test_an_account_that_cannot_be_read_is_told_once_a_day(fund, keeper, receiver, allowed):
    _channel(keeper, receiver.url, for_tenant=True)
    house = fund.installation.house
    for number in (1, 2):
        now = house.clock.now()
        with house.database.transaction(fund.tenant) as session:
            job = TaskProgress(f"job-9{number}", "source.gather", "all", TaskState.DONE, now)
            progress.report(session, job)
            part = f"job-9{number}:desk"
            failed = TaskProgress(
                part, "source.gather.one", "desk", TaskState.FAILED, now, error="key canary-77 refused"
            )
            progress.report(session, failed)
        _deliver(fund)
    ((_, body),) = receiver.seen
    assert (body["event"], body["about"]) == ("sync-failed", {"account": "desk"})


def test_what_is_not_taken_is_tried_again_with_growing_pauses_and_then_given_up(fund, receiver, allowed):
    _channel(fund.checker, receiver.url)
    receiver.status = 500
    fund.strike()
    _deliver(fund)
    _deliver(fund)
    assert len(receiver.seen) == 1
    fund.installation.clock.advance(seconds=31)
    _deliver(fund)
    assert len(receiver.seen) == 2
    for _ in range(ATTEMPTS):
        fund.installation.clock.advance(hours=6)
        _deliver(fund)
    assert len(receiver.seen) == ATTEMPTS
    assert len({headers["X-Truenav-Notice"] for headers, _ in receiver.seen}) == 1
    with fund.installation.house.database.transaction(fund.tenant) as session:
        assert [one.kind for one in issues.list_issues(session)] == ["notice_undelivered"]


def test_an_inside_host_is_not_contacted_until_an_administrator_allows_it(fund, keeper, receiver):
    made = _channel(fund.checker, receiver.url)
    fund.strike()
    _deliver(fund)
    assert receiver.seen == []
    (shown,) = fund.checker.get("/api/v1/notices").json()
    assert (shown["state"], "administrator" in shown["error"]) == ("waiting", True)
    assert fund.checker.post("/api/v1/notices/hosts", json={"host": "127.0.0.1"}).status_code == 403
    keeper.post("/api/v1/notices/hosts", json={"host": "127.0.0.1"})
    sent = fund.checker.post(f"/api/v1/notices/channels/{made.json()['id']}/test")
    assert sent.status_code == 202
    _deliver(fund)
    assert [body["event"] for _, body in receiver.seen] == ["test"]
    assert keeper.delete("/api/v1/notices/hosts/127.0.0.1").status_code == 204
    assert keeper.get("/api/v1/notices/hosts").json() == []


def test_a_channel_is_seen_and_changed_by_its_owner_alone(fund, keeper, receiver):
    made = _channel(fund.checker, receiver.url).json()
    assert len(made["secret"]) == 64
    assert fund.checker.get("/api/v1/notices/channels").json()[0]["secret"] is None
    path = f"/api/v1/notices/channels/{made['id']}"
    for other in (fund.maker, keeper):
        assert other.get("/api/v1/notices/channels").json() == []
        assert other.delete(path).status_code == 404
        assert other.put(path, json={"events": EVENTS, "enabled": False}).status_code == 404
    changed = fund.checker.put(path, json={"events": ["nav-waits"], "enabled": False}).json()
    assert (changed["events"], changed["enabled"]) == (["nav-waits"], False)
    assert fund.checker.delete(path).status_code == 204


def test_own_mails_go_to_ones_own_address_and_the_tenants_need_an_administrator(fund, keeper):
    assert _channel(fund.checker, f"fay@{fund.tenant}.test", kind="mail").status_code == 201
    assert _channel(fund.checker, "evil@elsewhere.test", kind="mail").status_code == 403
    assert _channel(fund.checker, "ops@fund.test", kind="mail", for_tenant=True).status_code == 403
    assert _channel(keeper, "ops@fund.test", kind="mail", for_tenant=True).status_code == 201
    assert _channel(fund.checker, "https://user:pw@hook.test/").status_code == 422


def test_the_mail_servers_password_is_never_shown(fund, keeper):
    body = {
        "host": "mail.fund.test",
        "port": 465,
        "security": "tls",
        "sender": "nav@fund.test",
        "user": "nav",
        "password": "canary-mail-77",
    }
    assert keeper.get("/api/v1/notices/mail-server").status_code == 404
    put = keeper.put("/api/v1/notices/mail-server", json=body)
    assert put.status_code == 200, put.text
    shown = keeper.get("/api/v1/notices/mail-server")
    assert "canary-mail-77" not in put.text + shown.text
    assert shown.json()["host"] == "mail.fund.test"
    assert fund.maker.get("/api/v1/notices/mail-server").status_code == 403


def test_another_tenant_sees_and_gets_nothing(fund, receiver, allowed, installation):
    stranger = installation.logged_in(installation.tenant(), "stranger", "administrator", "risk")
    assert _channel(stranger, receiver.url, for_tenant=True).status_code == 201
    fund.strike()
    _deliver(fund)
    assert receiver.seen == []
    assert stranger.get("/api/v1/notices/hosts").json() == []


def test_a_venues_clock_that_is_off_is_told_once_a_day_to_who_sends_orders(fund, receiver, allowed):
    assert _channel(fund.maker, receiver.url, events=["clock-off"]).status_code == 201
    assert _channel(fund.checker, receiver.url, events=["clock-off"]).status_code == 201
    house = fund.installation.house
    for seconds in (2, 0, -3):
        with house.database.transaction(fund.tenant) as session:
            note_clock(session, "desk", timedelta(seconds=seconds), at=house.clock.now())
        _deliver(fund)
    ((_, body),) = receiver.seen
    assert (body["event"], body["about"]) == ("clock-off", {"account": "desk"})
    assert fund.checker.get("/api/v1/notices").json() == []
