"""What an attacker sends: deep nesting, bombs, large files, names that want to be paths, headers or cells."""

from __future__ import annotations

import io
import re
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from truenav.app.proof.verify import Verdict, verify_bundle

from .conftest import BALANCES

DEPTHS = (b"[" * 100_000, b'{"a":' * 50_000, b"[" * 20_000 + b"]" * 20_000)
NAMES = (
    "../../../../etc/cron.d/balances.csv",
    "..\\..\\windows\\balances.csv",
    "/etc/passwd",
    "balances.csv\r\nX-Evil: yes",
    'balances".csv; filename="evil.html',
    "<script>alert(1)</script>balances.csv",
    "=HYPERLINK(0).csv",
    "‮balances.csv",
    "b" * 5_000 + ".csv",
    "",
    ".",
    "nul",
)


def changing_routes(app) -> list[tuple[str, str]]:
    """Method and address of every route that reads a body, its parameters filled with a word."""
    paths = app.openapi()["paths"]
    return [
        (method.upper(), re.sub(r"{\w+}", "x", path))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "requestBody" in operation
    ]


@pytest.mark.parametrize("body", DEPTHS, ids=["arrays", "objects", "closed"])
def test_deep_json_is_refused_at_every_endpoint_that_reads_a_body(installation, fund, body):
    routes = changing_routes(installation.app)
    assert len(routes) > 20
    client = installation.logged_in(fund.tenant, "all", "administrator", "manager", "finance", "risk")
    for method, path in routes:
        if path.endswith("/login"):
            continue
        answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert 400 <= answer.status_code < 500, (method, path, answer.status_code)
        assert answer.headers["content-type"] == "application/problem+json", (method, path)


@pytest.mark.parametrize("body", DEPTHS, ids=["arrays", "objects", "closed"])
def test_a_deep_file_is_a_refusal_with_its_reason(fund, body):
    sent = fund.maker.post("/api/v1/imports", files={"file": ("balances.json", body)})
    assert sent.status_code == 422, sent.text


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe\0" * (50 * 1024 * 1024 // 3), b"account,as_of,asset,amount\n" + b"9" * (50 * 1024 * 1024)],
    ids=["no text", "one cell"],
)
def test_fifty_megabytes_of_rubbish_are_a_refusal_and_not_a_breakdown(fund, body):
    began = time.monotonic()
    sent = fund.maker.post("/api/v1/imports", files={"file": ("balances.csv", body)})
    assert sent.status_code in (413, 422), sent.text[:300]
    assert len(sent.content) < 100_000
    assert time.monotonic() - began < 60


def test_a_bomb_in_the_place_of_a_file_is_not_unpacked(fund):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("balances.csv", b"\0" * (64 * 1024 * 1024))
    for name in ("balances.csv", "balances.json", "balances.zip", "balances.csv.gz"):
        sent = fund.maker.post("/api/v1/imports", files={"file": (name, buffer.getvalue())})
        assert sent.status_code in (415, 422), (name, sent.status_code)


def test_a_bundle_that_would_unpack_to_more_than_it_is_gets_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.jsonl", b"\0" * (256 * 1024 * 1024))
    tracemalloc.start()
    try:
        found = verify_bundle(buffer.getvalue())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.verdict is Verdict.DIFFERENT
    assert peak < 16 * 1024 * 1024


@pytest.mark.parametrize("path", ["../outside", "/etc/outside", "payloads/../../outside", "a\\..\\outside"])
def test_a_bundle_with_a_path_that_leads_out_is_refused_and_writes_nothing(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(path, b"x")
    assert verify_bundle(buffer.getvalue()).verdict is Verdict.DIFFERENT
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_hostile_file_name_reaches_no_path_and_no_header(fund, tmp_path: Path, name: str):
    outside = set(Path(tmp_path.parent).glob("*"))
    params = {"template": "balances"}
    sent = fund.maker.post("/api/v1/imports", params=params, files={"file": (name, BALANCES.encode())})
    assert sent.status_code in (200, 201, 400, 422), sent.text
    assert "x-evil" not in sent.headers
    assert set(Path(tmp_path.parent).glob("*")) == outside
    for path in (one for one in tmp_path.rglob("*") if one.is_file()):
        assert re.fullmatch(r"[0-9a-z._-]+", path.name), path
    for fact in fund.maker.get("/api/v1/facts").json()["items"][:3]:
        payload = fund.maker.get(f"/api/v1/evidence/{fact['evidence']}/payload")
        assert payload.headers["content-disposition"].startswith("attachment")
        assert re.fullmatch(r"[\x20-\x7e]+", payload.headers["content-disposition"])
        assert "evil" not in payload.headers["content-disposition"]
