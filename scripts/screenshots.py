"""A picture of every page of the web app: wide and narrow, light and dark, English and 中文.

Runs the demo fund in a data folder of its own and photographs it as the first of its people who may see the
page; ``--url`` takes a server that runs already. Which pages there are is read from the web app's own
registry (web/src/features/*/pages.ts), so a new page is in the pictures without a line here. What no address
of the demo shows (a first run, a link that was handed over, the tenants as their host sees them, passkeys and
recovery codes) is photographed in an empty installation beside it. A page that throws, that the content
security policy stops, or that is wider than its window, is named, and the exit code is 1. The contact sheet,
index.html beside the pictures, shows every page in all its looks, one page a row.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

ROOT = Path(__file__).parent.parent
FEATURES = ROOT / "web" / "src" / "features"
DEMO_FUND = ROOT / "examples" / "demo_fund"
SIZES = {"wide": (1440, 1000), "phone": (390, 844)}
THEMES = ("light", "dark")
LANGUAGES = ("en", "zh")
INVESTOR = {
    "id": "ina",
    "name": "Ina, investor",
    "email": "ina@demo.example",
    "roles": ["investor"],
    "password": "pewter-lagoon-sparrow-64",
}
HOLDERS = ["Pension scheme North", "Stiftung Mitte"]
FIRST = {
    "tenant": "harbour",
    "organisation": "Harbour Capital",
    "id": "ada",
    "name": "Ada Lindgren",
    "email": "ada@harbour.example",
    "password": "lantern orbit sable 71",
}
INVITED: Mapping[str, Any] = {
    "id": "max",
    "name": "Max Oduya",
    "email": "max@harbour.example",
    "roles": ["manager"],
}
MACHINE = {"email": "admin@installation.example", "password": "granite willow anchor 26"}
HOST = {
    "id": "hana",
    "name": "Hana Sato",
    "email": "hana@installation.example",
    "roles": ["host"],
    "password": "velvet canyon ferry 58",
}
TENANTS = (
    {"id": "reef", "name": "Reef Asset Management", "administrator": "kim", "email": "kim@reef.example"},
    {"id": "larch", "name": "Larch Family Office", "administrator": "noa", "email": "noa@larch.example"},
)
WORDS = {
    "en": {"link": "Password link", "provision": "Provision", "erase": "Erase", "passkey": "Add passkey"},
    "zh": {"link": "密码链接", "provision": "开通", "erase": "清除", "passkey": "添加通行密钥"},
}
START_SECONDS = 300
SETTLE_MILLISECONDS = 900
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}
UNSET = "/api/v1/notices/mail-server"  # answers 404 until one is set, which a browser notes as an error
_PAGE = re.compile(r"path: '([^']+)'.*?action: '([^']+)'", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Look:
    """One way to see the app."""

    size: str
    theme: str
    language: str

    def __str__(self) -> str:
        return f"{self.size}-{self.theme}-{self.language}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody logged in."""

    cookies: httpx.Cookies
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class House:
    """An installation of its own: where it is, its first administrator, its host, the words of the look."""

    url: str
    administrator: Person
    host: Person
    words: Mapping[str, str]


def main() -> int:
    """Take the pictures; the number of pages with a fault decides the exit code."""
    options = _options()
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    looks = [Look(*one) for one in product(SIZES, THEMES, LANGUAGES)]
    looks = [look for look in looks if options.look in str(look)]
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        with _demo(options.url) as url:
            pages = {
                path: who for path, who in _pages(url, _log_in(url)).items() if re.search(options.page, path)
            }
            for look in looks:
                faults += _picture_all(browser, url, look, pages, options.out)
        if options.url is None:
            faults += _moments(browser, looks, options.page, options.out)
    for fault in faults:
        print(fault, file=sys.stderr)
    taken = _contact_sheet(options.out, looks)
    print(f"{taken} pictures; the contact sheet: {options.out / 'index.html'}")
    return 1 if faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="A demo that runs already; without it one is started.")
    parser.add_argument("--out", type=Path, default=ROOT / ".truenav" / "screenshots")
    parser.add_argument("--page", default="", help="Only pages whose path matches this expression.")
    parser.add_argument("--look", default="", help="Only looks with this in their name, as wide-light-en.")
    return parser.parse_args()


@contextmanager
def _demo(url: str | None) -> Iterator[str]:
    """The address of the demo, started if none was given and ended again."""
    if url is not None:
        yield url.rstrip("/")
        return
    with _started("demo") as (address, _):
        yield address


