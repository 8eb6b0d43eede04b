"""A basket product on the screen: an order passes through two hands, and the public reads the list."""

from __future__ import annotations

import pytest
from tests.browser.conftest import settled, shut_out

pytestmark = pytest.mark.timeout(600)


def _step(page, verb):
    """Press a step of the order that is open, and confirm it."""
    drawer = page.get_by_role("dialog", name="Order").first
    drawer.get_by_role("button", name=verb, exact=True).click()
    question = page.get_by_role("dialog").nth(1)  # `last` is the drawer itself until it stands
    question.get_by_role("button", name=verb, exact=True).click()


def test_an_order_is_entered_by_one_and_accepted_by_another(visit, demo, people):
    fay, max_ = visit(bypass_csp=True, reduced_motion="reduce"), visit(reduced_motion="reduce")
    fay.log_in(demo.address, *people["fay"])
    settled(fay.page, f"{demo.address}/baskets")
    fay.page.get_by_role("row").filter(has_text="Tide Bitcoin and Ether").click()
    fay.page.get_by_role("row").filter(has_text="NG-0001").filter(has_text="Settled").wait_for()
    assert shut_out(fay.page) == []
    fay.page.get_by_role("button", name="Enter an order").click()
    form = fay.page.get_by_role("dialog")
    form.get_by_label("Participant").click()
    fay.page.get_by_role("option", name="Northgate Markets").click()
    form.get_by_label("Its own id").fill("NG-0002")
    form.get_by_role("button", name="Enter an order").click()
    fay.page.get_by_role("row").filter(has_text="NG-0002").filter(has_text="Validated").click()
    _step(fay.page, "Accept")
    fay.page.get_by_text("Whoever made it may not approve it").wait_for()
    number = fay.page.url.rpartition("/")[2]
    max_.log_in(demo.address, *people["max"])
    settled(max_.page, f"{demo.address}/baskets/tbe/orders/{number}")
    _step(max_.page, "Accept")
    max_.page.get_by_role("row").filter(has_text="NG-0002").filter(has_text="Accepted").wait_for()
    orders = max_.call("GET", "/basket-orders/tbe").json()
    assert [(one["order"]["client_id"], one["state"]) for one in orders] == [
        ("NG-0002", "accepted"),
        ("NG-0001", "settled"),
    ]


@pytest.mark.parametrize(("language", "heading"), [("en", "Creation unit"), ("zh", "最小申赎单位")])
def test_the_public_reads_the_list_without_a_log_in(visit, demo, language, heading):
    visitor = visit(language, bypass_csp=True, reduced_motion="reduce")
    visitor.page.goto(f"{demo.address}/public/demo/baskets/tbe")
    visitor.page.get_by_text("Tide Bitcoin and Ether").first.wait_for()
    visitor.page.get_by_text(heading, exact=True).wait_for()
    assert shut_out(visitor.page) == []
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="XML").click()
    assert download.value.suggested_filename.endswith("-list.xml")
    visitor.page.goto(f"{demo.address}/public/demo/baskets/none")
    visitor.page.get_by_role("heading", level=3).wait_for()
