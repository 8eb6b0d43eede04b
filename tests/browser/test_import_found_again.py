"""An import is left in the middle and found again by its address; a file too large is refused in words."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.timeout(300)


def test_an_import_is_left_and_found_again_by_its_address(visit, demo, people):
    visitor = visit()
    visitor.log_in(demo.address, *people["max"])
    page = visitor.page
    page.goto(f"{demo.address}/imports")
    rows = "at,base,quote,price\n" + "".join(
        f"2026-01-{1 + n % 28:02d}T{n % 24:02d}:{n // 24 % 60:02d}:{n % 60:02d}Z,BTC,USD,{70000 + n}\n"
        for n in range(20)
    )
    sheet = {"name": "prices.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    page.locator("input[type=file]").set_input_files(sheet)
    page.wait_for_url(re.compile(r"/imports\?job="))
    address = page.url
    page.goto(f"{demo.address}/")
    page.goto(address)
    with page.expect_response("**/accept"):
        page.get_by_role("button", name="Import", exact=True).click()
    page.goto(f"{demo.address}/")
    page.goto(address)
    page.get_by_role("heading", name="Imported").wait_for()
    page.get_by_role("button", name="Another file").first.click()
    page.get_by_role("heading", name="Drop a file here").wait_for()


EXPORT = (
    "Account statement\nBooked on;Kind;Coin;Amount;Charge;Reference\n"
    "05.01.2026 10:00:00;Zufluss;BTC;1,5;;A-1\n06.01.2026 11:30:00;Abfluss;BTC;0,5;0,001;A-2\n"
)


def test_an_export_in_a_form_of_its_own_is_mapped_tried_saved_and_recognised(visit, demo, people):
    visitor = visit()
    visitor.log_in(demo.address, *people["max"])
    page = visitor.page
    page.goto(f"{demo.address}/imports")
    sheet = {"name": "bank.csv", "mimeType": "text/csv", "buffer": EXPORT.encode()}
    option = page.locator("[data-combobox-option]:visible")

    def choose(place, text):
        page.locator("form input[aria-haspopup=listbox]").nth(place).fill(text)
        option.filter(has_text=text).first.click()

    page.locator("input[type=file]").set_input_files(sheet)
    page.get_by_label("What “Charge” gives").select_option("fee_amount")
    page.get_by_label("Fee is paid in").select_option("sent")
    choose(0, "binance")
    choose(1, "Europe/Zurich")
    page.get_by_label("Zufluss").select_option("deposit")
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("1 problems").wait_for()
    page.get_by_role("button", name="Change the mapping").click()
    page.get_by_label("Abfluss").select_option("withdrawal")
    page.get_by_label("Name of this mapping").fill("House bank")
    page.get_by_role("button", name="Save the mapping").click()
    page.get_by_text("Mapping saved").wait_for()
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("heading", name="Ready to import").wait_for()
    page.get_by_role("button", name="Another file").first.click()
    page.locator("input[type=file]").set_input_files(sheet)
    page.get_by_role("heading", name="Recognised: House bank").wait_for()


def test_a_file_above_the_limit_is_refused_in_words_and_not_sent(visit, demo, people, tmp_path):
    visitor = visit()
    visitor.log_in(demo.address, *people["max"])
    page = visitor.page
    page.goto(f"{demo.address}/imports")
    large = tmp_path / "trades.csv"
    with large.open("wb") as file:
        file.truncate(51 * 1024 * 1024)
    page.locator("input[type=file]").set_input_files(large)
    page.get_by_text("larger than 50 MB", exact=False).wait_for()
    assert "job=" not in page.url
