import re

from truenav.app.http.login import COOKIE, CSRF_HEADER


def test_log_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use(installation, tenant):
    email = installation.add(tenant, "finance")
    client = installation.client()
    answer = client.log_in(email)
    assert answer.json()["me"]["roles"] == ["finance"]
    assert "nav:approve" in answer.json()["me"]["actions"]
    assert answer.json()["expires_at"] == "2026-01-31T20:00:00Z"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert client.cookies[COOKIE] not in answer.text
    assert client.get("/api/v1/me").json() == answer.json()["me"]


def test_over_https_the_cookie_is_secure(installation, tenant):
    client = installation.client(base="https://truenav.test")
    answer = client.log_in(installation.add(tenant, "finance"))
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_wrong_password_is_401_and_says_no_more_than_that(installation, tenant):
    client = installation.client()
    answer = client.log_in(installation.add(tenant, "finance"), "wrong password")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:truenav:problem:bad-credentials"
    assert "set-cookie" not in answer.headers


def test_guessing_is_answered_with_429_and_when_to_come_back(installation, tenant):
    email = installation.add(tenant, "finance")
    client = installation.client()
    answers = [client.log_in(email, "wrong password").status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
    answer = client.log_in(email)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "2"


def test_log_out_ends_the_session_for_everybody_who_has_the_cookie(installation, finance):
    stolen = installation.client()
    stolen.cookies = finance.cookies
    assert stolen.get("/api/v1/me").status_code == 200
    assert finance.post("/api/v1/logout").status_code == 204
    assert stolen.get("/api/v1/me").status_code == 401


def test_a_session_expires(installation, finance):
    installation.clock.advance(hours=1)
    answer = finance.get("/api/v1/me")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_change_by_cookie_needs_the_csrf_token_and_our_own_page(finance):
    body = {"name": "t", "scopes": ["nav:read"]}
    without = finance.post("/api/v1/tokens", json=body, headers={CSRF_HEADER: ""})
    foreign = finance.post("/api/v1/tokens", json=body, headers={"Origin": "https://evil.test"})
    null = finance.post("/api/v1/tokens", json=body, headers={"Origin": "null"})
    assert [one.status_code for one in (without, foreign, null)] == [403, 403, 403]
    own = finance.post("/api/v1/tokens", json=body, headers={"Origin": "http://truenav.test"})
    assert own.status_code == 201


def test_another_site_cannot_log_a_browser_in(installation, tenant):
    email = installation.add(tenant, "finance")
    client = installation.client()
    client.headers["Origin"] = "https://evil.test"
    assert client.log_in(email).status_code == 403


def test_an_api_token_works_without_cookie_and_csrf_and_only_in_its_scopes(installation, finance):
    made = finance.post("/api/v1/tokens", json={"name": "report", "scopes": ["self:read", "nav:read"]})
    secret = made.json()["secret"]
    assert re.fullmatch(r"tn_[\w-]{43}", secret)
    program = installation.client()
    program.headers["Authorization"] = f"Bearer {secret}"
    assert program.get("/api/v1/me").json()["actions"] == ["self:read", "nav:read"]
    assert program.get("/api/v1/users").status_code == 403
    assert program.post("/api/v1/tokens", json={"name": "x", "scopes": ["nav:read"]}).status_code == 403
    assert secret not in finance.get("/api/v1/tokens").text
    token_id = made.json()["token"]["id"]
    assert finance.delete(f"/api/v1/tokens/{token_id}").status_code == 204
    assert program.get("/api/v1/me").status_code == 401
    assert finance.delete(f"/api/v1/tokens/{token_id}").status_code == 404


def test_a_session_token_is_no_bearer_token_and_an_api_token_no_cookie(installation, finance):
    secret = finance.post("/api/v1/tokens", json={"name": "t", "scopes": ["self:read"]}).json()["secret"]
    client = installation.client()
    as_bearer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {finance.cookies[COOKIE]}"})
    as_cookie = client.get("/api/v1/me", headers={"Cookie": f"{COOKIE}={secret}"})
    basic = client.get("/api/v1/me", headers={"Authorization": "Basic YTpi"})
    assert [one.status_code for one in (as_bearer, as_cookie, basic)] == [401, 401, 401]


def test_ones_own_password_can_be_changed_and_ends_the_session(installation, finance, tenant):
    new = "nine.blue.kettles"
    body = {"present": "violet otter climbs 7 stairs", "new": new}
    assert finance.post("/api/v1/me/password", json=body).status_code == 204
    assert finance.get("/api/v1/me").status_code == 401
    assert installation.client().log_in(f"finance@{tenant}.test", new).status_code == 200


def test_a_new_log_in_of_a_browser_ends_the_session_it_had(installation, finance, tenant):
    stolen = installation.client()
    stolen.cookies.set(COOKIE, finance.cookies[COOKIE])
    finance.log_in(f"finance@{tenant}.test")
    assert finance.get("/api/v1/me").status_code == 200
    assert stolen.get("/api/v1/me").status_code == 401
