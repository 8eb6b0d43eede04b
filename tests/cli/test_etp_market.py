"""``truenav etp band``: where orders for a running product's units may lie, and what is said of others."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from .test_etp_running import LAUNCH, _run, house  # noqa: F401 - the fixture

BAND = ("etp", "band", "btc3l")


@pytest.fixture
def running(fund, house):  # noqa: F811
    """The product a minute after it opened at 100, its only price 100."""
    opens = datetime.now(UTC) - timedelta(seconds=5)
    fund.ok("etp", "launch", *LAUNCH, "--tick", "0.03", "--opens", opens.isoformat())
    _run(house, fund.tenant, "100")
    return fund


def test_the_band_of_a_product_at_a_nav_of_100_lies_5_percent_around_it_in_whole_ticks(running):
    band = json.loads(running.ok(*BAND, "--output", "json"))[0]
    assert (band["nav"], band["min_sell"], band["max_buy"]) == ("100", "95.01", "105")


def test_an_order_is_checked_and_one_that_is_not_allowed_ends_with_1(running, tmp_path):
    assert json.loads(running.ok(*BAND, "--side", "sell", "--price", "95.01", "--output", "json"))[0][
        "is_allowed"
    ]
    low = running(*BAND, "--side", "sell", "--price", "94.98")
    assert (low.code, "down to 95.01" in low.err) == (1, True)
    book = tmp_path / "asks.csv"
    book.write_text("price,units\n104,2\n106,5\n")
    market = (*BAND, "--side", "buy", "--book", str(book), "--output", "json", "--quantity")
    assert Decimal(json.loads(running.ok(*market, "2"))[0]["average"]) == 104
    deep = running(*market, "3")
    assert (deep.code, json.loads(deep.out)[0]["within"]) == (1, "2")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("104,2\n", "columns price and units"),
        ("price,units\n104\n", "columns"),
        ("price,units\n104,x\n", "line 2"),
    ],
)
def test_a_book_that_is_none_is_refused(running, tmp_path, text, told):
    book = tmp_path / "asks.csv"
    book.write_text(text)
    ran = running(*BAND, "--side", "buy", "--quantity", "1", "--book", str(book))
    assert (ran.code, told in ran.err) == (2, True), ran.err


def test_an_order_needs_its_side(running):
    assert running(*BAND, "--price", "100").code == 2
