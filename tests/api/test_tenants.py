"""Tenants over the API: run by hosts of the installation, who see no data of theirs."""

from __future__ import annotations

import io
import zipfile

import pytest

from truenav.access.policy import INSTALLATION
from truenav.store import users as store

NEW = {"id": "hal", "name": "Hal", "email": "hal@installation.test", "roles": ["host"]}
PASSWORD = "nine.blue.kettles.sing"


@pytest.fixture
def host(installation):
    """Somebody whom the administrator of the installation made its host."""
    with installation.house.database.transaction(INSTALLATION) as session:
        store.create_tenant(session, "Installation", at=installation.clock.now())
    admin = installation.logged_in(INSTALLATION, "root", "administrator")
    made = admin.post("/api/v1/users", json={**NEW, "password": PASSWORD})
    assert made.status_code == 201, made.text
    client = installation.client()
    assert client.log_in(NEW["email"], PASSWORD).status_code == 200
    return client


def test_a_host_makes_stops_exports_and_erases_a_tenant(installation, host):
    asked = {"id": "east", "name": "East", "email": "eve@east.test"}
    made = host.post("/api/v1/tenants", json=asked)
    assert made.status_code == 201, made.text
    assert made.json()["path"].startswith("/welcome#east.")
    assert host.post("/api/v1/tenants", json=asked).status_code == 409
    worker = installation.logged_in("east", "mia", "manager")
    assert worker.get("/api/v1/nodes").status_code == 200

    assert host.post("/api/v1/tenants/east/erase", json={"confirm": "east"}).status_code == 409
    assert host.post("/api/v1/tenants/east/suspend").json()["suspended_at"]
    assert worker.get("/api/v1/nodes").status_code == 401
    assert installation.client().log_in("mia@east.test").status_code == 401
    assert host.post("/api/v1/tenants/east/resume").json()["suspended_at"] is None
    assert worker.get("/api/v1/nodes").status_code == 200

    exported = host.get("/api/v1/tenants/east/export")
    assert exported.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(exported.content)) as archive:
        assert b"mia@east.test" in archive.read("tables/app_user.jsonl")

    host.post("/api/v1/tenants/east/suspend")
    record = host.post("/api/v1/tenants/east/erase", json={"confirm": "east"}).json()
    assert (record["record"]["tenant"], record["record"]["rows"]["app_user"]) == ("east", 2)
    assert "east" not in {one["id"] for one in host.get("/api/v1/tenants").json()}
    assert host.post("/api/v1/tenants/east/resume").status_code == 404

    for path in ("nodes", "nav/runs", "facts", "accounts"):
        assert host.get(f"/api/v1/{path}").status_code == 403
