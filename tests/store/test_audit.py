"""The audit chain finds every way of changing the past."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from truenav.store import audit, audit_chain
from truenav.store.audit import AuditSearch
from truenav.store.audit_chain import AuditHead, verify_lines
from truenav.store.postgres import Role

NOW = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def chain(database, tenant):
    """Eight entries, each in a transaction of its own."""
    for number in range(8):
        with database.transaction(tenant) as session:
            audit.append(
                session,
                actor="ana",
                action="nav:approve",
                subject=f"run-{number}",
                at=NOW + timedelta(seconds=number, microseconds=number),
                detail={"数": number, "note": 'a "quote"\n'},
            )
    return tenant


def lines_of(database, tenant):
    with database.transaction(tenant) as session:
        return list(audit.export_lines(session))


def test_an_untouched_chain_is_well_in_the_database_and_in_its_export(database, chain):
    lines = lines_of(database, chain)
    with database.transaction(chain) as session:
        check = audit.verify(session)
    assert check.ok
    assert check == verify_lines(lines)
    assert check.head.seq == 8
    assert verify_lines(lines, known=check.head).ok


def test_an_empty_chain_is_well(database, tenant):
    with database.transaction(tenant) as session:
        assert audit.verify(session).ok


def test_entries_are_found_by_who_did_what_to_what_newest_first(database, chain):
    def found(**search):
        with database.transaction(chain) as session:
            rows = audit.entries(session, newest_first=True, search=AuditSearch(**search), after_seq=7)
        return [row.subject for row in rows]

    assert found() == [f"run-{number}" for number in range(5, -1, -1)]
    assert found(actor="ana", action="nav:", subject="RUN-3") == ["run-3"]
    assert found(actor="an") == found(action="%") == found(subject="run_3") == []


def test_every_flipped_byte_of_the_export_is_found_in_its_entry(database, chain):
    lines = lines_of(database, chain)
    text = b"".join(lines)
    ends = [sum(map(len, lines[: n + 1])) for n in range(len(lines))]
    for position in range(0, len(text), 3):
        if text[position : position + 1] == b"\n":
            continue
        flipped = text[:position] + bytes([text[position] ^ 1]) + text[position + 1 :]
        expected = next(n for n, end in enumerate(ends, start=1) if position < end)
        found = verify_lines(line for line in flipped.split(b"\n") if line)
        assert found.first_bad == expected, (position, found)


@pytest.mark.parametrize(
    ("change", "first_bad"),
    [
        (lambda lines: lines[:3] + lines[4:], 4),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], 3),
        (lambda lines: [*lines[:5], lines[4], *lines[5:]], 6),
        (lambda lines: lines[1:], 1),
        (lambda lines: lines[:5], 6),
        (lambda lines: [], 1),
    ],
    ids=["delete", "swap", "insert", "behead", "truncate", "empty"],
)
def test_deleting_swapping_inserting_and_truncating_are_found(database, chain, change, first_bad):
    lines = lines_of(database, chain)
    head = verify_lines(lines).head
    check = verify_lines(change(lines), known=head)
    assert (check.ok, check.first_bad) == (False, first_bad)


def test_a_chain_that_was_written_anew_does_not_hold_the_head_noted_earlier(database, chain):
    lines = lines_of(database, chain)
    head = verify_lines(lines).head
    forged, previous = [], audit_chain.GENESIS
    for line in lines:
        entry = json.loads(line)["entry"] | {"actor": "mallory"}
        sealed = audit_chain.entry_hash(previous, entry)
        forged.append(
            audit_chain.canonical({"entry": entry, "hash": sealed.hex(), "previous_hash": previous.hex()})
        )
        previous = sealed
    assert verify_lines(forged).ok
    assert verify_lines(forged, known=head).first_bad == 8


@pytest.mark.parametrize(
    ("column", "value"),
    [("actor", "mallory"), ("subject", "run-9"), ("detail", "{}"), ("at", "2024-01-02T00:00:00Z")],
)
def test_a_column_changed_by_the_database_administrator_is_found(store_dsns, database, chain, column, value):
    with psycopg.connect(store_dsns[Role.ADMIN]) as admin:
        admin.execute(
            f"UPDATE audit_entry SET {column} = %s WHERE tenant_id = %s AND seq = 5", [value, chain]
        )
    with database.transaction(chain) as session:
        assert audit.verify(session).first_bad == 5


def test_a_line_that_says_the_same_in_other_bytes_is_found(database, chain):
    lines = lines_of(database, chain)
    lines[3] = lines[3].replace(b'"hash":', b'"hash": ')
    assert verify_lines(lines).first_bad == 4


def test_an_entry_exists_only_when_its_transaction_commits(database, chain):
    def give_up():
        with database.transaction(chain) as session:
            audit.append(session, actor="a", action="b", subject="c", at=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()
    with database.transaction(chain) as session:
        assert audit.append(session, actor="a", action="b", subject="c", at=NOW).seq == 9
        assert audit.verify(session).ok
        assert [row.seq for row in audit.entries(session, after_seq=7)] == [8, 9]


def test_the_verifier_runs_without_truenav(database, chain, tmp_path):
    lines = lines_of(database, chain)
    shutil.copy(audit_chain.__file__, tmp_path / "chain.py")
    (tmp_path / "audit.jsonl").write_bytes(b"".join(lines))
    program = "import chain; print(chain.verify_lines(open('audit.jsonl', 'rb')))"
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(verify_lines(lines))
    assert AuditHead(8, json.loads(lines[-1])["hash"]) == verify_lines(lines).head
