"""``kill -9`` in the middle of appending: what was acknowledged is there, nothing is there twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from truenav.store.journal import FactQuery, Journal
from truenav.store.objects import FolderObjects
from truenav.store.postgres import Role
from truenav.store.segments import Segments

BATCHES, BULK, SINGLE = 6, 1100, 20

CHILD = f"""
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from truenav.core.facts import CashFlow, CashKind, Fact, Quote, QuoteKind
from truenav.core.money import Amount
from truenav.store.database import Database
from truenav.store.journal import Journal

dsn, data_dir, tenant = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
database, start = Database(dsn), datetime(2024, 1, 1, tzinfo=UTC)


def quote(name, n):
    body = Quote("btc", "usd", QuoteKind.LAST, Decimal(n + 1))
    return Fact("s", "", name, start + timedelta(seconds=n), body, "ab" * 32)


def fee(name, n):
    body = CashFlow("w", CashKind.FEE, Amount(Decimal(n), "usd"))
    return Fact("s", "a", name, start, body, "ab" * 32)


for batch in range({BATCHES}):
    facts = [quote(f"q-{{batch}}-{{n}}", n) for n in range({BULK})]
    facts += [fee(f"c-{{batch}}-{{n}}", n) for n in range({SINGLE})]
    with database.transaction(tenant) as session:
        Journal(session, data_dir, tenant).append(facts, start)
    print(batch, flush=True)
"""


def run_child(dsn, data_dir, tenant, *, kill_after=None):
    """Append everything; the numbers of the batches that were acknowledged before the end or the kill."""
    command = [sys.executable, "-c", CHILD, dsn, str(data_dir), str(tenant)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        acknowledged = []
        for line in child.stdout:
            acknowledged.append(int(line))
            if kill_after is not None and len(acknowledged) > kill_after[0]:
                time.sleep(kill_after[1])
                child.send_signal(signal.SIGKILL)
        errors = child.stderr.read()
    assert kill_after is not None or child.returncode == 0, errors
    return acknowledged


def recorded(database, data_dir, tenant):
    with database.transaction(tenant) as session:
        return [one.fact.external_id for one in Journal(session, data_dir, tenant).facts(FactQuery())]


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.nightly) for n in range(2, 6))])
def test_a_killed_append_leaves_whole_batches_and_is_finished_by_running_again(
    store_dsns, database, tenant, tmp_path, seed
):
    chance = random.Random(seed)
    dsn = store_dsns[Role.APP]
    kill_after = (chance.randrange(BATCHES - 1), chance.uniform(0, 0.15))
    acknowledged = run_child(dsn, tmp_path, tenant, kill_after=kill_after)
    found = recorded(database, tmp_path, tenant)
    batches = {name.split("-")[1] for name in found}
    assert {str(batch) for batch in acknowledged} <= batches
    assert len(found) == len(set(found)) == len(batches) * (BULK + SINGLE)
    assert run_child(dsn, tmp_path, tenant) == list(range(BATCHES))
    found = recorded(database, tmp_path, tenant)
    assert len(found) == len(set(found)) == BATCHES * (BULK + SINGLE)
    with database.transaction(tenant) as session:
        Segments(FolderObjects(tmp_path), tenant).collect_orphans(session, before=datetime.now(UTC))
    assert sorted(recorded(database, tmp_path, tenant)) == sorted(found)
