"""Import by command: the check is the import, all or nothing, twice is once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import BALANCES

from truenav.connect.files.templates import TEMPLATES

BAD = """account,as_of,asset,amount
vault,2026-02-28T08:00:00Z,BTC,NaN
vault,2026-02-28T08:00:00,ETH,1
vault,2026-02-28T08:00:00Z,NOSUCH,1
"""


def test_check_keeps_nothing_and_run_keeps_all(fund):
    later = fund.write("balances.csv", BALANCES.replace("01-31", "02-28"))
    assert "1 facts" in fund("import", "check", later).err
    assert "1 facts" in fund("import", "run", later, "--dry-run").err
    row = json.loads(fund.ok("import", "run", later, "--output", "json"))[0]
    assert (row["rows"], row["facts"], row["duplicates"]) == (2, 1, 0)


def test_the_same_file_again_brings_duplicates_only(fund):
    row = json.loads(fund.ok("import", "run", fund.write("balances.csv", BALANCES), "--output", "json"))[0]
    assert (row["facts"], row["duplicates"], row["conflicts"]) == (0, 1, 0)


def test_every_problem_is_listed_with_its_line_and_column_and_nothing_is_kept(fund):
    path = fund.write("balances.csv", BAD)
    for command in ("check", "run"):
        ran = fund("import", command, path, "--output", "json")
        assert ran.code == 2
        places = {(one["line"], one["column"]) for one in json.loads(ran.out)}
        assert places == {(2, "amount"), (3, "as_of"), (4, "asset")}
    good = fund.write("balances.csv", BALANCES.replace("01-31", "02-28"))
    assert json.loads(fund.ok("import", "run", good, "--output", "json"))[0]["facts"] == 1


def test_a_contradiction_becomes_a_data_issue_and_the_first_statement_stands(fund):
    changed = fund.write("balances.csv", BALANCES.replace("BTC,2", "BTC,3"))
    ran = fund("import", "run", changed, "--output", "json")
    assert ran.code == 0
    assert json.loads(ran.out)[0]["conflicts"] == 1
    (issue,) = json.loads(fund.ok("issue", "list", "--output", "json"))
    assert issue["subject"] == "vault"
    assert fund("issue", "explain", issue["id"][:20], "--reason", " ").code == 2
    fund.ok("issue", "explain", issue["id"][:20], "--reason", "a test file")
    assert json.loads(fund.ok("issue", "list", "--output", "json")) == []
    assert fund("issue", "fix", issue["id"], "--reason", "again").code == 3
    assert "161,000.00" in fund.ok("nav", "strike", "alpha", "--as-of", "2026-01-31T08:00:00Z")


def test_accounts_come_by_file_too(manager):
    text = "account,name,venue,kind,wallets\ncold,Cold storage,custodian,custodian,main\n"
    path = manager.write("accounts.csv", text)
    assert json.loads(manager.ok("import", "run", path, "--output", "json"))[0]["accounts"] == 1
    assert json.loads(manager.ok("import", "run", path, "--output", "json"))[0]["accounts"] == 0
    assert json.loads(manager.ok("account", "show", "cold"))["venue"] == "custodian"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("balances.csv", "account,as_of,asset,amount\nnobody,2026-01-31T08:00:00Z,BTC,1\n", "'nobody'"),
        (
            "dealings.csv",
            "fund,share_class,external_id,occurred_at,kind,investor,units,amount,currency\n"
            "alpha,beta-a,1,2026-01-02T00:00:00Z,subscription,x,1,1,USD\n",
            "no share class",
        ),
        ("trades.csv", "nonsense\n", ""),
        ("holdings.csv", "a,b\n", "names no template"),
    ],
)
def test_what_names_nothing_known_is_refused(fund, name, text, reason):
    ran = fund("import", "run", fund.write(name, text))
    assert ran.code == 2
    assert reason in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_a_missing_file_is_one_clear_line(manager):
    ran = manager("import", "run", "nowhere.csv")
    assert ran.code == 2
    assert "nowhere.csv" in ran.err


def test_who_may_not_import_is_refused_before_the_file_is_read_into_facts(shell):
    shell.log_in("auditor")
    assert shell("import", "check", shell.write("prices.csv", "nonsense")).code == 5


def test_empty_templates_are_written_and_accepted_as_such(shell):
    names = shell.ok("import", "templates", "--out", str(shell.folder / "empty")).splitlines()
    assert len(names) == len(TEMPLATES)
    shell.log_in("operator")
    for name in names:
        ran = shell("import", "check", name)
        assert ran.code in (0, 2)
        assert "Traceback" not in ran.err
    assert "template" in shell.ok("import", "templates", "--output", "csv").splitlines()[0]


@pytest.mark.parametrize(("point", "kept"), [("import.archived", 0), ("import.recorded", 1)])
def test_an_import_killed_at_a_commit_point_is_whole_or_absent_and_is_repeated_without_harm(
    fund, point, kept
):
    later = fund.write("balances.csv", BALANCES.replace("01-31", "02-28"))
    command = [sys.executable, "-c", "from truenav.cli import main; main()", "import", "run", later]
    killed = subprocess.run(command, env={**os.environ, "TRUENAV_KILL_AT": point}, check=False)
    assert killed.returncode == -signal.SIGKILL
    row = json.loads(fund.ok("import", "run", later, "--output", "json"))[0]
    assert (row["facts"], row["duplicates"], row["conflicts"]) == (1 - kept, kept, 0)


EXPORT = "When;What;Coin;Amount\n05.01.2026 10:00;Zufluss;BTC;1,5\n"


def test_an_unknown_export_is_drafted_mended_tried_and_saved(fund):
    path = fund.write("bank.csv", EXPORT)
    ran = fund("import", "run", path)
    assert ran.code == 2
    assert "truenav import sniff" in ran.err
    draft = fund.write("bank.json", "")
    rows = json.loads(fund.ok("import", "sniff", path, "--draft", draft, "--output", "json"))
    assert [one["column"] for one in rows] == ["When", "What", "Coin", "Amount"]
    layout = json.loads(Path(draft).read_text("utf-8")) | {
        "name": "bank",
        "columns": {"time": "When", "type": "What", "asset": "Coin", "amount": "Amount"},
        "decimal": ",",
        "times": {"formats": ["%d.%m.%Y %H:%M"]},
        "words": {"Zufluss": "deposit"},
    }
    given = fund.write("bank.json", json.dumps(layout))
    assert fund("import", "check", path, "--layout", given, "--account", "vault").code == 2
    how = ("--account", "vault", "--zone", "UTC")
    assert "1 facts" in fund("import", "check", path, "--layout", given, *how).err
    fund.ok("import", "layout", "put", given)
    assert "bank" in fund.ok("import", "layouts")
    assert json.loads(fund.ok("import", "run", path, *how, "--output", "json"))[0]["template"] == "bank"


def test_the_journal_of_an_account_is_written_for_another_program(fund):
    out = fund.write("vault.beancount", "")
    assert fund.ok("account", "export", "vault", "--as", "beancount", "-o", out).strip() == str(out)
    assert "Equity:Opening" in Path(out).read_text("utf-8")
    assert fund("account", "export", "nobody").code == 3
