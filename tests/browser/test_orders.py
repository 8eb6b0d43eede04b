"""Limits and trading keys on the screen: set by who sends no orders, entered by who sets no limits."""

from __future__ import annotations

import re

import pytest
from tests.browser.conftest import settled, shut_out
from tests.browser.test_live_marks import simulator

pytestmark = pytest.mark.timeout(600)

RITA = ("rita@tide.test", "violet otter climbs 7 stairs")
KEY = ("demo-binance-basis-key", "demo-binance-basis-secret")


@pytest.fixture
def rita(visit, demo, people):
    """Who watches the risk."""
    ada = visit()
    ada.log_in(demo.address, *people["ada"])
    if "rita" not in {user["id"] for user in ada.call("GET", "/users").json()["items"]}:
        body = {"id": "rita", "name": "Rita", "email": RITA[0], "password": RITA[1], "roles": ["risk"]}
        ada.call("POST", "/users", body)
    found = visit(bypass_csp=True, reduced_motion="reduce")
    found.log_in(demo.address, *RITA)
    return found


def test_limits_are_set_by_who_watches_the_risk_and_read_by_who_trades(visit, demo, people, rita):
    page = rita.page
    settled(page, f"{demo.address}/orders")
    page.get_by_role("row").filter(has_text="binance-basis").click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("button", name="Set limits").click()
    drawer.get_by_role("button", name="Save").click()
    assert drawer.get_by_text("A number above 0").count() == 3
    assert shut_out(page) == []
    drawer.get_by_label("Notionals in").click()
    page.get_by_role("option", name="USDT", exact=True).click()
    drawer.get_by_label("Instruments").fill("usdm:BTCUSDT")
    page.get_by_role("option", name="binance-usdm:BTCUSDT", exact=True).click()
    page.keyboard.press("Escape")
    for label, number in (
        ("Of one order", "500,000"),
        ("Of all orders", "2000000"),
        ("Of the position", "1e6"),
    ):
        drawer.get_by_label(re.compile(label)).fill(number)
    drawer.get_by_role("button", name="Save").click()
    assert drawer.get_by_text("A number above 0").count() == 1
    drawer.get_by_label(re.compile("Of the position")).fill("1000000")
    drawer.get_by_role("button", name="Save").click()
    drawer.get_by_text("500,000.00 USDT").wait_for()
    listed = rita.call("GET", "/trading-limits").json()["items"]
    (kept,) = (one for one in listed if one["id"] == "binance-basis")
    assert (kept["body"]["order_notional"], kept["body"]["collar"]) == ("500000", "0.02")
    max_ = visit()
    max_.log_in(demo.address, *people["max"])
    settled(max_.page, f"{demo.address}/orders?open=binance-basis")
    max_.page.get_by_text("The risk officer sets limits").wait_for()
    assert max_.page.get_by_role("button", name="Change", exact=True).count() == 0


def test_a_key_that_may_not_trade_is_refused_where_it_is_typed(visit, demo, people):
    max_ = visit(bypass_csp=True, reduced_motion="reduce")
    max_.log_in(demo.address, *people["max"])
    links = max_.call("GET", "/connections").json()["items"]
    address = next(one["body"]["base_url"] for one in links if one["id"] == "binance-basis")
    with simulator(demo, address):
        page = max_.page
        settled(page, f"{demo.address}/orders?open=binance-basis")
        page.get_by_role("button", name="Enter a key").click()
        page.get_by_label("API key").fill(KEY[0])
        page.get_by_label("Secret").fill(KEY[1])
        page.get_by_role("button", name="Check and save").click()
        page.get_by_text("may not trade").wait_for()
        assert shut_out(page) == []
        assert max_.call("GET", "/trading-accounts/binance-basis").json()["key"] is None
