"""Everything that opens over a page: by keyboard, with the focus in it and back, and for every reader."""

from __future__ import annotations

import pytest
from tests.browser.conftest import settled, shut_out, strike_again

pytestmark = pytest.mark.timeout(600)

INSIDE = "dialog => dialog.contains(document.activeElement)"
FOCUSED = "element => element === document.activeElement"


def _button(name):
    return lambda page: page.get_by_role("button", name=name, exact=True).first


def _row(text):
    return lambda page: page.locator("main tbody tr").filter(has_text=text).first


# Who, on which page ({run} waits for approval), opens what; drawers stand beside the page and trap nothing.
DIALOGS = {
    "invite": ("ada", "/users", _button("Invite")),
    "role": ("ada", "/users/roles", _button("New role")),
    "code generator": ("ada", "/account", _button("Add code generator")),
    "token": ("ada", "/account", _button("New token")),
    "channel": ("ada", "/notices", _button("Add channel")),
    "strike": ("max", "/nav", _button("Strike NAV")),
    "save view": ("max", "/explore", _button("Save view")),
    "remove connection": ("max", "/connections/binance-basis", _button("Remove")),
    "approve": ("fay", "{run}", _button("Approve NAV")),
    "reject": ("fay", "{run}", _button("Reject…")),
}
DRAWERS = {
    "user": ("ada", "/users", _row("Fay")),
    "audit entry": ("ada", "/audit", _row("nav.published")),
    "fund": ("max", "/tree", _button("Add fund")),
    "manual item": ("max", "/manual", _button("Enter an item")),
    "schedule": ("max", "/schedules", _button("Add a schedule")),
    "evidence": ("max", "{run}", _row("BTC")),
    "position": ("max", "/portfolio/atlas", _row("BTCUSDT")),
}


@pytest.fixture(scope="module")
def waiting():
    """Runs that wait for approval, by address of the house: one is enough for a module."""
    return {}


@pytest.fixture(params=["light", pytest.param("dark", marks=pytest.mark.nightly)])
def window(request, visit, demo, people, waiting):
    """A window for each of the demo's people, opened when first asked for."""
    opened = {}

    def of(name):
        if name not in opened:
            opened[name] = visit(color_scheme=request.param, reduced_motion="reduce", bypass_csp=True)
            opened[name].log_in(demo.address, *people[name])
        return opened[name]

    if demo.address not in waiting:
        waiting[demo.address] = strike_again(of("max"), demo.address)
    return of


def test_a_dialog_takes_the_focus_keeps_it_and_gives_it_back(window, demo, waiting):
    faults = {}
    for name, (who, path, opener) in DIALOGS.items():
        page = window(who).page
        settled(page, demo.address + path if path.startswith("/") else waiting[demo.address])
        if found := _walk_through(page, opener(page), traps=True):
            faults[name] = found
    assert faults == {}


def test_a_drawer_opens_and_closes_by_key_and_shuts_nobody_out(window, demo, waiting):
    faults = {}
    for name, (who, path, opener) in DRAWERS.items():
        page = window(who).page
        settled(page, demo.address + path if path.startswith("/") else waiting[demo.address])
        if found := _walk_through(page, opener(page), traps=False):
            faults[name] = found
    assert faults == {}


def test_the_palette_is_a_dialog_like_the_others(window, demo):
    page = window("ada").page
    settled(page, demo.address)
    before = page.get_by_role("button", name="Search or run Ctrl K")
    assert _walk_through(page, before, traps=True) == []
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").locator("input").fill("audit")
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit")


def test_a_code_to_scan_has_a_text_beside_it(window, demo):
    page = window("max").page
    settled(page, f"{demo.address}/account")
    page.get_by_role("button", name="Add code generator").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("img").first.wait_for()
    assert shut_out(page) == []


def _walk_through(page, opener, *, traps):
    """Open by key, look, try to leave by Tab, close by Escape; what was wrong."""
    opener.wait_for()
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog").first
    dialog.wait_for()
    page.wait_for_timeout(400)  # until it stands still
    faults = [] if dialog.evaluate(INSIDE) else ["the focus is not inside"]
    faults += shut_out(page)
    for _ in range(25 if traps else 0):
        page.keyboard.press("Tab")
        if not dialog.evaluate(INSIDE):
            faults.append("Tab leads out of it")
            break
    for _ in range(2):  # the first may close a list that opened under the focus
        page.keyboard.press("Escape")
        page.wait_for_timeout(400)
    if dialog.count() > 0:
        return [*faults, "Escape does not close it"]
    if not opener.evaluate(FOCUSED):
        faults.append("the focus did not come back")
    return faults
