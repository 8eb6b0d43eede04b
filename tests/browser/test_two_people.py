"""Two people at one NAV, impatient fingers, and a slow line: what is done is done once, by who may do it."""

from __future__ import annotations

import re

import pytest
from tests.browser.conftest import strike_again

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def risk(demo, people):
    """A second person who may approve: a risk manager."""
    return ("rita@demo.example", "marble-cinder-falcon-42")


def _window(visit, demo, person):
    visitor = visit()
    visitor.log_in(demo.address, *person)
    return visitor


def _ready_to_approve(visitor, run):
    visitor.page.goto(run)
    visitor.page.get_by_role("button", name="Approve NAV", exact=True).click()
    dialog = visitor.page.get_by_role("dialog")
    dialog.wait_for()
    return dialog.get_by_role("button", name="Approve NAV", exact=True)


def test_two_browsers_approve_at_once_and_one_approval_stands(visit, demo, people, risk):
    ada = _window(visit, demo, people["ada"])
    rita = {"id": "rita", "name": "Rita", "email": risk[0], "roles": ["risk"], "password": risk[1]}
    ada.call("POST", "/users", rita)
    max_ = _window(visit, demo, people["max"])
    run = strike_again(max_, demo.address)
    assert max_.page.get_by_role("button", name="Approve NAV", exact=True).is_disabled()
    max_.page.get_by_text("a second person", exact=False).first.wait_for()

    fay, second = _window(visit, demo, people["fay"]), _window(visit, demo, risk)
    presses = [_ready_to_approve(one, run) for one in (fay, second)]
    held = []
    for visitor in (fay, second):  # both requests are under way before either is answered
        visitor.page.route("**/approve", lambda route, _request: held.append(route))
    for press in presses:
        press.click(no_wait_after=True)
    for visitor in (fay, second):
        visitor.page.wait_for_timeout(300)
    assert len(held) == 2
    for route in held:
        route.continue_()

    _refused_one_of(fay, second).get_by_text(re.compile("faster|approved")).first.wait_for()
    identity = run.rpartition("/")[2]
    states = [event["state"] for event in fay.call("GET", f"/nav/runs/{identity}/events").json()]
    assert states.count("approved") == 1


def test_impatient_fingers_on_a_slow_line_approve_once(visit, demo, people):
    run = strike_again(_window(visit, demo, people["max"]), demo.address)
    fay = _window(visit, demo, people["fay"])
    press = _ready_to_approve(fay, run)
    sent = _slow(fay.page, "**/approve")
    press.dblclick(no_wait_after=True)
    fay.page.keyboard.press("Enter")
    fay.page.get_by_role("dialog").wait_for(state="detached")
    assert len(sent) == 1


def test_impatient_fingers_on_a_slow_line_import_once(visit, demo, people):
    max_ = _window(visit, demo, people["max"])
    page = max_.page
    page.goto(f"{demo.address}/imports")
    rows = (
        "fund,share_class,external_id,occurred_at,kind,investor,units,amount,currency\n"
        "tide,tide-a,twice-1,2026-01-05T00:00:00Z,subscription,Wren,1,1000,USD\n"
    )
    sheet = {"name": "dealings.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    page.locator("input[type=file]").set_input_files(sheet)
    accept = page.get_by_role("button", name="Import", exact=True)
    accept.wait_for()
    sent = _slow(page, "**/imports/jobs/*/accept")
    accept.dblclick(no_wait_after=True)
    page.get_by_role("heading", name="Imported").wait_for()
    assert len(sent) == 1


def _refused_one_of(*visitors):
    """Where the one who came second is told why, once the other's dialog has closed."""
    for _ in range(100):
        dialogs = [visitor.page.get_by_role("dialog") for visitor in visitors]
        open_ = [dialog for dialog in dialogs if dialog.count() > 0]
        if len(open_) == 1 and (alert := open_[0].get_by_role("alert")).count() > 0:
            return alert
        visitors[0].page.wait_for_timeout(100)
    raise AssertionError("not one of two approvals was refused in words")


def _slow(page, pattern):
    """Hold every such request back for a second; the list of them."""
    sent = []

    def hold(route):
        sent.append(route.request.url)
        page.wait_for_timeout(1_000)
        route.continue_()

    page.route(pattern, hold)
    return sent
