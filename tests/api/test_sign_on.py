"""Single sign-on and the first run, over HTTP."""

from dataclasses import replace

import pytest
from tests.access.provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, running

from truenav.access import first_run
from truenav.api.app import create_app
from truenav.app.house import House
from truenav.app.http.login import COOKIE
from truenav.store import migrate
from truenav.store.database import Database
from truenav.store.postgres import Role

PUBLIC = "https://nav.example.com"


@pytest.fixture
def provider(installation):
    with running(IdentityProvider(installation.clock.now)) as found:
        yield found


@pytest.fixture
def private(installation):
    """The installation, which lets its provider stand on this machine, and knows its own address."""
    house = installation.house
    settings = replace(house.settings, public_url=PUBLIC, private_issuers=True)
    installation.app.state.house = replace(house, settings=settings)
    return installation


def body(provider, **changes):
    return {
        "issuer": provider.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "domains": ["example.com"],
        "creates_users": True,
        "default_roles": ["risk"],
        **changes,
    }


def test_an_administrator_sets_the_provider_and_people_get_in(private, admin, tenant, provider):
    assert admin.get("/api/v1/single-sign-on").status_code == 404
    chosen = admin.put("/api/v1/single-sign-on", json=body(provider))
    assert chosen.status_code == 200, chosen.text
    assert chosen.json()["redirect_uri"] == f"{PUBLIC}/api/v1/login/single-sign-on/callback"
    assert CLIENT_SECRET not in chosen.text
    browser = private.client(base=PUBLIC)
    begun = browser.post("/api/v1/login/single-sign-on", json={"tenant": tenant})
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith("__Host-truenav_sign_on=")
    assert "SameSite=lax" in cookie
    assert "HttpOnly" in cookie
    brought = provider.authorize(begun.json()["url"])
    other = private.client(base=PUBLIC).get("/api/v1/login/single-sign-on/callback", params=brought)
    assert other.status_code == 403
    assert "another browser" in other.text
    brought = provider.authorize(
        browser.post("/api/v1/login/single-sign-on", json={"tenant": tenant}).json()["url"]
    )
    back = browser.get("/api/v1/login/single-sign-on/callback", params=brought)
    assert back.status_code == 200, back.text
    assert 'content="0;url=/"' in back.text
    assert browser.cookies[f"__Host-{COOKIE}"]
    assert browser.get("/api/v1/me").json()["id"] == "ann"
    again = browser.get("/api/v1/login/single-sign-on/callback", params=brought)
    assert again.status_code == 401


def test_what_the_provider_says_is_never_part_of_the_page(private, admin, tenant, provider):
    admin.put("/api/v1/single-sign-on", json=body(provider))
    evil = {"state": "x.y", "error": "<script>alert(1)</script>", "error_description": "<b>"}
    page = private.client(base=PUBLIC).get("/api/v1/login/single-sign-on/callback", params=evil)
    assert page.status_code == 401
    assert "<script>" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_provider_is_asked_before_it_is_set_and_forgotten_with_its_secret(private, admin, provider):
    provider.lies = {"description": {"issuer": "https://elsewhere.test"}}
    assert admin.put("/api/v1/single-sign-on", json=body(provider)).status_code == 502
    provider.lies = {}
    assert admin.put("/api/v1/single-sign-on", json=body(provider)).status_code == 200
    assert admin.delete("/api/v1/single-sign-on").status_code == 204
    assert admin.delete("/api/v1/single-sign-on").status_code == 404


def test_without_the_setting_this_machine_is_not_asked(installation, admin, provider):
    installation.app.state.house = replace(
        installation.house, settings=replace(installation.house.settings, public_url=PUBLIC)
    )
    refused = admin.put("/api/v1/single-sign-on", json=body(provider))
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:truenav:problem:identity-provider-address"


@pytest.fixture
def empty(fresh_database, installation):
    """The application on a database without a tenant."""
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    house = House.of(installation.house.settings, database, installation.clock)
    app = create_app(house.settings, house=house)
    app.state.house = house
    yield replace(installation, app=app, house=house)
    database.close()


def test_a_new_installation_is_set_up_once_with_the_token_of_its_console(empty):
    client = empty.client()
    assert client.get("/api/v1/setup").json() == {"new": True, "passkeys": False, "single_sign_on": None}
    token = first_run.offer_setup(empty.house.database, now=empty.clock.now())
    given = {
        "token": token,
        "tenant": "alpha",
        "organisation": "Alpha Capital",
        "id": "ada",
        "name": "Ada",
        "email": "ada@example.com",
        "password": "violet otter climbs 7 stairs",
    }
    assert client.post("/api/v1/setup", json={**given, "token": "alpha.guess"}).status_code == 401
    assert client.post("/api/v1/setup", json={**given, "password": "alpha-alpha-alpha"}).status_code == 422
    made = client.post("/api/v1/setup", json=given)
    assert made.status_code == 201, made.text
    assert made.json()["me"]["roles"] == ["administrator"]
    checklist = client.get("/api/v1/setup/checklist").json()
    assert [one["step"] for one in checklist["steps"]] == ["connect", "import", "tree", "strike"]
    assert not any(one["done"] for one in checklist["steps"])
    refused = client.post("/api/v1/setup", json={**given, "tenant": "beta"})
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:truenav:problem:set-up-already"
    assert client.get("/api/v1/setup").json()["new"] is False


def test_the_checklist_follows_what_the_tenant_holds(fund):
    steps = {one["step"]: one["done"] for one in fund.maker.get("/api/v1/setup/checklist").json()["steps"]}
    assert steps == {"connect": False, "import": True, "tree": True, "strike": False}
    fund.strike()
    steps = {one["step"]: one["done"] for one in fund.maker.get("/api/v1/setup/checklist").json()["steps"]}
    assert steps["strike"] is True
