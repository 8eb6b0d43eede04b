"""A listed product on the screen: it opens at its venue's first price and moves with it."""

from __future__ import annotations

import pytest
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