@contextmanager
def _started(command: str) -> Iterator[tuple[str, Path]]:
    """A server on a free port, ended again: its address and its data folder, with what it said in ``log``."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="truenav-pictures-") as folder:
        log = Path(folder, "log")
        with (
            log.open("w") as said,
            subprocess.Popen(  # noqa: S603 - our own
                [sys.executable, "-m", "truenav", command, "--port", str(port)],
                env={**os.environ, "TRUENAV_DATA_DIR": folder},
                stdout=said,
                stderr=said,
            ) as process,
        ):
            try:
                yield _await(f"http://localhost:{port}", process), Path(folder)
            finally:
                process.terminate()
                process.wait(60)


def _await(url: str, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.HTTPError):
            httpx.get(f"{url}/api/v1/setup", timeout=2).raise_for_status()
            return url
        time.sleep(0.2)
    raise SystemExit("The server did not start; run `make demo` to see why.")


def _log_in(url: str) -> list[Person]:
    """The demo's people, logged in, and an investor, whom the first of them (the administrator) lets in."""
    users = json.loads((DEMO_FUND / "fund.json").read_text("utf-8"))["users"]
    _let_in(url, _enter(url, users[0]), INVESTOR)
    return [_enter(url, user) for user in (*users, INVESTOR)]


def _enter(url: str, user: Mapping[str, Any]) -> Person:
    body = {"email": user["email"], "password": user["password"]}
    answer = httpx.post(f"{url}/api/v1/login", json=body, timeout=30).raise_for_status()
    return Person(answer.cookies, frozenset(answer.json()["me"]["actions"]))


@contextmanager
def _api(url: str, person: Person) -> Iterator[httpx.Client]:
    """The API as somebody who is logged in."""
    with httpx.Client(base_url=f"{url}/api/v1", cookies=person.cookies, timeout=30) as api:
        api.headers["X-Truenav-CSRF"] = api.get("/me").raise_for_status().json()["csrf"]
        yield api


def _let_in(url: str, administrator: Person, user: Mapping[str, Any]) -> None:
    with _api(url, administrator) as api:
        if all(one["id"] != user["id"] for one in api.get("/users").raise_for_status().json()["items"]):
            api.post("/users", json=user).raise_for_status()
            scope = {"nodes": None, "investors": HOLDERS}
            api.put(f"/users/{user['id']}/scope", json=scope).raise_for_status()


def _pages(url: str, people: list[Person]) -> dict[str, Person]:
    """Every registered page with somebody who may see it, its parameters filled with the demo's own."""
    files = (file.read_text("utf-8") for file in FEATURES.glob("*/pages.ts"))
    registered = {path: action for text in files for path, action in _PAGE.findall(text)}
    values = _parameters(url, people)
    return {
        re.sub(r":\w+", values.get(path, ""), path): next(
            (p for p in people if action in p.actions), people[0]
        )
        for path, action in sorted(registered.items())
    } | {"/settings": people[0]}


def _parameters(url: str, people: list[Person]) -> dict[str, str]:
    with _api(url, people[0]) as api:
        items = {
            path: api.get(listing).raise_for_status().json()["items"]
            for path, listing in (
                ("/portfolio/:node", "/nodes"),
                ("/nav/:run", "/nav/runs"),
                ("/connections/:id", "/connections"),
                ("/issues/:id", "/issues"),
                ("/products/:product", "/product-states"),
            )
        }
    return {path: str(found[0]["id"]) for path, found in items.items() if found}


