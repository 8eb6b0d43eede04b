"""A product is listed, changed and ended on the screen: by ready rules or one's own, by who may."""

from __future__ import annotations

import re

import pytest
from tests.browser.conftest import settled, shut_out
from tests.browser.test_live_marks import simulator

pytestmark = pytest.mark.timeout(600)

RULES = """issuer: Tide
terms: [{since: 2020-01-01, schedules: [{at: 00:00}]}]
products:
  - {id: TIDE2L, underlying: BTC, quote: USDT, target: %s}
"""


@pytest.fixture
def max_(visit, demo, people):
    """Who runs products."""
    found = visit(bypass_csp=True, reduced_motion="reduce")
    found.log_in(demo.address, *people["max"])
    return found


def _choose(page, label, option):
    page.get_by_role("dialog").get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).click()


def _open_form(page, demo):
    settled(page, f"{demo.address}/products")
    page.get_by_role("button", name="New product").click()
    return page.get_by_role("dialog")


def test_a_product_of_ready_rules_is_listed_and_runs(max_, demo):
    page = max_.page
    links = max_.call("GET", "/connections").json()["items"]
    address = next(one["body"]["base_url"] for one in links if one["id"] == "binance-directional")
    with simulator(demo, address):
        form = _open_form(page, demo)
        form.get_by_role("button", name="List the product").click()
        form.get_by_text("Choose a product.").wait_for()
        assert shut_out(page) == []
        _choose(page, "Issuer", "Gate: gate-5x")
        _choose(page, "Product of these rules", "BTC5L")
        _choose(page, "Part of the portfolio", "Directional perpetuals")
        form.get_by_role("combobox", name="Held in").click()
        assert page.get_by_role("option", name="spot").count() == 0
        page.get_by_role("option", name="binance-usdm:BTCUSDT", exact=True).click()
        form.get_by_label("Units issued").fill("2,500")
        form.get_by_label("Taker fee, %").fill("0.1")
        form.get_by_role("button", name="List the product").dblclick()
        row = page.get_by_role("row").filter(has_text="BTC5L")
        row.filter(has_text="Running").wait_for(timeout=60_000)
        listed = max_.call("GET", "/products/btc5l").json()
        body = listed["body"]
        assert (listed["version"], body["opening_units"], body["taker_fee"]) == (1, "2500", "0.001")
        assert (body["hedge_account"], body["disclosed"]) == (None, False)
        form = _open_form(page, demo)
        assert form.get_by_label("Units issued").input_value() == ""


def test_a_bad_line_of_ones_own_rules_is_told_beside_them_and_mended(max_, demo):
    page = max_.page
    form = _open_form(page, demo)
    form.get_by_text("Your own rules").click()
    form.get_by_label("Rule file").fill(RULES % "0")
    form.get_by_text("line 4: The rules of TIDE2L cannot be followed").wait_for()
    assert form.get_by_label("Product of these rules").is_disabled()
    form.get_by_label("Rule file").fill(RULES % "2")
    _choose(page, "Product of these rules", "TIDE2L")
    assert form.get_by_label("Id").get_attribute("placeholder") == "tide2l"
    _choose(page, "Part of the portfolio", "Directional perpetuals")
    _choose(page, "Held in", re.compile("^binance-usdm:BTCUSDT$"))
    form.get_by_label("Units issued").fill("10")
    form.get_by_role("button", name="List the product").click()
    page.get_by_role("row").filter(has_text="TIDE2L").filter(has_text="Waits").wait_for()

    settled(page, f"{demo.address}/products/tide2l")
    page.get_by_text("It opens at the first price of binance-usdm:BTCUSDT from 20").wait_for()
    assert page.get_by_role("alert").count() == 0, "a product that waits is no error"
    page.get_by_role("button", name="Change", exact=True).click()
    form = page.get_by_role("dialog")
    form.get_by_label("Change the rules").check()
    file = form.get_by_label("Rule file")
    changed = file.input_value().replace("TIDE2L", "OTHER")
    file.fill(changed)
    form.get_by_text("The file must hold TIDE2L, on BTC in USDT.").wait_for()
    assert form.get_by_role("button", name="Save").is_disabled()
    file.fill(changed.replace("OTHER", "TIDE2L") + "  - since: 2040-01-01\n    target: 3\n")
    form.get_by_label("The public sees it").check()
    assert shut_out(page) == []
    form.get_by_role("button", name="Save").click()
    form.wait_for(state="detached")
    kept = max_.call("GET", "/products/tide2l").json()
    assert [one["target"] for one in kept["body"]["product"]["terms"]] == ["2", "3"]
    assert kept["body"]["disclosed"] is True


def test_what_somebody_changed_meanwhile_is_not_overwritten_and_an_end_says_what_remains(max_, demo):
    page = max_.page
    body = max_.call("GET", "/products/btc3s").json()["body"]
    mine = {**body, "id": "mine", "hedge_account": None, "automatic_up_to": None}
    max_.call("PUT", "/products/mine", mine)
    settled(page, f"{demo.address}/products/mine")
    page.get_by_role("button", name="Change", exact=True).click()
    form = page.get_by_role("dialog")
    max_.call("PUT", "/products/mine", {**mine, "tick": "0.01"})
    form.get_by_label("Price step").fill("0.5")
    form.get_by_role("button", name="Save").click()
    form.get_by_text("Somebody changed it meanwhile").wait_for()
    assert max_.call("GET", "/products/mine").json()["body"]["tick"] == "0.01"
    form.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="End…").click()
    page.get_by_text("Its journal and every version of its listing are kept").wait_for()
    assert shut_out(page) == []
    page.get_by_role("button", name="End the product").click()
    page.wait_for_url("**/products")
    assert "mine" not in {one["id"] for one in max_.call("GET", "/products").json()["items"]}


def test_who_may_not_list_products_sees_no_button(visit, demo, people):
    fay = visit()
    fay.log_in(demo.address, *people["fay"])
    settled(fay.page, f"{demo.address}/products")
    fay.page.get_by_role("row").filter(has_text="BTC3L").wait_for()
    assert fay.page.get_by_role("button", name="New product").count() == 0
    settled(fay.page, f"{demo.address}/products/btc3l")
    assert fay.page.get_by_role("button", name="End…").count() == 0
