"""The web app's files, and that the committed description of the API is the API's own."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from truenav.api.app import create_app
from truenav.app.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = {"Accept": "text/html,application/xhtml+xml"}


@dataclass
class Browser:
    """Asks the application in this process."""

    app: FastAPI

    def get(self, address: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.send("GET", address, headers)

    def send(self, method: str, address: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return asyncio.run(self._send(method, address, headers or {}))

    async def _send(self, method: str, address: str, headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://truenav.test") as client:
            return await client.request(method, f"http://truenav.test{address}", headers=headers)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build = tmp_path / "dist"
    (build / "assets").mkdir(parents=True)
    (build / ".vite").mkdir()
    (build / "index.html").write_text("<!doctype html><title>truenav</title>")
    (build / "first.js").write_text("void 0;")
    (build / ".vite" / "manifest.json").write_text("{}")
    (build / "assets" / "index-AbC123.js").write_text("let a = 1;")
    (build / "assets" / "index-AbC123.js.gz").write_bytes(gzip.compress(b"let a = 1;"))
    (build / "assets" / "index-AbC123.js.br").write_bytes(b"not really brotli")
    (tmp_path / "secret.txt").write_text("outside")
    (build / "assets" / "link.txt").symlink_to(tmp_path / "secret.txt")
    return build


@pytest.fixture
def browser(folder: Path) -> Browser:
    return Browser(create_app(Settings(), web=folder))


def test_a_page_of_the_app_gets_the_one_document_and_it_is_never_stale(browser: Browser) -> None:
    for address in ("/", "/nav/runs/7", "/settings"):
        answer = browser.get(address, headers=PAGE)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-cache"
        again = browser.get(address, headers=PAGE | {"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


def test_scripts_run_only_from_our_own_files(browser: Browser) -> None:
    policy = browser.get("/", headers=PAGE).headers["content-security-policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["script-src"] == rules["worker-src"] == "'self'"
    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == "'none'"
    assert rules["connect-src"] == "'self'"


def test_assets_are_kept_for_ever_and_come_compressed_as_the_browser_takes_them(browser: Browser) -> None:
    plain = browser.get("/assets/index-AbC123.js", headers={"Accept-Encoding": "identity"})
    assert plain.text == "let a = 1;"
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["content-type"].startswith("text/javascript")
    assert "content-encoding" not in plain.headers
    packed = browser.get("/assets/index-AbC123.js", headers={"Accept-Encoding": "br;q=0, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == "let a = 1;"
    best = browser.send("HEAD", "/assets/index-AbC123.js", {"Accept-Encoding": "gzip, br"})
    assert best.headers["content-encoding"] == "br"
    assert best.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "address",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/assets/link.txt",
        "/.vite/manifest.json",
        "/assets/missing.js",
    ],
)
def test_no_address_names_a_file_outside_of_the_build(browser: Browser, address: str) -> None:
    for accept in ({}, PAGE):
        answer = browser.get(address, headers=accept)
        assert "outside" not in answer.text
        assert answer.status_code in {400, 404} or answer.text.startswith("<!doctype html>")


def test_the_api_never_answers_with_the_document(browser: Browser) -> None:
    for address in ("/api", "/api/v1/nothing", "/api/v1/../nothing"):
        assert browser.get(address, headers=PAGE).headers["content-type"] == "application/problem+json"
    assert browser.send("POST", "/settings", PAGE).status_code == 404
    assert browser.get("/settings", headers={"Accept": "application/json"}).status_code == 404


def test_a_new_build_is_served_without_a_restart(browser: Browser, folder: Path) -> None:
    assert browser.get("/", headers=PAGE).text.endswith("<title>truenav</title>")
    (folder / "assets" / "index-AbC123.js").rename(folder / "assets" / "index-New456.js")
    (folder / "index.html").write_text("<!doctype html><title>newer</title>")
    os.utime(folder / "index.html", ns=(1, 1))
    assert browser.get("/", headers=PAGE).text.endswith("<title>newer</title>")
    assert browser.get("/assets/index-New456.js").status_code == 200
    assert browser.get("/assets/index-AbC123.js").status_code == 404


def test_without_a_build_the_api_stands_alone(tmp_path: Path) -> None:
    bare = Browser(create_app(Settings(), web=tmp_path / "absent"))
    assert bare.get("/", headers=PAGE).status_code == 404


def test_the_web_client_is_made_from_the_present_api() -> None:
    committed = json.loads((ROOT / "web" / "openapi.json").read_text("utf-8"))
    present = json.loads(json.dumps(create_app(Settings()).openapi()))
    assert committed == present, "Run scripts/openapi: the API's description has changed."
