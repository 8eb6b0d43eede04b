"""A real browser, and installations started as the product starts: through its command line."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from truenav.store.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
FEATURES = ROOT / "web" / "src" / "features"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
DEMO_FUND = ROOT / "examples" / "demo_fund"
FIRST_LOAD_MILLISECONDS = 30_000
_RUN_AXE = """async () => (await axe.run(document, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
})).violations.filter((one) => ['serious', 'critical'].includes(one.impact))
  .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)"""
_MAIN = "from truenav.cli import main; main()"


@dataclass
class Visitor:
    """One person's browser window, and everything its console said that is wrong."""

    page: Page
    context: BrowserContext
    said: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        """The same person through the API, with the session that the browser holds."""
        cookies = {one["name"]: one["value"] for one in self.context.cookies()}
        base = "/".join(self.page.url.split("/")[:3]) + "/api/v1"
        with httpx.Client(base_url=base, cookies=cookies, timeout=60) as api:
            headers = {"X-Truenav-CSRF": api.get("/me").raise_for_status().json()["csrf"]}
            return api.request(method, path, json=body, headers=headers).raise_for_status()

    def log_in(self, address: str, email: str, password: str) -> None:
        """Through the form, as a person does."""
        self.page.goto(address)
        self.page.locator("input[type=email]").fill(email)
        self.page.locator("input[autocomplete=current-password]").fill(password)
        self.page.keyboard.press("Enter")
        self.page.locator("nav").first.wait_for(timeout=FIRST_LOAD_MILLISECONDS)


@dataclass(frozen=True)
class Served:
    """An installation that is being served."""

    address: str
    folder: Path
    process: subprocess.Popen[str]

    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8")

    def first_token(self) -> str:
        """The token of the first run, as the console printed it."""
        for _ in range(300):
            if found := re.search(r"/setup#(\S+)", self.log()):
                return found[1]
            time.sleep(0.1)
        raise AssertionError("the console printed no link to set up")


def page_addresses() -> list[str]:
    """Every page of the app that stands for no single thing, from its own registry."""
    text = "".join(file.read_text("utf-8") for file in sorted(FEATURES.glob("*/pages.ts")))
    return [*sorted(set(re.findall(r"path: '([^':]+)'", text))), "/settings"]


def settled(page: Page, address: str) -> None:
    """Open a page and wait until its figures have come."""
    page.goto(address)
    page.locator("main").first.wait_for()
    page.locator("div[role=status]").first.wait_for(state="detached")
    page.wait_for_timeout(300)


def shut_out(page: Page) -> list[str]:
    """Serious and critical faults of accessibility in what is shown now."""
    page.add_script_tag(path=AXE)
    found: list[str] = page.evaluate(_RUN_AXE)
    return found


def strike_again(maker: Visitor, address: str) -> str:
    """A NAV at the instant of the last one, from what was recorded, waiting for approval; its page."""
    last = maker.call("GET", "/nav/runs?fund=tide").json()["items"][0]
    run = maker.call("POST", "/nav/runs", {"fund": "tide", "as_of": last["as_of"]}).json()["run"]["id"]
    maker.page.goto(f"{address}/nav/{run}")
    maker.page.get_by_role("button", name="Approve NAV").wait_for(timeout=60_000)
    return maker.page.url


@pytest.fixture(scope="module")  # its event loop runs while it is open, and other modules need their own
def browser() -> Iterator[Browser]:
    """Debian's chromium; without one the tests skip, except where everything must be tested."""
    found = shutil.which("chromium")
    built = (ROOT / "web" / "dist" / "index.html").is_file()
    if found is None or not built:
        why = "No chromium on this machine." if found is None else "The web app is not built; run `make web`."
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """New windows, each a browser of its own; a page error or a refused script fails the test at its end."""
    visitors: list[Visitor] = []

    def open_window(language: str = "en", **options: object) -> Visitor:
        locale = "zh-CN" if language == "zh" else "en-GB"
        context = browser.new_context(locale=locale, viewport={"width": 1440, "height": 1000}, **options)
        context.set_default_timeout(FIRST_LOAD_MILLISECONDS)
        visitor = Visitor(context.new_page(), context)
        visitor.page.on("pageerror", lambda error: visitor.said.append(str(error)))
        visitor.page.on("console", lambda message: _note(visitor, message.text))
        visitors.append(visitor)
        return visitor

    yield open_window
    said = [line for visitor in visitors for line in visitor.said]
    for visitor in visitors:
        visitor.context.close()
    assert said == []


def _note(visitor: Visitor, text: str) -> None:
    if "Content Security Policy" in text or "Uncaught" in text:
        visitor.said.append(text)


@pytest.fixture(scope="session")
def venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo fund's simulated venues on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("venues")
    command = ["simulator", "serve", str(DEMO_FUND / "scenario.toml"), "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _MAIN, *command, "--state-dir", str(folder)], stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _await(f"{address}/_simulator/state", process)
        yield address
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def serve(folder: Path, port: int = 0) -> Iterator[Served]:
    """``truenav serve`` on a data folder and a free port, or on the one given."""
    with ExitStack() as stack:
        log = stack.enter_context((folder / "log").open("a"))
        process = subprocess.Popen(
            [sys.executable, "-c", _MAIN, "serve", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "TRUENAV_DATA_DIR": str(folder)},
        )
        stack.callback(EmbeddedPostgres(folder / "postgres").stop)
        stack.callback(_end, process)
        assert process.stdout is not None
        yield Served(process.stdout.readline().strip(), folder, process)


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the demo fund after its verified NAV, made once for all workers; copy it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    seed, draft = shared / "demo-seed", shared / "demo-draft"
    with (shared / "demo-seed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not seed.exists():
            environment = {**os.environ, "TRUENAV_DATA_DIR": str(draft)}
            command = [sys.executable, "-c", _MAIN, "demo", "--once"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
            assert done.returncode == 0, done.stderr
            draft.rename(seed)
    return seed


@pytest.fixture(scope="module")
def demo(browser: Browser, demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo fund, served after its verified NAV: each module has its own to change."""
    folder = tmp_path_factory.mktemp("demo") / "house"
    shutil.copytree(demo_folder, folder)
    with serve(folder) as served:
        yield served


@pytest.fixture(scope="session")
def people() -> dict[str, tuple[str, str]]:
    """E-mail and password of the demo's people."""
    plan = json.loads((DEMO_FUND / "fund.json").read_text("utf-8"))
    return {user["id"]: (user["email"], user["password"]) for user in plan["users"]}


def _await(url: str, process: subprocess.Popen[str]) -> None:
    for _ in range(2400):
        assert process.poll() is None, f"ended with {process.returncode} before {url} answered"
        with suppress(httpx.HTTPError):
            httpx.get(url, timeout=5).raise_for_status()
            return
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
