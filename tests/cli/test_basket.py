"""``truenav basket``: a product's list is made, checked and published, and an order entered by it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from truenav.connect.products.creation_lists import read_creation_list
from truenav.core.asset import BTC, USDC

PRODUCT = {
    "id": "pair",
    "node": "alpha-core",
    "product": {
        "id": "pair",
        "name": "Bitcoin and dollars",
        "share": "index:PAIR",
        "quote": "iso4217:USD",
        "terms": [
            {
                "since": "2026-01-01",
                "unit_size": 100,
                "cut_off": "00:00",
                "zone": "UTC",
                "constituents": [{"asset": BTC, "decimals": 8}, {"asset": USDC, "decimals": 6}],
            }
        ],
    },
    "opening_shares": 1000,
}


@pytest.fixture
def issuer(fund):
    """The fund's account at this moment: 2 BTC at 80,000 USD and 1,000 USDC, in 1,000 shares."""
    at = datetime.now(UTC) - timedelta(seconds=5)
    balances = f"account,as_of,asset,amount\nvault,{at.isoformat()},BTC,2\nvault,{at.isoformat()},USDC,1000\n"
    prices = f"at,base,quote,price\n{at.isoformat()},BTC,USD,80000\n{at.isoformat()},USDC,USD,1\n"
    fund.ok("import", "run", fund.write("now-balances.csv", balances))
    fund.ok("import", "run", fund.write("now-prices.csv", prices))
    fund.ok("basket", "participant", "put", "-", stdin='{"id": "maker-one", "name": "Maker One"}')
    fund.ok("basket", "product", "put", "-", stdin=json.dumps(PRODUCT))
    return fund


def test_a_list_needs_two_people_and_is_written_in_each_form(issuer):
    view = json.loads(issuer.ok("basket", "holdings", "pair", "--output", "json"))[0]["view"]
    assert view["nav_per_share"] == "161"
    issuer.log_in("operator")
    dry = issuer("basket", "list", "make", "pair", "--dry-run")
    assert (dry.code, "not kept" in dry.err) == (0, True)
    made = json.loads(issuer.ok("basket", "list", "make", "pair", "--output", "json"))[0]
    assert made["version"] == 1
    day, seen = made["trade_day"], made["document"][:16]
    assert issuer("basket", "list", "approve", "pair", day, "--document", seen).code == 5
    issuer.log_in("finance")
    issuer.ok("basket", "list", "approve", "pair", day, "--document", seen)
    issuer.ok("basket", "list", "publish", "pair", day)
    files = {
        read_creation_list(issuer.ok("basket", "list", "show", "pair", day, "--form", form).strip().encode())
        for form in ("json", "csv", "xml")
    }
    (listed,) = files
    assert [(line.asset, str(line.quantity)) for line in listed.lines] == [(BTC, "0.2"), (USDC, "100")]
    states = [
        one["state"] for one in json.loads(issuer.ok("basket", "list", "all", "pair", "--output", "json"))
    ]
    assert states == ["published"]
    unsaid = issuer("basket", "list", "make", "pair")
    assert (unsaid.code, "say why" in unsaid.err) == (4, True)
    made = issuer.ok("basket", "list", "make", "pair", "--reason", "an old file", "--output", "json")
    assert json.loads(made)[0]["version"] == 2
    assert "published" in issuer("basket", "list", "show", "pair", day, "--version", "1").err
    closes = json.loads(issuer.ok("basket", "tracking", "pair", "--output", "json"))
    assert [one["nav_per_share"] for one in closes] == ["161"]


def test_an_order_is_entered_once_and_accepted_by_somebody_else(issuer):
    issuer.log_in("finance")
    order = ("order", "receive", "pair", "--participant", "maker-one", "--id", "one", "--side", "create")
    entered = json.loads(issuer.ok("basket", *order, "--units", "2", "--output", "json"))[0]
    assert entered["state"] == "validated"
    assert issuer("basket", *order, "--units", "3").code == 4
    number = str(entered["number"])
    assert issuer("basket", "order", "accept", "pair", number).code == 5
    issuer.log_in("manager")
    waiting = issuer("basket", "order", "accept", "pair", number)
    assert waiting.code == 4
    assert "not published" in waiting.err
    issuer.log_in("operator")
    assert json.loads(issuer.ok("basket", "order", "cancel", "pair", number, "--output", "json"))[0][
        "state"
    ] == ("cancelled")
    assert issuer("basket", "order", "deliver", "pair", number, "--reference", "x", "--amount", "1").code == 2
    listed = json.loads(issuer.ok("basket", "order", "list", "pair", "--output", "json"))
    assert [one["state"] for one in listed] == ["cancelled"]
    assert json.loads(issuer.ok("basket", "inav", "pair", "--output", "json")) == []
