"""``truenav source``: lists, reconciles, and says by its exit code whether everything adds up."""

from __future__ import annotations

import json

BALANCES = """account,as_of,asset,amount
vault,2026-01-01T00:00:00Z,USDT,100
vault,2026-01-02T00:00:00Z,USDT,150
"""
HEAD = "account,external_id,occurred_at,direction,asset,amount,transaction\n"
TRANSFERS = f"""{HEAD}vault,t1,2026-01-01T12:00:00Z,in,USDT,40,tx-1
desk,t2,2026-01-01T11:00:00Z,out,USDT,40,tx-1
"""
MISSING = f"{HEAD}vault,t3,2026-01-01T13:00:00Z,in,USDT,10,tx-9\n"
YEAR = ("--since", "2025-12-31T00:00:00Z", "--until", "2026-12-31T00:00:00Z")


def rows(shell, *arguments):
    ran = shell("source", *arguments, "--output", "json")
    return ran.code, json.loads(ran.out)


def test_from_files_to_a_break_its_mend_and_a_confirmed_pair(manager):
    for name in ("vault", "desk"):
        manager.ok("account", "add", name, "--venue", "own", "--kind", "custodian")
    assert rows(manager, "reconcile", "--all") == (0, [])
    for name, text in (("balances.csv", BALANCES), ("transfers.csv", TRANSFERS)):
        manager.ok("import", "run", manager.write(name, text))
    assert rows(manager, "reconcile", "desk")[0] == 6  # never read
    code, (row,) = rows(manager, "reconcile", "vault", "--record")
    sides = [row[name] for name in ("opening", "facts", "closing", "difference", "status")]
    assert (code, sides) == (1, ["100", "40", "150", "10", "break"])
    assert [one["kind"] for one in rows(manager, "issues")[1]] == ["reconciliation_break"]

    manager.ok("import", "run", manager.write("transfers.csv", MISSING))
    assert rows(manager, "reconcile", "vault", "--record")[0] == 0
    assert rows(manager, "issues")[1] == []
    states = {one["account"]: one["completeness"] for one in rows(manager, "list")[1]}
    assert states == {"desk": "unchecked", "vault": "complete"}

    (pair,) = rows(manager, "transfers", *YEAR)[1]
    assert (pair["status"], pair["sent_from"], pair["received_in"]) == (
        "own_transfer",
        "desk/main",
        "vault/main",
    )
    manager.ok("source", "confirm", pair["sent"], pair["received"], "--reason", "ours")
    assert rows(manager, "transfers", *YEAR)[1][0]["status"] == "internal"


def test_what_to_reconcile_must_be_said(manager):
    assert manager("source", "reconcile").code == 2
    assert manager("source", "reconcile", "vault", "--all").code == 2
    assert manager("source", "reconcile", "nowhere").code == 3
