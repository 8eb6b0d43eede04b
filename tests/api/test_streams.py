"""Open streams when their reader may no longer read: they end within seconds and tell nothing after."""

from __future__ import annotations

import time

import anyio
import pytest

from truenav.app.events.service import announce
from truenav.app.tenants import service as tenants

from .test_wire import _Streaming as Streaming

EVENTS, CHANGES = "/api/v1/events", "/api/v1/explore/alpha/changes"
STREAMS = (EVENTS, CHANGES)
OPENED = {EVENTS: ": connected", CHANGES: "event: ready"}
LATER = "at,base,quote,price\n2026-01-31T07:59:00Z,BTC,USD,75001.125\n"
SECONDS = 10

READER = {"name": "Reader", "actions": ["event:read", "portfolio:read"]}


@pytest.fixture
def reader(fund, admin):
    """Somebody whose one role is the tenant's own."""
    assert admin.put("/api/v1/roles/reader", json=READER).status_code == 200
    return fund.installation.logged_in(fund.tenant, "rea", "reader")


def _module_off(admin, **_):
    return admin.put("/api/v1/modules", json={"switches": {"explore": False}})


def _suspended(fund, **_):
    tenants.suspend(fund.installation.house, tenants.machine_host(), fund.tenant)


def _disabled(admin, **_):
    return admin.delete("/api/v1/users/rea")


def _revoked(fund, **_):
    elsewhere = fund.installation.client()
    assert elsewhere.log_in(f"rea@{fund.tenant}.test").status_code == 200
    return elsewhere.delete("/api/v1/me/sessions")


def _logged_out(reader, **_):
    return reader.post("/api/v1/logout")


def _right_lost(admin, **_):
    return admin.put("/api/v1/roles/reader", json={**READER, "actions": ["nav:read"]})


def _scope_narrowed(admin, **_):
    return admin.put("/api/v1/users/rea/scope", json={"nodes": ["carry"], "investors": []})


@pytest.mark.parametrize(
    ("change", "reason", "reopened"),
    [
        (_module_off, {EVENTS: "read-anew", CHANGES: "module-off"}, {EVENTS: 200, CHANGES: 404}),
        (_suspended, dict.fromkeys(STREAMS, "unauthenticated"), dict.fromkeys(STREAMS, 401)),
        (_disabled, dict.fromkeys(STREAMS, "unauthenticated"), dict.fromkeys(STREAMS, 401)),
        (_revoked, dict.fromkeys(STREAMS, "unauthenticated"), dict.fromkeys(STREAMS, 401)),
        (_logged_out, dict.fromkeys(STREAMS, "unauthenticated"), dict.fromkeys(STREAMS, 401)),
        (_right_lost, dict.fromkeys(STREAMS, "forbidden"), dict.fromkeys(STREAMS, 403)),
        (_scope_narrowed, dict.fromkeys(STREAMS, "read-anew"), dict.fromkeys(STREAMS, 200)),
    ],
)
def test_an_open_stream_ends_when_its_reader_loses_the_right(fund, admin, reader, change, reason, reopened):
    def change_and_more():
        answer = change(fund=fund, admin=admin, reader=reader)
        assert answer is None or answer.status_code in (200, 204), answer.text
        with fund.installation.house.database.transaction(fund.tenant) as session:
            announce(session, "run", id="a-run", fund="alpha", state="approved")
        if change is not _suspended:
            assert fund.upload("prices.csv", LATER).status_code == 201

    async def until_end():
        streams = {path: Streaming(fund.installation.app).open(path, reader) for path in STREAMS}
        for path, lines in streams.items():
            assert await anext(lines) == OPENED[path]
        await anyio.to_thread.run_sync(change_and_more)
        began = time.monotonic()
        told = {path: [line async for line in lines] for path, lines in streams.items()}
        return told, time.monotonic() - began

    told, seconds = fund.installation.portal.call(until_end)
    for path in STREAMS:
        lines = [line for line in told[path] if line and line not in (": still here", "data: {}")]
        assert lines == ["event: end", f'data: {{"reason":"{reason[path]}"}}'], path
        if reopened[path] != 200:
            assert reader.get(path).status_code == reopened[path]
    assert seconds < SECONDS
    assert fund.installation.app.state.hub.streams == 0


def test_what_others_lose_does_not_end_a_stream(fund, admin, reader):
    fund.installation.add(fund.tenant, "bob", "manager")

    async def first_news():
        transport = Streaming(fund.installation.app)
        lines = transport.open(EVENTS, reader)
        assert await anext(lines) == ": connected"
        await anyio.to_thread.run_sync(lambda: admin.delete("/api/v1/users/bob"))
        with fund.installation.house.database.transaction(fund.tenant) as session:
            announce(session, "run", id="a-run", fund="alpha", state="approved")
        told = [await anext(lines)]
        while not told[-1].startswith("data:"):
            told.append(await anext(lines))
        await transport.leave()
        return [line for line in told if line]

    told = fund.installation.portal.call(first_news)
    assert told == ["event: run", 'data: {"id":"a-run","fund":"alpha","state":"approved"}']
