"""The ways in beside a password one knows: a link that was handed over, a passkey, a recovery code."""

from __future__ import annotations

import pytest
from tests.browser.conftest import FIRST_LOAD_MILLISECONDS, shut_out

pytestmark = pytest.mark.timeout(600)

NEW_PASSWORD = "marble heron crosses 4 bridges"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


def _button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def _is_in(page):
    page.locator("nav").first.wait_for(timeout=FIRST_LOAD_MILLISECONDS)


def test_who_is_handed_a_link_sets_a_password_and_is_in_once(visit, demo, people):
    ada = visit(reduced_motion="reduce")
    ada.log_in(demo.address, *people["ada"])
    ada.page.goto(f"{demo.address}/users")
    _button(ada.page, "Invite").click()
    form = ada.page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill("Gus")
    form.get_by_label("E-mail").fill("gus@demo.example")
    form.get_by_label("User id").fill("gus")
    form.get_by_label("Auditor").check()
    _button(form, "Invite").click()
    link = ada.page.get_by_role("dialog").locator("pre").inner_text()

    gus = visit(reduced_motion="reduce", bypass_csp=True)
    gus.page.goto(link)
    gus.page.get_by_role("heading", name="Welcome, Gus").wait_for()
    assert "#" not in gus.page.url
    assert shut_out(gus.page) == []
    gus.page.get_by_label("New password").fill("too short")
    _button(gus.page, "Set it and log in").click()
    gus.page.get_by_role("alert").wait_for()
    gus.page.get_by_label("New password").fill(NEW_PASSWORD)
    _button(gus.page, "Set it and log in").click()
    _is_in(gus.page)
    assert gus.call("GET", "/me").json()["roles"] == ["auditor"]

    stranger = visit()
    stranger.page.goto(link)
    stranger.page.get_by_role("heading", name="This link no longer works").wait_for()
    stranger.log_in(demo.address, "gus@demo.example", NEW_PASSWORD)


def test_a_passkey_opens_the_account_and_a_recovery_code_where_it_is_lost(visit, demo, people):
    fay = visit(reduced_motion="reduce", bypass_csp=True)
    devices = fay.context.new_cdp_session(fay.page)
    devices.send("WebAuthn.enable")
    device = devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    address = demo.address.replace("127.0.0.1", "localhost")  # a passkey belongs to a name, not to a number
    fay.log_in(address, *people["fay"])
    fay.page.goto(f"{address}/account")
    _button(fay.page, "Add passkey").click()
    fay.page.get_by_role("dialog").get_by_label("Name").fill("phone")
    fay.page.keyboard.press("Enter")
    codes = fay.page.get_by_role("dialog").locator("li")
    codes.first.wait_for()
    code = codes.first.inner_text()
    assert shut_out(fay.page) == []
    _button(fay.page, "I kept them").click()

    fay.context.clear_cookies()
    fay.page.goto(address)
    _button(fay.page, "Log in with a passkey").click()
    _is_in(fay.page)

    devices.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device["authenticatorId"]})
    fay.context.clear_cookies()
    fay.page.goto(address)
    fay.page.get_by_label("E-mail").fill(people["fay"][0])
    fay.page.locator("input[type=password]").fill(people["fay"][1])
    fay.page.keyboard.press("Enter")
    fay.page.get_by_label("Code").fill(code)
    fay.page.keyboard.press("Enter")
    _is_in(fay.page)
