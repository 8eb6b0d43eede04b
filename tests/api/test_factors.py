"""Second factors, passkeys, fresh proof, sessions and links over HTTP."""

import base64
import hashlib
import hmac
import struct

import pytest
from tests.access.authenticator import Authenticator

from truenav.app.http.login import COOKIE, CSRF_HEADER

LOCAL = "http://localhost"
PASSWORD = "violet otter climbs 7 stairs"


def code_at(secret, instant):
    counter = struct.pack(">Q", int(instant.timestamp()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def enrol(installation, client):
    """Add a generator; gives its secret and the recovery codes."""
    made = client.post("/api/v1/me/factors/totp", json={"name": "phone"})
    assert made.status_code == 201, made.text
    secret, id = made.json()["secret"], made.json()["id"]
    body = {"code": code_at(secret, installation.clock.now())}
    confirmed = client.post(f"/api/v1/me/factors/totp/{id}/confirm", json=body)
    assert confirmed.status_code == 200, confirmed.text
    installation.clock.advance(seconds=30)
    return secret, confirmed.json()["codes"]


def test_log_in_in_two_steps(installation, finance, tenant):
    secret, codes = enrol(installation, finance)
    assert len(codes) == 10
    client = installation.client()
    first = client.log_in(f"finance@{tenant}.test", PASSWORD)
    assert first.json() == {
        "step": "factor",
        "factors": ["totp", "recovery"],
        "ticket": first.json()["ticket"],
    }
    assert "set-cookie" not in first.headers
    assert client.get("/api/v1/me").status_code == 401
    body = {"ticket": first.json()["ticket"], "code": "000000"}
    assert client.post("/api/v1/login/code", json=body).status_code == 401
    body["code"] = code_at(secret, installation.clock.now())
    done = client.post("/api/v1/login/code", json=body)
    assert done.json()["step"] == "done"
    assert done.json()["failed_attempts"] == 1
    assert done.json()["last_from"] == "192.0.2.1"
    assert client.get("/api/v1/me").json()["id"] == "finance"
    assert client.post("/api/v1/login/code", json=body).status_code == 401


def test_security_tells_factors_codes_and_for_how_long_the_proof_is_fresh(installation, finance):
    before = finance.get("/api/v1/me/security").json()
    assert (before["factors"], before["recovery_codes"], before["has_password"]) == ([], 0, True)
    assert before["fresh_until"] == "2026-01-31T08:10:00Z"
    secret, _ = enrol(installation, finance)
    after = finance.get("/api/v1/me/security")
    assert [one["name"] for one in after.json()["factors"]] == ["phone"]
    assert after.json()["recovery_codes"] == 10
    assert secret not in after.text
    factor = after.json()["factors"][0]["id"]
    assert finance.delete(f"/api/v1/me/factors/{factor}").status_code == 204
    assert finance.post("/api/v1/me/recovery-codes").status_code == 404


def test_after_ten_minutes_sensitive_changes_ask_for_a_new_proof_and_nothing_else_does(installation, admin):
    installation.clock.advance(minutes=11)
    assert admin.get("/api/v1/users").status_code == 200
    body = {"name": "t", "scopes": ["nav:read"]}
    refused = admin.post("/api/v1/tokens", json=body)
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:truenav:problem:fresh-log-in-needed"
    wrong = admin.post("/api/v1/me/confirm", json={"password": "not it"})
    assert wrong.status_code == 422
    old = admin.cookies[COOKIE]
    confirmed = admin.post("/api/v1/me/confirm", json={"password": PASSWORD})
    assert confirmed.status_code == 200
    assert admin.cookies[COOKIE] != old
    admin.headers[CSRF_HEADER] = confirmed.json()["me"]["csrf"]
    assert admin.post("/api/v1/tokens", json=body).status_code == 201
    stolen = installation.client()
    stolen.cookies.set(COOKIE, old)
    assert stolen.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/me/factors/totp", {"name": "x"}),
        ("POST", "/me/factors/passkey/challenge", None),
        ("POST", "/me/recovery-codes", None),
        ("DELETE", "/me/factors/factor-x", None),
        ("POST", "/tokens", {"name": "t", "scopes": ["nav:read"]}),
        ("POST", "/invitations", {}),
        ("POST", "/users", {}),
        ("PATCH", "/users/x", {}),
        ("DELETE", "/users/x", None),
        ("POST", "/users/x/reset-factors", None),
        ("POST", "/users/x/password-link", None),
        ("PUT", "/users/x/scope", {}),
        ("PUT", "/roles/x", {}),
        ("DELETE", "/roles/x", None),
        ("PUT", "/login-rules", {"factor_required": True}),
        ("PUT", "/single-sign-on", {}),
        ("DELETE", "/single-sign-on", None),
        ("PUT", "/connections/x", {}),
    ],
)
def test_each_sensitive_change_needs_a_fresh_proof(installation, tenant, method, path, body):
    client = installation.logged_in(tenant, "boss", "administrator")
    installation.clock.advance(minutes=11)
    answer = client.request(method, f"/api/v1{path}", json=body)
    assert answer.json()["type"] == "urn:truenav:problem:fresh-log-in-needed"


