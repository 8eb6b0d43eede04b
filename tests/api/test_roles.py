"""Roles in words, roles of one's own, what is hidden, where people look, modules, preferences."""

import pytest

from truenav.access.actions import ACTIONS, ROLES
from truenav.access.masking import MASKED
from truenav.access.words import ACTIONS_ZH, ROLE_NAMES, ROLES_ZH
from truenav.app.events.service import announce
from truenav.store import roles as store

from .test_wire import _Streaming as Streaming


def _role(**other):
    return {"name": "Desk reader", "actions": ["nav:read", "portfolio:read", "fact:read"], **other}


def _limited(fund, user, *nodes):
    """Somebody with the packaged role of a fund manager who sees some nodes only."""
    client = fund.installation.logged_in(fund.tenant, user, "manager")
    with fund.installation.house.database.transaction(fund.tenant) as session:
        store.put_scope(session, user, store.Scope(nodes))
    return client


def test_every_action_and_role_has_words_in_both_languages():
    assert ACTIONS_ZH.keys() == ACTIONS.keys()
    assert ROLE_NAMES.keys() == ROLES_ZH.keys() == ROLES.keys()


def test_the_roles_come_with_their_actions_masks_and_words(admin):
    answer = admin.get("/api/v1/roles").json()
    finance = next(role for role in answer["roles"] if role["id"] == "finance")
    assert finance["name"] == {"id": "finance", "en": "Finance", "zh": "财务"}
    assert "nav:publish" in finance["actions"]
    assert finance["masks"] == ["addresses", "keys", "strategies"]
    assert {one["id"] for one in answer["actions"]} == ACTIONS.keys()


def test_a_role_of_ones_own_allows_what_it_names_and_nothing_else(admin, installation, tenant, new_user):
    made = admin.put("/api/v1/roles/desk-reader", json=_role(masks=["keys"], nodes=["carry"]))
    assert made.status_code == 200, made.text
    installation.add(tenant, "dora", "desk-reader")
    dora = installation.client()
    assert dora.log_in(f"dora@{tenant}.test").status_code == 200
    me = dora.get("/api/v1/me").json()
    assert me["actions"] == ["self:read", "self:write", "fact:read", "portfolio:read", "nav:read"]
    assert (me["masks"], me["scope"]["nodes"]) == (["keys"], ["carry"])
    assert dora.get("/api/v1/users").status_code == 403
    assert admin.delete("/api/v1/roles/desk-reader").status_code == 409
    assert admin.post("/api/v1/users", json=new_user("ed", roles=["no-such"])).status_code == 422


def test_nobody_grants_more_than_they_may(admin, installation, tenant):
    assert admin.put("/api/v1/roles/finance", json=_role()).status_code == 422
    assert admin.put("/api/v1/roles/x", json=_role(actions=["nav:sell"])).status_code == 422
    assert admin.put("/api/v1/roles/x", json=_role(actions=["tenant:write"])).status_code == 403
    helper = _role(actions=["role:write", "user:write", "nav:read"], masks=["keys"])
    assert admin.put("/api/v1/roles/helper", json=helper).status_code == 200
    hana = installation.logged_in(tenant, "hana", "helper")
    refused = hana.put("/api/v1/roles/more", json=_role(actions=["nav:read", "nav:publish"], masks=["keys"]))
    assert refused.json()["type"] == "urn:truenav:problem:too-much-granted"
    assert hana.put("/api/v1/roles/open", json=_role(actions=["nav:read"])).status_code == 403
    assert hana.put("/api/v1/roles/helper", json=helper).status_code == 403
    assert hana.put("/api/v1/roles/less", json=_role(actions=["nav:read"], masks=["keys"])).status_code == 200
    installation.add(tenant, "ivan", "investor")
    raised = hana.patch("/api/v1/users/ivan", json={"roles": ["administrator"]})
    assert raised.json()["type"] == "urn:truenav:problem:too-much-granted"


