"""Definitions over HTTP: read, written, not overwritten unseen, refused by field."""

from __future__ import annotations

import pytest

NODE = {"id": "alpha", "name": "Alpha", "kind": "fund", "parent": None}
TOKEN = "eip155:1/erc20:0x6b175474e89094c44da98b954eedeac495271d0f"


@pytest.fixture
def manager(installation, tenant):
    return installation.logged_in(tenant, "manager")


def test_a_definition_is_added_changed_and_ended_and_its_history_stays(manager):
    first = manager.put("/api/v1/nodes/alpha", json=NODE)
    assert first.json()["body"] == NODE
    assert first.headers["etag"] == '"v1"'
    manager.put("/api/v1/nodes/alpha", json={**NODE, "name": "Alpha Fund"})
    assert manager.get("/api/v1/nodes/alpha").json()["version"] == 2
    assert manager.delete("/api/v1/nodes/alpha").status_code == 204
    assert manager.get("/api/v1/nodes/alpha").status_code == 404
    assert manager.delete("/api/v1/nodes/alpha").status_code == 404
    versions = manager.get("/api/v1/history/nodes/alpha").json()["items"]
    assert [(one["version"], one["body"]["name"], one["deleted"]) for one in versions] == [
        (1, "Alpha", False),
        (2, "Alpha Fund", False),
        (3, "Alpha Fund", True),
    ]
    assert {one["changed_by"] for one in versions} == {"manager"}


def test_nobody_overwrites_what_they_have_not_seen(manager):
    seen = manager.put("/api/v1/nodes/alpha", json=NODE).headers["etag"]
    changed = manager.put("/api/v1/nodes/alpha", json={**NODE, "name": "B"}, headers={"If-Match": seen})
    assert changed.status_code == 200
    for answer in (
        manager.put("/api/v1/nodes/alpha", json=NODE, headers={"If-Match": seen}),
        manager.delete("/api/v1/nodes/alpha", headers={"If-Match": seen}),
        manager.put("/api/v1/nodes/alpha", json=NODE, headers={"If-None-Match": "*"}),
        manager.put("/api/v1/nodes/beta", json={**NODE, "id": "beta"}, headers={"If-Match": "*"}),
    ):
        assert answer.status_code == 412
        assert answer.json()["type"] == "urn:truenav:problem:edited-meanwhile"
    new = manager.put("/api/v1/nodes/beta", json={**NODE, "id": "beta"}, headers={"If-None-Match": "*"})
    assert new.status_code == 200


def test_what_one_has_already_is_not_sent_again(manager):
    tag = manager.put("/api/v1/nodes/alpha", json=NODE).headers["etag"]
    assert manager.get("/api/v1/nodes/alpha").headers["etag"] == tag
    assert manager.get("/api/v1/nodes/alpha", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({**NODE, "colour": "red"}, "unknown field 'colour'"),
        ({"id": "alpha", "kind": "fund"}, "'name' is missing"),
        ({**NODE, "kind": "bank"}, "Node.kind"),
        ({**NODE, "name": 7}, "Node.name: str is wanted"),
        ({**NODE, "id": "beta"}, "The address names 'alpha'"),
        ({**NODE, "parent": "nobody"}, "does not exist"),
        ([], "dict is wanted"),
    ],
)
def test_a_wrong_body_is_refused_naming_the_field(manager, body, told):
    answer = manager.put("/api/v1/nodes/alpha", json=body)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


def test_ids_with_slashes_and_signs_are_ids_like_others(manager):
    asset = {"id": TOKEN, "symbol": "DAI", "name": "Dai", "kind": "stablecoin", "decimals": 18}
    assert manager.put(f"/api/v1/assets/{TOKEN}", json=asset).status_code == 200
    assert manager.get(f"/api/v1/assets/{TOKEN.replace('/', '%2F')}").json()["body"] == asset
    assert len(manager.get(f"/api/v1/history/assets/{TOKEN}").json()["items"]) == 1
    alias = {"namespace": "okx", "code": "DAI", "asset": TOKEN, "valid_from": None, "valid_to": None}
    assert manager.put("/api/v1/aliases/okx:DAI", json=alias).json()["body"] == alias


def test_numeraires_are_of_one_of_two_kinds(manager):
    body = {"is": "asset", "code": "GOLD", "asset": "iso4217:EUR"}
    assert manager.put("/api/v1/numeraires/GOLD", json=body).json()["body"] == body
    assert manager.put("/api/v1/numeraires/GOLD", json={**body, "is": "basket"}).status_code == 422


def test_an_age_without_bounds_is_refused_before_it_can_break_a_valuation(manager):
    ages = {"snapshot_stale_seconds": 900, "snapshot_unusable_seconds": 10**30}
    answer = manager.put("/api/v1/nav-policies/alpha", json={"id": "alpha", **ages})
    assert answer.status_code == 422
    assert "ten years" in answer.json()["detail"]


def test_a_list_comes_in_pages_by_id_without_what_has_ended(manager):
    for name in ("a", "b", "c", "d"):
        manager.put(f"/api/v1/nodes/{name}", json={**NODE, "id": name})
    manager.delete("/api/v1/nodes/b")
    first = manager.get("/api/v1/nodes", params={"limit": 2}).json()
    rest = manager.get("/api/v1/nodes", params={"limit": 2, "cursor": first["next"]}).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == ["a", "c", "d"]
    assert rest["next"] is None


def test_instruments_and_connections_are_only_read_as_definitions(manager):
    assert manager.get("/api/v1/instruments").json() == {"items": [], "next": None}
    assert manager.put("/api/v1/instruments/okx:X", json={}).status_code == 405


def test_who_may_only_read_cannot_write(installation, tenant):
    auditor = installation.logged_in(tenant, "auditor")
    assert auditor.get("/api/v1/nodes").status_code == 200
    assert auditor.put("/api/v1/nodes/alpha", json=NODE).status_code == 403
    assert auditor.delete("/api/v1/nodes/alpha").status_code == 403


def test_the_forms_are_described_from_the_types_themselves(installation):
    schemas = installation.client().get("/openapi.json").json()["components"]["schemas"]
    rule = schemas["SubBookRule"]
    assert rule["required"] == ["account", "rank", "node", "selector"]
    assert rule["additionalProperties"] is False
    mapping = rule["properties"]["selector"]["discriminator"]["mapping"]
    assert mapping["share"] == "#/components/schemas/ByShare"
    assert schemas["ByShare"]["properties"]["share"]["format"] == "decimal"
    assert schemas["NodeDefinition"]["properties"]["body"] == {"$ref": "#/components/schemas/Node"}


def test_a_node_that_something_hangs_on_is_not_ended_and_what_hangs_is_named(manager):
    manager.put("/api/v1/nodes/alpha", json=NODE)
    manager.put("/api/v1/nodes/carry", json={**NODE, "id": "carry", "kind": "strategy", "parent": "alpha"})
    refused = manager.delete("/api/v1/nodes/alpha")
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:truenav:problem:broken-portfolio"
    assert refused.json()["detail"] == "'alpha' still carries the nodes carry. Move or delete them first."
    assert manager.delete("/api/v1/nodes/carry").status_code == 204
    assert manager.delete("/api/v1/nodes/alpha").status_code == 204