@contextmanager
def _window(browser: Browser, look: Look) -> Iterator[tuple[Page, list[str]]]:
    """A browser of its own, and what its console says that is wrong."""
    width, height = SIZES[look.size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=look.size == "phone",
        color_scheme="dark" if look.theme == "dark" else "light",
        locale="zh-CN" if look.language == "zh" else "en-GB",
        reduced_motion="reduce",
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if _is_fault(message) else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page, said
    context.close()


def _picture_all(
    browser: Browser, url: str, look: Look, pages: dict[str, Person], out: Path
) -> Iterator[str]:
    """The log-in, then every page; what was wrong with each."""
    with _window(browser, look) as (page, said):
        _open(page, f"{url}/")
        said.clear()  # that nobody is logged in is told as an error
        yield from _take(page, said, "log-in", look, out)
        for path, who in pages.items():
            _become(page, url, who)
            _open(page, url + path)
            name = path.strip("/").replace("/", "-") or "overview"
            yield from _take(page, said, name, look, out)


def _take(page: Page, said: list[str], name: str, look: Look, out: Path) -> Iterator[str]:
    """The picture, and what was wrong with it."""
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    page.screenshot(path=out / f"{name}_{look}.png")
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        said.append("wider than its window")
    yield from (f"{name} {look}: {one}" for one in said)
    said.clear()


def _become(page: Page, url: str, who: Person) -> None:
    page.context.add_cookies(
        [{"name": name, "value": value, "url": url} for name, value in who.cookies.items()]
    )


def _is_fault(message: ConsoleMessage) -> bool:
    return message.type == "error" and not message.location["url"].endswith(UNSET)


def _open(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#root h1, #root h2, #root main", timeout=30_000)
    with suppress(PlaywrightError):
        page.wait_for_selector("div[role=status]", state="detached", timeout=15_000)


def _moments(browser: Browser, looks: list[Look], wanted: str, out: Path) -> Iterator[str]:
    """What no address of the demo shows, in an installation that begins empty; what was wrong with it."""
    with _started("serve") as (url, folder):
        for look in looks:
            with _window(browser, look) as (page, said):
                _open(page, url)
                said.clear()
                yield from _take(page, said, "first-run", look, out)
        link = _furnish(url, folder)
        moments = {name: moment for name, moment in MOMENTS.items() if re.search(wanted, name)}
        for look in looks:  # before the moments: the colleague's next link ends this one
            with _window(browser, look) as (page, said):
                _open(page, url + link)
                said.clear()
                yield from _take(page, said, "link", look, out)
        for look in looks:
            house = House(url, _enter(url, FIRST), _enter(url, HOST), WORDS[look.language])
            for name, moment in moments.items():
                with _window(browser, look) as (page, said):
                    moment(page, house)
                    yield from _take(page, said, name, look, out)


def _furnish(url: str, folder: Path) -> str:
    """Set the installation up, with a colleague, a host and two tenants; the path of the colleague's link."""
    token = re.search(r"/setup#(\S+)", (folder / "log").read_text("utf-8"))
    body = FIRST | {"token": token[1] if token else ""}
    httpx.post(f"{url}/api/v1/setup", json=body, timeout=60).raise_for_status()
    with _api(url, _enter(url, FIRST)) as api:
        link: str = api.post("/invitations", json=INVITED).raise_for_status().json()["path"]
    command = ["user", "bootstrap", "installation", "--email", MACHINE["email"], "--password-stdin"]
    subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", "truenav", *command],
        input=MACHINE["password"],
        text=True,
        check=True,
        capture_output=True,
        env={**os.environ, "TRUENAV_DATA_DIR": str(folder)},
    )
    with _api(url, _enter(url, MACHINE)) as api:
        api.post("/users", json=HOST).raise_for_status()
    with _api(url, _enter(url, HOST)) as api:
        for tenant in TENANTS:
            api.post("/tenants", json=tenant).raise_for_status()
        api.post(f"/tenants/{TENANTS[-1]['id']}/suspend").raise_for_status()
    return link


def _first_steps(page: Page, house: House) -> None:
    _become(page, house.url, house.administrator)
    _open(page, f"{house.url}/start")


def _handed_over(page: Page, house: House) -> None:
    _become(page, house.url, house.administrator)
    _open(page, f"{house.url}/users")
    # On a phone the whole card is a button above its text.
    page.get_by_text(INVITED["name"]).first.click(force=True)
    page.get_by_role("button", name=house.words["link"]).click()
    page.locator("pre").wait_for()


def _tenants(page: Page, house: House) -> None:
    _become(page, house.url, house.host)
    _open(page, f"{house.url}/tenants")


def _provision(page: Page, house: House) -> None:
    _tenants(page, house)
    page.get_by_role("button", name=house.words["provision"]).click()


def _erase(page: Page, house: House) -> None:
    _tenants(page, house)
    page.get_by_role("button", name=house.words["erase"]).click()


def _passkey(page: Page, house: House) -> None:
    _become(page, house.url, house.administrator)
    _open(page, f"{house.url}/account")
    page.get_by_role("button", name=house.words["passkey"]).click()
    page.get_by_role("dialog").locator("input").fill("MacBook")


def _recovery_codes(page: Page, house: House) -> None:
    """With a virtual authenticator; the passkey is forgotten, so that the next look begins without one."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    _passkey(page, house)
    page.keyboard.press("Enter")
    page.get_by_role("dialog").locator("li").first.wait_for()
    with _api(house.url, house.administrator) as api:
        for factor in api.get("/me/security").raise_for_status().json()["factors"]:
            api.delete(f"/me/factors/{factor['id']}").raise_for_status()


MOMENTS: dict[str, Callable[[Page, House], None]] = {
    "first-steps": _first_steps,
    "link-handed-over": _handed_over,
    "passkey": _passkey,
    "recovery-codes": _recovery_codes,
    "tenants-of-host": _tenants,
    "tenants-provision": _provision,
    "tenants-erase": _erase,
}


_SHEET = """<!doctype html>
<meta charset="utf-8">
<title>truenav: every page</title>
<style>
  body {{ font: 13px system-ui; margin: 24px; }}
  section {{ display: flex; gap: 12px; overflow-x: auto; padding-bottom: 12px; }}
  figure {{ margin: 0; }}
  img {{ height: 300px; border: 1px solid #999; display: block; }}
</style>
{rows}
"""


def _contact_sheet(out: Path, looks: list[Look]) -> int:
    """All pictures on one page, a row for each page of the app; how many there are."""
    rows: dict[str, list[str]] = {}
    for look in looks:
        for file in sorted(out.glob(f"*_{look}.png")):
            picture = f'<a href="{file.name}"><img src="{file.name}" alt="" loading="lazy"></a>'
            rows.setdefault(file.name.removesuffix(f"_{look}.png"), []).append(
                f"<figure>{picture}<figcaption>{look}</figcaption></figure>"
            )
    sections = (
        f"<h2>{name}</h2>\n<section>{''.join(found)}</section>" for name, found in sorted(rows.items())
    )
    (out / "index.html").write_text(_SHEET.format(rows="\n".join(sections)), encoding="utf-8")
    return sum(map(len, rows.values()))


if __name__ == "__main__":
    sys.exit(main())
