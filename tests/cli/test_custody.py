"""A custodian and an OTC desk by command."""

from __future__ import annotations

import json

import pytest
from tests.app.sources.test_custody import served
from tests.connect.custody.standin_rest import KEY, SECRET, Acme
from tests.connect.custody.test_rest import mapping

STATEMENT = """kind,id,occurred_at,asset,amount,txid
settlement,S1,2026-11-20T08:00:00Z,BTC,5,ee01
settlement,S2,2026-11-20T08:00:00Z,USD,-450000,
"""
KEYS = json.dumps({"key": KEY, "secret": SECRET})


@pytest.fixture
def desk(manager):
    manager.ok("account", "add", "custody", "--venue", "rest", "--kind", "custodian", "--wallet", "main")
    manager.ok("account", "add", "desk-x", "--venue", "desk", "--kind", "otc", "--wallet", "desk")
    return manager


def test_vaults_are_listed_a_mapping_is_kept_and_settlements_are_found(desk):
    acme = Acme("header")
    with served(acme) as url:
        settings = desk.write("mapping.json", mapping("header", base_url=url))
        listed = desk.ok(
            "custody",
            "vaults",
            "rest",
            *("--settings", settings, "--key-file", "-", "--output", "csv"),
            stdin=KEYS,
        )
        assert listed == "vault,name\nmain,\ncold,\n"
        where = ("--connector", "rest", "--account", "custody", "--since", "2026-11-01T00:00:00Z")
        desk.ok("connection", "add", "acme", *where, "--settings", settings, "--key-file", "-", stdin=KEYS)
        desk.ok("connection", "gather", "--account", "custody")
        assert desk("custody", "approvals", "acme").code == 0
        torn = desk.write("torn.json", "{}")
        refused = desk("connection", "add", "torn", *where, "--settings", torn, "--key-file", "-", stdin=KEYS)
        assert (refused.code, "RestMapping" in refused.err) == (2, True)
        assert (
            "Fireblocks takes no settings"
            in desk(
                *("custody", "vaults", "fireblocks", "--settings", settings, "--key-file", "-"), stdin=KEYS
            ).err
        )
        desk.ok("connection", "remove", "acme")
    said = desk("otc", "import", "desk-x", desk.write("desk.csv", STATEMENT))
    assert "2 facts are new, 0 were known, 0 contradict." in said.err
    days = ("--since", "2026-11-19", "--until", "2026-11-21")
    found = desk("otc", "match", "desk-x", *days, "--output", "json")
    assert found.code == 1
    assert {row["line"]: (row["state"], row["why"]) for row in json.loads(found.out)} == {
        "settlement:S1": ("matched", "txid"),
        "settlement:S2": ("unmatched", "no-amount"),
    }
    assert "no transfer moves this amount" in found.err
    assert desk("otc", "match", "nobody", *days).code == 3
    broken = desk("otc", "import", "desk-x", desk.write("bad.csv", STATEMENT + "gift,1,x,BTC,1,\n"))
    assert (broken.code, "line 4, kind" in broken.err) == (2, True)
