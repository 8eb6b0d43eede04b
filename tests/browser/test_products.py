"""A listed product on the screen: it opens at its venue's first price and moves with it."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import FilePayload
from tests.browser.conftest import settled, shut_out
from tests.browser.test_live_marks import simulator

pytestmark = pytest.mark.timeout(600)

NAV = ".hero .num"
_OTHER = "([where, text]) => document.querySelector(where)?.textContent !== text"


def test_a_product_is_opened_at_the_first_price_and_its_page_follows(visit, demo, people):
    max_ = visit(bypass_csp=True)
    max_.log_in(demo.address, *people["max"])
    links = max_.call("GET", "/connections").json()["items"]
    address = next(one["body"]["base_url"] for one in links if one["id"] == "binance-directional")
    with simulator(demo, address) as control:
        control.post("/_simulator/walk", json={"on": True}).raise_for_status()
        max_.page.goto(f"{demo.address}/products")
        row = max_.page.get_by_role("row").filter(has_text="BTC3L")
        row.filter(has_text="Running").wait_for(timeout=60_000)
        row.click()
        max_.page.wait_for_url("**/products/btc3l")
        settled(max_.page, f"{demo.address}/products/btc3l")
        shown = max_.page.locator(NAV).first.text_content()
        assert 95 < float(shown) < 105
        assert shut_out(max_.page) == []
        max_.page.wait_for_function(_OTHER, arg=[NAV, shown], timeout=60_000)


def test_everybody_reads_what_is_disclosed_without_a_log_in(visit, demo, people):
    max_ = visit()
    max_.log_in(demo.address, *people["max"])
    links = max_.call("GET", "/connections").json()["items"]
    address = next(one["body"]["base_url"] for one in links if one["id"] == "binance-directional")
    with simulator(demo, address):
        visitor = visit(bypass_csp=True, color_scheme="dark").page
        visitor.set_viewport_size({"width": 400, "height": 800})
        place = f"{demo.address}/public/demo/btc3l"
        public = f"{demo.address}/api/v1/public/demo/products/btc3l"
        _wait_until_told(public)
        visitor.goto(place)
        visitor.get_by_role("heading", level=1, name="BTC3L by HBTC").wait_for()
        told = float(httpx.get(public).raise_for_status().json()["nav"])
        assert float(visitor.locator(NAV).first.text_content()) == pytest.approx(told, rel=0.1)
        visitor.get_by_text("What a holder should know").click()
        visitor.get_by_text("BTC3L aims at").wait_for()
        assert shut_out(visitor) == []
        wide = visitor.evaluate("document.documentElement.scrollWidth")
        assert wide <= 400, "the page scrolls sideways on a phone"
        visitor.get_by_role("button", name="中文").click()
        visitor.get_by_role("heading", name="单位净值").wait_for()
        with visitor.expect_download() as file:
            visitor.get_by_role("link", name="再平衡, CSV").click()
        assert file.value.suggested_filename == "btc3l-rebalances.csv"
        visitor.goto(f"{demo.address}/public/demo/nothing")
        visitor.get_by_text("没有此产品").wait_for()


def test_charts_tell_their_times_in_utc_and_rounded_figures_wherever_they_are_looked_at(visit, demo, people):
    max_ = visit(timezone_id="Asia/Shanghai")
    max_.log_in(demo.address, *people["max"])
    links = max_.call("GET", "/connections").json()["items"]
    address = next(one["body"]["base_url"] for one in links if one["id"] == "binance-directional")
    with simulator(demo, address) as control:
        control.post("/_simulator/walk", json={"on": True}).raise_for_status()
        _wait_until_told(f"{demo.address}/api/v1/public/demo/products/btc3l")
        max_.page.goto(f"{demo.address}/products/btc3l")
        chart = max_.page.locator("div[role=img] svg").first
        chart.hover()
        box = max_.page.locator("div[role=img]").filter(has_text=" UTC").first
        box.wait_for()
        shown = box.text_content()
        said = datetime.fromisoformat(re.search(r"\d{4}-\d\d-\d\d [\d:]{8}", shown)[0] + "+00:00")
        assert abs(datetime.now(UTC) - said) < timedelta(hours=1)
        assert not re.search(r"\.\d{6}", shown), "a drawn number is shown with all its digits"


def test_units_are_merged_for_the_holders_of_a_file_once_a_second_person_agrees(visit, demo, people):
    max_, fay = visit(bypass_csp=True), visit()
    max_.log_in(demo.address, *people["max"])
    fay.log_in(demo.address, *people["fay"])
    links = max_.call("GET", "/connections").json()["items"]
    address = next(one["body"]["base_url"] for one in links if one["id"] == "binance-directional")
    page = max_.page
    with simulator(demo, address):
        page.goto(f"{demo.address}/products/btc3s")
        page.get_by_role("button", name="New instruction").click(timeout=90_000)
        form = page.get_by_role("dialog")
        form.get_by_role("combobox", name="What").click()
        page.get_by_role("option", name="Merge or split").click()
        form.get_by_label("Old units").fill("20")
        assert form.get_by_role("button", name="Ask").is_disabled(), "nobody is named yet"
        file = form.locator("input[type=file]")
        file.set_input_files(_holders(b"holder,units\nada,6000\nada,4000"))
        form.get_by_text("ada is named twice.").wait_for()
        file.set_input_files(_holders(b"holder,units\nada,6000"))
        form.get_by_text("1 holder, 6,000 units. In circulation are 10,000").wait_for()
        file.set_input_files(_holders(b'holder,units\nada,6000\n"Bee, co",4000'))
        form.get_by_text("2 holders, 10,000 units", exact=True).wait_for()
        assert shut_out(page) == []
        form.get_by_role("button", name="Ask").click()
        row = page.get_by_role("row").filter(has_text="20 become 1")
        row.filter(has_text="Waits for a second person").wait_for()
        assert row.get_by_role("button", name="Approve").count() == 0, "the maker is not the checker"
        fay.page.goto(f"{demo.address}/products/btc3s")
        asked = fay.page.get_by_role("row").filter(has_text="20 become 1")
        asked.get_by_text("2 holders, 10,000 units").click()
        asked.get_by_text("Bee, co").wait_for()
        asked.get_by_role("button", name="Approve").click()
        asked.filter(has_text="Done").wait_for(timeout=60_000)
        fay.page.get_by_text("20 became 1").wait_for()


def _holders(content: bytes) -> FilePayload:
    return {"name": "holders.csv", "mimeType": "text/csv", "buffer": content}


def _wait_until_told(address: str) -> None:
    for _ in range(600):
        if httpx.get(address, timeout=10).status_code == 200:
            return
        time.sleep(0.1)
    raise AssertionError(f"{address} tells nothing")