def test_hosts_exist_in_the_installations_own_tenant_only(admin, new_user):
    answer = admin.post("/api/v1/users", json=new_user("hal", roles=["host"]))
    assert answer.status_code == 403


def test_finance_sees_every_figure_and_no_strategy_in_json_and_in_files(fund):
    run = fund.strike(as_of="2026-01-31T07:55:00Z")
    finance = fund.installation.logged_in(fund.tenant, "fin", "finance")
    lines = finance.get(f"/api/v1/nav/runs/{run['id']}/lines")
    assert lines.headers["x-truenav-masked"] == "addresses, keys, strategies"
    shown = lines.json()["items"]
    seen = fund.maker.get(f"/api/v1/nav/runs/{run['id']}/lines").json()["items"]
    assert {one["line"]["node"] for one in seen} == {"carry"}
    assert {one["line"]["node"] for one in shown} == {MASKED}
    assert [one["line"]["value_usd"] for one in shown] == [one["line"]["value_usd"] for one in seen]
    table = finance.get(f"/api/v1/nav/runs/{run['id']}/lines", params={"format": "csv"})
    assert MASKED in table.text
    assert "carry" not in table.text
    tree = finance.get("/api/v1/portfolio/alpha").json()["nodes"]
    assert [(one["node"], one["name"]) for one in tree] == [("alpha", "Alpha"), (MASKED, MASKED)]
    nodes = finance.get("/api/v1/nodes").text
    assert "alpha" in nodes
    assert "carry" not in nodes.lower()


@pytest.mark.parametrize("what", ["nav/runs/{run}/bundle", "nav/runs/{run}/result", "evidence/{sha}/payload"])
def test_bytes_that_cannot_be_masked_in_part_are_refused_with_the_reason(fund, what):
    run = fund.strike(as_of="2026-01-31T07:55:00Z")
    fund.publish(run)
    line = fund.maker.get(f"/api/v1/nav/runs/{run['id']}/lines").json()["items"][0]
    path = what.format(run=run["id"], sha=line["line"]["evidence"][0])
    assert fund.maker.get(f"/api/v1/{path}").status_code == 200
    finance = fund.installation.logged_in(fund.tenant, "fin", "finance")
    refused = finance.get(f"/api/v1/{path}")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:truenav:problem:masked")


def test_who_sees_one_strategy_sees_its_lines_and_figures_and_not_the_funds(fund):
    rule = {"account": "other", "rank": 0, "node": "basis", "selector": {"is": "share", "share": "1"}}
    account = {"id": "other", "name": "Other", "venue": "bank", "kind": "bank", "wallets": ["main"]}
    for path, body in (
        ("accounts/other", account),
        ("nodes/basis", {"id": "basis", "name": "Basis", "kind": "strategy", "parent": "alpha"}),
        ("rules/other%230", rule),
    ):
        assert fund.maker.put(f"/api/v1/{path}", json=body).status_code == 200
    cut = "2026-01-31T07:50:00Z"
    fund.upload("balances.csv", f"account,as_of,asset,amount\nother,{cut},USD,7\n")
    run = fund.strike(as_of="2026-01-31T07:55:00Z")
    basis = _limited(fund, "ben", "basis")
    lines = basis.get(f"/api/v1/nav/runs/{run['id']}/lines").json()["items"]
    assert [one["line"]["node"] for one in lines] == ["basis"]
    assert [one["node"] for one in basis.get("/api/v1/portfolio/alpha").json()["nodes"]] == ["basis"]
    assert {one["id"] for one in basis.get("/api/v1/nodes").json()["items"]} == {"alpha", "basis"}
    assert {one["id"] for one in basis.get("/api/v1/accounts").json()["items"]} == {"other"}
    told = basis.get("/api/v1/facts").json()["items"]
    assert {one["account"] for one in told} <= {"other", ""}
    for hidden in (
        f"nav/runs/{run['id']}",
        f"nav/runs/{run['id']}/result",
        f"nav/runs/{run['id']}/bridge",
        "marks?fund=alpha",
        "indices?fund=alpha",
        "nodes/carry",
        "history/nodes/carry",
        "accounts/desk",
    ):
        assert basis.get(f"/api/v1/{hidden}").status_code == 404, hidden
    assert basis.get("/api/v1/audit").status_code == 403
    assert basis.post("/api/v1/nav/runs", json={"fund": "alpha"}).status_code == 404
    whole = basis.get("/api/v1/jobs")
    assert whole.json()["type"] == "urn:truenav:problem:out-of-sight"


