"""``truenav etp``: a product is launched from a rule file, and seen as it runs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from truenav.app.etp.live.product import RunningProduct
from truenav.app.house import open_house
from truenav.app.settings import Settings
from truenav.core.canonical import decode
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.listing import Listing
from truenav.core.money import AssetId
from truenav.store import definitions, products
from truenav.store.definitions import Kind

PERPETUAL = InstrumentId("x:btc-perp")
USDT = AssetId("tether:usdt")
LAUNCH = ("hbtc:BTC3L", "--node", "alpha", "--instrument", PERPETUAL, "--units", "1000")
OPENS = "2026-01-30T00:00:00Z"


@pytest.fixture
def house(fund):
    with open_house(Settings(data_dir=fund.data_dir)) as opened:
        terms = Instrument(
            PERPETUAL, "x", "btc-perp", InstrumentKind.PERPETUAL, AssetId("x:btc"), USDT, USDT, Decimal(1)
        )
        with opened.database.transaction(fund.tenant) as session:
            definitions.put(session, Kind.INSTRUMENT, PERPETUAL, terms, by="venue", at=opened.clock.now())
        yield opened


def _run(house, tenant, *prices):
    """Let the product see its first prices, a minute apart, as its follower would."""
    with house.database.transaction(tenant) as session:
        listing = definitions.get(session, Kind.LISTING, "btc3l", Listing)
        running = RunningProduct(listing, 1, None)
        for number, price in enumerate(prices):
            at = listing.opened_at + timedelta(minutes=number)
            mark = Quote(PERPETUAL, USDT, QuoteKind.MARK, Decimal(price))
            running.see(Fact("x", "", str(number), at, mark, Sha256("a" * 64)), at=at)
        products.append(session, "btc3l", running.chapter())


def test_a_product_is_launched_by_its_published_rules_and_listed_once(fund, house):
    dry = fund("etp", "launch", *LAUNCH, "--dry-run")
    assert (dry.code, "dry run" in dry.err) == (0, True)
    assert json.loads(fund.ok("etp", "listing", "list", "--output", "json")) == []
    fund.ok("etp", "launch", *LAUNCH)
    document = json.loads(fund.ok("etp", "listing", "show", "btc3l"))
    assert decode(Listing, document).product.terms[0].target == 3
    assert fund("etp", "launch", *LAUNCH).code == 4
    row = json.loads(fund.ok("etp", "state", "--output", "json"))[0]
    assert (row["id"], row["standing"], row["nav"]) == ("btc3l", "waiting", None)
    assert fund("etp", "events", "btc3l").code == 4


@pytest.mark.parametrize(
    ("changed", "code", "told"),
    [
        (("--units", "0"), 2, "not above 0"),
        (("--node", "nowhere"), 2, "nowhere"),
        (("--instrument", "x:other"), 2, "instrument master"),
        (("--account", "nobody"), 2, "There is no account"),
        (("--opens", "2019-01-01T00:00:00Z"), 2, "No rules of BTC3L hold"),
    ],
)
def test_a_launch_that_cannot_be_is_refused_with_the_reason(fund, house, changed, code, told):
    ran = fund("etp", "launch", *LAUNCH, *changed)
    assert (ran.code, told in ran.err) == (code, True), ran.err
    assert json.loads(fund.ok("etp", "listing", "list", "--output", "json")) == []


def test_what_a_product_went_through_is_told(fund, house):
    fund.ok("etp", "launch", *LAUNCH, "--opens", OPENS)
    _run(house, fund.tenant, "100", "101", "104", "90", "92.5")
    row = json.loads(fund.ok("etp", "state", "--output", "json"))[0]
    assert (row["standing"], row["price"], row["units"]) == ("running", "92.5", "1000")
    table = fund.ok("etp", "events", "btc3l")
    assert ("scheduled" in table, "triggered" in table) == (True, True)
    document = json.loads(fund.ok("etp", "events", "btc3l", "--output", "json"))
    assert [one["nav"] for one in document["navs"]] == ["111.9664"]


def test_what_was_written_is_computed_again_and_one_changed_digit_is_found(fund, house):
    fund.ok("etp", "launch", *LAUNCH, "--opens", OPENS)
    _run(house, fund.tenant, "100", "101", "104", "90", "92.5")
    ran = fund("etp", "verify", "btc3l")
    assert (ran.code, "1 chapters, 5 marks, 0 deeds, 2 steps; computed again" in ran.err) == (0, True)
    with house.database.transaction(fund.tenant) as session:
        (chapter,) = products.every(session, "btc3l")
        marks = (*chapter.marks[:-1], replace(chapter.marks[-1], price=Decimal("92.6")))
        products.append(session, "btc3l", replace(chapter, number=2, marks=marks))
    ran = fund("etp", "verify", "btc3l")
    assert (ran.code, "Chapter 2" in ran.err) == (1, True)
    assert fund("etp", "verify", "nothing").code == 3


def test_what_is_wanted_is_asked_for_listed_and_taken_back(fund, house, tmp_path):
    fund.ok("etp", "launch", *LAUNCH, "--opens", OPENS)
    _run(house, fund.tenant, "100", "101")
    holders = tmp_path / "holders.csv"
    holders.write_text("holder,units\nanna,600\nben,400\n", encoding="utf-8")
    asked = fund.ok("etp", "instruct", "change", "btc3l", "10", "1", str(holders)).strip()
    (row,) = json.loads(fund.ok("etp", "instructions", "--output", "json"))
    assert (row["id"], row["state"], row["wish"]["holders"]) == (
        asked,
        "requested",
        {"anna": "600", "ben": "400"},
    )
    fund.ok("etp", "withdraw", asked, "--why", "another day")
    (row,) = json.loads(fund.ok("etp", "instructions", "--listing", "btc3l", "--output", "json"))
    assert (row["state"], row["outcome"]) == ("withdrawn", "another day")
    assert fund("etp", "withdraw", asked, "--why", "again").code == 4
    holders.write_text("holder,units\nanna,600\nanna,400\n", encoding="utf-8")
    assert fund("etp", "instruct", "change", "btc3l", "10", "1", str(holders)).code == 2
    assert json.loads(fund.ok("etp", "hedge", "btc3l"))["is_hedged"] is False
