"""Every endpoint, every role, somebody else's objects: made from the route table, so a new route takes part.

The other side's objects carry a word that no answer may contain; their ids are known to whoever attacks.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest

from truenav.access import policy
from truenav.access.actions import ROLES
from truenav.access.policy import role_actions
from truenav.api.openapi import secured_routes
from truenav.app.http.routes import MUTATING
from truenav.store import roles as store
from truenav.store import tenants

from .conftest import BALANCES, BASKET, DEALINGS, DEFINITIONS, LISTING, PRICES, FundHouse, state_instrument

pytestmark = pytest.mark.timeout(300)  # thousands of requests, on a machine that may be busy

CANARY = "zanzibar"
STREAMS = ("/api/v1/events", "/api/v1/explore/{fund}/changes")  # endless; their scenarios are their own
CHALLENGES = ("/api/v1/logout",)  # would end the session that goes on asking

PACKAGED = ("templates", "product-families")  # files of the product itself: the same for everybody

REFUSED = {400, 403, 404, 409, 412, 413, 422, 429, 502}


@dataclass
class World:
    """The other side: its ids by the name of the parameter and the first word of the path."""

    ids: dict[str, dict[str, str]]
    bodies: dict[str, object]

    def path(self, template: str) -> str:
        word = template.removeprefix("/api/v1/").removeprefix("history/").partition("/")[0]
        missing = [
            name
            for name in re.findall(r"\{(\w+)", template)
            if name not in self.ids.get(word, {}) and name not in self.ids["*"]
        ]
        assert not missing, f"{template} is new: say in this test which of the other side's objects it names"
        known = {**self.ids["*"], **self.ids.get(word, {})}
        return re.sub(r"\{(\w+)(?::path)?\}", lambda found: known[found[1]], template)

    def query(self, template: str) -> dict[str, str]:
        if template.startswith("/api/v1/journals/"):
            return {"account": "desk"}
        return (
            {"fund": "alpha", "numeraire": "USD"}
            if template.endswith(("/marks", "/lines", "/indices"))
            else {}
        )


IDS = {
    "*": {
        "fund": "alpha",
        "share_class": "alpha-a",
        "user_id": "max",
        "schedule_id": "daily",
        "session_id": "0" * 16,
        "factor_id": "factor-1",
        "name": "balances",
        "host": "mail.other.test",
    },
    "nodes": {"id": "alpha"},
    "rules": {"id": "desk%230"},
    "classes": {"id": "alpha-a"},
    "accounts": {"id": "desk"},
    "pricing-policies": {"id": "alpha"},
    "products": {"id": "zz3l"},
    "baskets": {"id": "trio"},
    "participants": {"id": "maker-one"},
    "basket-holdings": {"product": "trio"},
    "basket-lists": {"product": "trio", "day": "2026-02-01", "form": "json"},
    "basket-orders": {"product": "trio", "number": "1"},
    "basket-fees": {"product": "trio"},
    "basket-inav": {"product": "trio"},
    "basket-tracking": {"product": "trio"},
    "product-states": {"listing": "zz3l"},
    "product-series": {"listing": "zz3l"},
    "product-bundles": {"listing": "zz3l"},
    "product-hedges": {"listing": "zz3l"},
    "product-families": {"family": "hbtc"},
    "product-attributions": {"listing": "zz3l"},
    "product-rule-files": {"listing": "zz3l"},
    "product-bands": {"listing": "zz3l"},
    "product-band-checks": {"listing": "zz3l"},
    "product-markets": {"listing": "zz3l"},
    "orders": {"account": "desk", "client_id": "truenav-" + "0" * 24},
    "trading-accounts": {"account": "desk"},
    "trading-limits": {"id": "desk"},
    "nav-policies": {"id": "alpha"},
    "numeraires": {"id": "HOUSE"},
    "connections": {"id": "desk"},
    "assets": {"id": "x:zz"},
    "aliases": {"id": "x:zz"},
    "instruments": {"id": "x:zz-perp"},
    "leverage-tiers": {"id": "x:zz-perp"},
    "issues": {"id": "issue-1"},
    "layouts": {"id": "bank"},
    "journals": {"form": "koinly"},
    "reconciliation": {"account": "desk"},
    "roles": {"id": "no-such-role"},
    "views": {"id": "view-1"},
    "notices": {"id": "notice-1"},
    "notice-channels": {"id": "channel-1"},
    "allowed-hosts": {"id": "host-1"},
}
"""Names in addresses, by what follows ``/api/v1``; ``*``: wherever."""

SCHEDULE = {"fund": "alpha", "cron": "0 8 * * *", "time_zone": "UTC", "numeraire": "USD"}

LAYOUT = {
    "name": "bank",
    "columns": {"time": "When", "amount": "Amount", "asset": "Coin"},
    "meaning": "deposit",
    "accounts": {"Main": "desk"},
}

SENT = {
    "/api/v1/nav/runs": {"fund": "alpha"},
    "/api/v1/gather": {"accounts": ["desk"]},
    "/api/v1/schedules/{schedule_id}": SCHEDULE,
    "/api/v1/nav/runs/{id}/reject": {"reason": "mine"},
    "/api/v1/classes/{id}": DEFINITIONS["classes/alpha-a"],
    "/api/v1/rules/{id}": DEFINITIONS["rules/desk%230"],
    "/api/v1/users/{user_id}": {"name": "Mallory"},
    "/api/v1/users/{user_id}/scope": {"nodes": ["alpha"]},
}
"""Bodies, by the address that they are sent to."""


def _seed(installation, tenant, *, marked=tuple(DEFINITIONS)) -> tuple[FundHouse, World]:
    """A fund with everything in it, the names of what is ``marked`` full of the canary."""
    house = FundHouse(
        installation,
        tenant,
        maker=installation.logged_in(tenant, "max", "manager"),
        checker=installation.logged_in(tenant, "fay", "finance", "risk"),
    )
    holder = CANARY if len(marked) > 1 else "holder"
    _state_all(house, marked, holder)
    run = house.publish(house.strike(as_of="2026-01-31T07:55:00Z"))
    fact = house.maker.get("/api/v1/facts", params={"kind": "balance_snapshot"}).json()["items"][0]
    token = house.maker.post("/api/v1/tokens", json={"name": "robot", "scopes": ["nav:read"]}).json()["token"]
    job = house.maker.get("/api/v1/jobs").json()[0]["id"]
    sent = house.upload(f"balances.{holder}.csv", BALANCES, path="imports/jobs").json()["job"]
    evidence = {"content_hash": fact["content_hash"], "sha256": fact["evidence"]}
    halt = {"listing": "zz3l", "wish": {"is": "halt", "halted": True, "why": holder}}
    wanted = house.maker.post("/api/v1/product-instructions", json=halt).json()
    made = {
        "product-instructions": {"id": wanted["id"]},
        "*": IDS["*"] | evidence | {"job_id": job, "token_id": token["id"]},
        "nav": {"id": run["id"]},
        "holdings": {"id": run["id"]},
        "jobs": {"id": job},
        "imports": {"id": sent},
        "tenants": {"id": str(tenant)},
    }
    void = {"body": {"is": "void", "reason": "mine"}, "occurred_at": "2026-01-31T07:50:00Z", "reason": "mine"}
    bodies = {
        "/api/v1/nav/runs/{id}/approve": {"result_sha": run["result_sha"]},
        "/api/v1/entries": {**void, "supersedes": fact["content_hash"]},
        "/api/v1/transfers/confirm": {
            "sent": fact["content_hash"],
            "received": fact["content_hash"],
            "reason": "mine",
        },
    }
    return house, World(IDS | made, SENT | bodies)


def _state_all(house, marked, holder):
    """Definitions, a schedule, and what files state of them."""
    for path, body in DEFINITIONS.items():
        named = {**body, "name": f"{CANARY} {body['name']}"} if "name" in body and path in marked else body
        assert house.maker.put(f"/api/v1/{path}", json=named).status_code == 200
    files = (("balances.csv", BALANCES), ("prices.csv", PRICES), ("dealings.csv", DEALINGS))
    for name, text in files:
        assert house.upload(name, text.replace("family-office", holder)).status_code == 201
    state_instrument(house.installation, house.tenant)
    product = {**LISTING, "product": {**LISTING["product"], "issuer": holder}}
    assert house.maker.put("/api/v1/products/zz3l", json=product).status_code == 200
    basket = {**BASKET, "product": {**BASKET["product"], "name": holder}}
    assert house.maker.put("/api/v1/baskets/trio", json=basket).status_code == 200
    participant = {"id": "maker-one", "name": holder}
    assert house.maker.put("/api/v1/participants/maker-one", json=participant).status_code == 200
    assert house.maker.put("/api/v1/schedules/daily", json=SCHEDULE).status_code == 200
    assert house.maker.put("/api/v1/layouts/bank", json={**LAYOUT, "title": holder}).status_code == 200


def _routes(installation):
    return [
        (method, path, guard)
        for method, path, guard in secured_routes(installation.app)
        if guard.action is not None and path not in (*STREAMS, *CHALLENGES)
    ]


def _ask(client, world, method, template):
    sent = {"json": world.bodies.get(template, {})} if method in MUTATING and method != "DELETE" else {}
    return client.request(method, world.path(template), params=world.query(template), **sent)


def _contents(installation, tenant):
    """Every row of a tenant that an attack could have changed."""
    with installation.house.database.transaction(tenant) as session:
        return {
            table: [
                json.dumps(dict(row), default=str, sort_keys=True) for row in tenants.rows(session, table)
            ]
            for table in tenants.tables()
        }


def test_no_role_reaches_another_tenants_objects_by_any_endpoint(installation, tenant):
    house, world = _seed(installation, installation.tenant())
    assert CANARY in house.maker.get("/api/v1/nodes").text  # who may, does see it
    other = world.ids["tenants"]["id"]
    before = _contents(installation, other)
    for role in ROLES:
        attacker = installation.logged_in(tenant, role)
        allowed = role_actions(role) if role != "host" else policy.allowed_actions(_principal(tenant, role))
        for method, template, guard in _routes(installation):
            answer = _ask(attacker, world, method, template)
            told = (role, method, template, answer.status_code, answer.text[:200])
            assert CANARY not in answer.text, told
            assert answer.status_code < 500 or answer.status_code == 502, told
            if guard.action not in allowed:
                assert answer.status_code == 403, told
            elif method == "GET" and "{" in template and not any(word in template for word in PACKAGED):
                assert answer.status_code in REFUSED, told
    assert _contents(installation, other) == before


def _principal(tenant, role):
    return policy.Principal("somebody", tenant, frozenset({role}))


def test_the_database_holds_the_wall_alone_when_every_check_of_ours_is_off(installation, tenant, monkeypatch):
    _, world = _seed(installation, installation.tenant())
    other = world.ids["tenants"]["id"]
    attacker = installation.logged_in(tenant, "investor")
    before = _contents(installation, other)
    monkeypatch.setattr(policy, "_decide", lambda *asked: (True, ""))
    for method, template, guard in _routes(installation):
        if guard.action.startswith("tenant:"):
            continue  # the installation's own, whose wall is the policy alone
        answer = _ask(attacker, world, method, template)
        told = (method, template, answer.status_code, answer.text[:200])
        assert CANARY not in answer.text, told
        if method == "GET" and "{" in template and not any(word in template for word in PACKAGED):
            assert answer.status_code in REFUSED, told
    assert _contents(installation, other) == before


@pytest.mark.parametrize("role", ["manager", "auditor"])
def test_who_sees_one_fund_learns_nothing_of_another(installation, tenant, role):
    house, world = _seed(installation, tenant)
    beta = {"id": "beta", "name": "Beta", "kind": "fund"}
    assert house.maker.put("/api/v1/nodes/beta", json=beta).status_code == 200
    limited = installation.logged_in(tenant, "ben", role)
    with installation.house.database.transaction(tenant) as session:
        store.put_scope(session, "ben", store.Scope(("beta",)))
    before = _contents(installation, tenant)
    for method, template, guard in _routes(installation):
        if method != "GET" and guard.action.startswith("self:"):
            continue
        answer = _ask(limited, world, method, template)
        told = (role, method, template, answer.status_code, answer.text[:200])
        assert CANARY not in answer.text.lower(), told
        assert answer.status_code < 500, told
        shared = (*PACKAGED, "pricing-policies", "nav-policies", "numeraires", "assets", "me/", "events")
        if method == "GET" and "{" in template and not any(word in template for word in shared):
            assert answer.status_code in REFUSED, told
    after = _contents(installation, tenant)
    for table in ("definition", "nav_run", "fact", "data_issue", "app_user", "secret"):
        assert after[table] == before[table], table


def test_finance_reads_everything_of_its_own_and_finds_no_strategys_name(installation, tenant):
    house, world = _seed(installation, tenant, marked=("nodes/carry",))
    assert CANARY in house.maker.get("/api/v1/nodes").text
    finance = installation.logged_in(tenant, "finance")
    read = set()
    for method, template, _ in _routes(installation):
        if method == "GET":
            answer = _ask(finance, world, method, template)
            read |= {template} if answer.status_code == 200 else set()
            assert CANARY not in answer.text, (template, answer.text[:300])
            assert answer.status_code < 500, (template, answer.text[:300])
    assert {"/api/v1/nodes", "/api/v1/nav/runs/{id}/lines", "/api/v1/overview/{fund}"} <= read


def test_a_disabled_user_gets_nothing_anywhere(installation, tenant):
    _, world = _seed(installation, tenant)
    admin = installation.logged_in(tenant, "administrator")
    gone = installation.logged_in(tenant, "gus", "manager", "finance", "auditor")
    assert admin.delete("/api/v1/users/gus").status_code == 204
    for method, template, _ in _routes(installation):
        assert _ask(gone, world, method, template).status_code == 401, (method, template)
