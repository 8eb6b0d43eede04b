"""Cookies and headers: what a browser is told to refuse on our behalf."""

from truenav.app.http.login import COOKIE


def test_over_https_the_cookie_is_bound_to_this_host_and_a_planted_one_is_ignored(installation, tenant):
    email = installation.add(tenant, "finance")
    client = installation.client(base="https://truenav.test")
    cookie = client.log_in(email).headers["set-cookie"]
    assert cookie.startswith(f"__Host-{COOKIE}=")
    assert "; Secure" in cookie
    assert "; HttpOnly" in cookie
    assert "; SameSite=strict" in cookie
    assert "; Path=/" in cookie
    assert "Domain" not in cookie
    assert client.get("/api/v1/me").status_code == 200
    planted = installation.client(base="https://truenav.test")
    planted.cookies.set(COOKIE, client.cookies[f"__Host-{COOKIE}"])
    assert planted.get("/api/v1/me").status_code == 401


def test_every_answer_of_the_api_says_what_it_may_be_used_for(installation, admin):
    for answer in (
        admin.get("/api/v1/me"),
        admin.get("/api/v1/nothing"),
        installation.client().get("/api/v1/me"),
        installation.client().get("/healthz"),
    ):
        headers = answer.headers
        assert headers["content-security-policy"] == (
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert "strict-transport-security" not in headers


def test_over_https_browsers_are_told_to_stay_there(installation):
    headers = installation.client(base="https://truenav.test").get("/healthz").headers
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