def test_a_passkey_over_http_on_localhost(installation, tenant):
    email = installation.add(tenant, "finance")
    client = installation.client(base=LOCAL)
    client.log_in(email)
    asked = client.post("/api/v1/me/factors/passkey/challenge").json()
    assert asked["options"]["authenticatorSelection"]["userVerification"] == "required"
    device = Authenticator(LOCAL)
    body = {"ticket": asked["ticket"], "name": "laptop", "credential": device.create(asked["options"])}
    added = client.post("/api/v1/me/factors/passkey", json=body)
    assert added.status_code == 201, added.text
    assert len(added.json()["codes"]) == 10
    stranger = installation.client(base=LOCAL)
    asked = stranger.post("/api/v1/login/passkey/challenge").json()
    assert "allowCredentials" not in asked["options"] or asked["options"]["allowCredentials"] == []
    body = {"ticket": asked["ticket"], "credential": device.get(asked["options"])}
    entered = stranger.post("/api/v1/login/passkey", json=body)
    assert entered.json()["me"]["id"] == "finance"
    assert stranger.get("/api/v1/me").status_code == 200
    assert stranger.post("/api/v1/login/passkey", json=body).status_code == 401


def test_passkeys_need_an_address_that_was_set_and_believe_no_host_header(installation):
    answer = installation.client(base="http://evil.test").post("/api/v1/login/passkey/challenge")
    assert answer.status_code == 422
    assert "TRUENAV_PUBLIC_URL" in answer.json()["detail"]


def test_sessions_are_listed_with_device_and_ended_one_or_all_others(installation, finance, tenant):
    others = []
    for agent in ("Mozilla/5.0 (Windows NT 10.0) Firefox/140.0", "curl/8.1", ""):
        client = installation.client(address="198.51.100.7")
        client.headers["User-Agent"] = agent
        client.log_in(f"finance@{tenant}.test")
        others.append(client)
    listed = finance.get("/api/v1/me/sessions").json()["items"]
    assert {one["device"] for one in listed} >= {"Firefox on Windows", "curl", "Unknown device"}
    assert [one["seen_from"] for one in listed if one["current"]] == ["192.0.2.1"]
    firefox = next(one for one in listed if one["device"] == "Firefox on Windows")
    assert finance.delete(f"/api/v1/me/sessions/{firefox['id']}").status_code == 204
    assert finance.delete(f"/api/v1/me/sessions/{firefox['id']}").status_code == 404
    assert [one.get("/api/v1/me").status_code for one in others] == [401, 200, 200]
    assert finance.delete("/api/v1/me/sessions").status_code == 204
    assert [one.get("/api/v1/me").status_code for one in others] == [401, 401, 401]
    assert len(finance.get("/api/v1/me/sessions").json()["items"]) == 1


def test_nobody_ends_somebody_elses_session(installation, finance, tenant):
    (theirs,) = finance.get("/api/v1/me/sessions").json()["items"]
    risk = installation.logged_in(tenant, "risk")
    assert risk.delete(f"/api/v1/me/sessions/{theirs['id']}").status_code == 404
    assert risk.delete("/api/v1/users/finance/sessions").status_code == 403


