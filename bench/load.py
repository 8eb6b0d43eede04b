"""Fifty users at once: 200 open pages, 100 reads a second and a manual item in two while prices move.

They look at the demo fund, whose prices are live, and at one of 200 accounts with five million facts. Then
far more than the server takes on, and how it is afterwards. The users are a process of their own.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
import polars as pl

from bench._installation import ROOT, Installation
from bench._load_generator import STREAMS
from bench.harness import Contender, Goal, Workload
from truenav.access.passwords import NO_PASSWORD
from truenav.access.sessions import csrf_token, open_session
from truenav.app.house import House, open_house
from truenav.app.settings import Settings
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BTC, USD
from truenav.core.facts import BalanceLine, BalanceSnapshot, CashFlow, Fact
from truenav.core.ids import AccountId, NodeId, Sha256, TenantId, UserId
from truenav.core.portfolio import ByShare, Node, NodeKind, SubBookRule
from truenav.store import definitions, users
from truenav.store.definitions import Kind
from truenav.store.journal import Journal
from truenav.store.users import SessionProof, User

USERS = 50
ACCOUNTS, FACTS = 200, 5_000_000
FUND = NodeId("crowd")
EVIDENCE = Sha256("0" * 64)
SECONDS, SHORT_SECONDS = 20.0, 2.0
START_SECONDS = 300.0


class Bench:
    """The demo, served, and its users; the last figures of their process."""

    def __init__(self) -> None:
        self._place = Installation("load")
        fund = json.loads((ROOT / "examples" / "demo_fund" / "fund.json").read_text("utf-8"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._base = f"http://127.0.0.1:{port}"
        self._log = (self._place.data / "demo.log").open("wb")
        self._server = subprocess.Popen(
            [sys.executable, "-m", "truenav", "demo", "--port", str(port)],
            env={**self._place.environment, "TRUENAV_LOG_LEVEL": "error"},
            cwd=ROOT,
            stdout=self._log,
            stderr=self._log,
        )
        atexit.register(self._stop)
        self._wait()
        self._given = {
            "host": "127.0.0.1",
            "port": port,
            "funds": [fund["fund"], FUND],
            "people": self._prepare(TenantId(fund["tenant"])),
        }
        self.last = self._run(SHORT_SECONDS)

    def run(self) -> float:
        """All phases; the p99 of reads at the steady rate, in seconds."""
        self.last = self._run(SECONDS)
        return float(self.last["steady"]["p99"])

    def check(self) -> str:
        """Nobody saw anything but an answer, or was told that they are too many."""
        steady, overload, after = (self.last[phase] for phase in ("steady", "overload", "after"))
        told = json.dumps(self.last)
        changes = steady["statuses"].get("write 201", 0)
        if not steady["statuses"].keys() <= {"200", "429", "write 201"} or steady["streams"] != STREAMS:
            raise AssertionError(f"at the steady rate: {told}")
        if overload["statuses"].keys() != {"200", "429"} or after["statuses"].keys() != {"200"}:
            raise AssertionError(f"under overload and after it: {told}")
        served, refused = (overload["statuses"][status] for status in ("200", "429"))
        return (
            f"At the steady rate {steady['requests']} reads, {changes} changes of which "
            f"{steady['pushes']} were heard of, and {steady['streams']} streams, "
            f"{self.refused()} reads refused with 429, "
            f"{steady['told']} messages on them, {steady['ended']} times told to read anew. Under overload "
            f"{served} reads were served and {refused} answered with 429 and `Retry-After`, none with "
            f"anything else; {after['requests']} reads after it were served."
        )

    def refused(self) -> int:
        """Reads at the steady rate that were not served."""
        return int(self.last["steady"]["statuses"].get("429", 0))

    def _prepare(self, tenant: TenantId) -> list[tuple[str, str]]:
        """Make the large fund and the people; gives what each of them logs in with."""
        with open_house(Settings(data_dir=self._place.data)) as house:
            _make_crowd(house, tenant)
            return _log_in(house, tenant)

    def _run(self, seconds: float) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "bench._load_generator", str(seconds)],
            input=json.dumps(self._given),
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-800:])
        return json.loads(done.stdout)

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._server.poll() is None:
            try:
                httpx.get(f"{self._base}/healthz", timeout=2).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.2)
            else:
                return
        raise RuntimeError("the demo does not answer")

    def _stop(self) -> None:
        self._server.terminate()
        self._server.wait(30)
        self._log.close()


def _make_crowd(house: House, tenant: TenantId) -> None:
    """A fund of many accounts, each with a balance of now and years of small cash flows."""
    now = house.clock.now()
    names = [f"crowd-{number}" for number in range(ACCOUNTS)]
    nodes = [Node(FUND, "Crowd", NodeKind.FUND)]
    nodes += [Node(NodeId(f"{name}-book"), name, NodeKind.BOOK, FUND) for name in names]
    accounts = [Account(AccountId(name), name, "bank", AccountKind.BANK, ("main",)) for name in names]
    rules = [SubBookRule(one.id, 0, NodeId(f"{one.id}-book"), ByShare(Decimal(1))) for one in accounts]
    held = BalanceSnapshot("main", (BalanceLine(USD, Decimal(1000)), BalanceLine(BTC, Decimal(2))))
    balances = [Fact("file:balances", one.id, "now", now, held, EVIDENCE) for one in accounts]
    written: tuple[tuple[Kind, Mapping[str, object]], ...] = (
        (Kind.NODE, {one.id: one for one in nodes}),
        (Kind.ACCOUNT, {one.id: one for one in accounts}),
        (Kind.RULE, {f"{one.account}#0": one for one in rules}),
    )
    with house.database.transaction(tenant) as session:
        for kind, bodies in written:
            definitions.put_many(session, kind, bodies, by="bench", at=now)
        journal = Journal(session, house.objects, tenant)
        journal.append(balances, now)
        journal.append_columns(CashFlow, _cash_flows(names, now), now)


def _cash_flows(accounts: list[str], now: datetime) -> pl.DataFrame:
    row = pl.int_range(FACTS)
    return pl.select(
        pl.lit("file:cash").alias("source"),
        pl.Series(accounts).gather(row % ACCOUNTS).alias("account"),
        (pl.lit("flow-") + row.cast(pl.String)).alias("external_id"),
        (pl.lit(now) - pl.duration(seconds=10 + row * 10)).dt.cast_time_unit("us").alias("occurred_at"),
        pl.lit(EVIDENCE).alias("evidence"),
        pl.lit("main").alias("wallet"),
        pl.lit("interest").alias("kind"),
        (row % 997 + 1).cast(pl.String).alias("amount"),
        pl.lit(USD).alias("amount_asset"),
    )


def _log_in(house: House, tenant: TenantId) -> list[tuple[str, str]]:
    """A session of each user; as if they had given their second factor, without hashing fifty passwords."""
    now = house.clock.now()
    proof = SessionProof(("password", "totp"), "127.0.0.1", "bench", None)
    one = User(UserId("load-0"), "Load", "load-0@bench.test", NO_PASSWORD, ("auditor", "finance"), None, now)
    with house.database.transaction(tenant) as session:
        tokens = []
        for number in range(USERS):
            user = replace(one, id=UserId(f"load-{number}"), email=f"load-{number}@bench.test")
            users.create_user(session, user)
            tokens.append(open_session(session, user.id, now=now, proof=proof).token)
    return [(token, csrf_token(token)) for token in tokens]


def workload() -> Workload:
    os.environ.pop("TRUENAV_DATA_DIR", None)
    bench = Bench()

    def seconds(phase: str, share: str) -> float:
        return float(bench.last[phase][share])

    return Workload(
        title="50 users, 200 open pages, 100 reads a second, 5 million facts of 200 accounts",
        items=1,
        unit="read",
        ours="p99 of reads",
        contenders=[
            Contender("p99 of reads", bench.run, note=f"counted from when each was due, for {SECONDS:g} s"),
            Contender("median of reads", lambda: seconds("steady", "p50")),
            Contender(
                "slowest change", lambda: seconds("steady", "write"), note="a view saved, two a second"
            ),
            Contender(
                "slowest news", lambda: seconds("steady", "push"), note="from the change to an open page"
            ),
            Contender("p99 under overload", lambda: seconds("overload", "p99"), note="refusals included"),
            Contender("p99 afterwards", lambda: seconds("after", "p99")),
        ],
        goals=[
            Goal("seconds", lambda seconds: seconds["p99 of reads"], at_most=0.3),
            Goal("seconds of a change", lambda seconds: seconds["slowest change"], at_most=0.5),
            Goal("seconds until told", lambda seconds: seconds["slowest news"], at_most=1.0),
            Goal("reads refused", lambda _: float(bench.refused()), at_most=0),
        ],
        verify=bench.check,
        runs=1,
    )
