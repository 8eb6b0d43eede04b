"""From an empty installation to a NAV that anybody can check, in a browser, in both languages."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from tests.browser.conftest import ROOT, serve

pytestmark = pytest.mark.timeout(600)

ADA = ("ada@alpha.test", "violet otter climbs 7 stairs")
MAX = ("max@alpha.test", "copper meadow counts 8 quilts")
FAY = ("fay@alpha.test", "harbour prism holds 9 lanterns")
ACCOUNT = "binance-directional"
SINCE = "2026-01-01T00:00:00Z"

WORDS = {
    "en": {
        "set up": "Set up",
        "name": "Name",
        "secret": "Secret",
        "save": "Check and save",
        "gather": "Read it for the first time",
        "import": "Import",
        "imported": "Imported",
        "strike": "Strike NAV",
        "approve": "Approve NAV",
        "publish": "Publish",
        "statement": "Statement",
        "bundle": "Evidence bundle",
    },
    "zh": {
        "set up": "完成设置",
        "name": "名称",
        "secret": "Secret",
        "save": "核验并保存",
        "gather": "首次读取",
        "import": "导入",
        "imported": "已导入",
        "strike": "出净值",
        "approve": "批准净值",
        "publish": "发布",
        "statement": "净值报告",
        "bundle": "证据包",
    },
}


@pytest.fixture(params=["en", pytest.param("zh", marks=pytest.mark.nightly)])
def language(request):
    return request.param


def test_from_first_run_to_a_nav_that_verifies(
    language, visit, venues, initialised_postgres, tmp_path, people
):
    words = WORDS[language]
    shutil.copytree(initialised_postgres, tmp_path / "house" / "postgres")
    with serve(tmp_path / "house") as house:
        ada = visit(language)
        _set_up(ada, house, words)
        for email, password, name, role in ((*MAX, "max", "manager"), (*FAY, "fay", "finance")):
            body = {"id": name, "name": name.title(), "email": email, "roles": [role], "password": password}
            ada.call("POST", "/users", body)

        max_ = visit(language)
        max_.log_in(house.address, *MAX)
        _tree(max_)
        _connect(max_, house, venues, words)
        _import(max_, house, words)
        run = _strike(max_, house, words)

        fay = visit(language)
        fay.log_in(house.address, *FAY)
        _approve_and_publish(fay, run, words)
        statement, bundle = _download(max_, run, tmp_path, words)
        assert statement.read_bytes().startswith(b"%PDF")
        _verify(bundle, fay.call("GET", "/nav/signing-key").json()["public_key"])


def _set_up(ada, house, words):
    page = ada.page
    page.goto(house.address)
    fields = page.locator("form input")
    fields.first.wait_for()
    fields.nth(0).fill(house.first_token())
    fields.nth(1).fill("Alpha")
    fields.nth(3).fill("Ada")
    fields.nth(5).fill(ADA[0])
    fields.nth(6).fill(ADA[1])
    page.get_by_role("button", name=words["set up"]).click()
    page.locator("nav").first.wait_for()


def _tree(max_):
    """A fund and its class: what has no form of its own is put by definition."""
    max_.call("PUT", "/nodes/alpha", {"id": "alpha", "name": "Alpha Fund", "kind": "fund", "parent": None})
    body = {"id": "alpha-a", "fund": "alpha", "name": "A", "currency": "iso4217:USD"}
    max_.call("PUT", "/classes/alpha-a", body | {"management_fee_rate": "0.01"})


def _connect(max_, house, venues, words):
    page = max_.page
    page.goto(f"{house.address}/connections/new?venue=binance")
    page.get_by_label(words["name"], exact=True).fill("Binance directional")
    page.locator("input[type=date]").fill((datetime.now(UTC) - timedelta(days=12)).strftime("%Y-%m-%d"))
    page.get_by_placeholder("https://").fill(venues)
    page.get_by_label("API", exact=False).first.fill(f"demo-{ACCOUNT}-key")
    page.get_by_label(words["secret"]).fill(f"demo-{ACCOUNT}-secret")
    page.get_by_role("button", name=words["save"]).click()
    page.get_by_role("button", name=words["gather"]).click()
    page.wait_for_url(re.compile("job="))
    _others(max_, venues)


def _others(max_, venues):
    """A second venue, whose index is the mark of what both hold, and two price sources, by definition."""
    okx = {"id": "okx-trend", "name": "OKX trend", "venue": "okx", "kind": "exchange"}
    max_.call("PUT", "/accounts/okx-trend", okx | {"wallets": ["trading", "funding"]})
    keys = {
        "okx-trend": ("okx", _key("demo-okx-trend-key", "demo-okx-trend-secret", "demo-okx-trend-phrase")),
        "ecb": ("ecb", None),
        "vendor": ("vendor", _key("demo-vendor-key")),
    }
    for source, (connector, key) in keys.items():
        account = source if connector == "okx" else None
        body = {
            "connector": connector,
            "account": account,
            "since": SINCE,
            "base_url": venues,
            "enabled": True,
        }
        max_.call("PUT", f"/connections/{source}", body | {"key": key})
    for account in (ACCOUNT, "okx-trend"):
        rule = {"account": account, "rank": 0, "node": "alpha", "selector": {"is": "share", "share": "1"}}
        max_.call("PUT", f"/rules/{account}%230", rule)


def _key(key, secret="", passphrase=""):
    return {"key": key, "secret": secret, "passphrase": passphrase}


def _import(max_, house, words):
    page = max_.page
    page.goto(f"{house.address}/imports")
    at = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    rows = [
        "fund,share_class,external_id,occurred_at,kind,investor,units,amount,currency",
        f"alpha,alpha-a,dealing-1,{at},subscription,Wren,1000,1000000,USD",
    ]
    content = ("\n".join(rows) + "\n").encode()
    page.locator("input[type=file]").set_input_files(
        {"name": "dealings.csv", "mimeType": "text/csv", "buffer": content}
    )
    page.get_by_role("button", name=words["import"], exact=True).click()
    page.get_by_role("heading", name=words["imported"]).wait_for()


def _strike(max_, house, words):
    page = max_.page
    page.goto(f"{house.address}/nav?strike=1")
    page.get_by_role("dialog").get_by_role("button", name=words["strike"]).click()
    page.wait_for_url(re.compile("/nav/alpha-"))
    page.get_by_role("button", name=words["approve"]).wait_for(timeout=120_000)
    assert page.get_by_role("button", name=words["approve"]).is_disabled()  # by who struck it
    coverage = max_.call("GET", f"/nav/runs/{page.url.split('/')[-1]}/coverage").json()
    assert coverage["quality"] == "complete", coverage["failures"]
    return page.url


def _approve_and_publish(fay, run, words):
    page = fay.page
    page.goto(run)
    for step in ("approve", "publish"):
        page.get_by_role("button", name=words[step], exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name=words[step], exact=True).click()
        page.get_by_role("dialog").wait_for(state="detached")
    page.get_by_role("button", name=words["bundle"]).wait_for(timeout=60_000)


def _download(max_, run, folder, words):
    """By who sees every field: a bundle holds them all."""
    page = max_.page
    page.goto(run)
    with page.expect_download(timeout=60_000) as statement:
        page.get_by_role("button", name=words["statement"]).click()
        page.get_by_role("menuitem").first.click()
    with page.expect_download(timeout=60_000) as bundle:
        page.get_by_role("button", name=words["bundle"]).click()
    files = [folder / one.value.suggested_filename for one in (statement, bundle)]
    for one, file in zip((statement, bundle), files, strict=True):
        one.value.save_as(file)
    return files


def _verify(bundle, key):
    command = [sys.executable, "-m", "truenav", "verify", str(bundle), "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
