"""Every page of the demo in a real browser: for keyboards and screen readers, and against attack."""

from __future__ import annotations

import re

import pytest
from tests.browser.conftest import page_addresses, settled, shut_out

pytestmark = pytest.mark.timeout(900)

HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.nightly)])
def test_no_page_shuts_anybody_out(visit, demo, people, theme):
    ada = visit(reduced_motion="reduce", bypass_csp=True)
    ada.log_in(demo.address, *people["ada"])
    found = {}
    for path in (*page_addresses(), *_things(ada)):
        settled(ada.page, demo.address + path)
        ada.page.emulate_media(color_scheme=theme)
        ada.page.locator(f":root[data-mantine-color-scheme={theme}]").wait_for(state="attached")
        if violations := shut_out(ada.page):
            found[path] = violations
    assert found == {}


def _things(ada):
    """Pages of one thing: a fund, a strategy, a run, a connection, a view, and a venue to connect."""
    run = ada.call("GET", "/nav/runs").json()["items"][0]["id"]
    pivot = {"page": "explore", "name": "By venue", "body": {"pivot": "rows=venue&columns=product"}}
    view = ada.call("POST", "/views", pivot | {"shared": False}).json()["id"]
    things = (
        "/portfolio/tide",
        "/portfolio/sma-vol1",
        "/products/btc3l",
        "/orders?open=binance-basis",
        "/connections/okx-options",
        "/connections/nothing",
    )
    return (*things, "/connections/new?venue=binance", f"/nav/{run}", f"/explore?view={view}", "/nowhere")


def test_the_way_to_a_nav_needs_no_mouse(visit, demo, people):
    fay = visit()
    fay.page.goto(demo.address)
    fay.page.locator("input[type=email]").wait_for()
    for text in people["fay"]:
        fay.page.keyboard.type(text)
        fay.page.keyboard.press("Tab")
    fay.page.keyboard.press("Enter")
    fay.page.locator("nav").first.wait_for()
    _reach(fay.page, "a[href^='/nav']")
    fay.page.keyboard.press("Enter")
    fay.page.wait_for_url(re.compile("/nav"))
    _reach(fay.page, "tbody tr")
    fay.page.keyboard.press("Enter")
    fay.page.wait_for_url(re.compile(r"/nav/tide-"))


def test_a_hostile_name_is_text(visit, demo, people):
    max_ = visit()
    max_.log_in(demo.address, *people["max"])
    body = {"id": "bait", "name": HOSTILE, "kind": "fund", "parent": None}
    max_.call("PUT", "/nodes/bait", body)
    for path in ("/", "/portfolio?fund=bait", "/portfolio/bait"):
        settled(max_.page, demo.address + path)
        assert max_.page.title() != "taken"
        assert max_.page.locator("img[src=x]").count() == 0
    max_.call("DELETE", "/nodes/bait")


def test_a_session_that_ends_in_a_form_loses_nothing(visit, demo, people):
    max_ = visit()
    max_.log_in(demo.address, *people["max"])
    page = max_.page
    page.goto(f"{demo.address}/connections/new?venue=ecb")
    page.locator("main input").first.fill("ecb-second")
    page.locator("main input").last.fill(f"{demo.address}/kept")
    max_.context.clear_cookies()
    page.get_by_role("button", name="Check and save").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("input[type=email]").fill(people["max"][0])
    dialog.locator("input[type=password]").fill(people["max"][1])
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    page.locator("main input").first.wait_for(state="detached")
    kept = max_.call("GET", "/connections/ecb-second").json()["body"]
    assert kept["base_url"] == f"{demo.address}/kept"


def _reach(page, selector):
    """Press Tab until the focus is there."""
    for _ in range(80):
        if page.evaluate(f'document.activeElement.matches("{selector}")'):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")
