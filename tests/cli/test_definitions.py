"""Definitions by command: all or nothing, and what goes out can come in again."""

from __future__ import annotations

import json

import pytest

NOUNS = [
    ("account",),
    ("asset",),
    ("asset", "alias"),
    ("portfolio", "node"),
    ("portfolio", "rule"),
    ("portfolio", "class"),
    ("pricing", "policy"),
    ("pricing", "nav-policy"),
    ("pricing", "numeraire"),
]


@pytest.fixture
def furnished(fund):
    fund.ok("asset", "add", "eip155:1/erc20:0xabc", "--symbol", "ABC")
    fund.ok("asset", "alias", "add", "ABC", "eip155:1/erc20:0xabc")
    fund.ok("pricing", "nav-policy", "put", "-", stdin='{"id": "default", "minimum_coverage": "0.95"}')
    numeraire = '{"is": "asset", "code": "ABC", "asset": "eip155:1/erc20:0xabc"}'
    fund.ok("pricing", "numeraire", "put", "-", stdin=numeraire)
    return fund


def test_what_list_prints_as_json_can_be_put_again(furnished):
    for noun in NOUNS:
        listed = furnished.ok(*noun, "list", "--output", "json")
        assert json.loads(listed)
        furnished.ok(*noun, "put", "-", stdin=listed)
        assert furnished.ok(*noun, "list", "--output", "json") == listed


def test_show_prints_one_definition(fund):
    assert json.loads(fund.ok("portfolio", "node", "show", "alpha"))["name"] == "Alpha Fund"
    missing = fund("portfolio", "node", "show", "beta")
    assert missing.code == 3
    assert "'beta'" in missing.err


def test_one_bad_line_keeps_all_lines_out(manager):
    text = '{"id": "one", "name": "One", "kind": "fund"}\n{"id": "two", "name": "Two", "kind": "found"}\n'
    ran = manager("portfolio", "node", "put", manager.write("nodes.jsonl", text))
    assert ran.code == 2
    assert "nodes.jsonl, line 2: Node.kind: 'found' is not one of" in ran.err
    assert json.loads(manager.ok("portfolio", "node", "list", "--output", "json")) == []


def test_an_endless_name_keeps_all_lines_out_and_tells_its_own(manager):
    lines = [
        json.dumps({"id": one, "name": name, "kind": "fund"}) for one, name in (("a", "A"), ("b", "b" * 201))
    ]
    ran = manager("portfolio", "node", "put", manager.write("nodes.jsonl", "\n".join(lines)))
    assert ran.code == 2
    assert "nodes.jsonl, line 2: node 'b'.name: 201 characters are too many" in ran.err
    assert json.loads(manager.ok("portfolio", "node", "list", "--output", "json")) == []


def test_a_child_may_stand_before_its_parent(manager):
    nodes = [
        {"id": "b", "name": "B", "kind": "strategy", "parent": "a"},
        {"id": "a", "name": "A", "kind": "fund"},
    ]
    manager.ok("portfolio", "node", "put", "-", stdin=json.dumps(nodes))
    assert "b" in manager.ok("portfolio", "node", "list")


def test_a_tree_that_would_not_hold_is_refused_whole(manager):
    nodes = (
        '[{"id": "a", "name": "A", "kind": "fund"}, {"id": "b", "name": "B", "kind": "book", "parent": "c"}]'
    )
    ran = manager("portfolio", "node", "put", "-", stdin=nodes)
    assert ran.code == 2
    assert "'c', which does not exist" in ran.err
    assert json.loads(manager.ok("portfolio", "node", "list", "--output", "json")) == []


def test_a_dry_run_keeps_nothing(manager):
    arguments = ("account", "add", "vault", "--venue", "custodian")
    assert "not kept" in manager(*arguments, "--dry-run").err
    assert json.loads(manager.ok("account", "list", "--output", "json")) == []
    manager.ok(*arguments)
    assert "could be removed" in manager("account", "remove", "vault", "--dry-run").err
    assert len(json.loads(manager.ok("account", "list", "--output", "json"))) == 1


def test_what_others_need_is_not_removed(fund):
    ran = fund("account", "remove", "vault")
    assert ran.code == 2
    assert "delete the rule first" in ran.err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"id": "a", "name": 0.5}', "send it as text"),
        ('{"id": "a", "id": "b"}', "twice"),
        ("[", "not JSON"),
        ("", "not JSON"),
        ("[]", "holds no definition"),
        ('{"id": "a", "name": "A", "kind": "fund", "color": "red"}', "unknown field 'color'"),
        ('{"id": "a"}', "is missing"),
        ("[" * 100, "nested"),
        (
            '[{"id": "a", "name": "A", "kind": "fund"}, {"id": "a", "name": "B", "kind": "fund"}]',
            "given twice",
        ),
        ('{"id": "A b", "name": "A", "kind": "fund"}', "not an identifier"),
    ],
)
def test_a_bad_file_is_one_clear_line(manager, text, reason):
    ran = manager("portfolio", "node", "put", "-", stdin=text)
    assert ran.code == 2
    assert reason in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert json.loads(manager.ok("portfolio", "node", "list", "--output", "json")) == []


def test_who_may_not_write_is_told_so(shell):
    shell.log_in("auditor")
    ran = shell("account", "add", "vault", "--venue", "x")
    assert ran.code == 5
    assert "may not do this" in ran.err
    assert shell("account", "list").code == 0
