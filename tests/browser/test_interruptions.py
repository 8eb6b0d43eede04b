"""A server that goes and comes back, and a session that ends: the page says so and loses nothing."""

from __future__ import annotations

import shutil
import socket
from contextlib import ExitStack

import pytest
from tests.browser.conftest import serve

pytestmark = pytest.mark.timeout(300)

NOT_LIVE = "Not live: reconnecting"


def test_a_restart_under_an_open_page_loses_nothing(visit, browser, demo_folder, people, tmp_path):
    folder = tmp_path / "house"
    shutil.copytree(demo_folder, folder)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    max_ = visit()
    page = max_.page
    with ExitStack() as first:
        house = first.enter_context(serve(folder, port))
        max_.log_in(house.address, *people["max"])
        page.goto(f"{house.address}/manual?new")
        reason = page.get_by_label("Reason").first
        reason.fill("Airdrop announced, not yet credited")
        overview = max_.context.new_page()
        overview.goto(house.address)
        overview.locator("main table tbody tr").nth(3).wait_for()
        marked = overview.evaluate("window.loadedAt = performance.timeOrigin")
        overview.get_by_role("status", name="Live").wait_for()
    overview.get_by_text(NOT_LIVE).wait_for()
    assert overview.locator("main table tbody tr").count() > 3  # the figures stay in sight

    with serve(folder, port):
        overview.get_by_role("status", name="Live").wait_for(timeout=60_000)
        max_.call(
            "PUT", "/nodes/after", {"id": "after", "name": "After it", "kind": "fund", "parent": "tide"}
        )
        overview.get_by_role("row").filter(has_text="After it").wait_for()
        assert overview.evaluate("window.loadedAt") == marked  # by itself, without a reload
        assert reason.input_value() == "Airdrop announced, not yet credited"
        assert page.get_by_role("dialog").locator("input[type=password]").count() == 0


def test_a_session_that_ends_on_a_page_leads_back_to_it_with_the_draft(visit, demo, people):
    max_ = visit()
    max_.log_in(demo.address, *people["max"])
    page = max_.page
    page.goto(f"{demo.address}/manual?new")
    page.get_by_label("Reason").first.fill("A receivable from the custodian")
    max_.context.clear_cookies()
    page.reload()
    page.locator("input[type=email]").fill(people["max"][0])
    page.locator("input[autocomplete=current-password]").fill(people["max"][1])
    page.keyboard.press("Enter")
    page.get_by_label("Reason").first.wait_for()
    assert page.url.startswith(f"{demo.address}/manual")
    assert page.get_by_label("Reason").first.input_value() == "A receivable from the custodian"


def test_a_session_that_ends_under_an_open_page_is_renewed_over_it(visit, demo, people):
    max_ = visit()
    max_.log_in(demo.address, *people["max"])
    page = max_.page
    page.goto(f"{demo.address}/manual?new")
    page.get_by_label("Reason").first.fill("Kept while the session ends")
    max_.context.clear_cookies()
    page.get_by_role("navigation").get_by_role("link", name="NAV", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("input[type=email]").fill(people["max"][0])
    dialog.locator("input[type=password]").fill(people["max"][1])
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    page.go_back()
    assert page.get_by_label("Reason").first.input_value() == "Kept while the session ends"
