"""Leveraged returns on the screen: what is slid is replayed, what is wrong is told beside its field."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.timeout(600)

LINES = ["2025-01-01T00:00:00Z,100", "2025-01-01T12:00:00Z,88", "2025-01-02T12:00:00Z,110"]
FINANCING = 11  # place of the column
WRONG = """issuer: Me
terms: [{since: 2020-01-01}]
products:
  - {id: UP, underlying: BTC, quote: USDT, target: 0}
"""


def _cells(page, rules):
    row = page.locator("tbody tr").filter(has_text=rules).first
    row.wait_for(timeout=60_000)
    return row.locator("td").all_text_contents()


def test_a_path_is_described_and_what_it_makes_of_rules_is_shown(visit, demo, people):
    max_ = visit()
    max_.log_in(demo.address, *people["max"])
    page = max_.page
    page.goto(f"{demo.address}/products/explain/what-if")
    before = _cells(page, "hbtc:BTC3L")
    page.get_by_label("Volatility of a year, %").first.fill("20")
    page.wait_for_function(
        "(old) => [...document.querySelectorAll('td')].every((cell) => cell.textContent !== old)",
        arg=before[3],
    )
    after = _cells(page, "hbtc:BTC3L")
    assert before[3].startswith("▼")
    assert after[3] != before[3]
    page.get_by_label("Your own rules").fill(WRONG)
    page.get_by_text("line 4: The rules of UP cannot be followed").wait_for(timeout=60_000)


def test_rules_are_compared_on_a_file_and_a_bad_line_is_told_beside_it(visit, demo, people, tmp_path):
    max_ = visit()
    max_.log_in(demo.address, *people["max"])
    page = max_.page
    page.goto(f"{demo.address}/products/explain/compare")
    bad, good, rates = (tmp_path / name for name in ("bad.csv", "good.csv", "rates.csv"))
    bad.write_text("\n".join(["time,price", *LINES, "2025-01-03T00:00:00Z,0"]))
    good.write_text("\n".join(["time,price", *LINES]))
    compare = page.get_by_role("button", name="Compare", exact=True)
    prices, funding = page.locator("input[type=file]").nth(0), page.locator("input[type=file]").nth(1)
    prices.set_input_files(bad)
    compare.click()
    told = page.get_by_text("bad.csv, line 5 (2025-01-03T00:00:00Z): the price 0 is not above 0")
    told.wait_for(timeout=60_000)
    prices.set_input_files(good)
    compare.click()
    assert _cells(page, "hbtc:BTC3L")[1] == "3.00×"
    assert page.get_by_text("underlying +10.00 %").count() == 1

    assert _cells(page, "hbtc:BTC3L")[FINANCING] == "—", "neither rules nor prices fix a rate"
    rates.write_text("time,rate\n2025-01-01T08:00:00Z,0.0001\n")
    funding.set_input_files(rates)
    compare.click()
    page.locator("tbody tr").filter(has_text="hbtc:BTC3L").get_by_text("−0.03", exact=True).wait_for()
