"""The same fifty users on a large installation: five million facts, and a fund of 200 accounts.

The fund has years of cash flows, a published NAV and some flows since. They look at it as often as at the
demo's, and one of them enters a manual item every two seconds, on which all figures are made anew and every
open page is told.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from bench.harness import Contender, Goal, Workload
from bench.load import USERS, Bench, contenders, goals
from truenav.access.policy import Principal
from truenav.app.house import House
from truenav.app.nav.runs import advance_run, approve, publish, start_run
from truenav.app.sources.imports import run_import
from truenav.core.account import Account, AccountKind
from truenav.core.asset import USD
from truenav.core.facts import CashFlow
from truenav.core.ids import AccountId, NodeId, Sha256, TenantId, UserId
from truenav.core.portfolio import ByShare, Node, NodeKind, SubBookRule
from truenav.store import definitions
from truenav.store.definitions import Kind
from truenav.store.journal import Journal

ACCOUNTS, FLOWS, FLOWS_TODAY = 200, 5_000_000, 2_000
READS_A_SECOND = 50
FUND = NodeId("crowd")
EVIDENCE = Sha256("0" * 64)
HISTORY_ENDS = timedelta(days=40)
"""The first NAV does not look back so far, and so does not ask for the payloads of that history."""


def _make_crowd(house: House, tenant: TenantId) -> NodeId:
    """A fund of many accounts with their history; its first NAV, and what came after it."""
    now = house.clock.now()
    names = [f"crowd-{number}" for number in range(ACCOUNTS)]
    nodes = [Node(FUND, "Crowd", NodeKind.FUND)]
    nodes += [Node(NodeId(f"{name}-book"), name, NodeKind.BOOK, FUND) for name in names]
    accounts = [Account(AccountId(name), name, "bank", AccountKind.BANK, ("main",)) for name in names]
    rules = [SubBookRule(one.id, 0, NodeId(f"{one.id}-book"), ByShare(Decimal(1))) for one in accounts]
    written: tuple[tuple[Kind, Mapping[str, object]], ...] = (
        (Kind.NODE, {one.id: one for one in nodes}),
        (Kind.ACCOUNT, {one.id: one for one in accounts}),
        (Kind.RULE, {f"{one.account}#0": one for one in rules}),
    )
    maker, checker = (_principal(tenant, name) for name in ("maker", "checker"))
    with house.database.transaction(tenant) as session:
        for kind, bodies in written:
            definitions.put_many(session, kind, bodies, by="bench", at=now)
        Journal(session, house.objects, tenant).append_columns(CashFlow, _history(names, now), now)
    with house.database.transaction(tenant) as session:
        run_import(session, house, maker, "balances.csv", _balances(names, now))
    with house.database.transaction(tenant) as session:
        run = start_run(session, house, maker, FUND, as_of=house.clock.now())
    run = advance_run(house, tenant, run.id)
    with house.database.transaction(tenant) as session:
        approve(session, house, checker, run.id, result_sha=run.result_sha or "")
    with house.database.transaction(tenant) as session:
        publish(session, house, checker, run.id)
    with house.database.transaction(tenant) as session:
        run_import(session, house, maker, "cash_flows.csv", _flows_since(names, house.clock.now()))
    return FUND


def _principal(tenant: TenantId, name: str) -> Principal:
    return Principal(UserId(f"bench-{name}"), tenant, frozenset({"manager", "finance"}))


def _history(accounts: list[str], now: datetime) -> pl.DataFrame:
    row = pl.int_range(FLOWS)
    return pl.select(
        pl.lit("file:cash").alias("source"),
        pl.Series(accounts).gather(row % ACCOUNTS).alias("account"),
        (pl.lit("flow-") + row.cast(pl.String)).alias("external_id"),
        (pl.lit(now - HISTORY_ENDS) - pl.duration(seconds=row * 10))
        .dt.cast_time_unit("us")
        .alias("occurred_at"),
        pl.lit(EVIDENCE).alias("evidence"),
        pl.lit("main").alias("wallet"),
        pl.lit("interest").alias("kind"),
        (row % 997 + 1).cast(pl.String).alias("amount"),
        pl.lit(USD).alias("amount_asset"),
    )


def _balances(accounts: list[str], now: datetime) -> bytes:
    rows = [
        f"{name},{now.isoformat()},main,{asset},{amount}"
        for name in accounts
        for asset, amount in (("USD", 1000), ("BTC", 2))
    ]
    return "\n".join(["account,as_of,wallet,asset,amount", *rows, ""]).encode()


def _flows_since(accounts: list[str], now: datetime) -> bytes:
    rows = [
        f"{accounts[number % ACCOUNTS]},today-{number},{now.isoformat()},main,interest,USD,{number % 97 + 1}"
        for number in range(FLOWS_TODAY)
    ]
    return "\n".join(["account,external_id,occurred_at,wallet,kind,asset,amount", *rows, ""]).encode()


def workload() -> Workload:
    os.environ.pop("TRUENAV_DATA_DIR", None)
    bench = Bench(_make_crowd, READS_A_SECOND)
    return Workload(
        title=f"{USERS} users, 200 open pages, {READS_A_SECOND} reads a second, 5 million facts",
        items=1,
        unit="read",
        ours="p99 of reads",
        contenders=[
            *contenders(bench),
            Contender("slowest change", lambda: bench.seconds("steady", "write"), note="one in two seconds"),
            Contender("slowest news", lambda: bench.seconds("steady", "push"), note="until a page hears"),
        ],
        goals=[
            *goals(bench),
            Goal("seconds of a change", lambda seconds: seconds["slowest change"], at_most=0.5),
            Goal("seconds until told", lambda seconds: seconds["slowest news"], at_most=1.0),
        ],
        verify=bench.check,
        runs=1,
    )