def test_an_administrator_sees_and_ends_sessions_and_resets_factors(installation, admin, finance):
    enrol(installation, finance)
    assert len(admin.get("/api/v1/users/finance/sessions").json()["items"]) == 1
    assert admin.post("/api/v1/users/finance/reset-factors").status_code == 204
    assert finance.get("/api/v1/me").status_code == 401
    assert admin.get("/api/v1/users/finance/sessions").json()["items"] == []
    assert admin.post("/api/v1/users/administrator/reset-factors").status_code == 403
    assert admin.post("/api/v1/users/nobody/reset-factors").status_code == 404


def test_a_tenant_that_asks_for_a_factor_lets_nobody_do_anything_else_first(installation, admin, tenant):
    email = installation.add(tenant, "finance")
    assert admin.put("/api/v1/login-rules", json={"factor_required": True}).status_code == 200
    client = installation.client()
    entered = client.log_in(email).json()
    assert entered["limited"] == "factor"
    assert entered["me"]["actions"] == ["self:read", "self:write"]
    assert client.get("/api/v1/nav/runs").status_code == 403
    enrol(installation, client)
    assert client.get("/api/v1/nav/runs").status_code == 200
    assert client.get("/api/v1/me/security").json()["limited"] is None


def test_an_invitation_from_link_to_log_in(installation, admin, tenant):
    email = f"ben@{tenant}.test"
    body = {"id": "ben", "name": "Ben", "email": email, "roles": ["risk"]}
    made = admin.post("/api/v1/invitations", json=body)
    assert made.status_code == 201, made.text
    link = made.json()
    assert link["path"] == f"/welcome#{link['ticket']}"
    client = installation.client()
    looked = client.post("/api/v1/login/link/look", json={"ticket": link["ticket"]}).json()
    assert (looked["purpose"], looked["tenant"], looked["name"]) == ("invitation", tenant, "Ben")
    for weak, said in (("password-2026", "15 characters"), ("tiny", "15 characters")):
        refused = client.post("/api/v1/login/link", json={"ticket": link["ticket"], "password": weak})
        assert (refused.status_code, said in refused.json()["detail"]) == (422, True), refused.text
    body = {"ticket": link["ticket"]}
    body["password"] = "nine.blue.kettles"
    entered = client.post("/api/v1/login/link", json=body)
    assert entered.json()["me"]["id"] == "ben"
    assert client.get("/api/v1/me").status_code == 200
    for path, again in (("look", {"ticket": link["ticket"]}), ("", body)):
        assert client.post(f"/api/v1/login/link/{path}".rstrip("/"), json=again).status_code == 401


def test_a_forgotten_password_comes_back_by_an_administrators_link(installation, admin, finance, tenant):
    link = admin.post("/api/v1/users/finance/password-link").json()
    client = installation.client()
    body = {"ticket": link["ticket"], "password": "nine.blue.kettles"}
    assert client.post("/api/v1/login/link", json=body).status_code == 200
    assert finance.get("/api/v1/me").status_code == 401
    assert installation.client().log_in(f"finance@{tenant}.test", "nine.blue.kettles").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["login", "login/code", "login/passkey/challenge", "login/passkey", "login/link", "login/link/look",
     "login/single-sign-on", "setup"],
)  # fmt: skip
def test_another_site_gets_nowhere_at_the_door(installation, path):
    body = {
        "login": {"email": "a@b.test", "password": "x"},
        "login/code": {"ticket": "x", "code": "123456"},
        "login/passkey": {"ticket": "x", "credential": {}},
        "login/link": {"ticket": "x", "password": "nine.blue.kettles"},
        "login/link/look": {"ticket": "x"},
        "login/single-sign-on": {"tenant": "x"},
        "setup": {
            "token": "x", "tenant": "x", "organisation": "x", "id": "x", "name": "x",
            "email": "a@b.test", "password": "nine.blue.kettles",
        },
    }.get(path)  # fmt: skip
    client = installation.client()
    answer = client.post(f"/api/v1/{path}", json=body, headers={"Origin": "https://evil.test"})
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:truenav:problem:cross-site"
