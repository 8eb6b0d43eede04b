"""Sources, reconciliations and transfers over HTTP."""

from __future__ import annotations

from decimal import Decimal

from truenav.app.reconciliation.jobs import RECONCILE
from truenav.core.asset import USDT
from truenav.core.facts import BalanceLine, BalanceSnapshot, Body, Fact, Transfer, TransferKind
from truenav.core.ids import Sha256
from truenav.core.money import Amount
from truenav.store.journal import Journal


def learn(fund, *facts: Fact) -> None:
    house, now = fund.installation.house, fund.installation.clock.now()
    with house.database.transaction(fund.tenant) as session:
        Journal(session, house.objects, fund.tenant).append(facts, recorded_at=now)


def stated(fund, hour: int, body: Body, account: str = "desk") -> Fact:
    at = fund.installation.clock.now().replace(hour=hour)
    return Fact("okx", account, f"{body.TAG}@{hour}", at, body, Sha256("0" * 64))


def held(fund, hour: int, number: str) -> Fact:
    return stated(fund, hour, BalanceSnapshot("vault", (BalanceLine(USDT, Decimal(number)),)))


def moved(fund, hour: int, number: str, account: str = "desk") -> Fact:
    amount = Amount(Decimal(number), USDT)
    return stated(fund, hour, Transfer("vault", amount, TransferKind.EXTERNAL, txid="t"), account)


def vault(rows):
    return [row for row in rows if row["wallet"] == "vault"]


def test_an_account_is_reconciled_and_a_worker_keeps_what_does_not_add_up(fund):
    learn(fund, held(fund, 1, "10"), moved(fund, 2, "-4"), held(fund, 3, "7"))
    (row,) = vault(fund.maker.get("/api/v1/reconciliation/desk").json())
    assert (row["opening"], row["facts"], row["closing"], row["difference"]) == ("10", "-4", "7", "1")
    assert (row["status"], row["cause"]) == ("break", "unknown")
    table = fund.maker.get("/api/v1/reconciliation/desk", params={"format": "csv"})
    assert table.text.startswith("account,wallet,subject")
    assert fund.maker.get("/api/v1/reconciliation/nowhere").status_code == 404

    started = fund.maker.post("/api/v1/reconciliation", json={"accounts": ["desk"]})
    assert started.status_code == 202
    fund.work(started.json()["job"], RECONCILE, accounts="desk")
    (issue,) = fund.maker.get("/api/v1/issues").json()["items"]
    assert (issue["kind"], issue["subject"], issue["state"]) == ("reconciliation_break", "desk", "open")
    (source,) = (one for one in fund.maker.get("/api/v1/reconciliation").json() if one["account"] == "desk")
    assert (source["open_issues"], source["completeness"]) == (1, "open")


def test_a_pair_is_listed_and_confirmed_by_who_may_correct_facts(fund):
    sent, received = moved(fund, 2, "-4"), moved(fund, 3, "4", account="elsewhere")
    learn(fund, sent, received)
    (row,) = fund.maker.get("/api/v1/transfers").json()
    assert (row["status"], row["by"], row["seconds"]) == ("own_transfer", "txid", "3600")
    body = {"sent": sent.content_hash, "received": sent.content_hash, "reason": "ours"}
    assert fund.maker.post("/api/v1/transfers/confirm", json=body).status_code == 422
    missing = {**body, "received": "0" * 64}
    assert fund.maker.post("/api/v1/transfers/confirm", json=missing).status_code == 404
    early = fund.maker.get("/api/v1/transfers", params={"until": "0001-01-01T00:00:00Z"})
    assert (early.status_code, early.json()) == (200, [])