def test_who_sees_a_fund_whole_strikes_and_reads_it(fund):
    alpha = _limited(fund, "al", "alpha")
    run = fund.strike(as_of="2026-01-31T07:55:00Z")
    assert alpha.get(f"/api/v1/nav/runs/{run['id']}/result").status_code == 200
    assert alpha.get("/api/v1/marks", params={"fund": "alpha"}).status_code == 200
    assert alpha.post("/api/v1/nav/runs", json={"fund": "alpha"}).status_code == 202


def test_a_module_that_is_off_vanishes_with_its_endpoints_and_jobs(fund, admin):
    off = admin.put("/api/v1/modules", json={"switches": {"nav": False}})
    assert {one["id"] for one in off.json() if not one["enabled"]} == {"nav"}
    refused = fund.maker.get("/api/v1/nav/runs")
    assert (refused.status_code, refused.json()["type"]) == (404, "urn:truenav:problem:module-off")
    assert "nav" not in fund.maker.get("/api/v1/me").json()["modules"]
    with pytest.raises(Exception, match="switched off"):
        fund.work("job-1", "nav.advance", run="alpha-1")
    admin.put("/api/v1/modules", json={"switches": {"nav": True}})
    assert fund.maker.get("/api/v1/nav/runs").status_code == 200
    assert fund.maker.put("/api/v1/modules", json={"switches": {"nav": False}}).status_code == 403
    assert admin.put("/api/v1/modules", json={"switches": {"access": False}}).status_code == 422


def test_preferences_are_kept_once_somebody_has_some(admin):
    assert admin.get("/api/v1/me").json()["preferences"] is None
    wanted = {"language": "zh", "theme": "dark", "numeraire": "BTC"}
    assert admin.put("/api/v1/me/preferences", json=wanted).json() == wanted
    assert admin.get("/api/v1/me").json()["preferences"] == wanted


def test_a_scope_is_given_by_somebody_else_and_is_in_the_audit(admin, installation, tenant):
    installation.add(tenant, "ina", "investor")
    body = {"nodes": ["alpha"], "investors": ["family-office"]}
    assert admin.put("/api/v1/users/ina/scope", json=body).json() == body
    assert admin.get("/api/v1/users/ina/scope").json() == body
    assert admin.put("/api/v1/users/administrator/scope", json=body).status_code == 403
    assert admin.put("/api/v1/users/nobody/scope", json=body).status_code == 404
    assert admin.get("/api/v1/audit").json()["items"][-1]["action"] == "user.scope"


def test_tenants_are_run_from_the_installation_only(admin):
    assert admin.get("/api/v1/tenants").status_code == 403


def test_who_sees_one_fund_hears_of_that_fund_only(fund):
    beta = {"id": "beta", "name": "Beta", "kind": "fund"}
    assert fund.maker.put("/api/v1/nodes/beta", json=beta).status_code == 200
    limited = _limited(fund, "bea", "beta")

    async def first_news():
        transport = Streaming(fund.installation.app)
        lines = transport.open("/api/v1/events", limited)
        assert await anext(lines) == ": connected"
        for name in ("alpha", "beta"):
            with fund.installation.house.database.transaction(fund.tenant) as session:
                announce(session, "run", id=f"{name}-1", fund=name)
                announce(session, "job", id="a-job", state="done")
        told = ""
        while not told.startswith("data:"):
            told = await anext(lines)
        await transport.leave()
        return told

    assert fund.installation.portal.call(first_news) == 'data: {"id":"beta-1","fund":"beta"}'
