"""A NAV over HTTP, from definitions to a bundle that verifies, and what is refused on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from truenav.app.proof.verify import Verdict, verify_bundle
from truenav.core.canonical import sha256_hex


def test_a_nav_is_struck_approved_by_another_published_and_verified(fund):
    run = fund.strike()
    assert (run["state"], run["quality"]) == ("calculated", "complete")
    path = f"/api/v1/nav/runs/{run['id']}"

    result = fund.checker.get(f"{path}/result")
    assert sha256_hex(result.content) == run["result_sha"]
    assert result.json()["funds"][-1]["nav_usd"] == "1000001.5"
    assert result.json()["funds"][-1]["classes"][0]["nav_per_unit_usd"] == "100.00015"

    body = {"result_sha": run["result_sha"]}
    own = fund.maker.post(f"{path}/approve", json=body)
    assert own.status_code == 403
    assert "second person" in own.json()["detail"]

    published = fund.publish(run)
    assert (published["state"], published["published_by"]) == ("published", "fay")
    key = fund.maker.get("/api/v1/nav/signing-key").json()
    bundle = fund.maker.get(f"{path}/bundle")
    assert bundle.headers["content-type"] == "application/zip"
    assert bundle.headers["x-content-type-options"] == "nosniff"
    assert sha256_hex(bundle.content) == published["bundle_sha"]
    assert verify_bundle(bundle.content, key=key["fingerprint"]).verdict is Verdict.IDENTICAL

    states = [event["state"] for event in fund.maker.get(f"{path}/events").json()]
    assert states == ["collecting", "collecting", "calculated", "approved", "published"]


def test_each_line_leads_to_the_bytes_it_came_from(fund):
    path = f"/api/v1/nav/runs/{fund.strike()['id']}"
    lines = fund.maker.get(f"{path}/lines", params={"account": "desk"}).json()["items"]
    assert {one["line"]["subject"] for one in lines} > {"iso4217:USD"}
    assert fund.maker.get(f"{path}/lines", params={"node": "alpha"}).json()["items"] == []
    (bitcoin,) = [one["line"] for one in lines if one["line"]["price"] == "75000.125"]
    payloads = [fund.maker.get(f"/api/v1/evidence/{sha}/payload") for sha in bitcoin["evidence"]]
    assert any(b"desk,2026-01-31T07:50:00Z,BTC,10" in one.content for one in payloads)
    for one, sha in zip(payloads, bitcoin["evidence"], strict=True):
        assert sha256_hex(one.content) == sha
        assert one.headers["content-type"] == "application/octet-stream"
        assert one.headers["content-disposition"].startswith("attachment")
        assert fund.maker.get(f"/api/v1/evidence/{sha}").json()["received"][0]["connector"] == "files"


def test_lines_come_in_pages_that_miss_and_repeat_nothing(fund):
    path = f"/api/v1/nav/runs/{fund.strike()['id']}/lines"
    whole = fund.maker.get(path).json()["items"]
    first = fund.maker.get(path, params={"limit": 1}).json()
    second = fund.maker.get(path, params={"limit": 1, "cursor": first["next"]}).json()
    assert first["items"] + second["items"] == whole
    assert second["next"] is None


def test_coverage_bridge_and_reconciliation_of_a_second_nav(fund):
    fund.publish(fund.strike())
    fund.installation.clock.advance(minutes=5)
    cut = "2026-01-31T08:04:00Z"
    fund.upload("balances.csv", f"account,as_of,asset,amount\ndesk,{cut},USD,250000.25\ndesk,{cut},BTC,10\n")
    fund.upload("prices.csv", f"at,base,quote,price\n{cut},BTC,USD,75001.125\n")
    path = f"/api/v1/nav/runs/{fund.strike()['id']}"
    (bridge,) = fund.maker.get(f"{path}/bridge").json()
    assert (bridge["bridge"]["opening_nav_usd"], bridge["bridge"]["price_usd"]) == ("1000001.5", "10")
    coverage = fund.maker.get(f"{path}/coverage").json()
    assert (coverage["quality"], coverage["coverage"]["imported"]) == ("complete", "1")
    rows = fund.maker.get(f"{path}/reconciliation").json()["items"]
    assert {one["row"]["status"] for one in rows} == {"ok"}


def test_a_runs_figures_carry_the_names_behind_its_ids_and_every_table_is_a_file(fund):
    path = f"/api/v1/nav/runs/{fund.strike()['id']}"
    figures = fund.maker.get(f"{path}/figures").json()
    (root,) = figures["funds"]
    (line, *_) = fund.maker.get(f"{path}/lines").json()["items"]
    assert root["lines"] == len(fund.maker.get(f"{path}/lines").json()["items"])
    assert line["line"]["subject"] in {one["subject"] for one in figures["labels"]}
    assert "BTC" in {one["label"] for one in figures["labels"]}
    assert {one["account"] for one in figures["places"]} == {"desk"}
    for table in ("lines", "classes", "coverage", "events", "bridge", "reconciliation"):
        answer = fund.maker.get(f"{path}/{table}", params={"format": "csv"})
        assert (answer.status_code, answer.headers["content-type"][:8]) == (200, "text/csv"), table


def test_of_two_who_approve_at_once_one_is_told_that_it_is_done(fund):
    run = fund.strike()
    others = [fund.installation.logged_in(fund.tenant, name, "finance") for name in ("ben", "cleo")]

    def approve(client):
        body = {"result_sha": run["result_sha"]}
        return client.post(f"/api/v1/nav/runs/{run['id']}/approve", json=body).status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(approve, others)) == [200, 409]


def test_approval_names_what_was_seen(fund):
    run = fund.strike()
    answer = fund.checker.post(f"/api/v1/nav/runs/{run['id']}/approve", json={"result_sha": "0" * 64})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:truenav:problem:payload-changed"


def test_a_rejected_nav_stays_rejected(fund):
    run = fund.strike()
    path = f"/api/v1/nav/runs/{run['id']}"
    assert fund.checker.post(f"{path}/reject", json={"reason": "  "}).status_code == 422
    assert fund.checker.post(f"{path}/reject", json={"reason": "price is off"}).json()["state"] == "rejected"
    body = {"result_sha": run["result_sha"]}
    assert fund.checker.post(f"{path}/approve", json=body).status_code == 409
    assert fund.checker.post(f"{path}/publish").status_code == 409


def test_what_is_not_calculated_or_published_yet_is_409(fund):
    struck = fund.maker.post("/api/v1/nav/runs", json={"fund": "alpha"}).json()
    path = f"/api/v1/nav/runs/{struck['run']['id']}"
    for part in ("result", "lines", "bridge", "coverage", "reconciliation", "bundle"):
        assert fund.maker.get(f"{path}/{part}").status_code == 409, part
    assert fund.maker.get("/api/v1/nav/signing-key").status_code == 404
    assert fund.maker.get(f"/api/v1/jobs/{struck['job']}").json()["state"] == "waiting"


def test_the_same_strike_twice_under_one_key_is_one_run(fund):
    key = {"Idempotency-Key": "daily-close-31"}
    first = fund.maker.post("/api/v1/nav/runs", json={"fund": "alpha"}, headers=key)
    again = fund.maker.post("/api/v1/nav/runs", json={"fund": "alpha"}, headers=key)
    assert first.content == again.content
    assert again.headers["location"] == first.headers["location"]
    assert len(fund.maker.get("/api/v1/nav/runs", params={"fund": "alpha"}).json()["items"]) == 1
    other = fund.maker.post("/api/v1/nav/runs", json={"fund": "beta"}, headers=key)
    assert other.status_code == 422


def test_strikes_of_nothing_of_the_future_and_by_readers_are_refused(fund):
    auditor = fund.installation.logged_in(fund.tenant, "auditor")
    assert auditor.post("/api/v1/nav/runs", json={"fund": "alpha"}).status_code == 403
    instants = ("2026-02-01T00:00:00Z", "0001-01-01T00:00:00Z")
    bodies = [{"fund": "alpha", "as_of": instant} for instant in instants]
    for body in ({"fund": "beta"}, {"fund": "carry"}, *bodies):
        assert fund.maker.post("/api/v1/nav/runs", json=body).status_code == 422, body


def test_runs_are_listed_newest_first_in_pages(fund):
    ids = []
    for _ in range(3):
        ids.insert(0, fund.maker.post("/api/v1/nav/runs", json={"fund": "alpha"}).json()["run"]["id"])
        fund.installation.clock.advance(minutes=1)
    page = fund.maker.get("/api/v1/nav/runs", params={"limit": 2}).json()
    rest = fund.maker.get("/api/v1/nav/runs", params={"limit": 2, "cursor": page["next"]}).json()
    assert [run["id"] for run in page["items"] + rest["items"]] == ids
    none = fund.maker.get("/api/v1/nav/runs", params={"state": "published"}).json()
    assert none == {"items": [], "next": None}


def test_a_late_dealing_is_a_restatement_that_shows_the_difference(fund):
    first = fund.publish(fund.strike())
    fund.installation.clock.advance(minutes=1)
    item = {
        "body": {
            "is": "manual_item",
            "node": "carry",
            "kind": "airdrop",
            "amount": {"number": "12.5", "asset": "iso4217:USD"},
            "reason": "airdrop",
        },
        "occurred_at": "2026-01-31T07:45:00Z",
        "reason": "seen on the chain a day late",
    }
    assert fund.maker.post("/api/v1/entries", json=item).status_code == 201
    restated = fund.maker.post(f"/api/v1/nav/runs/{first['id']}/restate")
    assert restated.status_code == 202
    new = restated.json()["run"]["id"]
    fund.work(restated.json()["job"], "nav.advance", run=new)
    found = fund.maker.get(f"/api/v1/nav/runs/{new}/differences").json()
    assert found["old"]["id"] == first["id"]
    assert sum(Decimal(line["difference_usd"]) for line in found["lines"]) == Decimal("12.5")
    fund.publish(fund.maker.get(f"/api/v1/nav/runs/{new}").json())
    assert fund.maker.get(f"/api/v1/nav/runs/{first['id']}").json()["state"] == "superseded"
    assert fund.maker.get(f"/api/v1/nav/runs/{first['id']}/differences").status_code == 422


@pytest.mark.parametrize(
    ("method", "part"),
    [
        ("GET", ""),
        *(
            ("GET", f"/{part}")
            for part in ("result", "lines", "bridge", "coverage", "events", "bundle", "differences")
        ),
        ("POST", "/publish"),
        ("POST", "/restate"),
    ],
)
def test_a_run_of_another_tenant_is_404(fund, installation, method, part):
    run = fund.strike()
    stranger = installation.logged_in(installation.tenant(), "stranger", "manager")
    assert stranger.request(method, f"/api/v1/nav/runs/{run['id']}{part}").status_code == 404


def test_evidence_facts_and_jobs_of_another_tenant_are_404(fund, installation):
    run = fund.strike()
    stranger = installation.logged_in(installation.tenant(), "stranger", "manager")
    fact = fund.maker.get("/api/v1/facts").json()["items"][0]
    job = fund.maker.get("/api/v1/jobs").json()[0]["id"]
    body = {"result_sha": run["result_sha"]}
    assert stranger.post(f"/api/v1/nav/runs/{run['id']}/approve", json=body).status_code == 404
    for path in (
        f"evidence/{fact['evidence']}",
        f"evidence/{fact['evidence']}/payload",
        f"facts/{fact['content_hash']}",
        f"jobs/{job}/accounts",
        "nodes/alpha",
        "history/nodes/alpha",
        "portfolio/alpha",
    ):
        assert stranger.get(f"/api/v1/{path}").status_code == 404, path
    assert stranger.get("/api/v1/facts").json()["items"] == []
