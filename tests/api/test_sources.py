"""Connections, gathering, imports, entries, facts and issues over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from truenav.app.nav.inputs import assemble_inputs
from truenav.app.sources.jobs import GATHER_ONE
from truenav.app.sources.model import Connection
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import AccountId, ConnectionId, NodeId, Sha256, UserId
from truenav.store import definitions, evidence, issues, progress, tables
from truenav.store.definitions import Kind
from truenav.store.issues import Issue
from truenav.store.progress import TaskProgress, TaskState

UINT256 = str(2**256 - 1)


def _item(number="1.5", **other):
    body = {
        "is": "manual_item",
        "node": "carry",
        "kind": "receivable",
        "amount": {"number": number, "asset": "iso4217:USD"},
        "reason": "invoice 7",
    }
    return {"body": body, "occurred_at": "2026-01-31T07:00:00Z", "reason": "invoice 7", **other}


def test_a_raw_uint256_amount_comes_back_unchanged(fund):
    entered = fund.maker.post("/api/v1/entries", json=_item(UINT256)).json()
    assert entered["body"]["amount"]["number"] == UINT256
    (listed,) = fund.maker.get("/api/v1/facts", params={"kind": "manual_item"}).json()["items"]
    assert listed == entered
    assert listed["body"]["amount"]["number"] == UINT256
    payload = fund.maker.get(f"/api/v1/evidence/{listed['evidence']}/payload")
    assert f'"number":"{UINT256}"'.encode() in payload.content
    house, now = fund.installation.house, fund.installation.clock.now()
    with house.database.transaction(fund.tenant) as session:
        inputs = assemble_inputs(session, house, fund.tenant, NodeId("alpha"), as_of=now, known_at=now)
    assert str(2**256 - 1) in {
        str(fact.body.amount.number) for fact in inputs.facts if fact.kind == "manual_item"
    }


@pytest.mark.parametrize("number", ["NaN", "1e400", "1,5", "9" * 80])
def test_a_number_that_is_none_is_422(fund, number):
    answer = fund.maker.post("/api/v1/entries", json=_item(number))
    assert answer.status_code == 422
    assert "number" in answer.json()["detail"]


def test_a_correction_supersedes_and_both_times_can_be_asked(fund):
    old = fund.maker.post("/api/v1/entries", json=_item()).json()
    fund.installation.clock.advance(minutes=1)
    void = {"is": "void", "reason": "entered twice"}
    correction = {**_item(), "body": void, "supersedes": old["content_hash"]}
    assert fund.maker.post("/api/v1/entries", json=correction).status_code == 201
    wanted = {"kind": "manual_item"}
    assert fund.maker.get("/api/v1/facts", params=wanted).json()["items"] == []
    before = {**wanted, "known_at": old["recorded_at"]}
    assert fund.maker.get("/api/v1/facts", params=before).json()["items"] == [old]
    earlier = {**before, "as_of": "2026-01-31T06:59:59Z"}
    assert fund.maker.get("/api/v1/facts", params=earlier).json()["items"] == []
    assert fund.maker.get(f"/api/v1/facts/{old['content_hash']}").json() == old
    twice = fund.maker.post("/api/v1/entries", json=correction)
    assert twice.status_code == 409
    foreign = fund.maker.post("/api/v1/entries", json={**correction, "supersedes": "0" * 64})
    assert foreign.status_code == 404


def test_the_same_entry_twice_under_one_key_is_one_fact(fund):
    key = {"Idempotency-Key": "invoice-7"}
    first = fund.maker.post("/api/v1/entries", json=_item(), headers=key)
    assert fund.maker.post("/api/v1/entries", json=_item(), headers=key).content == first.content
    assert len(fund.maker.get("/api/v1/facts", params={"kind": "manual_item"}).json()["items"]) == 1


def test_an_entry_of_an_unknown_node_or_time_without_zone_is_422(fund):
    unknown = _item()
    unknown["body"]["node"] = "nobody"
    assert fund.maker.post("/api/v1/entries", json=unknown).status_code == 422
    naive = _item(occurred_at="2026-01-31T07:00:00")
    assert "time zone" in fund.maker.post("/api/v1/entries", json=naive).json()["detail"]


def test_a_trade_of_an_account_that_does_not_exist_is_404(fund):
    trade = {
        "is": "trade",
        "wallet": "main",
        "instrument": "okx:BTC-USDT",
        "quantity": "1",
        "price": "75000",
        "cost": None,
        "realised": None,
        "fees": [],
        "order_id": "",
    }
    entry = {"body": trade, "occurred_at": "2026-01-31T07:00:00Z", "reason": "missing in the file"}
    assert fund.maker.post("/api/v1/entries", json=entry).status_code == 422
    assert fund.maker.post("/api/v1/entries", json={**entry, "account": "nobody"}).status_code == 404
    assert fund.maker.post("/api/v1/entries", json={**entry, "account": "desk"}).status_code == 201


def test_facts_come_in_pages_that_miss_and_repeat_nothing(fund):
    whole = fund.maker.get("/api/v1/facts").json()["items"]
    assert len(whole) == 3
    found, cursor = [], None
    while True:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = fund.maker.get("/api/v1/facts", params=query).json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole


def test_a_file_with_problems_is_refused_whole_and_each_problem_listed(fund):
    text = "account,as_of,asset,amount\ndesk,2026-01-31T07:55:00,USD,1\ndesk,2026-01-31T07:55:00Z,NOPE,x\n"
    report = fund.upload("balances.csv", text, path="imports/check").json()
    assert report["problem_count"] == 3
    assert {(one["line"], one["column"]) for one in report["problems"]} == {
        (2, "as_of"),
        (3, "asset"),
        (3, "amount"),
    }
    refused = fund.upload("balances.csv", text)
    assert refused.status_code == 422
    assert refused.json()["context"]["listed"][0]["line"] == 2
    assert len(fund.maker.get("/api/v1/facts").json()["items"]) == 3


def test_a_checked_file_keeps_nothing_and_a_second_import_brings_nothing(fund):
    text = "at,base,quote,price\n2026-01-31T07:58:00Z,BTC,USD,75010\n"
    assert fund.upload("prices.csv", text, path="imports/check").json()["facts"] == 1
    assert fund.upload("prices.csv", text).json()["facts"] == 1
    again = fund.upload("prices.csv", text).json()
    assert (again["facts"], again["duplicates"]) == (0, 1)
    changed = fund.upload("prices.csv", text.replace("75010", "75011")).json()
    assert changed["conflicts"] == 1
    (issue,) = fund.maker.get("/api/v1/issues", params={"state": "open"}).json()["items"]
    assert issue["kind"] == "fact_conflict"


def test_a_template_is_known_by_its_header_or_named_and_an_unknown_one_is_422(fund):
    text = "at,base,quote,price\n2026-01-31T07:58:00Z,BTC,USD,75010\n"
    assert fund.upload("export.csv", text).status_code == 201
    assert fund.upload("again.csv", text, path="imports?template=prices").status_code == 201
    assert fund.upload("export.csv", text, path="imports?template=nothing").status_code == 422
    assert fund.upload("export.csv", "when,what\n2026-01-31,BTC\n").status_code == 422
    missing = fund.maker.post("/api/v1/imports", data={"file": "text"})
    assert missing.status_code == 422


def test_every_template_can_be_downloaded_and_is_described(fund):
    for template in fund.maker.get("/api/v1/imports/templates").json():
        header = fund.maker.get(f"/api/v1/imports/templates/{template['name']}.csv")
        assert header.text.strip().split(",") == [column["name"] for column in template["columns"]]
    assert fund.maker.get("/api/v1/imports/templates/nope.csv").status_code == 404


def test_a_file_above_the_limit_is_413_before_it_is_read(fund):
    headers = {"Content-Length": str(51 * 1024 * 1024), "Content-Type": "multipart/form-data; boundary=x"}
    assert fund.maker.post("/api/v1/imports", content=b"", headers=headers).status_code == 413


def test_an_issue_is_closed_with_a_reason(fund):
    house, now = fund.installation.house, fund.installation.clock.now()
    found = [Issue(f"i-{n}", "test", "desk", "it does not fit", "mend it", now) for n in (1, 2)]
    with house.database.transaction(fund.tenant) as session:
        issues.open_many(session, found)
    assert fund.maker.post("/api/v1/issues/i-1/explain", json={"explanation": " "}).status_code == 422
    body = {"explanation": "a rebooking of the venue"}
    assert fund.maker.post("/api/v1/issues/i-1/explain", json=body).status_code == 204
    assert fund.maker.post("/api/v1/issues/i-2/fix", json=body).status_code == 204
    assert fund.maker.post("/api/v1/issues/i-2/fix", json=body).status_code == 404
    closed = fund.maker.get("/api/v1/issues", params={"state": "explained"}).json()["items"]
    assert [(one["id"], one["closed_by"]) for one in closed] == [("i-1", "max")]


def test_a_price_source_is_connected_gathered_and_forgotten(fund):
    body = {"connector": "ecb", "since": "2026-01-01T00:00:00Z", "base_url": "http://127.0.0.1:9"}
    made = fund.maker.put("/api/v1/connections/ecb", json=body)
    assert made.status_code == 200
    assert made.json()["check"] is None
    stale = fund.maker.put("/api/v1/connections/ecb", json=body, headers={"If-None-Match": "*"})
    assert stale.status_code == 412
    assert [one["id"] for one in fund.maker.get("/api/v1/connections").json()["items"]] == ["ecb"]
    assert "public data" in fund.maker.post("/api/v1/connections/ecb/check").json()["notes"][0]
    assert fund.maker.delete("/api/v1/connections/ecb").status_code == 204
    assert fund.maker.get("/api/v1/connections/ecb").status_code == 404


def test_a_key_that_cannot_be_checked_is_not_kept_and_not_repeated(fund):
    account = {"id": "okx", "name": "OKX", "venue": "okx", "kind": "exchange", "wallets": ["trading"]}
    fund.maker.put("/api/v1/accounts/okx", json=account)
    key = {"key": "k-secret-1", "secret": "s-secret-2", "passphrase": "p-secret-3"}
    body = {
        "connector": "okx",
        "account": "okx",
        "since": "2026-01-01T00:00:00Z",
        "base_url": "http://127.0.0.1:9",
        "key": key,
    }
    refused = fund.maker.put("/api/v1/connections/okx", json=body)
    assert refused.status_code in (502, 503)
    assert not any(part in refused.text for part in key.values())
    assert fund.maker.get("/api/v1/connections").json()["items"] == []


def test_gathering_is_a_job_and_an_unknown_account_is_422(fund):
    assert fund.maker.post("/api/v1/gather", json={"accounts": ["nobody"]}).status_code == 422
    asked = fund.maker.post("/api/v1/gather", json={})
    assert asked.status_code == 202
    assert fund.maker.post("/api/v1/gather", json={}).status_code == 409
    job = asked.json()["job"]
    fund.work(job, "source.gather", accounts="")
    assert fund.maker.get(asked.headers["location"]).json()["state"] == "done"
    assert fund.maker.get(f"/api/v1/jobs/{job}/accounts").json()["items"] == []


def test_the_tree_and_its_marks_are_of_the_latest_run_or_of_now(fund):
    assert fund.maker.get("/api/v1/portfolio/alpha").status_code == 404
    live = fund.maker.get("/api/v1/portfolio/alpha", params={"live": True}).json()
    assert live["run"] is None
    run = fund.strike()
    tree = fund.maker.get("/api/v1/portfolio/alpha").json()
    assert tree["run"] == run["id"]
    assert [(node["node"], node["value"]) for node in tree["nodes"]] == [
        ("alpha", "1000001.5"),
        ("carry", "1000001.5"),
    ]
    past = {"as_of": "2026-01-31T07:45:00Z"}
    assert fund.maker.get("/api/v1/portfolio/alpha", params=past).json()["quality"] == "provisional"
    assert fund.maker.get("/api/v1/portfolio/alpha", params={**past, "live": True}).status_code == 422
    for far in ("0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z"):
        assert fund.maker.get("/api/v1/portfolio/alpha", params={"as_of": far}).status_code == 422
    assert fund.maker.get("/api/v1/portfolio/alpha", params={"numeraire": "XXX"}).status_code == 422
    marks = fund.maker.get("/api/v1/marks", params={"fund": "alpha"}).json()
    assert ("BTC", "75000.125") in {(mark["symbol"], mark["price"]) for mark in marks["items"]}
    assert fund.maker.get("/api/v1/marks", params={"fund": "nobody"}).status_code == 404


def test_what_can_be_connected_says_what_its_key_is_made_of(fund):
    found = {one["name"]: one for one in fund.maker.get("/api/v1/sources/connectors").json()}
    assert found["okx"]["credentials"] == ["key", "secret", "passphrase"]
    assert found["binance"]["reads"] == "accounts"
    assert found["ecb"]["reads"] == "prices"
    assert (found["bitvavo"]["grade"], found["bitvavo"]["reads"]) == ("silver", "accounts")
    assert "files" not in found


def test_a_connection_is_never_answering_failed_quiet_or_off(fund):
    house, clock = fund.installation.house, fund.installation.clock
    body = {"connector": "ecb", "since": "2026-01-01T00:00:00Z"}
    fund.maker.put("/api/v1/connections/ecb", json=body)

    def health():
        (one,) = fund.maker.get("/api/v1/sources/health").json()
        return one

    assert (health()["state"], health()["last_answer_at"]) == ("never", None)
    asked = clock.now()
    received = Evidence(
        Sha256("0" * 64), 0, "ecb", "1", "daily/1", "", Request("GET", "/"), asked, asked, 200
    )
    with house.database.transaction(fund.tenant) as session:
        evidence.note_many(session, [received])
    clock.advance(minutes=150)
    fund.maker.log_in(f"max@{fund.tenant}.test")
    assert health()["state"] == "answering"
    assert [hour for hour, count in enumerate(health()["hourly"]) if count] == [21]
    failed = TaskProgress("job:ecb", GATHER_ONE, "ecb", TaskState.FAILED, clock.now(), error="no answer")
    with house.database.transaction(fund.tenant) as session:
        progress.report(session, failed)
    assert (health()["state"], health()["error"]) == ("failed", "no answer")
    with house.database.transaction(fund.tenant) as session:
        progress.report(session, replace(failed, state=TaskState.RUNNING))
    assert (health()["state"], health()["job"]) == ("gathering", "job")
    with house.database.transaction(fund.tenant) as session:
        progress.report(session, replace(failed, state=TaskState.DONE, error=None))
    clock.advance(hours=30)
    fund.maker.log_in(f"max@{fund.tenant}.test")
    assert health()["state"] == "quiet"
    fund.maker.put("/api/v1/connections/ecb", json={**body, "enabled": False})
    assert health()["state"] == "off"


def test_a_stored_key_stays_through_an_edit_and_never_goes_to_another_address(fund):
    house, now = fund.installation.house, fund.installation.clock.now()
    account = {"id": "okx", "name": "OKX", "venue": "okx", "kind": "exchange", "wallets": ["trading"]}
    fund.maker.put("/api/v1/accounts/okx", json=account)
    body = {"connector": "okx", "account": "okx", "since": "2026-01-01T00:00:00Z"}
    vendor = {"connector": "vendor", "since": "2026-01-01T00:00:00Z", "base_url": "http://127.0.0.1:9"}
    assert fund.maker.put("/api/v1/connections/okx", json=body).status_code == 502
    assert fund.maker.put("/api/v1/connections/vendor", json=vendor).status_code == 200
    kept = Connection(ConnectionId("okx"), "okx", AccountId("okx"), now)
    with house.database.transaction(fund.tenant) as session:
        definitions.put(session, Kind.CONNECTION, "okx", kept, by=UserId("max"), at=now)
        for name in ("okx", "vendor"):
            house.vault.put(session, f"connection/{name}", b'{"key": "k"}', at=now)

    def keys():
        with house.database.transaction(fund.tenant) as session:
            return {row.id for row in session.execute(select(tables.secret.c.id))}

    paused = fund.maker.put("/api/v1/connections/okx", json={**body, "enabled": False})
    assert paused.json()["connection"]["enabled"] is False
    assert fund.maker.put("/api/v1/connections/vendor", json=vendor).status_code == 200
    assert {"connection/okx", "connection/vendor"} <= keys()
    elsewhere = {"base_url": "http://127.0.0.1:10"}
    assert fund.maker.put("/api/v1/connections/okx", json={**body, **elsewhere}).status_code == 502
    assert fund.maker.put("/api/v1/connections/vendor", json={**vendor, **elsewhere}).status_code == 200
    assert "connection/vendor" not in keys()


def test_facts_are_listed_by_source(fund):
    entered = fund.maker.post("/api/v1/entries", json=_item()).json()
    stated = fund.maker.get("/api/v1/facts", params={"source": "manual"}).json()["items"]
    assert [one["content_hash"] for one in stated] == [entered["content_hash"]]
    assert fund.maker.get("/api/v1/facts", params={"source": "nobody"}).json()["items"] == []


def test_built_in_assets_are_known_by_their_symbol(fund):
    known = {one["symbol"]: one["id"] for one in fund.maker.get("/api/v1/sources/assets").json()}
    assert known["USD"] == "iso4217:USD"
    assert "BTC" in known
