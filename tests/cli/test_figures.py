"""The tree's figures, the marks, and what people enter, by command; against arithmetic by hand."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

AS_OF = "2026-01-31T08:00:00Z"


@pytest.fixture
def struck(fund):
    fund.ok("nav", "strike", "alpha", "--as-of", AS_OF)
    return fund


def tree(shell, *options):
    shown = shell.ok("portfolio", "show", "alpha", *options, "--output", "json")
    return {row["node"]: row for row in json.loads(shown)}


def test_the_tree_shows_value_and_exposure_of_every_node(struck):
    nodes = tree(struck)
    assert list(nodes) == ["alpha", "alpha-core"]
    for node in nodes.values():
        assert Decimal(node["value"]) == 2 * 80_000 + 1_000
        assert Decimal(node["gross"]) == Decimal(node["net"]) == 160_000
    assert nodes["alpha"]["coverage"]["imported"] == "1"
    assert [node["depth"] for node in nodes.values()] == [0, 1]


def test_the_tree_in_another_numeraire_is_one_quotient(struck):
    assert Decimal(tree(struck, "--numeraire", "btc")["alpha"]["value"]) == Decimal("2.0125")
    unpriced = tree(struck, "--numeraire", "EUR")["alpha"]
    assert unpriced["value"] is None
    ran = struck("portfolio", "show", "alpha", "--numeraire", "XYZ")
    assert ran.code == 2
    assert "no numeraire" in ran.err


def test_live_figures_store_no_run(fund):
    ran = fund("portfolio", "show", "alpha")
    assert ran.code == 3
    assert "--live" in ran.err
    assert tree(fund, "--live")["alpha"]["lines"] == 0
    assert json.loads(fund.ok("nav", "list", "--output", "json")) == []


def test_the_table_is_a_tree_for_people(struck):
    ran = struck("portfolio", "show", "alpha")
    assert "  alpha-core" in ran.out
    assert "161,000.00" in ran.out
    assert "complete" in ran.err


def test_marks_tell_source_age_and_quality_and_unpriced_is_not_zero(struck):
    rows = json.loads(struck.ok("pricing", "marks", "alpha", "--output", "json"))
    marks = {(row["symbol"], row["venue"]): row for row in rows}
    bitcoin = marks["BTC", "custodian"]
    assert bitcoin["price_usd"] == "80000"
    assert (bitcoin["source"], bitcoin["age_seconds"], bitcoin["quality"]) == (
        "file:prices last",
        60,
        "fresh",
    )
    assert marks["EUR", ""]["quality"] == "unpriced"
    assert marks["EUR", ""]["price_usd"] is None


def test_the_built_in_policy_can_be_put_back(manager):
    for options in ((), ("--venues-only",)):
        manager.ok(
            "pricing", "policy", "put", "-", stdin=manager.ok("pricing", "policy", "default", *options)
        )


def test_a_manual_item_counts_from_its_instant_until_it_is_voided(fund):
    add = ("manual", "item", "add", "alpha-core", "--asset", "USDC", "--kind", "payable")
    early = "2026-01-30T00:00:00Z"
    fund.ok(*add, "--amount=-500.50", "--at", early, "--reason", "Invoice 17")
    (item,) = json.loads(fund.ok("manual", "item", "list", "--output", "json"))
    assert item["amount"] == "-500.5"
    assert "160,499.50" in fund.ok("nav", "strike", "alpha", "--as-of", AS_OF)
    assert fund("manual", "item", "void", item["hash"][:8], "--reason", "paid").code == 2
    fund.ok("manual", "item", "void", item["hash"][:16], "--reason", "paid")
    assert json.loads(fund.ok("manual", "item", "list", "--output", "json")) == []
    assert "161,000.00" in fund.ok("nav", "strike", "alpha", "--as-of", AS_OF)


def test_the_same_entry_id_with_other_content_is_refused(fund):
    add = ("manual", "dealing", "add", "alpha", "alpha-a", "--kind", "subscription", "--investor", "x")
    money = ("--units", "10", "--asset", "USD", "--id", "sub-1", "--at", "2026-01-02T00:00:00Z")
    first = fund.ok(*add, *money, "--amount", "1000", "--reason", "first")
    assert len(first.strip()) == 64
    again = fund(*add, *money, "--amount", "1001", "--reason", "first")
    assert again.code == 4
    assert "says something else" in again.err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("mark", "add", "BTC", "--price=-1", "--reason", "x"), "positive"),
        (("mark", "add", "BTC", "--price", "NaN", "--reason", "x"), "finite"),
        (("mark", "add", "NOSUCH", "--price", "1", "--reason", "x"), "not a known asset"),
        (("mark", "add", "BTC", "--price", "1", "--reason", " "), "needs a reason"),
        (
            ("mark", "add", "BTC", "--price", "1", "--at", "2026-01-31T08:00:00", "--reason", "x"),
            "no time zone",
        ),
        (("fee-payment", "add", "alpha", "zzz", "--amount", "1", "--asset", "USD", "--reason", "x"), "'zzz'"),
        (
            ("item", "add", "nowhere", "--amount", "1", "--asset", "USD", "--kind", "other", "--reason", "x"),
            "'nowhere'",
        ),
    ],
)
def test_a_bad_entry_is_one_clear_line(fund, arguments, reason):
    ran = fund("manual", *arguments)
    assert ran.code == 2
    assert reason in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_no_cell_of_a_csv_is_a_formula(manager):
    node = json.dumps({"id": "alpha", "name": '=HYPERLINK("http://x")', "kind": "fund"})
    manager.ok("portfolio", "node", "put", "-", stdin=node)
    assert "'=HYPERLINK" in manager.ok("portfolio", "node", "list", "--output", "csv")
